from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tts_notebook.data import catalogue
from tts_notebook.data.document import document
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS
from tts_notebook.data.shop import ShopSession
from tts_notebook.errors import InputError

TABLES = list(
    {table.name: table for entry in catalogue.TABLES.values() for table in (entry.table, *entry.children)}.values()
)


def fields(text):
    return text.split()


# The leaf fields of TikTok Shop's OpenAPI description: order search 202309 and order detail 202507.
ORDER_FIELDS = fields("""
auto_combine_group_id buyer_avatar buyer_email buyer_message buyer_nickname cancel_reason
cancellation_initiator commerce_platform consultation_id cpf cpf_name delivery_option_id
delivery_option_name delivery_type exchange_source_order_id fast_delivery_program fulfillment_type
id need_upload_invoice order_type payment_method_name replaced_order_id seller_note
shipping_provider shipping_provider_id shipping_type split_or_combine_tag status tracking_number
user_id warehouse_id has_updated_recipient_address is_buyer_request_cancel is_cod
is_exchange_order is_on_hold_order is_replacement_order is_sample_order
fulfillment_priority_level order_rights cancel_order_sla_time cancel_time
collection_due_time collection_time create_time delivery_due_time
delivery_option_required_delivery_time delivery_sla_time delivery_time fast_dispatch_sla_time
paid_time pick_up_cut_off_time recommended_shipping_time release_date request_cancel_time
rts_sla_time rts_time shipping_due_time tts_sla_time update_time
handling_duration.days handling_duration.type packages.id
payment.buyer_service_fee payment.currency payment.distance_fee payment.distance_shipping_fee
payment.handling_fee payment.item_insurance_fee payment.item_insurance_tax payment.original_shipping_fee
payment.original_total_product_price payment.payment_discount_service_fee payment.payment_platform_discount
payment.platform_discount payment.product_tax payment.retail_delivery_fee payment.seller_discount
payment.shipping_fee payment.shipping_fee_cofunded_discount payment.shipping_fee_platform_discount
payment.shipping_fee_seller_discount payment.shipping_fee_tax payment.shipping_insurance_fee
payment.small_order_fee payment.sub_total payment.tax payment.total_amount
recipient_address.address_detail recipient_address.address_line1 recipient_address.address_line2
recipient_address.address_line3 recipient_address.address_line4 recipient_address.first_name
recipient_address.first_name_local_script recipient_address.full_address recipient_address.last_name
recipient_address.last_name_local_script recipient_address.name recipient_address.phone_number
recipient_address.post_town recipient_address.postal_code recipient_address.region_code
recipient_address.delivery_preferences.drop_off_location recipient_address.district_info.address_level_name
recipient_address.district_info.address_name recipient_address.district_info.iso_code
""")
DETAIL_FIELDS = fields("""
channel_entity_national_registry_id payment_auth_code payment_card_type payment_method_code
""")
ITEM_FIELDS = fields("""
buyer_service_fee cancel_reason cancel_user currency display_status distance_fee
distance_shipping_fee gift_retail_price handling_duration_days id original_price package_id
package_status pfand_fee platform_discount product_id product_name retail_delivery_fee
sale_price seller_discount seller_sku shipping_provider_id shipping_provider_name sku_id
sku_image sku_name sku_type small_order_fee tracking_number unboxing_sku_code
is_dangerous_good is_gift is_unboxing_item needs_prescription rts_time
combined_listing_skus item_tax.tax_amount item_tax.tax_rate
""")
PRICE_FIELDS = fields("""
cod_fee currency distance_fee distance_shipping_fee net_price_amount payment
shipping_fee_deduction_platform shipping_fee_deduction_platform_voucher shipping_fee_deduction_seller
shipping_list_price shipping_sale_price sku_gift_net_price sku_gift_original_price sku_list_price
sku_sale_price subtotal subtotal_deduction_platform subtotal_deduction_seller subtotal_tax_amount
tax_amount tax_rate total voucher_deduction_platform voucher_deduction_seller
""")


def read_by(columns):
    """The fields that columns read, without what picks an element of a list."""
    return {".".join(step.partition("[")[0] for step in column.path.split(".")) for column in columns if not column.of}


@pytest.mark.parametrize(
    ("columns", "official"),
    [
        (ORDERS.columns, ORDER_FIELDS),
        (ORDERS.detail, DETAIL_FIELDS),
        (ORDERS.detail, [f"price_detail.{name}" for name in [*PRICE_FIELDS, "cod_fee_net_amount"]]),
        (ORDER_ITEMS.columns, ITEM_FIELDS),
        (ORDER_ITEMS.detail, [f"price_detail.{name}" for name in [*PRICE_FIELDS, "cod_fee_amount"]]),
    ],
)
def test_every_official_field_reaches_a_column(columns, official):
    assert set(official) - read_by(columns) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_two_columns_share_a_name_or_a_field(table):
    columns = [*table.columns, *table.detail]

    assert len({column.name for column in columns}) == len(columns)
    assert len({(column.of, column.path, column.kind) for column in columns}) == len(columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_money_stands_beside_its_currency(table):
    for columns in (table.columns, table.detail):
        if any(column.kind == "money" for column in columns):
            assert any(column.name.endswith("currency") for column in (*columns, *table.columns))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_are_sorted_and_told_apart_by_columns_that_are_there(table):
    assert {*table.order, *table.key} <= {column.name for column in table.columns}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_list_that_is_kept_as_text_says_why(table):
    kept = [column for column in (*table.columns, *table.detail) if column.kind == "json"]

    assert [column.name for column in kept if not column.doc.startswith("JSON text, because ")] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_count_names_the_table_that_has_the_elements(table):
    known = {each.name for each in TABLES}
    counts = [column for column in (*table.columns, *table.detail) if column.kind == "count"]

    assert [column.name for column in counts if not known & set(re.findall(r"\w+", column.doc))] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_says_what_one_of_its_columns_means_in_plain_words(table):
    assert all("\n" not in column.doc and "|" not in column.doc for column in (*table.columns, *table.detail))
    assert table.listing.source
    assert table.title


def test_every_table_of_the_catalogue_is_a_method_with_its_own_help():
    for name, entry in catalogue.TABLES.items():
        method = getattr(ShopSession, name)

        assert list(inspect.signature(method).parameters) == ["self", *entry.options]
        for option in entry.options:
            assert f"\n    {option}: " in method.__doc__
        assert method.__doc__.startswith("Fetch ")
        assert entry.table.listing.path in method.__doc__
        assert max(map(len, method.__doc__.splitlines())) <= 88


def test_every_contracted_accessor_exists():
    contract = """orders order_items statements transactions order_transactions payments withdrawals unsettled products
    skus inventory categories brands warehouses delivery_options shipping_providers packages tracking returns
    cancellations performance product_performance sku_performance video_performance live_performance authorized_shops
    seller_permissions seller_status"""

    assert set(contract.split()) <= catalogue.TABLES.keys()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("statments", "Did you mean statements"),
        ("Order-Item", "Did you mean order_items"),
        ("zzz", "There are: orders"),
    ],
)
def test_an_unknown_table_is_answered_with_the_closest_name(given, told):
    with pytest.raises(InputError, match=told):
        catalogue.find_table(given)
    assert catalogue.find_table("ORDER-ITEMS").name == "order_items"


def test_the_page_about_tables_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "tables.md"

    assert page.read_text(encoding="utf-8").startswith(document()), "python -m tests.data.coverage"
