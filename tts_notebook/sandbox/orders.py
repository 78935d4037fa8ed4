"""An order's life: which stages it goes through, and when.

An `Order` holds what searching and moving need. What is in the basket follows from its
`dice` (see `basket.py`), so that a hundred thousand orders are made in a second or two.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .catalogue import Shop
from .markets import DAY, HOUR, Market

# The attribute that records when an order reached a status.
STAMPS = {
    "AWAITING_COLLECTION": "shipped",
    "IN_TRANSIT": "collected",
    "DELIVERED": "delivered",
    "COMPLETED": "completed",
    "CANCELLED": "cancelled",
}
NEXT = {
    "UNPAID": "AWAITING_SHIPMENT",
    "ON_HOLD": "AWAITING_SHIPMENT",
    "AWAITING_SHIPMENT": "AWAITING_COLLECTION",
    "PARTIALLY_SHIPPING": "AWAITING_COLLECTION",
    "AWAITING_COLLECTION": "IN_TRANSIT",
    "IN_TRANSIT": "DELIVERED",
    "DELIVERED": "COMPLETED",
}
ASKS_TO_CANCEL = "ASKS_TO_CANCEL"  # an event, not a status: the buyer waits for an answer
STATUSES = ("UNPAID", "ON_HOLD", "PARTIALLY_SHIPPING", "AWAITING_SHIPMENT", *STAMPS)
# Ids count up with time: this many per second, shared by the shops' slots.
_IDS_A_SECOND = 2_000_000_000
_IDS_A_SLOT = 250_000_000
_EPOCH = 1_500_000_000
# There are eight slots; the shops of later ones count from a time that no other shop's orders reach.
_SLOTS = 8
_SECONDS_BETWEEN = 120 * DAY
# 1.47 an order, as shops sell: most orders are of one unit
_UNITS = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4)


# when the order reaches which status, and who caused it
Step = tuple[int, str, str]


@dataclass(slots=True)
class Order:
    """One order. A time of 0 has not been reached; `updated` is the last change.

    What lies ahead of it happens when the clock gets there, unless somebody touched the order.
    """

    number: int
    id: int
    dice: int
    buyer: int
    units: int
    warehouse: int
    seller_ships: bool
    cash: bool
    holds: bool
    created: int
    updated: int
    status: str = "UNPAID"
    paid: int = 0
    shipped: int = 0
    collected: int = 0
    delivered: int = 0
    completed: int = 0
    cancelled: int = 0
    cancel_requested: int = 0
    cancelled_by: str = ""
    edits: int = 0
    ahead: tuple[Step, ...] = ()

    @property
    def asks_to_cancel(self) -> bool:
        """Whether the buyer's request to cancel waits for an answer."""
        return self.cancel_requested > 0 and self.status != "CANCELLED"

    def enter(self, at: int, status: str, by: str = "") -> None:
        """Move to a status at a time; a cancellation remembers who began it."""
        self.updated = at
        if status == ASKS_TO_CANCEL:
            self.cancel_requested = at
            return
        self.status = status
        stamp = STAMPS.get(status)
        if stamp:
            setattr(self, stamp, at)
        elif not self.paid and not self.cash:
            self.paid = at
        if by:
            self.cancelled_by = by

    def restart(self) -> None:
        """Go back to the moment in which the order was created."""
        self.status, self.updated, self.cancelled_by = "UNPAID", self.created, ""
        self.paid = self.cancel_requested = 0
        self.ahead = ()
        for stamp in STAMPS.values():
            setattr(self, stamp, 0)

    def advance(self, moment: int) -> bool:
        """Let happen what lies ahead up to a moment; return whether anything did."""
        reached = [step for step in self.ahead if step[0] <= moment]
        for step in reached:
            self.enter(*step)
        self.ahead = self.ahead[len(reached) :]
        return bool(reached)

    def touch(self, at: int) -> None:
        """Let the order move on: to its next stage, or by an edit where there is none."""
        at = max(at, self.updated)  # the clock may have been set back
        self.ahead = ()
        following = NEXT.get(self.status)
        if self.asks_to_cancel:
            self.enter(at, "CANCELLED", "BUYER")
        elif following:
            self.enter(at, following)
        else:
            self.edits += 1
            self.updated = at


def make_order(rng: random.Random, shop: Shop, number: int, created: int, now: int) -> Order:
    """Return the order of that number, as far along as it would be `now`."""
    dice = rng.getrandbits(62)
    draw = rng.random
    market = shop.market
    order = Order(
        number=number,
        id=_first_id(shop.slot, created) + number % 200_000 * 1000 + dice % 499,
        dice=dice,
        buyer=int(draw() ** 1.3 * (number + 20)),
        units=_UNITS[dice % 15],
        warehouse=int(draw() < 0.25),
        seller_ships=draw() < 0.12,
        cash=draw() * 1000 < market.cash_on_delivery,
        holds=market.holds and draw() < 0.35,
        created=created,
        updated=created,
    )
    order.ahead = tuple(_plan(order, market, draw))
    order.advance(now)
    return order


def _first_id(slot: int, created: int) -> int:
    lap, place = divmod(slot, _SLOTS)
    return (created - _EPOCH + lap * _SECONDS_BETWEEN) * _IDS_A_SECOND + place * _IDS_A_SLOT


def _plan(order: Order, market: Market, draw: Callable[[], float]) -> Iterator[Step]:
    """Yield the steps of the order's life, oldest first."""
    fate = draw()
    at = order.created
    if not order.cash:
        if fate < 0.03:
            yield at + DAY, "CANCELLED", "SYSTEM"
            return
        at += 4 + int(draw() ** 6 * 1500)
        if order.holds:
            yield at, "ON_HOLD", ""
            at += HOUR
    yield at, "AWAITING_SHIPMENT", ""
    if fate < 0.08:
        at += int(draw() * 16 * HOUR)
        yield at, ASKS_TO_CANCEL, "BUYER"
        yield at + 120 + int(draw() * 20 * HOUR), "CANCELLED", "BUYER"
        return
    if fate < 0.09:
        yield at + DAY + int(draw() * DAY), "CANCELLED", "SELLER"
        return
    at += 3 * HOUR + int(draw() * 44 * HOUR)
    if order.units > 1 and fate > 0.8:
        yield at, "PARTIALLY_SHIPPING", ""
        at += DAY + int(draw() * DAY)
    yield at, "AWAITING_COLLECTION", ""
    at += 2 * HOUR + int(draw() * 18 * HOUR)
    yield at, "IN_TRANSIT", ""
    fastest, slowest = market.transit
    at += fastest + int(draw() * (slowest - fastest))
    yield at, "DELIVERED", ""
    yield at + market.return_window, "COMPLETED", ""
