"""Every family that the sandbox serves, over HTTP: complete, once, and consistent with the others."""

from __future__ import annotations

import pytest
import requests

from tests.data.test_orders_against_sandbox import logged_in
from tests.data.unpaced import UnpacedShopSession
from tests.harness.sandboxes import Sandbox
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.catalogue import TABLES

SERVED = [
    "products",
    "skus",
    "product_categories",
    "product_attributes",
    "product_images",
    "product_certifications",
    "product_delivery_options",
    "product_audit_reasons",
    "product_recommended_categories",
    "sku_stock",
    "sku_attributes",
    "sku_bundles",
    "global_skus",
    "order_bundle_skus",
    "inventory",
    "inventory_campaigns",
    "inventory_creators",
    "categories",
    "brands",
    "warehouses",
    "delivery_options",
    "shipping_providers",
    "packages",
    "package_items",
    "tracking",
    "returns",
    "return_items",
    "cancellations",
    "cancellation_items",
    "performance",
    "product_performance",
    "sku_performance",
    "video_performance",
    "video_products",
    "authorized_shops",
]


RARE = ("returns", "return_items")  # so few orders are sent back that one of the two shops has none


@pytest.fixture(scope="module")
def tts(tmp_path_factory):
    log = tmp_path_factory.mktemp("seller") / "log"
    sandbox = Sandbox("--auto-approve", "--orders", "150", "--seller", "xb", log=log)
    # about a shop without LIVE TikTok Shop answers as if it were out of order, and is asked again
    with logged_in(sandbox, UnpacedShopSession, sleep=lambda seconds: None) as session:
        yield session
    sandbox.stop()


@pytest.mark.parametrize("name", SERVED)
def test_every_field_has_its_column_and_every_row_its_key(tts, name):
    table = TABLES[name].table

    since = "20d" if name == "tracking" or "performance" in name or name == "video_products" else "all"
    frame = getattr(tts, name)(since=since)

    assert len(frame) > 0
    assert frame["extra"].isna().all()
    assert frame.attrs["misfits"] == frame.attrs["partial"] == {}
    assert not table.key or not frame.duplicated(list(table.key)).any()
    shops_with_rows = frame["shop_id"].nunique()
    assert shops_with_rows == len(tts.shops) or (name in RARE and shops_with_rows == 1)


@pytest.mark.parametrize("name", ["products", "packages"])
def test_detail_adds_its_columns_and_contradicts_nothing(tts, name):
    entry = TABLES[name]

    frame, items = getattr(tts, name)(since="20d" if name == "packages" else "all", detail=True, items=True)

    assert len(frame) > 0
    assert set(frame.columns) >= {column.name for column in entry.table.detail}
    assert frame.attrs["misfits"] == {}
    assert frame["extra"].isna().all()
    assert items["extra"].isna().all()


def test_stock_is_that_of_the_skus_and_the_skus_are_those_of_the_products(tts):
    products, skus = tts.products(since="all", items=True)
    stock = tts.inventory()

    assert len(skus) == products["sku_count"].sum()
    assert set(stock["sku_id"]) <= set(skus["sku_id"])
    assert set(stock["warehouse_id"].dropna()) <= set(tts.warehouses()["warehouse_id"])


def test_products_by_period_hold_each_product_once(tts):
    everything = tts.products(since="all")
    middle = everything["created_at"].iloc[len(everything) // 2]

    before, after = tts.products(since="all", until=middle), tts.products(since=middle)

    assert sorted([*before["product_id"], *after["product_id"]]) == sorted(everything["product_id"])


def test_what_was_packed_was_ordered(tts):
    orders = tts.orders(since="60d")
    packages, items = tts.packages(since="60d", items=True)

    known = packages.assign(order_id=packages["order_ids"].str.split(",")).explode("order_id")
    ours = known[known["order_id"].isin(orders["order_id"])]
    assert len(ours) > 0
    assert set(items["package_id"]) <= set(packages["package_id"])
    assert set(orders["package_ids"].dropna().str.split(",").explode()) <= set(packages["package_id"]) | {""}


def test_a_shop_without_live_is_told_and_the_other_shops_rows_come(tts):
    with pytest.warns(TTSWarning, match="LIVE"):
        frame = tts.live_performance(since="20d")

    assert frame["region"].unique().tolist() == ["GB"]
    assert len(frame.attrs["partial"]) == 1


def test_seller_tables_are_about_the_seller(tts):
    assert len(tts.seller_status()) == len(tts.shops)
    assert list(tts.seller_permissions().columns) == ["permission", "extra"]


@pytest.fixture(scope="module")
def one_shop_closed(tmp_path_factory):
    sandbox = Sandbox(
        "--auto-approve", "--orders", "300", "--seller", "xb", log=tmp_path_factory.mktemp("closed") / "log"
    )
    with logged_in(sandbox, UnpacedShopSession) as session:
        assert len(session.shops) == 2
        told = requests.post(f"{sandbox.api_base_url}/sandbox/control", json={"inactive": ["xb:MY"]}, timeout=10)
        assert told.json() == {"inactive": ["xb:MY"]}
        yield session
    sandbox.stop()


OF_A_SHOP = [name for name, entry in TABLES.items() if not entry.table.listing.seller_level]


@pytest.mark.parametrize("name", [name for name in OF_A_SHOP if name not in ("product_families", "live_performance")])
def test_a_shop_that_refuses_is_named_in_every_table_and_the_others_rows_come(one_shop_closed, name):
    timed = TABLES[name].table.listing.root
    since = "60d" if timed.days else "all" if timed.walks else None

    with pytest.warns(TTSWarning, match=r"This shop's rows are missing: Lumen Bay MY \(MY\): .*inactive"):
        frame = getattr(one_shop_closed, name)(since=since)

    closed = next(shop.id for shop in one_shop_closed.shops if shop.region == "MY")
    assert list(frame.attrs["partial"]) == [closed]
    assert frame["region"].unique().tolist() == ["GB"]
