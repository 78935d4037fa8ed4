"""Products, stock, categories and brands: what orders name is what the catalogue holds."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sandbox.desk import Desk
from tts_notebook.sandbox.goods import STATUSES
from tts_notebook.sandbox.stock import opening_stock, stock_of
from tts_notebook.sandbox.world import World

SEARCH = "/product/202502/products/search"
INVENTORY = "/product/202309/inventory/search"
CATEGORIES = "/product/202309/categories"
BRANDS = "/product/202309/brands"
official = pytest.mark.tools


def products(desk: Desk, **body: object):
    return desk.rows("POST", SEARCH, "products", body, page_size="100")


def tree(desk: Desk):
    return desk.data("GET", CATEGORIES, category_version="v2" if desk.region == "US" else "v1")["categories"]


@pytest.mark.parametrize("seed", range(4))
def test_in_any_world_what_was_sold_is_no_longer_in_stock(seed):
    world = World(seed, 200, 1_794_500_000)
    for shop in [shop for seller in world.sellers for shop in seller.shops]:
        books = world.books(shop)
        before, opening = stock_of(books), opening_stock(books)

        books.add(30, 1_794_500_060)
        after = stock_of(books)

        assert opening == opening_stock(books)
        assert sum(after.available.values()) < sum(before.available.values())
        assert sum(after.committed.values()) > sum(before.committed.values())
        assert min(before.available.values()) >= 0
        assert sum(before.available.values()) <= sum(opening.values())


@official
def test_every_line_item_is_in_the_catalogue_at_its_price(desks):
    for desk in desks:
        skus = {sku["id"]: (product, sku) for product in products(desk) for sku in product["skus"]}
        for item in [item for order in desk.orders for item in order["line_items"]]:
            product, sku = skus[item["sku_id"]]
            assert (product["id"], product["title"]) == (item["product_id"], item["product_name"])
            assert (sku["seller_sku"], sku["price"]["sale_price"]) == (item["seller_sku"], item["original_price"])


@official
def test_stock_is_the_same_in_search_and_inventory_and_committed_is_not_shipped(desks):
    for desk in desks:
        found = products(desk)
        rows = desk.data("POST", INVENTORY, {"product_ids": [row["id"] for row in found]})["inventory"]
        waits = ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING")
        sold = Counter(
            item["sku_id"] for order in desk.orders if order["status"] in waits for item in order["line_items"]
        )
        listed = {sku["id"]: sku["inventory"] for product in found for sku in product["skus"]}

        assert [row["product_id"] for row in rows] == [row["id"] for row in found]
        for sku in [sku for row in rows for sku in row["skus"]]:
            places = sku["warehouse_inventory"]
            kept = sku["total_available_inventory_distribution"]
            extra = kept["campaign_inventory"] + kept["creator_inventory"]
            assert sku["total_available_quantity"] == sum(place["available_quantity"] for place in places)
            assert sku["total_committed_quantity"] == sum(place["committed_quantity"] for place in places)
            assert sku["total_committed_quantity"] == sold[sku["id"]]
            in_shop = kept["in_shop_inventory"]["quantity"]
            assert in_shop + sum(each["quantity"] for each in extra) == sku["total_available_quantity"]
            if listed[sku["id"]]:
                assert [place["available_quantity"] for place in places] == [
                    place["quantity"] for place in listed[sku["id"]]
                ]


@official
def test_details_agree_with_the_search_and_with_the_categories(desks):
    for desk in desks:
        known = {row["id"]: row for row in tree(desk)}
        for product in products(desk):
            path = f"/product/202309/products/{product['id']}"
            if product["status"] in ("FREEZE", "DELETED"):
                assert desk.ask("GET", path).refusal == (200, 12019150)
                continue
            detail = desk.data("GET", path)
            chain = detail["category_chains"]

            assert {name: detail[name] for name in ("id", "title", "status", "create_time", "update_time")} == {
                name: product[name] for name in ("id", "title", "status", "create_time", "update_time")
            }
            assert [sku["inventory"] for sku in detail["skus"]] == [sku["inventory"] for sku in product["skus"]]
            assert [each["parent_id"] for each in chain] == ["0", *(each["id"] for each in chain[:-1])]
            assert chain[-1]["is_leaf"]
            assert all(known[each["id"]]["local_name"] == each["local_name"] for each in chain)


@official
def test_a_search_can_be_for_status_skus_and_windows_that_include_both_ends(desks):
    desk = desks[0]
    everything = products(desk)
    times = sorted(row["update_time"] for row in everything)
    sku = everything[2]["skus"][0]

    assert {row["status"] for row in everything} == set(STATUSES)
    for status in STATUSES:
        assert products(desk, status=status) == [row for row in everything if row["status"] == status]
    assert products(desk, status="ALL") == everything
    assert sku["seller_sku"] in {each["seller_sku"] for each in products(desk, sku_ids=[sku["id"]])[0]["skus"]}
    assert products(desk, seller_skus=[sku["seller_sku"]]) == [everything[2]]
    assert [row["audit"]["status"] for row in products(desk, audit_status=["FAILED"])] == ["FAILED"]
    low, high = times[3], times[9]
    inside = products(desk, update_time_ge=low, update_time_le=high)
    assert sorted(row["update_time"] for row in inside) == times[3:10]
    born = everything[4]["create_time"]
    assert everything[4] in products(desk, create_time_ge=born, create_time_le=born)


@official
def test_markets_have_fields_of_their_own(desks):
    for desk in desks:
        found = products(desk)
        assert all(("listing_quality_tier" in row) is (desk.region == "US") for row in found)
        on_tokopedia = [row for row in found if row["integrated_platform_statuses"]]
        assert bool(on_tokopedia) is (desk.region == "ID")
        assert len(tree(desk)) > 20
        assert {row["sales_regions"][0] for row in found} == {desk.region}


@official
def test_a_catalogue_of_more_than_ten_thousand_must_be_cut_into_windows(visit):
    visitor = visit("--products", "10100").sign_in()
    desk = Desk(visitor, visitor.shops[0])
    first = desk.data("POST", SEARCH, {}, page_size="100")
    times = [first["products"][0]["create_time"]]

    token = first["next_page_token"]
    for _ in range(99):
        data = desk.ask("POST", SEARCH, {}, page_size="100", page_token=token).data
        token = data["next_page_token"]
    times.append(data["products"][-1]["create_time"])

    assert first["total_count"] > 10_100
    assert desk.ask("POST", SEARCH, {}, page_size="100", page_token=token).refusal == (200, 12019123)
    rest = products(desk, create_time_ge=times[1] + 1)
    assert len(rest) + 10_000 == first["total_count"]


@official
def test_the_tree_of_the_united_states_must_be_asked_for(desks):
    us = next(desk for desk in desks if desk.region == "US")

    assert us.ask("GET", CATEGORIES).refusal == (200, 12052910)
    assert us.ask("GET", BRANDS, page_size="10").refusal == (200, 12052910)
    parents = {row["id"]: row["parent_id"] for row in tree(us)}
    deepest = 0
    for row in parents:
        depth, at = 1, row
        while parents[at] != "0":
            depth, at = depth + 1, parents[at]
        deepest = max(deepest, depth)
    assert deepest == 7
    assert [row["local_name"] for row in desks[0].data("GET", CATEGORIES, keyword="coff")["categories"]] == ["Coffee"]


@official
def test_brands_come_in_pages_and_can_be_searched(desks):
    desk = desks[0]
    everything = desk.rows("GET", BRANDS, "brands", page_size="100")

    assert desk.rows("GET", BRANDS, "brands", page_size="33") == everything
    assert {row["authorized_status"] for row in everything} == {"AUTHORIZED", "UNAUTHORIEZD"}
    assert [row["name"] for row in desk.rows("GET", BRANDS, "brands", page_size="9", is_authorized="true")] == [
        desk.shop["name"]
    ]
    assert len(desk.rows("GET", BRANDS, "brands", page_size="100", brand_name="Maker 00")) == 9


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"seller_skus": ["x"] * 11}, (200, 12019027)),
        ({"sku_ids": ["1"] * 11}, (200, 12019087)),
        ({"create_time_ge": 9, "create_time_le": 5}, (200, 12019118)),
        ({"update_time_ge": 9, "update_time_le": 5}, (200, 12019119)),
        ({"status": "LIVE"}, (400, 36009004)),
        ({"audit_status": ["FINE"]}, (400, 36009004)),
    ],
)
def test_a_wrong_search_is_refused(seller, body, refusal):
    assert seller.ask("POST", SEARCH, body, page_size="10").refusal == refusal


@pytest.mark.parametrize("size", ["", "0", "101"])
def test_pages_of_products_and_brands_hold_one_to_a_hundred(seller, size):
    assert seller.ask("POST", SEARCH, {}, page_size=size).refusal == (400, 36009004)
    assert seller.ask("GET", BRANDS, page_size=size).refusal == (400, 36009004)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (400, 36009004)),
        ({"product_ids": ["1"] * 101}, (200, 12019120)),
        ({"sku_ids": ["1"] * 601}, (200, 12019015)),
    ],
)
def test_a_wrong_question_about_stock_is_refused(seller, body, refusal):
    assert seller.ask("POST", INVENTORY, body).refusal == refusal


def test_skus_win_over_products_and_unknown_ids_are_left_out(seller):
    product = seller.ask("POST", SEARCH, {}, page_size="1").data["products"][0]
    sku = product["skus"][0]["id"]

    found = seller.ask("POST", INVENTORY, {"sku_ids": [sku, "1"], "product_ids": ["2"]}).data["inventory"]

    assert [(row["product_id"], [each["id"] for each in row["skus"]]) for row in found] == [(product["id"], [sku])]
    assert seller.ask("POST", INVENTORY, {"product_ids": ["2"]}).data["inventory"] == []
    assert seller.ask("GET", "/product/202309/products/1").refusal == (200, 12019150)
