"""The four sellers of the sandbox, their shops, and what those shops sell."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import accumulate

from .markets import MARKETS, Market

# A shelf: title, prefix of the seller's own SKU, price in minor units, variants.
Shelf = tuple[tuple[str, str, int, tuple[str, ...]], ...]

HOMEWARE: Shelf = (
    ("Linen Apron", "APR", 2499, ("Olive, One Size", "Rust, One Size", "Écru, One Size")),
    ("Oak Spoon Set", "SPN", 950, ("3 pieces", "5 pieces")),
    ("Stoneware Mug, Café au lait", "MUG", 1400, ("Single", "Pair")),
    ("Beeswax Candle 🕯️", "CND", 1150, ("Small", "Large")),
    ("Wool Throw", "THR", 5900, ("Heather", "Moss")),
    ("Recycled Glass Carafe", "CRF", 2200, ("1 l",)),
    ("Jute Plant Basket", "BSK", 1850, ("S", "M", "L")),
    ("Cotton Tea Towel", "TWL", 799, ("Stripe", "Check", "Plain")),
    ("Brass Wall Hook", "HOK", 620, ("Single", "Set of 4")),
    ("Soy Wax Melts “Autumn”", "MLT", 550, ("12 cubes",)),
)
OUTDOOR: Shelf = (
    ("Trail Bottle 32 oz", "BTL", 2799, ("Sage", "Clay", "Midnight")),
    ("Packable Rain Shell", "SHL", 7450, ("S", "M", "L", "XL")),
    ("Camp Mug, enamel", "CMP", 1295, ("Cream", "Navy")),
    ("Merino Hiking Socks", "SCK", 1899, ("S/M", "L/XL")),
    ("Headlamp 400 lm 🔦", "LMP", 3350, ("Black", "Orange")),
    ("Jalapeño Trail Mix", "MIX", 899, ("8 oz", "16 oz")),
    ("Canvas Daypack", "PCK", 6400, ("Tan", "Forest")),
    ("Fire Starter Cubes", "FIR", 1099, ("24 pack",)),
    ("Folding Camp Stool", "STL", 3999, ("Standard",)),
    ("Sun Hat UPF 50+", "HAT", 2650, ("One size",)),
)
GADGETS: Shelf = (
    ("Mini Projector 1080p", "PRJ", 6899, ("White", "Black")),
    ("Magnetic Phone Stand", "STD", 1299, ("Silver", "Rose")),
    ("LED Strip 5 m 🌈", "LED", 1599, ("RGB", "Warm white")),
    ("Cable Organiser 理线器", "CBL", 599, ("3 pack", "6 pack")),
    ("Wireless Earbuds", "EAR", 2450, ("White", "Black", "Mint")),
    ("USB-C Hub 7-in-1", "HUB", 3199, ("Grey",)),
    ("Desk Fan, foldable", "FAN", 1850, ("White", "Pink")),
    ("Travel Adapter", "ADP", 999, ("UK", "Universal")),
)
GIFTS: Shelf = (
    ("Kain Batik Tulis", "BTK", 185000, ("Coklat", "Biru", "Hijau")),
    ("Kopi Arabika Gayo ☕", "KOP", 68000, ("250 g", "500 g")),
    ("Sambal Bawang 🌶️", "SMB", 25500, ("Original", "Ekstra pedas")),
    ("Tas Rotan Bali", "TAS", 129000, ("Bulat", "Kotak")),
    ("Keripik Singkong", "KRP", 15000, ("Balado", "Keju", "Original")),
    ("Lilin Aromaterapi", "LLN", 42000, ("Melati", "Sereh")),
    ("Sarung Bantal Tenun", "SRG", 57500, ("40 cm", "50 cm")),
    ("Gelang Perak", "GLG", 99000, ("S", "M")),
    ("Teh Rosella", "TEH", 31000, ("50 g", "100 g")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Sku:
    """One variant of a product; the price is in minor units of the shop's currency.

    A virtual bundle consists of other SKUs, so many pieces of each.
    """

    id: str
    product_id: str
    product_name: str
    name: str
    seller_sku: str
    price: int
    bundle: tuple[tuple[Sku, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Shop:
    """One shop: what Get Authorized Shops says about it, and its shelf."""

    slot: int
    id: str
    name: str
    region: str
    cipher: str = field(repr=False)
    code: str
    share: int
    seller_type: str
    skus: tuple[Sku, ...] = field(repr=False)

    @property
    def market(self) -> Market:
        return MARKETS[self.region]

    @cached_property
    def popularity(self) -> list[float]:
        """Cumulative weights of the SKUs: a few best-sellers, then a long tail."""
        return list(accumulate(1 / (rank + 1) ** 1.1 for rank in range(len(self.skus))))

    @property
    def warehouses(self) -> tuple[str, str]:
        return self.place_id(9942), self.place_id(5478)

    def place_id(self, number: int) -> str:
        """Return the id of a place of this shop: no other shop's, and as long as TikTok Shop's are."""
        return str(7_068_517_275_539_700_000 + self.slot * 10_000 + number)


@dataclass(frozen=True, slots=True, eq=False)
class Seller:
    """A seller account: it signs in once and may own several shops."""

    key: str
    name: str
    about: str
    region: str
    locale: str
    prefix: str
    open_id: str
    shops: tuple[Shop, ...]
    user_type: int = 0
    permissions: tuple[str, ...] = ()

    @property
    def shop_region(self) -> str:
        return self.shops[0].region


def _skus(shelf: Shelf, slot: int, per_mille: int, rng: random.Random) -> tuple[Sku, ...]:
    skus = []
    for row, (title, prefix, price, variants) in enumerate(shelf):
        product = 1_729_592_969_000_000_000 + slot * 100_000_000 + row * 1_000_000 + rng.randrange(900_000)
        for number, variant in enumerate(variants):
            skus.append(
                Sku(
                    id=str(product + 65_540 + number * 4),
                    product_id=str(product),
                    product_name=title,
                    name=variant,
                    seller_sku=f"{prefix}-{number + 1:02d}",
                    price=price * per_mille // 1000,
                )
            )
    rng.shuffle(skus)  # so that the best-sellers are not the first rows of the shelf
    others = [sku for sku in skus if sku.product_id != skus[0].product_id]
    skus[0] = replace(skus[0], bundle=((others[0], 1), (others[1], 2)))
    return tuple(skus)


def _shop(
    seed: int, slot: int, name: str, region: str, shelf: Shelf, *, prefix: str, code: str,
    share: int = 100, cross_border: bool = False, per_mille: int = 1000,
) -> Shop:  # fmt: skip
    rng = random.Random(f"shop {seed} {slot}")
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
    return Shop(
        slot=slot,
        id=str(7_495_810_000_000_000_000 + slot * 10**12 + rng.randrange(10**12)),
        name=name,
        region=region,
        cipher=prefix + "".join(rng.choices(letters, k=4)) + "AAAAAA" + "".join(rng.choices(letters, k=22)),
        code=code + "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=7)),
        share=share,
        seller_type="CROSS_BORDER" if cross_border else "LOCAL",
        skus=_skus(shelf, slot, per_mille, rng),
    )


def _open_id(seed: int, key: str) -> str:
    rng = random.Random(f"open id {seed} {key}")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(rng.choices(letters, k=6)) + "AAAAA" + "".join(rng.choices(letters, k=41))


@lru_cache(maxsize=8)
def sellers(seed: int) -> tuple[Seller, ...]:
    """Return the sandbox's sellers, the default one first."""
    gb = _shop(seed, 0, "Wren & Hazel", "GB", HOMEWARE, prefix="GCP_", code="GBLC")
    us = _shop(seed, 1, "Juniper Trail", "US", OUTDOOR, prefix="TTP_", code="USLC")
    uk = _shop(seed, 2, "Lumen Bay", "GB", GADGETS, prefix="GCP_", code="CNGBCB", share=60, cross_border=True)
    my = _shop(
        seed, 3, "Lumen Bay MY", "MY", GADGETS,
        prefix="GCP_", code="CNMYCB", share=40, cross_border=True, per_mille=5400,
    )  # fmt: skip
    indonesia = _shop(seed, 4, "Kembang Pagi", "ID", GIFTS, prefix="ROW_", code="IDLC")
    return (
        Seller(
            key="gb", name="Wren & Hazel Ltd", about="United Kingdom · one shop · GBP", shops=(gb,),
            region="GB", locale="en-GB", prefix="GCP_", open_id=_open_id(seed, "gb"),
        ),
        Seller(
            key="us", name="Juniper Trail Co.", about="United States · one shop · USD", shops=(us,),
            region="US", locale="en-US", prefix="TTP_", open_id=_open_id(seed, "us"),
        ),
        Seller(
            key="xb", name="Lumen Bay Trading", about="UK and Malaysia · GBP, MYR", shops=(uk, my),
            region="CN", locale="zh-CN", prefix="GCP_", open_id=_open_id(seed, "xb"),
            user_type=4, permissions=("MANAGE_GLOBAL_PRODUCT",),
        ),
        Seller(
            key="id", name="Kembang Pagi Nusantara", about="Indonesia · one shop · IDR", shops=(indonesia,),
            region="ID", locale="id-ID", prefix="ROW_", open_id=_open_id(seed, "id"),
        ),
    )  # fmt: skip


SELLER_KEYS = ("gb", "us", "xb", "id")
AGENCY_KEY = "agency"
MOST_SHOPS = 1_000
_AGENCY_SLOT = 8  # the sellers above leave room for more of their kind


@dataclass(frozen=True, slots=True)
class Agency:
    """A seller of many shops: how many, and whether all sell the same or few sell most."""

    shops: int
    sizes: str = "even"

    def share(self, rank: int) -> int:
        """Return a shop's share of all orders, to be seen against the others'."""
        return 1_000_000 if self.sizes == "even" else round(1_000_000 / (rank + 1) ** 0.8)


AGENCY_SIZES = ("even", "power")


@lru_cache(maxsize=8)
def agency_seller(seed: int, agency: Agency) -> Seller:
    """Return a seller whose shops lie in the UK and in Malaysia by turns."""
    return Seller(
        key=AGENCY_KEY, name="Northwind Stores", about=f"UK and Malaysia · {agency.shops} shops · GBP, MYR",
        shops=tuple(_agency_shop(seed, rank, agency.share(rank)) for rank in range(agency.shops)),
        region="CN", locale="zh-CN", prefix="GCP_", open_id=_open_id(seed, AGENCY_KEY),
        user_type=4, permissions=("MANAGE_GLOBAL_PRODUCT",),
    )  # fmt: skip


def _agency_shop(seed: int, rank: int, share: int) -> Shop:
    region, code, per_mille = (("GB", "CNGBCB", 1000), ("MY", "CNMYCB", 5400))[rank % 2]
    return _shop(
        seed, _AGENCY_SLOT + rank, f"Northwind {rank + 1:04d} {region}", region, GADGETS,
        prefix="GCP_", code=code, share=share, cross_border=True, per_mille=per_mille,
    )  # fmt: skip
