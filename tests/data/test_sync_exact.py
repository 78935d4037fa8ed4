"""tts.sync over answers that a test makes: the rows of the newest versions, whole periods, clear endings."""

from __future__ import annotations

import pytest

from tests.data.api import DAY, NOW, SECOND, FakeAPI, listed, within
from tests.data.live_shop import synced
from tests.data.shops import GB, FakeSession, order
from tts_notebook.data.sync import SyncAsked, sync


@pytest.fixture
def data(tmp_path):
    """A directory that is not there yet."""
    return tmp_path / "data"


class Seller(FakeAPI):
    """An API whose tables can be synced."""

    open_id, reference = "seller", None


class OrderSeller(FakeSession):
    """A shop whose orders can be synced."""

    open_id, reference = "seller", None


def run(session, table, data, *, now=NOW, **asked):
    return sync(session, SyncAsked(table, data, **{"progress": False, **asked}), now=now)


def values(directory, *columns):
    table = synced(directory)
    return sorted(zip(*(table[name].to_pylist() for name in columns), strict=True))


# -- records that have no rows any more ----------------------------------------------------------------


def test_an_order_whose_items_are_gone_has_none_in_the_data(data):
    orders = {GB.id: [order(1), order(2), order(3)]}
    session = OrderSeller(orders)
    run(session, ["orders", "order_items"], data)
    for changed, lines in ((orders[GB.id][0], None), (orders[GB.id][2], [])):
        changed.update(update_time=SECOND, line_items=lines)

    run(session, ["orders", "order_items"], data)

    assert len(values(data / "orders", "order_id")) == 3
    assert {name for (name,) in values(data / "order_items", "order_id")} == {orders[GB.id][1]["id"]}


def test_a_product_whose_skus_are_gone_has_none_in_the_data(data):
    products = [
        {"id": str(number), "create_time": SECOND - 50, "update_time": SECOND - 50, "skus": [{"id": f"{number}1"}]}
        for number in (1, 2)
    ]
    session = Seller({"/product/202502/products/search": listed("products", products, keep=within("create_time"))})
    run(session, "skus", data)
    products[0].update(skus=[], update_time=SECOND - 9)

    run(session, "skus", data)

    assert values(data, "product_id", "sku_id") == [("2", "21")]


def test_a_statement_whose_transactions_are_gone_has_none_in_the_data(data):
    statements = [{"id": str(number), "statement_time": SECOND - DAY} for number in (1, 2)]
    told = {each["id"]: [{"id": f"{each['id']}{number}", "type": "ORDER"} for number in (1, 2)] for each in statements}
    session = Seller(
        {
            "/finance/202309/statements": listed("statements", statements, keep=within("statement_time")),
            "/finance/202501/statements/{id}/statement_transactions": lambda asked, shop, name: {
                "id": name,
                "transactions": told[name],
            },
        }
    )
    run(session, "transactions", data)
    told["1"], told["2"] = [], told["2"][1:]

    run(session, "transactions", data)

    assert values(data, "statement_id", "transaction_id") == [("2", "22")]


def test_a_video_whose_products_are_gone_has_none_in_the_windows_that_are_read_again(data):
    videos = [{"id": "7", "products": [{"id": "70"}]}, {"id": "8", "products": [{"id": "80"}]}]
    session = Seller({"/analytics/202509/shop_videos/performance": {"videos": videos}})
    run(session, "video_products", data, since="70d")
    before = values(data, "video_id", "start_date", "product_id")
    videos[0]["products"] = []
    session.asked.clear()

    run(session, "video_products", data)

    again = {asked["start_date_ge"] for _, asked in session.asked}
    assert 0 < len(again) < len(before) / 2
    left = [(video, start, product) for video, start, product in before if video == "8" or start not in again]
    assert values(data, "video_id", "start_date", "product_id") == left
