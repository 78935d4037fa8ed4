"""Memory of a pull: what it has freed goes back to the system, as the kernel lives on for hours."""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

PAUSE = 0.1  # seconds: it takes some milliseconds, and of small shops a hundred may end in a second
_due = -math.inf
_changing = threading.Lock()
_before: list[pa.MemoryPool] = []  # one for each that is inside, all the same


@contextmanager
def lean() -> Iterator[None]:
    """Let Arrow use the system's allocator meanwhile: its own keeps most of what a parser frees.

    A setting of the process: what other threads make with Arrow meanwhile is made there, too,
    and is as good. The last one to leave puts it back.
    """
    import pyarrow as pa

    with _changing:
        _before.append(_before[0] if _before else pa.default_memory_pool())
        pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        with _changing:
            before = _before.pop()
            if not _before:
                pa.set_memory_pool(before)
        _give_back_now()


def give_back(*, at_once: bool = False) -> None:
    """Give the system what is free now, unless that was done just before.

    Args:
        at_once: Also then: so much is free that a peak would show it.
    """
    global _due
    now = time.monotonic()
    if at_once or now >= _due:  # without a lock: two at once do no harm
        _due = now + PAUSE
        _give_back_now()


def _give_back_now() -> None:
    trim = _trim()
    if trim:
        trim(0)


@lru_cache(maxsize=1)
def _trim() -> Callable[[int], int] | None:
    # glibc never does so by itself where something younger lies above; Arrow has no name for it.
    # Elsewhere than on Linux the system's allocator needs nobody to tell it.
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # no glibc; Windows wants a name
        return None
