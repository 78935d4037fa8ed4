"""Orders: search, detail in two versions, and price detail."""

from __future__ import annotations

from .basket import Basket, Unit, fill_basket
from .endpoints import Answer, Call, Endpoint
from .listing import listing
from .markets import Market
from .money import DECIMALS, amount_text
from .order_search import order_filter, search
from .orders import STATUSES, Order
from .paging import cut_page
from .parameters import Field
from .refusals import Refusal, Why
from .world import SORT_KEYS

SCOPE = "seller.order.info"


def search_orders(call: Call) -> Answer:
    books, query, wanted = call.books, call.query, order_filter(call.body)
    field, descending = query["sort_field"], query["sort_order"] == "DESC"
    found = search(books, wanted, field)
    page = cut_page(
        found,
        key=SORT_KEYS[field],
        descending=descending,
        size=query["page_size"],
        token=query["page_token"],
        bound_to=(books.shop.id, wanted, field, descending, query["page_size"]),
        by_offset=call.behaviour.paging == "offset",
    )
    return listing("orders", [books.json(order) for order in page.rows], page.next_token, len(found), call.behaviour)


def order_details(call: Call) -> Answer:
    return _details(call, newer=False)


def newer_order_details(call: Call) -> Answer:
    return _details(call, newer=True)


def _details(call: Call, *, newer: bool) -> list[bytes]:
    orders = [_order(call, identifier) for identifier in dict.fromkeys(call.query["ids"])]
    details = [call.books.detail(order, newer=newer) for order in orders]
    return [b'{"orders":[', b",".join(details), b"]}"]


def _order(call: Call, identifier: str) -> Order:
    order = call.books.find(identifier)
    if order is None:
        raise Refusal(Why.FOREIGN_ORDER, f"no order {identifier}", status=int(call.behaviour.business_status))
    return order


def price_detail(call: Call) -> Answer:
    shop = call.books.shop
    basket = fill_basket(_order(call, call.path["order_id"]), shop)
    padded = call.behaviour.money == "padded"
    lines = [_unit_prices(unit, shop.market, padded) for unit in basket.units]
    return _order_prices(basket, shop.market, padded) | {"line_items": lines}


def _order_prices(basket: Basket, market: Market, padded: bool) -> dict[str, object]:
    amounts = {
        **_product_prices(basket.list_price, basket.seller_discount, basket.platform_discount, basket.product_tax),
        "shipping_list_price": basket.shipping,
        "shipping_fee_deduction_seller": basket.shipping_seller_discount,
        "shipping_fee_deduction_platform": basket.shipping_platform_discount,
        "shipping_sale_price": basket.shipping_fee,
        "tax_amount": basket.tax,
        "total": basket.list_price + basket.shipping,
        "payment": basket.sub_total + basket.shipping_fee + basket.tax,
    }
    return _texts(amounts, basket.place.tax, market, padded)


def _unit_prices(unit: Unit, market: Market, padded: bool) -> dict[str, object]:
    amounts = {
        **_product_prices(unit.sku.price, unit.seller_discount, unit.platform_discount, unit.tax),
        "tax_amount": unit.tax,
        "total": unit.sku.price,
        "payment": unit.sale_price + unit.tax,
    }
    rate = 0 if unit.tax == 0 else round(unit.tax * 1000 / (unit.sku.price - unit.seller_discount))
    return {"id": str(unit.id)} | _texts(amounts, rate, market, padded)


def _product_prices(list_price: int, by_seller: int, by_platform: int, tax: int) -> dict[str, int]:
    sale_price = list_price - by_seller - by_platform
    return {
        "sku_list_price": list_price,
        "subtotal_deduction_seller": by_seller,
        "subtotal_deduction_platform": by_platform,
        "sku_sale_price": sale_price,
        "subtotal_tax_amount": tax,
        "subtotal": sale_price + tax,
        "net_price_amount": sale_price + tax,
    }


def _texts(amounts: dict[str, int], rate: int, market: Market, padded: bool) -> dict[str, object]:
    texts = {name: amount_text(amount, DECIMALS[market.currency], padded) for name, amount in amounts.items()}
    return {**texts, "tax_rate": f"{rate / 1000:g}", "currency": market.currency}


SEARCH_QUERY = (
    Field("page_size", "number", required=True, low=1, high=100),
    Field("page_token", default=""),
    Field("sort_field", choices=("create_time", "update_time"), default="create_time"),
    Field("sort_order", choices=("ASC", "DESC"), default="DESC"),
)
SEARCH_BODY = (
    Field("order_status", choices=STATUSES),
    Field("create_time_ge", "number", default=0),
    Field("create_time_lt", "number", default=0),
    Field("update_time_ge", "number", default=0),
    Field("update_time_lt", "number", default=0),
    Field("shipping_type", choices=("TIKTOK", "SELLER")),
    Field("buyer_user_id"),
    Field("is_buyer_request_cancel", "flag"),
    Field("warehouse_ids", "texts", high=100),
)
DETAIL_QUERY = (Field("ids", "texts", required=True, low=1, high=50),)

ENDPOINTS = (
    Endpoint("POST", "/order/202309/orders/search", SCOPE, search_orders, SEARCH_QUERY, SEARCH_BODY),
    Endpoint("GET", "/order/202309/orders", SCOPE, order_details, DETAIL_QUERY),
    Endpoint("GET", "/order/202507/orders", SCOPE, newer_order_details, DETAIL_QUERY),
    Endpoint("GET", "/order/202407/orders/{order_id}/price_detail", SCOPE, price_detail),
)
