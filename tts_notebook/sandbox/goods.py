"""The catalogue of a shop: what sells, and what is a draft, frozen, deleted or never sold."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .catalogue import Shop, Sku
from .markets import DAY
from .money import share

STATUSES = (
    "DRAFT", "PENDING", "FAILED", "ACTIVATE", "SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED", "FREEZE", "DELETED",
)  # fmt: skip
# What the audit says about a product of a status; all others are approved.
_AUDITS = {"DRAFT": "NONE", "PENDING": "AUDITING", "FAILED": "FAILED", "FREEZE": "NONE"}
_UNSOLD = 1_729_700_000_000_000_000  # ids of what never sold start here


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """One product; its SKUs are those that orders name."""

    id: int
    title: str
    status: str
    created: int
    updated: int
    skus: tuple[Sku, ...]

    @property
    def audit(self) -> str:
        return _AUDITS.get(self.status, "APPROVED")

    @property
    def sells(self) -> bool:
        return self.id < _UNSOLD


@lru_cache(maxsize=8)
def goods_of(shop: Shop, now: int, unsold: int) -> tuple[Product, ...]:
    """Return a shop's products, oldest first: those of its shelf, one of each status, and so many more."""
    rng = random.Random(f"goods {shop.id}")
    found = [*_shelf(shop, now, rng), *_others(shop, now, len(STATUSES) + unsold, rng)]
    return tuple(sorted(found, key=lambda product: (product.created, product.id)))


@lru_cache(maxsize=8)
def products_by_id(shop: Shop, now: int, unsold: int) -> dict[str, Product]:
    return {str(product.id): product for product in goods_of(shop, now, unsold)}


def _shelf(shop: Shop, now: int, rng: random.Random) -> Iterator[Product]:
    groups: dict[str, list[Sku]] = {}
    for sku in sorted(shop.skus, key=lambda sku: sku.id):
        groups.setdefault(sku.product_id, []).append(sku)
    for identifier, skus in groups.items():
        created = now - 91 * DAY - int(rng.random() * 300 * DAY)
        updated = now - 1 - int(rng.random() * 60 * DAY)
        yield Product(int(identifier), skus[0].product_name, "ACTIVATE", created, updated, tuple(skus))


def _others(shop: Shop, now: int, count: int, rng: random.Random) -> Iterator[Product]:
    base = shop.skus[0].price
    for number in range(count):
        identifier = _UNSOLD + shop.slot * 10**13 + number * 10**6
        title = f"Sample № {number + 1}"
        skus = tuple(
            Sku(
                id=str(identifier + 65_540 + at * 4),
                product_id=str(identifier),
                product_name=title,
                name=name,
                seller_sku=f"SMP-{number + 1:05d}-{at + 1}",
                price=share(base, 400 + number * 37 % 900),
            )
            for at, name in enumerate(("Plain", "Dotted")[: 1 + number % 2])
        )
        created = now - int(rng.random() * 400 * DAY) - DAY
        updated = created + int(rng.random() * (now - created))
        status = STATUSES[number] if number < len(STATUSES) else "ACTIVATE"
        yield Product(identifier, title, status, created, updated, skus)
