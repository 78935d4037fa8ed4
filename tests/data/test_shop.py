"""The session as a notebook has it: its methods, their help, and what they refuse."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import pytest

from tests.data.api import NOW
from tests.data.books import Books
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.shop import ShopSession
from tts_notebook.errors import InputError


class Seller(ShopSession):
    """A session without a login, which asks an API in memory."""

    def __init__(self, api):
        self._api, self._clock = api, NOW.timestamp

    shops = property(lambda self: self._api.shops)

    def require_scope(self, scope, path):
        self._api.require_scope(scope, path)

    def reader(self, method, path, **options):
        return self._api.reader(method, path, **options)


@pytest.fixture
def tts():
    return Seller(Books().session())


def test_a_method_takes_since_and_until_by_position(tts):
    frame = tts.statements("20d", "5d")

    assert frame["statement_at"].max() < datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
    assert len(frame) == 7


def test_what_belongs_together_comes_from_one_pull(tts):
    orders, items = tts.orders(since="20d", items=True)

    assert len(items) == orders["item_count"].sum()
    assert orders.attrs["calls"] == 1


def test_any_table_of_a_pull_comes_with_it_by_name(tts):
    order = tts.orders(since="20d").head(1)["order_id"][0]
    for placed in tts._api.answers["/order/202309/orders/search"]({}, None)["orders"]:
        if placed["id"] == order:
            part = {"product_id": "17", "sku_id": "18", "seller_sku": "APR", "sku_count": 2}
            placed["line_items"][0]["combined_listing_skus"] = [part]
    before = len(tts._api.asked)

    items, parts, orders = tts.order_items(since="20d", items=["Order_Bundle_SKUs", "orders"])

    assert len(tts._api.asked) == before + 1
    assert parts[["line_item_id", "order_id", "sku_id", "sku_count"]].to_numpy().tolist() == [
        [f"{order}0", order, "18", 2]
    ]
    assert items["bundle_sku_count"].sum() == 1
    assert len(items) == orders["item_count"].sum()


@pytest.mark.parametrize("items", [True, "payments", ["orders", 3]])
def test_a_table_of_another_pull_is_refused_with_those_of_this_one(tts, items):
    with pytest.raises(InputError, match="It can be: orders, order_bundle_skus"):
        tts.order_items(items=items)


def test_a_warning_names_the_line_that_called_the_method(tts):
    tts._api.answers["/finance/202309/statements"] = {"statements": [{"id": "1", "statement_time": "soon"}]}

    with pytest.warns(TTSWarning) as told:
        exec(compile("tts.statements()", "a cell", "exec"), {"tts": tts})
    assert told[0].filename == "a cell"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"statsu": "PAID"}, "statements has no option statsu. Did you mean status?"),
        ({"detail": True}, "statements has no option detail. It takes: since, until, by, status, shops"),
        ({"by": "create_time"}, "by='create_time' is not known. .*statement_time"),
    ],
)
def test_an_option_that_is_not_known_is_answered_in_a_sentence(tts, options, told):
    with pytest.raises(InputError, match=told):
        tts.statements(**options)


def test_too_many_positions_are_a_mistake_of_the_call(tts):
    with pytest.raises(TypeError, match="since and until by position"):
        tts.statements("1d", "2d", "create_time")
    with pytest.raises(TypeError, match="each option once"):
        tts.statements("1d", since="2d")


def test_help_shows_the_options_with_their_defaults():
    signature = inspect.signature(ShopSession.packages)

    assert signature.parameters["by"].default == "create_time"
    assert signature.parameters["detail"].default is False
    assert signature.parameters["since"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert signature.parameters["tz"].kind is inspect.Parameter.KEYWORD_ONLY
    assert ShopSession.packages.__name__ == "packages"


def test_the_books_of_a_session_are_reconciled(tts):
    found = tts.reconcile(since="20d")

    assert found.adds_up
    assert found.rows.dtypes["settlement_amount"] == "float64"
    assert tts.plot.settlement_waterfall(since="20d").axes
