"""What is settled of an order: revenue, fees, taxes and shipping for each SKU, in minor units.

Costs are negative. Revenue, fees and shipping of a line are the sums of what is listed, and
those of an order the sums of its lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from .basket import Basket, Unit, fill_basket
from .catalogue import Shop, Sku
from .claims import Claim, refund_of
from .money import share, split
from .orders import Order

# region and seller type -> (name on the wire, what it is a share of, thousandths)
# The names are TikTok Shop's, the rates are made up.
Fee = tuple[str, str, int]
FEES: dict[tuple[str, str], tuple[Fee, ...]] = {
    ("GB", "LOCAL"): (
        ("platform_commission_amount", "net", 90),
        ("affiliate_commission_amount", "creator", 100),
        ("affiliate_ads_commission_amount", "ads", 60),
    ),
    ("GB", "CROSS_BORDER"): (
        ("platform_commission_amount", "net", 90),
        ("affiliate_commission_amount", "creator", 120),
        ("customs_clearance_amount", "net", 8),
    ),
    ("US", "LOCAL"): (
        ("referral_fee_amount", "net", 60),
        ("refund_administration_fee_amount", "refund", 12),
        ("affiliate_commission_amount", "creator", 130),
        ("affiliate_partner_commission_amount", "ads", 20),
    ),
    ("MY", "CROSS_BORDER"): (
        ("platform_commission_amount", "net", 70),
        ("transaction_fee_amount", "net", 38),
        ("affiliate_commission_amount", "creator", 110),
        ("customs_duty_amount", "net", 5),
    ),
    ("ID", "LOCAL"): (
        ("platform_commission_amount", "net", 52),
        ("dynamic_commission_amount", "net", 40),
        ("mall_service_fee_amount", "net", 15),
        ("affiliate_commission_amount", "creator", 80),
        ("pit_amount", "net", 5),
    ),
}


@dataclass(slots=True)
class Line:
    """What is settled of one SKU of an order; `fees` are in the order of the shop's FEES."""

    sku: Sku
    quantity: int
    subtotal: int
    seller_discount: int
    refund_subtotal: int
    discount_refund: int
    fees: tuple[int, ...]
    carrier: int
    shipping_discount: int
    customer_shipping: int
    return_shipping: int

    @property
    def revenue(self) -> int:
        return self.subtotal + self.seller_discount + self.refund_subtotal + self.discount_refund

    @property
    def fee(self) -> int:
        return sum(self.fees)

    @property
    def shipping(self) -> int:
        return self.carrier + self.shipping_discount + self.customer_shipping + self.return_shipping


@dataclass(slots=True)
class Settlement:
    """An order's lines, with the basket and the refund they follow from."""

    lines: list[Line]
    basket: Basket
    claim: Claim | None

    @property
    def returned(self) -> list[Unit]:
        return self.claim.units(self.basket) if self.claim else []

    @property
    def refund(self) -> int:
        """What the buyer got back: the price paid for the products and its tax."""
        return sum(unit.sale_price + unit.tax for unit in self.returned)


def fees_of(shop: Shop) -> tuple[Fee, ...]:
    return FEES[shop.region, shop.seller_type]


def settle(order: Order, shop: Shop, moment: int) -> Settlement:
    """Return what an order is settled at, refunds up to a moment included."""
    basket = fill_basket(order, shop)
    claim = refund_of(order, shop, moment)
    found = Settlement([], basket, claim)
    returned = {unit.id for unit in found.returned}
    groups: dict[str, list[Unit]] = {}
    for unit in basket.units:
        groups.setdefault(unit.sku.id, []).append(unit)
    ways = _shipping(order, shop, basket, claim)
    weights = [sum(unit.sku.price for unit in units) for units in groups.values()]
    shares = zip(*(split(amount, weights) for amount in ways), strict=True)
    for units, shipping in zip(groups.values(), shares, strict=True):
        back = [unit for unit in units if unit.id in returned]
        found.lines.append(_line(order, shop, units, back, shipping))
    return found


def _line(order: Order, shop: Shop, units: list[Unit], back: list[Unit], shipping: tuple[int, ...]) -> Line:
    subtotal = sum([unit.sku.price for unit in units])
    discount = sum([unit.seller_discount for unit in units])
    returned = sum([unit.sku.price for unit in back])
    discount_back = sum([unit.seller_discount for unit in back])
    refund = returned - discount_back
    bases = {
        "net": subtotal - discount - refund,
        "refund": refund,
        "creator": subtotal - discount - refund if order.dice // 13 % 10 < 3 else 0,
        "ads": subtotal - discount - refund if order.dice // 13 % 10 == 9 else 0,
    }
    fees = tuple([-share(bases[base], rate) for _, base, rate in fees_of(shop)])
    return Line(units[0].sku, len(units), subtotal, -discount, -returned, discount_back, fees, *shipping)


def _shipping(order: Order, shop: Shop, basket: Basket, claim: Claim | None) -> tuple[int, int, int, int]:
    """Return what the carrier costs, what the platform adds, what the buyer paid, what a return costs."""
    fee = shop.market.shipping_fee
    carrier = 0 if order.seller_ships else -share(fee, 900 + order.dice // 19 % 700)
    comes_back = claim is not None and claim.kind == "RETURN_AND_REFUND" and order.dice % 2 == 0
    return carrier, basket.shipping_platform_discount, basket.shipping_fee, -share(fee, 750) if comes_back else 0
