"""What is in stock: what there was before the first order, less every unit that was sold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .basket import fill_basket
from .world import ShopBooks

_NOT_SHIPPED = frozenset(("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"))
_UNSOLD_STOCK = 25


@dataclass(frozen=True, slots=True)
class Stock:
    """Units of each (SKU id, number of the warehouse): still for sale, and sold but not shipped."""

    available: Counter[tuple[str, int]]
    committed: Counter[tuple[str, int]]

    def of(self, sku_id: str, warehouse: int) -> tuple[int, int]:
        """Return how many are available and committed; what never sold lies in the first warehouse."""
        place = sku_id, warehouse
        unsold = 0 if warehouse else _UNSOLD_STOCK
        return self.available.get(place, unsold), self.committed.get(place, 0)


def stock_of(books: ShopBooks) -> Stock:
    """Return the stock as all orders leave it: units of cancelled orders are for sale again."""
    return books.derived("stock", lambda: _count(books))


def opening_stock(books: ShopBooks) -> Counter[tuple[str, int]]:
    """Return what there was before the first order: enough for all that were placed, and some more."""
    found: Counter[tuple[str, int]] = Counter()
    for order in books.orders[: books.opening]:
        for unit in fill_basket(order, books.shop).units:
            found[unit.sku.id, order.warehouse] += 1
    for at, sku in enumerate(books.shop.skus):
        for warehouse in (0, 1):
            # every ninth is all but sold out
            found[sku.id, warehouse] += 0 if (at + warehouse) % 9 == 8 else 15 + (int(sku.id) // 4 + warehouse) % 120
    return found


def _count(books: ShopBooks) -> Stock:
    available, committed = opening_stock(books), Counter[tuple[str, int]]()
    for order in books.orders:
        if order.status == "CANCELLED":
            continue
        for unit in fill_basket(order, books.shop).units:
            place = unit.sku.id, order.warehouse
            available[place] = max(0, available[place] - 1)
            committed[place] += order.status in _NOT_SHIPPED
    return Stock(available, committed)
