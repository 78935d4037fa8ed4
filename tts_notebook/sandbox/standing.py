"""Whether a call may be made at all: where it comes from, and whether its seller and shop are active."""

from __future__ import annotations

from .catalogue import Seller, Shop
from .refusals import Refusal, Why

# The sandbox listens on loopback, so this is where every call comes from.
CALLER = "127.0.0.1"


def check_address(allowed: tuple[str, ...]) -> None:
    """Refuse callers that the app's IP allow list leaves out; an empty list is none at all."""
    if allowed and CALLER not in allowed:
        raise Refusal(Why.FOREIGN_ADDRESS, f"{CALLER} is not among {', '.join(allowed)}")


def is_active(inactive: tuple[str, ...], seller: Seller, shop: Shop | None = None) -> bool:
    """Whether a seller, or one of its shops, is active; `inactive` names KEY or KEY:REGION."""
    return (seller.key if shop is None else f"{seller.key}:{shop.region}") not in inactive


def check_active(inactive: tuple[str, ...], seller: Seller, shop: Shop | None) -> None:
    """Refuse what is about an inactive shop; what is about the seller alone is still answered."""
    if shop is None:
        return
    if not is_active(inactive, seller):
        raise Refusal(Why.INACTIVE_SELLER, f"the seller {seller.key} is inactive")
    if not is_active(inactive, seller, shop):
        raise Refusal(Why.INACTIVE_SHOP, f"the shop {shop.id} is inactive")
