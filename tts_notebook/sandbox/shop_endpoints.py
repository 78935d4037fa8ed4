"""Shops and seller: the calls that a client makes first. None of them takes a shop_cipher."""

from __future__ import annotations

from .endpoints import Answer, Call, Endpoint


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
    return {"shops": [{"id": shop.id, "region": shop.region} for shop in call.seller.shops]}


def permissions(call: Call) -> Answer:
    return {"permissions": list(call.seller.permissions)}


ENDPOINTS = (
    Endpoint("GET", "/authorization/202309/shops", "seller.authorization.info", authorized_shops, per_shop=False),
    Endpoint("GET", "/seller/202309/shops", "seller.shop.info", active_shops, per_shop=False),
    Endpoint("GET", "/seller/202309/permissions", "seller.shop.info", permissions, per_shop=False),
)
