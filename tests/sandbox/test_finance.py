"""Finance: what is settled, stated and paid, held together to the cent."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tests.sandbox.desk import Desk
from tts_notebook.sandbox.ledger import open_ledger
from tts_notebook.sandbox.markets import DAY
from tts_notebook.sandbox.settlement import FEES, settle
from tts_notebook.sandbox.world import World

NOW = 1_794_500_000
STATEMENTS = "/finance/202309/statements"
PAYMENTS = "/finance/202309/payments"
WITHDRAWALS = "/finance/202309/withdrawals"
UNSETTLED = "/finance/202507/orders/unsettled"
ALL_TYPES = "WITHDRAW,SETTLE,TRANSFER,REVERSE"
PARTS = ("revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount")
official = pytest.mark.tools


def statements(desk: Desk, **query: str):
    return desk.rows("GET", STATEMENTS, "statements", sort_field="statement_time", page_size="100", **query)


def transactions(desk: Desk, statement: str, **query: str):
    path = f"/finance/202501/statements/{statement}/statement_transactions"
    return desk.rows("GET", path, "transactions", sort_field="order_create_time", page_size="100", **query)


def waiting(desk: Desk, **query: str):
    return desk.rows("GET", UNSETTLED, "transactions", sort_field="order_create_time", page_size="100", **query)


def total(rows, *names: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows for name in names), Decimal())


def leaves(part) -> Decimal:
    """Sum what directly contributes: everything but the explanations."""
    return sum(
        (
            leaves(value) if isinstance(value, dict) else Decimal(value)
            for name, value in part.items()
            if name != "supplementary_component"
        ),
        Decimal(),
    )


@pytest.fixture(scope="module")
def books(desks):
    """For each shop its orders, statements, their transactions, and what is unsettled."""
    return [
        (
            desk,
            desk.orders,
            found := statements(desk),
            {row["id"]: transactions(desk, row["id"]) for row in found},
            waiting(desk),
        )
        for desk in desks
    ]


@pytest.mark.parametrize("seed", range(6))
def test_in_any_world_payments_are_statements_are_transactions_are_orders(seed):
    world = World(seed, 250, NOW)
    for shop in [shop for seller in world.sellers for shop in seller.shops]:
        ledger = open_ledger(world.books(shop), NOW)
        for statement in ledger.statements:
            rows = statement.transactions
            assert statement.time % DAY == 0
            assert statement.settlement == sum(row.settlement for row in rows)
            assert statement.reserve == sum(row.reserve for row in rows)
            for row in rows:
                if row.order:
                    assert statement.time - DAY <= row.order.completed < statement.time
                    lines = settle(row.order, shop, row.order.completed).lines
                    assert row.settlement == sum(line.revenue + line.fee + line.shipping for line in lines)
        paid = [statement for payment in ledger.payments for statement in payment.statements]
        assert paid == [statement for statement in ledger.statements if statement.payment]
        assert all(payment.settlement + payment.reserve > 0 for payment in ledger.payments)
        done = [order.id for order in world.books(shop).orders if 0 < order.completed < NOW // DAY * DAY]
        assert sorted(ledger.settled) == sorted(done)


@official
def test_every_row_of_a_statement_is_the_sum_of_its_parts(books):
    for _, _, found, parts, _ in books:
        for statement in found:
            rows = parts[statement["id"]]
            assert total(rows, "settlement_amount") == Decimal(statement["settlement_amount"])
            for row in rows:
                assert total([row], *PARTS) == Decimal(row["settlement_amount"])
                if row["type"] == "ORDER":
                    for amount, breakdown in [
                        ("revenue_amount", "revenue_breakdown"),
                        ("fee_tax_amount", "fee_tax_breakdown"),
                        ("shipping_cost_amount", "shipping_cost_breakdown"),
                    ]:
                        assert leaves(row[breakdown]) == Decimal(row[amount])


@official
def test_a_statement_is_what_its_page_of_transactions_says(books):
    for desk, _, found, parts, _ in books:
        sea = desk.region in ("ID", "MY")
        for statement in found[-3:]:
            path = f"/finance/202501/statements/{statement['id']}/statement_transactions"
            page = desk.data("GET", path, sort_field="order_create_time")
            sums = page["total_settlement_breakdown"]

            assert (page["create_time"], page["currency"]) == (statement["statement_time"], statement["currency"])
            assert page["total_settlement_amount"] == statement["settlement_amount"]
            assert page["total_count"] == len(parts[statement["id"]])
            assert total([page], "total_settlement_amount", "total_reserve_amount") == Decimal(page["payable_amount"])
            fees = Decimal(sums["total_fee_tax_amount"])
            if sea:
                assert "shipping_cost_amount" not in statement
                fees += Decimal(sums["total_shipping_cost_amount"])
            assert fees == Decimal(statement["fee_amount"])


@official
def test_a_delivered_order_is_settled_or_waits_and_never_both(books):
    for _, orders, _, parts, unsettled in books:
        settled = [row["order_id"] for rows in parts.values() for row in rows if row["type"] == "ORDER"]
        estimated = [row["order_id"] for row in unsettled]
        done = {order["id"] for order in orders if order["status"] in ("DELIVERED", "COMPLETED")}
        never = {order["id"] for order in orders if order["status"] in ("UNPAID", "CANCELLED")}

        assert len(settled) == len(set(settled))
        assert not set(settled) & set(estimated)
        assert done <= {*settled, *estimated}
        assert not never & {*settled, *estimated}


@official
def test_an_order_is_settled_at_its_price(books):
    for _, orders, _, parts, _ in books:
        by_id = {order["id"]: order for order in orders}
        for rows in parts.values():
            for row in [row for row in rows if row["type"] == "ORDER"]:
                pay, revenue = by_id[row["order_id"]]["payment"], row["revenue_breakdown"]
                assert revenue["subtotal_before_discount_amount"] == pay["original_total_product_price"]
                assert Decimal(revenue["seller_discount_amount"]) == -Decimal(pay["seller_discount"])
                assert row["supplementary_component"]["customer_payment_amount"] == pay["total_amount"]
                assert row["order_create_time"] == by_id[row["order_id"]]["create_time"]


@official
def test_an_order_asked_for_alone_adds_up_to_its_row_in_the_statement(books):
    for desk, _, found, parts, unsettled in books:
        rows = [row for statement in found[-8:] for row in parts[statement["id"]] if row["type"] == "ORDER"]
        for row in rows[:12]:
            alone = desk.data("GET", f"/finance/202501/orders/{row['order_id']}/statement_transactions")
            lines = alone["sku_transactions"]

            assert alone["settlement_amount"] == row["settlement_amount"]
            assert alone["fee_and_tax_amount"] == row["fee_tax_amount"]
            assert total(lines, "settlement_amount") == Decimal(row["settlement_amount"])
            assert alone["total_count"] == len(lines)
            for line in lines:
                assert leaves(line["fee_tax_breakdown"]) == Decimal(line["fee_tax_amount"])
                assert leaves(line["shipping_cost_breakdown"]) == Decimal(line["shipping_cost_amount"])
        if unsettled:
            path = f"/finance/202501/orders/{unsettled[-1]['order_id']}/statement_transactions"
            assert desk.data("GET", path)["sku_transactions"] == []


@official
def test_payments_pay_the_statements_that_name_them(books):
    for desk, _, found, parts, _ in books:
        if desk.region in ("ID", "MY"):
            refused = desk.ask("GET", PAYMENTS, sort_field="create_time")
            assert refused.refusal == (200, 22005007)
            continue
        payments = desk.rows("GET", PAYMENTS, "payments", sort_field="create_time", page_size="100")
        by_id = {payment["id"]: payment for payment in payments}
        named = [row for row in found if "payment_id" in row]
        reserve = {row: total(parts[row], "reserve_amount") for row in parts}

        assert {row["payment_id"] for row in named} == set(by_id)
        for payment in payments:
            mine = [row for row in named if row["payment_id"] == payment["id"]]
            assert {row["payment_status"] for row in mine} == {payment["status"]}
            assert total(mine, "settlement_amount") == Decimal(payment["settlement_amount"]["value"])
            assert sum(reserve[row["id"]] for row in mine) == Decimal(payment["reserve_amount"]["value"])
            assert (payment["status"] == "PAID") is ("paid_time" in payment)


@official
def test_the_balance_is_what_was_settled_less_what_was_withdrawn(books):
    for desk, _, found, _, _ in books:
        rows = desk.rows("GET", WITHDRAWALS, "withdrawals", types=ALL_TYPES, page_size="100")
        settled = [row for row in rows if row["type"] == "SETTLE"]

        assert [row["amount"] for row in settled] == [row["settlement_amount"] for row in found]
        assert desk.rows("GET", WITHDRAWALS, "withdrawals", types="SETTLE", page_size="100") == settled
        sent = [row for row in rows if row["type"] == "WITHDRAW"]
        back = [row for row in rows if row["type"] == "REVERSE"]
        assert total(back, "amount") == total([row for row in sent if row["status"] == "FAILED"], "amount")


@official
def test_estimates_add_up_and_are_summed_over_all_pages(books):
    for desk, orders, _, _, unsettled in books:
        by_id = {order["id"]: order for order in orders}
        data = desk.data("GET", UNSETTLED, sort_field="order_create_time", page_size="1")

        assert data["total_count"] == len(unsettled)
        for name, column in [("revenue", "revenue"), ("fee", "fee_tax"), ("settlement", "settlement")]:
            assert Decimal(data[f"sum_est_{name}_amount"]) == total(unsettled, f"est_{column}_amount")
        for row in unsettled:
            assert total([row], *(f"est_{part}" for part in PARTS)) == Decimal(row["est_settlement_amount"])
            assert leaves(row["fee_tax_breakdown"]) == Decimal(row["est_fee_tax_amount"])
            assert row["order_delivery_time"] == by_id[row["order_id"]].get("delivery_time", 0)


@official
def test_fees_are_those_of_the_region(books):
    for desk, _, _, parts, _ in books:
        names = {name for name, _, _ in FEES[desk.region, desk.shop["seller_type"]]}
        listed = set()
        for row in [row for rows in parts.values() for row in rows if row["type"] == "ORDER"]:
            lines = row["fee_tax_breakdown"]["fee"] | row["fee_tax_breakdown"]["tax"]
            listed |= {name for name, amount in lines.items() if amount != "0"}
            assert all(Decimal(amount) <= 0 for amount in lines.values())
        assert listed <= names
        assert len(listed) >= 3


@official
def test_there_are_adjustments_with_and_without_an_order_and_reserves(books):
    rows = [row for _, _, _, parts, _ in books for rows in parts.values() for row in rows]
    adjustments = [row for row in rows if row["adjustment_id"]]
    reserves = [row for row in rows if row["type"] == "RESERVE"]

    assert any(Decimal(row["settlement_amount"]) < 0 and not row["adjustment_order_id"] for row in adjustments)
    assert any(row["adjustment_order_id"] for row in adjustments)
    assert {row["reserve_status"] for row in reserves} == {"COLLECTED", "RELEASED"}
    for identifier in {row["reserve_id"] for row in reserves}:
        pair = [row for row in reserves if row["reserve_id"] == identifier]
        assert len(pair) == 1 or total(pair, "reserve_amount") == 0
        assert all(row["settlement_amount"] == "0" for row in pair)


@official
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_lists_are_sorted_and_pages_give_every_row_once(desks, order):
    desk = desks[0]
    everything = statements(desk, sort_order=order)

    pieces = desk.rows("GET", STATEMENTS, "statements", sort_field="statement_time", sort_order=order, page_size="7")

    assert pieces == everything
    times = [row["statement_time"] for row in everything]
    assert times == sorted(times, reverse=order == "DESC")
    assert "total_count" not in desk.data("GET", STATEMENTS, sort_field="statement_time")
    assert len(desk.data("GET", STATEMENTS, sort_field="statement_time")["statements"]) == 20


@official
def test_windows_are_half_open_and_statuses_filter(desks):
    desk = desks[0]
    everything = statements(desk)
    low, high = everything[5]["statement_time"], everything[30]["statement_time"]

    found = statements(desk, statement_time_ge=str(low), statement_time_lt=str(high))

    assert found == everything[5:30]
    for status in ("PAID", "PROCESSING", "FAILED"):
        mine = [row for row in everything if row["payment_status"] == status]
        assert statements(desk, payment_status=status) == mine
    late = everything[-1]["statement_time"] + DAY
    assert statements(desk, statement_time_ge=str(late)) == []
    assert waiting(desk, search_time_ge=str(late * 2)) == []
    waits = waiting(desk)
    low, high = waits[2]["order_create_time"], waits[-2]["order_create_time"]
    inside = waiting(desk, search_time_ge=str(low), search_time_lt=str(high))
    assert inside == [row for row in waits if low <= row["order_create_time"] < high]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (STATEMENTS, {}),
        (STATEMENTS, {"sort_field": "create_time"}),
        (STATEMENTS, {"sort_field": "statement_time", "page_size": "101"}),
        (STATEMENTS, {"sort_field": "statement_time", "page_size": "0"}),
        (STATEMENTS, {"sort_field": "statement_time", "payment_status": "paid"}),
        (STATEMENTS, {"sort_field": "statement_time", "page_token": "junk"}),
        (PAYMENTS, {}),
        (PAYMENTS, {"sort_field": "statement_time"}),
        (WITHDRAWALS, {}),
        (WITHDRAWALS, {"types": "SETTLE,GIFT"}),
        (WITHDRAWALS, {"types": "SETTLE", "page_size": "500"}),
        (UNSETTLED, {}),
        (UNSETTLED, {"sort_field": "create_time"}),
        ("/finance/202501/statements/1/statement_transactions", {}),
        ("/finance/202501/statements/1/statement_transactions", {"sort_field": "order_create_time"}),
    ],
)
def test_a_wrong_parameter_is_refused(seller, path, query):
    assert seller.ask("GET", path, **query).refusal == (400, 36009004)


def test_a_foreign_order_is_refused(seller):
    assert seller.ask("GET", "/finance/202501/orders/1/statement_transactions").refusal == (200, 21008111)


def test_time_turns_processing_into_paid_and_settles_what_completes(visit):
    visitor = visit("--orders", "900").sign_in()
    desk = Desk(visitor, visitor.shops[0])
    before, waited = statements(desk), waiting(desk)

    visitor.control(clock_offset_seconds=5 * DAY)
    later = str(int(time.time()) + 5 * DAY)
    after, waits = statements(desk, timestamp=later), waiting(desk, timestamp=later)

    assert any(row["payment_status"] == "PROCESSING" for row in before)
    assert [row["id"] for row in after[: len(before)]] == [row["id"] for row in before]
    assert all(row["payment_status"] == "PAID" for row in after[: len(before)])
    assert len(waits) <= len(waited)


def test_an_open_question_about_south_east_asia_has_both_answers(visit):
    visitor = visit().sign_in("id")
    desk = Desk(visitor, visitor.shops[0])
    together = statements(desk)

    visitor.control(behaviour={"sea_statements": "shipping-apart"})
    apart = statements(desk)

    for one, two in zip(together, apart, strict=True):
        assert Decimal(one["fee_amount"]) == total([two], "fee_amount", "shipping_cost_amount")
        assert one["settlement_amount"] == two["settlement_amount"]
