"""Warehouses, ways to ship, packages and where they are, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS, same
from tts_notebook.data.orders import ORDER_SEARCH
from tts_notebook.data.tables import Column, Listing, Lookup, Parent, Table, Walk

_LOGISTICS = "seller.logistics"
_FULFILLMENT = "seller.fulfillment.basic"

_WAREHOUSE_LIST = Listing(
    method="GET",
    path="/logistics/202309/warehouses",
    scope=_LOGISTICS,
    records="warehouses",
    one="warehouse",
    source="Get Warehouse List, API version 202309",
    filters="query",
)

WAREHOUSES = Table(
    name="warehouses",
    row="warehouse",
    title="the warehouses of a shop",
    about="""A place that is used for sales and for returns is two warehouses with one entity_id.""",
    listing=_WAREHOUSE_LIST,
    key=("shop_id", "warehouse_id"),
    columns=(
        Column("warehouse_id", "id", "id", "the warehouse"),
        *SHOP_COLUMNS,
        Column("name", "string", "name", "its name"),
        Column("type", "string", "type", "SALES_WAREHOUSE or RETURN_WAREHOUSE"),
        Column("sub_type", "string", "sub_type", "DOMESTIC_WAREHOUSE, CB_OVERSEA_WAREHOUSE, …"),
        Column("effect_status", "string", "effect_status", "ENABLED, DISABLED or RESTRICTED"),
        Column("is_default", "boolean", "is_default", "used if nothing else is said"),
        Column("entity_id", "id", "entity_id", "the place"),
        Column("country", "string", "address.region", "its name"),
        Column("country_code", "string", "address.region_code", "two letters"),
        *same("string", "state city", inside="address."),
        Column("district", "string", "address.distict", "spelt distict by TikTok Shop"),
        *same(
            "string",
            "town postal_code address_line1 address_line2 address_line3 address_line4 full_address contact_person "
            "first_name last_name first_name_local_script last_name_local_script phone_number",
            inside="address.",
        ),
        Column("latitude", "rate", "address.geolocation.latitude", "degrees"),
        Column("longitude", "rate", "address.geolocation.longitude", "degrees"),
    ),
)

_DELIVERY_OPTION_LIST = Listing(
    method="GET",
    path="/logistics/202309/warehouses/{id}/delivery_options",
    scope=_LOGISTICS,
    records="delivery_options",
    one="delivery option",
    source="Get Warehouse Delivery Options, API version 202309",
    filters="query",
    parent=Parent(_WAREHOUSE_LIST),
)

DELIVERY_OPTIONS = Table(
    name="delivery_options",
    row="delivery option of a warehouse",
    title="how each warehouse can ship",
    listing=_DELIVERY_OPTION_LIST,
    key=("shop_id", "warehouse_id", "delivery_option_id"),
    columns=(
        Column("delivery_option_id", "id", "id", "the delivery option"),
        Column("warehouse_id", "id", "id", "the warehouse", of="parent"),
        Column("warehouse_name", "string", "name", "its name", of="parent"),
        *SHOP_COLUMNS,
        *same("string", "name type description"),
        Column("platforms", "string", "platform[]", "joined with commas"),
        *same("integer", "max_length max_width max_height", inside="dimension_limit.", doc="in dimension_unit"),
        Column("dimension_unit", "string", "dimension_limit.unit", "such as CM"),
        *same("integer", "min_weight max_weight", inside="weight_limit.", doc="in weight_unit"),
        Column("weight_unit", "string", "weight_limit.unit", "such as GRAM"),
    ),
)

SHIPPING_PROVIDERS = Table(
    name="shipping_providers",
    row="shipping provider of a delivery option",
    title="who can carry what is shipped",
    listing=Listing(
        method="GET",
        path="/logistics/202309/delivery_options/{id}/shipping_providers",
        scope=_LOGISTICS,
        records="shipping_providers",
        one="shipping provider",
        source="Get Shipping Providers, API version 202309",
        filters="query",
        parent=Parent(_DELIVERY_OPTION_LIST),
    ),
    key=("shop_id", "delivery_option_id", "shipping_provider_id"),
    columns=(
        Column("shipping_provider_id", "id", "id", "the carrier"),
        Column("name", "string", "name", "its name"),
        Column("delivery_option_id", "id", "id", "the delivery option", of="parent"),
        Column("delivery_option_name", "string", "name", "its name", of="parent"),
        *SHOP_COLUMNS,
    ),
)

_PACKAGE_SEARCH = Listing(
    method="POST",
    path="/fulfillment/202309/packages/search",
    scope=_FULFILLMENT,
    records="packages",
    one="package",
    source="Search Package, API version 202309",
    page_size=50,
    walks={
        "create_time": Walk(("create_time", "ASC"), "create_time_ge", "create_time_lt"),
        "update_time": Walk(("update_time", "DESC"), "update_time_ge", "update_time_lt", open_end=True),
    },
    statuses=("PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED"),
    status_filter="package_status",
    lookups=(
        Lookup(
            "/fulfillment/202309/packages/{id}",
            per_call=1,
            into="detail",
            source="Get Package Detail, API version 202309",
        ),
    ),
)

_ADDRESS = (
    "name phone_number full_address address_detail address_line1 address_line2 address_line3 address_line4 "
    "postal_code region_code"
)

PACKAGES = Table(
    name="packages",
    row="package",
    title="the packages of a period, oldest first",
    about="""detail=True asks for each package too (a call per package, slow): size, weight, addresses, pick-up.
items=True adds package_items.""",
    listing=_PACKAGE_SEARCH,
    order=("created_at", "package_id"),
    key=("package_id",),
    columns=(
        Column("package_id", "id", "id", "the package", same=("detail.package_id",)),
        *SHOP_COLUMNS,
        Column(
            "status",
            "string",
            "status",
            "PROCESSING, FULFILLING, COMPLETED or CANCELLED",
            same=("detail.package_status",),
        ),
        Column("created_at", "time", "create_time", "it was made", same=("detail.create_time",)),
        Column("updated_at", "time", "update_time", "its last change", same=("detail.update_time",)),
        Column("tracking_number", "string", "tracking_number", "the carrier's", same=("detail.tracking_number",)),
        Column(
            "shipping_provider_id", "id", "shipping_provider_id", "the carrier", same=("detail.shipping_provider_id",)
        ),
        Column(
            "shipping_provider_name",
            "string",
            "shipping_provider_name",
            "its name",
            same=("detail.shipping_provider_name",),
        ),
        Column("order_ids", "string", "orders[].id", "joined with commas"),
        Column("order_count", "count", "orders", "orders that are in it; see package_items"),
        Column("order_line_item_ids", "string", "order_line_item_ids[]", "joined with commas"),
    ),
    detail=(
        *same("id", "delivery_option_id", inside="detail."),
        *same(
            "string",
            "delivery_option_name handover_method last_mile_tracking_number note_tag shipping_type "
            "split_and_combine_tag",
            inside="detail.",
        ),
        *same("boolean", "has_multi_skus", inside="detail."),
        *same("rate", "length width height", inside="detail.dimension.", doc="in dimension_unit"),
        Column("dimension_unit", "string", "detail.dimension.unit", "such as CM"),
        Column("weight", "rate", "detail.weight.value", "in weight_unit"),
        Column("weight_unit", "string", "detail.weight.unit", "such as GRAM"),
        Column("insurance_claim_status", "string", "detail.insurance.claim_status", ""),
        Column("insurance_coverage", "string", "detail.insurance.coverage_amount", "as sent: no currency is told"),
        Column("insurance_is_claim_eligible", "boolean", "detail.insurance.is_claim_eligible", ""),
        Column("insurance_is_purchased", "boolean", "detail.insurance.is_purchased", ""),
        Column("pickup_start_at", "time", "detail.pickup_slot.start_time", ""),
        Column("pickup_end_at", "time", "detail.pickup_slot.end_time", ""),
        *same("string", _ADDRESS, inside="detail.recipient_address.", prefix="recipient_", doc="may be masked"),
        *same("string", _ADDRESS, inside="detail.sender_address.", prefix="sender_"),
        *same("id", "warehouse_id", inside="detail.", doc="United States; newer than the official description"),
        Column("detail_order_line_item_ids", "string", "detail.order_line_item_ids[]", "told once more"),
        Column("detail_orders", "json", "detail.orders", "JSON text, because it repeats what package_items has"),
    ),
)

PACKAGE_ITEMS = Table(
    name="package_items",
    row="SKU of an order in a package",
    title="what is in the packages of a period",
    about="""Period, by and status are those of the package.""",
    listing=_PACKAGE_SEARCH,
    each=("orders", "skus"),
    keeps=("", "above"),
    order=("package_created_at", "package_id"),
    key=("package_id", "order_id", "sku_id"),
    columns=(
        Column("package_id", "id", "id", "the package", of="record"),
        Column("order_id", "id", "id", "the order", of="above"),
        Column("sku_id", "id", "id", "the SKU"),
        *SHOP_COLUMNS,
        Column("package_created_at", "time", "create_time", "the package was made", of="record"),
        Column("package_status", "string", "status", "of the package", of="record"),
        Column("sku_name", "string", "name", "its name"),
        Column("quantity", "integer", "quantity", "units"),
        Column("image_url", "string", "image_url", "address of the picture"),
    ),
)

TRACKING = Table(
    name="tracking",
    row="event",
    title="what happened to the packages of the orders of a period, latest first",
    about="""A call per order that was shipped: slow. The period, by and status are those of the order. TikTok
Shop tells events in words only.""",
    listing=Listing(
        method="GET",
        path="/fulfillment/202309/orders/{id}/tracking",
        settles=45,  # days after the order in which it is still on its way
        scope=_FULFILLMENT,
        records="tracking",
        one="event",
        source="Get Tracking, API version 202309",
        filters="query",
        key="",
        parent=Parent(ORDER_SEARCH, skip=frozenset({"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"}), lenient=True),
    ),
    order=("order_created_at", "order_id"),
    columns=(
        Column("order_id", "id", "id", "the order", of="parent"),
        *SHOP_COLUMNS,
        Column("order_created_at", "time", "create_time", "the order was placed", of="parent"),
        Column("order_status", "string", "status", "of the order", of="parent"),
        Column("tracking_number", "string", "tracking_number", "the carrier's", of="parent"),
        Column("happened_at", "millis", "update_time_millis", "the event; sent in milliseconds"),
        Column("description", "string", "description", "in words"),
    ),
)
