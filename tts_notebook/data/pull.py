"""Read every page of a period, shop by shop, and make tables of them.

A pull is all or nothing for each shop: what a shop refuses is told and leaves the other
shops' rows, but an interrupted walk is an error and never a table with a silent gap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from tts_notebook.api.shops import Shop
from tts_notebook.data.detail import add_details
from tts_notebook.data.harvest import Harvest, seconds_in
from tts_notebook.data.period import Period
from tts_notebook.data.progress import Progress
from tts_notebook.data.tables import Listing, Table
from tts_notebook.errors import APIError, RateLimited, TokenRejected, TransportError

_BATCH = 1000  # records held as JSON at a time; the rest is already in columns
_WALKS = 3


class Session(Protocol):
    """What a pull needs of a session."""

    @property
    def shops(self) -> tuple[Shop, ...]:
        """The shops that the login covers."""

    def require_scope(self, scope: str, path: str) -> None:
        """Raise PermissionMissing if the scope is not granted."""

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        shop: Shop | None = None,
    ) -> Any:
        """Return the envelope's data."""

    def pages(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        shop: Shop | None = None,
        max_pages: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the data of each page."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, checked: the same for every shop."""

    listing: Listing
    period: Period
    by: str = "create_time"
    statuses: tuple[str, ...] = ()
    detail: bool = False


@dataclass(slots=True)
class Pace:
    """Lets calls through, not more than so many a second, and counts them.

    There is no burst: a bucket that saves up idle time runs into the other side's limit.
    """

    max_rate: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    calls: int = 0
    _next: float = 0.0

    def wait(self) -> None:
        """Wait until the next call may be made."""
        self.calls += 1
        if self.max_rate:
            now = self.clock()
            if self.calls > 1 and now < self._next:
                self.sleep(self._next - now)
            self._next = max(now, self._next) + 1 / self.max_rate


@dataclass(slots=True)
class Pull:
    """A pull that runs: how it was paced, and what there is to say about it."""

    session: Session
    question: Question
    pace: Pace
    progress: Progress
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    read: int = 0
    latest: int = 0

    def run(self, tables: Sequence[Table], shops: Sequence[Shop]) -> Harvest:
        """Read all shops in turn and return their rows.

        Raises:
            APIError: every shop refused; the first refusal.
            RateLimited, TokenRejected, TransportError: the pull broke off.
        """
        gathered = Harvest(tables, detail=self.question.detail)
        refusals: list[APIError] = []
        for shop in shops:
            harvest = Harvest(tables, detail=self.question.detail)
            try:
                self._read_shop(shop, harvest)
            except (RateLimited, TokenRejected, TransportError) as error:
                error.next_step = f"{error.next_step} {self._how_far()}".strip()
                raise
            except APIError as error:
                refusals.append(error)
                self.refused[shop.id] = f"{shop}: {error}"
            else:
                gathered.merge(harvest)
        if refusals and len(refusals) == len(shops):
            raise refusals[0]
        return gathered

    def _read_shop(self, shop: Shop, harvest: Harvest) -> None:
        for status in self.question.statuses or (None,):
            # Orders leave a status while its list is read. If pages are cut by position, the
            # others move up and one is missed: then fewer came than were counted, and a
            # second walk finds it. Without a status no order can leave the list.
            for _ in range(_WALKS if status else 1):
                came, counted = self._walk(shop, status, harvest)
                if came >= counted:
                    break

    def _walk(self, shop: Shop, status: str | None, harvest: Harvest) -> tuple[int, int]:
        batch: list[dict[str, Any]] = []
        seen: set[str] = set()
        counted, announced = 0, False
        for page in self._pages(shop, status):
            records = _records(page, self.question.listing)
            total = page.get("total_count")
            if isinstance(total, int):
                counted = max(counted, total)
                if not announced:
                    self.progress.expect(total)
            announced = True
            seen.update(str(record.get("id")) for record in records)
            batch += records
            self.read += len(records)
            self.latest = max([self.latest, *(seconds_in(record, "create_time") for record in records)])
            self.progress.advance(len(records))
            if len(batch) >= _BATCH:
                self._gather(shop, batch, harvest)
                batch = []
        self._gather(shop, batch, harvest)
        return len(seen), counted

    def _pages(self, shop: Shop, status: str | None) -> Iterator[dict[str, Any]]:
        listing, walk = self.question.listing, self.question.listing.walks[self.question.by]
        since, until = self.question.period.seconds
        filters = {walk.lower: since, walk.upper: until, listing.status_filter: status}
        sort_field, sort_order = walk.sort
        pages = self.session.pages(
            listing.method,
            listing.path,
            params={"page_size": listing.page_size, "sort_field": sort_field, "sort_order": sort_order},
            json={name: value for name, value in filters.items() if name and value is not None},
            shop=shop,
        )
        while True:  # ends: the session bounds how many pages there are
            self.pace.wait()
            page = next(pages, None)
            if page is None:
                return
            yield page
            if not page.get("next_page_token"):
                return

    def _gather(self, shop: Shop, records: list[dict[str, Any]], harvest: Harvest) -> None:
        _, until = self.question.period.seconds
        # where the end must stay open for the walk, it is closed here
        inside = [record for record in records if seconds_in(record, self.question.by) < until]
        if self.question.detail:
            inside = add_details(
                inside, self.question.listing, lambda path, params: self._ask(path, params, shop), self.notes
            )
        harvest.add(shop, inside)

    def _ask(self, path: str, params: Mapping[str, Any], shop: Shop) -> Any:
        self.pace.wait()
        return self.session.call("GET", path, params=params, shop=shop)

    def _how_far(self) -> str:
        if not self.read:
            return "No row had been read."
        latest = datetime.fromtimestamp(self.latest, UTC)
        return (
            f"{self.read:,} rows had been read, created up to {latest:%Y-%m-%dT%H:%M:%SZ}; they are not kept. "
            "If it happens again, pull shorter periods one after the other, with since= and until=."
        )


def _records(page: Mapping[str, Any], listing: Listing) -> list[dict[str, Any]]:
    records = page.get(listing.records) or []
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise TransportError(f"{listing.path} sent a page whose {listing.records} is not a list of objects.")
    return records
