"""Shops: which ones a grant covers, and the one that somebody means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tts_notebook.errors import InputError


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop of the seller.

    Attributes:
        id: TikTok Shop's id, a text of digits.
        name: Its name in Seller Center.
        region: Two letters, such as GB.
        seller_type: LOCAL or CROSS_BORDER.
        cipher: What calls about this shop carry as `shop_cipher`; not in the repr.
        code: The short code shown in Seller Center.
    """

    id: str
    name: str
    region: str
    seller_type: str
    cipher: str = field(repr=False)
    code: str

    @classmethod
    def from_json(cls, item: Mapping[str, Any]) -> Shop:
        """Read an entry of Get Authorized Shops; what is missing becomes an empty text."""
        return cls(*(str(item.get(n) or "") for n in ("id", "name", "region", "seller_type", "cipher", "code")))

    def __str__(self) -> str:
        return f"{self.name} ({self.region})"


def find_shop(shops: Sequence[Shop], wanted: Shop | str) -> Shop:
    """Return the one granted shop that an id, code, region or name means.

    Raises:
        InputError: none of the granted shops, or several.
    """
    if isinstance(wanted, Shop):
        matches = [shop for shop in shops if shop.id == wanted.id]
    else:
        text = wanted.strip().casefold()
        for names in ("id", "code", "name", "region"):
            matches = [shop for shop in shops if getattr(shop, names).casefold() == text]
            if matches:
                break
    if len(matches) == 1:
        return matches[0]
    granted = "; ".join(f"{shop} id {shop.id}" for shop in shops) or "none"
    if matches:
        raise InputError(f"{wanted} means more than one of your shops. Say which by its id: {granted}.")
    raise InputError(
        f"{wanted} is not a shop that this login covers. It covers: {granted}.",
        next_step="For another shop its owner logs in: %tiktok_auth login --force.",
    )
