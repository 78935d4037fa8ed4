"""Orders as analytics see them: who sold what, where it was seen, and on which day of the shop.

A sale counts on the shop's own calendar day on which it was paid, also when it was cancelled or
refunded later. Its amount is what the buyer paid, shared among the SKUs without a remainder.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .basket import fill_basket
from .catalogue import Shop, Sku
from .claims import claims_of
from .markets import DAY, HOUR
from .money import split
from .orders import Order
from .settlement import settle
from .world import ShopBooks

CHANNELS = ("LIVE", "VIDEO", "PRODUCT_CARD")
_LIVE_SHOPS = frozenset(("GB", "US"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """What one SKU has of a sale."""

    sku: Sku
    units: int
    amount: int


@dataclass(frozen=True, slots=True)
class Sale:
    """One paid order."""

    at: int
    day: int
    order: Order
    amount: int
    revenue: int
    channel: str
    parts: tuple[Part, ...]

    @property
    def items(self) -> int:
        return sum([part.units for part in self.parts])


def has_live(shop: Shop) -> bool:
    """Whether a shop goes LIVE: those in South East Asia never did."""
    return shop.region in _LIVE_SHOPS


def day_of(at: int, shop: Shop) -> int:
    """Return the number of the shop's calendar day at a moment."""
    return (at + shop.market.utc_offset(at)) // DAY


def start_of(day: int, shop: Shop) -> int:
    midnight = day * DAY
    # by the clocks of about then, and then by those of that very moment
    near = midnight - shop.market.utc_offset(midnight)
    return midnight - shop.market.utc_offset(near)


def day_text(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day):%Y-%m-%d}"


def read_day(text: str) -> int:
    """Return the number of a day written YYYY-MM-DD, or raise ValueError."""
    if len(text) != 10:
        raise ValueError(text)
    return (datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) - _EPOCH).days


def sales_of(books: ShopBooks) -> list[Sale]:
    """Return all sales, oldest first."""
    return books.derived("sales", lambda: _sales(books))


def sales_between(books: ShopBooks, days: tuple[int, int]) -> list[Sale]:
    """Return the sales of some days, the last one not included."""
    rows = sales_of(books)
    low, high = (bisect_left(rows, day, key=lambda sale: sale.day) for day in days)
    return rows[low:high]


def refunds_by_day(books: ShopBooks, moment: int) -> dict[int, int]:
    """Return what was refunded on each day: of cancelled orders, and of returns."""
    return books.derived(("refunds", moment), lambda: _refunds(books, moment))


def _refunds(books: ShopBooks, moment: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for order in books.orders:
        if order.cancelled and order.paid:
            day = day_of(order.cancelled, books.shop)
            found[day] = found.get(day, 0) + fill_basket(order, books.shop).total
    for claim in claims_of(books):
        at = claim.refunded_at(moment)
        if at:
            day = day_of(at, books.shop)
            found[day] = found.get(day, 0) + settle(claim.order, books.shop, moment).refund
    return found


def _sales(books: ShopBooks) -> list[Sale]:
    paid = [order for order in books.orders if order.paid or (order.cash and order.status != "UNPAID")]
    return sorted((_sale(order, books.shop) for order in paid), key=lambda sale: (sale.at, sale.order.id))


def _sale(order: Order, shop: Shop) -> Sale:
    basket = fill_basket(order, shop)
    groups: dict[str, list[int]] = {}
    skus = {unit.sku.id: unit.sku for unit in basket.units}
    for unit in basket.units:
        groups.setdefault(unit.sku.id, []).append(unit.sale_price)
    amounts = split(basket.total, [sum(prices) for prices in groups.values()])
    at = order.paid or order.created
    return Sale(
        at=at,
        day=day_of(at, shop),
        order=order,
        amount=basket.total,
        revenue=basket.total + basket.platform_discount - basket.tax,
        channel=_channel(order, shop),
        parts=tuple(
            Part(skus[name], len(prices), amount)
            for (name, prices), amount in zip(groups.items(), amounts, strict=True)
        ),
    )


def _channel(order: Order, shop: Shop) -> str:
    chance = order.dice // 23 % 100
    if has_live(shop) and chance < 25:
        return "LIVE"
    return "VIDEO" if chance < 65 else "PRODUCT_CARD"


def hour_of(sale: Sale, shop: Shop) -> int:
    return (sale.at + shop.market.utc_offset(sale.at)) % DAY // HOUR
