"""Counters that tests read at GET /sandbox/stats."""

from __future__ import annotations

from collections import Counter

from .wire import Response


class Stats:
    """Counts answers by declared path and by status, so that junk paths cannot fill it."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def count(self, name: str, response: Response) -> None:
        self.requests[name or "other"] += 1
        self.statuses[str(response.status)] += 1

    def clear(self) -> None:
        for counter in (self.requests, self.statuses, self.faults):
            counter.clear()

    def as_dict(self) -> dict[str, object]:
        return {
            "requests": dict(self.requests),
            "statuses": dict(self.statuses),
            "faults": dict(self.faults),
        }
