"""What we know of paths before asking: the scope they need, and whether they take a shop_cipher."""

from __future__ import annotations

import re

# the first part of the path names the family, and a family has one reading scope
_SCOPES = {
    "authorization": "seller.authorization.info",
    "seller": "seller.shop.info",
    "order": "seller.order.info",
    "finance": "seller.finance.info",
    "logistics": "seller.logistics",
    "fulfillment": "seller.fulfillment.basic",
    "return_refund": "seller.return_refund.basic",
    "analytics": "data.shop_analytics.public.read",
}
# products have scopes of their own for writing, so only reading is known by its path
_READING_ONLY = {"product": "seller.product.basic", "promotion": "seller.promotion.info"}

# Which endpoints have no shop_cipher parameter: the official OpenAPI, and what clients strip
_SELLER_LEVEL = re.compile(
    r"GET /(authorization|seller)/.*"
    r"|GET /logistics/202309/global_warehouses"
    r"|\w+ /product/\d+/(global_|compliance/).*"
    r"|\w+ /product/\d+/(images|files)/upload"
    r"|POST /product/202309/brands"
    r"|GET /product/\d+/listing_schemas"
)


def is_read(method: str, path: str) -> bool:
    """Whether asking twice changes nothing: GET, and the searches that are sent as POST."""
    return method.upper() in ("GET", "HEAD") or (method.upper() == "POST" and path.endswith("/search"))


def scope_of(method: str, path: str) -> str:
    """The scope that a call needs, or an empty text if the path does not tell."""
    family = path.lstrip("/").partition("/")[0]
    if is_read(method, path) and "/global_" not in path:
        return _SCOPES.get(family) or _READING_ONLY.get(family, "")
    return ""


def takes_shop_cipher(method: str, path: str) -> bool:
    """Whether the call is about one shop."""
    return _SELLER_LEVEL.fullmatch(f"{method.upper()} {path}") is None
