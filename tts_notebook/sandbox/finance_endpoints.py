"""Finance: statements, their transactions, payments, withdrawals, and what is not settled yet."""

from __future__ import annotations

from typing import Any

from .discrepancies import ledger_at
from .endpoints import Answer, Call, Endpoint
from .finance_json import (
    order_json,
    payment_json,
    statement_head,
    statement_json,
    transaction_json,
    unsettled_json,
    writer,
)
from .ledger import Ledger, Statement
from .listing import page_of
from .orders import Order
from .parameters import Field, Values
from .refusals import Refusal, Why
from .settlement import settle
from .withdrawals import TYPES, Withdrawal, withdrawals_of

SCOPE = "seller.finance.info"
UNSETTLED_SINCE = 1_735_689_600  # 1 January 2025, from the description of search_time_ge
_FOREVER = 2**62
_WAITING = ("AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")


def ledger_of(call: Call) -> Ledger:
    """Return the ledger of the call's shop."""
    return ledger_at(call.books, call.moment, call.world.discrepancies)


def statements(call: Call) -> Answer:
    window, status = _window(call.query, "statement_time"), call.query["payment_status"]
    write, shop = writer(call.books.shop, call.behaviour.money == "padded"), call.books.shop
    in_fees = call.behaviour.sea_statements == "shipping-in-fees"

    def written(statement: Statement) -> dict[str, Any]:
        return statement_json(statement, shop, call.moment, write, fees_hold_shipping=in_fees)

    found = [
        statement
        for statement in ledger_of(call).statements
        if window[0] <= statement.time < window[1]
        and (status is None or written(statement)["payment_status"] == status)
    ]
    return page_of(
        call,
        "statements",
        found,
        key=lambda row: (row.time, row.id),
        write=written,
        asked=(window, status),
        counted=False,
    )


def statement_transactions(call: Call) -> Answer:
    statement = ledger_of(call).statement(call.path["statement_id"])
    if statement is None:
        raise Refusal(Why.INVALID, f"no statement {call.path['statement_id']}")
    shop = call.books.shop
    write = writer(shop, call.behaviour.money == "padded")
    return page_of(
        call,
        "transactions",
        statement.transactions,
        key=lambda row: (row.order_created, row.id),
        write=lambda row: transaction_json(row, shop, call.moment, write),
        asked=statement.id,
        beside=statement_head(statement, shop, write),
    )


def order_transactions(call: Call) -> Answer:
    order = call.books.find(call.path["order_id"])
    if order is None:
        raise Refusal(Why.FOREIGN_ORDER, "no such order", status=int(call.behaviour.business_status))
    write = writer(call.books.shop, call.behaviour.money == "padded")
    ledger = ledger_of(call)
    statement = None if order.id in ledger.lost else ledger.settled.get(order.id)
    return order_json(order, call.books.shop, statement, write)


def payments(call: Call) -> Answer:
    shop = call.books.shop
    if shop.market.southeast_asia:
        raise Refusal(Why.NO_PAYMENTS, f"no payments in {shop.region}", status=int(call.behaviour.business_status))
    low, high = window = _window(call.query, "create_time")
    write = writer(shop, call.behaviour.money == "padded")
    every = ledger_of(call).payments
    found = [row for row in every if low <= row.created < min(high, call.moment + 1) and not row.hidden]
    return page_of(
        call,
        "payments",
        found,
        key=lambda row: (row.created, row.id),
        write=lambda row: payment_json(row, shop, call.moment, write),
        asked=window,
        counted=False,
    )


def withdrawals(call: Call) -> Answer:
    low, high = window = _window(call.query, "create_time")
    types, shop = sorted(set(call.query["types"])), call.books.shop
    write = writer(shop, call.behaviour.money == "padded")

    def written(row: Withdrawal) -> dict[str, object]:
        return {
            "id": str(row.id),
            "type": row.type,
            "status": row.status(call.moment),
            "amount": write(row.amount),
            "currency": shop.market.currency,
            "create_time": row.created,
        }

    every = call.books.derived(
        ("withdrawals", call.moment, call.world.discrepancies), lambda: withdrawals_of(ledger_of(call), call.moment)
    )
    found = [row for row in every if row.type in types and low <= row.created < high]
    return page_of(
        call, "withdrawals", found, key=lambda row: (row.created, row.id), write=written, asked=(window, types)
    )


def unsettled(call: Call) -> Answer:
    low, high = window = _window(call.query, "search_time")
    books, low = call.books, max(low, UNSETTLED_SINCE)
    write = writer(books.shop, call.behaviour.money == "padded")
    found = [order for order in waiting_orders(call) if low <= order.created < high]
    sums = books.derived(("unsettled", window, call.moment), lambda: _estimate(call, found))
    names = ("revenue", "fee", "adjustment", "settlement")
    return page_of(
        call,
        "transactions",
        found,
        key=lambda order: (order.created, order.id),
        write=lambda order: unsettled_json(order, books.shop, call.moment, write),
        asked=("unsettled", window),
        beside={f"sum_est_{name}_amount": write(amount) for name, amount in zip(names, sums, strict=True)},
    )


def waiting_orders(call: Call) -> list[Order]:
    """Return the orders of which something will be settled, oldest first."""
    settled = ledger_of(call).settled
    orders = call.books.sorted_by("create_time")
    return [order for order in orders if order.status in _WAITING and order.id not in settled]


def _estimate(call: Call, orders: list[Order]) -> tuple[int, int, int, int]:
    lines = [line for order in orders for line in settle(order, call.books.shop, call.moment).lines]
    revenue, fee = sum(line.revenue for line in lines), sum(line.fee for line in lines)
    return revenue, fee, 0, revenue + fee + sum(line.shipping for line in lines)


def _window(query: Values, name: str) -> tuple[int, int]:
    return query[f"{name}_ge"], query[f"{name}_lt"] or _FOREVER


def _times(name: str) -> tuple[Field, Field]:
    return Field(f"{name}_ge", "number", default=0), Field(f"{name}_lt", "number", default=0)


PAGE = (Field("page_size", "number", default=20, low=1, high=100), Field("page_token", default=""))
ORDER = Field("sort_order", choices=("ASC", "DESC"), default="ASC")
_BY_STATEMENT = (*PAGE, ORDER, Field("sort_field", required=True, choices=("statement_time",)))
_BY_CREATION = (*PAGE, ORDER, Field("sort_field", required=True, choices=("create_time",)))
_BY_ORDER = (*PAGE, ORDER, Field("sort_field", required=True, choices=("order_create_time",)))
STATUS = Field("payment_status", choices=("PAID", "FAILED", "PROCESSING"))

ENDPOINTS = (
    Endpoint(
        "GET", "/finance/202309/statements", SCOPE, statements, (*_BY_STATEMENT, *_times("statement_time"), STATUS)
    ),
    Endpoint(
        "GET",
        "/finance/202501/statements/{statement_id}/statement_transactions",
        SCOPE,
        statement_transactions,
        _BY_ORDER,
    ),
    Endpoint("GET", "/finance/202501/orders/{order_id}/statement_transactions", SCOPE, order_transactions),
    Endpoint("GET", "/finance/202309/payments", SCOPE, payments, (*_BY_CREATION, *_times("create_time"))),
    Endpoint(
        "GET",
        "/finance/202309/withdrawals",
        SCOPE,
        withdrawals,
        (*PAGE, *_times("create_time"), Field("types", "texts", required=True, low=1, high=4, choices=TYPES)),
    ),
    Endpoint("GET", "/finance/202507/orders/unsettled", SCOPE, unsettled, (*_BY_ORDER, *_times("search_time"))),
)
