"""How the four markets differ: money, taxes, carriers, payment methods, names and places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where buyers live; `tax` is the sales tax in thousandths, charged on top of prices."""

    city: str
    state: str
    postal_code: str
    iso: str
    tax: int = 0
    delivery_fee: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """One country as a shop sees it. Fees are in minor units, times in seconds."""

    region: str
    country: str
    currency: str
    locale: str
    zone: str
    phone: str
    levels: tuple[str, str]
    shipping_fee: int
    free_shipping_from: int
    transit: tuple[int, int]
    return_window: int
    cash_on_delivery: int
    card: tuple[tuple[str, str, str], ...]
    carriers: tuple[tuple[str, str, str], ...]
    names: tuple[tuple[str, str], ...]
    places: tuple[Place, ...]
    messages: tuple[str, ...]
    southeast_asia: bool = False
    holds: bool = False

    def utc_offset(self, at: int) -> int:
        """Return by how many seconds the shop's clocks are ahead of UTC at a moment."""
        return _utc_offset(self.zone, at // HOUR)


@lru_cache(maxsize=50_000)
def _utc_offset(zone: str, hour: int) -> int:
    # clocks are changed on the hour
    ahead = datetime.fromtimestamp(hour * HOUR, ZoneInfo(zone)).utcoffset()
    return int(ahead.total_seconds()) if ahead else 0


MARKETS = {
    "GB": Market(
        region="GB",
        country="United Kingdom",
        currency="GBP",
        locale="en-GB",
        zone="Europe/London",
        phone="(+44)77*****{:03d}",
        levels=("Nation", "City"),
        shipping_fee=399,
        free_shipping_from=3000,
        transit=(20 * HOUR, 3 * DAY),
        return_window=8 * DAY,
        cash_on_delivery=0,
        card=(
            ("Visa", "pm_pi_ccdc_visa_c_d", "Debit"),
            ("Mastercard", "pm_pi_ccdc_mastercard_c_c", "Credit"),
            ("Klarna", "pm_pi_bnpl_klarna", ""),
            ("PayPal", "pm_pi_ew_paypal", ""),
            ("Apple Pay", "pm_pi_ew_applepay", ""),
        ),
        carriers=(
            ("7129108171099145989", "Evri", "H00ZQA{:010d}"),
            ("7129108171099145990", "Royal Mail", "RM{:09d}GB"),
            ("7129108171099145991", "InPost", "IP{:014d}"),
        ),
        names=(
            ("J***", "S***"),
            ("A***", "K***"),
            ("Ö***", "B***"),
            ("M***", "O***"),
            ("R***", "P***"),
            ("C***", "W***"),
            ("S***", "J***"),
            ("T***", "A***"),
            ("F***", "H***"),
        ),
        places=(
            Place("London", "England", "SW1A***", "ENG"),
            Place("Leeds", "England", "LS1***", "ENG"),
            Place("Manchester", "England", "M1***", "ENG"),
            Place("Cardiff", "Wales", "CF10***", "WLS"),
            Place("Glasgow", "Scotland", "G2***", "SCT"),
            Place("Belfast", "Northern Ireland", "BT1***", "NIR"),
            Place("Bristol", "England", "BS1***", "ENG"),
            Place("Ynys Môn", "Wales", "LL61***", "WLS"),
        ),
        messages=("Please leave with neighbour", "A gift 🎁, no receipt please", "Ring twice", "Merci !"),
        holds=True,
    ),
    "US": Market(
        region="US",
        country="United States",
        currency="USD",
        locale="en-US",
        zone="America/Los_Angeles",
        phone="(+1)213-***-1{:03d}",
        levels=("State", "County"),
        shipping_fee=499,
        free_shipping_from=4000,
        transit=(2 * DAY, 6 * DAY),
        return_window=10 * DAY,
        cash_on_delivery=0,
        card=(
            ("Visa", "pm_pi_ccdc_visa_c_d", "Credit"),
            ("Mastercard", "pm_pi_ccdc_mastercard_c_c", "Credit"),
            ("American Express", "pm_pi_ccdc_amex_c_c", "Credit"),
            ("Venmo", "pm_pi_ew_venmo", ""),
            ("PayPal", "pm_pi_ew_paypal", ""),
        ),
        carriers=(
            ("7117858858072016686", "USPS", "9400{:018d}"),
            ("7117859084333745966", "UPS", "1Z{:016d}"),
            ("7129720299146184490", "FedEx", "7{:011d}"),
        ),
        names=(
            ("D***", "K***"),
            ("Á***", "G***"),
            ("L***", "N***"),
            ("J***", "R***"),
            ("B***", "T***"),
            ("C***", "D***"),
            ("K***", "M***"),
            ("S***", "W***"),
        ),
        places=(
            Place("Los Angeles", "California", "900**", "US-CA", 95),
            Place("Austin", "Texas", "787**", "US-TX", 82),
            Place("Portland", "Oregon", "972**", "US-OR"),
            Place("Denver", "Colorado", "802**", "US-CO", 88, 28),
            Place("Brooklyn", "New York", "112**", "US-NY", 88),
            Place("Cañon City", "Colorado", "812**", "US-CO", 76, 28),
            Place("Miami", "Florida", "331**", "US-FL", 70),
            Place("Seattle", "Washington", "981**", "US-WA", 103),
        ),
        messages=("Front porch please", "Happy birthday, Mom! 🎂", "Gate code 0000", "Need it by Friday 🙏"),
        holds=True,
    ),
    "MY": Market(
        region="MY",
        country="Malaysia",
        currency="MYR",
        locale="ms-MY",
        zone="Asia/Kuala_Lumpur",
        phone="(+60)12*****{:03d}",
        levels=("State", "City"),
        shipping_fee=590,
        free_shipping_from=6000,
        transit=(2 * DAY, 7 * DAY),
        return_window=7 * DAY,
        cash_on_delivery=80,
        card=(
            ("Touch 'n Go eWallet", "pm_pi_ew_tng", ""),
            ("FPX", "pm_pi_bt_fpx", ""),
            ("Visa", "pm_pi_ccdc_visa_c_d", "Debit"),
        ),
        carriers=(
            ("6841743441349706241", "J&T Express", "6{:014d}"),
            ("7067200113414178561", "Ninja Van", "NVMYTTS{:09d}"),
        ),
        names=(("N***", "A***"), ("陈***", "美***"), ("S***", "R***"), ("A***", "Z***"), ("L***", "W***")),
        places=(
            Place("Kuala Lumpur", "Wilayah Persekutuan", "50***", "MY-14", 100),
            Place("Johor Bahru", "Johor", "80***", "MY-01", 100),
            Place("Ipoh", "Perak", "30***", "MY-08", 100),
            Place("Kuching", "Sarawak", "93***", "MY-13", 100),
            Place("George Town", "Pulau Pinang", "10***", "MY-07", 100),
        ),
        messages=("Cepat sikit ya 🙏", "请轻放", "Call before delivery", "Letak di pagar"),
        southeast_asia=True,
    ),
    "ID": Market(
        region="ID",
        country="Indonesia",
        currency="IDR",
        locale="id-ID",
        zone="Asia/Jakarta",
        phone="(+62)812*****{:03d}",
        levels=("Province", "City"),
        shipping_fee=14000,
        free_shipping_from=120000,
        transit=(DAY, 6 * DAY),
        return_window=5 * DAY,
        cash_on_delivery=250,
        card=(
            ("GoPay", "pm_pi_ew_gopay", ""),
            ("DANA", "pm_pi_ew_dana", ""),
            ("BCA Virtual Account", "pm_pi_bt_bca", ""),
            ("Kartu Kredit", "pm_pi_ccdc_visa_c_c", "Credit"),
        ),
        carriers=(
            ("6841743441349706242", "J&T Express", "JX{:010d}"),
            ("6841743441349706243", "JNE", "TJNE{:012d}"),
            ("6841743441349706244", "SiCepat", "00{:010d}"),
        ),
        names=(("B***", "S***"), ("D***", "L***"), ("R***", ""), ("P***", "W***"), ("A***", "K***"), ("S***", "")),
        places=(
            Place("Jakarta Selatan", "DKI Jakarta", "12***", "ID-JK"),
            Place("Bandung", "Jawa Barat", "40***", "ID-JB"),
            Place("Surabaya", "Jawa Timur", "60***", "ID-JI"),
            Place("Medan", "Sumatera Utara", "20***", "ID-SU"),
            Place("Denpasar", "Bali", "80***", "ID-BA"),
            Place("Makassar", "Sulawesi Selatan", "90***", "ID-SN"),
        ),
        messages=("Tolong dibungkus rapi ya 😊", "Jangan pakai bubble wrap", "COD ya kak 🙏", "Titip di satpam"),
        southeast_asia=True,
    ),
}
