"""An order as the order endpoints write it, as JSON text.

A shop's orders repeat themselves: the same SKU at the same discount, the same address
format, the same totals. Those parts are encoded once and remembered, which makes a page of
a hundred new orders several times cheaper than encoding each order as a whole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .basket import Basket, Unit, fill_basket
from .catalogue import Shop, Sku
from .markets import DAY, HOUR, MARKETS, Market, Place
from .money import DECIMALS, amount_text
from .orders import Order

Json = dict[str, Any]

# A line item knows fewer statuses than an order.
_DISPLAY = {"ON_HOLD": "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING": "AWAITING_SHIPMENT"}
_PACKAGE = {
    "AWAITING_COLLECTION": "PROCESSING",
    "IN_TRANSIT": "FULFILLING",
    "DELIVERED": "COMPLETED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
}
_REASONS = {
    "BUYER": ("Order created by mistake", "No longer needed", "Better price available", "Wrong colour 🎨"),
    "SELLER": ("Out of stock", "Pricing error"),
    "SYSTEM": ("Buyer did not pay on time",),
}
_NICKNAMES = ("user{}", "lena.{}", "🌻sunny{}", "mr_{}", "José{}", "小雨{}", "kak.{}", "the real {} ✨")
_IMAGES = "https://p16-oec-va.ibyteimg.com/tos-useast2a-i-o3syd03w52-us/"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Style:
    """How amounts and absent times are written: both vary between markets."""

    padded_money: bool = False
    zero_times: bool = False


def order_text(order: Order, shop: Shop, style: Style, *extra: Json) -> str:
    """Return an order as a JSON object; `extra` holds members that only some versions have."""
    basket = fill_basket(order, shop)
    body = _identity(order, shop) | _times(order, style) | _delivery(order, shop)
    for more in extra:
        body |= more
    members = [
        _members(body),
        _payment(shop.region, style.padded_money, *_sums(basket)),
        '"line_items":[' + ",".join(_line_items(basket, order, shop, style.padded_money)) + "]",
        f'"packages":[{{"id":"{package_id(order)}"}}]' if has_package(order, shop) else '"packages":[]',
    ]
    if order.status not in ("UNPAID", "ON_HOLD"):
        members.append(_address(shop.region, basket.place, order.buyer % 360))
    return "{" + ",".join(members) + "}"


def southeast_asian(order: Order, market: Market) -> Json:
    """Return the members that search and detail 202309 have, and detail 202507 has not."""
    if not market.southeast_asia:
        return {}
    return {
        "fulfillment_priority_level": 600,
        "recommended_shipping_time": (order.paid or order.created) + 20 * HOUR,
    }


def payment_method(order: Order, market: Market) -> Json:
    """Return the members that only order detail has."""
    if order.cash:
        return {}
    _, code, card = _method(order, market)
    return {"payment_method_code": code} | ({"payment_card_type": card} if card else {})


def image_url(identifier: str) -> str:
    return _IMAGES + identifier


def package_id(order: Order) -> str:
    return str(order.id + 575_000_000_000_000_000)


def carrier_of(order: Order, market: Market) -> tuple[str, str, str]:
    """Return id, name and tracking number of the order's carrier."""
    identifier, name, pattern = market.carriers[order.dice // 7 % len(market.carriers)]
    return identifier, name, pattern.format(order.dice % 10**9)


def cancel_reason(order: Order) -> str:
    reasons = _REASONS[order.cancelled_by]
    return reasons[order.dice % len(reasons)]


def _members(body: Json) -> str:
    return _encode(body)[1:-1]


def _method(order: Order, market: Market) -> tuple[str, str, str]:
    return market.card[order.dice // 11 % len(market.card)]


def has_package(order: Order, shop: Shop) -> bool:
    """Whether any of an order's items is in a package that the seller sees."""
    return order.status == "PARTIALLY_SHIPPING" or _has_package(order, shop)


def _has_package(order: Order, shop: Shop) -> bool:
    if order.shipped:
        return True
    # local sellers in the UK and the US see no package before it is shipped
    return order.status != "UNPAID" and (shop.seller_type != "LOCAL" or shop.market.southeast_asia)


def _identity(order: Order, shop: Shop) -> Json:
    dice, buyer, market = order.dice, order.buyer, shop.market
    body: Json = {
        "id": str(order.id),
        "status": order.status,
        "order_type": "NORMAL",
        "user_id": buyer_id(shop, buyer),
        "buyer_email": f"v{buyer * 48271 % 2147483647:x}@chat.seller.tiktok.com",
        "buyer_nickname": _NICKNAMES[buyer % len(_NICKNAMES)].format(buyer + 1000),
        "buyer_message": market.messages[dice // 3 % len(market.messages)] if dice % 9 == 0 else "",
        "seller_note": f"Checked {order.edits} times ✓" if order.edits else "",
        "payment_method_name": "Cash on delivery" if order.cash else _method(order, market)[0],
        "is_cod": order.cash,
        "is_sample_order": dice % 211 == 0,
        "is_on_hold_order": order.holds,
        "is_buyer_request_cancel": order.asks_to_cancel,
        "is_replacement_order": False,
        "is_exchange_order": False,
        "has_updated_recipient_address": dice % 97 == 0,
    }
    if shop.region == "ID":
        body["commerce_platform"] = "TOKOPEDIA" if dice % 5 == 0 else "TIKTOK_SHOP"
    if market.southeast_asia:
        body["order_rights"] = [1] if dice % 4 == 0 else []
    if shop.region == "US" and dice % 83 == 0:
        body["order_type"] = "BACK_ORDER"
        body["handling_duration"] = {"days": "7", "type": "BUSINESS_DAY"}
    if order.status == "CANCELLED":
        body["cancel_reason"] = cancel_reason(order)
        body["cancellation_initiator"] = order.cancelled_by
    return body


def buyer_id(shop: Shop, buyer: int) -> str:
    return str(7_021_436_810_000_000_000 + shop.slot * 10**11 + buyer * 7919)


def _times(order: Order, style: Style) -> dict[str, int]:
    ready = order.paid or order.created
    reached = {
        "paid_time": order.paid,
        "rts_time": order.shipped,
        "collection_time": order.collected,
        "delivery_time": order.delivered,
        "cancel_time": order.cancelled,
        "request_cancel_time": order.cancel_requested,
    }
    if not style.zero_times:
        reached = {name: at for name, at in reached.items() if at}
    return {
        "create_time": order.created,
        "update_time": order.updated,
        "rts_sla_time": ready + 2 * DAY,
        "tts_sla_time": ready + 3 * DAY,
        "shipping_due_time": ready + 4 * DAY,
        "collection_due_time": ready + 5 * DAY,
        "delivery_sla_time": ready + 8 * DAY,
        "delivery_due_time": ready + 20 * DAY,
        "cancel_order_sla_time": ready + 4 * DAY,
        **reached,
    }


def _delivery(order: Order, shop: Shop) -> Json:
    body = {
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER" if order.seller_ships else "TIKTOK",
        "delivery_type": "COLLECTION_POINT" if order.dice % 23 == 0 else "HOME_DELIVERY",
        "delivery_option_id": str(7_091_146_663_229_654_705 + shop.slot * 10),
        "delivery_option_name": "Standard Shipping",
        "warehouse_id": shop.warehouses[order.warehouse],
    }
    if order.shipped:
        identifier, name, tracking = carrier_of(order, shop.market)
        body |= {"shipping_provider_id": identifier, "shipping_provider": name, "tracking_number": tracking}
    return body


def _sums(basket: Basket) -> tuple[int, ...]:
    """Return the basket's amounts in the order in which `_payment` takes them."""
    return (
        basket.list_price, basket.seller_discount, basket.platform_discount, basket.sub_total, basket.shipping,
        basket.shipping_seller_discount, basket.shipping_platform_discount, 0, basket.shipping_fee,
        basket.shipping_tax, basket.product_tax, basket.tax, basket.total, basket.place.delivery_fee,
    )  # fmt: skip


_PAYMENT = (
    "original_total_product_price", "seller_discount", "platform_discount", "sub_total", "original_shipping_fee",
    "shipping_fee_seller_discount", "shipping_fee_platform_discount", "shipping_fee_cofunded_discount",
    "shipping_fee", "shipping_fee_tax", "product_tax", "tax", "total_amount", "retail_delivery_fee",
)  # fmt: skip


@lru_cache(maxsize=20_000)
def _payment(region: str, padded: bool, *sums: int) -> str:
    currency = MARKETS[region].currency
    body = {
        name: amount_text(amount, DECIMALS[currency], padded)
        for name, amount in zip(_PAYMENT, sums, strict=True)
        if region == "US" or name != "retail_delivery_fee"
    }
    return '"payment":' + _encode(body | {"currency": currency})


def _line_items(basket: Basket, order: Order, shop: Shop, padded: bool) -> list[str]:
    first = rest = _members(_item_status(order, shop))
    if order.status == "PARTIALLY_SHIPPING":
        first = _members(_first_package(order))
    region, rate = shop.region, basket.place.tax
    return [
        f'{{"id":"{unit.id}",{_sold(unit.sku, region, padded, rate, _prices(unit))},{rest if at else first}}}'
        for at, unit in enumerate(basket.units)
    ]


Prices = tuple[int, int, int, bool]


def _prices(unit: Unit) -> Prices:
    return unit.seller_discount, unit.platform_discount, unit.tax, unit.gift


@lru_cache(maxsize=20_000)
def _sold(sku: Sku, region: str, padded: bool, rate: int, prices: Prices) -> str:
    """Return the members of a line item that do not depend on which order it is in."""
    by_seller, by_platform, tax, gift = prices
    currency = MARKETS[region].currency
    amounts = {
        "original_price": sku.price,
        "sale_price": sku.price - by_seller - by_platform,
        "seller_discount": by_seller,
        "platform_discount": by_platform,
    }
    body: Json = {
        "sku_id": sku.id,
        "product_id": sku.product_id,
        "product_name": sku.product_name,
        "sku_name": sku.name,
        "seller_sku": sku.seller_sku,
        "sku_image": image_url(sku.id),
        "currency": currency,
        **{name: amount_text(amount, DECIMALS[currency], padded) for name, amount in amounts.items()},
        "sku_type": "NORMAL",
        "is_gift": gift,
        "is_dangerous_good": False,
        "needs_prescription": False,
    }
    if region == "US" and tax:
        amount = amount_text(tax, DECIMALS[currency], padded)
        body["item_tax"] = [{"tax_type": "SALES_TAX", "tax_amount": amount, "tax_rate": f"{rate / 1000:g}"}]
    if sku.bundle:
        body["combined_listing_skus"] = [
            {"product_id": part.product_id, "sku_id": part.id, "seller_sku": part.seller_sku, "sku_count": count}
            for part, count in sku.bundle
        ]
    return _members(body)


def _item_status(order: Order, shop: Shop) -> Json:
    """Return what a line item says about its package and its cancellation."""
    body: Json = {"display_status": _DISPLAY.get(order.status, order.status)}
    if order.status == "CANCELLED":
        body |= {"cancel_user": order.cancelled_by, "cancel_reason": cancel_reason(order)}
    if _has_package(order, shop):
        body |= {"package_id": package_id(order), "package_status": _PACKAGE.get(order.status, "TO_FULFILL")}
    if order.shipped:
        identifier, name, tracking = carrier_of(order, shop.market)
        body |= {
            "rts_time": order.shipped,
            "tracking_number": tracking,
            "shipping_provider_id": identifier,
            "shipping_provider_name": name,
        }
    return body


def _first_package(order: Order) -> Json:
    """Return what the only item that has been shipped says, in an order shipped in part."""
    return {
        "display_status": "AWAITING_COLLECTION",
        "package_id": package_id(order),
        "package_status": "PROCESSING",
        "rts_time": order.updated,
    }


@lru_cache(maxsize=20_000)
def _address(region: str, place: Place, buyer: int) -> str:
    return '"recipient_address":' + _encode(recipient(region, place, buyer))


def recipient(region: str, place: Place, buyer: int) -> Json:
    """Return a buyer's address, masked as sellers see it."""
    market = MARKETS[region]
    first, last = market.names[buyer % len(market.names)]
    line = f"{buyer % 9 + 1}* D****** S*****"
    state, city = market.levels
    districts: list[Json] = [
        {"address_level_name": "Country", "address_name": market.country, "iso_code": region},
        {"address_level_name": state, "address_name": place.state, "iso_code": place.iso},
        {"address_level_name": city, "address_name": place.city},
    ]
    body: Json = {
        "name": f"{first} {last}".strip(),
        "first_name": first,
        "last_name": last,
        "phone_number": market.phone.format(buyer),
        "region_code": region,
        "postal_code": place.postal_code,
        "full_address": f"{market.country}, {place.state}, {place.city}, {line}",
        "address_detail": line,
        "address_line1": line,
        **dict.fromkeys(("address_line2", "address_line3", "address_line4"), ""),
        "district_info": [{"address_level": f"L{at}", **level} for at, level in enumerate(districts)],
    }
    if region == "GB":
        body["post_town"] = place.city
    if region == "US":
        body["delivery_preferences"] = {"drop_off_location": "Front Door"}
    return body
