"""Sums over sales, and the figures that no order tells: views, visitors and clicks, made up."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .catalogue import Shop
from .money import DECIMALS, amount_text
from .sales import Part, Sale

# What a unit of a currency is worth in hundred-thousandths of a US dollar.
_DOLLARS = {"GBP": 127_000, "USD": 100_000, "MYR": 22_500, "IDR": 6.1}
Money = Callable[[int], dict[str, str]]


@dataclass(slots=True)
class Sums:
    """What a group of sales, or of their parts, comes to."""

    amount: int = 0
    revenue: int = 0
    items: int = 0
    orders: set[int] = field(default_factory=set)
    sku_orders: int = 0
    buyers: set[tuple[int, int]] = field(default_factory=set)
    products: set[str] = field(default_factory=set)

    def add(self, sale: Sale, parts: Iterable[Part]) -> None:
        """Count these parts of a sale; a buyer counts once a day."""
        self.orders.add(sale.order.id)
        self.buyers.add((sale.day, sale.order.buyer))
        for part in parts:
            self.amount += part.amount
            self.items += part.units
            self.sku_orders += 1
            self.products.add(part.sku.product_id)

    @property
    def customers(self) -> int:
        """How many different buyers there were on all days together."""
        return len({buyer for _, buyer in self.buyers})


def summed(sales: Iterable[Sale]) -> Sums:
    found = Sums()
    for sale in sales:
        found.add(sale, sale.parts)
        found.revenue += sale.revenue
    return found


def grouped(sales: Iterable[Sale], key: Callable[[Sale, Part], object]) -> dict[object, Sums]:
    """Return the sums of each group of parts; a key of None leaves a part out."""
    groups: dict[object, Sums] = {}
    for sale in sales:
        for part in sale.parts:
            name = key(sale, part)
            if name is not None:
                groups.setdefault(name, Sums()).add(sale, (part,))
    return groups


def visitors(shop: Shop, day: int, buyers: int) -> tuple[int, int]:
    """Return a day's visitors and page views: more than buyers, and never the same twice."""
    rng = random.Random(f"visitors {shop.id} {day}")
    seen = buyers * (25 + int(rng.random() * 60)) + 20 + int(rng.random() * 40)
    return seen, seen + int(seen * (0.3 + rng.random() / 2))


def views(identifier: int, days: int, orders: int) -> int:
    """Return how often a video or a LIVE was seen in so many days."""
    rng = random.Random(f"views {identifier}")
    return orders * (90 + int(rng.random() * 400)) + days * (5 + int(rng.random() * 60))


def ratio(part: float, whole: float, digits: int = 4) -> str:
    return f"{part / whole if whole else 0:.{digits}f}"


def money_writer(shop: Shop, currency: str, padded: bool) -> Money:
    """Return what writes {amount, currency}: in the shop's own currency, or in US dollars."""
    own = shop.market.currency
    if currency == "LOCAL" or own == "USD":
        return lambda minor: {"amount": amount_text(minor, DECIMALS[own], padded), "currency": own}
    rate = _DOLLARS[own] / 10 ** (DECIMALS[own] + 3)  # from minor units to cents
    return lambda minor: {"amount": amount_text(round(minor * rate), 2, padded), "currency": "USD"}
