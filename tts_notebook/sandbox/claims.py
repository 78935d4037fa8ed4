"""Returns: which delivered orders a buyer complains about, what becomes of it, and what is refunded.

Like a basket, a claim follows from the order's `dice`. It ends before the order completes, so
that a settled order carries its refund.
"""

from __future__ import annotations

from dataclasses import dataclass

from .basket import Basket, Unit
from .catalogue import Shop
from .markets import HOUR
from .orders import Order
from .world import ShopBooks

_CLAIMED = 65  # of a thousand delivered orders
# What is asked for, and the statuses that follow at which share of the time that is left.
_REFUND = ("REFUND", ((0.0, "RETURN_OR_REFUND_REQUEST_PENDING"), (0.3, "RETURN_OR_REFUND_REQUEST_COMPLETE")))
_RETURN = (
    "RETURN_AND_REFUND",
    (
        (0.0, "RETURN_OR_REFUND_REQUEST_PENDING"),
        (0.1, "AWAITING_BUYER_SHIP"),
        (0.4, "BUYER_SHIPPED_ITEM"),
        (0.8, "RETURN_OR_REFUND_REQUEST_COMPLETE"),
    ),
)
_REJECTED = ("REFUND", ((0.0, "RETURN_OR_REFUND_REQUEST_PENDING"), (0.2, "REFUND_OR_RETURN_REQUEST_REJECT")))
_WITHDRAWN = (
    "RETURN_AND_REFUND",
    ((0.0, "RETURN_OR_REFUND_REQUEST_PENDING"), (0.25, "RETURN_OR_REFUND_REQUEST_CANCEL")),
)
_REPLACED = ("REPLACEMENT", ((0.0, "REPLACEMENT_REQUEST_PENDING"), (0.5, "REPLACEMENT_REQUEST_COMPLETE")))
_FATES = (*[_RETURN] * 9, *[_REFUND] * 6, *[_REJECTED] * 2, *[_WITHDRAWN] * 2, _REPLACED)
REFUNDED = "RETURN_OR_REFUND_REQUEST_COMPLETE"


@dataclass(slots=True)
class Claim:
    """One request for a return, a refund or a replacement; its steps are times and statuses."""

    order: Order
    kind: str
    steps: tuple[tuple[int, str], ...]
    everything: bool

    @property
    def id(self) -> int:
        return self.order.id + 3_450_000_000_000_000_000

    @property
    def opened(self) -> int:
        return self.steps[0][0]

    def step_at(self, moment: int) -> tuple[int, str]:
        """Return the last step up to a moment: when it was, and the status since then."""
        return [step for step in self.steps if step[0] <= moment][-1]

    def refunded_at(self, moment: int) -> int:
        """Return when the refund was made, or 0 if it was not, up to a moment."""
        at, status = self.steps[-1]
        return at if status == REFUNDED and at <= moment else 0

    def units(self, basket: Basket) -> list[Unit]:
        """Return the units it is about: all of them, or the first."""
        return basket.units if self.everything else basket.units[:1]


def claim_of(order: Order, shop: Shop) -> Claim | None:
    """Return the claim there is, or will be, about an order; most have none."""
    dice = order.dice
    if not order.delivered or dice // 1009 % 1000 >= _CLAIMED:
        return None
    window = shop.market.return_window
    opened = order.delivered + 2 * HOUR + dice // 7919 % (window // 2)
    ends = order.completed or order.delivered + window
    if opened >= ends:
        return None
    kind, plan = _FATES[dice // 104_729 % len(_FATES)]
    steps = tuple((opened + int((ends - opened) * share), status) for share, status in plan)
    return Claim(order, kind, steps, everything=dice // 17 % 3 > 0)


def claims_of(books: ShopBooks) -> list[Claim]:
    """Return the claims there are or will be about a shop's orders, in the order of the orders."""
    return books.derived("claims", lambda: [claim for order in books.orders if (claim := claim_of(order, books.shop))])


def refund_of(order: Order, shop: Shop, moment: int) -> Claim | None:
    """Return the order's claim if it was refunded by a moment."""
    claim = claim_of(order, shop)
    return claim if claim and claim.refunded_at(moment) else None
