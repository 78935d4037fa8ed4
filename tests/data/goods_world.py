"""What the tables about parts of products hold, told by the sandbox's world: see worlds.

What the sandbox makes up only while it writes a product is told here once more, by the rule and not by its code.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tests.data.worlds import Row, Told, View, at
from tts_notebook.sandbox.categories import chain_of
from tts_notebook.sandbox.contents import videos_of
from tts_notebook.sandbox.goods import Product
from tts_notebook.sandbox.places import delivery_options
from tts_notebook.sandbox.stock import stock_of

_THREE_YEARS = timedelta(days=3 * 365)


def _number(product: Product) -> int:
    return product.id // 1_000_000


def of_attributes(see: View) -> Iterator[Row]:
    return ((str(each.id), "100392", "Occasion", "1001533", "Everyday") for each in see.told)


def of_images(see: View) -> Iterator[Row]:
    for each in see.told:
        name = f"tos-useast2a-i-o3syd03w52-us/{each.id}"
        yield str(each.id), see.shop.id, each.title, name, 800, 800


def of_certifications(see: View) -> Iterator[Row]:
    for each in see.told:
        made = at(each.created)
        if _number(each) % 4 == 0 and made:
            ends = made.replace(hour=0, minute=0, second=0) + _THREE_YEARS
            yield str(each.id), "7182427584375440134", "Declaration of conformity", ends


def of_ways(see: View) -> Iterator[Row]:
    for each in see.told:
        ways = delivery_options(see.shop)[:2] if _number(each) % 5 == 0 else []
        yield from ((str(each.id), way.id, way.name, way.type == "STANDARD") for way in ways)


def of_audit_reasons(see: View) -> Iterator[Row]:
    for each in see.told:
        if each.status == "FAILED":
            reasons = '["The picture holds a watermark, a logo or a text."]'
            suggestions = '["Take another picture, without any of them."]'
            yield str(each.id), "Main image", "TIKTOK_SHOP", reasons, suggestions


def of_recommended(see: View) -> Iterator[Row]:
    for each in see.goods:
        leaf = chain_of(each.id, see.shop)[-1]
        if each.status in ("DRAFT", "FAILED"):
            yield str(each.id), see.shop.id, str(leaf.id), leaf.name


def _kept(see: View, part: int, whom: str) -> Iterator[Row]:
    """One of so many units of every fifth SKU is kept for somebody."""
    stock = stock_of(see.books)
    for product in see.goods:
        for sku in product.skus:
            units = sum(stock.of(sku.id, place)[0] for place in (0, 1)) // part
            if int(sku.id) // 4 % 5 == 0 and units:
                yield sku.id, str(product.id), sku.seller_sku, whom, units


def of_campaigns(see: View) -> Iterator[Row]:
    return _kept(see, 10, "Flash sale")


def of_creators(see: View) -> Iterator[Row]:
    return _kept(see, 20, "sunny.finds")


def of_video_products(see: View) -> Iterator[Row]:
    for video in videos_of(see.shop, see.moment):
        yield str(video.id), video.product_id, video.product_name, see.shop.id


def of_permissions(see: View) -> Iterator[Row]:
    # the seller's, however many shops it has
    return ((each,) for each in see.seller.permissions if see.shop == see.seller.shops[0])


# table -> the columns that the rows are about, and the rows
PARTS: dict[str, tuple[str, Told]] = {
    "product_attributes": ("product_id attribute_id attribute_name value_id value_name", of_attributes),
    "product_images": ("product_id shop_id product_title uri width height", of_images),
    "product_certifications": ("product_id certification_id title expires_at", of_certifications),
    "product_delivery_options": ("product_id delivery_option_id name is_available", of_ways),
    "product_audit_reasons": ("product_id position listing_platform reasons suggestions", of_audit_reasons),
    "product_recommended_categories": ("product_id shop_id category_id name", of_recommended),
    "inventory_campaigns": ("sku_id product_id seller_sku campaign_name quantity", of_campaigns),
    "inventory_creators": ("sku_id product_id seller_sku creator_name quantity", of_creators),
    "video_products": ("video_id product_id product_name shop_id", of_video_products),
    "seller_permissions": ("permission", of_permissions),
}
