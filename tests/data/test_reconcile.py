from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.api import NOW
from tests.data.books import Books
from tests.harness.examples import examples
from tts_notebook.data.answer import Asked
from tts_notebook.data.reconcile import reconcile
from tts_notebook.errors import APIError, InputError


def reconciled(books, *, session=None, **asked):
    asked = {"since": "20d", "progress": False, "money": "decimal", **asked}
    return reconcile(session or books.session(), Asked(**asked), now=NOW)


def wrong(found):
    """What is missing or mismatched: reason, ids and the amount."""
    rows = found.differences[found.differences["reason"].isin(["missing", "mismatch"])]
    return sorted(
        (row["reason"], *(row[name] or "" for name in ("order_id", "transaction_id", "statement_id", "payment_id")))
        for row in rows.fillna("").to_dict("records")
    )


def test_books_that_add_up_show_only_what_waits():
    books = Books()

    found = reconciled(books)

    assert found.adds_up
    assert found.differences["reason"].unique().tolist() == ["unsettled"]
    assert set(found.differences["order_id"]) == {row["order_id"] for row in books.unsettled}
    assert len(found.rows) == len(books.orders)
    assert found.rows["sale_amount"].sum() == sum(
        Decimal(each["payment"]["original_total_product_price"]) - Decimal("1.05") for each in books.orders
    )
    row = found.summary.iloc[0]
    assert (row["orders"], row["orders_settled"], row["statements"]) == (36, 30, 10)
    assert row["settlement_amount"] == row["paid_amount"] == found.rows["settlement_amount"].dropna().sum()
    assert "it adds up." in repr(found)
    assert "6 unsettled: the order is not settled yet" in repr(found)


def lose_transaction(books, name):
    gone = books.transactions[name].pop()
    books.close(name)
    _repay(books, name)
    return [("missing", gone["order_id"], "", "", "")]


def change_sale(books, name):
    row = books.transactions[name][0]
    placed = next(each for each in books.orders if each["id"] == row["order_id"])
    placed["payment"]["original_total_product_price"] = "1.07"
    return [("mismatch", row["order_id"], row["id"], name, "")]


def break_identity(books, name):
    row = books.transactions[name][1]
    row["settlement_amount"] = str(Decimal(row["settlement_amount"]) + Decimal("0.01"))
    return [
        ("mismatch", row["order_id"], row["id"], name, ""),
        ("mismatch", "", "", name, books.statements[name]["payment_id"]),
    ]


def change_statement(books, name):
    """A statement that adds up in itself, and differs by a penny from its transactions."""
    for field in ("fee_amount", "settlement_amount"):
        books.statements[name][field] = str(Decimal(books.statements[name][field]) - Decimal("0.01"))
    _repay(books, name)
    return [("mismatch", "", "", name, books.statements[name]["payment_id"])] * 2


def lose_payment(books, name):
    payment_id = books.statements[name]["payment_id"]
    books.payments[:] = [each for each in books.payments if each["id"] != payment_id]
    return [("missing", "", "", each["id"], payment_id) for each in _paid_by(books, payment_id)]


def short_payment(books, name):
    payment_id = books.statements[name]["payment_id"]
    payment = next(each for each in books.payments if each["id"] == payment_id)
    less = str(Decimal(payment["amount"]["value"]) - 1)
    payment["amount"] = payment["settlement_amount"] = {"value": less, "currency": "GBP"}
    return [("mismatch", "", "", "", payment_id)]


def _paid_by(books, payment_id):
    return [each for each in books.statements.values() if each["payment_id"] == payment_id]


def _repay(books, name):
    payment_id = books.statements[name]["payment_id"]
    total = str(sum(Decimal(each["settlement_amount"]) for each in _paid_by(books, payment_id)))
    for payment in books.payments:
        if payment["id"] == payment_id:
            payment["amount"] = payment["settlement_amount"] = {"value": total, "currency": "GBP"}


PLANTS = [lose_transaction, change_sale, break_identity, change_statement, lose_payment, short_payment]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_discrepancy_is_found_where_it_is(plant):
    books = Books()
    expected = plant(books, list(books.statements)[4])

    found = reconciled(books)

    assert wrong(found) == sorted(expected)
    assert not found.adds_up
    assert f"{len(expected)} missing or mismatched." in repr(found)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(places=st.lists(st.sampled_from(PLANTS), unique=True, max_size=5), shift=st.integers(0, 4))
def test_every_planted_discrepancy_is_found_and_no_other(places, shift):
    books = Books()
    names = list(books.statements)[::2]  # each in a payment of its own
    expected = [each for n, plant in enumerate(places) for each in plant(books, names[(n + shift) % len(names)])]

    assert wrong(reconciled(books)) == sorted(expected)


def test_adjustments_and_reserves_are_told_and_are_no_mistake():
    books = Books()
    name = list(books.statements)[3]
    base = dict.fromkeys(("revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount"), "0")
    base |= {"order_id": "", "order_create_time": 0, "settlement_amount": "0", "reserve_amount": "0"}
    books.transactions[name] += [
        {**base, "id": "1", "type": "LOGISTICS_REIMBURSEMENT", "adjustment_amount": "5", "settlement_amount": "5"},
        {**base, "id": "2", "type": "RESERVE", "reserve_amount": "-7.50", "reserve_status": "Collected"},
    ]
    books.close(name)
    _repay(books, name)

    found = reconciled(books)

    assert found.adds_up
    told = found.differences.set_index("reason")
    assert told.loc["adjustment", ["transaction_id", "found", "explanation"]].tolist() == [
        "1", Decimal(5), "LOGISTICS_REIMBURSEMENT",
    ]  # fmt: skip
    assert told.loc["reserve", ["transaction_id", "found", "explanation"]].tolist() == [
        "2", Decimal("-7.5"), "RESERVE Collected",
    ]  # fmt: skip


def test_a_statement_that_is_not_paid_yet_waits():
    books = Books()
    name = list(books.statements)[-1]
    payment_id = books.statements[name]["payment_id"]
    for each in _paid_by(books, payment_id):
        each.update(payment_status="PROCESSING", payment_id="")
    books.payments.pop()

    found = reconciled(books)

    assert found.adds_up
    assert (found.differences["reason"] == "unpaid").sum() == 2


def test_orders_of_which_nothing_is_settled_ever_are_no_difference():
    books = Books(waiting_days=0)
    for each in books.unsettled:
        each["order_id"] = ""
    lost = books.orders[0]
    lose = next(row for rows in books.transactions.values() for row in rows if row["order_id"] == lost["id"])
    name = next(name for name, rows in books.transactions.items() if lose in rows)
    books.transactions[name].remove(lose)
    books.close(name)
    _repay(books, name)
    lost["status"] = "CANCELLED"

    assert len(reconciled(books).differences) == 0


def test_a_shop_without_payments_is_compared_as_far_as_its_statements():
    books = Books()
    session = books.session()
    session.answers["/finance/202309/payments"] = APIError("/finance/202309/payments", 36009004, "no", "R1")

    found = reconciled(books, session=session)

    assert found.adds_up
    assert "Payments are not compared" in found.notes[0]
    assert "Note: Payments are not compared" in repr(found)


def test_statements_without_a_shipping_cost_have_it_in_their_fees():
    books = Books()
    for each in books.statements.values():
        each["fee_amount"] = str(Decimal(each["fee_amount"]) + Decimal(each.pop("shipping_cost_amount")))

    assert reconciled(books).adds_up


def test_a_period_in_the_middle_is_whole():
    found = reconciled(Books(), since="9d", until="5d")

    assert found.adds_up
    assert found.summary["orders"].tolist() == [12]


def test_an_empty_period_makes_the_same_columns():
    empty, full = reconciled(Books(), since="2026-01-01", until="2026-01-02"), reconciled(Books())

    assert len(empty.rows) == len(empty.summary) == len(empty.differences) == 0
    for name in ("summary", "rows", "differences"):
        assert getattr(empty, name).dtypes.to_dict() == getattr(full, name).dtypes.to_dict()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="is not a time"):
        reconciled(Books(), since="soon")
