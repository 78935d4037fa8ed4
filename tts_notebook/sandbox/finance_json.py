"""Statements, transactions and payments as the finance endpoints write them.

Statements write flat texts, payments write {value, currency}, transactions name the currency once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .catalogue import Shop
from .finance_fields import BESIDE, BY_ORDER, BY_STATEMENT, UNSETTLED, Names
from .ledger import Payment, Statement, Transaction
from .markets import DAY
from .money import DECIMALS, amount_text
from .orders import Order
from .settlement import Line, Settlement, fees_of, settle

Json = dict[str, Any]
Write = Callable[[int], str]


def writer(shop: Shop, padded: bool) -> Write:
    """Return what writes amounts of a shop's currency."""
    decimals = DECIMALS[shop.market.currency]
    return lambda minor: amount_text(minor, decimals, padded)


def statement_json(statement: Statement, shop: Shop, moment: int, write: Write, *, fees_hold_shipping: bool) -> Json:
    """Return a statement; in South East Asia its fees hold the shipping costs, too."""
    body: Json = {
        "id": str(statement.id),
        "statement_time": statement.time,
        "currency": shop.market.currency,
        "revenue_amount": write(statement.revenue),
        "adjustment_amount": write(statement.adjustment),
        "settlement_amount": write(statement.settlement),
        "payment_status": "PROCESSING",
    }
    if fees_hold_shipping and shop.market.southeast_asia:
        body["fee_amount"] = write(statement.fee + statement.shipping)
    else:
        body["net_sales_amount"] = body["revenue_amount"]
        body |= {"fee_amount": write(statement.fee), "shipping_cost_amount": write(statement.shipping)}
    payment = statement.payment
    if payment and payment.created <= moment:
        body |= {"payment_id": str(payment.id), "payment_status": payment.status(moment)}
        if moment >= payment.paid:
            body["payment_time"] = payment.paid
    return body


def statement_head(statement: Statement, shop: Shop, write: Write) -> Json:
    """Return what a page of a statement's transactions says about the statement."""
    return {
        "id": str(statement.id),
        "create_time": statement.time,
        "status": "SETTLED",
        "currency": shop.market.currency,
        "total_settlement_amount": write(statement.settlement),
        "total_reserve_amount": write(statement.reserve),
        "payable_amount": write(statement.settlement + statement.reserve),
        "total_settlement_breakdown": {
            "total_revenue_amount": write(statement.revenue),
            "total_fee_tax_amount": write(statement.fee),
            "total_shipping_cost_amount": write(statement.shipping),
            "total_adjustment_amount": write(statement.adjustment),
        },
    }


def transaction_json(row: Transaction, shop: Shop, moment: int, write: Write) -> Json:
    """Return a row of a statement; only orders come with breakdowns."""
    reserve = {"status": "", "release": ""}
    if row.reserve_id:
        waits = row.release_at > moment
        reserve = {
            "status": "COLLECTED" if row.reserve < 0 else "RELEASED",
            "release": str(row.release_at) if waits else "",
        }
    body: Json = {
        "id": str(row.id),
        "type": row.type,
        "order_id": _id(row.order),
        "order_create_time": row.order_created,
        "adjustment_id": str(row.adjustment_id or ""),
        "adjustment_order_id": _id(row.about) if row.adjustment_id else "",
        "associated_order_id": _id(row.about) if row.reserve_id else "",
        "reserve_id": str(row.reserve_id or ""),
        "reserve_status": reserve["status"],
        "reserve_amount": write(row.reserve),
        "estimated_release_time": reserve["release"],
        "revenue_amount": write(row.revenue),
        "fee_tax_amount": write(row.fee),
        "shipping_cost_amount": write(row.shipping),
        "adjustment_amount": write(row.adjustment),
        "settlement_amount": write(row.settlement + row.settlement_error),
    }
    if row.order:
        found = settle(row.order, shop, row.order.completed)
        body |= _breakdown(found.lines, shop, BY_STATEMENT, write, row.revenue_error)
        body["supplementary_component"] = _beside(found, shop, write)
    return body


def order_json(order: Order, shop: Shop, statement: Statement | None, write: Write) -> Json:
    """Return what was settled of an order by SKU; an order that is not settled has no rows."""
    lines = settle(order, shop, order.completed).lines if statement else []
    rows = [
        {
            "sku_id": line.sku.id,
            "sku_name": line.sku.name,
            "product_name": line.sku.product_name,
            "quantity": str(line.quantity),
            "statement_id": str(statement.id if statement else ""),
            "revenue_amount": write(line.revenue),
            "fee_tax_amount": write(line.fee),
            "shipping_cost_amount": write(line.shipping),
            "settlement_amount": write(line.revenue + line.fee + line.shipping),
            **_breakdown([line], shop, BY_ORDER, write),
        }
        for line in lines
    ]
    revenue, fee, shipping = _totals(lines)
    return {
        "order_id": str(order.id),
        "order_create_time": order.created,
        "currency": shop.market.currency,
        "revenue_amount": write(revenue),
        "fee_and_tax_amount": write(fee),
        "shipping_cost_amount": write(shipping),
        "settlement_amount": write(revenue + fee + shipping),
        "total_count": len(rows),
        "sku_transactions": rows,
    }


def unsettled_json(order: Order, shop: Shop, moment: int, write: Write) -> Json:
    """Return the estimate of what an order will be settled at."""
    lines = settle(order, shop, moment).lines
    revenue, fee, shipping = _totals(lines)
    window = shop.market.return_window
    return {
        "id": str(order.id + 1_050_000_000_000_000_000),
        "type": "ORDER",
        "status": "UNSETTLED",
        "currency": shop.market.currency,
        "order_id": str(order.id),
        "order_create_time": order.created,
        "order_delivery_time": order.delivered,
        "adjustment_id": "",
        "adjustment_order_id": "",
        "est_revenue_amount": write(revenue),
        "est_fee_tax_amount": write(fee),
        "est_shipping_cost_amount": write(shipping),
        "est_adjustment_amount": write(0),
        "est_settlement_amount": write(revenue + fee + shipping),
        "estimated_settlement": str(order.delivered + window)
        if order.delivered
        else f"{window // DAY} days after delivery",
        "unsettled_reason": "waiting for the return period to end" if order.delivered else "waiting for delivery",
        **_breakdown(lines, shop, UNSETTLED, write),
    }


def payment_json(payment: Payment, shop: Shop, moment: int, write: Write) -> Json:
    currency = shop.market.currency

    def money(minor: int) -> Json:
        return {"value": write(minor), "currency": currency}

    settlement = payment.settlement + payment.error
    body: Json = {
        "id": str(payment.id),
        "create_time": payment.created,
        "status": payment.status(moment),
        "amount": money(settlement + payment.reserve),
        "settlement_amount": money(settlement),
        "reserve_amount": money(payment.reserve),
        "payment_amount_before_exchange": money(settlement + payment.reserve),
        "exchange_rate": "1.000000",
        "bank_account": f"***********{int(shop.id) % 10_000:04d}",
    }
    return body | ({"paid_time": payment.paid} if moment >= payment.paid else {})


def _id(order: Order | None) -> str:
    return str(order.id) if order else ""


def _totals(lines: Iterable[Line]) -> tuple[int, int, int]:
    rows = [(line.revenue, line.fee, line.shipping) for line in lines]
    return sum(row[0] for row in rows), sum(row[1] for row in rows), sum(row[2] for row in rows)


def _breakdown(lines: list[Line], shop: Shop, names: Names, write: Write, error: int = 0) -> Json:
    """Return what the sums of some lines consist of; what does not occur is 0."""
    fees: dict[str, int] = {}
    for at, (name, _, _) in enumerate(fees_of(shop)):
        # an estimate knows fewer names: the first fee of a shop stands for the others
        listed = name if name in names.fees or name in names.taxes else fees_of(shop)[0][0]
        fees[listed] = fees.get(listed, 0) + sum(line.fees[at] for line in lines)
    carrier = sum(line.carrier for line in lines)
    discount = sum(line.shipping_discount for line in lines)
    revenue = {
        "subtotal_before_discount_amount": sum(line.subtotal for line in lines) + error,
        "seller_discount_amount": sum(line.seller_discount for line in lines),
        "refund_subtotal_before_discount_amount": sum(line.refund_subtotal for line in lines),
        "seller_discount_refund_amount": sum(line.discount_refund for line in lines),
    }
    shipping = {
        "actual_shipping_fee_amount": carrier,
        "shipping_fee_discount_amount": discount,
        "customer_paid_shipping_fee_amount": sum(line.customer_shipping for line in lines),
        "return_shipping_fee_amount": sum(line.return_shipping for line in lines),
    }
    beside = {"fbm_shipping_cost_amount": carrier, "platform_shipping_fee_discount_amount": discount}
    return {
        "revenue_breakdown": _all(names.revenue, revenue, write),
        "fee_tax_breakdown": {"fee": _all(names.fees, fees, write), "tax": _all(names.taxes, fees, write)},
        "shipping_cost_breakdown": {
            **_all(names.shipping, shipping, write),
            "supplementary_component": _all(names.beside_shipping, beside, write),
        },
    }


def _beside(found: Settlement, shop: Shop, write: Write) -> Json:
    """Return what explains a transaction without being a part of its sums."""
    basket, returned = found.basket, found.returned
    tax = basket.tax if shop.region == "US" else 0
    tax_back = sum(unit.tax for unit in returned) if shop.region == "US" else 0
    amounts = {
        "customer_payment_amount": basket.total,
        "customer_refund_amount": -found.refund,
        "platform_discount_amount": basket.platform_discount,
        "platform_discount_refund_amount": -sum(unit.platform_discount for unit in returned),
        "sales_tax_payment_amount": tax,
        "sales_tax_refund_amount": tax_back,
        "sales_tax_amount": tax - tax_back,
        "retail_delivery_fee_payment_amount": -basket.place.delivery_fee,
        "retail_delivery_fee_amount": -basket.place.delivery_fee,
    }
    return _all(BESIDE, amounts, write)


def _all(names: Iterable[str], amounts: dict[str, int], write: Write) -> Json:
    return {name: write(amounts.get(name, 0)) for name in names}
