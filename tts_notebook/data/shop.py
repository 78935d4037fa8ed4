"""ShopSession, the object `tts` of a notebook: the API's session plus one method per table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Unpack

from tts_notebook.api.session import Session
from tts_notebook.data.accessor import Moment, Options
from tts_notebook.data.answer import Asked
from tts_notebook.data.catalogue import fetched
from tts_notebook.data.plot import Plot
from tts_notebook.data.reconcile import Reconciliation, reconcile
from tts_notebook.data.sync import sync
from tts_notebook.data.synced import Reference, SyncAsked, Synced

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Executor

    from tts_notebook.api.shops import Shop


class ShopSession(Session):
    """A session that is logged in as a TikTok Shop seller, with its data as tables.

    What the methods do, their signatures and their docstrings come from the tables' declarations.
    """

    @fetched
    def orders(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def order_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def order_bundle_skus(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def statements(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def transactions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def order_transactions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_transactions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def payments(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def withdrawals(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def unsettled(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def products(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def skus(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_categories(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_attributes(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_images(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_certifications(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_delivery_options(
        self, since: Moment = None, until: Moment = None, **options: Unpack[Options]
    ) -> Any: ...

    @fetched
    def product_audit_reasons(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_recommended_categories(
        self, since: Moment = None, until: Moment = None, **options: Unpack[Options]
    ) -> Any: ...

    @fetched
    def product_families(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_stock(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_attributes(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_bundles(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def global_skus(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def inventory(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def inventory_campaigns(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def inventory_creators(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def categories(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def brands(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def warehouses(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def delivery_options(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def shipping_providers(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def packages(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def package_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def tracking(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def returns(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def return_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def cancellations(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def cancellation_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def video_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def video_products(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def live_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def authorized_shops(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def seller_permissions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def seller_status(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    # names the stored login to other processes; None while it is in this one only
    reference: Reference | None = None

    def sync(
        self,
        table: str | Sequence[str],
        *,
        into: str | os.PathLike[str],
        since: Moment = None,
        shops: Shop | str | Iterable[Shop | str] | None = None,
        progress: bool | None = None,
        tz: str = "UTC",
        max_rate: float | None = None,
        executor: Executor | None = None,
    ) -> Synced:
        """Bring a directory of Parquet files up to date with a table: each record once, in its newest version.

        The first sync reads everything; a later one what changed since the last began, or
        what is young enough to change still where TikTok Shop does not tell (finance,
        analytics). Stopped or killed at any moment, the next one goes on where it ended.
        Open the data with tts_notebook.open_dataset(DIR), or with anything that reads
        Parquet: DIR/shop=…/month=…/*.parquet. Amounts are exact decimals, times are UTC.

        Args:
            table: The table's name, such as "orders"; or several that one pull gives, such
                as ["orders", "order_items"], each of which goes into a directory of its own
                in `into`.
            into: The directory; it is made if it is not there. One that something else
                made, or that holds another table or seller, is refused and left as it is.
            since: Where the data starts, as for orders(). An earlier one than before reads
                what is older, too; a later one takes nothing away. Default: everything there is.
                Tables of what is there now, such as inventory and unsettled, are always
                read whole.
            shops: A shop or several, by id, code, name or region. Default: all.
            progress: True or False; None shows a bar if it takes longer than a second.
            tz: Zone of a `since` without one; an IANA name.
            max_rate: Requests per second at the most, of each shop and endpoint. Default: as TikTok Shop allows.
            executor: Gives the shops to workers, one shop at a time: any
                concurrent.futures.Executor, such as a Dask client's get_executor(). All
                must see the same directory, and those in other processes need the stored login.

        Returns:
            What was read and where it is; its repr is a sentence.

        Raises:
            InputError: what was asked makes no sense, or the directory is not this sync's.
            SyncError: another sync is writing there, or the disk is full.
            PermissionMissing: the grant lacks the table's scope.
            RateLimited, TransportError: it broke off; what was read is kept.
        """
        asked = SyncAsked(table, into, since, shops, progress, max_rate, tz)
        return sync(self, asked, now=datetime.fromtimestamp(self._clock(), UTC), executor=executor)

    def reconcile(
        self,
        since: Moment = None,
        until: Moment = None,
        *,
        shops: Shop | str | Iterable[Shop | str] | None = None,
        progress: bool | None = None,
        money: Literal["float", "decimal"] = "float",
        tz: str = "UTC",
        max_rate: float | None = None,
    ) -> Reconciliation:
        """Hold orders, transactions, statements and payments of a period against each other.

        The orders are those placed in the period; statements and payments are read until
        now, because what is sold today is settled and paid later. Everything is compared
        to the cent: each transaction and statement with its own parts, each order with
        what was settled of it, each statement with its transactions, each payment with its
        statements.

        Args:
            since: Start of the period, included, as for orders. Default: 30 days before until.
            until: End of the period, not included, as for orders. Default: now.
            shops: A shop or several, by id, code, name or region. Default: all.
            progress: True or False; None shows a bar for each list that takes long.
            money: "float", or "decimal" for exact amounts.
            tz: Zone of dates without one, and of the times in the tables; an IANA name.
            max_rate: Requests per second at the most, of each shop and endpoint. Default: as TikTok Shop allows.

        Returns:
            An object with three DataFrames and a readable repr. summary: a row per shop and
            currency. rows: a row per transaction with its order, statement and payment,
            and per order without one. differences: a row per difference with its reason:
            unsettled, unpaid, reserve, adjustment (all of these are meant so), missing or
            mismatch (these are not). adds_up tells whether there is none of the last two;
            notes, what could not be compared, such as payments in South East Asia.

        Raises:
            InputError: what was asked makes no sense; nothing was asked of TikTok Shop.
            PermissionMissing: the grant lacks seller.order.info or seller.finance.info.
            RateLimited, TransportError: it broke off.
        """
        asked = Asked(since, until, shops=shops, progress=progress, money=money, tz=tz, max_rate=max_rate)
        return reconcile(self, asked, now=datetime.fromtimestamp(self._clock(), UTC))

    @property
    def plot(self) -> Plot:
        """Pictures of the tables: plot.daily_sales(), plot.settlement_waterfall()."""
        return Plot(self)
