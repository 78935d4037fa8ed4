"""Every call of one pull: each endpoint of each shop at the rate that it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from tts_notebook.api.paging import walk
from tts_notebook.api.reader import Reader, read_data
from tts_notebook.api.shops import Shop
from tts_notebook.data.parts import Part
from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected

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
        stop: Set when what is asked ends before its time: what waits for its turn gives up.
    """

    session: Session
    max_rate: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _readers: dict[tuple[str, str], Reader] = field(default_factory=dict)
    _caps: dict[tuple[str, str], ExitStack] = field(default_factory=dict)
    _counted: tuple[int, int] = 0, 0  # of readers that were let go
    _making: threading.Lock = field(default_factory=threading.Lock)

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
        with self._making:  # of two readers for one endpoint only one would be counted
            if key not in self._readers:
                reader = self.session.reader(method, path, shop=shop, stop=self.stop)
                self._caps[key] = ExitStack()
                self._caps[key].enter_context(reader.budget.capped(self.max_rate))
                self._readers[key] = reader
            return self._readers[key]

    def release(self, shop: Shop | None) -> None:
        """Let go of the endpoints of a shop that is asked no more: the budget of each keeps a file open."""
        name = shop.id if shop else ""
        for key in [each for each in self._readers if each[1] == name]:
            reader = self._readers.pop(key)
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

    def side_by_side(
        self, make: Callable[[Thing], Made], things: Sequence[Thing], *, lenient: bool = False
    ) -> Iterator[Made | APIError]:
        """Make something of each thing, several at a time; yield what was made in the things' order.

        If it is lenient, a refusal that is about one thing only is yielded in its place.
        An error, or a caller that stops, ends it; a request that is under way by then ends by itself.
        A refusal waits for those requests: they are not the next shop's, for which the caller may go on.
        """
        answered = partial(_made_or_refused, make) if lenient else make
        if len(things) < 2:
            yield from map(answered, things)
            return
        pool = ThreadPoolExecutor(min(WORKERS, len(things)), thread_name_prefix="tts-pull")
        try:
            yield from pool.map(answered, things)
            pool.shutdown()
        except APIError:
            self.stop.set()
            pool.shutdown(cancel_futures=True)
            self.stop.clear()  # not if somebody presses stop while this waits
            raise
        except BaseException:
            self.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _made_or_refused(make: Callable[[Thing], Made], thing: Thing) -> Made | APIError:
    try:
        return make(thing)
    except (PermissionMissing, RateLimited, TokenRejected):
        raise
    except APIError as error:  # such as of an order that was never shipped, or a product that has no price yet
        return error
