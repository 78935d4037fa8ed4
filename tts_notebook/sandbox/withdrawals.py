"""The movements of a seller's balance: what was settled into it, and what left it for the bank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .ledger import Ledger, Payment
from .markets import DAY

TYPES = ("WITHDRAW", "SETTLE", "TRANSFER", "REVERSE")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One movement; `done` is when it succeeds, and one that failed says so from then on."""

    id: int
    type: str
    amount: int
    created: int
    done: int
    fails: bool = False

    def status(self, moment: int) -> str:
        if moment < self.done:
            return "PROCESSING"
        return "FAILED" if self.fails else "SUCCESS"


def withdrawals_of(ledger: Ledger, moment: int) -> list[Withdrawal]:
    """Return the movements up to a moment, oldest first."""
    found = [row for row in _movements(ledger) if row.created <= moment]
    return sorted(found, key=lambda row: (row.created, row.id))


def _movements(ledger: Ledger) -> Iterator[Withdrawal]:
    for statement in ledger.statements:
        first = statement.id + 100_000_000_000_000_000
        yield Withdrawal(first + 10, "SETTLE", statement.settlement, statement.time, statement.time)
        if statement.reserve:
            yield Withdrawal(first + 20, "TRANSFER", statement.reserve, statement.time, statement.time)
    for payment in ledger.payments:
        yield from _to_the_bank(payment)


def _to_the_bank(payment: Payment) -> Iterator[Withdrawal]:
    """Yield the withdrawal; one that failed is reversed after a day, and tried again after three."""
    first, amount = payment.id + 200_000_000_000_000_000, payment.settlement + payment.reserve
    again = payment.created
    if payment.fails:
        back, again = payment.created + DAY, payment.created + 2 * DAY
        yield Withdrawal(first + 10, "WITHDRAW", amount, payment.created, back, fails=True)
        yield Withdrawal(first + 20, "REVERSE", amount, back, back)
    yield Withdrawal(first + 30, "WITHDRAW", amount, again, payment.paid)
