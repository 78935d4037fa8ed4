"""When people buy: a growing trend with weekends, evenings and one flash sale, or something harder to cut."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

HOUR = 3600
DAY = 24 * HOUR
DAYS = 90
# Share of a day's orders by local hour: quiet nights, a lunch bump, busy evenings.
HOURS = (3, 2, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 6, 5, 5, 6, 7, 9, 11, 12, 12, 9, 5)
WEEKDAYS = (0.9, 0.86, 0.9, 0.96, 1.12, 1.28, 1.2)
_SALE_SIZE = 3.0  # so many times a usual day's
# How long the rush of a kind lasts: nine tenths of all orders lie in it.
RUSHES = {"skewed": 2 * HOUR, "flash": 10 * 60}
KINDS = ("daily", "even", *RUSHES)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How orders lie in time.

    `daily` is how shops look, `even` knows no day or night, `skewed` has nine of ten orders within
    two hours, `flash` within ten minutes.
    """

    kind: str = "daily"
    days: int = DAYS

    @property
    def _sale_day(self) -> int:
        return self.days * 7 // 10

    def times(self, rng: random.Random, count: int, now: int, utc_offset: int) -> list[int]:
        """Return so many creation times in the days before `now`, oldest first.

        About one in fifty shares its second with the order before it.
        """
        start = now - self.days * DAY
        if self.kind == "daily":
            drawn = self._by_the_hour(rng, count, start, utc_offset)
        else:
            drawn = self._around_a_rush(rng, count, start)
        times, within = sorted(drawn), rng.random
        for later in range(1, count):
            if within() < 0.02:
                times[later] = times[later - 1]
        return times

    def _by_the_hour(self, rng: random.Random, count: int, start: int, utc_offset: int) -> Iterable[int]:
        hours, within = range(self.days * 24), rng.random
        weights = accumulate(self._weight(start + hour * HOUR + utc_offset, hour) for hour in hours)
        chosen = rng.choices(hours, cum_weights=list(weights), k=count)
        return (start + hour * HOUR + int(within() * HOUR) for hour in chosen)

    def _around_a_rush(self, rng: random.Random, count: int, start: int) -> Iterable[int]:
        within, span = rng.random, self.days * DAY
        rush = RUSHES.get(self.kind, 0)
        begins = start + self._sale_day * DAY
        for _ in range(count):
            hurried = rush and within() < 0.9
            yield begins + int(within() * rush) if hurried else start + int(within() * span)

    def _weight(self, local: int, hour: int) -> float:
        day = hour // 24
        trend = 1 + 0.4 * day / self.days + 0.08 * math.sin(day / 6)
        weekday = WEEKDAYS[(local // DAY + 3) % 7]  # 1 January 1970 was a Thursday
        sale = _SALE_SIZE if day == self._sale_day else 1.0
        return HOURS[local // HOUR % 24] * weekday * trend * sale
