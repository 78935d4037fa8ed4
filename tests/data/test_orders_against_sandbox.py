"""The whole way over HTTP: a login's token, signed calls, pages, tables."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.harness.sandboxes import Sandbox
from tts_notebook.app import App
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import MemoryStore
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS
from tts_notebook.data.shop import ShopSession


def logged_in(sandbox, kind=ShopSession, **options):
    """Consent, exchange the code, and return the session, as a login does."""
    app = App(
        app_key=sandbox.app_key,
        app_secret=sandbox.app_secret,
        service_id=sandbox.service_id,
        authorize_url=sandbox.authorize_url,
        auth_base_url=sandbox.auth_base_url,
        api_base_url=sandbox.api_base_url,
    )
    consent = requests.get(app.authorization_url("s3"), allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(consent.headers["Location"]).query)["code"][0]
    endpoint = TokenEndpoint.of(app)
    keeper = TokenKeeper(endpoint, MemoryStore())
    keeper.adopt(endpoint.exchange(code))
    return kind(app, keeper, **options)


@pytest.fixture(scope="module")
def tts(tmp_path_factory):
    sandbox = Sandbox("--auto-approve", "--orders", "450", log=tmp_path_factory.mktemp("orders") / "log")
    with logged_in(sandbox) as session:
        yield session
    sandbox.stop()


def test_all_orders_of_a_shop_come_once_with_typed_columns(tts):
    orders, items = tts.orders(since="all", items=True)

    assert len(orders) >= 300
    assert orders["order_id"].is_unique
    assert orders["created_at"].is_monotonic_increasing
    assert len(items) == orders["item_count"].sum()
    assert set(items["order_id"]) == set(orders["order_id"])
    assert orders["extra"].isna().all()
    assert items["extra"].isna().all()
    assert orders.attrs["misfits"] == items.attrs["misfits"] == {}


def test_items_alone_are_the_items_of_the_orders(tts):
    _, items = tts.orders(since="all", items=True)

    alone = tts.order_items(since="all", until=items.attrs["until"])

    assert alone.equals(items)


def test_amounts_add_up_to_the_cent(tts):
    orders, items = tts.orders(since="all", items=True, money="decimal")
    by_order = items.groupby("order_id")["original_price"].sum()
    orders = orders.set_index("order_id")

    assert (orders["sub_total"] + orders["seller_discount"] + orders["platform_discount"]).equals(
        orders["original_total_product_price"]
    )
    assert by_order.map(Decimal).to_dict() == orders["original_total_product_price"].map(Decimal).to_dict()


def test_periods_side_by_side_hold_every_order_once(tts):
    everything = tts.orders(since="all")
    middle = everything["created_at"].iloc[len(everything) // 2]
    end = everything.attrs["until"]

    before, after = tts.orders(since="all", until=middle), tts.orders(since=middle, until=end)

    assert [*before["order_id"], *after["order_id"]] == everything["order_id"].tolist()
    assert after["created_at"].min() == middle


def test_a_status_is_asked_of_tiktok_shop(tts):
    everything = tts.orders(since="all")

    cancelled = tts.orders(since="all", until=everything.attrs["until"], status="CANCELLED")

    assert cancelled["order_id"].tolist() == everything.query("status == 'CANCELLED'")["order_id"].tolist()


def test_what_changed_last_in_a_period_is_found_by_update_time(tts):
    everything = tts.orders(since="all")
    day = everything["updated_at"].max().floor("D")

    changed = tts.orders(since=day, until=everything.attrs["until"], by="update_time")

    assert set(changed["order_id"]) == set(everything[everything["updated_at"] >= day]["order_id"])


def test_no_order_in_a_period_makes_the_same_columns(tts):
    empty = tts.orders(since="2001-01-01", until="2001-01-02")

    assert len(empty) == 0
    assert empty.dtypes.to_dict() == tts.orders(since="all").dtypes.to_dict()


def test_detail_adds_its_columns(tts):
    orders, items = tts.orders(since="3d", items=True, detail=True)

    assert len(orders.columns) == len(ORDERS.columns) + len(ORDERS.detail) + 1
    assert len(items.columns) == len(ORDER_ITEMS.columns) + len(ORDER_ITEMS.detail) + 1
    assert orders["price_total"].notna().any()
    assert items["price_total"].notna().any()
    assert orders["extra"].isna().all()
