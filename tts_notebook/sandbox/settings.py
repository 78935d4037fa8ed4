"""What a sandbox is started with, and what the control endpoint may change later."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

DAY = 86_400
# Seen live as the end of an authorization without limit: 25 May 2125.
UNLIMITED_AUTHORIZATION_ENDS = 4_903_858_076


def switch(what: str, *choices: str) -> str:
    """Declare an open question about TikTok Shop: the first choice is the default."""
    chosen: str = field(default=choices[0], metadata={"what": what, "choices": choices})
    return chosen


@dataclass(slots=True)
class Behaviour:
    """What nobody could verify about TikTok Shop, answerable in every way a client may meet."""

    expired_status: str = switch("HTTP status of code 105002, an expired access token", "401", "200")
    unknown_token_code: str = switch("code for an access token that is junk", "36009005", "36009004")
    wrong_cipher_code: str = switch("code for a shop_cipher of another seller", "36009004", "101000", "106011")
    cipher: str = switch(
        "strict: seller-level GETs refuse a shop_cipher and shop-level calls need one; "
        "lenient: neither, as long as the seller has one shop",
        "strict",
        "lenient",
    )
    wrong_method_status: str = switch("HTTP status of code 36009010, a wrong HTTP method", "405", "400")
    business_status: str = switch("HTTP status of a domain error such as a foreign order", "200", "400")
    empty_body: str = switch("what is signed for a body of exactly {}", "either", "signed", "unsigned")
    after_refresh: str = switch("the access token that a refresh replaced", "keep", "revoke")
    paging: str = switch("how a page token finds its place", "keyset", "offset")
    last_page: str = switch("next_page_token of the last page", "empty", "missing")
    empty_list: str = switch("a list without rows", "empty", "missing", "null")
    total_count: str = switch("the number of rows of a search", "exact", "missing", "capped")
    absent_times: str = switch("times an order has not reached", "missing", "zero")
    money: str = switch("decimals of an amount: 5 or 5.00", "short", "padded")
    sea_statements: str = switch(
        "where a statement of a shop in South East Asia counts shipping costs", "shipping-in-fees", "shipping-apart"
    )
    retry_after: str = switch("whether a throttled answer carries Retry-After", "no", "yes")


@dataclass(slots=True)
class Settings:
    """One sandbox's settings. Faults stay text here; `faults.parse_fault` reads them."""

    host: str = "127.0.0.1"
    port: int = 0
    orders: int = 5000
    days: int = 90
    rhythm: str = "daily"
    shops: int = 0
    shop_sizes: str = "even"
    products: int = 0
    discrepancies: int = 0
    seed: int = 1
    now: int = 0
    warm: bool = False
    latency_ms: float = 0.0
    rate_limit: float = 0.0
    rate_burst: float = 0.0
    rate_limit_moves: float = 0.0
    hourly_quota: int = 0
    ip_allow_list: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    redirect_uri: str = "http://localhost:3017/"
    auto_approve: bool = False
    seller: str = ""
    denied_scopes: tuple[str, ...] = ()
    rotate: bool = True
    refresh_grace_seconds: int = 0
    access_token_seconds: int = 7 * DAY
    refresh_token_seconds: int | None = 90 * DAY
    clock_offset_seconds: float = 0.0
    faults: tuple[str, ...] = ()
    behaviour: Behaviour = field(default_factory=Behaviour)

    def authorization_ends(self, now: int) -> int:
        """Return the absolute time at which an authorization granted now ends."""
        if self.refresh_token_seconds is None:
            return UNLIMITED_AUTHORIZATION_ENDS
        return now + self.refresh_token_seconds


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """The one app this TikTok Shop knows, as Partner Center would show it."""

    app_key: str
    app_secret: str = field(repr=False)
    service_id: str
    name: str = "Sales Notebook"


def registered_app(seed: int) -> RegisteredApp:
    """Return the app of a seed: a key of 13 characters, a secret of 40, a service id of 19 digits."""
    rng = random.Random(f"app {seed}")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return RegisteredApp(
        app_key="6k" + "".join(rng.choices(letters, k=11)),
        app_secret=f"{rng.getrandbits(160):040x}",
        service_id=str(7_400_000_000_000_000_000 + rng.randrange(10**17)),
    )
