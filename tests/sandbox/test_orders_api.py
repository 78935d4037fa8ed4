"""The endpoints, every answer held against TikTok Shop's official OpenAPI."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tests.sandbox.official import disagreements
from tests.sandbox.visitor import Visitor
from tts_notebook.sandbox.gateway import ENDPOINTS
from tts_notebook.sandbox.orders import STATUSES

SEARCH = "/order/202309/orders/search"
DAY = 86_400
SELLERS = ("gb", "us", "xb", "id")
pytestmark = pytest.mark.tools


def agreed(method: str, path: str, answer):
    """Return the answer's data after the official description has agreed with it."""
    assert disagreements(method, path, answer.json) == []
    return answer.data


@pytest.fixture(scope="module")
def sellers(shop_server) -> dict[str, Visitor]:
    return {key: Visitor(shop_server).sign_in(key) for key in SELLERS}


def test_a_wrong_answer_would_be_noticed():
    answer = {"code": 0, "data": {"orders": [{"id": 7, "colour": "red"}], "total_count": 2**31}}

    assert len(disagreements("POST", SEARCH, answer)) == 3


def test_every_endpoint_is_official():
    assert [disagreements(endpoint.method, endpoint.path.replace("{order_id}", "1"), {}) for endpoint in ENDPOINTS] == [
        [] for _ in ENDPOINTS
    ]


@pytest.mark.parametrize("key", SELLERS)
def test_shops_come_with_their_ciphers(sellers, key):
    visitor = sellers[key]

    shops = agreed("GET", "/authorization/202309/shops", visitor.call("GET", "/authorization/202309/shops"))["shops"]
    active = agreed("GET", "/seller/202309/shops", visitor.call("GET", "/seller/202309/shops"))["shops"]
    allowed = agreed("GET", "/seller/202309/permissions", visitor.call("GET", "/seller/202309/permissions"))

    assert active == [{"id": shop["id"], "region": shop["region"]} for shop in shops]
    assert len({shop["cipher"] for shop in shops}) == len(shops) == (2 if key == "xb" else 1)
    assert {shop["seller_type"] for shop in shops} == {"CROSS_BORDER" if key == "xb" else "LOCAL"}
    assert allowed["permissions"] == (["MANAGE_GLOBAL_PRODUCT"] if key == "xb" else [])


@pytest.mark.parametrize("key", SELLERS)
def test_every_order_agrees_with_the_official_description_in_every_call(sellers, key):
    visitor = sellers[key]
    for shop in visitor.shops:
        cipher = shop["cipher"]
        found = [order["id"] for order in visitor.all_orders(shop_cipher=cipher, page_size="100")]
        agreed("POST", SEARCH, visitor.search(shop_cipher=cipher, page_size="100"))
        for version in ("202309", "202507"):
            path = f"/order/{version}/orders"
            for start in range(0, len(found), 50):
                ids = found[start : start + 50]
                details = agreed("GET", path, visitor.call("GET", path, ids=",".join(ids), shop_cipher=cipher))[
                    "orders"
                ]
                assert [order["id"] for order in details] == ids
        for identifier in found[::20]:
            path = f"/order/202407/orders/{identifier}/price_detail"
            agreed("GET", path, visitor.call("GET", path, shop_cipher=cipher))


@pytest.mark.parametrize(
    "behaviour",
    [
        {"empty_list": "missing", "last_page": "missing", "total_count": "missing"},
        {"absent_times": "zero", "money": "padded", "paging": "offset"},
    ],
)
def test_the_other_ways_of_answering_agree_as_well(visit, behaviour):
    visitor = visit().sign_in()
    visitor.control(behaviour=behaviour)

    page = agreed("POST", SEARCH, visitor.search())
    empty = agreed("POST", SEARCH, visitor.search({"buyer_user_id": "1"}))

    assert ("total_count" in page) is ("total_count" not in behaviour)
    assert ("orders" in empty) is ("empty_list" not in behaviour)
    assert ("next_page_token" in empty) is ("last_page" not in behaviour)


def test_prices_agree_between_search_detail_and_price_detail(sellers):
    for visitor in sellers.values():
        for order in visitor.search(page_size="20").data["orders"]:
            detail = visitor.call("GET", "/order/202507/orders", ids=order["id"], shop_cipher=visitor.cipher).data[
                "orders"
            ][0]
            prices = visitor.call(
                "GET", f"/order/202407/orders/{order['id']}/price_detail", shop_cipher=visitor.cipher
            ).data
            pay = order["payment"]

            assert detail["payment"] == pay
            assert prices["sku_list_price"] == pay["original_total_product_price"]
            assert prices["sku_sale_price"] == pay["sub_total"]
            assert prices["tax_amount"] == pay["tax"]
            assert Decimal(prices["payment"]) == Decimal(pay["total_amount"]) - Decimal(
                pay.get("retail_delivery_fee", 0)
            )
            for name in ("sku_list_price", "sku_sale_price", "subtotal_tax_amount"):
                assert sum(Decimal(line[name]) for line in prices["line_items"]) == Decimal(prices[name])
            assert [line["id"] for line in prices["line_items"]] == [item["id"] for item in order["line_items"]]


def test_a_search_starts_with_the_newest_and_gives_every_order_once(seller):
    orders = seller.all_orders(page_size="33")
    times = [order["create_time"] for order in orders]

    assert len({order["id"] for order in orders}) == len(orders) == 260
    assert times == sorted(times, reverse=True)
    assert seller.search(page_size="1").data["total_count"] == 260


@pytest.mark.parametrize("field", ["create_time", "update_time"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_a_search_is_sorted_as_asked(seller, field, order):
    times = [row[field] for row in seller.all_orders(sort_field=field, sort_order=order, page_size="100")]

    assert times == sorted(times, reverse=order == "DESC")
    assert len(times) == 260


@pytest.mark.parametrize("sort_field", ["create_time", "update_time"])
def test_windows_are_half_open(seller, sort_field):
    orders = seller.all_orders(page_size="100")
    for field in ("create_time", "update_time"):
        times = sorted(order[field] for order in orders)
        low, high = times[60], times[200]

        found = seller.all_orders({f"{field}_ge": low, f"{field}_lt": high}, sort_field=sort_field, page_size="100")

        assert sorted(order[field] for order in found) == [at for at in times if low <= at < high]


@pytest.mark.parametrize("status", STATUSES)
def test_a_search_can_be_for_one_status(seller, status):
    everything = seller.all_orders(page_size="100")

    found = seller.all_orders({"order_status": status}, page_size="100")

    assert [order["id"] for order in found] == [order["id"] for order in everything if order["status"] == status]


def test_the_other_filters_find_what_they_say(seller):
    everything = seller.all_orders(page_size="100")
    buyer, warehouse = everything[7]["user_id"], everything[7]["warehouse_id"]
    for body, matches in [
        ({"buyer_user_id": buyer}, lambda order: order["user_id"] == buyer),
        ({"shipping_type": "SELLER"}, lambda order: order["shipping_type"] == "SELLER"),
        ({"shipping_type": "TIKTOK"}, lambda order: order["shipping_type"] == "TIKTOK"),
        ({"warehouse_ids": [warehouse, "1"]}, lambda order: order["warehouse_id"] == warehouse),
        ({"is_buyer_request_cancel": True}, lambda order: order["is_buyer_request_cancel"]),
        ({"is_buyer_request_cancel": False}, lambda order: not order["is_buyer_request_cancel"]),
        ({"colour": "unknown fields are ignored"}, lambda order: True),
    ]:
        found = seller.all_orders(body, page_size="100")
        assert [order["id"] for order in found] == [order["id"] for order in everything if matches(order)]


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": ""},
        {"page_size": "0"},
        {"page_size": "101"},
        {"page_size": "ten"},
        {"page_size": "-1"},
        {"page_size": "9" * 30},
        {"sort_field": "total"},
        {"sort_order": "desc"},
        {"page_token": "junk"},
        {"page_token": "é" * 100},
    ],
)
def test_a_wrong_query_parameter_is_refused(seller, query):
    assert seller.search(**query).refusal == (400, 36009004)


@pytest.mark.parametrize(
    "body",
    [
        {"create_time_ge": "1794000000"},
        {"create_time_ge": 1.5},
        {"create_time_ge": True},
        {"update_time_lt": -1},
        {"update_time_lt": 10**30},
        {"order_status": "SHIPPED"},
        {"order_status": ["UNPAID"]},
        {"order_status": 100},
        {"shipping_type": "tiktok"},
        {"is_buyer_request_cancel": "true"},
        {"warehouse_ids": "1"},
        {"warehouse_ids": [1]},
        {"warehouse_ids": ["1"] * 101},
        ["a list"],
        "a text",
    ],
)
def test_a_wrong_body_is_refused(seller, body):
    assert seller.search(body).refusal == (400, 36009004)


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"nothing", b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(seller, raw):
    answer = seller.call("POST", SEARCH, raw, page_size="1", shop_cipher=seller.cipher)

    assert answer.refusal == (400, 36009004)


def test_a_body_of_another_type_is_refused(seller):
    target = seller.signed(SEARCH, {"page_size": "1", "shop_cipher": seller.cipher}, b"a=1")

    answer = seller.send("POST", target, b"a=1", x_tts_access_token=seller.token, content_type="text/plain")

    assert answer.refusal == (400, 36009022)


def test_a_page_token_belongs_to_its_search(seller):
    body = {"create_time_ge": 1}
    token = seller.search(body, page_size="10").data["next_page_token"]
    us = Visitor(seller.sandbox).sign_in("us")

    assert seller.search(body, page_size="10", page_token=token).status == 200
    for asked, query in [
        (None, {"page_size": "10"}),
        (body, {"page_size": "11"}),
        (body, {"page_size": "10", "sort_order": "ASC"}),
        (body, {"page_size": "10", "sort_field": "update_time"}),
        (body | {"order_status": "UNPAID"}, {"page_size": "10"}),
    ]:
        assert seller.search(asked, **query, page_token=token).refusal == (400, 36009004)
    assert us.search(body, page_size="10", page_token=token).refusal == (400, 36009004)


def test_details_come_in_the_order_asked_for(seller):
    ids = [order["id"] for order in seller.search(page_size="3").data["orders"]][::-1]

    answer = seller.call("GET", "/order/202309/orders", ids=",".join([*ids, ids[0]]), shop_cipher=seller.cipher)

    assert [order["id"] for order in answer.data["orders"]] == ids


@pytest.mark.parametrize("ids", ["", ",".join(str(number) for number in range(51))])
def test_details_are_for_one_to_fifty_orders(seller, ids):
    assert seller.call("GET", "/order/202309/orders", ids=ids, shop_cipher=seller.cipher).refusal == (400, 36009004)


@pytest.mark.parametrize("identifier", ["1", "x", "9" * 60])
def test_a_foreign_order_is_a_domain_error(seller, identifier):
    for path, query in [
        ("/order/202309/orders", {"ids": identifier}),
        (f"/order/202407/orders/{identifier}/price_detail", {}),
    ]:
        answer = seller.call("GET", path, shop_cipher=seller.cipher, **query)
        assert answer.refusal == (200, 21008111)
        assert answer.json["data"] is None


def test_orders_that_move_are_found_by_their_update_time(visit):
    visitor = visit().sign_in()
    before = max(order["update_time"] for order in visitor.all_orders(page_size="100"))
    unpaid_before = visitor.all_orders({"order_status": "UNPAID"}, page_size="100")
    visitor.control(clock_offset_seconds=5)

    changed = visitor.control(touch_orders={"count": 7}, add_orders={"count": 3}).json

    found = visitor.all_orders({"update_time_ge": before + 1}, sort_field="update_time", page_size="4")
    assert {order["id"] for order in found} == {*changed["touch_orders"], *changed["add_orders"]}
    assert len(visitor.all_orders(page_size="100")) == 123
    unpaid = visitor.all_orders({"order_status": "UNPAID"}, page_size="100")
    assert {order["id"] for order in unpaid} != {order["id"] for order in unpaid_before}


def test_the_clock_moves_orders_with_their_packages_events_and_money(visit):
    visitor = visit("--orders", "200")
    visitor.control(access_token_seconds=60 * DAY)
    visitor.sign_in()
    before = {order["id"]: order for order in visitor.all_orders(page_size="100")}
    travelling = [name for name, order in before.items() if order["status"] == "IN_TRANSIT"]
    latest = max(order["update_time"] for order in before.values())

    visitor.control(clock_offset_seconds=40 * DAY)
    now = {"timestamp": str(int(time.time()) + 40 * DAY)}

    after = {order["id"]: order for order in visitor.all_orders(page_size="100", **now)}
    moved = {name for name, order in after.items() if order["status"] != before[name]["status"]}
    newer = {"update_time_ge": latest + 1}
    changed = visitor.all_orders(newer, sort_field="update_time", page_size="100", **now)
    pages = visitor.pages("POST", "/fulfillment/202309/packages/search", {}, page_size="50", **now)
    status = {row["orders"][0]["id"]: row["status"] for page in pages for row in page.data["packages"]}
    assert travelling
    assert {after[name]["status"] for name in travelling} == {"COMPLETED"}
    assert {order["id"] for order in changed} == moved
    for name in travelling:
        events = visitor.ask("GET", f"/fulfillment/202309/orders/{name}/tracking", **now).data["tracking"]
        settled = visitor.ask("GET", f"/finance/202501/orders/{name}/statement_transactions", **now).data
        assert events[0]["update_time_millis"] // 1000 == after[name]["delivery_time"] > before[name]["update_time"]
        assert status[name] == "COMPLETED"
        assert settled["sku_transactions"]
