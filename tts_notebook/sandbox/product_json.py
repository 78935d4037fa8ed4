"""A product as search, Get Product and inventory search write it."""

from __future__ import annotations

from typing import Any

from .catalogue import Shop, Sku
from .categories import brand_of, chain_of
from .goods import Product
from .money import DECIMALS, amount_text, share
from .product_extras import bundle, families, more_detail, picture, recommended
from .stock import Stock

Json = dict[str, Any]
_NO_STOCK = ("DRAFT", "PENDING", "FAILED", "DELETED")


def product_json(product: Product, shop: Shop, stock: Stock, *, padded: bool) -> Json:
    """Return a product as search 202502 lists it: without description, pictures and category."""
    return {
        **_head(product, shop),
        "sales_regions": [shop.region],
        "product_sync_fail_reasons": ["The required qualification is missed."] if _unsynced(product, shop) else [],
        "skus": [_sku(sku, product, shop, stock, padded) for sku in product.skus],
    }


def detail_json(product: Product, shop: Shop, stock: Stock, *, padded: bool) -> Json:
    """Return a product as Get Product 202309 gives it."""
    brand = brand_of(shop)
    return {
        **_head(product, shop),
        "product_status": product.status,
        "description": f"<p>{product.title}, made for {shop.name}.</p>",
        "brand": {"id": str(brand.id), "name": brand.name},
        "category_chains": [
            {"id": str(each.id), "local_name": each.name, "parent_id": str(each.parent), "is_leaf": each.leaf}
            for each in chain_of(product.id, shop)
        ],
        "main_images": [picture(str(product.id))],
        "package_weight": {"value": f"{0.2 + product.id // 10**6 % 30 / 10:.1f}", "unit": _units(shop)[0]},
        "package_dimensions": {"length": "30", "width": "20", "height": "8", "unit": _units(shop)[1]},
        "product_attributes": [{"id": "100392", "name": "Occasion", "values": [{"id": "1001533", "name": "Everyday"}]}],
        "is_cod_allowed": shop.market.cash_on_delivery > 0,
        "is_pre_owned": False,
        "is_replicated": False,
        "minimum_order_quantity": 1,
        **more_detail(product, shop),
        "skus": [
            _sku(sku, product, shop, stock, padded)
            | {
                "sales_attributes": [{"id": "100000", "name": "Variant", "value_id": sku.id, "value_name": sku.name}],
                "sku_unit_count": "1.00",
                "combined_skus": bundle(sku, shop, padded=padded),
            }
            for sku in product.skus
        ],
    }


def inventory_json(product: Product, skus: list[Sku], shop: Shop, stock: Stock) -> Json:
    return {"product_id": str(product.id), "skus": [_stocked(sku, shop, stock) for sku in skus]}


def _head(product: Product, shop: Shop) -> Json:
    body: Json = {
        "id": str(product.id),
        "title": product.title,
        "status": product.status,
        "create_time": product.created,
        "update_time": product.updated,
        "is_not_for_sale": False,
        "has_draft": product.status == "DRAFT",
        "audit": {"status": product.audit, "pre_approved_reasons": []},
        "recommended_categories": recommended(product, shop),
        "product_families": families(product, shop),
        "integrated_platform_statuses": [],
    }
    if shop.region == "US":
        body["listing_quality_tier"] = quality_of(product)
    if on_tokopedia(product, shop):
        body["integrated_platform_statuses"] = [{"platform": "TOKOPEDIA", "status": product.status}]
    return body


def quality_of(product: Product) -> str:
    """Return the tier of a listing: only the United States have them."""
    return ("GOOD", "FAIR", "POOR")[product.id // 10**6 % 3]


def on_tokopedia(product: Product, shop: Shop) -> bool:
    """Whether a product is listed there as well: half of those of a shop in Indonesia are."""
    return shop.region == "ID" and product.id // 10**6 % 2 == 0


def _unsynced(product: Product, shop: Shop) -> bool:
    return shop.seller_type == "CROSS_BORDER" and product.status == "FAILED"


def _sku(sku: Sku, product: Product, shop: Shop, stock: Stock, padded: bool) -> Json:
    currency = shop.market.currency
    price = amount_text(sku.price, DECIMALS[currency], padded)
    body: Json = {
        "id": sku.id,
        "seller_sku": sku.seller_sku,
        "price": {"currency": currency, "tax_exclusive_price": price, "sale_price": price},
        "inventory": [
            {"warehouse_id": identifier, "quantity": stock.of(sku.id, number)[0]}
            for number, identifier in enumerate(shop.warehouses)
        ]
        if product.status not in _NO_STOCK
        else [],
        "status_info": {"status": "NORMAL"},
    }
    if shop.region == "US":
        listed = amount_text(share(sku.price, 1200), DECIMALS[currency], padded)
        body["list_price"] = {"amount": listed, "currency": currency}
        if int(sku.id) // 4 % 3 == 0:
            elsewhere = {"source": "SHOPIFY_COMPARE_AT_PRICE", "amount": listed, "currency": currency}
            body["external_list_prices"] = [elsewhere]
    if product.status.endswith("_DEACTIVATED"):
        source = product.status.removesuffix("_DEACTIVATED")
        body["status_info"] = {"status": "DEACTIVATED", "deactivation_source": source}
    return body


def _stocked(sku: Sku, shop: Shop, stock: Stock) -> Json:
    places = [(name, *stock.of(sku.id, number)) for number, name in enumerate(shop.warehouses)]
    available = sum(place[1] for place in places)
    # best-sellers keep some units for a campaign and for a creator
    kept = (available // 10, available // 20) if int(sku.id) // 4 % 5 == 0 else (0, 0)
    return {
        "id": sku.id,
        "seller_sku": sku.seller_sku,
        "total_available_quantity": available,
        "total_committed_quantity": sum(place[2] for place in places),
        "total_available_inventory_distribution": {
            "in_shop_inventory": {"quantity": available - sum(kept)},
            "campaign_inventory": [{"campaign_name": "Flash sale", "quantity": kept[0]}] if kept[0] else [],
            "creator_inventory": [{"creator_name": "sunny.finds", "quantity": kept[1]}] if kept[1] else [],
        },
        "warehouse_inventory": [
            {"warehouse_id": name, "available_quantity": free, "committed_quantity": committed}
            for name, free, committed in places
        ],
    }


def _units(shop: Shop) -> tuple[str, str]:
    return ("POUND", "INCH") if shop.region == "US" else ("KILOGRAM", "CENTIMETER")
