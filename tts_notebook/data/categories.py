"""Categories and brands that products can have, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS
from tts_notebook.data.tables import Column, Listing, Table

_SCOPE = "seller.product.basic"
# in the United States categories are a tree of seven levels, elsewhere of three
_TREE = {"US": {"category_version": "v2"}}

CATEGORIES = Table(
    name="categories",
    row="category",
    title="the categories in which a shop can sell",
    listing=Listing(
        method="GET",
        path="/product/202309/categories",
        scope=_SCOPE,
        records="categories",
        one="category",
        source="Get Categories, API version 202309",
        filters="query",
        by_region=_TREE,
    ),
    key=("shop_id", "category_id"),
    columns=(
        Column("category_id", "id", "id", "the category"),
        *SHOP_COLUMNS,
        Column("parent_id", "id", "parent_id", "the category above; 0 at the top"),
        Column("name", "string", "local_name", "in the shop's language"),
        Column("is_leaf", "boolean", "is_leaf", "products can be listed in it"),
        Column("permission_statuses", "string", "permission_statuses[]", "joined with commas"),
    ),
)

BRANDS = Table(
    name="brands",
    row="brand",
    title="the brands that a shop can name",
    listing=Listing(
        method="GET",
        path="/product/202309/brands",
        scope=_SCOPE,
        records="brands",
        one="brand",
        source="Get Brands, API version 202309",
        page_size=100,
        filters="query",
        by_region=_TREE,
    ),
    key=("shop_id", "brand_id"),
    columns=(
        Column("brand_id", "id", "id", "the brand"),
        *SHOP_COLUMNS,
        Column("name", "string", "name", "its name"),
        Column("authorized_status", "string", "authorized_status", "AUTHORIZED, or UNAUTHORIEZD as it is spelt"),
        Column("brand_status", "string", "brand_status", "as sent"),
        Column("is_t1_brand", "boolean", "is_t1_brand", "a brand of the first tier"),
    ),
)
