"""Where a shop ships from: its warehouses, ways to ship, and carriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .catalogue import Seller, Shop

Json = dict[str, Any]
# region -> state, city, postal code, street, latitude, longitude of the first and the second warehouse
_SITES = {
    "GB": (
        ("England", "Leeds", "LS1 4AB", "Unit 4, Mill Lane", "53.79", "-1.54"),
        ("England", "Bristol", "BS1 6XN", "9 Dock Street", "51.44", "-2.59"),
    ),
    "US": (
        ("Oregon", "Portland", "97209", "410 NW Couch St", "45.52", "-122.67"),
        ("Texas", "Austin", "78702", "77 Canal Rd", "30.26", "-97.72"),
    ),
    "MY": (
        ("Selangor", "Shah Alam", "40150", "Lot 12, Jalan Kilang", "3.05", "101.52"),
        ("Johor", "Johor Bahru", "81100", "8 Jalan Perniagaan", "1.52", "103.78"),
    ),
    "ID": (
        ("Jawa Barat", "Bandung", "40111", "Jl. Braga No. 7", "-6.92", "107.61"),
        ("Bali", "Denpasar", "80113", "Jl. Gajah Mada 21", "-8.65", "115.21"),
    ),
}
_CHINA = ("Guangdong", "Guangzhou", "510000", "18 Tianhe Road", "23.13", "113.32")


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """One way to ship; most parcels go the standard one."""

    id: str
    name: str
    type: str
    fits: int


def delivery_options(shop: Shop) -> tuple[DeliveryOption, ...]:
    base = 7_091_146_663_229_654_700 + shop.slot * 10
    return (
        DeliveryOption(str(base + 5), "Standard Shipping", "STANDARD", 120),
        DeliveryOption(str(base + 6), "Express Shipping", "EXPRESS", 60),
        DeliveryOption(str(base + 7), "Shipped from seller", "SEND_BY_SELLER", 200),
    )


def return_warehouse(shop: Shop) -> str:
    """Return the id of the warehouse for returns: the first one's place under another id."""
    return shop.place_id(7731)


def warehouses_json(shop: Shop) -> list[Json]:
    """Return the warehouses of a shop. A place used for returns, too, is a second one with its entity."""
    direct = shop.seller_type == "CROSS_BORDER"
    kinds = ("CB_OVERSEA_WAREHOUSE", "CB_DIRECT_SHIPPING_WAREHOUSE") if direct else ("DOMESTIC_WAREHOUSE",) * 2
    first, second = shop.warehouses
    return [
        _warehouse(shop, first, 0, "SALES_WAREHOUSE", kinds[0]),
        _warehouse(shop, second, 1, "SALES_WAREHOUSE", kinds[1]),
        _warehouse(shop, return_warehouse(shop), 0, "RETURN_WAREHOUSE", kinds[0]),
    ]


def option_json(option: DeliveryOption, shop: Shop) -> Json:
    american = shop.region == "US"
    platforms = ["TIKTOK_SHOP", "TOKOPEDIA"] if shop.region == "ID" else ["TIKTOK_SHOP"]
    return {
        "id": option.id,
        "name": option.name,
        "type": option.type,
        "description": f"{option.name} within {shop.market.country}",
        "platform": platforms,
        "dimension_limit": {
            "unit": "INCH" if american else "CM",
            **dict.fromkeys(("max_height", "max_length", "max_width"), option.fits // 2 if american else option.fits),
        },
        "weight_limit": {
            "unit": "POUND" if american else "GRAM",
            "min_weight": 0,
            "max_weight": 66 if american else option.fits * 250,
        },
    }


def providers(option: DeliveryOption, shop: Shop) -> list[dict[str, str]]:
    """Return the carriers of a delivery option; a seller may bring one of its own."""
    carriers = shop.market.carriers[:1] if option.type == "EXPRESS" else shop.market.carriers
    found = [{"id": identifier, "name": name} for identifier, name, _ in carriers]
    own = {"id": str(7_091_146_663_229_999_909 + shop.slot * 10), "name": "Other"}
    return [*found, own] if option.type == "SEND_BY_SELLER" else found


def global_warehouses(seller: Seller) -> list[dict[str, str]]:
    """Return the warehouses of a seller that sells into several countries; others have none."""
    if "MANAGE_GLOBAL_PRODUCT" not in seller.permissions:
        return []
    return [
        {"id": "7000714532876273411", "name": "Guangzhou", "ownership": "SELLER"},
        {"id": "7000714532876273412", "name": "Shenzhen consolidation", "ownership": "PLATFORM_COOPERATION"},
    ]


def address_of(shop: Shop, number: int, sub_type: str = "") -> Json:
    """Return the address of a shop's first or second site."""
    abroad = sub_type == "CB_DIRECT_SHIPPING_WAREHOUSE"
    state, city, postal_code, street, latitude, longitude = _CHINA if abroad else _SITES[shop.region][number]
    country, code = ("China", "CN") if abroad else (shop.market.country, shop.region)
    return {
        "region": country,
        "region_code": code,
        "state": state,
        "city": city,
        "distict": "",  # TikTok Shop's spelling
        "town": "",
        "postal_code": postal_code,
        "address_line1": street,
        "address_line2": "",
        "full_address": f"{street}, {city}, {postal_code}",
        "contact_person": "M. Wren",
        "phone_number": "77******21",
        "geolocation": {"latitude": latitude, "longitude": longitude},
    }


def _warehouse(shop: Shop, identifier: str, number: int, kind: str, sub_type: str) -> Json:
    address = address_of(shop, number, sub_type)
    return {
        "id": identifier,
        "entity_id": str(7_395_366_865_140_499_070 + shop.slot * 1_000_000 + number),
        "name": f"{address['city']} returns" if kind == "RETURN_WAREHOUSE" else f"{address['city']} main",
        "type": kind,
        "sub_type": sub_type,
        "effect_status": "ENABLED",
        "is_default": number == 0,
        "address": address,
    }
