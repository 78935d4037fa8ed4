"""Orders and what was sold in them: endpoints, filters and columns, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS, same
from tts_notebook.data.tables import Column, Listing, Lookup, Table, Walk

STATUSES = (
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
)

ORDER_SEARCH = Listing(
    method="POST",
    path="/order/202309/orders/search",
    scope="seller.order.info",
    records="orders",
    one="order",
    source="Get Order List, API version 202309",
    page_size=100,
    # Both are exact whether the pages are cut by position or by the last row seen. A
    # create_time never changes, so no order moves. An update_time does: with the newest
    # first and the end left open, an order that changes meanwhile only moves to the
    # front, which pushes others back (seen twice, dropped by id) and never forward (missed).
    walks={
        "create_time": Walk(("create_time", "ASC"), "create_time_ge", "create_time_lt"),
        "update_time": Walk(("update_time", "DESC"), "update_time_ge", "update_time_lt", open_end=True),
    },
    parts="line_items",
    statuses=STATUSES,
    status_filter="order_status",
    lookups=(
        Lookup("/order/202507/orders", per_call=50, records="orders", source="Get Order Detail, API version 202507"),
        Lookup(
            "/order/202407/orders/{id}/price_detail",
            per_call=1,
            into="price_detail",
            source="Get Price Detail, API version 202407",
        ),
    ),
)


_ORDER_TIMES = (
    Column("created_at", "time", "create_time", "the order was placed; it never changes"),
    Column("updated_at", "time", "update_time", "last change of the order"),
    Column("paid_at", "time", "paid_time", "the buyer paid"),
    Column("rts_at", "time", "rts_time", "ready to ship: the seller shipped the package"),
    Column("collected_at", "time", "collection_time", "the carrier took it: IN_TRANSIT"),
    Column("delivered_at", "time", "delivery_time", "it was DELIVERED"),
    Column("cancel_requested_at", "time", "request_cancel_time", "the buyer asked to cancel"),
    Column("cancelled_at", "time", "cancel_time", "it was CANCELLED"),
    Column("rts_sla_at", "time", "rts_sla_time", "latest time to ship"),
    Column("tts_sla_at", "time", "tts_sla_time", "latest time of collection"),
    Column("shipping_due_at", "time", "shipping_due_time", "cancelled if not shipped by then"),
    Column("collection_due_at", "time", "collection_due_time", "cancelled if not collected by then"),
    Column("delivery_sla_at", "time", "delivery_sla_time", "late if not delivered by then"),
    Column("delivery_due_at", "time", "delivery_due_time", "cancelled if not delivered by then"),
    Column("cancel_order_sla_at", "time", "cancel_order_sla_time", "when the platform cancels by itself"),
    Column("fast_dispatch_sla_at", "time", "fast_dispatch_sla_time", "for next-day delivery (TH, PH)"),
    Column("pick_up_cut_off_at", "time", "pick_up_cut_off_time", "latest pick-up (South East Asia)"),
    Column("recommended_shipping_at", "time", "recommended_shipping_time", "South East Asia"),
    Column(
        "delivery_option_required_delivery_at",
        "time",
        "delivery_option_required_delivery_time",
        "promised by the delivery option",
    ),
    Column("release_at", "time", "release_date", "handling of a pre-order starts"),
    Column("instore_pickup_sla_at", "time", "instore_pickup_sla_time", "newer than the official description"),
)

_PAYMENT = (
    Column("currency", "string", "payment.currency", "ISO 4217, of every amount in the row"),
    Column("total_amount", "money", "payment.total_amount", "paid by the buyer: sub_total, shipping_fee, taxes"),
    Column("sub_total", "money", "payment.sub_total", "products after both discounts"),
    Column("original_total_product_price", "money", "payment.original_total_product_price", "products before them"),
    Column("seller_discount", "money", "payment.seller_discount", "positive"),
    Column("platform_discount", "money", "payment.platform_discount", "positive"),
    Column("shipping_fee", "money", "payment.shipping_fee", "after discounts"),
    *same(
        "money",
        "original_shipping_fee shipping_fee_seller_discount shipping_fee_platform_discount "
        "shipping_fee_cofunded_discount shipping_fee_tax product_tax tax retail_delivery_fee buyer_service_fee "
        "handling_fee item_insurance_fee item_insurance_tax shipping_insurance_fee small_order_fee "
        "distance_fee distance_shipping_fee payment_platform_discount payment_discount_service_fee",
        inside="payment.",
    ),
)

_RECIPIENT = (
    *same(
        "string",
        "name first_name last_name first_name_local_script last_name_local_script phone_number full_address "
        "address_detail address_line1 address_line2 address_line3 address_line4 post_town postal_code region_code",
        inside="recipient_address.",
        prefix="recipient_",
        doc="masked with platform shipping; missing for UNPAID and ON_HOLD",
    ),
    Column(
        "recipient_drop_off_location", "string", "recipient_address.delivery_preferences.drop_off_location", "chosen"
    ),
    *(
        Column(
            f"recipient_{level.lower()}{suffix}",
            "string",
            f"recipient_address.district_info[address_level={level}].{name}",
            doc,
        )
        for level in ("L0", "L1", "L2", "L3", "L4")
        for suffix, name, doc in (
            ("", "address_name", "area: L0 is the country, L4 the smallest"),
            ("_level", "address_level_name", "what this level is called there, such as State or City"),
            ("_iso_code", "iso_code", "ISO code of the area"),
        )
    ),
)

ORDER_COLUMNS = (
    Column("order_id", "id", "id", "the order"),
    *SHOP_COLUMNS,
    Column("status", "string", "status", ", ".join(STATUSES)),
    *_ORDER_TIMES,
    *_PAYMENT,
    Column("item_count", "count", "line_items", "units sold, each a row of order_items"),
    *same("string", "order_type commerce_platform fulfillment_type delivery_type shipping_type"),
    *same("string", "payment_method_name cancel_reason cancellation_initiator split_or_combine_tag"),
    *same("id", "user_id", doc="the buyer"),
    *same("string", "buyer_email", doc="an alias, not the buyer's own"),
    *same("string", "buyer_nickname buyer_avatar buyer_message seller_note"),
    *same("string", "cpf cpf_name need_upload_invoice", doc="Brazil"),
    *same("boolean", "is_cod is_sample_order is_on_hold_order is_replacement_order is_exchange_order"),
    *same("boolean", "is_buyer_request_cancel has_updated_recipient_address"),
    *same(
        "boolean",
        "is_subscription_order is_refundable_sample authentication_required",
        doc="newer than the official description",
    ),
    *same("id", "replaced_order_id exchange_source_order_id auto_combine_group_id consultation_id"),
    *same("id", "warehouse_id delivery_option_id"),
    *same("string", "delivery_option_name"),
    *same("id", "shipping_provider_id"),
    *same("string", "shipping_provider tracking_number fast_delivery_program"),
    Column("package_ids", "string", "packages[].id", "joined with commas"),
    Column("order_rights", "string", "order_rights[]", "numbers, joined with commas"),
    *same("integer", "fulfillment_priority_level", doc="100 Instant … 800 Cargo (South East Asia)"),
    Column("handling_duration_days", "integer", "handling_duration.days", "time to ship"),
    Column("handling_duration_type", "string", "handling_duration.type", "CALENDAR_DAY or BUSINESS_DAY"),
    *_RECIPIENT,
)

_PRICES = (
    "total payment subtotal net_price_amount sku_list_price sku_sale_price sku_gift_original_price "
    "sku_gift_net_price subtotal_deduction_seller subtotal_deduction_platform subtotal_tax_amount "
    "shipping_list_price shipping_sale_price shipping_fee_deduction_seller shipping_fee_deduction_platform "
    "tax_amount distance_fee distance_shipping_fee cod_fee"
)
# codes of a kind of discount, despite names that sound like amounts
_VOUCHERS = "voucher_deduction_seller voucher_deduction_platform shipping_fee_deduction_platform_voucher"


def _price_detail(cod_fee_with_tax: str) -> tuple[Column, ...]:
    return (
        *same("string", "currency", inside="price_detail.", prefix="price_"),
        *same("money", f"{_PRICES} {cod_fee_with_tax}", inside="price_detail.", prefix="price_"),
        *same("rate", "tax_rate", inside="price_detail.", prefix="price_"),
        *same("id", _VOUCHERS, inside="price_detail.", prefix="price_", doc="kind of discount, a code"),
    )


ORDERS = Table(
    name="orders",
    row="order",
    title="the orders of a period",
    about="""detail=True asks for order detail (a call per 50 orders) and price detail (a call per
order, slow) too, which adds columns.""",
    listing=ORDER_SEARCH,
    order=("created_at", "order_id"),
    key=("order_id",),
    columns=ORDER_COLUMNS,
    detail=(
        *same("string", "payment_card_type payment_method_code payment_auth_code"),
        *same("id", "channel_entity_national_registry_id", doc="Brazil"),
        *_price_detail("cod_fee_net_amount"),
    ),
)

ITEM_COLUMNS = (
    Column("line_item_id", "id", "id", "the unit sold"),
    Column("order_id", "id", "id", "its order", of="record"),
    *SHOP_COLUMNS,
    Column("created_at", "time", "create_time", "the order was placed", of="record"),
    Column("updated_at", "time", "update_time", "last change of the order", of="record"),
    Column("paid_at", "time", "paid_time", "the buyer paid", of="record"),
    Column("status", "string", "status", "status of the order", of="record"),
    Column("display_status", "string", "display_status", "status of the unit"),
    *same("id", "product_id sku_id"),
    *same("string", "product_name sku_name seller_sku"),
    Column("currency", "string", "currency", "ISO 4217, of every amount in the row"),
    Column("sale_price", "money", "sale_price", "original_price less both discounts"),
    *same("money", "original_price seller_discount platform_discount gift_retail_price"),
    *same("money", "retail_delivery_fee buyer_service_fee small_order_fee pfand_fee distance_fee"),
    *same("money", "distance_shipping_fee"),
    Column("sales_tax_amount", "money", "item_tax[tax_type=SALES_TAX].tax_amount", "United States"),
    Column("sales_tax_rate", "rate", "item_tax[tax_type=SALES_TAX].tax_rate", "United States"),
    *same("money", "shipping_vat_amount", doc="newer than the official description"),
    *same("rate", "shipping_vat_rate", doc="newer than the official description"),
    *same("id", "package_id"),
    *same("string", "package_status tracking_number"),
    *same("id", "shipping_provider_id"),
    *same("string", "shipping_provider_name"),
    Column("rts_at", "time", "rts_time", "ready to ship: the seller shipped the unit"),
    *same("string", "cancel_user cancel_reason"),
    *same("boolean", "is_gift is_dangerous_good needs_prescription is_unboxing_item"),
    *same("string", "sku_type", doc="deprecated: see order_type of the order"),
    *same("integer", "handling_duration_days", doc="deprecated: see the order"),
    *same("id", "unboxing_sku_code"),
    *same("string", "sku_image", doc="address of the picture"),
    Column(
        "bundle_sku_count", "count", "combined_listing_skus", "of a virtual bundle: each a row of order_bundle_skus"
    ),
    *same("id", "room_id", doc="LIVE room (US); newer than the official description"),
    *same("boolean", "is_pod_customized", doc="newer than the official description"),
    *same("id", "pod_info_id", doc="newer than the official description"),
    *same("string", "product_listing_type", doc="newer than the official description"),
    *same(
        "json",
        "sub_item_info unboxing_case_list",
        doc="JSON text, because no description says what is in it; newer than the official description",
    ),
)

ORDER_ITEMS = Table(
    name="order_items",
    row="unit sold",
    title="what was sold in a period",
    about="""Three pieces of one SKU are three rows: TikTok Shop has no quantity here. Times, by and
status are those of the order.""",
    listing=ORDER_SEARCH,
    order=("created_at", "order_id"),
    key=("line_item_id",),
    columns=ITEM_COLUMNS,
    detail=_price_detail("cod_fee_amount"),
    each=("line_items",),
)

ORDER_BUNDLE_SKUS = Table(
    name="order_bundle_skus",
    row="SKU in a unit sold that is a virtual bundle",
    title="what the virtual bundles that were sold in a period consist of",
    about="""A unit that is no bundle has no row. Times, by and status are those of the order.""",
    listing=ORDER_SEARCH,
    each=("line_items", "combined_listing_skus"),
    order=("created_at", "order_id"),
    key=("line_item_id", "sku_id"),
    columns=(
        Column("line_item_id", "id", "id", "the unit sold", of="above"),
        Column("order_id", "id", "id", "its order", of="record"),
        *SHOP_COLUMNS,
        Column("created_at", "time", "create_time", "the order was placed", of="record"),
        Column("status", "string", "status", "status of the order", of="record"),
        Column("bundle_sku_id", "id", "sku_id", "the SKU that was sold", of="above"),
        *same("id", "product_id sku_id", doc="in the bundle"),
        *same("string", "seller_sku", doc="the seller's own code of the SKU in the bundle"),
        Column("sku_count", "integer", "sku_count", "pieces of it in one bundle"),
    ),
)
