"""The hidden rate limit, a token bucket for each app, shop and endpoint; and a test shop's hourly quota."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .settings import Settings

MAX_BUCKETS = 10_000


@dataclass(slots=True)
class Bucket:
    tokens: float
    filled_at: float


class RateLimiter:
    """Reads rate and burst from the settings on every call, so both may change at any time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.throttled = 0
        self._hour, self._calls = 0, Counter[str]()
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def wait_for(self, shop: str, endpoint: str, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one.

        `now` must be a clock that never goes back.
        """
        rate = self.settings.rate_limit
        if rate <= 0:
            return 0.0
        burst = self.settings.rate_burst or max(1.0, rate)
        bucket = self._bucket((shop, endpoint), burst, now)
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        self.throttled += 1
        return (1 - bucket.tokens) / rate

    def within_quota(self, shop: str, now: float) -> bool:
        """Count a call of a shop, and say whether its quota of the clock's hour had room for it."""
        if not self.settings.hourly_quota:
            return True
        hour = int(now // 3600)
        if hour != self._hour:
            self._hour, self._calls = hour, Counter()
        self._calls[shop] += 1
        return self._calls[shop] <= self.settings.hourly_quota

    def _bucket(self, key: tuple[str, str], burst: float, now: float) -> Bucket:
        if key not in self._buckets:
            if len(self._buckets) >= MAX_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            self._buckets[key] = Bucket(burst, now)
        return self._buckets[key]
