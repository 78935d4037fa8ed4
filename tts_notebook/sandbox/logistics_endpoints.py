"""Logistics and fulfilment: warehouses, ways to ship, packages, and where they are."""

from __future__ import annotations

from .endpoints import Answer, Call, Endpoint
from .listing import page_of
from .packages import (
    STATUSES,
    Package,
    PackageSort,
    detail_json,
    package_json,
    packages_by_id,
    packages_of,
    tracking,
)
from .parameters import Field
from .places import delivery_options, global_warehouses, option_json, providers, return_warehouse, warehouses_json
from .refusals import Refusal, Why

LOGISTICS, FULFILLMENT = "seller.logistics", "seller.fulfillment.basic"
_FOREVER = 2**62


def list_warehouses(call: Call) -> Answer:
    return {"warehouses": warehouses_json(call.books.shop)}


def list_global_warehouses(call: Call) -> Answer:
    return {"global_warehouses": global_warehouses(call.seller)}


def list_delivery_options(call: Call) -> Answer:
    shop, warehouse = call.books.shop, call.path["warehouse_id"]
    if warehouse == return_warehouse(shop):
        return {"delivery_options": []}
    if warehouse not in shop.warehouses:
        raise Refusal(Why.INVALID, f"no warehouse {warehouse}")
    options = delivery_options(shop)
    if call.query["scope"] == "PRODUCT":
        options = options[:2]
    return {"delivery_options": [option_json(option, shop) for option in options]}


def list_shipping_providers(call: Call) -> Answer:
    shop = call.books.shop
    for option in delivery_options(shop):
        if option.id == call.path["delivery_option_id"]:
            return {"shipping_providers": providers(option, shop)}
    raise Refusal(Why.INVALID, f"no delivery option {call.path['delivery_option_id']}")


def search_packages(call: Call) -> Answer:
    books, body = call.books, call.body
    field: PackageSort = call.query["sort_field"]

    def key(package: Package) -> tuple[int, int]:
        return package.time_of(field), package.id

    every = books.derived(("packages", field), lambda: sorted(packages_of(books), key=key))
    created = body["create_time_ge"], body["create_time_lt"] or _FOREVER
    updated = body["update_time_ge"], body["update_time_lt"] or _FOREVER
    status = body["package_status"]
    found = [
        package
        for package in every
        if created[0] <= package.created < created[1]
        and updated[0] <= package.updated < updated[1]
        and status in (None, package.status)
    ]
    return page_of(
        call,
        "packages",
        found,
        key=key,
        write=lambda package: package_json(package, books.shop),
        asked=(created, updated, status),
    )


def package_detail(call: Call) -> Answer:
    package = packages_by_id(call.books).get(call.path["package_id"])
    if package is None:
        raise Refusal(Why.FOREIGN_ORDER, "no such package", status=int(call.behaviour.business_status))
    return detail_json(package, call.books.shop)


def order_tracking(call: Call) -> Answer:
    order = call.books.find(call.path["order_id"])
    if order is None:
        raise Refusal(Why.FOREIGN_ORDER, "no such order", status=int(call.behaviour.business_status))
    return {"tracking": tracking(order)}


SEARCH_QUERY = (
    Field("page_size", "number", required=True, low=1, high=50),
    Field("page_token", default=""),
    Field("sort_field", choices=("create_time", "update_time", "order_pay_time"), default="create_time"),
    Field("sort_order", choices=("ASC", "DESC"), default="DESC"),
)
SEARCH_BODY = (
    Field("package_status", choices=STATUSES),
    Field("create_time_ge", "number", default=0),
    Field("create_time_lt", "number", default=0),
    Field("update_time_ge", "number", default=0),
    Field("update_time_lt", "number", default=0),
)

ENDPOINTS = (
    Endpoint("GET", "/logistics/202309/warehouses", LOGISTICS, list_warehouses),
    Endpoint("GET", "/logistics/202309/global_warehouses", LOGISTICS, list_global_warehouses, per_shop=False),
    Endpoint(
        "GET",
        "/logistics/202309/warehouses/{warehouse_id}/delivery_options",
        LOGISTICS,
        list_delivery_options,
        (Field("scope", choices=("WAREHOUSE", "PRODUCT"), default="WAREHOUSE"),),
    ),
    Endpoint(
        "GET",
        "/logistics/202309/delivery_options/{delivery_option_id}/shipping_providers",
        LOGISTICS,
        list_shipping_providers,
    ),
    Endpoint("POST", "/fulfillment/202309/packages/search", FULFILLMENT, search_packages, SEARCH_QUERY, SEARCH_BODY),
    Endpoint("GET", "/fulfillment/202309/packages/{package_id}", FULFILLMENT, package_detail),
    Endpoint("GET", "/fulfillment/202309/orders/{order_id}/tracking", FULFILLMENT, order_tracking),
)
