"""Finance over HTTP: what was settled and paid, of sellers whose books add up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.data.test_orders_against_sandbox import logged_in
from tests.data.unpaced import UnpacedShopSession
from tests.harness.sandboxes import Sandbox
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.catalogue import TABLES
from tts_notebook.errors import APIError

FINANCE = ("statements", "transactions", "payments", "withdrawals", "unsettled")
PARTS = ["revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount"]


@pytest.fixture(scope="module", params=["gb", "us", "xb", "id"])
def seller(request, tmp_path_factory):
    """Each seller in turn: British, American, cross-border with two shops, Indonesian."""
    log = tmp_path_factory.mktemp(request.param) / "log"
    sandbox = Sandbox("--auto-approve", "--orders", "150", "--seller", request.param, log=log)
    with logged_in(sandbox, UnpacedShopSession) as session:
        session.pulled = {}
        yield session
    sandbox.stop()


def paying(session):
    """The shops that have payments."""
    return [shop for shop in session.shops if shop.region in ("GB", "US")]


def pulled(session, name):
    """A table of two months, pulled once for all tests that look at it."""
    if name not in session.pulled:
        shops = paying(session) if name == "payments" else None
        session.pulled[name] = getattr(session, name)(since="60d", shops=shops, money="decimal")
    return session.pulled[name]


def refused_in_south_east_asia(session):
    with pytest.raises(APIError, match="no payments for shops in South East Asia"):
        session.payments(since="60d")


@pytest.mark.parametrize("name", FINANCE)
def test_every_field_has_its_column_and_every_row_its_key(seller, name):
    if name == "payments" and not paying(seller):
        refused_in_south_east_asia(seller)
        return

    frame = pulled(seller, name)

    assert len(frame) > 0
    assert frame["extra"].isna().all()
    assert frame.attrs["misfits"] == {}
    assert not frame.duplicated(list(TABLES[name].table.key)).any()


@pytest.mark.parametrize("name", FINANCE)
def test_no_row_in_a_period_makes_the_same_columns(seller, name):
    if name == "payments" and not paying(seller):
        refused_in_south_east_asia(seller)
        return
    shops = paying(seller) if name == "payments" else None
    empty = getattr(seller, name)(since="2025-02-01", until="2025-02-02", shops=shops, money="decimal")

    assert len(empty) == 0
    assert empty.dtypes.to_dict() == pulled(seller, name).dtypes.to_dict()


def test_statements_and_transactions_add_up_to_the_cent(seller):
    statements, transactions = pulled(seller, "statements"), pulled(seller, "transactions")

    assert (transactions[PARTS].sum(axis=1) == transactions["settlement_amount"]).all()
    names = ["revenue_amount", "fee_amount", "shipping_cost_amount", "adjustment_amount"]
    assert (statements[names].sum(axis=1) == statements["settlement_amount"]).all()
    by_statement = transactions.groupby("statement_id")["settlement_amount"].sum()
    assert statements.set_index("statement_id")["settlement_amount"].map(Decimal).to_dict() == by_statement.to_dict()


def test_what_was_settled_of_an_order_is_what_its_transactions_say(seller):
    orders, skus = seller.order_transactions(since="20d", items=True, money="decimal")
    transactions = seller.transactions(since="20d", money="decimal")
    settled = transactions[transactions["type"] == "ORDER"].groupby("order_id")["settlement_amount"].sum()

    by_order = orders.set_index("order_id")["settlement_amount"]
    by_sku = skus.groupby("order_id")["settlement_amount"].sum()

    assert set(by_sku.index) <= set(by_order.index)
    for order_id in settled.index.intersection(by_order.index):
        assert settled[order_id] == by_order[order_id] == by_sku[order_id]


def test_the_books_of_every_seller_add_up(seller):
    found = seller.reconcile(since="60d")

    assert found.adds_up, found.differences[found.differences["reason"].isin(["missing", "mismatch"])].to_string()
    assert set(found.differences["reason"]) >= {"unsettled", "adjustment"}
    assert bool(found.notes) == (len(paying(seller)) < len(seller.shops))


def test_planted_discrepancies_are_found_and_no_other(seller, monkeypatch):
    honest = seller.pages
    planted = {}

    def lie(method, path, **asked):
        for page in honest(method, path, **asked):
            rows = page.get("transactions") or []
            first = next((row for row in rows if row.get("type") == "ORDER"), None)
            if first and "/statements/" in path and len(planted) < 3 and path not in planted:
                planted[path] = first["id"]
                first["settlement_amount"] = str(Decimal(first["settlement_amount"]) + Decimal("0.01"))
            yield page

    monkeypatch.setattr(seller, "pages", lie)
    found = seller.reconcile(since="60d").differences

    wrong = found[found["reason"].isin(["missing", "mismatch"])]
    assert set(wrong["transaction_id"].dropna()) == set(planted.values())
    # each shows twice: in its own parts, and in the sum of its statement
    assert sorted(wrong["statement_id"]) == sorted([path.split("/")[4] for path in planted] * 2)


def test_shops_without_payments_are_told(seller):
    silent = [shop for shop in seller.shops if shop not in paying(seller)]
    if not silent:
        assert len(seller.payments(since="60d")) > 0
    elif paying(seller):
        with pytest.warns(TTSWarning, match=r"no payments for shops in South East Asia, such as .* \(MY\)"):
            frame = seller.payments(since="60d")
        assert frame["region"].unique().tolist() == ["GB"]
        assert list(frame.attrs["partial"]) == [shop.id for shop in silent]
    else:
        with pytest.raises(APIError, match=r"no payments for shops in South East Asia, such as .* \(ID\)"):
            seller.payments(since="60d")
