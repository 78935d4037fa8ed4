"""What products and their SKUs have several of: categories, attributes, pictures, stock by warehouse, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS, image_columns, same
from tts_notebook.data.products import PRODUCT_SEARCH
from tts_notebook.data.tables import Column, Listing, Parent, Table

_DETAIL = Listing(
    method="GET",
    path="/product/202309/products/{id}",
    scope=PRODUCT_SEARCH.scope,
    records="",
    one="product",
    source="Get Product, API version 202309",
    filters="query",
    parent=Parent(PRODUCT_SEARCH, skip=PRODUCT_SEARCH.lookups[0].skip, lenient=True),
)
_SEARCHED = "Period, by and status are those of the product."
_SLOW = f"A call per product: slow, so items= can take the other such tables from the same calls. {_SEARCHED}"
_PRODUCT = (
    Column("product_id", "id", "id", "the product", of="record"),
    *SHOP_COLUMNS,
    Column("product_title", "string", "title", "its name", of="record"),
)


def _of_product(
    name: str, field: str, row: str, title: str, columns: tuple[Column, ...], key: tuple[str, ...], *, listing: Listing
) -> Table:
    return Table(
        name=name,
        row=row,
        title=title,
        about=_SEARCHED if listing is PRODUCT_SEARCH else _SLOW,
        listing=listing,
        each=(field,),
        order=("product_id",),
        key=("product_id", *key),
        columns=(*_PRODUCT, *columns),
    )


def _of_sku(
    name: str, field: str, row: str, title: str, columns: tuple[Column, ...], key: tuple[str, ...], *, listing: Listing
) -> Table:
    sku = Column("sku_id", "id", "id", "the SKU", of="above")
    code = Column("seller_sku", "string", "seller_sku", "the seller's own code", of="above")
    return Table(
        name=name,
        row=row,
        title=title,
        about=_SEARCHED if listing is PRODUCT_SEARCH else _SLOW,
        listing=listing,
        each=("skus", field),
        order=("product_id", "sku_id"),
        key=("sku_id", *key),
        columns=(sku, *_PRODUCT, code, *columns),
    )


PRODUCT_CATEGORIES = _of_product(
    "product_categories",
    "category_chains",
    "category of a product",
    "the categories that each product is in, from the top to its own",
    (
        Column("category_id", "id", "id", "the category; see categories"),
        Column("name", "string", "local_name", "in the shop's language"),
        Column("parent_id", "id", "parent_id", "the category above; 0 at the top"),
        Column("is_leaf", "boolean", "is_leaf", "the product's own"),
    ),
    ("category_id",),
    listing=_DETAIL,
)

PRODUCT_ATTRIBUTES = Table(
    name="product_attributes",
    row="value of an attribute of a product",
    title="what each product is said to be: material, country of origin and so on",
    about=_SLOW,
    listing=_DETAIL,
    each=("product_attributes", "values"),
    order=("product_id",),
    key=("product_id", "attribute_id", "value_id"),
    columns=(
        *_PRODUCT,
        Column("attribute_id", "id", "id", "the attribute", of="above"),
        Column("attribute_name", "string", "name", "its name", of="above"),
        Column("value_id", "id", "id", "the value"),
        Column("value_name", "string", "name", "its name"),
    ),
)

PRODUCT_IMAGES = _of_product(
    "product_images",
    "main_images",
    "picture of a product",
    "the pictures of each product, in order",
    image_columns(),
    ("uri",),
    listing=_DETAIL,
)

_PAPERS = "JSON text, because it is there to be opened and not to be counted"
PRODUCT_CERTIFICATIONS = _of_product(
    "product_certifications",
    "certifications",
    "certification of a product",
    "what each product is certified for",
    (
        Column("certification_id", "id", "id", "the kind of certification"),
        Column("title", "string", "title", "its name"),
        Column("expires_at", "time", "expiration_date", "it ends"),
        *same("json", "files images", doc=_PAPERS),
    ),
    ("certification_id",),
    listing=_DETAIL,
)

PRODUCT_DELIVERY_OPTIONS = _of_product(
    "product_delivery_options",
    "delivery_options",
    "delivery option of a product",
    "the products that are not shipped in their warehouse's ways",
    (
        Column("delivery_option_id", "id", "id", "the delivery option"),
        Column("name", "string", "name", "its name"),
        Column("is_available", "boolean", "is_available", "for this product"),
    ),
    ("delivery_option_id",),
    listing=_DETAIL,
)

_SENTENCES = "JSON text, because sentences hold commas themselves"
PRODUCT_AUDIT_REASONS = _of_product(
    "product_audit_reasons",
    "audit_failed_reasons",
    "reason for a failed audit",
    "why products failed TikTok Shop's audit",
    (
        Column("position", "string", "position", "what it is about"),
        Column("listing_platform", "string", "listing_platform", "TIKTOK_SHOP or TOKOPEDIA"),
        *same("json", "reasons suggestions", doc=_SENTENCES),
    ),
    ("listing_platform", "position"),
    listing=_DETAIL,
)

PRODUCT_RECOMMENDED_CATEGORIES = _of_product(
    "product_recommended_categories",
    "recommended_categories",
    "category recommended for a product",
    "the categories that TikTok Shop recommends for products",
    (
        Column("category_id", "id", "id", "the category; see categories"),
        Column("name", "string", "local_name", "in the shop's language"),
    ),
    ("category_id",),
    listing=PRODUCT_SEARCH,
)

PRODUCT_FAMILIES = Table(
    name="product_families",
    row="product of a family that a product belongs to",
    title="the families of products that buyers choose from like variants (United States)",
    about=_SEARCHED,
    listing=PRODUCT_SEARCH,
    each=("product_families", "products"),
    order=("product_id",),
    key=("product_id", "family_id", "member_product_id"),
    columns=(
        *_PRODUCT,
        Column("family_id", "id", "id", "the family", of="above"),
        Column("member_product_id", "id", "id", "a product in it"),
    ),
)

SKU_STOCK = _of_sku(
    "sku_stock",
    "inventory",
    "SKU in a warehouse",
    "what is for sale of each SKU in each warehouse, backorders too",
    (
        Column("warehouse_id", "id", "warehouse_id", "see warehouses"),
        Column("quantity", "integer", "quantity", "for sale; what is sold and not shipped is in inventory"),
        Column("backorder_quantity", "integer", "backorder_quantity", "for sale once quantity is sold out"),
        Column("backorder_handling_days", "integer", "handling_time", "working days to ship a backorder"),
    ),
    ("warehouse_id",),
    listing=PRODUCT_SEARCH,
)

SKU_ATTRIBUTES = _of_sku(
    "sku_attributes",
    "sales_attributes",
    "attribute of a SKU",
    "what tells the SKUs of a product apart: colour, size and so on",
    (
        Column("attribute_id", "id", "id", "the attribute"),
        Column("attribute_name", "string", "name", "its name"),
        Column("value_id", "id", "value_id", "the value"),
        Column("value_name", "string", "value_name", "its name"),
        *image_columns("sku_img", prefix="image_"),
        *same("json", "supplementary_sku_images", doc="JSON text, because further pictures are there to be opened"),
    ),
    ("attribute_id", "value_id"),
    listing=_DETAIL,
)

_AS_THERE = "JSON text, because it repeats what the tables of that SKU have"
SKU_BUNDLES = _of_sku(
    "sku_bundles",
    "combined_skus",
    "SKU in a virtual bundle",
    "what the virtual bundles in the catalogue consist of",
    (
        Column("part_sku_id", "id", "sku_id", "the SKU in the bundle"),
        Column("part_product_id", "id", "product_id", "its product"),
        Column("part_title", "string", "title", "the product's name"),
        Column("part_seller_sku", "string", "seller_sku", "the seller's own code"),
        Column("sku_count", "integer", "sku_count", "pieces of it in one bundle"),
        Column("currency", "string", "price.currency", "ISO 4217, of both prices"),
        *same("money", "tax_exclusive_price sale_price", inside="price.", doc="of one piece by itself"),
        Column("brand_id", "id", "brand.id", "its brand"),
        Column("brand_name", "string", "brand.name", "the brand's name"),
        Column("not_live_reasons", "string", "combined_listing_not_live_reasons[]", "codes, joined with commas"),
        *image_columns("product_main_image", prefix="image_"),
        *same("json", "categories inventory sales_attributes", doc=_AS_THERE),
    ),
    ("part_sku_id",),
    listing=_DETAIL,
)

GLOBAL_SKUS = _of_product(
    "global_skus",
    "global_product_association.sku_mappings",
    "SKU that is also sold elsewhere",
    "which global SKU each SKU is made from",
    (
        Column("sku_id", "id", "local_sku_id", "the SKU in this shop"),
        Column("global_sku_id", "id", "global_sku_id", "the SKU in the global catalogue"),
        Column(
            "global_product_id", "id", "global_product_association.global_product_id", "its product there", of="record"
        ),
        *same("json", "sales_attribute_mappings", doc="JSON text, because it is four ids for each attribute"),
    ),
    ("sku_id",),
    listing=_DETAIL,
)

PARTS = (
    PRODUCT_CATEGORIES,
    PRODUCT_ATTRIBUTES,
    PRODUCT_IMAGES,
    PRODUCT_CERTIFICATIONS,
    PRODUCT_DELIVERY_OPTIONS,
    PRODUCT_AUDIT_REASONS,
    PRODUCT_RECOMMENDED_CATEGORIES,
    PRODUCT_FAMILIES,
    SKU_STOCK,
    SKU_ATTRIBUTES,
    SKU_BUNDLES,
    GLOBAL_SKUS,
)
