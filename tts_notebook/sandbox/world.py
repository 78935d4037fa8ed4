"""The world: each shop's orders, made when first asked for, sorted for searching."""

from __future__ import annotations

import random
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal, TypeVar

from .catalogue import Agency, Seller, Shop, agency_seller, sellers
from .money import split
from .order_json import Style, order_text, payment_method, southeast_asian
from .orders import Order, make_order
from .paging import Key
from .rhythm import Rhythm

SortField = Literal["create_time", "update_time"]
T = TypeVar("T")

# At about 4 KB an order this is at most 480 MB of remembered JSON in each shop.
REMEMBERED_ORDERS = 120_000
REMEMBERED_SEARCHES = 32
DERIVED = 64
SORT_KEYS: dict[SortField, Callable[[Order], Key]] = {
    "create_time": attrgetter("created", "id"),
    "update_time": attrgetter("updated", "id"),
}


class ShopBooks:
    """One shop's orders. They are generated on first use and change only through this class."""

    def __init__(self, shop: Shop, seed: int, count: int, now: int, rhythm: Rhythm | None = None) -> None:
        self.shop = shop
        self.style = Style()
        self._rng = random.Random(f"orders {seed} {shop.slot}")
        times = (rhythm or Rhythm()).times(self._rng, count, now, shop.market.utc_offset(now))
        self.orders = [make_order(self._rng, shop, number, at, now) for number, at in enumerate(times)]
        self._keep_some_early()
        self._by_id = {order.id: order for order in self.orders}
        self._json: dict[int, bytes] = {}
        self._sorted: dict[SortField, list[Order]] = {}
        self._searches: dict[object, list[Order]] = {}
        self._derived: dict[object, Any] = {}
        self.opening = count
        self._reached = now
        self._waiting = [order for order in self.orders if order.ahead]

    def advance(self, moment: int) -> None:
        """Let orders move on as planned, up to a moment; setting the clock back undoes nothing."""
        if moment <= self._reached:
            return
        self._reached = moment
        moved = [order for order in self._waiting if order.advance(moment)]
        for order in moved:
            self._json.pop(order.number, None)
        if moved:
            self._waiting = [order for order in self._waiting if order.ahead]
            self._changed()

    def find(self, order_id: str) -> Order | None:
        return self._by_id.get(int(order_id)) if order_id.isdecimal() and len(order_id) < 20 else None

    def sorted_by(self, field: SortField) -> list[Order]:
        """Return all orders, oldest first; orders of one second are sorted by id."""
        if field not in self._sorted:
            self._sorted[field] = sorted(self.orders, key=SORT_KEYS[field])
        return self._sorted[field]

    def remembered(self, question: object, search: Callable[[], list[Order]]) -> list[Order]:
        """Return the answer to a question asked before, or ask; any change forgets them all."""
        if question not in self._searches:
            if len(self._searches) >= REMEMBERED_SEARCHES:
                del self._searches[next(iter(self._searches))]
            self._searches[question] = search()
        return self._searches[question]

    def derived(self, name: object, make: Callable[[], T]) -> T:
        """Return what follows from the orders, made when first asked for; any change forgets it."""
        made: T = self._derived.pop(name) if name in self._derived else make()
        self._derived[name] = made  # the one used last is forgotten last
        if len(self._derived) > DERIVED:
            del self._derived[next(iter(self._derived))]
        return made

    def json(self, order: Order) -> bytes:
        """Return an order as search and detail 202309 give it, encoded once."""
        text = self._json.get(order.number)
        if text is None:
            extra = southeast_asian(order, self.shop.market)
            text = order_text(order, self.shop, self.style, extra).encode()
            if len(self._json) >= REMEMBERED_ORDERS:
                del self._json[next(iter(self._json))]
            self._json[order.number] = text
        return text

    def detail(self, order: Order, *, newer: bool) -> bytes:
        """Return an order as Get Order Detail 202309, or the newer 202507, gives it."""
        market = self.shop.market
        extra = {} if newer else southeast_asian(order, market)
        return order_text(order, self.shop, self.style, extra, payment_method(order, market)).encode()

    def use_style(self, style: Style) -> None:
        """Write amounts and times in another style from now on."""
        self.style = style
        self._json.clear()

    def touch(self, count: int, at: int) -> list[Order]:
        """Let orders move on, as many as there are up to `count`, picked across all ages."""
        chosen = self._rng.sample(self.orders, min(count, len(self.orders)))
        for order in chosen:
            order.touch(at)
            self._json.pop(order.number, None)
        self._changed()
        return chosen

    def add(self, count: int, at: int) -> list[Order]:
        """Add new orders created at `at`, unpaid or just paid."""
        first = len(self.orders)
        new = [make_order(self._rng, self.shop, first + extra, at, at) for extra in range(count)]
        for order in new[::2]:
            order.touch(at)
        self.orders += new
        self._waiting += new
        self._by_id |= {order.id: order for order in new}
        self._changed()
        return new

    def _keep_some_early(self) -> None:
        """Leave the newest orders unpaid and on hold, so that a shop of any size has both."""
        newest = [order for order in self.orders[-20:] if not order.cash][-2:]
        for order in newest:
            order.restart()
        if len(newest) == 2 and self.shop.market.holds:
            newest[0].holds = True
            newest[0].enter(newest[0].created, "ON_HOLD")

    def _changed(self) -> None:
        self._sorted.clear()
        self._searches.clear()
        self._derived.clear()


class World:
    """All sellers and their shops' books, from one seed and one moment."""

    def __init__(
        self, seed: int, orders: int, now: int, *, started: int | None = None, unsold: int = 0,
        rhythm: Rhythm | None = None, agency: Agency | None = None,
    ) -> None:  # fmt: skip
        self.seed, self.now, self.rhythm = seed, now, rhythm
        self.unsold = unsold
        self.discrepancies = 0
        self.started = now if started is None else started
        self.sellers: tuple[Seller, ...] = sellers(seed) + ((agency_seller(seed, agency),) if agency else ())
        self._orders = {
            shop.id: count
            for seller in self.sellers
            for shop, count in zip(seller.shops, split(orders, [shop.share for shop in seller.shops]), strict=True)
        }
        self.style = Style()
        self._books: dict[str, ShopBooks] = {}

    def moment(self, clock: float) -> int:
        """Return what time it is in the world: it moves with the server's clock, in whole hours.

        So nothing changes between two calls of one minute, and setting the clock ahead makes
        statements and payments happen.
        """
        return self.now + (int(clock) - self.started) // 3600 * 3600

    def seller(self, key: str) -> Seller | None:
        """Return the seller of that key; the empty key means the default seller."""
        return next((seller for seller in self.sellers if key in ("", seller.key)), None)

    def warm(self, seller: Seller) -> None:
        """Encode the orders of a seller now, as many as are remembered, so that no answer pays for it later."""
        for shop in seller.shops:
            books = self.books(shop)
            for order in books.orders[:REMEMBERED_ORDERS]:
                books.json(order)

    def books(self, shop: Shop, moment: int = 0) -> ShopBooks:
        """Return a shop's books as they are at a moment: its share of the seller's orders, the same for every seed."""
        if shop.id not in self._books:
            books = self._books[shop.id] = ShopBooks(shop, self.seed, self._orders[shop.id], self.now, self.rhythm)
            books.style = self.style
        self._books[shop.id].advance(moment)
        return self._books[shop.id]

    def use_style(self, style: Style) -> None:
        self.style = style
        for books in self._books.values():
            books.use_style(style)
