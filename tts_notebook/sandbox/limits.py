"""The hidden rate limit, a token bucket for each app, shop and endpoint; and a test shop's hourly quota."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from .settings import Settings

MAX_BUCKETS = 10_000


@dataclass(slots=True)
class Bucket:
    """`held` is what was in it when `counted_since` began, so that the room there was can be told."""

    tokens: float
    filled_at: float
    held: float
    counted_since: float


class RateLimiter:
    """Reads rate and burst from the settings on every call, so both may change at any time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._hour, self._calls = 0, Counter[str]()
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self.clear_counters()

    def clear_counters(self) -> None:
        """Count anew from the next call on; a limit that moves begins with its full rate there."""
        self._passed, self._throttled = Counter[str](), Counter[str]()
        self._began = -1.0

    @property
    def throttled(self) -> int:
        return self._throttled.total()

    def as_dict(self, now: float) -> dict[str, dict[str, float]]:
        """Return for each endpoint how many calls passed, were throttled, and could have passed since its first."""
        room: dict[str, float] = defaultdict(float)
        for (_, endpoint), bucket in self._buckets.items():
            if 0 <= self._began <= bucket.counted_since:
                room[endpoint] += bucket.held + self._filled(bucket.counted_since, now)
        return {
            endpoint: {
                "passed": self._passed[endpoint],
                "throttled": self._throttled[endpoint],
                "room": round(room[endpoint], 1),
            }
            for endpoint in sorted({*self._passed, *self._throttled})
        }

    def wait_for(self, shop: str, endpoint: str, now: float) -> float:
        """Take a token and return 0, or return the seconds until there is one.

        `now` must be a clock that never goes back.
        """
        if self.settings.rate_limit <= 0:
            return 0.0
        if self._began < 0:
            self._began = now
        burst = self.settings.rate_burst or max(1.0, self.settings.rate_limit)
        bucket = self._bucket((shop, endpoint), burst, now)
        bucket.tokens = min(burst, bucket.tokens + self._filled(bucket.filled_at, now))
        bucket.filled_at = now
        if bucket.counted_since < self._began:
            bucket.held, bucket.counted_since = bucket.tokens, now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            self._passed[endpoint] += 1
            return 0.0
        self._throttled[endpoint] += 1
        return (1 - bucket.tokens) / self._rate(now)

    def within_quota(self, shop: str, now: float) -> bool:
        """Count a call of a shop, and say whether its quota of the clock's hour had room for it."""
        if not self.settings.hourly_quota:
            return True
        hour = int(now // 3600)
        if hour != self._hour:
            self._hour, self._calls = hour, Counter()
        self._calls[shop] += 1
        return self._calls[shop] <= self.settings.hourly_quota

    def _rate(self, now: float) -> float:
        moves = self.settings.rate_limit_moves
        slow = moves > 0 and (now - self._began) % (2 * moves) >= moves
        return self.settings.rate_limit / (2 if slow else 1)

    def _filled(self, since: float, until: float) -> float:
        """Return the tokens that came in between two moments, at the rates there were."""
        return self.settings.rate_limit * (self._full_seconds(until) - self._full_seconds(since))

    def _full_seconds(self, at: float) -> float:
        """Return the seconds until a moment, those at half the rate counting half."""
        moves, seconds = self.settings.rate_limit_moves, at - self._began
        if moves <= 0:
            return seconds
        rounds, rest = divmod(seconds, 2 * moves)
        return rounds * 1.5 * moves + min(rest, moves) + max(0.0, rest - moves) / 2

    def _bucket(self, key: tuple[str, str], burst: float, now: float) -> Bucket:
        if key not in self._buckets:
            if len(self._buckets) >= MAX_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
            self._buckets[key] = Bucket(burst, now, burst, now)
        return self._buckets[key]
