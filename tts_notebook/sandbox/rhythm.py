"""When people buy: a growing trend, weekends, evenings and one flash sale."""

from __future__ import annotations

import math
import random
from itertools import accumulate

HOUR = 3600
DAYS = 90
# Share of a day's orders by local hour: quiet nights, a lunch bump, busy evenings.
HOURS = (3, 2, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 6, 5, 5, 6, 7, 9, 11, 12, 12, 9, 5)
WEEKDAYS = (0.9, 0.86, 0.9, 0.96, 1.12, 1.28, 1.2)
FLASH_SALE_DAY = 63  # counted from the first day; it sells three times as much


def order_times(rng: random.Random, count: int, now: int, utc_offset: int) -> list[int]:
    """Return so many creation times in the 90 days before `now`, oldest first.

    About one in fifty shares its second with the order before it.
    """
    start = now - DAYS * 24 * HOUR
    hours = range(DAYS * 24)
    weights = accumulate(_weight(start + hour * HOUR + utc_offset, hour) for hour in hours)
    chosen = rng.choices(hours, cum_weights=list(weights), k=count)
    within = rng.random
    times = sorted(start + hour * HOUR + int(within() * HOUR) for hour in chosen)
    for later in range(1, count):
        if within() < 0.02:
            times[later] = times[later - 1]
    return times


def _weight(local: int, hour: int) -> float:
    day = hour // 24
    trend = 1 + 0.4 * day / DAYS + 0.08 * math.sin(day / 6)
    weekday = WEEKDAYS[(local // (24 * HOUR) + 3) % 7]  # 1 January 1970 was a Thursday
    sale = 3.0 if day == FLASH_SALE_DAY else 1.0
    return HOURS[local // HOUR % 24] * weekday * trend * sale
