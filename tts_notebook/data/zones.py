"""The calendar that a shop lives by."""

from __future__ import annotations

# Analytics come by days of "the shop's registered time zone", which no endpoint tells: it is taken
# from the region. Where a country has several zones, Seller Center shows its shops the one here.
_ZONES = {
    "AT": "Europe/Vienna",
    "AU": "Australia/Sydney",
    "BE": "Europe/Brussels",
    "BR": "America/Sao_Paulo",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "ID": "Asia/Jakarta",
    "IE": "Europe/Dublin",
    "IT": "Europe/Rome",
    "JP": "Asia/Tokyo",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NL": "Europe/Amsterdam",
    "PH": "Asia/Manila",
    "PL": "Europe/Warsaw",
    "SA": "Asia/Riyadh",
    "SG": "Asia/Singapore",
    "TH": "Asia/Bangkok",
    "US": "America/Los_Angeles",
    "VN": "Asia/Ho_Chi_Minh",
}


def zone_of(region: str) -> str:
    """Return the IANA name of a region's time zone; UTC for a region that is not known."""
    return _ZONES.get(region.upper(), "UTC")
