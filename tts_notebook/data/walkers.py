"""Walkers: threads that read lists side by side and hand the pages to one consumer.

Each list of a shop is a lane. Its windows are cut by a plan, its requests spaced by a rate
that all of them share. One thread at a time stands at the lane's gate: only when a request
may go is decided what to ask, so that a page that waits goes before a window that is cut.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tts_notebook.api.envelope import Answer
from tts_notebook.api.reader import Reader, Stopped
from tts_notebook.api.shops import Shop
from tts_notebook.data.windows import Window, Windows
from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected, TransportError

# rate x latency, with a margin of two: 50 requests a second at 300 ms
MOST_THREADS = 32
LANES_AT_ONCE = 8
BACKLOG = 32  # pages that wait for the consumer; the memory of a pull depends on it and not on its size
BATCH = 16  # pages that become columns at once, where they come quickly: fewer cost more
_STOPS_WITHIN = 0.8  # seconds; a request that is under way by then ends by itself, and nobody waits for it
_LOOK = 0.1
_HELD = 1.0  # seconds; where pages come slowly, somebody watches the bar, or presses stop and loses what waits
_MOST_PAGES = 100_000  # of one list: ten million orders, and an end for a server that never stops


class Page(Protocol):
    """What a walker has to know of a page.

    Attributes:
        token: Names the next page; empty if there is none.
        total: How many records TikTok Shop counted, if it said so.
        count: How many records the page has.
        first: The earliest time of a record, in seconds.
        last: The latest.
        ordered: Whether none of them is earlier than the one before it.
    """

    token: str
    total: int | None
    count: int
    first: int | None
    last: int | None
    ordered: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """A page, and what of it counts.

    Attributes:
        since: Earlier records belong to another window, None for no bound.
        until: Later ones and those of this second, too.
        proven: The periods that are complete with this page and those before it.
    """

    page: Any
    since: int | None
    until: int
    proven: tuple[tuple[int | None, int], ...]


@dataclass(eq=False, slots=True)
class Lane:
    """One list of one shop while it is read.

    Attributes:
        ask: Says what goes into the query and the body to get a window.
        parse: Makes a page of an answer.
        failure: What ended it before its time.
    """

    shop: Shop | None
    path: str
    windows: Windows
    reader: Reader
    ask: Callable[[Window], tuple[Mapping[str, Any], Mapping[str, Any] | None]]
    parse: Callable[[Answer], Page]
    failure: BaseException | None = None
    pages: int = 0
    waiting: int = 0
    threads: int = 0
    gate: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ended(self) -> bool:
        """No page of it will come any more."""
        return self.failure is not None or self.windows.over


class Walkers:
    """Reads lanes, some at once, and yields their pages, as they come, some at a time.

    Leaving the loop, by whatever way, ends the threads. If that is before the end, `stop` is set.
    `look` is called now and then meanwhile, also when nothing comes.
    """

    def __init__(
        self, lanes: Iterable[Lane], *, stop: threading.Event, look: Callable[[], object] = lambda: None
    ) -> None:
        self._lanes, self._more, self._broken_off = iter(lanes), True, stop
        self._look = look
        self._stop = threading.Event()  # of this reading only: another may follow
        self._running: list[Lane] = []
        self._threads: list[threading.Thread] = []
        self._arrived: deque[tuple[Lane, Arrived]] = deque()
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[tuple[Lane, list[Arrived]]]:
        """Yield pages of one lane; an empty list says that the lane has ended and why is in `failure`."""
        held: dict[Lane, list[Arrived]] = {}
        since: dict[Lane, float] = {}
        begun: set[Lane] = set()
        finished = False
        try:
            while self._start_lanes() or self._running or self._arrived:
                self._look()
                for lane, page in self._take():
                    some = held.setdefault(lane, [])
                    some.append(page)
                    since.setdefault(lane, time.monotonic())
                    # the first one at once: from it is learned how the others are read, while those are on their way
                    if len(some) >= BATCH or lane not in begun:
                        begun.add(lane)
                        del since[lane]
                        yield lane, held.pop(lane)
                for lane in [each for each, at in since.items() if time.monotonic() - at > _HELD]:
                    del since[lane]
                    yield lane, held.pop(lane)
                for lane in self._take_ended():
                    since.pop(lane, None)
                    begun.discard(lane)
                    if held.get(lane):
                        yield lane, held.pop(lane)
                    yield lane, []
            finished = True
        finally:
            self._end(finished=finished)

    def _start_lanes(self) -> bool:
        """Start the next lanes; False if there is none left."""
        while self._more and len(self._running) < LANES_AT_ONCE:
            lane = next(self._lanes, None)
            if lane is None:
                self._more = False
                break
            self._running.append(lane)
            with self._changed:
                self._hire(lane)
        return self._more

    def _take(self) -> list[tuple[Lane, Arrived]]:
        with self._changed:
            if not self._arrived and not any(lane.ended for lane in self._running):
                self._changed.wait(_LOOK)
            taken = list(self._arrived)
            self._arrived.clear()
            self._changed.notify_all()
        return taken

    def _take_ended(self) -> list[Lane]:
        with self._changed:
            waiting = {lane for lane, _ in self._arrived}
            ended = [lane for lane in self._running if lane.ended and lane not in waiting]
            self._running = [lane for lane in self._running if lane not in ended]
        return ended

    def _end(self, *, finished: bool) -> None:
        self._stop.set()
        if not finished:
            self._broken_off.set()
        with self._changed:
            self._changed.notify_all()
        patience = time.monotonic() + _STOPS_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, patience - time.monotonic()))

    # -- in the threads --------------------------------------------------------------------

    def _hire(self, lane: Lane) -> None:
        """Start one more thread if none is left to stand at the gate."""
        if not lane.waiting and lane.threads < MOST_THREADS:
            lane.waiting += 1
            # daemons: a request that hangs must not keep a kernel from ending
            thread = threading.Thread(target=self._work, args=(lane,), name="tts-pull", daemon=True)
            lane.threads += 1
            self._threads.append(thread)
            thread.start()

    def _work(self, lane: Lane) -> None:
        try:
            while job := self._next(lane):
                self._read(lane, *job)
                with self._changed:
                    lane.waiting += 1
        except Stopped:
            pass
        except BaseException as failure:  # noqa: BLE001 - told by the consumer, in the thread that asked
            with self._changed:
                lane.failure = lane.failure or failure
        with self._changed:
            self._changed.notify_all()

    def _next(self, lane: Lane) -> tuple[Window, float] | None:
        with lane.gate:
            window = self._choose(lane)
            slot = lane.reader.budget.take(self._stop) if window else None
        return (window, slot) if window and slot is not None else None

    def _choose(self, lane: Lane) -> Window | None:
        while lane.reader.budget.wait_until_ready(self._stop):
            with self._changed:
                if lane.ended:
                    break
                if len(self._arrived) < BACKLOG:
                    window = lane.windows.next(spare=True)
                    if window:
                        lane.waiting -= 1
                        self._hire(lane)
                        return window
                self._changed.wait(_LOOK)
        return None

    def _read(self, lane: Lane, window: Window, slot: float) -> None:
        params, body = lane.ask(window)
        try:
            page = lane.reader.read(lane.path, lane.parse, params=params, json=body, slot=slot)
        except (PermissionMissing, RateLimited, TokenRejected):
            raise
        except APIError:
            # a page_token that is refused halfway: what it named is asked for anew
            with self._changed:
                if not window.token or not lane.windows.restart(window):
                    raise
            return
        with self._changed:
            if lane.failure:
                return
            self._check(lane, window, page)
            accepted = lane.windows.answered(
                window,
                count=page.count,
                first=page.first,
                last=page.last,
                token=page.token,
                total=page.total,
                ordered=page.ordered,
            )
            self._arrived.append((lane, Arrived(page, accepted.since, accepted.until, accepted.proven)))
            self._changed.notify_all()

    def _check(self, lane: Lane, window: Window, page: Page) -> None:
        lane.pages += 1
        if page.token in window.tokens:
            raise TransportError(f"{lane.path} named the same next page twice (after page {lane.pages}).")
        if lane.pages > _MOST_PAGES:
            raise TransportError(f"{lane.path} still has more after {_MOST_PAGES} pages.")
