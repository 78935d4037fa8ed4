"""What is in an order and what it costs, in whole minor units.

Everything here follows from an order's `dice` and its shop, so it is computed when it is
asked for. The identities of an order's payment hold by construction: each total is the sum
of its parts.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass

from .catalogue import Shop, Sku
from .markets import Market, Place
from .money import share
from .orders import Order

_SELLER_DISCOUNTS = (50, 100, 150, 200)  # in thousandths of the price
_PLATFORM_DISCOUNTS = (30, 50, 80)


@dataclass(slots=True)
class Unit:
    """One unit sold: TikTok Shop has a line item per unit, never a quantity."""

    id: int
    sku: Sku
    seller_discount: int
    platform_discount: int
    tax: int
    gift: bool

    @property
    def sale_price(self) -> int:
        return self.sku.price - self.seller_discount - self.platform_discount


@dataclass(slots=True)
class Basket:
    """The units of an order, where they go, and the sums over them."""

    units: list[Unit]
    place: Place
    list_price: int
    seller_discount: int
    platform_discount: int
    product_tax: int
    shipping: int
    shipping_seller_discount: int
    shipping_platform_discount: int
    shipping_tax: int

    @property
    def sub_total(self) -> int:
        return self.list_price - self.seller_discount - self.platform_discount

    @property
    def shipping_fee(self) -> int:
        return self.shipping - self.shipping_seller_discount - self.shipping_platform_discount

    @property
    def tax(self) -> int:
        return self.product_tax + self.shipping_tax

    @property
    def total(self) -> int:
        return self.sub_total + self.shipping_fee + self.tax + self.place.delivery_fee


def fill_basket(order: Order, shop: Shop) -> Basket:
    """Return the basket of an order, the same one every time."""
    draw = random.Random(order.dice).random
    market = shop.market
    # the same buyer lives in the same place, order after order
    place = market.places[order.buyer * 7 % len(market.places)]
    units = _units(order, shop, place, draw)
    basket = Basket(
        units=units,
        place=place,
        list_price=sum([unit.sku.price for unit in units]),
        seller_discount=sum([unit.seller_discount for unit in units]),
        platform_discount=sum([unit.platform_discount for unit in units]),
        product_tax=sum([unit.tax for unit in units]),
        shipping=market.shipping_fee,
        shipping_seller_discount=0,
        shipping_platform_discount=0,
        shipping_tax=0,
    )
    _discount_shipping(basket, market, draw())
    return basket


def _discount_shipping(basket: Basket, market: Market, chance: float) -> None:
    if basket.sub_total >= market.free_shipping_from:
        basket.shipping_platform_discount = basket.shipping
    elif chance < 0.2:
        basket.shipping_seller_discount = share(basket.shipping, 500)
    basket.shipping_tax = share(basket.shipping_fee, basket.place.tax)


def _units(order: Order, shop: Shop, place: Place, draw: Callable[[], float]) -> list[Unit]:
    """Return the order's units: repeats of one SKU are likely, discounts are per SKU."""
    units: list[Unit] = []
    popularity = shop.popularity
    for number in range(order.units):
        if number == 0 or draw() < 0.6:
            sku = shop.skus[bisect(popularity, draw() * popularity[-1])]
            by_seller, by_platform = _discounts(sku.price, draw())
        gift = number > 0 and draw() < 0.02
        seller, platform = (sku.price, 0) if gift else (by_seller, by_platform)
        # a platform's discount is taxed, a seller's is not
        tax = share(sku.price - seller, place.tax)
        # order ids of one shop and second are more than 500 apart, so these ids meet no others
        units.append(Unit(order.id + 31 * (number + 1), sku, seller, platform, tax, gift))
    return units


def _discounts(price: int, chance: float) -> tuple[int, int]:
    """Return the seller's and the platform's discount; some prices carry both."""
    pick = int(chance * 1000)
    seller = share(price, _SELLER_DISCOUNTS[pick % 4]) if pick < 400 else 0
    platform = share(price, _PLATFORM_DISCOUNTS[pick % 3]) if 300 < pick < 550 else 0
    return seller, platform
