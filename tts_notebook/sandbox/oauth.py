"""Authorization codes, tokens and grants, without any HTTP.

Time and random tokens come in as arguments. Every store is bounded: the oldest entry goes
when a newer one needs its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .catalogue import Seller
from .settings import Settings

_T = TypeVar("_T")
CODE_SECONDS = 30 * 60
MAX_CODES = 1_000
MAX_TOKENS = 20_000


@dataclass(slots=True)
class Grant:
    """What a seller allowed, until when. A later authorization of the seller replaces its scopes."""

    seller: Seller
    scopes: tuple[str, ...]
    ends_at: int
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorization code: usable once, for 30 minutes."""

    seller: Seller
    scopes: tuple[str, ...]
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class AccessToken:
    grant: Grant
    expires_at: int


@dataclass(slots=True)
class RefreshToken:
    """A refresh token; `spent_at` is when a rotation replaced it, 0 while it is alive."""

    grant: Grant
    access_token: str = field(repr=False)
    spent_at: float = 0.0


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What the token endpoint hands out."""

    access_token: str = field(repr=False)
    access_expires_at: int
    refresh_token: str = field(repr=False)
    grant: Grant


class TokenRefused(Exception):
    """The token endpoint's refusal: a code and a message inside an HTTP 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Authorizations:
    """Everything sellers have authorized, and every code and token given out for it."""

    def __init__(self, settings: Settings, mint: Callable[[str], str]) -> None:
        self.settings = settings
        self._mint = mint
        self._codes: dict[str, Code] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}
        self.refreshes = 0
        self.rotations = 0
        self.spent_presented = 0

    def approve(self, seller: Seller, scopes: tuple[str, ...], now: float) -> str:
        """Return a new authorization code for a seller's consent."""
        code = self._mint(seller.prefix)
        _remember(self._codes, code, Code(seller, scopes, now + CODE_SECONDS), MAX_CODES)
        return code

    def exchange(self, auth_code: str, now: float) -> TokenPair:
        """Turn a code into tokens; the second attempt finds it used."""
        code = self._codes.get(auth_code)
        if code is None or code.used or now >= code.expires_at:
            raise TokenRefused(36004004, "invalid auth code")
        code.used = True
        for grant in self.grants(code.seller.key):
            grant.scopes = code.scopes
        return self._issue(Grant(code.seller, code.scopes, self.settings.authorization_ends(int(now))), now)

    def refresh(self, refresh_token: str, now: float) -> TokenPair:
        """Turn a refresh token into a new pair; with rotation the old one is dead afterwards."""
        token = self._refresh.get(refresh_token)
        if token is None or token.grant.revoked or self._is_spent(token, now):
            raise TokenRefused(36004005, "can not find related auth record")
        if now >= token.grant.ends_at:
            raise TokenRefused(36004001, "rt has expired")
        self.refreshes += 1
        if self.settings.behaviour.after_refresh == "revoke":
            self._access.pop(token.access_token, None)
        if self.settings.rotate:
            self.rotations += 1
            token.spent_at = token.spent_at or now
            return self._issue(token.grant, now)
        return self._issue(token.grant, now, keep=refresh_token)

    def access(self, access_token: str) -> AccessToken | None:
        """Return what an access token stands for, expired or not; a revoked grant's is unknown."""
        token = self._access.get(access_token)
        return None if token is None or token.grant.revoked else token

    def grants(self, seller_key: str = "") -> list[Grant]:
        """Return the grants of a seller, or of all sellers."""
        found = {id(token.grant): token.grant for token in self._refresh.values()}
        return [grant for grant in found.values() if seller_key in ("", grant.seller.key)]

    def revoke(self, seller_key: str = "") -> int:
        """End the grants of a seller, or all of them; return how many were alive."""
        alive = [grant for grant in self.grants(seller_key) if not grant.revoked]
        for grant in alive:
            grant.revoked = True
        return len(alive)

    def expire_access_tokens(self, now: float) -> int:
        """Let every access token expire now; return how many were alive."""
        alive = [token for token in self._access.values() if token.expires_at > now]
        for token in alive:
            token.expires_at = int(now)
        return len(alive)

    def clear_counters(self) -> None:
        self.refreshes = self.rotations = self.spent_presented = 0

    def _is_spent(self, token: RefreshToken, now: float) -> bool:
        if not token.spent_at:
            return False
        self.spent_presented += 1
        return now >= token.spent_at + self.settings.refresh_grace_seconds

    def _issue(self, grant: Grant, now: float, keep: str = "") -> TokenPair:
        prefix = grant.seller.prefix
        access, refresh = self._mint(prefix), keep or self._mint(prefix)
        expires_at = int(now) + self.settings.access_token_seconds
        _remember(self._access, access, AccessToken(grant, expires_at), MAX_TOKENS)
        _remember(self._refresh, refresh, RefreshToken(grant, access), MAX_TOKENS)
        return TokenPair(access, expires_at, refresh, grant)


def _remember(store: dict[str, _T], key: str, value: _T, limit: int) -> None:
    if len(store) >= limit:
        del store[next(iter(store))]
    store[key] = value
