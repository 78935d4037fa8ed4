"""Mistakes planted in a shop's finances on demand, and the list of them for a test to compare.

Each one concerns another payment, so that each can be found by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .finance_json import Write, writer
from .ledger import Ledger, Payment, Transaction, open_ledger
from .markets import DAY
from .money import share
from .world import ShopBooks


@dataclass(frozen=True, slots=True)
class Planted:
    """One mistake: what is wrong, where, what would be right (`expected`) and what is told (`found`)."""

    kind: str
    shop_id: str
    statement_id: str
    statement_time: int
    payment_id: str
    order_id: str = ""
    transaction_id: str = ""
    field: str = ""
    expected: str = ""
    found: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def ledger_at(books: ShopBooks, moment: int, count: int) -> Ledger:
    """Return a shop's ledger with so many mistakes, made once a day."""
    return _planted(books, moment, count)[0]


def planted_at(books: ShopBooks, moment: int, count: int) -> list[Planted]:
    """Return the mistakes in a shop's ledger; there are fewer than asked for in a young shop."""
    return _planted(books, moment, count)[1]


def _planted(books: ShopBooks, moment: int, count: int) -> tuple[Ledger, list[Planted]]:
    def make() -> tuple[Ledger, list[Planted]]:
        ledger = open_ledger(books, moment)
        return ledger, _plant(ledger, moment // DAY * DAY, count)

    return books.derived(("ledger", moment // DAY, count), make)


# What is planted: the mistake is made, and its ids, field and amounts are returned.
Mistake = Callable[[Ledger, Payment, int], dict[str, Any]]


def _plant(ledger: Ledger, midnight: int, count: int) -> list[Planted]:
    kinds = [kind for kind in _MISTAKES if "payment" not in kind or not ledger.shop.market.southeast_asia]
    paid = [payment for payment in ledger.payments if payment.paid <= midnight and _order_row(payment)]
    random.Random(f"discrepancies {ledger.shop.id}").shuffle(paid)
    found = []
    for number, payment in enumerate(paid[:count]):
        kind, statement = kinds[number % len(kinds)], payment.statements[0]
        amount = share(ledger.shop.market.shipping_fee, 250) + number
        told = _MISTAKES[kind](ledger, payment, amount)
        found.append(Planted(kind, ledger.shop.id, str(statement.id), statement.time, str(payment.id), **told))
    return found


def _order_row(payment: Payment) -> Transaction | None:
    rows = payment.statements[0].transactions
    return next((row for row in rows if row.type == "ORDER"), None)


def _row(payment: Payment) -> Transaction:
    row = _order_row(payment)
    assert row is not None, "only payments with an order are chosen"
    return row


def _told(ledger: Ledger, field: str, expected: int, wrong: int, row: Transaction | None = None) -> dict[str, Any]:
    write: Write = writer(ledger.shop, padded=False)
    told = {"field": field, "expected": write(expected), "found": write(wrong)}
    if row:
        told |= {"transaction_id": str(row.id), "order_id": str(row.order.id) if row.order else ""}
    return told


def _missing_transaction(ledger: Ledger, payment: Payment, _amount: int) -> dict[str, Any]:
    """Leave an order's row out of its statement, whose sums still hold it."""
    row = _row(payment)
    payment.statements[0].transactions.remove(row)
    if row.order:
        ledger.lost.add(row.order.id)
    return _told(ledger, "settlement_amount", row.settlement, 0, row)


def _wrong_settlement(ledger: Ledger, payment: Payment, amount: int) -> dict[str, Any]:
    """Let a row's settlement differ from its own parts."""
    row = _row(payment)
    row.settlement_error = amount
    return _told(ledger, "settlement_amount", row.settlement, row.settlement + amount, row)


def _wrong_revenue(ledger: Ledger, payment: Payment, amount: int) -> dict[str, Any]:
    """Settle an order at another price: everything adds up, except for the order."""
    row, statement = _row(payment), payment.statements[0]
    right = row.revenue
    row.revenue += amount
    row.revenue_error = amount
    statement.revenue += amount
    return _told(ledger, "revenue_amount", right, row.revenue, row)


def _stray_adjustment(ledger: Ledger, payment: Payment, amount: int) -> dict[str, Any]:
    """Add a row that the statement's sums do not hold."""
    statement = payment.statements[0]
    first = statement.transactions[-1].id + 1
    row = Transaction(id=first, type="OTHER_ADJUSTMENT", adjustment_id=first + 1, adjustment=-amount)
    statement.transactions.insert(0, row)  # without an order it is sorted first
    statement.transactions.sort(key=lambda each: (each.order_created, each.id))
    return _told(ledger, "adjustment_amount", 0, -amount, row)


def _wrong_statement(ledger: Ledger, payment: Payment, amount: int) -> dict[str, Any]:
    """Let a statement's fees, and so its settlement, differ from its rows."""
    statement = payment.statements[0]
    right = statement.settlement
    statement.fee -= amount
    return _told(ledger, "settlement_amount", right, statement.settlement)


def _wrong_payment(ledger: Ledger, payment: Payment, amount: int) -> dict[str, Any]:
    """Let a payment differ from its statements."""
    payment.error = -amount
    return _told(ledger, "amount", payment.settlement + payment.reserve, payment.settlement + payment.reserve - amount)


def _missing_payment(ledger: Ledger, payment: Payment, _amount: int) -> dict[str, Any]:
    """Leave out a payment that its statement names."""
    payment.hidden = True
    return _told(ledger, "amount", payment.settlement + payment.reserve, 0)


_MISTAKES: dict[str, Mistake] = {
    "missing_transaction": _missing_transaction,
    "wrong_settlement": _wrong_settlement,
    "wrong_payment": _wrong_payment,
    "stray_adjustment": _stray_adjustment,
    "wrong_statement": _wrong_statement,
    "wrong_revenue": _wrong_revenue,
    "missing_payment": _missing_payment,
}
KINDS = tuple(_MISTAKES)
