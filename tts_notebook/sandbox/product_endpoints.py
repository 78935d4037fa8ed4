"""Products: search, detail, stock, categories and brands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .categories import Category, brands, categories
from .endpoints import Answer, Call, Endpoint
from .goods import STATUSES, Product, goods_of, products_by_id
from .listing import page_of
from .parameters import Field, Values
from .product_json import detail_json, inventory_json, on_tokopedia, product_json, quality_of
from .refusals import Refusal, Why
from .stock import stock_of

SCOPE = "seller.product.basic"
MOST_RESULTS = 10_000
_FOREVER = 2**62


def search_products(call: Call) -> Answer:
    body, shop = call.body, call.books.shop
    _check(call)
    found: list[Product] = list(_goods(call))
    for test in _tests(call):
        found = [product for product in found if test(product)]
    stock, padded = stock_of(call.books), call.behaviour.money == "padded"
    return page_of(
        call,
        "products",
        found,
        key=lambda product: (product.created, product.id),
        write=lambda product: product_json(product, shop, stock, padded=padded),
        asked=sorted((name, str(value)) for name, value in body.items()),
        most=MOST_RESULTS,
    )


def _goods(call: Call) -> tuple[Product, ...]:
    return goods_of(call.books.shop, call.world.now, call.world.unsold)


def _refuse(call: Call, why: Why, hint: str = "") -> Refusal:
    return Refusal(why, hint, status=int(call.behaviour.business_status))


def _check(call: Call) -> None:
    body = call.body
    if len(body["seller_skus"] or ()) > 10:
        raise _refuse(call, Why.TOO_MANY_SELLER_SKUS)
    if len(body["sku_ids"] or ()) > 10:
        raise _refuse(call, Why.TOO_MANY_SKUS)
    for name, why in [("create_time", Why.CREATE_TIME), ("update_time", Why.UPDATE_TIME)]:
        low, high = _window(body, name)
        if low > high:
            raise _refuse(call, why, "the window ends before it begins")


def _window(body: Values, name: str) -> tuple[int, int]:
    return body[f"{name}_ge"], body[f"{name}_le"] or _FOREVER


def _tests(call: Call) -> list[Callable[[Product], bool]]:
    """Return the tests a product must pass; unlike those of orders, windows include both ends."""
    body, shop = call.body, call.books.shop
    created, updated = _window(body, "create_time"), _window(body, "update_time")
    tests: list[Callable[[Product], bool]] = [
        lambda product: created[0] <= product.created <= created[1] and updated[0] <= product.updated <= updated[1]
    ]
    if body["status"] != "ALL":
        tests.append(lambda product: product.status == body["status"])
    if body["return_draft_version"]:
        tests.append(lambda product: product.status == "DRAFT")
    if body["seller_skus"]:
        tests.append(lambda product: any(sku.seller_sku in body["seller_skus"] for sku in product.skus))
    if body["sku_ids"]:
        tests.append(lambda product: any(sku.id in body["sku_ids"] for sku in product.skus))
    if body["audit_status"]:
        tests.append(lambda product: product.audit in body["audit_status"])
    if body["listing_quality_tiers"] and shop.region == "US":
        tests.append(lambda product: quality_of(product) in body["listing_quality_tiers"])
    if body["listing_platforms"] == ["TOKOPEDIA"]:
        tests.append(lambda product: on_tokopedia(product, shop))
    return tests


def product_detail(call: Call) -> Answer:
    identifier, shop = call.path["product_id"], call.books.shop
    product = products_by_id(shop, call.world.now, call.world.unsold).get(identifier)
    if product is None or product.status in ("FREEZE", "DELETED"):
        raise _refuse(call, Why.NO_PRODUCT, f"no product {identifier}")
    return detail_json(product, shop, stock_of(call.books), padded=call.behaviour.money == "padded")


def search_inventory(call: Call) -> Answer:
    """SKUs win over products where both are named; ids that are not there are left out."""
    sku_ids, product_ids = call.body["sku_ids"] or [], call.body["product_ids"] or []
    if not sku_ids and not product_ids:
        raise Refusal(Why.INVALID, "product_ids or sku_ids is required")
    if len(sku_ids) > 600:
        raise _refuse(call, Why.TOO_MANY_STOCK_SKUS)
    if not sku_ids and len(product_ids) > 100:
        raise _refuse(call, Why.TOO_MANY_PRODUCTS)
    wanted, shop = set(sku_ids or product_ids), call.books.shop
    if sku_ids:
        products = [product for product in _goods(call) if any(sku.id in wanted for sku in product.skus)]
    else:
        known = products_by_id(shop, call.world.now, call.world.unsold)
        products = [known[identifier] for identifier in dict.fromkeys(product_ids) if identifier in known]
    stock = stock_of(call.books)
    rows: list[dict[str, Any]] = []
    for product in products:
        skus = [sku for sku in product.skus if not sku_ids or sku.id in wanted]
        rows.append(inventory_json(product, skus, shop, stock))
    return {"inventory": rows}


def list_categories(call: Call) -> Answer:
    keyword = (call.query["keyword"] or "").lower()
    found = [each for each in categories(_is_deep(call)) if keyword in each.name.lower()]
    return {"categories": [_category(each) for each in found]}


def _is_deep(call: Call) -> bool:
    """Whether the tree has seven levels; shops in the United States must ask for it."""
    if call.books.shop.region == "US" and call.query["category_version"] != "v2":
        raise _refuse(call, Why.WRONG_INPUT, "category_version must be v2 for shops in the United States")
    return bool(call.query["category_version"] == "v2")


def _category(category: Category) -> dict[str, object]:
    return {
        "id": str(category.id),
        "parent_id": str(category.parent),
        "local_name": category.name,
        "is_leaf": category.leaf,
        "permission_statuses": ["INVITE_ONLY" if category.name == "Sauces" else "AVAILABLE"],
    }


def list_brands(call: Call) -> Answer:
    _is_deep(call)
    query, shop = call.query, call.books.shop
    prefix, only = query["brand_name"] or "", query["is_authorized"] in ("true", "1")
    found = [brand for brand in brands(shop) if brand.name.startswith(prefix) and brand.authorized >= only]
    return page_of(
        call,
        "brands",
        found,
        key=lambda brand: (0, brand.id),
        write=lambda brand: {
            "id": str(brand.id),
            "name": brand.name,
            # misspelt by TikTok Shop
            "authorized_status": "AUTHORIZED" if brand.authorized else "UNAUTHORIEZD",
            "is_t1_brand": brand.first_rank,
            **({"brand_status": "AVAILABLE"} if brand.authorized and query["category_id"] else {}),
        },
        asked=(prefix, only, query["category_id"]),
    )


PAGE = (Field("page_size", "number", required=True, low=1, high=100), Field("page_token", default=""))
VERSION = Field("category_version", choices=("v1", "v2"))
SEARCH_BODY = (
    Field("status", choices=("ALL", *STATUSES), default="ALL"),
    Field("create_time_ge", "number", default=0),
    Field("create_time_le", "number", default=0),
    Field("update_time_ge", "number", default=0),
    Field("update_time_le", "number", default=0),
    Field("seller_skus", "texts", high=1000),
    Field("sku_ids", "texts", high=1000),
    Field("audit_status", "texts", high=3, choices=("AUDITING", "FAILED", "APPROVED")),
    Field("listing_quality_tiers", "texts", high=3, choices=("POOR", "FAIR", "GOOD")),
    Field("listing_platforms", "texts", high=2, choices=("TOKOPEDIA", "TIKTOK_SHOP")),
    Field("return_draft_version", "flag", default=False),
    VERSION,
)
CATEGORY_QUERY = (Field("keyword"), Field("locale"), Field("listing_platform"), VERSION)
BRAND_QUERY = (
    *PAGE,
    Field("category_id"),
    Field("brand_name"),
    Field("is_authorized", choices=("true", "false", "1", "0")),
    VERSION,
)
INVENTORY_BODY = (Field("product_ids", "texts", high=10_000), Field("sku_ids", "texts", high=10_000))

ENDPOINTS = (
    Endpoint("POST", "/product/202502/products/search", SCOPE, search_products, PAGE, SEARCH_BODY),
    Endpoint("GET", "/product/202309/products/{product_id}", SCOPE, product_detail),
    Endpoint("POST", "/product/202309/inventory/search", SCOPE, search_inventory, (), INVENTORY_BODY),
    Endpoint("GET", "/product/202309/categories", SCOPE, list_categories, CATEGORY_QUERY),
    Endpoint("GET", "/product/202309/brands", SCOPE, list_brands, BRAND_QUERY),
)
