"""The plan and the rate together, in virtual time: how long a pull takes that knows neither shop nor limit."""

from __future__ import annotations

import heapq
import math
import random
import statistics

import pytest

from tests.data.simulated_server import DAY, END, PAGE, START, Row, Server, crowd, even
from tts_notebook.api.rate import RateControl
from tts_notebook.data.walkers import MOST_THREADS
from tts_notebook.data.windows import Windows


def pull(rows: list[Row], *, limit: float = 50.0, burst: float = 5.0, latency: float = 0.2) -> tuple[float, int, int]:
    """Read a shop, and return the seconds it took, the requests, and how many of them were refused."""
    server, windows, control, chance = Server(rows), Windows(START, END), RateControl(), random.Random(1)
    now, tokens, filled, sent, refused = 0.0, burst, 0.0, 0, 0
    events, again, read = [], [], 0
    while not windows.over:
        assert sent < 2 * len(rows) / PAGE + 100
        flying = len(events)
        if not flying:
            control.alone(now)
        goes = now + control.delay(now)
        if flying + len(again) < MOST_THREADS and (not events or goes <= events[0][0]):
            window = again.pop(0) if again else windows.next(spare=True)
            if window:
                now, sent = goes, sent + 1
                control.sent(now)
                way = latency * (1 + 0.05 * chance.uniform(-1, 1)) / 2
                heapq.heappush(events, (now + way, sent, now, way, window, None))
                continue
        now, number, sent_at, way, window, page = heapq.heappop(events)
        if way:
            tokens, filled = min(burst, tokens + (now - filled) * limit), now
            page = server.ask(window.since, window.asked_until, window.token, now) if tokens >= 1 else None
            tokens -= page is not None
            heapq.heappush(events, (now + way, number, sent_at, 0.0, window, page))
        elif page is None:
            refused += 1
            control.throttled(sent_at, now, None)
            again.append(window)
        else:
            control.clean(sent_at, now)
            times = [time for time, _ in page.rows]
            first, last = min(times, default=None), max(times, default=None)
            took = windows.answered(
                window, count=len(times), first=first, last=last, token=page.token, total=page.total
            )
            read += sum((took.since is None or took.since <= time) and time < took.until for time in times)
    assert read >= len(rows)
    return now, sent, refused


def loop(count: int, latency: float) -> float:
    return math.ceil(count / PAGE) * latency


def test_a_small_pull_takes_less_than_a_quarter_of_one_page_after_the_other():
    took = [pull(even(2000, seed=seed))[0] for seed in range(8)]

    assert loop(2000, 0.2) / statistics.median(took) >= 4.15
    assert loop(2000, 0.2) / max(took) >= 3.8


@pytest.mark.parametrize("burst", [5, 50])
@pytest.mark.parametrize(("latency", "gain"), [(0.2, 9.3), (0.4, 17.5)])
def test_a_skewed_shop_is_read_at_the_limit_however_far_the_server_is(burst, latency, gain):
    took, sent, refused = pull(crowd(100_000, 0.9, DAY), burst=burst, latency=latency)

    assert loop(100_000, latency) / took >= gain
    assert refused <= 0.012 * sent
