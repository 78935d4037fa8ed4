"""Returns and cancellations as their searches write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .basket import Basket, Unit, fill_basket
from .catalogue import Shop
from .claims import Claim
from .finance_json import Write
from .markets import DAY
from .money import share
from .order_json import cancel_reason, image_url
from .orders import Order
from .places import address_of

Json = dict[str, Any]
_REASONS = (
    ("quality_issues", "Item is defective"),
    ("not_as_described", "Item doesn't match description"),
    ("missing_item", "Missing item or parts"),
    ("damaged", "Package or item is damaged"),
    ("no_longer_needed", "No longer needed"),
)
_ACTIONS = {
    "RETURN_AND_REFUND": "SELLER_RESPOND_RETURN",
    "REFUND": "SELLER_RESPOND_REFUND",
    "REPLACEMENT": "SELLER_RESPOND_REPLACEMENT",
}
_CANCELLED_BECAUSE = {
    "Order created by mistake": "created_by_mistakes",
    "No longer needed": "no_longer_needed",
    "Better price available": "better_price",
    "Out of stock": "out_of_stock",
    "Pricing error": "pricing_error",
    "Buyer did not pay on time": "payment_overdue",
}


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of a wish to cancel an order."""

    order: Order
    status: str
    created: int
    updated: int

    @property
    def id(self) -> int:
        return self.order.id + 3_550_000_000_000_000_000

    @property
    def by(self) -> str:
        return self.order.cancelled_by or "BUYER"

    @property
    def kind(self) -> str:
        return "BUYER_CANCEL" if self.by == "BUYER" else "CANCEL"


def cancellation_of(order: Order, moment: int) -> Cancellation | None:
    """Return an order's cancellation; money takes a day to be back with the buyer."""
    created = order.cancel_requested or order.cancelled
    if not created:
        return None
    if order.status != "CANCELLED":
        return Cancellation(order, "CANCELLATION_REQUEST_PENDING", created, created)
    refunded = order.cancelled + (DAY if order.paid else 0)
    if moment < refunded:
        return Cancellation(order, "CANCELLATION_REQUEST_SUCCESS", created, order.cancelled)
    return Cancellation(order, "CANCELLATION_REQUEST_COMPLETE", created, refunded)


def cancellation_json(row: Cancellation, shop: Shop, write: Write) -> Json:
    order, basket = row.order, fill_basket(row.order, shop)
    refunds = _cancelled_refunds(order, basket)
    text = cancel_reason(order) if order.cancelled_by else "No longer needed"
    waits = row.status == "CANCELLATION_REQUEST_PENDING"
    due = {"action": "SELLER_RESPOND_CANCEL", "deadline": row.created + 2 * DAY}
    return {
        "cancel_id": str(row.id),
        "order_id": str(order.id),
        "cancel_type": row.kind,
        "cancel_status": row.status,
        "role": row.by,
        "cancel_reason": "ecom_order_to_ship_canceled_reason_" + _CANCELLED_BECAUSE.get(text, "other"),
        "cancel_reason_text": text,
        "create_time": row.created,
        "update_time": row.updated,
        "refund_amount": _amounts(refunds, shop, write),
        "seller_next_action_response": [due] if waits else [],
        "cancel_line_items": [
            _item(unit) | {"cancel_line_item_id": str(unit.id + 3_550_000_000_000_000_000),
                                 "refund_amount": _amounts([refund], shop, write)}
            for unit, refund in zip(basket.units, refunds, strict=True)
        ],
    }  # fmt: skip


# refund of one unit: its price, shipping, tax and retail delivery fee
Refund = tuple[int, int, int, int]


def _cancelled_refunds(order: Order, basket: Basket) -> list[Refund]:
    """Return all that was paid; the first item gets what was paid for shipping."""
    if not order.paid:
        return [(0, 0, 0, 0)] * len(basket.units)
    shipping = (basket.shipping_fee, basket.shipping_tax, basket.place.delivery_fee)
    return [
        (unit.sale_price, fee, unit.tax + fee_tax, delivery)
        for unit, (fee, fee_tax, delivery) in zip(
            basket.units, [shipping, *[(0, 0, 0)] * (len(basket.units) - 1)], strict=True
        )
    ]


def return_json(claim: Claim, shop: Shop, moment: int, write: Write) -> Json:
    """Return a claim as it stands at a moment."""
    basket = fill_basket(claim.order, shop)
    units, (at, status) = claim.units(basket), claim.step_at(moment)
    refunds: list[Refund] = [(unit.sale_price, 0, unit.tax, 0) for unit in units]
    if claim.kind == "REPLACEMENT":
        refunds = [(0, 0, 0, 0)] * len(units)
    reason, text = _REASONS[claim.order.dice // 31 % len(_REASONS)]
    body: Json = {
        "return_id": str(claim.id),
        "order_id": str(claim.order.id),
        "return_type": claim.kind,
        "return_status": status,
        "role": "BUYER",
        "create_time": claim.opened,
        "update_time": at,
        "return_reason": f"ecom_order_delivered_refund_and_return_reason_{reason}",
        "return_reason_text": text,
        "can_buyer_keep_item": claim.kind == "REFUND",
        "is_combined_return": False,
        "arbitration_status": arbitration(status),
        "refund_amount": _amounts(refunds, shop, write),
        "discount_amount": [_discounts(units, shop, write)],
        "seller_next_action_response": _next_action(claim, at, status),
        "return_line_items": [
            _item(unit) | {"return_line_item_id": str(unit.id + 3_450_000_000_000_000_000),
                                 "refund_amount": _amounts([refund], shop, write)}
            for unit, refund in zip(units, refunds, strict=True)
        ],
    }  # fmt: skip
    return body | (_way_back(claim, shop, status, write) if claim.kind == "RETURN_AND_REFUND" else {})


def arbitration(status: str) -> str:
    """Return what the platform decided where a seller and a buyer did not agree."""
    return "SUPPORT_SELLER" if status == "REFUND_OR_RETURN_REQUEST_REJECT" else ""


def _way_back(claim: Claim, shop: Shop, status: str, write: Write) -> Json:
    """Return how the goods come back, and who pays for it."""
    dice, fee = claim.order.dice, share(shop.market.shipping_fee, 750)
    seller_pays = dice % 2 == 0
    body: Json = {
        "shipment_type": "PLATFORM",
        "handover_method": "DROP_OFF" if dice % 5 else "PICKUP",
        "return_method": "PLATFORM_SHIPPED",
        "return_shipping_document_type": "QR_CODE" if dice % 3 else "SHIPPING_LABEL",
        "return_warehouse_address": {"full_address": address_of(shop, 0)["full_address"]},
        "shipping_fee_amount": [
            {
                "currency": shop.market.currency,
                "seller_paid_return_shipping_fee": write(fee if seller_pays else 0),
                "platform_paid_return_shipping_fee": write(0 if seller_pays else fee),
                "buyer_paid_return_shipping_fee": write(0),
            }
        ],
    }
    if status in ("BUYER_SHIPPED_ITEM", "RETURN_OR_REFUND_REQUEST_COMPLETE"):
        identifier, name, pattern = shop.market.carriers[0]
        body |= {"return_provider_id": identifier, "return_provider_name": name}
        body["return_tracking_number"] = pattern.format(dice // 3 % 10**9)
    return body


def _next_action(claim: Claim, at: int, status: str) -> list[Json]:
    if status.endswith("_PENDING"):
        return [{"action": _ACTIONS[claim.kind], "deadline": at + 2 * DAY}]
    if status == "BUYER_SHIPPED_ITEM":
        return [{"action": "SELLER_RESPOND_RECEIVE_PACKAGE", "deadline": at + 4 * DAY}]
    return []


def _item(unit: Unit) -> Json:
    return {
        "order_line_item_id": str(unit.id),
        "sku_id": unit.sku.id,
        "sku_name": unit.sku.name,
        "seller_sku": unit.sku.seller_sku,
        "product_name": unit.sku.product_name,
        "product_image": {"url": image_url(unit.sku.id), "width": 200, "height": 200},
    }


def _amounts(refunds: Iterable[Refund], shop: Shop, write: Write) -> Json:
    rows = list(refunds)
    price, shipping, tax, delivery = (sum(row[at] for row in rows) for at in range(4))
    body = {
        "currency": shop.market.currency,
        "refund_total": write(price + shipping + tax + delivery),
        "refund_subtotal": write(price),
        "refund_shipping_fee": write(shipping),
        "refund_tax": write(tax),
    }
    if shop.region == "US":
        body["retail_delivery_fee"] = write(delivery)
    if shop.region == "ID":
        body["buyer_service_fee"] = write(0)
    return body


def _discounts(units: list[Unit], shop: Shop, write: Write) -> Json:
    return {
        "currency": shop.market.currency,
        "product_seller_discount": write(sum(unit.seller_discount for unit in units)),
        "product_platform_discount": write(sum(unit.platform_discount for unit in units)),
        "shipping_fee_seller_discount": write(0),
        "shipping_fee_platform_discount": write(0),
    }
