"""What was sold, what was settled of it, and what was paid: one answer for a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tts_notebook.data.answer import Answer, Asked, ask
from tts_notebook.data.calls import Session
from tts_notebook.data.finance import PAYMENTS, STATEMENTS, TRANSACTIONS, UNSETTLED
from tts_notebook.data.frames import EXTRA
from tts_notebook.data.ledger import REASONS, Books, Row, compare, sale_of
from tts_notebook.data.orders import ORDERS
from tts_notebook.data.output import check_output, to_output
from tts_notebook.data.period import Period, parse_period
from tts_notebook.data.tables import Table
from tts_notebook.data.values import arrow_type
from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected

if TYPE_CHECKING:
    import pandas as pd

# a payment at the start of a period can pay statements from before it
_BEFORE = timedelta(days=35)
_SHOP = {"shop_id": "id", "shop_name": "string", "region": "string"}
_ROWS: dict[str, Any] = {
    **_SHOP,
    "state": "string",
    "order_id": "id",
    "order_created_at": "time",
    "order_status": "string",
    "currency": "string",
    "sale_amount": "money",
    "transaction_id": "id",
    "type": "string",
    "settlement_amount": "money",
    "revenue_amount": "money",
    "fee_tax_amount": "money",
    "shipping_cost_amount": "money",
    "adjustment_amount": "money",
    "reserve_amount": "money",
    "est_settlement_amount": "money",
    "statement_id": "id",
    "statement_at": "time",
    "payment_id": "id",
    "payment_status": "string",
    "paid_at": "time",
}
_DIFFERENCES: dict[str, Any] = {
    "reason": "string",
    **_SHOP,
    "order_id": "id",
    "transaction_id": "id",
    "statement_id": "id",
    "payment_id": "id",
    "currency": "string",
    "expected": "money",
    "found": "money",
    "difference": "money",
    "explanation": "string",
}
_AMOUNTS = ("settlement_amount", "revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount")
_SUMMARY: dict[str, Any] = {
    **_SHOP,
    "currency": "string",
    "orders": "integer",
    "orders_settled": "integer",
    "sale_amount": "money",
    **dict.fromkeys(_AMOUNTS, "money"),
    "est_settlement_amount": "money",
    "statements": "integer",
    "paid_amount": "money",
    **dict.fromkeys(REASONS, "integer"),
}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Orders, transactions, statements and payments of a period, held against each other.

    Attributes:
        summary: A row per shop and currency: what was sold, settled and paid, and how many differences
            there are for each reason.
        rows: A row per transaction with its order, statement and payment, and per order without one.
        differences: A row per difference: reason, ids, expected, found, difference, explanation.
        notes: What could not be compared, in sentences.
    """

    summary: pd.DataFrame
    rows: pd.DataFrame
    differences: pd.DataFrame
    notes: tuple[str, ...]
    since: datetime | None
    until: datetime

    @property
    def adds_up(self) -> bool:
        """Whether nothing is missing and nothing contradicts: what only waits is no error."""
        return not self.differences["reason"].isin(["missing", "mismatch"]).any()

    def __repr__(self) -> str:
        start = f"{self.since:%Y-%m-%d}" if self.since else "the beginning"
        lines = [f"Reconciliation from {start} to {self.until:%Y-%m-%d %H:%M} UTC: {self._verdict()}"]
        for _, shop in self.summary.iterrows():
            lines.append(
                f"  {shop['shop_name']} ({shop['region']}): {shop['orders']} orders, {shop['orders_settled']} settled; "
                f"sold {shop['sale_amount']:,.2f}, settled {shop['settlement_amount']:,.2f}, "
                f"paid {shop['paid_amount']:,.2f} {shop['currency']}"
            )
        counts = self.differences["reason"].value_counts()
        lines += [f"  {counts[name]:>6} {name}: {meaning}" for name, meaning in REASONS.items() if name in counts]
        lines += [f"  Note: {note}" for note in self.notes]
        return "\n".join([*lines, "  See .summary, .rows and .differences."])

    def _verdict(self) -> str:
        wrong = int(self.differences["reason"].isin(["missing", "mismatch"]).sum())
        return "it adds up." if not wrong else f"{wrong} missing or mismatched."


def reconcile(session: Session, asked: Asked, *, now: datetime) -> Reconciliation:
    """Pull what is needed and compare it; see the session's method for the arguments."""
    _, money = check_output("pandas", asked.money)
    period = parse_period(asked.since, asked.until, now=now, tz=asked.tz)
    notes: list[str] = []
    books = _read_books(session, asked, period, now, notes)
    found = compare(books)
    return Reconciliation(
        summary=_frame(_summed(books, found), _SUMMARY, money, asked.tz),
        rows=_frame(_joined(books), _ROWS, money, asked.tz),
        differences=_frame(found, _DIFFERENCES, money, asked.tz),
        notes=tuple(dict.fromkeys(notes)),
        since=period.since,
        until=period.until,
    )


def _read_books(session: Session, asked: Asked, period: Period, now: datetime, notes: list[str]) -> Books:
    """Read what belongs to a period; whatever was sold in it may be settled until now."""
    since: Any = period.since or "all"

    def told(table: Table, start: Any = since, end: Any = None) -> Answer | None:
        question = replace(asked, since=start, until=end, tz="UTC", money=None)
        return _ask(session, table, question, now, notes)

    def inside(moment: datetime | None) -> bool:
        return moment is not None and (period.since is None or moment >= period.since) and moment < period.until

    orders = _rows(told(ORDERS, end=period.until), ORDERS)
    statements = _rows(told(STATEMENTS, period.since - _BEFORE if period.since else since), STATEMENTS)
    settled, waiting = _rows(told(TRANSACTIONS), TRANSACTIONS), _rows(told(UNSETTLED), UNSETTLED)
    paying = told(PAYMENTS)
    placed = {(row["shop_id"], row["order_id"]) for row in orders}
    paid = {(row["shop_id"], row["payment_id"]) for row in statements if inside(row["statement_at"])}
    everywhere = {row["shop_id"] for row in (*orders, *statements)}
    return Books(
        orders=orders,
        transactions=[
            row for row in settled if (row["shop_id"], row["order_id"]) in placed or inside(row["statement_at"])
        ],
        statements=[{**row, "elsewhen": not inside(row["statement_at"])} for row in statements],
        payments=[
            row
            for row in _rows(paying, PAYMENTS)
            if (row["shop_id"], row["payment_id"]) in paid or inside(row["created_at"])
        ],
        unsettled=[row for row in waiting if (row["shop_id"], row["order_id"]) in placed],
        without_payments=frozenset(everywhere if paying is None else paying.attrs["partial"]),
    )


def _ask(session: Session, table: Table, question: Asked, now: datetime, notes: list[str]) -> Answer | None:
    try:
        given = ask(session, [table], question, now=now)
    except (PermissionMissing, RateLimited, TokenRejected):
        raise
    except APIError as error:  # no shop has it: payments in South East Asia
        if table is not PAYMENTS:
            raise
        notes.append(f"Payments are not compared: {error}")
        return None
    notes += [f"{table.name}: {sentence}" for sentence in given.told]
    return given


def _rows(given: Answer | None, table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns if column.kind != "json"]
    return given.table(table.name).select(names).to_pylist() if given else []


def _joined(books: Books) -> list[dict[str, Any]]:
    orders = {(row["shop_id"], row["order_id"]): row for row in books.orders}
    statements = {(row["shop_id"], row["statement_id"]): row for row in books.statements}
    payments = {(row["shop_id"], row["payment_id"]): row for row in books.payments}
    waiting = {(row["shop_id"], row["order_id"]): row for row in books.unsettled}
    joined, settled = [], set()
    for row in books.transactions:
        key = row["shop_id"], row["order_id"]
        statement = statements.get((row["shop_id"], row["statement_id"]), {})
        payment = payments.get((row["shop_id"], statement.get("payment_id")), {})
        order = orders.get(key)
        # the sale stands in the order's first transaction only, so that the column can be added up
        first = row["type"] == "ORDER" and key not in settled
        if first:
            settled.add(key)
        joined.append(
            {
                **{name: row.get(name) for name in _ROWS},
                "state": "settled" if row["type"] == "ORDER" else (row["type"] or "").lower(),
                "order_status": order["status"] if order else None,
                "sale_amount": sale_of(order) if order and first else None,
                "payment_id": statement.get("payment_id"),
                "payment_status": statement.get("payment_status"),
                "paid_at": payment.get("paid_at"),
            }
        )
    for key, order in orders.items():
        if key not in settled:
            rest = waiting.get(key, {})
            joined.append(
                {
                    **{name: order.get(name) for name in (*_SHOP, "order_id", "currency")},
                    "state": "unsettled" if rest else "not settled",
                    "order_created_at": order["created_at"],
                    "order_status": order["status"],
                    "sale_amount": sale_of(order),
                    "est_settlement_amount": rest.get("est_settlement_amount"),
                }
            )
    return joined


def _summed(books: Books, found: Sequence[Row]) -> list[dict[str, Any]]:
    sums: dict[tuple[str, str], dict[str, Any]] = {}

    def entry(row: Row) -> dict[str, Any]:
        start = dict.fromkeys(_SUMMARY, 0) | {name: row.get(name) for name in (*_SHOP, "currency")}
        return sums.setdefault((row["shop_id"], row.get("currency") or ""), start)

    settled = {(row["shop_id"], row["order_id"]) for row in books.transactions if row["type"] == "ORDER"}
    for row in books.orders:
        _count(entry(row), orders=1, orders_settled=int((row["shop_id"], row["order_id"]) in settled))
        entry(row)["sale_amount"] += sale_of(row)
    for row in books.transactions:
        _count(entry(row), **{name: row[name] or 0 for name in _AMOUNTS})
    for row in books.unsettled:
        _count(entry(row), est_settlement_amount=row["est_settlement_amount"] or 0)
    for row in books.statements:
        if not row["elsewhen"]:
            _count(entry(row), statements=1)
    for row in books.payments:
        _count(entry(row), paid_amount=row["amount"] or 0)
    for row in found:
        _count(entry(row), **{row["reason"]: 1})
    return list(sums.values())


def _count(entry: dict[str, Any], **more: Any) -> None:
    for name, amount in more.items():
        entry[name] += amount


def _frame(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Any], money: str, tz: str) -> Any:
    import pyarrow as pa

    schema = pa.schema([(name, arrow_type(kind)) for name, kind in kinds.items() if name != EXTRA.name])
    table = pa.Table.from_pylist([{name: row.get(name) for name in kinds} for row in rows], schema=schema)
    return to_output(table, form="pandas", money=money, tz=tz, attrs={})
