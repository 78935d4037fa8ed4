"""Shops and seller: the calls that a client makes first. None of them takes a shop_cipher."""

from __future__ import annotations

from .endpoints import Answer, Call, Endpoint
from .standing import is_active


def authorized_shops(call: Call) -> Answer:
    return {
        "shops": [
            {
                "id": shop.id,
                "name": shop.name,
                "region": shop.region,
                "seller_type": shop.seller_type,
                "cipher": shop.cipher,
                "code": shop.code,
            }
            for shop in call.seller.shops
        ]
    }


def active_shops(call: Call) -> Answer:
    active = is_active(call.inactive, call.seller)
    shops = [shop for shop in call.seller.shops if active and is_active(call.inactive, call.seller, shop)]
    return {"shops": [{"id": shop.id, "region": shop.region} for shop in shops]}


def permissions(call: Call) -> Answer:
    return {"permissions": list(call.seller.permissions)}


def status(call: Call) -> Answer:
    """Return statuses: numbers written as text, 2 for active and 3 for deactivated."""
    active = is_active(call.inactive, call.seller)
    return {
        "seller_status_data": {
            "seller_status": "2" if active else "3",
            "partner_channel": "1",
            "tax_form_status": "2",
            "shop_statuses": [
                {
                    "shop_id": shop.id,
                    "shop_status": "2" if active and is_active(call.inactive, call.seller, shop) else "3",
                }
                for shop in call.seller.shops
            ],
        }
    }


ENDPOINTS = (
    Endpoint("GET", "/authorization/202309/shops", "seller.authorization.info", authorized_shops, per_shop=False),
    Endpoint("GET", "/seller/202309/shops", "seller.shop.info", active_shops, per_shop=False),
    Endpoint("GET", "/seller/202309/permissions", "seller.shop.info", permissions, per_shop=False),
    Endpoint("GET", "/seller/202508/status", "seller.shop.info", status, per_shop=False),
)
