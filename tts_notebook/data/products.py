"""Products and what they are sold as, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS, image_columns, same
from tts_notebook.data.tables import Column, Kind, Listing, Lookup, Table, Walk

_SCOPE = "seller.product.basic"

PRODUCT_SEARCH = Listing(
    method="POST",
    path="/product/202502/products/search",
    scope=_SCOPE,
    records="products",
    one="product",
    source="Search Products, API version 202502",
    page_size=100,
    walks={
        "create_time": Walk(None, "create_time_ge", "create_time_le", inclusive=True),
        "update_time": Walk(None, "update_time_ge", "update_time_le", inclusive=True, open_end=True),
    },
    cap=10_000,
    lasting=True,
    parts="skus",
    statuses=(
        "DRAFT",
        "PENDING",
        "FAILED",
        "SELLER_DEACTIVATED",
        "PLATFORM_DEACTIVATED",
        "FREEZE",
        "DELETED",
        "ALL",
        "ACTIVATE",
    ),
    status_filter="status",
    lookups=(
        Lookup(
            "/product/202309/products/{id}",
            per_call=1,
            into="detail",
            skip=frozenset({"FREEZE", "DELETED"}),
            source="Get Product, API version 202309",
        ),
    ),
)

_SENTENCES = "JSON text, because sentences hold commas themselves"
_DISCOUNTS = ("REGULAR", "FIRST_ORDER", "RETENTION")


def _kinds(field: str, *columns: tuple[str, Kind, str, str]) -> tuple[Column, ...]:
    """Columns of the one element of its kind, which list and detail both tell."""
    return tuple(
        Column(name, kind, f"{field}.{inner}", doc, same=(f"detail.{field}.{inner}",))
        for name, kind, inner, doc in columns
    )


def _told(**lists: tuple[str, str]) -> tuple[Column, ...]:
    """How long the lists of the detail are, whose elements are rows of another table."""
    return tuple(
        Column(name, "count", f"detail.{field}", f"each a row of {table}") for name, (field, table) in lists.items()
    )


def _subscription(level: str) -> tuple[Column, ...]:
    """What Subscribe and Save takes off, and what the seller may choose."""
    given = f"detail.subscribe_info.subscribe_discount_details[discount_level={level}]"
    allowed = f"detail.subscribe_info.subscribe_promotion_config[discount_level={level}]"
    name = f"subscribe_{level.lower()}"
    return (
        Column(f"{name}_discount", "integer", f"{given}.discount_value", "percent"),
        Column(f"{name}_min_discount", "integer", f"{allowed}.min_discount", "percent that can be chosen"),
        Column(f"{name}_max_discount", "integer", f"{allowed}.max_discount", "percent that can be chosen"),
        Column(f"{name}_options", "string", f"{allowed}.discount_options[]", "percents to choose from, with commas"),
    )


PRODUCTS = Table(
    name="products",
    row="product",
    title="the products of the catalogue",
    about="""detail=True asks for each product too (a call per product, slow), which adds description,
categories, brand, sizes and more; items=True adds skus.""",
    listing=PRODUCT_SEARCH,
    order=("created_at", "product_id"),
    key=("product_id",),
    columns=(
        Column("product_id", "id", "id", "the product", same=("detail.id",)),
        *SHOP_COLUMNS,
        Column("title", "string", "title", "its name", same=("detail.title",)),
        Column("status", "string", "status", "such as ACTIVATE", same=("detail.status",)),
        Column("created_at", "time", "create_time", "it was made", same=("detail.create_time",)),
        Column("updated_at", "time", "update_time", "its last change", same=("detail.update_time",)),
        Column("sku_count", "count", "skus", "each a row of skus"),
        Column(
            "audit_status",
            "string",
            "audit.status",
            "NONE, AUDITING, FAILED, PRE_APPROVED or APPROVED",
            same=("detail.audit.status",),
        ),
        Column("audit_pre_approved_reasons", "string", "audit.pre_approved_reasons[]", "codes, joined with commas"),
        Column(
            "listing_quality_tier",
            "string",
            "listing_quality_tier",
            "POOR, FAIR or GOOD (US)",
            same=("detail.listing_quality_tier",),
        ),
        Column("sales_regions", "string", "sales_regions[]", "joined with commas"),
        Column("is_not_for_sale", "boolean", "is_not_for_sale", "such as a gift", same=("detail.is_not_for_sale",)),
        Column("has_draft", "boolean", "has_draft", "a change is not published yet", same=("detail.has_draft",)),
        *same("json", "product_sync_fail_reasons", doc=_SENTENCES),
        Column(
            "tokopedia_status",
            "string",
            "integrated_platform_statuses[platform=TOKOPEDIA].status",
            "its status there (Indonesia)",
            same=("detail.integrated_platform_statuses[platform=TOKOPEDIA].status",),
        ),
        Column(
            "recommended_category_count",
            "count",
            "recommended_categories",
            "each a row of product_recommended_categories",
            same=("detail.recommended_categories",),
        ),
        Column(
            "product_family_count",
            "count",
            "product_families",
            "see product_families (US)",
            same=("detail.product_families",),
        ),
    ),
    detail=(
        *same("string", "description", inside="detail.", doc="HTML"),
        Column("brand_id", "id", "detail.brand.id", "the brand"),
        Column("brand_name", "string", "detail.brand.name", "its name"),
        Column("category_ids", "string", "detail.category_chains[].id", "from the top to its own, joined with commas"),
        *_told(
            category_count=("category_chains", "product_categories"),
            attribute_count=("product_attributes", "product_attributes"),
            image_count=("main_images", "product_images"),
            certification_count=("certifications", "product_certifications"),
            delivery_option_count=("delivery_options", "product_delivery_options"),
            audit_reason_count=("audit_failed_reasons", "product_audit_reasons"),
        ),
        Column("detail_pre_approved_reasons", "string", "detail.audit.pre_approved_reasons[]", "told once more"),
        *same("id", "external_product_id primary_combined_product_id shipping_template_id", inside="detail."),
        *same("string", "product_status shipping_insurance_requirement", inside="detail."),
        *same("boolean", "is_cod_allowed is_pre_owned is_replicated", inside="detail."),
        *same("integer", "minimum_order_quantity", inside="detail."),
        Column("package_length", "rate", "detail.package_dimensions.length", "in package_dimension_unit"),
        Column("package_width", "rate", "detail.package_dimensions.width", "in package_dimension_unit"),
        Column("package_height", "rate", "detail.package_dimensions.height", "in package_dimension_unit"),
        Column("package_dimension_unit", "string", "detail.package_dimensions.unit", "such as CENTIMETER"),
        Column("package_weight", "rate", "detail.package_weight.value", "in package_weight_unit"),
        Column("package_weight_unit", "string", "detail.package_weight.unit", "such as KILOGRAM"),
        Column("needs_prescription", "boolean", "detail.prescription_requirement.needs_prescription", ""),
        Column("global_product_id", "id", "detail.global_product_association.global_product_id", ""),
        Column(
            "global_sku_count", "count", "detail.global_product_association.sku_mappings", "each a row of global_skus"
        ),
        Column("product_types", "string", "detail.product_types[]", "joined with commas"),
        Column("manufacturer_ids", "string", "detail.manufacturer_ids[]", "joined with commas"),
        Column("responsible_person_ids", "string", "detail.responsible_person_ids[]", "joined with commas"),
        *same(
            "string", "id url cover_url format", inside="detail.video.", prefix="video_", doc="of the product's video"
        ),
        *same("integer", "width height", inside="detail.video.", prefix="video_", doc="pixels"),
        *same("integer", "size", inside="detail.video.", prefix="video_", doc="MB"),
        Column("size_chart_template_id", "id", "detail.size_chart.template.id", ""),
        *image_columns("detail.size_chart.image", prefix="size_chart_"),
        Column("subscribe_status", "string", "detail.subscribe_info.subscribe_status", "Subscribe and Save"),
        Column("support_subscribe", "boolean", "detail.subscribe_info.support_subscribe", "Subscribe and Save"),
        *(column for level in _DISCOUNTS for column in _subscription(level)),
    ),
)

SKUS = Table(
    name="skus",
    row="SKU",
    title="what the products of the catalogue are sold as",
    about="""Period, by and status are those of the product. quantity is the sum over warehouses; inventory has
them one by one.""",
    listing=PRODUCT_SEARCH,
    each=("skus",),
    order=("product_created_at", "product_id"),
    key=("sku_id",),
    columns=(
        Column("sku_id", "id", "id", "the SKU"),
        Column("product_id", "id", "id", "its product", of="record"),
        *SHOP_COLUMNS,
        Column("product_title", "string", "title", "the product's name", of="record"),
        Column("product_status", "string", "status", "of the product", of="record"),
        Column("product_created_at", "time", "create_time", "the product was made", of="record"),
        Column("product_updated_at", "time", "update_time", "last change of the product", of="record"),
        Column("seller_sku", "string", "seller_sku", "the seller's own code", same=("detail.seller_sku",)),
        Column("status", "string", "status_info.status", "NORMAL or DEACTIVATED", same=("detail.status_info.status",)),
        Column(
            "deactivation_source",
            "string",
            "status_info.deactivation_source",
            "SELLER, PLATFORM, COMBO_RELATION",
            same=("detail.status_info.deactivation_source",),
        ),
        Column("currency", "string", "price.currency", "ISO 4217, of both prices", same=("detail.price.currency",)),
        Column(
            "tax_exclusive_price",
            "money",
            "price.tax_exclusive_price",
            "the price of a local seller",
            same=("detail.price.tax_exclusive_price",),
        ),
        Column(
            "sale_price", "money", "price.sale_price", "the price of a global seller", same=("detail.price.sale_price",)
        ),
        Column(
            "list_price", "money", "list_price.amount", "in list_price_currency", same=("detail.list_price.amount",)
        ),
        Column(
            "list_price_currency", "string", "list_price.currency", "ISO 4217", same=("detail.list_price.currency",)
        ),
        Column("quantity", "sum", "inventory[].quantity", "for sale, in all warehouses"),
        Column(
            "warehouse_count", "count", "inventory", "warehouses: each a row of sku_stock", same=("detail.inventory",)
        ),
        Column("pre_sale_type", "string", "pre_sale.type", "", same=("detail.pre_sale.type",)),
        Column(
            "pre_sale_handling_days",
            "integer",
            "pre_sale.fulfillment_type.handling_duration_days",
            "",
            same=("detail.pre_sale.fulfillment_type.handling_duration_days",),
        ),
        Column(
            "pre_sale_release_at",
            "time",
            "pre_sale.fulfillment_type.release_date",
            "",
            same=("detail.pre_sale.fulfillment_type.release_date",),
        ),
        *_kinds(
            "external_list_prices[source=SHOPIFY_COMPARE_AT_PRICE]",
            ("shopify_list_price", "money", "amount", "compare_at_price in Shopify (US)"),
            ("shopify_list_price_currency", "string", "currency", "ISO 4217"),
        ),
        *_kinds(
            "fees[type=PFAND]",
            ("pfand_fee", "money", "amount", "deposit, in currency"),
            ("pfand_attribute", "string", "additional_attribute", "SINGLE_USE, REUSABLE or NOT_APPLICABLE"),
        ),
    ),
    detail=(
        *same("id", "external_sku_id", inside="detail."),
        Column("identifier_code", "id", "detail.identifier_code.code", "such as a GTIN or ISBN"),
        Column("identifier_code_type", "string", "detail.identifier_code.type", "which of them"),
        *same("string", "sku_unit_count", inside="detail."),
        Column("unit_price", "money", "detail.price.unit_price", "in currency"),
        *_told(
            attribute_count=("sales_attributes", "sku_attributes"),
            bundle_sku_count=("combined_skus", "sku_bundles"),
        ),
        Column(
            "extra_identifier_codes", "string", "detail.extra_identifier_codes[]", "of a bundle, joined with commas"
        ),
        Column("external_urls", "string", "detail.external_urls[]", "where it can be ordered, joined with commas"),
        Column("global_inventory_type", "string", "detail.global_listing_policy.inventory_type", ""),
        Column("global_price_sync", "boolean", "detail.global_listing_policy.price_sync", ""),
        *same(
            "id",
            "product_id shop_id sku_id",
            inside="detail.global_listing_policy.replicate_source.",
            prefix="replicated_from_",
        ),
    ),
)
