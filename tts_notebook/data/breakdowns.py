"""What a settled amount consists of: the fee, tax, revenue and shipping lines, declared.

New lines come several times a year; until they are declared here they are in `extra`.
"""

from __future__ import annotations

from tts_notebook.data.columns import same
from tts_notebook.data.tables import Column

_FEES = (
    "affiliate_ads_commission_amount affiliate_commission_amount affiliate_commission_amount_before_pit "
    "affiliate_commission_deposit affiliate_commission_release affiliate_partner_commission_amount "
    "bonus_cashback_service_fee_amount campaign_resource_fee cofunded_creator_bonus_amount "
    "cofunded_promotion_service_fee_amount credit_card_handling_fee_amount dt_handling_fee_amount "
    "dynamic_commission_amount epr_pob_service_fee_amount external_affiliate_marketing_fee_amount "
    "fee_per_item_sold_amount flash_sales_service_fee_amount installation_service_fee live_specials_fee_amount "
    "mall_service_fee_amount platform_commission_amount pre_order_service_fee_amount referral_fee_amount "
    "refund_administration_fee_amount seller_paylater_handling_fee_amount sfp_service_fee_amount "
    "shipping_fee_guarantee_service_fee tap_shop_ads_commission transaction_fee_amount tsp_commission_amount "
    "vn_fix_infrastructure_fee voucher_xtra_service_fee_amount"
)
_TAXES = (
    "anti_dumping_duty_amount customs_clearance_amount customs_duty_amount gst_amount import_vat_amount isr_amount "
    "iva_amount local_vat_amount pit_amount sst_amount vat_amount"
)
_REVENUE = (
    "cod_service_fee_amount refund_cod_service_fee_amount refund_subtotal_before_discount_amount "
    "seller_discount_amount seller_discount_refund_amount subtotal_before_discount_amount"
)
_SHIPPING = (
    "actual_shipping_fee_amount customer_paid_shipping_fee_amount exchange_shipping_fee_amount "
    "failed_delivery_subsidy_amount fbt_free_shipping_fee_amount fbt_fulfillment_fee_reimbursement_amount "
    "free_return_subsidy_amount replacement_shipping_fee_amount return_shipping_fee_amount "
    "return_shipping_fee_paid_buyer_amount return_shipping_label_fee_amount seller_self_shipping_service_fee_amount "
    "shipping_fee_discount_amount shipping_insurance_fee_amount signature_confirmation_fee_amount"
)
_SHIPPING_BESIDE = (
    "customer_shipping_fee_offset_amount fbm_shipping_cost_amount fbt_fulfillment_fee_amount "
    "fbt_fulfillment_fee_reimbursement_amount fbt_shipping_cost_amount platform_shipping_fee_discount_amount "
    "promo_shipping_incentive_amount refunded_customer_shipping_fee_amount return_refund_subsidy_amount "
    "seller_shipping_fee_discount_amount shipping_fee_subsidy_amount"
)
_BESIDE = (
    "customer_payment_amount customer_refund_amount platform_cofunded_discount_amount "
    "platform_cofunded_discount_refund_amount platform_discount_amount platform_discount_refund_amount "
    "retail_delivery_fee_amount retail_delivery_fee_payment_amount retail_delivery_fee_refund_amount "
    "sales_tax_amount sales_tax_payment_amount sales_tax_refund_amount seller_cofunded_discount_amount "
    "seller_cofunded_discount_refund_amount"
)


_EST_FEES = (
    "affiliate_ads_commission_amount affiliate_commission_amount affiliate_commission_before_pit_amount "
    "affiliate_partner_commission_amount bonus_cashback_service_fee_amount credit_card_handling_fee_amount "
    "live_specials_fee_amount mall_service_fee_amount pit_withheld_from_ads_commission_amount "
    "platform_commission_amount referral_fee_amount refund_administration_fee_amount retail_delivery_fee_amount "
    "retail_delivery_fee_payment_amount retail_delivery_fee_refund_amount sfp_service_fee_amount transaction_fee_amount"
)
_EST_TAXES = (
    "customs_clearance_amount customs_duty_amount gst_amount import_vat_amount sales_tax_amount "
    "sales_tax_payment_amount sales_tax_refund_amount sst_amount vat_amount"
)
_EST_SHIPPING = (
    "actual_shipping_fee_amount customer_paid_shipping_fee_amount exchange_shipping_fee_amount "
    "replacement_shipping_fee_amount return_shipping_fee_amount shipping_fee_discount_amount "
    "shipping_insurance_fee_amount signature_confirmation_fee_amount"
)
_EST_SHIPPING_BESIDE = (
    "customer_shipping_fee_offset_amount fbm_shipping_cost_amount fbt_fulfillment_fee_amount fbt_shipping_cost_amount "
    "platform_shipping_fee_discount_amount promo_shipping_incentive_amount seller_shipping_fee_discount_amount "
    "shipping_fee_subsidy_amount"
)


def _columns(*, fees: str, taxes: str, shipping: str, beside_shipping: str) -> tuple[Column, ...]:
    """What an amount consists of; a prefix tells the groups apart, because names come twice."""
    return (
        *same("money", fees, inside="fee_tax_breakdown.fee.", prefix="fee_", doc="part of fee_tax_amount"),
        *same("money", taxes, inside="fee_tax_breakdown.tax.", prefix="tax_", doc="part of fee_tax_amount"),
        *same("money", _REVENUE, inside="revenue_breakdown.", prefix="revenue_", doc="part of revenue_amount"),
        *same(
            "money",
            shipping,
            inside="shipping_cost_breakdown.",
            prefix="shipping_",
            doc="part of shipping_cost_amount",
        ),
        *same(
            "money",
            beside_shipping,
            inside="shipping_cost_breakdown.supplementary_component.",
            prefix="shipping_info_",
            doc="to explain the shipping cost; not a part of it",
        ),
    )


OF_TRANSACTION = (
    *_columns(
        fees=_FEES,
        taxes=_TAXES,
        shipping=f"{_SHIPPING} shipping_fee_guarantee_reimbursement",
        beside_shipping=f"{_SHIPPING_BESIDE} customer_shipping_fee refund_customer_shipping_fee",
    ),
    *same("money", _BESIDE, inside="supplementary_component.", prefix="info_", doc="to explain; not a part of any sum"),
)
OF_SKU = _columns(
    fees=_FEES,
    taxes=_TAXES,
    shipping=_SHIPPING,
    beside_shipping=f"{_SHIPPING_BESIDE} shipping_fee_guarantee_reimbursement",
)
OF_ESTIMATE = _columns(fees=_EST_FEES, taxes=_EST_TAXES, shipping=_EST_SHIPPING, beside_shipping=_EST_SHIPPING_BESIDE)
