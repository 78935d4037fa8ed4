"""Packages: which orders are in one, how far it is, and what its tracking says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from .basket import Unit, fill_basket
from .catalogue import Shop
from .markets import HOUR
from .order_json import carrier_of, has_package, image_url, package_id, recipient
from .orders import Order
from .places import address_of, delivery_options
from .world import ShopBooks

Json = dict[str, Any]
PackageSort = Literal["create_time", "update_time", "order_pay_time"]
STATUSES = ("PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED")
_STATUS = {
    "IN_TRANSIT": "FULFILLING",
    "DELIVERED": "COMPLETED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Package:
    """The one package of an order."""

    order: Order
    id: int
    status: str
    created: int
    updated: int

    def time_of(self, field: PackageSort) -> int:
        if field == "order_pay_time":
            return self.order.paid
        return self.created if field == "create_time" else self.updated


def packages_of(books: ShopBooks) -> list[Package]:
    """Return a shop's packages, in the order in which their orders were placed."""
    return books.derived(
        "packages", lambda: [_package(order) for order in books.orders if has_package(order, books.shop)]
    )


def packages_by_id(books: ShopBooks) -> dict[str, Package]:
    return books.derived("packages by id", lambda: {str(package.id): package for package in packages_of(books)})


def _package(order: Order) -> Package:
    created = order.paid or order.created
    last = order.cancelled or order.delivered or order.collected or order.shipped
    if order.status == "PARTIALLY_SHIPPING":
        last = order.updated
    status = _STATUS.get(order.status, "PROCESSING")
    return Package(order, int(package_id(order)), status, created, max(created, last))


def package_json(package: Package, shop: Shop) -> Json:
    """Return a package as the search lists it."""
    return _contents(package, shop) | {"id": str(package.id), "status": package.status}


def detail_json(package: Package, shop: Shop) -> Json:
    """Return a package as Get Package Detail gives it."""
    order, units = package.order, _units(package, shop)
    option = delivery_options(shop)[0]
    american = shop.region == "US"
    grams = 180 * len(units) + order.dice % 400
    sender = address_of(shop, order.warehouse)
    names = ("address_line1", "address_line2", "full_address", "phone_number", "postal_code", "region_code")
    body = _contents(package, shop) | {
        "package_id": str(package.id),
        "package_status": package.status,
        "delivery_option_id": option.id,
        "delivery_option_name": option.name,
        "shipping_type": "SELLER" if order.seller_ships else "TIKTOK",
        "handover_method": "PICKUP" if order.dice % 3 else "DROP_OFF",
        "split_and_combine_tag": "DEFAULT",
        "note_tag": "BUYER_NOTED" if order.dice % 9 == 0 else "BUYER_UNNOTED",
        "has_multi_skus": len({unit.sku.id for unit in units}) > 1,
        "dimension": {"length": "30", "width": "20.5", "height": "8", "unit": "INCH" if american else "CM"},
        "weight": {
            "value": f"{grams / 454:.2f}" if american else str(grams),
            "unit": "POUND" if american else "GRAM",
        },
        "sender_address": {name: sender[name] for name in names} | {"name": sender["contact_person"]},
    }
    if order.status != "ON_HOLD":
        buyer = recipient(shop.region, fill_basket(order, shop).place, order.buyer % 360)
        more = (*names, "name", "address_detail", "address_line3", "address_line4")
        body["recipient_address"] = {name: value for name, value in buyer.items() if name in more}
    if order.shipped:
        body["pickup_slot"] = {"start_time": order.shipped + HOUR, "end_time": order.shipped + 5 * HOUR}
    if shop.seller_type == "CROSS_BORDER" and order.collected:
        body["last_mile_tracking_number"] = f"LM{order.dice % 10**10:010d}"
    return body


def tracking(order: Order) -> list[Json]:
    """Return where a package was, newest first; times are in milliseconds."""
    halfway = (order.collected + order.delivered) // 2
    events = (
        (order.shipped, "The seller has prepared your package."),
        (order.collected, "Your package has been collected by the carrier."),
        (order.collected and order.delivered and halfway, "Your package has arrived at a sorting centre."),
        (order.collected and order.delivered and order.delivered - 3 * HOUR, "Your package is out for delivery."),
        (order.delivered, "Your package was delivered!"),
    )
    reached = sorted((at * 1000 + order.dice % 1000, text) for at, text in events if at)
    return [{"description": text, "update_time_millis": at} for at, text in reversed(reached)]


def _units(package: Package, shop: Shop) -> list[Unit]:
    units = fill_basket(package.order, shop).units
    return units[:1] if package.order.status == "PARTIALLY_SHIPPING" else units


def _contents(package: Package, shop: Shop) -> Json:
    order, units = package.order, _units(package, shop)
    by_sku = groupby(sorted(units, key=lambda unit: unit.sku.id), key=lambda unit: unit.sku)
    body: Json = {
        "create_time": package.created,
        "update_time": package.updated,
        "order_line_item_ids": [str(unit.id) for unit in units],
        "orders": [
            {
                "id": str(order.id),
                "skus": [
                    {"id": sku.id, "name": sku.name, "image_url": image_url(sku.id), "quantity": len(list(same))}
                    for sku, same in by_sku
                ],
            }
        ],
    }
    if order.shipped:
        identifier, name, number = carrier_of(order, shop.market)
        body |= {"shipping_provider_id": identifier, "shipping_provider_name": name, "tracking_number": number}
    return body
