"""An order list in virtual time, and a reader that keeps within its limit.

`python -m tests.data.simulated_server` prints how close to the limit the plan in
`tts_notebook.data.windows` comes in worlds of different shapes.
"""

from __future__ import annotations

import bisect
import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from tts_notebook.data.windows import Interval, Window, Windows

PAGE = 100
DAY = 86_400
END = 1_760_000_000
START = END - 30 * DAY

Row = tuple[int, int]  # create_time, id


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    token: str
    total: int | None


@dataclass
class Server:
    """Lists rows by create_time; rows may appear while it is read.

    Attributes:
        late: Rows that appear while the list is read, as (when, row).
        paging: "keyset" names the last row of a page, "offset" counts rows.
        total: What it says about how many there are.
        order: Turns the rows of a question into the order in which they are listed.
    """

    rows: list[Row]
    late: list[tuple[float, Row]] = field(default_factory=list)
    paging: str = "keyset"
    total: Callable[[int, int], int | None] = lambda matching, listed: matching
    order: Callable[[list[Row]], list[Row]] | None = None
    page: int = PAGE

    def __post_init__(self) -> None:
        self.rows = sorted(self.rows)
        heapq.heapify(self.late)

    def ask(self, since: int | None, until: int, token: str, now: float) -> Page:
        while self.late and self.late[0][0] <= now:
            bisect.insort(self.rows, heapq.heappop(self.late)[1])
        low = bisect.bisect_left(self.rows, (since if since is not None else -1, -1))
        high = bisect.bisect_left(self.rows, (until, -1))
        question = f"{since}|{until}|"
        assert token.startswith(question) or not token, "a page_token belongs to another question"
        place = token.removeprefix(question)
        if self.order:
            return self._cut(self.order(self.rows[low:high]), question, 0, high - low, int(place or 0))
        if self.paging == "offset":
            return self._cut(self.rows, question, low, high, low + int(place or 0))
        time, _, number = place.partition("-")
        begin = bisect.bisect_right(self.rows, (int(time), int(number))) if place else low
        return self._cut(self.rows, question, low, high, begin)

    def _cut(self, rows: list[Row], question: str, low: int, high: int, begin: int) -> Page:
        end = min(begin + self.page, high)
        listed, more = rows[begin:end], end < high
        keyset = self.paging == "keyset" and not self.order
        place = (f"{listed[-1][0]}-{listed[-1][1]}" if keyset else str(end - low)) if more else ""
        return Page(listed, question + place if more else "", self.total(high - low, end - low + more))


@dataclass
class Run:
    """What a reader got, and what it took."""

    windows: Windows
    seconds: float = 0.0
    requests: int = 0
    seen: Counter[int] = field(default_factory=Counter)
    proven: list[Interval] = field(default_factory=list)
    there: dict[Window, list[Row]] = field(default_factory=dict)  # when a window's walk began, if `watch`


# when, which request, and the question: since, until and token
Arrival = tuple[float, int, Window, tuple[int | None, int, str]]


@dataclass
class Reader:
    """Reads a list as the engine does: paced, several requests at a time, walkers before thieves."""

    server: Server
    rate: float = 50.0
    latency: float = 0.2
    jitter: float = 0.0
    workers: int = 32
    fails: float = 0.0
    refuses: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    tell_order: bool = True
    most_requests: float = math.inf
    watch: bool = False

    def read(self, windows: Windows) -> Run:
        """Read until everything is there, or until the requests are used up."""
        run, now, free_at = Run(windows), 0.0, 0.0
        flying: list[Arrival] = []
        while not windows.over and run.requests < self.most_requests:
            while flying and flying[0][0] <= now + 1e-9:
                self._arrive(run, flying, heapq.heappop(flying))
            window = self._next(windows, now, free_at, len(flying))
            if window:
                run.requests += 1
                free_at = max(free_at, now) + 1 / self.rate
                takes = self.latency * (1 + self.jitter * self.chance.uniform(-1, 1))
                question = (window.since, window.asked_until, window.token)
                heapq.heappush(flying, (now + takes, run.requests, window, question))
            elif not windows.over:
                waits = [flying[0][0]] if flying else []
                waits += [free_at] if free_at > now and len(flying) < self.workers else []
                now = min(waits)
        run.seconds = now
        return run

    def _next(self, windows: Windows, now: float, free_at: float, flying: int) -> Window | None:
        if flying >= self.workers or free_at > now + 1e-9:
            return None
        return windows.next(spare=False) or windows.next(spare=True)

    def _arrive(self, run: Run, flying: list[Arrival], arrival: Arrival) -> None:
        now, number, window, (since, until, token) = arrival
        if self.fails and self.chance.random() < self.fails:  # asked again, as the engine's own reader does
            heapq.heappush(flying, (now + self.latency, number, window, (since, until, token)))
            return
        if token and self.refuses and self.chance.random() < self.refuses and run.windows.restart(window):
            return
        page = self.server.ask(since, until, token, now)
        if self.watch and not token:
            run.there[window] = list(self.server.rows)
        times = [time for time, _ in page.rows]
        accepted = run.windows.answered(
            window, count=len(times), first=min(times, default=None), last=max(times, default=None),
            token=page.token, total=page.total, ordered=times == sorted(times) or not self.tell_order,
        )  # fmt: skip
        low = accepted.since if accepted.since is not None else -1
        run.seen.update(number for time, number in page.rows if low <= time < accepted.until)
        run.proven += accepted.proven
        for start, end in accepted.proven if self.watch else ():
            within = (number for time, number in run.there[window] if (start or 0) <= time < end)
            assert all(number in run.seen for number in within), "proven, but not delivered"


# -- worlds --------------------------------------------------------------------------------


@lru_cache(maxsize=2)  # one test after the other reads the same
def even(count: int, since: int = START, until: int = END, seed: int = 1) -> list[Row]:
    chance = random.Random(seed)
    return [(chance.randrange(since, until), number) for number in range(count)]


@lru_cache(maxsize=2)
def crowd(count: int, share: float, seconds: int, at: int = START + 17 * DAY + 12_345) -> list[Row]:
    """Most orders in a short time, the others all over the month."""
    many = round(count * share)
    return even(count - many) + [(time, number + count) for time, number in even(many, at, at + seconds, seed=2)]


SHOPS: dict[str, Callable[[int], list[Row]]] = {
    "even": even,
    "90 % in 2 hours": lambda count: crowd(count, 0.9, 7200),
    "90 % in 10 minutes": lambda count: crowd(count, 0.9, 600),
    "90 % in 1 minute": lambda count: crowd(count, 0.9, 60),
    "5 % in one second": lambda count: crowd(count, 0.05, 1),
    "the last day only": lambda count: even(count, END - DAY),
}


TOTALS: dict[str, Callable[[int, int], int | None]] = {
    "exact": lambda matching, listed: matching,
    "missing": lambda matching, listed: None,
    "capped at 10,000": lambda matching, listed: min(matching, 10_000),
    "capped at 1,000": lambda matching, listed: min(matching, 1_000),
    "growing": lambda matching, listed: listed,
}


def efficiency(run: Run, rows: int, rate: float = 50.0) -> float:
    return math.ceil(rows / PAGE) / rate / run.seconds


def measure(rows: list[Row], since: int | None = START, total: str = "exact", seeds: int = 12, **reader: float) -> Run:
    """Read a shop that does not change, and see that everything came."""
    run = Reader(Server(rows, total=TOTALS[total]), **reader).read(Windows(since, END, seeds=seeds))
    assert run.seen == Counter(number for _, number in rows)
    return run


def main() -> None:
    print(f"{'orders':>8} {'shop':<20} {'latency':>11} {'seconds':>8} {'requests':>9} {'of the limit':>13}")
    for count in (2_000, 20_000, 100_000):
        for name, make in SHOPS.items():
            rows = make(count)
            for latency, jitter in ((0.2, 0.0), (0.2, 0.2), (0.4, 0.0)):
                run = measure(rows, latency=latency, jitter=jitter)
                print(
                    f"{count:>8} {name:<20} {f'{latency} ± {jitter:.0%}':>11} {run.seconds:>8.2f} {run.requests:>9} "
                    f"{efficiency(run, count):>13.1%}"
                )


if __name__ == "__main__":
    main()
