"""Mistakes planted in the finances: a plain comparison finds each of them, and no other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.desk import Desk
from tests.sandbox.visitor import Visitor
from tts_notebook.sandbox.discrepancies import KINDS

PARTS = ("revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount")
official = pytest.mark.tools


def total(rows, *names: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows for name in names), Decimal())


def finance(desk: Desk):
    """Return a shop's orders, statements with their transactions, payments, and unsettled orders."""
    query = {"page_size": "100"}
    statements = desk.rows("GET", "/finance/202309/statements", "statements", sort_field="statement_time", **query)
    transactions = {
        row["id"]: desk.rows(
            "GET",
            f"/finance/202501/statements/{row['id']}/statement_transactions",
            "transactions",
            sort_field="order_create_time",
            **query,
        )
        for row in statements
    }
    payments = None
    if desk.region not in ("MY", "ID"):
        payments = desk.rows("GET", "/finance/202309/payments", "payments", sort_field="create_time", **query)
    path = "/finance/202507/orders/unsettled"
    waiting = desk.rows("GET", path, "transactions", sort_field="order_create_time", **query)
    return {order["id"]: order for order in desk.orders}, statements, transactions, payments, waiting


def faulty(desk: Desk) -> set[tuple[str, str]]:
    """Return which statements, orders, transactions and payments contradict each other."""
    orders, statements, transactions, payments, waiting = finance(desk)
    found: set[tuple[str, str]] = set()
    rows = [row for some in transactions.values() for row in some]
    for row in rows:
        if total([row], *PARTS) != Decimal(row["settlement_amount"]):
            found.add(("transaction", row["id"]))
        if row["type"] == "ORDER":
            pay = orders[row["order_id"]]["payment"]
            if Decimal(row["revenue_breakdown"]["subtotal_before_discount_amount"]) != Decimal(
                pay["original_total_product_price"]
            ):
                found.add(("order", row["order_id"]))
    for row in statements:
        mine = transactions[row["id"]]
        if Decimal(row["settlement_amount"]) != total(mine, "settlement_amount"):
            found.add(("statement", row["id"]))
    known = {row["order_id"] for row in [*rows, *waiting]}
    found |= {("order", key) for key, order in orders.items() if order["status"] == "COMPLETED" and key not in known}
    if payments is not None:
        by_id = {row["id"]: row for row in payments}
        for row in statements:
            if row["payment_status"] == "PAID" and row["payment_id"] not in by_id:
                found.add(("payment", row["payment_id"]))
        for key, payment in by_id.items():
            mine = [row for row in statements if row.get("payment_id") == key]
            if Decimal(payment["settlement_amount"]["value"]) != total(mine, "settlement_amount"):
                found.add(("payment", key))
    return found


def expected(planted) -> set[tuple[str, str]]:
    """Return what a comparison has to find because of the planted mistakes."""
    found = set()
    for each in planted:
        statement, order = ("statement", each["statement_id"]), ("order", each["order_id"])
        found |= {
            "missing_transaction": {statement, order},
            "wrong_settlement": {statement, ("transaction", each["transaction_id"])},
            "wrong_revenue": {order},
            "stray_adjustment": {statement},
            "wrong_statement": {statement},
            "wrong_payment": {("payment", each["payment_id"])},
            "missing_payment": {("payment", each["payment_id"])},
        }[each["kind"]]
    return found


@official
@pytest.mark.parametrize("key", ["gb", "us", "xb", "id"])
def test_every_planted_mistake_can_be_found_and_no_other(visit, key):
    visitor = visit("--orders", "300", "--seed", "5", "--discrepancies", "9").sign_in(key)
    planted = visitor.send("GET", "/sandbox/discrepancies").json["discrepancies"]

    for shop in visitor.shops:
        mine = [each for each in planted if each["shop_id"] == shop["id"]]
        kinds = {each["kind"] for each in mine}
        assert len(mine) == len({each["payment_id"] for each in mine}) >= 7
        assert kinds == {kind for kind in KINDS if shop["region"] in ("GB", "US") or "payment" not in kind}
        desk = Desk(visitor, shop)
        assert faulty(desk) == expected(mine)
        for each in [each for each in mine if each["kind"] == "missing_transaction"]:
            alone = desk.data("GET", f"/finance/202501/orders/{each['order_id']}/statement_transactions")
            assert alone["sku_transactions"] == []


@official
def test_mistakes_come_and_go_on_demand(visit):
    visitor = visit("--orders", "200").sign_in("us")
    desk = Desk(visitor, visitor.shops[0])
    assert visitor.send("GET", "/sandbox/discrepancies").json == {"discrepancies": []}
    assert faulty(desk) == set()

    planted = visitor.control(discrepancies=3).json["discrepancies"]
    assert len(faulty(desk)) >= 3
    assert len(planted) == 3 * 5
    assert planted == visitor.send("GET", "/sandbox/discrepancies").json["discrepancies"]

    visitor.control(discrepancies=0)
    assert faulty(desk) == set()


def test_the_same_seed_plants_the_same_mistakes(visit):
    options = ("--now", "1794500000", "--seed", "3", "--discrepancies", "4")

    one, two = (visit(*options).send("GET", "/sandbox/discrepancies").json for _ in range(2))

    assert one == two
    assert len(one["discrepancies"]) == 20


def test_a_wrong_number_of_mistakes_is_refused(seller: Visitor):
    assert seller.control(discrepancies=-1).status == 400
    assert seller.control(discrepancies="all").status == 400
