"""The amounts that finance answers list, by the names TikTok Shop gives them.

Three endpoints break an amount down, each with a few names of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_REVENUE = _words(
    "subtotal_before_discount_amount refund_subtotal_before_discount_amount seller_discount_amount "
    "seller_discount_refund_amount cod_service_fee_amount refund_cod_service_fee_amount"
)
_FEES = _words(
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
_TAXES = _words(
    "anti_dumping_duty_amount customs_clearance_amount customs_duty_amount gst_amount import_vat_amount isr_amount "
    "iva_amount local_vat_amount pit_amount sst_amount vat_amount"
)
_SHIPPING = _words(
    "actual_shipping_fee_amount customer_paid_shipping_fee_amount exchange_shipping_fee_amount "
    "failed_delivery_subsidy_amount fbt_free_shipping_fee_amount fbt_fulfillment_fee_reimbursement_amount "
    "free_return_subsidy_amount replacement_shipping_fee_amount return_shipping_fee_amount "
    "return_shipping_fee_paid_buyer_amount return_shipping_label_fee_amount seller_self_shipping_service_fee_amount "
    "shipping_fee_discount_amount shipping_insurance_fee_amount signature_confirmation_fee_amount"
)
_BESIDE_SHIPPING = _words(
    "customer_shipping_fee_offset_amount fbm_shipping_cost_amount fbt_fulfillment_fee_amount "
    "fbt_fulfillment_fee_reimbursement_amount fbt_shipping_cost_amount platform_shipping_fee_discount_amount "
    "promo_shipping_incentive_amount refunded_customer_shipping_fee_amount return_refund_subsidy_amount "
    "seller_shipping_fee_discount_amount shipping_fee_subsidy_amount"
)
BESIDE = _words(
    "customer_payment_amount customer_refund_amount platform_cofunded_discount_amount "
    "platform_cofunded_discount_refund_amount platform_discount_amount platform_discount_refund_amount "
    "retail_delivery_fee_amount retail_delivery_fee_payment_amount retail_delivery_fee_refund_amount "
    "sales_tax_amount sales_tax_payment_amount sales_tax_refund_amount seller_cofunded_discount_amount "
    "seller_cofunded_discount_refund_amount"
)
_GUARANTEE = "shipping_fee_guarantee_reimbursement"


@dataclass(frozen=True, slots=True)
class Names:
    """What one endpoint lists: revenue, fees, taxes, shipping, and what explains the shipping."""

    fees: tuple[str, ...]
    taxes: tuple[str, ...]
    shipping: tuple[str, ...]
    beside_shipping: tuple[str, ...]
    revenue: tuple[str, ...] = _REVENUE


BY_STATEMENT = Names(
    _FEES,
    _TAXES,
    (*_SHIPPING, _GUARANTEE),
    (*_BESIDE_SHIPPING, "customer_shipping_fee", "refund_customer_shipping_fee"),
)
BY_ORDER = Names(_FEES, _TAXES, _SHIPPING, (*_BESIDE_SHIPPING, _GUARANTEE))
UNSETTLED = Names(
    fees=_words(
        "affiliate_ads_commission_amount affiliate_commission_amount affiliate_commission_before_pit_amount "
        "affiliate_partner_commission_amount bonus_cashback_service_fee_amount credit_card_handling_fee_amount "
        "live_specials_fee_amount mall_service_fee_amount pit_withheld_from_ads_commission_amount "
        "platform_commission_amount referral_fee_amount refund_administration_fee_amount "
        "retail_delivery_fee_amount retail_delivery_fee_payment_amount retail_delivery_fee_refund_amount "
        "sfp_service_fee_amount transaction_fee_amount"
    ),
    taxes=_words(
        "customs_clearance_amount customs_duty_amount gst_amount import_vat_amount sales_tax_amount "
        "sales_tax_payment_amount sales_tax_refund_amount sst_amount vat_amount"
    ),
    shipping=_words(
        "actual_shipping_fee_amount customer_paid_shipping_fee_amount exchange_shipping_fee_amount "
        "replacement_shipping_fee_amount return_shipping_fee_amount shipping_fee_discount_amount "
        "shipping_insurance_fee_amount signature_confirmation_fee_amount"
    ),
    beside_shipping=_words(
        "customer_shipping_fee_offset_amount fbm_shipping_cost_amount fbt_fulfillment_fee_amount "
        "fbt_shipping_cost_amount platform_shipping_fee_discount_amount promo_shipping_incentive_amount "
        "seller_shipping_fee_discount_amount shipping_fee_subsidy_amount"
    ),
)
