"""ShopSession, the object `tts` of a notebook: the API's session plus one method per table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tts_notebook.api.session import Session
from tts_notebook.data.answer import Asked, answer
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tts_notebook.api.shops import Shop

    Moment: TypeAlias = str | date | datetime | None
    Shops: TypeAlias = Shop | str | Iterable[Shop | str] | None
    Form: TypeAlias = Literal["pandas", "polars", "arrow"]
    Money: TypeAlias = Literal["float", "decimal"] | None


class ShopSession(Session):
    """A session that is logged in as a TikTok Shop seller, with its data as tables."""

    def orders(
        self,
        since: Moment = None,
        until: Moment = None,
        *,
        by: Literal["create_time", "update_time"] = "create_time",
        status: str | Iterable[str] | None = None,
        shops: Shops = None,
        detail: bool = False,
        items: bool = False,
        progress: bool | None = None,
        to: Form = "pandas",
        money: Money = None,
        tz: str = "UTC",
        max_rate: float | None = None,
    ) -> Any:
        """Fetch the orders of a period, one row per order, oldest first.

        Args:
            since: Start of the period, included: a date, a datetime, "2026-11-01",
                "2026-11-01 12:00", or how long ago: "30d", "2w", "12h", "90m"; "all"
                for everything. Default: 30 days before until.
            until: End of the period, not included, in the same forms. Default and at
                the latest: now, so that the period does not grow while it is read.
            by: Which time has to be in the period: "create_time", or "update_time" for
                what changed last in it (reads from now back, also if until is earlier).
            status: A status or several, such as "CANCELLED". Default: all.
            shops: A shop or several, by id, code, name or region. Default: all.
            detail: Also ask for order detail (a call per 50 orders) and price detail
                (a call per order, slow), which adds columns.
            items: Return (orders, order_items) from the same pull.
            progress: True or False; None shows a bar if it takes longer than a second.
            to: "pandas", "polars" or "arrow".
            money: "float" (default in pandas) or "decimal", exact (default elsewhere).
            tz: Zone of dates without one, and of the times in the table; an IANA name.
            max_rate: Requests per second at the most. Default: as TikTok Shop allows.

        Returns:
            Shape (orders, columns), the same columns and types for 0 rows: order_id
            (text), created_at (time with zone), status, currency, total_amount (in that
            currency), item_count, … and extra (JSON text: fields not known yet). See
            docs/tables.md. attrs tells period, shops, calls, and what is missing.

        Raises:
            InputError: what was asked makes no sense; nothing was asked of TikTok Shop.
            PermissionMissing: the grant lacks seller.order.info.
            RateLimited, TransportError: it broke off; no table rather than one with a gap.

        Warns:
            TTSWarning: a shop refused, and only the other shops' rows are here; or some
            values were not of their column's kind and are in extra.

        Source: Get Order List, API version 202309 (POST /order/202309/orders/search);
        detail: Get Order Detail 202507, Get Price Detail 202407.
        """
        asked = Asked(since, until, by, status, shops, detail, progress, to, money, tz, max_rate)
        wanted = [ORDERS, ORDER_ITEMS] if items else [ORDERS]
        tables = answer(self, wanted, asked, now=datetime.fromtimestamp(self._clock(), UTC))
        return tuple(tables) if items else tables[0]

    def order_items(
        self,
        since: Moment = None,
        until: Moment = None,
        *,
        by: Literal["create_time", "update_time"] = "create_time",
        status: str | Iterable[str] | None = None,
        shops: Shops = None,
        detail: bool = False,
        progress: bool | None = None,
        to: Form = "pandas",
        money: Money = None,
        tz: str = "UTC",
        max_rate: float | None = None,
    ) -> Any:
        """Fetch what was sold in a period, one row per unit sold, oldest order first.

        Three pieces of one SKU are three rows: TikTok Shop has no quantity here.
        Orders and units from one pull: orders, items = tts.orders(items=True).

        Args:
            since: As for orders: the times, status and shops are those of the order.
            until: As for orders.
            by: As for orders.
            status: As for orders.
            shops: As for orders.
            detail: Also ask for order detail and price detail, as for orders.
            progress: As for orders.
            to: As for orders.
            money: As for orders.
            tz: As for orders.
            max_rate: As for orders.

        Returns:
            Shape (units, columns), the same columns and types for 0 rows: line_item_id,
            order_id (text), created_at (time with zone) and status of the order,
            sku_id, product_name, currency, sale_price (in that currency), … and extra.
            See docs/tables.md.

        Raises:
            InputError, PermissionMissing, RateLimited, TransportError: as for orders.

        Source: Get Order List, API version 202309 (POST /order/202309/orders/search).
        """
        asked = Asked(since, until, by, status, shops, detail, progress, to, money, tz, max_rate)
        return answer(self, [ORDER_ITEMS], asked, now=datetime.fromtimestamp(self._clock(), UTC))[0]
