"""The server's clock: real time plus an offset that tests may change."""

from __future__ import annotations

import time

from .settings import Settings


class Clock:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def now(self) -> float:
        return time.time() + self._settings.clock_offset_seconds

    def steady(self) -> float:
        """Return seconds on a clock that never goes back and knows no offset."""
        return time.monotonic()
