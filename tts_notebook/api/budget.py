"""One budget of requests for all threads and, as far as practical, for all kernels of this user.

TikTok Shop counts for each app, shop and endpoint. The kernels share, through a small file for each of them,
the next free slot and the limit that was found last. Where the file cannot be used, this process keeps a
budget of its own.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tts_notebook.api.rate import LONGEST_PAUSE, RateControl
from tts_notebook.api.slots import Notice, SlotFile
from tts_notebook.app import App
from tts_notebook.auth.forked import let_go_in_children
from tts_notebook.auth.settings import home
from tts_notebook.auth.store import fingerprint

MAX_BUDGETS = 200  # each keeps a file open
_REACTION = 0.05  # seconds until a thread in the queue looks whether it is to stop
_LONGEST_NAP = 1.0
_RESERVED = 0.01  # seconds of slots that are taken at a time when they are closer together than that
_YIELD = 0.0004  # seconds that whoever had the last slots leaves to the others: woken together, one would always win
_IDLE = 30.0  # seconds without a request, after which a known limit is approached from below again
_OLD = 3600.0  # a limit that was found longer ago is not believed


class Budget:
    """The slots of one app, shop and endpoint, for any number of threads.

    Args:
        path: The file that the kernels of this user share, None to keep the budget to this process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._control = RateControl()
        self._caps: list[float] = []
        self._last_taken = math.inf
        self._limit: tuple[float, float] = 0.0, -math.inf  # the newest we know of, and when it was found
        self._unwritten = self._seen = 0  # slots that we took, and those that all had taken
        self.let_go()
        let_go_in_children(self)

    def let_go(self) -> None:
        """Share no lock and no open file with a parent process."""
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._file = None if self._path is None else SlotFile(self._path)
        self._ours_until = -math.inf
        self._joined = False
        self._on_their_way = 0

    @property
    def rate(self) -> float:
        """Requests a second now."""
        return self._control.rate

    @property
    def throttles(self) -> int:
        """How many answers said "too many requests", as long as this process lives."""
        return self._control.throttles

    @contextmanager
    def capped(self, max_rate: float | None) -> Iterator[Budget]:
        """Hold the rate at or below `max_rate` meanwhile; of several at a time the smallest counts."""
        caps = [] if max_rate is None else [max_rate]
        with self._lock:
            self._caps += caps
            self._apply_caps()
        try:
            yield self
        finally:
            with self._lock:
                for cap in caps:
                    self._caps.remove(cap)
                self._apply_caps()

    def take(self, stop: threading.Event) -> float | None:
        """Wait for the next slot and take it.

        Returns:
            The time to hand to `clean` or `throttled` with the answer; None if `stop` was set.
        """
        return self._wait(stop, self._try_to_take)

    def wait_until_ready(self, stop: threading.Event) -> bool:
        """Wait for the next slot without taking it; False if `stop` was set."""
        return self._wait(stop, self._look) is not None

    def clean(self, sent_at: float) -> None:
        """Tell that the request sent at `sent_at` was answered and not throttled."""
        with self._lock:
            now = time.monotonic()
            self._on_their_way -= 1
            self._control.clean(sent_at, now)
            self._note_limit(now)

    def lost(self, sent_at: float) -> None:  # noqa: ARG002 - as the others
        """Tell that the request sent at `sent_at` ended without a word about the rate."""
        with self._lock:
            self._on_their_way -= 1

    def throttled(self, sent_at: float, retry_after: float | None) -> None:
        """Tell that the request sent at `sent_at` was refused as one too many."""
        with self._lock:
            now = time.monotonic()
            self._on_their_way -= 1
            self._control.throttled(sent_at, now, retry_after)
            self._note_limit(now)
            if self._file is not None:
                with self._file.locked() as locked:
                    if locked:  # the others pause, too
                        self._hear(now)
                        self._tell(now)

    # -- waiting -----------------------------------------------------------------------------

    def _wait(self, stop: threading.Event, attempt: Callable[[], float | None]) -> float | None:
        """Repeat `attempt`, which returns the seconds to wait or None, and return the time when it succeeded."""
        while not self._turn.acquire(timeout=_REACTION):
            if stop.is_set():
                return None
        try:
            while not stop.is_set():
                wait = attempt()
                if wait is None:
                    return self._last_taken
                stop.wait(min(wait, _LONGEST_NAP))
            return None
        finally:
            self._turn.release()

    def _look(self) -> float | None:
        with self._lock:
            now = time.monotonic()
            if self._on_their_way == 0:
                self._control.alone(now)
            if self._file is not None and now >= self._ours_until and not self._control.delay(now):
                self._hear_of_slots(self._file.read(), now)
            return self._control.delay(now) or None

    def _try_to_take(self) -> float | None:
        with self._lock:
            now = time.monotonic()
            if now - self._last_taken > max(_IDLE, 10 / self._control.rate):
                self._control.resume(now)
                self._last_taken = now
            if self._on_their_way == 0:
                self._control.alone(now)
            wait = self._control.delay(now)
            if wait:
                return wait
            if self._file is None or now < self._ours_until:
                self._take(now)
                return None
            if now < self._ours_until + _YIELD:
                return self._ours_until + _YIELD - now
            with self._file.locked() as locked:
                if locked:
                    self._hear(now)
                    wait = self._control.delay(now)
                    if wait:
                        return wait
                self._take(now)
                if locked:
                    self._tell(now)
            return None

    def _take(self, now: float) -> None:
        self._control.sent(now)
        self._on_their_way += 1
        self._last_taken = now
        self._unwritten += 1

    # -- the other kernels -------------------------------------------------------------------

    def _hear(self, now: float) -> None:
        """Take over what the others wrote. Only while the file is locked."""
        notice = self._file.read() if self._file is not None else None
        if notice is None:
            return
        self._hear_of_slots(notice, now)
        if self._joined:
            self._control.passed_elsewhere(max(0, min(notice.taken - self._seen, 10_000)))
        if notice.limit and self._limit[1] < notice.found_at <= now and now - notice.found_at < _OLD:
            self._limit = notice.limit, notice.found_at
            self._control.adopt(notice.limit, now)
            if not self._joined:
                self._control.resume(now)
        self._seen, self._joined = notice.taken, True

    def _hear_of_slots(self, notice: Notice | None, now: float) -> None:
        if notice is not None and notice.next_at < now + LONGEST_PAUSE:  # else of another boot
            self._control.hold_until(notice.next_at)

    def _tell(self, now: float) -> None:
        """Write what the others need to know. Only while the file is locked."""
        assert self._file is not None
        next_at = self._control.next_at
        self._ours_until = max(next_at, now + _RESERVED) if self._control.rate > 2 / _RESERVED else next_at
        self._seen += self._unwritten
        self._unwritten = 0
        self._file.write(Notice(self._ours_until, self._limit[0], max(self._limit[1], 0.0), self._seen))

    def _note_limit(self, now: float) -> None:
        limit = self._control.limit
        if limit is not None and limit != self._limit[0]:
            self._limit = limit, now

    def _apply_caps(self) -> None:
        self._control.cap(min(self._caps, default=None))


_budgets: OrderedDict[tuple[str, str, str, str], Budget] = OrderedDict()
_finding = threading.Lock()


def budget_for(app: App, shop_id: str, path: str) -> Budget:
    """Return the budget of an app, shop and endpoint, the same one to everybody in this process.

    Args:
        app: The app that asks.
        shop_id: The shop that it asks about.
        path: The endpoint's path.
    """
    key = app.app_key, app.api_base_url, shop_id, path
    with _finding:
        budget = _budgets.pop(key, None) or Budget(_path_for(key))
        _budgets[key] = budget
        while len(_budgets) > MAX_BUDGETS:
            _budgets.popitem(last=False)
    return budget


def _path_for(key: tuple[str, ...]) -> Path:
    folder = home() / "runtime"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    return folder / f"rate-{fingerprint(chr(0).join(key))[:40]}.slots"
