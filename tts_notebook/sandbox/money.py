"""Amounts as TikTok Shop writes them: decimal text, made from whole minor units."""

from __future__ import annotations

from functools import lru_cache

DECIMALS = {"GBP": 2, "USD": 2, "MYR": 2, "IDR": 0}


@lru_cache(maxsize=20_000)
def amount_text(minor: int, decimals: int, padded: bool = False) -> str:
    """Return an amount of minor units as text: 250 pence are "2.5", or "2.50" when padded."""
    if decimals == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 10**decimals)
    fraction = f"{rest:0{decimals}d}"
    if not padded:
        fraction = fraction.rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def share(minor: int, per_mille: int) -> int:
    """Return so many thousandths of an amount, rounded half up."""
    return (minor * per_mille + 500) // 1000
