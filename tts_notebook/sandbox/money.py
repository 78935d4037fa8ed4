"""Amounts as TikTok Shop writes them: decimal text, made from whole minor units."""

from __future__ import annotations

from collections.abc import Sequence
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


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Return an amount in parts that add up to it, as large as their weights say."""
    whole = sum(weights) or 1
    parts, before, so_far = [], 0, 0
    for weight in weights:
        so_far += weight
        upto = amount * so_far // whole
        parts.append(upto - before)
        before = upto
    if parts:
        parts[0] += amount - before  # all weights are 0
    return parts


def share(minor: int, per_mille: int) -> int:
    """Return so many thousandths of an amount, rounded half up."""
    return (minor * per_mille + 500) // 1000
