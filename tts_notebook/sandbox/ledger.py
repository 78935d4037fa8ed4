"""A shop's money: transactions, the daily statements that hold them, payments and withdrawals.

A statement is made at 00:00 UTC and covers the day before. A payment pays one or more
statements, some hours later.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from .catalogue import Shop
from .markets import DAY, HOUR
from .money import share
from .orders import Order
from .settlement import settle
from .world import ShopBooks

RESERVED_DAYS = 14
# type -> the sign of its amount, how large it is in thousandths of a shipping fee, and whether it is about an order
ADJUSTMENTS = (
    ("LOGISTICS_REIMBURSEMENT", 1, 1250, True),
    ("SHIPPING_FEE_ADJUSTMENT", -1, 640, True),
    ("CHARGE_BACK", -1, 4300, True),
    ("PLATFORM_PENALTY", -1, 2500, False),
    ("GMV_PAYMENT_FOR_ADS", -1, 5200, False),
    ("REBATE", 1, 900, False),
    ("Violation fee （settlement fee）", -1, 1800, False),  # noqa: RUF001 (the wire has these brackets)
    ("CUSTOMER_SERVICE_COMPENSATION", 1, 2100, True),
)


@dataclass(slots=True)
class Transaction:
    """One row of a statement: an order, an adjustment or a reserve."""

    id: int
    type: str
    order: Order | None = None
    about: Order | None = None
    adjustment_id: int = 0
    reserve_id: int = 0
    reserve: int = 0
    release_at: int = 0
    revenue: int = 0
    fee: int = 0
    shipping: int = 0
    adjustment: int = 0
    revenue_error: int = 0
    settlement_error: int = 0

    @property
    def order_created(self) -> int:
        return self.order.created if self.order else 0

    @property
    def settlement(self) -> int:
        return self.revenue + self.fee + self.shipping + self.adjustment


@dataclass(slots=True)
class Payment:
    """What the seller's bank gets for one or more statements."""

    id: int
    created: int
    paid: int
    fails: bool
    statements: list[Statement] = field(default_factory=list)
    error: int = 0
    hidden: bool = False

    @property
    def settlement(self) -> int:
        return sum(statement.settlement for statement in self.statements)

    @property
    def reserve(self) -> int:
        return sum(statement.reserve for statement in self.statements)

    def status(self, moment: int) -> str:
        """Return PROCESSING or PAID; a first attempt that failed leaves FAILED for some days."""
        if moment >= self.paid:
            return "PAID"
        return "FAILED" if self.fails and moment >= self.created + DAY else "PROCESSING"


@dataclass(slots=True)
class Statement:
    """One day's settlements. Its sums are its own, so that a test can make them wrong."""

    id: int
    time: int
    transactions: list[Transaction]
    revenue: int = 0
    fee: int = 0
    shipping: int = 0
    adjustment: int = 0
    reserve: int = 0
    payment: Payment | None = None

    @property
    def settlement(self) -> int:
        return self.revenue + self.fee + self.shipping + self.adjustment


@dataclass(slots=True)
class Ledger:
    """Everything that has been settled up to a midnight, oldest first; orders in `lost` are left out by mistake."""

    shop: Shop
    statements: list[Statement]
    payments: list[Payment]
    settled: dict[int, Statement]
    lost: set[int] = field(default_factory=set)

    def statement(self, identifier: str) -> Statement | None:
        return next((found for found in self.statements if str(found.id) == identifier), None)


def open_ledger(books: ShopBooks, moment: int) -> Ledger:
    """Return the ledger of a shop as the last midnight before a moment left it."""
    shop, midnight = books.shop, moment // DAY * DAY
    days: dict[int, list[Transaction]] = {}
    for order in books.orders:
        if order.status == "COMPLETED" and order.completed < midnight:
            days.setdefault(order.completed // DAY * DAY + DAY, []).append(_of_order(order, shop))
    for at in sorted(days):
        for day, extra in _extras(shop, at, days[at]):
            if day <= midnight:
                days.setdefault(day, []).append(extra)
    statements = [_statement(shop, at, days[at]) for at in sorted(days)]
    settled = {
        transaction.order.id: statement
        for statement in statements
        for transaction in statement.transactions
        if transaction.type == "ORDER" and transaction.order
    }
    return Ledger(shop, statements, list(_payments(shop, statements, midnight)), settled)


def _of_order(order: Order, shop: Shop) -> Transaction:
    lines = settle(order, shop, order.completed).lines
    return Transaction(
        id=order.id + 1_050_000_000_000_000_000,
        type="ORDER",
        order=order,
        revenue=sum([line.revenue for line in lines]),
        fee=sum([line.fee for line in lines]),
        shipping=sum([line.shipping for line in lines]),
    )


def _extras(shop: Shop, day: int, rows: list[Transaction]) -> Iterator[tuple[int, Transaction]]:
    """Yield what is in a day's statement, or in a later one, besides its orders."""
    rng = random.Random(f"extras {shop.id} {day}")
    orders = [row for row in rows if row.order]
    first = 1_700_000_000_000_000_000 + day // DAY * 10**9 + shop.slot * 10**5
    chosen = orders[int(rng.random() * len(orders))] if orders else None
    if rng.random() < 0.35:
        kind, sign, size, about = ADJUSTMENTS[int(rng.random() * len(ADJUSTMENTS))]
        yield (
            day,
            Transaction(
                id=first,
                type=kind,
                about=chosen.order if about and chosen else None,
                adjustment_id=first + 7,
                adjustment=sign * share(shop.market.shipping_fee, size + int(rng.random() * 500)),
            ),
        )
    if not shop.market.southeast_asia and shop.seller_type == "LOCAL" and chosen and rng.random() < 0.12:
        kept = share(max(chosen.settlement, 0), 300)
        back = day + RESERVED_DAYS * DAY
        collected = Transaction(id=first + 1, type="RESERVE", about=chosen.order, reserve_id=first + 9, reserve=-kept)
        collected.release_at = back
        yield day, collected
        yield back, Transaction(id=first + 2, type="RESERVE", about=chosen.order, reserve_id=first + 9, reserve=kept)


def _statement(shop: Shop, at: int, rows: list[Transaction]) -> Statement:
    return Statement(
        id=7_240_000_000_000_000_000 + at // DAY * 10**6 + shop.slot,
        time=at,
        transactions=sorted(rows, key=lambda row: (row.order_created, row.id)),
        revenue=sum([row.revenue for row in rows]),
        fee=sum([row.fee for row in rows]),
        shipping=sum([row.shipping for row in rows]),
        adjustment=sum([row.adjustment for row in rows]),
        reserve=sum([row.reserve for row in rows]),
    )


def _payments(shop: Shop, statements: list[Statement], midnight: int) -> Iterator[Payment]:
    """Yield a payment for each statement; in the US one for each week.

    What does not come to more than nothing waits, and is paid together with what follows.
    """
    waiting: list[Statement] = []
    for number, statement in enumerate(statements):
        waiting.append(statement)
        following = statements[number + 1].time if number + 1 < len(statements) else midnight + DAY
        # 1 January 1970 was a Thursday: weeks end with the statement of Monday
        if shop.region == "US" and (statement.time + 2 * DAY) // (7 * DAY) == (following + 2 * DAY) // (7 * DAY):
            continue
        if sum(each.settlement + each.reserve for each in waiting) <= 0:
            continue
        payment = _payment(shop, statement.time)
        for each in waiting:
            each.payment = payment
        payment.statements, waiting = waiting, []
        yield payment


def _payment(shop: Shop, at: int) -> Payment:
    rng = random.Random(f"payment {shop.id} {at}")
    fails = rng.random() < 0.08
    created = at + 6 * HOUR + int(rng.random() * 1800)
    return Payment(
        id=3_459_000_000_000_000_000 + at // DAY * 10**6 + shop.slot,
        created=created,
        paid=created + (3 * DAY if fails else 0) + 18 * HOUR + int(rng.random() * 9 * HOUR),
        fails=fails,
    )
