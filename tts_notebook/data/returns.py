"""Returns and cancellations, and what was returned and cancelled, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS, same
from tts_notebook.data.tables import Column, Listing, Table, Walk

_SCOPE = "seller.return_refund.basic"
_WALKS = {
    "create_time": Walk(("create_time", "ASC"), "create_time_ge", "create_time_lt"),
    "update_time": Walk(("update_time", "DESC"), "update_time_ge", "update_time_lt", open_end=True),
}
_REFUND = (
    Column("currency", "string", "refund_amount.currency", "ISO 4217, of every amount in the row"),
    *same("money", "refund_total refund_subtotal refund_shipping_fee refund_tax", inside="refund_amount."),
    *same("money", "buyer_service_fee retail_delivery_fee", inside="refund_amount.", prefix="refund_"),
)
_NEXT = (
    Column("seller_next_actions", "string", "seller_next_action_response[].action", "joined with commas"),
    Column("seller_next_action_due_at", "time", "seller_next_action_response[].deadline", "the earliest deadline"),
)
_ITEM = (
    *same("id", "order_line_item_id sku_id"),
    *same("string", "product_name sku_name seller_sku"),
    *_REFUND,
    Column("image_url", "string", "product_image.url", "address of the picture"),
    Column("image_width", "integer", "product_image.width", "pixels"),
    Column("image_height", "integer", "product_image.height", "pixels"),
)


def _first_amounts(field: str, names: str) -> tuple[Column, ...]:
    """Amounts that come in a list of one; a second one would be kept in extra."""
    return same("money", names, inside=f"{field}[0].", doc=f"from the list {field}")


_RETURN_SEARCH = Listing(
    method="POST",
    path="/return_refund/202309/returns/search",
    scope=_SCOPE,
    records="return_orders",
    one="return",
    source="Search Returns, API version 202309",
    page_size=50,
    walks=_WALKS,
    key="return_id",
    statuses=(
        "RETURN_OR_REFUND_REQUEST_PENDING",
        "REFUND_OR_RETURN_REQUEST_REJECT",
        "AWAITING_BUYER_SHIP",
        "BUYER_SHIPPED_ITEM",
        "REJECT_RECEIVE_PACKAGE",
        "RETURN_OR_REFUND_REQUEST_SUCCESS",
        "RETURN_OR_REFUND_REQUEST_CANCEL",
        "AWAITING_BUYER_RESPONSE",
        "REPLACEMENT_REQUEST_PENDING",
        "REPLACEMENT_REQUEST_REJECT",
        "REPLACEMENT_REQUEST_REFUND_SUCCESS",
        "REPLACEMENT_REQUEST_CANCEL",
        "REPLACEMENT_REQUEST_COMPLETE",
        "RETURN_OR_REFUND_REQUEST_COMPLETE",
    ),
    status_filter="return_status",
    status_in_list=True,
)

RETURNS = Table(
    name="returns",
    row="return",
    title="the returns and refunds of a period, oldest first",
    about="""items=True adds return_items.""",
    listing=_RETURN_SEARCH,
    order=("created_at", "return_id"),
    key=("return_id",),
    columns=(
        Column("return_id", "id", "return_id", "the return"),
        Column("order_id", "id", "order_id", "its order"),
        *SHOP_COLUMNS,
        Column("status", "string", "return_status", "see the option status"),
        Column("return_type", "string", "return_type", "REFUND, RETURN_AND_REFUND or REPLACEMENT"),
        Column("created_at", "time", "create_time", "it was asked for"),
        Column("updated_at", "time", "update_time", "its last change"),
        *_REFUND,
        *_first_amounts(
            "discount_amount",
            "product_seller_discount product_platform_discount shipping_fee_seller_discount "
            "shipping_fee_platform_discount",
        ),
        Column("discount_currency", "string", "discount_amount[0].currency", "ISO 4217, of the discounts"),
        *_first_amounts(
            "shipping_fee_amount",
            "seller_paid_return_shipping_fee platform_paid_return_shipping_fee buyer_paid_return_shipping_fee",
        ),
        Column("shipping_fee_currency", "string", "shipping_fee_amount[0].currency", "ISO 4217, of the shipping fees"),
        Column("partial_refund", "money", "partial_refund.amount", "offered by the seller"),
        Column("partial_refund_currency", "string", "partial_refund.currency", "ISO 4217"),
        Column("item_count", "count", "return_line_items", "units, each a row of return_items"),
        *same("string", "return_reason return_reason_text role", doc="role: BUYER, SELLER, OPERATOR or SYSTEM"),
        *same("string", "arbitration_status shipment_type handover_method return_method"),
        *same("string", "return_shipping_document_type seller_proposed_return_type"),
        *same("id", "return_provider_id"),
        *same("string", "return_provider_name return_tracking_number"),
        *same("boolean", "can_buyer_keep_item buyer_rejected_partial_refund is_combined_return"),
        *same("id", "combined_return_id pre_return_id next_return_id"),
        Column("return_warehouse_address", "string", "return_warehouse_address.full_address", "where it goes"),
        *_NEXT,
    ),
)

RETURN_ITEMS = Table(
    name="return_items",
    row="unit returned",
    title="what was returned in a period",
    about="""Period, by and status are those of the return.""",
    listing=_RETURN_SEARCH,
    each=("return_line_items",),
    order=("return_created_at", "return_id"),
    key=("return_line_item_id",),
    columns=(
        Column("return_line_item_id", "id", "return_line_item_id", "the unit returned"),
        Column("return_id", "id", "return_id", "its return", of="record"),
        Column("order_id", "id", "order_id", "its order", of="record"),
        *SHOP_COLUMNS,
        Column("return_created_at", "time", "create_time", "the return was asked for", of="record"),
        Column("return_status", "string", "return_status", "of the return", of="record"),
        *_ITEM,
    ),
)

_CANCELLATION_SEARCH = Listing(
    method="POST",
    path="/return_refund/202309/cancellations/search",
    scope=_SCOPE,
    records="cancellations",
    one="cancellation",
    source="Search Cancellations, API version 202309",
    page_size=50,
    walks=_WALKS,
    key="cancel_id",
    statuses=(
        "CANCELLATION_REQUEST_PENDING",
        "CANCELLATION_REQUEST_SUCCESS",
        "CANCELLATION_REQUEST_CANCEL",
        "CANCELLATION_REQUEST_COMPLETE",
    ),
    status_filter="cancel_status",
    status_in_list=True,
)

CANCELLATIONS = Table(
    name="cancellations",
    row="cancellation",
    title="the cancellations of a period, oldest first",
    about="""items=True adds cancellation_items.""",
    listing=_CANCELLATION_SEARCH,
    order=("created_at", "cancel_id"),
    key=("cancel_id",),
    columns=(
        Column("cancel_id", "id", "cancel_id", "the cancellation"),
        Column("order_id", "id", "order_id", "its order"),
        *SHOP_COLUMNS,
        Column("status", "string", "cancel_status", "CANCELLATION_REQUEST_PENDING, …_SUCCESS, …_CANCELLED, …_COMPLETE"),
        Column("cancel_type", "string", "cancel_type", "CANCEL by seller or system, or BUYER_CANCEL"),
        Column("created_at", "time", "create_time", "it was asked for"),
        Column("updated_at", "time", "update_time", "its last change"),
        *_REFUND,
        Column("item_count", "count", "cancel_line_items", "units, each a row of cancellation_items"),
        *same("string", "cancel_reason cancel_reason_text role"),
        *_NEXT,
    ),
)

CANCELLATION_ITEMS = Table(
    name="cancellation_items",
    row="unit cancelled",
    title="what was cancelled in a period",
    about="""Period, by and status are those of the cancellation.""",
    listing=_CANCELLATION_SEARCH,
    each=("cancel_line_items",),
    order=("cancellation_created_at", "cancel_id"),
    key=("cancel_line_item_id",),
    columns=(
        Column("cancel_line_item_id", "id", "cancel_line_item_id", "the unit cancelled"),
        Column("cancel_id", "id", "cancel_id", "its cancellation", of="record"),
        Column("order_id", "id", "order_id", "its order", of="record"),
        *SHOP_COLUMNS,
        Column("cancellation_created_at", "time", "create_time", "it was asked for", of="record"),
        Column("cancellation_status", "string", "cancel_status", "of the cancellation", of="record"),
        *_ITEM,
    ),
)
