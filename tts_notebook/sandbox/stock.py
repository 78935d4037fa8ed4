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
    placed = Counter[tuple[str, int]]()
    for order in books.orders[: books.opening]:
        placed.update((unit.sku.id, order.warehouse) for unit in fill_basket(order, books.shop).units)
    return placed + _more(books)


def _more(books: ShopBooks) -> Counter[tuple[str, int]]:
    """Return what there was beyond the first orders; every ninth SKU is all but sold out."""
    found = Counter[tuple[str, int]]()
    for at, sku in enumerate(books.shop.skus):
        for warehouse in (0, 1):
            found[sku.id, warehouse] = 0 if (at + warehouse) % 9 == 8 else 15 + (int(sku.id) // 4 + warehouse) % 120
    return found


def _count(books: ShopBooks) -> Stock:
    available, committed = _more(books), Counter[tuple[str, int]]()
    for number, order in enumerate(books.orders):
        places = [(unit.sku.id, order.warehouse) for unit in fill_basket(order, books.shop).units]
        # what the first orders took had been there for them
        change = (number < books.opening) - (order.status != "CANCELLED")
        for place in places if change else ():
            available[place] += change
        if order.status in _NOT_SHIPPED:
            committed.update(places)
    return Stock(Counter({place: max(0, left) for place, left in available.items()}), committed)
