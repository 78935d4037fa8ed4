"""Every call of one pull: each endpoint of each shop at the rate that it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from tts_notebook.api.paging import walk
from tts_notebook.api.reader import Reader, read_data
from tts_notebook.api.shops import Shop
from tts_notebook.data.parts import Part

# enough for 50 answers a second that take 300 ms each; the rate itself is found by the budget
WORKERS = 16
Thing = TypeVar("Thing")
Made = TypeVar("Made")


class Session(Protocol):
    """What a pull needs of a session."""

    @property
    def shops(self) -> tuple[Shop, ...]:
        """The shops that the login covers."""

    def require_scope(self, scope: str, path: str) -> None:
        """Raise PermissionMissing if the scope is not granted."""

    def reader(
        self,
        method: str,
        path: str,
        *,
        shop: Shop | None = None,
        stop: threading.Event | None = None,
    ) -> Reader:
        """Return what asks one endpoint about one shop."""


@dataclass(slots=True)
class Calls:
    """Makes the calls of a pull, and counts them.

    Attributes:
        stop: Set when the pull ends: what waits for its turn gives up.
    """

    session: Session
    max_rate: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _readers: dict[tuple[str, str], Reader] = field(default_factory=dict)
    _caps: dict[tuple[str, str], ExitStack] = field(default_factory=dict)
    _counted: tuple[int, int] = 0, 0  # of readers that were let go

    def close(self) -> None:
        """End what waits, and let others ask as fast as they may."""
        self.stop.set()
        for cap in self._caps.values():
            cap.close()
        self._caps.clear()

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return self._counted[0] + sum(reader.calls for reader in self._readers.values())

    @property
    def throttles(self) -> int:
        """How many requests were one too many."""
        return self._counted[1] + sum(reader.throttled for reader in self._readers.values())

    @property
    def rate(self) -> float:
        """Requests a second that may be sent now, for all that is asked together."""
        return sum(reader.budget.rate for reader in self._readers.values() if reader.under_way)

    def reader(self, method: str, path: str, shop: Shop | None) -> Reader:
        """Return what asks an endpoint about a shop; the path may hold `{id}`."""
        key = path, shop.id if shop else ""
        if key not in self._readers:
            reader = self.session.reader(method, path, shop=shop, stop=self.stop)
            self._caps[key] = ExitStack()
            self._caps[key].enter_context(reader.budget.capped(self.max_rate))
            self._readers[key] = reader
        return self._readers[key]

    def release(self, path: str, shop: Shop | None) -> None:
        """Let go of an endpoint of a shop that is asked no more: its budget keeps a file open."""
        key = path, shop.id if shop else ""
        reader = self._readers.pop(key, None)
        if reader is not None:
            self._caps.pop(key).close()
            calls, throttles = self._counted
            self._counted = calls + reader.calls, throttles + reader.throttled

    def pages(self, part: Part) -> Iterator[dict[str, Any]]:
        """Yield the data of each page of a part, one after the other."""
        reader = self.reader(part.listing.method, part.listing.path, part.shop)

        def fetch_page(token: str) -> Any:
            params, body = part.question(token)
            return reader.read(part.path, read_data, params=params, json=body)

        return walk(fetch_page, part.listing.path)

    def look_up(self, path: str, number: str, params: Mapping[str, Any], shop: Shop | None) -> Any:
        """Return the data of a GET about one record, whose id stands in the path as `{id}`."""
        return self.reader("GET", path, shop).read(path.format(id=number), read_data, params=params)

    def side_by_side(self, make: Callable[[Thing], Made], things: Sequence[Thing]) -> Iterator[Made]:
        """Make something of each thing, several at a time; yield what was made in the things' order.

        An error, or a caller that stops, ends it; a request that is under way by then ends by itself.
        """
        if len(things) < 2:
            yield from map(make, things)
            return
        pool = ThreadPoolExecutor(min(WORKERS, len(things)), thread_name_prefix="tts-pull")
        finished = False
        try:
            yield from pool.map(make, things)
            finished = True
        finally:
            if not finished:
                self.stop.set()
            pool.shutdown(wait=finished, cancel_futures=True)
