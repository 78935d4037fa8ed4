"""The trees of categories and the brands that shops can name.

In the United States the tree has seven levels, elsewhere three.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .catalogue import Shop

# A branch: its name, and the branches under it.
Branch = tuple[str, tuple["Branch", ...]]


def _leaves(*names: str) -> tuple[Branch, ...]:
    return tuple((name, ()) for name in names)


_TREE: tuple[Branch, ...] = (
    (
        "Home Supplies",
        (
            ("Kitchenware", _leaves("Aprons", "Utensils", "Mugs & Cups", "Carafes")),
            ("Home Décor", _leaves("Candles", "Throws", "Baskets", "Hooks")),
        ),
    ),
    (
        "Sports & Outdoor",
        (("Camping", _leaves("Lamps", "Stools", "Fire Starters")), ("Clothing", _leaves("Shells", "Socks", "Hats"))),
    ),
    (
        "Phones & Electronics",
        (("Accessories", _leaves("Stands", "Cables", "Adapters")), ("Audio & Video", _leaves("Earbuds", "Projectors"))),
    ),
    (
        "Food & Beverages",
        (("Drinks", _leaves("Coffee", "Tea")), ("Snacks", _leaves("Crisps", "Sauces"))),
    ),
)
_DEEP = ("Crafts", "Textiles", "Woven", "By Hand", "Batik", "Tulis", "Natural Dyes")
_BRANDS = ("Wren & Hazel", "Juniper Trail", "Lumen Bay", "Kembang Pagi", "Ōak & Ash", "Maison Écru", "日光")


@dataclass(frozen=True, slots=True)
class Category:
    """One category; the parent of a root is 0."""

    id: int
    name: str
    parent: int
    leaf: bool


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand; those of the first rank may be named with an authorization only."""

    id: int
    name: str
    authorized: bool
    first_rank: bool


@lru_cache(maxsize=2)
def categories(deep: bool) -> tuple[Category, ...]:
    """Return the tree in which parents come before their children."""
    found: list[Category] = []

    def grow(branches: tuple[Branch, ...], parent: int) -> None:
        for name, under in branches:
            found.append(Category(600_001 + len(found), name, parent, leaf=not under))
            grow(under, found[-1].id if under else parent)

    grow(_TREE, 0)
    if deep:
        chain: tuple[Branch, ...] = ()
        for name in reversed(_DEEP):
            chain = ((name, chain),)
        grow(chain, 0)
    return tuple(found)


def chain_of(product_id: int, shop: Shop) -> list[Category]:
    """Return a product's categories, from the root to its own."""
    tree = {category.id: category for category in categories(shop.region == "US")}
    leaves = [category for category in tree.values() if category.leaf]
    chain = [leaves[product_id // 1_000_000 % len(leaves)]]
    while chain[0].parent:
        chain.insert(0, tree[chain[0].parent])
    return chain


@lru_cache(maxsize=8)
def brands(shop: Shop) -> tuple[Brand, ...]:
    """Return the brands a shop sees: its own is authorized, one in ten is of the first rank."""
    names = [*_BRANDS, *(f"Maker {number:03d}" for number in range(1, 139))]
    return tuple(
        Brand(7_082_427_311_584_347_905 + number, name, name == shop.name, number % 10 == 9)
        for number, name in enumerate(names)
    )


def brand_of(shop: Shop) -> Brand:
    return next((brand for brand in brands(shop) if brand.authorized), brands(shop)[4])
