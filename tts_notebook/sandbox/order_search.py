"""Which orders a search finds: windows by bisection, everything else by looking."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from .catalogue import Shop
from .order_json import buyer_id
from .orders import Order
from .paging import Span
from .parameters import Values
from .world import ShopBooks, SortField

_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """A search's filters. Windows are half-open; None means that a filter is not set."""

    status: str | None = None
    created: tuple[int, int] = (0, _FOREVER)
    updated: tuple[int, int] = (0, _FOREVER)
    seller_ships: bool | None = None
    buyer: str | None = None
    asks_to_cancel: bool | None = None
    warehouses: tuple[str, ...] | None = None

    def tests(self, shop: Shop) -> list[Callable[[Order], bool]]:
        """Return the tests an order must pass, only those that are set."""
        tests: list[Callable[[Order], bool]] = []
        if self.status is not None:
            tests.append(lambda order: order.status == self.status)
        if self.created != (0, _FOREVER):
            tests.append(lambda order: self.created[0] <= order.created < self.created[1])
        if self.updated != (0, _FOREVER):
            tests.append(lambda order: self.updated[0] <= order.updated < self.updated[1])
        if self.seller_ships is not None:
            tests.append(lambda order: order.seller_ships is self.seller_ships)
        if self.buyer is not None:
            tests.append(lambda order: buyer_id(shop, order.buyer) == self.buyer)
        if self.asks_to_cancel is not None:
            tests.append(lambda order: order.asks_to_cancel is self.asks_to_cancel)
        if self.warehouses is not None:
            places = {number for number, name in enumerate(shop.warehouses) if name in self.warehouses}
            tests.append(lambda order: order.warehouse in places)
        return tests


def order_filter(body: Values) -> OrderFilter:
    """Return the filter that a search's body asks for; an upper bound of 0 counts as none."""
    shipping, warehouses = body["shipping_type"], body["warehouse_ids"]
    return OrderFilter(
        status=body["order_status"],
        created=(body["create_time_ge"], body["create_time_lt"] or _FOREVER),
        updated=(body["update_time_ge"], body["update_time_lt"] or _FOREVER),
        seller_ships=None if shipping is None else shipping == "SELLER",
        buyer=body["buyer_user_id"],
        asks_to_cancel=body["is_buyer_request_cancel"],
        warehouses=tuple(warehouses) if warehouses else None,
    )


def search(books: ShopBooks, wanted: OrderFilter, field: SortField) -> Span[Order]:
    """Return the orders that match, sorted ascending by `field` and id."""
    rows = books.sorted_by(field)
    if field == "create_time":
        span = _window(rows, wanted.created, lambda order: order.created)
        rest = replace(wanted, created=(0, _FOREVER))
    else:
        span = _window(rows, wanted.updated, lambda order: order.updated)
        rest = replace(wanted, updated=(0, _FOREVER))
    tests = rest.tests(books.shop)
    if not tests:
        return span
    found = books.remembered((wanted, field), lambda: _matching(span, tests))
    return Span(found, 0, len(found))


def _window(rows: list[Order], window: tuple[int, int], time_of: Callable[[Order], int]) -> Span[Order]:
    low, high = (bisect_left(rows, bound, key=time_of) for bound in window)
    return Span(rows, low, high)


def _matching(span: Span[Order], tests: list[Callable[[Order], bool]]) -> list[Order]:
    found = list(span.rows[span.low : span.high])
    for test in tests:
        found = [order for order in found if test(order)]
    return found
