"""Warehouses, packages and tracking: what orders say of their shipping is what these say."""

from __future__ import annotations

import pytest

from tests.sandbox.desk import Desk

SEARCH = "/fulfillment/202309/packages/search"
WAREHOUSES = "/logistics/202309/warehouses"
GLOBAL = "/logistics/202309/global_warehouses"
OF_STATUS = {
    "AWAITING_COLLECTION": "PROCESSING",
    "IN_TRANSIT": "FULFILLING",
    "DELIVERED": "COMPLETED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
}
official = pytest.mark.tools


def packages(desk: Desk, body: object = None, **query: str):
    return desk.rows("POST", SEARCH, "packages", body, **{"page_size": "50", **query})


@pytest.fixture(scope="module")
def shipped(desks):
    """For each shop its orders by id, and its packages."""
    return [(desk, {order["id"]: order for order in desk.orders}, packages(desk)) for desk in desks]


@official
def test_orders_and_packages_name_each_other(shipped):
    for _, orders, found in shipped:
        named = [each["id"] for order in orders.values() for each in order["packages"]]

        assert sorted(package["id"] for package in found) == sorted(named)
        for package in found:
            (inside,) = package["orders"]
            order = orders[inside["id"]]
            items = {item["id"]: item for item in order["line_items"]}
            assert order["packages"] == [{"id": package["id"]}]
            assert set(package["order_line_item_ids"]) <= set(items)
            assert sum(sku["quantity"] for sku in inside["skus"]) == len(package["order_line_item_ids"])
            assert all(items[item]["package_id"] == package["id"] for item in package["order_line_item_ids"])
            assert package["status"] == OF_STATUS.get(order["status"], "PROCESSING")
            assert package.get("tracking_number") == order.get("tracking_number")
            assert package.get("shipping_provider_id") == order.get("shipping_provider_id")


@official
def test_package_details_agree_with_the_search(shipped):
    for desk, orders, found in shipped:
        for package in found[::9]:
            detail = desk.data("GET", f"/fulfillment/202309/packages/{package['id']}")
            order = orders[package["orders"][0]["id"]]

            assert (detail["package_id"], detail["package_status"]) == (package["id"], package["status"])
            assert detail["orders"] == package["orders"]
            assert detail["delivery_option_id"] == order["delivery_option_id"]
            addresses = [found.get("recipient_address", {}).get("full_address") for found in (detail, order)]
            assert addresses[0] == addresses[1]
            assert detail["has_multi_skus"] is (len({item["sku_id"] for item in order["line_items"]}) > 1)


@official
def test_tracking_tells_the_orders_times_in_milliseconds(shipped):
    for desk, orders, _ in shipped:
        for order in list(orders.values())[::11]:
            events = desk.data("GET", f"/fulfillment/202309/orders/{order['id']}/tracking")["tracking"]
            times = [event["update_time_millis"] for event in events]

            assert times == sorted(times, reverse=True)
            assert bool(times) is ("rts_time" in order)
            if times:
                last = max(order.get(name, 0) for name in ("rts_time", "collection_time", "delivery_time"))
                assert times[0] // 1000 == last
                assert times[-1] // 1000 == order["rts_time"]


@official
def test_orders_ship_from_warehouses_by_options_and_carriers_that_exist(shipped):
    for desk, orders, _ in shipped:
        found = desk.data("GET", WAREHOUSES)["warehouses"]
        sales = [row["id"] for row in found if row["type"] == "SALES_WAREHOUSE"]
        (returns,) = [row for row in found if row["type"] == "RETURN_WAREHOUSE"]
        carriers = {}
        for warehouse in sales:
            path = f"/logistics/202309/warehouses/{warehouse}/delivery_options"
            for option in desk.data("GET", path)["delivery_options"]:
                path = f"/logistics/202309/delivery_options/{option['id']}/shipping_providers"
                rows = desk.data("GET", path)["shipping_providers"]
                carriers[option["id"]] = {row["id"]: row["name"] for row in rows}

        assert len({row["entity_id"] for row in found if row["entity_id"] == returns["entity_id"]}) == 1
        assert sum(row["entity_id"] == returns["entity_id"] for row in found) == 2
        for order in orders.values():
            assert order["warehouse_id"] in sales
            if "shipping_provider_id" in order:
                known = carriers[order["delivery_option_id"]]
                assert known[order["shipping_provider_id"]] == order["shipping_provider"]


def test_only_sellers_of_several_countries_have_global_warehouses(visitors):
    found = {key: visitor.call("GET", GLOBAL).data["global_warehouses"] for key, visitor in visitors.items()}

    assert {key: len(rows) for key, rows in found.items()} == {"gb": 0, "us": 0, "xb": 2, "id": 0}
    assert visitors["xb"].ask("GET", GLOBAL).refusal == (400, 36009004)


@official
@pytest.mark.parametrize("field", ["create_time", "update_time", "order_pay_time"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_packages_are_sorted_as_asked_and_pages_give_each_once(shipped, field, order):
    desk, orders, everything = shipped[0]

    found = packages(desk, sort_field=field, sort_order=order, page_size="17")

    times = [
        orders[row["orders"][0]["id"]].get("paid_time", 0) if field == "order_pay_time" else row[field] for row in found
    ]
    assert times == sorted(times, reverse=order == "DESC")
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in everything)


@official
def test_packages_can_be_searched_by_status_and_half_open_windows(shipped):
    desk, _, everything = shipped[0]
    for status in ("PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED"):
        mine = [row for row in everything if row["status"] == status]
        assert packages(desk, {"package_status": status}) == mine
    for field in ("create_time", "update_time"):
        times = sorted(row[field] for row in everything)
        low, high = times[20], times[120]
        found = packages(desk, {f"{field}_ge": low, f"{field}_lt": high})
        assert sorted(row[field] for row in found) == [at for at in times if low <= at < high]


@pytest.mark.parametrize("query", [{"page_size": ""}, {"page_size": "0"}, {"page_size": "51"}, {"sort_field": "id"}])
def test_a_wrong_search_of_packages_is_refused(seller, query):
    assert seller.ask("POST", SEARCH, None, **{"page_size": "10", **query}).refusal == (400, 36009004)


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/logistics/202309/warehouses/1/delivery_options", (400, 36009004)),
        ("/logistics/202309/delivery_options/1/shipping_providers", (400, 36009004)),
        ("/fulfillment/202309/packages/1", (200, 21008111)),
        ("/fulfillment/202309/orders/1/tracking", (200, 21008111)),
    ],
)
def test_what_belongs_to_nobody_is_refused(seller, path, refusal):
    assert seller.ask("GET", path).refusal == refusal
