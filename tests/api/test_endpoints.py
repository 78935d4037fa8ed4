"""What a path tells before it is asked: reading or writing, its scope, and whether it is about one shop."""

from __future__ import annotations

import pytest

from tts_notebook.api.endpoints import is_read, scope_of, takes_shop_cipher

ORDERS = "/order/202309/orders"


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("GET", ORDERS, True),
        ("get", ORDERS, True),
        ("HEAD", ORDERS, True),
        ("POST", f"{ORDERS}/search", True),
        ("post", "/product/202502/products/search", True),
        ("POST", "/fulfillment/202309/packages", False),
        ("POST", "/search/202309/things", False),
        ("PUT", "/product/202309/products/search", False),
        ("DELETE", "/authorization/202403/shops", False),
        ("PATCH", ORDERS, False),
    ],
)
def test_reading_is_get_and_the_searches_that_are_sent_as_post(method, path, reads):
    assert is_read(method, path) is reads


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/authorization/202309/shops", "seller.authorization.info"),
        ("GET", "/seller/202309/permissions", "seller.shop.info"),
        ("POST", f"{ORDERS}/search", "seller.order.info"),
        ("GET", "/finance/202309/statements", "seller.finance.info"),
        ("GET", "/logistics/202309/warehouses", "seller.logistics"),
        ("POST", "/fulfillment/202309/packages/search", "seller.fulfillment.basic"),
        ("POST", "/return_refund/202309/returns/search", "seller.return_refund.basic"),
        ("GET", "/analytics/202509/shop/performance", "data.shop_analytics.public.read"),
        ("POST", "/product/202502/products/search", "seller.product.basic"),
        ("POST", "/promotion/202309/activities/search", "seller.promotion.info"),
        ("POST", "/product/202309/products", ""),
        ("POST", "/product/202309/global_products/search", ""),
        ("POST", "/fulfillment/202309/packages", ""),
        ("GET", "/something/202701/new", ""),
        ("GET", "", ""),
    ],
)
def test_the_scope_of_reading_is_known_by_the_family_and_of_writing_by_nobody(method, path, scope):
    assert scope_of(method, path) == scope


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/authorization/202309/shops"),
        ("get", "/authorization/202309/category_assets"),
        ("GET", "/seller/202309/shops"),
        ("GET", "/logistics/202309/global_warehouses"),
        ("POST", "/product/202309/global_products/search"),
        ("GET", "/product/202309/compliance/manufacturers"),
        ("POST", "/product/202309/images/upload"),
        ("POST", "/product/202309/files/upload"),
        ("POST", "/product/202309/brands"),
        ("GET", "/product/202309/listing_schemas"),
    ],
)
def test_what_is_about_the_seller_takes_no_shop_cipher(method, path):
    assert not takes_shop_cipher(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/authorization/202403/shops"),
        ("POST", f"{ORDERS}/search"),
        ("GET", "/product/202309/brands"),
        ("GET", "/logistics/202309/warehouses"),
        ("GET", "/product/202309/products/1729382/global_"),
        ("GET", "/event/202309/webhooks"),
    ],
)
def test_everything_else_does(method, path):
    assert takes_shop_cipher(method, path)
