"""How fast calls are made, and how many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

# a burst of 8 was throttled in production; the session slows down further when it is told to
WORKERS = 5
Thing = TypeVar("Thing")
Made = TypeVar("Made")


@dataclass(slots=True)
class Pace:
    """Lets calls through, not more than so many a second, and counts them; for any number of threads.

    There is no burst: a bucket that saves up idle time runs into the other side's limit.
    """

    max_rate: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    calls: int = 0
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait until the next call may be made."""
        delay = 0.0
        with self._lock:
            self.calls += 1
            if self.max_rate:
                now = self.clock()
                delay = self._next - now if self.calls > 1 else 0.0
                self._next = max(now, self._next) + 1 / self.max_rate
        if delay > 0:
            self.sleep(delay)


def side_by_side(make: Callable[[Thing], Made], things: Sequence[Thing]) -> Iterator[Made]:
    """Make something of each thing, several at a time; yield what was made in the things' order.

    An error, or a caller that stops, ends it when the calls that run already are over.
    """
    if len(things) < 2:
        yield from map(make, things)
        return
    pool = ThreadPoolExecutor(min(WORKERS, len(things)), thread_name_prefix="tts-pull")
    try:
        yield from pool.map(make, things)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
