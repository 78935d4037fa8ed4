"""What only some products have: families, bundles, certifications, failed audits, global SKUs, subscriptions."""

from __future__ import annotations

from typing import Any

from .catalogue import Shop, Sku
from .categories import brand_of, chain_of
from .goods import Product
from .markets import DAY
from .money import DECIMALS, amount_text
from .order_json import image_url
from .places import delivery_options

Json = dict[str, Any]
_LEVELS = (("REGULAR", 10), ("FIRST_ORDER", 15))


def recommended(product: Product, shop: Shop) -> list[Json]:
    """Return the category that fits a product which is not listed yet."""
    leaf = chain_of(product.id, shop)[-1]
    return [{"id": str(leaf.id), "local_name": leaf.name}] if product.status in ("DRAFT", "FAILED") else []


def families(product: Product, shop: Shop) -> list[Json]:
    """Return the family of a product: in the United States two products of the shelf are one."""
    if shop.region != "US" or not product.sells:
        return []
    shelf = sorted({sku.product_id for sku in shop.skus})
    pair = shelf.index(str(product.id)) // 2
    return [{"id": f"172960000{pair:04d}", "products": [{"id": each} for each in shelf[2 * pair : 2 * pair + 2]]}]


def more_detail(product: Product, shop: Shop) -> Json:
    """Return what Get Product says of some products, and the search does not."""
    body: Json = {"product_types": _types(product, shop)}
    if product.status == "FAILED":
        body["audit_failed_reasons"] = [
            {
                "position": "Main image",
                "listing_platform": "TIKTOK_SHOP",
                "reasons": ["The picture holds a watermark, a logo or a text."],
                "suggestions": ["Take another picture, without any of them."],
            }
        ]
    number = product.id // 10**6
    if number % 4 == 0:
        body["certifications"] = [_certification(product)]
    if number % 5 == 0:
        options = delivery_options(shop)[:2]
        body["delivery_options"] = [
            {"id": each.id, "name": each.name, "is_available": each.type == "STANDARD"} for each in options
        ]
    if shop.seller_type == "CROSS_BORDER" and product.sells:
        body["global_product_association"] = _global(product)
    if shop.region == "US":
        body["subscribe_info"] = _subscription(enabled=product.sells and number % 2 == 0)
    return body


def bundle(sku: Sku, shop: Shop, *, padded: bool) -> list[Json]:
    """Return what a virtual bundle consists of; any other SKU consists of nothing else."""
    currency, brand = shop.market.currency, brand_of(shop)
    return [
        {
            "sku_id": part.id,
            "product_id": part.product_id,
            "title": part.product_name,
            "seller_sku": part.seller_sku,
            "sku_count": count,
            "price": {
                "currency": currency,
                **dict.fromkeys(
                    ("tax_exclusive_price", "sale_price"), amount_text(part.price, DECIMALS[currency], padded)
                ),
            },
            "brand": {"id": str(brand.id), "name": brand.name},
            "combined_listing_not_live_reasons": [],
            "product_main_image": picture(part.product_id),
        }
        for part, count in sku.bundle
    ]


def picture(identifier: str) -> Json:
    url = image_url(identifier)
    return {
        "uri": f"tos-useast2a-i-o3syd03w52-us/{identifier}",
        "urls": [url],
        "thumb_urls": [url],
        "width": 800,
        "height": 800,
    }


def _types(product: Product, shop: Shop) -> list[str]:
    if any(sku.bundle for sku in product.skus):
        return ["COMBINED_PRODUCT"]
    parts = {part.product_id for sku in shop.skus for part, _ in sku.bundle}
    return ["IN_COMBINED_PRODUCT"] if str(product.id) in parts else []


def _certification(product: Product) -> Json:
    name = f"certificate-{product.id % 10**6}.pdf"
    return {
        "id": "7182427584375440134",
        "title": "Declaration of conformity",
        "expiration_date": product.created // DAY * DAY + 3 * 365 * DAY,
        "files": [{"id": f"v09ea0g{product.id}", "name": name, "format": "PDF", "urls": [image_url(name)]}],
        "images": [picture(f"conformity-{product.id}")],
    }


def _global(product: Product) -> Json:
    return {
        "global_product_id": str(product.id + 500_000_000),
        "sku_mappings": [
            {"local_sku_id": sku.id, "global_sku_id": str(int(sku.id) + 500_000_000), "sales_attribute_mappings": []}
            for sku in product.skus
        ],
    }


def _subscription(*, enabled: bool) -> Json:
    return {
        "support_subscribe": True,
        "subscribe_status": "ENABLED" if enabled else "NOT_ENABLED",
        "subscribe_discount_details": [
            {"discount_level": level, "discount_value": percent} for level, percent in _LEVELS if enabled
        ],
        "subscribe_promotion_config": [
            {"discount_level": level, "min_discount": 5, "max_discount": 20, "discount_options": [5, percent, 20]}
            for level, percent in _LEVELS
        ],
    }
