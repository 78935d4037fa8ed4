"""Videos and LIVE sessions of a shop, and which of them sold what."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from .catalogue import Shop
from .markets import DAY, HOUR
from .sales import Sale, day_of, start_of

DAYS = 100  # that videos and sessions go back
ACCOUNTS = ("OFFICIAL_ACCOUNTS", "MARKETING_ACCOUNTS", "AFFILIATE_ACCOUNTS")
_NAMES = ("wren.at.home", "sunny.finds", "kak.dewi", "小雨好物", "the_real_reviewer")


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """One video, about one product."""

    id: int
    product_id: str
    product_name: str
    posted: int
    account: str
    username: str
    duration: int


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """One LIVE session."""

    id: int
    starts: int
    ends: int
    account: str
    username: str


@lru_cache(maxsize=8)
def videos_of(shop: Shop, now: int) -> tuple[Video, ...]:
    """Return two videos for each product: one older than any order, one newer."""
    products = dict.fromkeys((sku.product_id, sku.product_name) for sku in sorted(shop.skus, key=lambda sku: sku.id))
    found = []
    for number, (identifier, name) in enumerate(products):
        for newer in (0, 1):
            age = DAYS * DAY - number * 7 * HOUR if not newer else (20 + number * 6) * DAY - number * HOUR
            found.append(
                Video(
                    id=7_390_000_000_000_000_000 + shop.slot * 10**9 + number * 10 + newer,
                    product_id=identifier,
                    product_name=name,
                    posted=now - age,
                    account=ACCOUNTS[(number + newer) % 3],
                    username=_NAMES[(number + newer) % len(_NAMES)],
                    duration=15 + number * 4 + newer,
                )
            )
    return tuple(found)


@lru_cache(maxsize=8)
def lives_of(shop: Shop, now: int) -> tuple[Live, ...]:
    """Return a session in the evening of every third day, oldest first."""
    today = day_of(now, shop)
    first = today - DAYS - (today - DAYS) % 3
    return tuple(
        Live(
            id=7_510_000_000_000_000_000 + shop.slot * 10**9 + day,
            starts=start_of(day, shop) + 19 * HOUR,
            ends=start_of(day, shop) + 21 * HOUR + day % 7 * 300,
            account=ACCOUNTS[day // 3 % 3],
            username=_NAMES[day // 3 % len(_NAMES)],
        )
        for day in range(first, today + 1, 3)
        if start_of(day, shop) + 22 * HOUR <= now
    )


def video_of(sale: Sale, shop: Shop, now: int) -> Video | None:
    """Return the video through which a sale came."""
    if sale.channel != "VIDEO":
        return None
    older, newer = (video for video in videos_of(shop, now) if video.product_id == sale.parts[0].sku.product_id)
    return newer if newer.posted <= sale.at and sale.order.dice % 2 else older


def live_of(sale: Sale, shop: Shop, now: int) -> Live | None:
    """Return the session through which a sale came: the last one before it."""
    if sale.channel != "LIVE":
        return None
    sessions = lives_of(shop, now)
    return sessions[bisect_right(sessions, sale.at, key=lambda session: session.starts) - 1]
