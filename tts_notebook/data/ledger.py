"""Orders, transactions, statements and payments held against each other, to the cent.

Every function takes rows of tables and returns rows: what does not add up, and why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]

# in the order in which one reads them: what waits, what is meant, what is wrong
REASONS = {
    "unsettled": "the order is not settled yet",
    "unpaid": "the statement is not paid yet",
    "reserve": "money is kept back for a time, or released",
    "adjustment": "an amount that belongs to no settlement of an order",
    "missing": "one side is not there",
    "mismatch": "both sides are there and differ",
}
# nothing is ever settled of these
_NEVER = frozenset({"UNPAID", "ON_HOLD", "CANCELLED"})
_DONE = frozenset({"DELIVERED", "COMPLETED"})
_ZERO = Decimal(0)
# what an amount of a statement is called in its transactions
_STATEMENT_PARTS = {
    "revenue_amount": "revenue_amount",
    "fee_amount": "fee_tax_amount",
    "shipping_cost_amount": "shipping_cost_amount",
    "adjustment_amount": "adjustment_amount",
}


@dataclass(frozen=True, slots=True)
class Books:
    """The rows of one or more shops.

    Attributes:
        orders: Those placed in the period.
        transactions: Those of these orders, and those of the period's statements.
        statements: Those of the period, and others ("elsewhen") so that payments are whole.
        payments: Those of the period, and those of its statements.
        unsettled: What is to be settled of these orders.
        without_payments: Shops about which TikTok Shop tells no payments.
    """

    orders: Sequence[Row]
    transactions: Sequence[Row]
    statements: Sequence[Row]
    payments: Sequence[Row]
    unsettled: Sequence[Row]
    without_payments: frozenset[str] = frozenset()


def compare(books: Books) -> list[dict[str, Any]]:
    """Return every difference, by reason in the order of REASONS."""
    found = [
        *_of_transactions(books.transactions),
        *_of_orders(books),
        *_of_statements(books),
        *_of_payments(books),
    ]
    order = list(REASONS)
    return sorted(found, key=lambda each: order.index(each["reason"]))


def _of_transactions(transactions: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for row in transactions:
        parts = ("revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount")
        added, settled = _sum([row], *parts), _sum([row], "settlement_amount")
        reserve = _sum([row], "reserve_amount")
        if reserve or row["type"] == "RESERVE":
            yield _difference("reserve", row, _ZERO, reserve or settled, f"{row['type']} {row['reserve_status'] or ''}")
        elif row["type"] != "ORDER":
            yield _difference("adjustment", row, _ZERO, settled, row["type"])
        # whether a reserve is part of its row's settlement is not documented: both are right
        if settled not in (added, added + reserve):
            said = "settlement_amount is not revenue + fee_tax + shipping_cost + adjustment"
            yield _difference("mismatch", row, added, settled, said)


def _of_orders(books: Books) -> Iterator[dict[str, Any]]:
    settled = _grouped((row for row in books.transactions if row["type"] == "ORDER"), "order_id")
    waiting = _grouped(books.unsettled, "order_id")
    for order in books.orders:
        key = order["shop_id"], order["order_id"]
        sold = sale_of(order)
        if key in settled:
            rows = settled[key]
            # what was refunded since is part of a transaction and not of the order
            told = any(row["revenue_subtotal_before_discount_amount"] is not None for row in rows)
            booked = (
                _sum(rows, "revenue_subtotal_before_discount_amount", "revenue_seller_discount_amount")
                if told
                else _sum(rows, "revenue_amount")
            )
            if booked != sold and rows[0]["currency"] == order["currency"]:
                said = "products of the order after seller discount, and as they were settled"
                yield _difference("mismatch", {**rows[0], **order}, sold, booked, said)
        elif key in waiting:
            estimate = _sum(waiting[key], "est_settlement_amount")
            said = waiting[key][0]["unsettled_reason"] or "not settled yet"
            yield _difference("unsettled", order, sold, estimate, said)
        elif order["status"] in _DONE:
            yield _difference("missing", order, sold, None, f"{order['status']}, in no statement and not unsettled")
        elif order["status"] not in _NEVER:
            yield _difference("unsettled", order, sold, None, f"the order is {order['status']}")


def _of_statements(books: Books) -> Iterator[dict[str, Any]]:
    parts = _grouped(books.transactions, "statement_id")
    paid = {(row["shop_id"], row["payment_id"]) for row in books.payments}
    known = {(row["shop_id"], row["statement_id"]) for row in books.statements}
    for row in books.statements:
        key, settled = (row["shop_id"], row["statement_id"]), _sum([row], "settlement_amount")
        if row["elsewhen"]:
            continue
        added = _sum([row], *_STATEMENT_PARTS)
        if settled != added:
            said = "settlement_amount is not revenue + fee + shipping_cost + adjustment"
            yield _difference("mismatch", row, added, settled, said)
        if key not in parts and settled:
            yield _difference("missing", row, settled, None, "the statement has no transactions")
        for name, parts_of_name in _compared(row).items() if key in parts else ():
            if _sum([row], name) != _sum(parts[key], *parts_of_name):
                said = f"{name} of the statement, and of its transactions together"
                yield _difference("mismatch", row, _sum([row], name), _sum(parts[key], *parts_of_name), said)
        if row["shop_id"] in books.without_payments:
            continue
        if row["payment_status"] != "PAID":
            yield _difference("unpaid", row, settled, None, f"its payment is {row['payment_status']}")
        elif (row["shop_id"], row["payment_id"]) not in paid:
            yield _difference("missing", row, settled, None, "PAID, but its payment is not among the payments")
    for key, rows in parts.items():
        if key not in known:
            yield _difference("missing", rows[0], None, _sum(rows, "settlement_amount"), "its statement is not there")


def _compared(statement: Row) -> Mapping[str, tuple[str, ...]]:
    """Which amounts of a statement are which of its transactions together."""
    if statement["shipping_cost_amount"]:
        return {name: (part,) for name, part in _STATEMENT_PARTS.items()} | {
            "settlement_amount": ("settlement_amount",)
        }
    # statements of cross-border sellers and in South East Asia have no shipping cost of their own: it is in the fees
    return {
        "revenue_amount": ("revenue_amount",),
        "fee_amount": ("fee_tax_amount", "shipping_cost_amount"),
        "adjustment_amount": ("adjustment_amount",),
        "settlement_amount": ("settlement_amount",),
    }


def _of_payments(books: Books) -> Iterator[dict[str, Any]]:
    statements = _grouped(books.statements, "payment_id")
    for row in books.payments:
        rows = statements.get((row["shop_id"], row["payment_id"]), [])
        settled, reserve = _sum([row], "settlement_amount"), _sum([row], "reserve_amount")
        amount = _sum([row], "amount")
        if not rows:
            yield _difference("missing", row, None, settled, "no statement names this payment")
        elif settled != _sum(rows, "settlement_amount"):
            said = "settlement_amount of the payment, and of its statements together"
            yield _difference("mismatch", row, _sum(rows, "settlement_amount"), settled, said)
        if reserve:
            yield _difference("reserve", row, _ZERO, reserve, "part of the payment")
        # the sign of a reserve that is kept back is not documented
        if amount not in (settled, settled + reserve, settled - reserve):
            yield _difference("mismatch", row, settled + reserve, amount, "amount is not settlement_amount and reserve")


def sale_of(order: Row) -> Decimal:
    """What an order's products come to for the seller: their price after the seller's own discount."""
    return _sum([order], "original_total_product_price") - _sum([order], "seller_discount")


def _difference(reason: str, row: Row, expected: Decimal | None, found: Decimal | None, said: str) -> dict[str, Any]:
    names = ("shop_id", "shop_name", "region", "order_id", "transaction_id", "statement_id", "payment_id", "currency")
    return {
        "reason": reason,
        **{name: row.get(name) for name in names},
        "expected": expected,
        "found": found,
        "difference": (found or _ZERO) - (expected or _ZERO),
        "explanation": said.strip(),
    }


def _grouped(rows: Iterable[Row], name: str) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row[name]:
            groups[row["shop_id"], row[name]].append(row)
    return groups


def _sum(rows: Iterable[Row], *names: str) -> Decimal:
    return sum((row[name] or _ZERO for row in rows for name in names), _ZERO)
