from __future__ import annotations

import json
import time
from decimal import Decimal

import pandas as pd
import pytest

from tests.data.api import DAY, NOW, SECOND, FakeAPI, fetch, listed, within
from tests.data.shops import GB, MY, order
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.calls import WORKERS
from tts_notebook.errors import APIError, InputError, PermissionMissing

STATEMENTS = "/finance/202309/statements"
TRANSACTIONS = "/finance/202501/statements/{id}/statement_transactions"
BY_ORDER = "/finance/202501/orders/{id}/statement_transactions"
PAYMENTS = "/finance/202309/payments"
WIDE = "Violation fee \uff08settlement fee\uff09"  # brackets of full width, as in the official list


def statement(number, **fields):
    return {
        "id": str(7_238_804_564_097_517_000 + number),
        "statement_time": SECOND - number * DAY,
        "currency": "GBP",
        "revenue_amount": "60.10",
        "net_sales_amount": "60.10",
        "fee_amount": "-10.05",
        "shipping_cost_amount": "-3.25",
        "adjustment_amount": "2",
        "settlement_amount": "48.80",
        "payment_status": "PAID",
        "payment_id": "3459275187040258849",
        "payment_time": SECOND - number * DAY + 3600,
        **fields,
    }


def transactions(asked, shop, statement_id):
    """Two transactions of any statement: an order and an adjustment, on two pages."""
    page = {
        "id": statement_id,
        "create_time": SECOND - 2 * DAY,
        "status": "SETTLED",
        "currency": "GBP",
        "total_settlement_amount": "48.80",
        "payable_amount": "48.80",
        "total_settlement_breakdown": {"total_revenue_amount": "60.10"},
        "total_count": 2,
    }
    if not asked["page_token"]:
        of_order = {
            "id": f"{statement_id}1",
            "type": "ORDER",
            "order_id": "577086614418520388",
            "order_create_time": SECOND - 9 * DAY,
            "revenue_amount": "60.10",
            "fee_tax_amount": "-10.05",
            "shipping_cost_amount": "-3.25",
            "adjustment_amount": "0",
            "settlement_amount": "46.80",
            "estimated_release_time": "",
            "fee_tax_breakdown": {
                "fee": {"platform_commission_amount": "-10.05", "new_fee_amount": "0"},
                "tax": {"vat_amount": "0"},
            },
            "shipping_cost_breakdown": {
                "actual_shipping_fee_amount": "-3.25",
                "supplementary_component": {"seller_shipping_fee_discount_amount": "-1"},
            },
        }
        return {**page, "next_page_token": "second", "transactions": [of_order]}
    adjustment = {
        "id": f"{statement_id}2",
        "type": WIDE,
        "order_id": "",
        "order_create_time": 0,
        "adjustment_amount": "2",
        "settlement_amount": "2",
        "estimated_release_time": str(SECOND),
    }
    return {**page, "next_page_token": "", "transactions": [adjustment]}


def test_statements_of_a_period_are_asked_for_in_the_query_and_in_order():
    session = FakeAPI({STATEMENTS: listed("statements", [statement(n) for n in range(1, 151)][::-1])})

    frame = fetch(session, "statements", since="200d")

    assert session.asked[0][1] == {
        "page_size": 100,
        "page_token": "",
        "sort_field": "statement_time",
        "sort_order": "ASC",
        "statement_time_ge": SECOND - 200 * DAY,
        "statement_time_lt": SECOND,
    }
    assert session.bodies == [None, None]
    assert len(frame) == 150
    assert frame["statement_at"].is_monotonic_increasing
    assert frame["extra"].isna().all()
    added = frame[["revenue_amount", "fee_amount", "shipping_cost_amount", "adjustment_amount"]].sum(axis=1)
    assert added.round(2).tolist() == frame["settlement_amount"].tolist()


def test_statements_are_chosen_by_the_status_of_their_payment():
    session = FakeAPI({STATEMENTS: listed("statements", [])})

    fetch(session, "statements", status=["paid", "FAILED"])

    assert [asked["payment_status"] for _, asked in session.asked] == ["PAID", "FAILED"]


def test_transactions_are_those_of_the_statements_of_a_period_and_all_their_pages():
    session = FakeAPI(
        {
            STATEMENTS: listed("statements", [statement(n) for n in range(40)], keep=within("statement_time")),
            TRANSACTIONS: transactions,
        }
    )

    frame = fetch(session, "transactions", since="20d", money="decimal")

    assert len(frame) == 40  # of 20 statements
    assert frame["transaction_id"].is_unique
    assert frame.attrs["calls"] == 1 + 20 * 2
    assert all(asked["sort_field"] == "order_create_time" for path, asked in session.asked[1:])
    assert frame["settlement_amount"].sum() == Decimal("48.80") * 20
    adjustment = frame[frame["type"] != "ORDER"].iloc[0]
    assert adjustment["type"] == WIDE
    assert pd.isna(adjustment["order_id"])
    assert pd.isna(adjustment["order_created_at"])
    assert adjustment["estimated_release_at"] == NOW
    assert adjustment["currency"] == "GBP"
    one = frame[frame["type"] == "ORDER"].iloc[0]
    assert one["fee_platform_commission_amount"] == Decimal("-10.05")
    assert one["shipping_info_seller_shipping_fee_discount_amount"] == Decimal("-1")
    assert one["statement_total_settlement_amount"] == Decimal("48.80")
    assert json.loads(one["extra"]) == {"fee_tax_breakdown.fee.new_fee_amount": "0"}


def test_several_statements_are_asked_about_at_a_time_and_not_too_many():
    session = FakeAPI({STATEMENTS: listed("statements", [statement(n) for n in range(30)]), TRANSACTIONS: transactions})

    fetch(session, "transactions")

    workers = {name for name in session.threads if name.startswith("tts-pull")}
    assert 1 <= len(workers) <= WORKERS


@pytest.mark.parametrize(
    "refusal",
    [APIError(TRANSACTIONS, 36009003, "Internal error"), PermissionMissing(TRANSACTIONS, scope="seller.finance.info")],
)
def test_a_shop_whose_statements_are_refused_leaves_the_others_and_is_not_asked_on(refusal):
    def told(asked, shop, name):
        if shop is GB and not name.endswith("1"):
            time.sleep(0.005)
        return refusal if shop is GB else transactions(asked, shop, name)

    statements = [statement(number) for number in range(1, 90)]
    session = FakeAPI({STATEMENTS: listed("statements", statements), TRANSACTIONS: told}, shops=(GB, MY))

    with pytest.warns(TTSWarning, match=f"rows are missing: Maple and Wren .GB.*{refusal.path}"):
        frame = fetch(session, "transactions")

    assert list(frame.attrs["partial"]) == [GB.id]
    assert frame.groupby("shop_id").size().to_dict() == {MY.id: 2 * 89}
    assert len(session.asked) - 1 - 1 - 2 * 89 <= 2 * WORKERS


def test_a_statement_that_is_refused_leaves_no_table_with_a_gap():
    refuse = APIError(TRANSACTIONS, 36009003, "Internal error", "R1")
    session = FakeAPI(
        {
            STATEMENTS: listed("statements", [statement(n) for n in range(3)]),
            TRANSACTIONS: lambda asked, shop, name: refuse if name.endswith("1") else transactions(asked, shop, name),
        }
    )

    with pytest.raises(APIError, match="Internal error"):
        fetch(session, "transactions")


def settled(asked, shop, order_id):
    return {
        "order_id": order_id,
        "order_create_time": SECOND - 3 * DAY,
        "currency": "GBP",
        "settlement_amount": "14.77",
        "revenue_amount": "23.90",
        "fee_and_tax_amount": "-9.13",
        "shipping_cost_amount": "0",
        "total_count": 1,
        "sku_transactions": [
            {
                "statement_id": "7238804564097517339",
                "sku_id": "1729592969712207012",
                "quantity": "2",
                "revenue_amount": "23.90",
                "fee_tax_amount": "-9.13",
                "settlement_amount": "14.77",
            }
        ],
    }


def test_orders_that_were_shipped_are_asked_for_one_by_one_what_was_settled_of_them():
    placed = [order(n, SECOND - n * 1000 - 1) for n in range(6)]
    placed[2]["status"], placed[3]["status"] = "UNPAID", "AWAITING_SHIPMENT"
    session = FakeAPI({"/order/202309/orders/search": listed("orders", placed), BY_ORDER: settled})

    frame, skus = fetch(session, "order_transactions", items=True)

    assert set(frame["order_id"]) == {each["id"] for n, each in enumerate(placed) if n not in (2, 3)}
    assert frame["settlement_amount"].tolist() == [14.77] * 4
    assert frame["order_status"].unique().tolist() == ["DELIVERED"]
    assert skus["order_id"].tolist() == frame["order_id"].tolist()
    assert skus["quantity"].tolist() == [2] * 4
    assert frame["extra"].isna().all()
    assert skus["extra"].isna().all()


def test_an_order_about_which_nothing_is_told_leaves_the_others_and_is_counted():
    placed = [order(n, SECOND - n * 1000 - 1) for n in range(3)]
    refuse = APIError(BY_ORDER, 22005007, "merchant not exist", "R1")
    session = FakeAPI(
        {
            "/order/202309/orders/search": listed("orders", placed),
            BY_ORDER: lambda asked, shop, name: refuse if name == placed[1]["id"] else settled(asked, shop, name),
        }
    )

    with pytest.warns(TTSWarning, match=r"told nothing about 1 of 3 records, such as: .*merchant not exist"):
        frame = fetch(session, "order_transactions")

    assert len(frame) == 2


def payment(currency="GBP", **fields):
    return {
        "id": "3459275187040258849",
        "create_time": SECOND - 100,
        "paid_time": 0,
        "status": "PROCESSING",
        "amount": {"value": "46.62", "currency": currency},
        "settlement_amount": {"value": "46.62", "currency": currency},
        "reserve_amount": {"value": "0", "currency": currency},
        "payment_amount_before_exchange": {"value": "60.01", "currency": "USD"},
        "exchange_rate": "0.77687052157973",
        "bank_account": "***********1234",
        **fields,
    }


def test_payments_have_one_currency_and_that_before_the_exchange():
    frame = fetch(FakeAPI({PAYMENTS: {"payments": [payment()]}}), "payments").iloc[0]

    assert (frame["currency"], frame["amount"], frame["settlement_amount"]) == ("GBP", 46.62, 46.62)
    assert (frame["currency_before_exchange"], frame["amount_before_exchange"]) == ("USD", 60.01)
    assert frame["exchange_rate"] == 0.77687052157973
    assert pd.isna(frame["paid_at"])
    assert pd.isna(frame["extra"])


def test_an_amount_in_a_currency_of_its_own_is_told_and_not_silently_added():
    odd = payment(reserve_amount={"value": "3", "currency": "EUR"})

    with pytest.warns(TTSWarning, match=r"reserve_amount\.currency \(1\)"):
        frame = fetch(FakeAPI({PAYMENTS: {"payments": [odd]}}), "payments")

    assert json.loads(frame["extra"][0]) == {"reserve_amount.currency": "EUR"}


def test_payments_of_a_shop_without_them_are_left_out_and_the_reason_is_told():
    def answer(asked, shop):
        return APIError(PAYMENTS, 36009004, "not for this market", "R1") if shop is MY else {"payments": [payment()]}

    session = FakeAPI({PAYMENTS: answer}, shops=(GB, MY))

    with pytest.warns(TTSWarning, match=r"Maple and Wren MY \(MY\).*no payments for shops in South East Asia"):
        frame = fetch(session, "payments")
    with pytest.raises(APIError, match=r"South East Asia, such as Maple and Wren MY \(MY\)"):
        fetch(session, "payments", shops="MY")

    assert frame["region"].tolist() == ["GB"]
    assert list(frame.attrs["partial"]) == [MY.id]


def test_all_kinds_of_withdrawals_are_asked_for():
    one = {"id": "9", "create_time": SECOND - 5, "type": "SETTLE", "status": "SUCCESS", "amount": "46.62"}
    session = FakeAPI({"/finance/202309/withdrawals": {"total_count": 1, "withdrawals": [{**one, "currency": "GBP"}]}})

    frame = fetch(session, "withdrawals")

    assert session.asked[0][1]["types"].split(",") == ["WITHDRAW", "SETTLE", "TRANSFER", "REVERSE"]
    assert "sort_field" not in session.asked[0][1]
    assert frame["amount"].tolist() == [46.62]


def test_what_is_not_settled_is_an_estimate_of_its_own():
    one = {
        "id": "1636700041413600123",
        "type": "ORDER",
        "status": "UNSETTLED",
        "currency": "GBP",
        "order_id": "577090614418520777",
        "order_create_time": SECOND - 500,
        "order_delivery_time": 0,
        "est_revenue_amount": "24.99",
        "est_fee_tax_amount": "-4.52",
        "est_shipping_cost_amount": "-2.99",
        "est_adjustment_amount": "0",
        "est_settlement_amount": "17.48",
        "unsettled_reason": "waiting for delivery",
    }
    answer = {"total_count": 1, "sum_est_revenue_amount": "24.99", "next_page_token": "", "transactions": [one]}
    session = FakeAPI({"/finance/202507/orders/unsettled": answer})

    frame = fetch(session, "unsettled", since="10d")

    assert session.asked[0][1]["search_time_ge"] == SECOND - 10 * DAY
    assert frame["est_settlement_amount"].tolist() == [17.48]
    assert pd.isna(frame["order_delivered_at"][0])
    assert frame["extra"].isna().all()


@pytest.mark.parametrize(
    ("table", "first"), [("statements", "2023-07-01"), ("transactions", "2023-07-01"), ("unsettled", "2025-01-01")]
)
def test_a_period_before_there_is_any_data_is_refused_with_the_first_day(table, first):
    session = FakeAPI({})

    with pytest.raises(InputError, match=f"from before {first}, and the period ends on 2022-12-31"):
        fetch(session, table, since="2022-01-01", until="2022-12-31")
    assert session.asked == []


def test_a_scope_is_needed_for_every_list_of_a_chain():
    session = FakeAPI({"seller.order.info": PermissionMissing("/order", scope="seller.order.info")})

    with pytest.raises(PermissionMissing, match=r"seller\.order\.info"):
        fetch(session, "order_transactions")
    assert session.asked == []
