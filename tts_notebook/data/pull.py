"""Read every page of a period, shop by shop, and make tables of them.

A pull is all or nothing for each shop: what a shop refuses is told and leaves the other
shops' rows, but an interrupted walk is an error and never a table with a silent gap.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tts_notebook.api.shops import Shop
from tts_notebook.data.detail import add_details
from tts_notebook.data.harvest import Found, Harvest, Record, seconds_in
from tts_notebook.data.pace import Pace, side_by_side
from tts_notebook.data.period import Period
from tts_notebook.data.plan import LONGEST_LOOK_BACK, Days, Span, cut_days
from tts_notebook.data.progress import Progress
from tts_notebook.data.tables import Listing, Parent, Table
from tts_notebook.data.zones import zone_of
from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected, TransportError

_BATCH = 1000  # records held as JSON at a time; the rest is already in columns
_WALKS = 3
_MOST_CUTS = 2000  # enough for ten million products, and an end for a server that ignores what it is asked


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
    """What is asked for, checked: the same for every shop.

    Attributes:
        period: The period in which a record's time has to be.
        period_in: The period as somebody in another time zone means it.
    """

    listing: Listing
    period: Period
    period_in: Callable[[str], Period]
    now: datetime
    by: str = ""
    statuses: tuple[str, ...] = ()
    detail: bool = False
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One walk through a list: of what it is asked."""

    listing: Listing
    shop: Shop | None
    span: Span | Days | None = None
    status: str = ""
    parents: tuple[Record, ...] = ()


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

    def run(self, tables: Sequence[Table], shops: Sequence[Shop | None]) -> Harvest:
        """Read all shops in turn and return their rows.

        Raises:
            APIError: every shop refused; the first refusal.
            RateLimited, TokenRejected, TransportError: the pull broke off.
        """
        gathered = Harvest(tables, detail=self.question.detail, raw=self.question.raw)
        refusals: list[APIError] = []
        for shop in shops:
            harvest = Harvest(tables, detail=self.question.detail, raw=self.question.raw)
            try:
                for batch in self._batches(self.question.listing, shop):
                    harvest.add(shop, self._finished(batch, shop))
            except (RateLimited, TokenRejected, TransportError) as error:
                error.next_step = f"{error.next_step} {self._how_far()}".strip()
                raise
            except APIError as error:
                _explain(error, self.question.listing, shop)
                refusals.append(error)
                if shop:
                    self.refused[shop.id] = f"{shop}: {error}"
            else:
                gathered.merge(harvest)
        if refusals and len(refusals) == len(shops):
            raise refusals[0]
        return gathered

    # -- the records of a list, a batch at a time ------------------------------------------

    def _batches(self, listing: Listing, shop: Shop | None) -> Iterator[list[Found]]:
        if listing.parent:
            yield from self._children(listing, listing.parent, shop)
            return
        for status in self.question.statuses or ("",):
            yield from self._complete(listing, shop, status)

    def _complete(self, listing: Listing, shop: Shop | None, status: str) -> Iterator[list[Found]]:
        parts = [Part(listing, shop, span, status) for span in self._spans(listing, shop)]
        cuts = 0
        while parts:  # ends: the cuts are counted
            part = parts.pop(0)
            # Orders leave a status while its list is read. If pages are cut by position, the
            # others move up and one is missed: then fewer came than were counted, and a
            # second walk finds it. Without a status or an end no record can leave the list.
            may_shrink = bool(status) or (isinstance(part.span, Span) and not part.span.last)
            for _ in range(_WALKS if may_shrink else 1):
                came, counted = yield from self._walk(part)
                if came < 0 or came >= counted:
                    break
            if came < 0:
                assert isinstance(part.span, Span)
                cuts += 1
                if cuts > _MOST_CUTS:
                    raise TransportError(f"{listing.path} gives too many records for every period, however short.")
                parts[:0] = [Part(listing, shop, half, status) for half in part.span.halves()]
            elif came < counted and listing.cap:
                self.notes.append(f"{listing.path} counted {counted:,} records and gave {came:,} of them.")

    def _spans(self, listing: Listing, shop: Shop | None) -> Sequence[Span | Days | None]:
        if listing.days:
            zone = zone_of(shop.region if shop else "")
            period = self.question.period_in(zone)
            if period.since is None:
                note = f"All there is means the last {LONGEST_LOOK_BACK.days} days here: since= can go further back."
                self.notes[:] = [*(told for told in self.notes if told != note), note]
            today = self.question.now.astimezone(ZoneInfo(zone)).date()
            return [*cut_days(period, zone, today=today, most=listing.days)]
        if self.question.by in listing.walks:
            return [Span(*self.question.period.seconds)]
        return [None]

    def _walk(self, part: Part) -> Generator[list[Found], None, tuple[int, int]]:
        """Yield a part's records; return how many came and were counted, -1 if it has to be cut."""
        listing, batch = part.listing, list[Found]()
        seen: set[str] = set()
        rows = counted = 0
        announced = listing is not self.question.listing
        for page in self._pages(part):
            total = page.get("total_count")
            counted = max(counted, total) if isinstance(total, int) else counted
            if not rows and _too_many(part, counted):
                return -1, counted
            if not announced and counted:
                self.progress.expect(counted)
            announced = True
            found = _found(page, part)
            rows += len(found)
            seen.update(str(each.record.get(listing.key) or f"row {rows - place}") for place, each in enumerate(found))
            batch += found
            self._note(listing, found)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        yield batch
        return len(seen), counted

    def _children(self, listing: Listing, parent: Parent, shop: Shop | None) -> Iterator[list[Found]]:
        asked: set[str] = set()
        refusals: list[APIError] = []
        for batch in self._batches(parent.listing, shop):
            some = [each.record for each in batch if str(each.record.get("status")) not in parent.skip]
            names = {str(record.get(parent.listing.key) or ""): record for record in some}
            new = [record for name, record in names.items() if name and name not in asked]
            asked.update(names)
            groups = [tuple(new[start : start + parent.per_call]) for start in range(0, len(new), parent.per_call)]
            parts = [Part(listing, shop, parents=group) for group in groups]
            children: list[Found] = []
            for part, answer in zip(parts, side_by_side(self._answer, parts), strict=True):
                if isinstance(answer, list):
                    self._note(listing, answer)
                    children += answer
                elif parent.lenient:
                    refusals += [answer] * len(part.parents)
                else:
                    raise answer
            yield children
        total = len(asked - {""})
        if refusals and len(refusals) == total:
            raise refusals[0]
        if refusals:
            self.notes.append(
                f"{listing.path} told nothing about {len(refusals)} of {total} records, such as: {refusals[0]}"
            )

    def _answer(self, part: Part) -> list[Found] | APIError:
        try:
            return [found for page in self._pages(part) for found in _found(page, part)]
        except (PermissionMissing, RateLimited, TokenRejected):
            raise
        except APIError as error:  # about these parents only, such as an order that was never shipped
            return error

    # -- calls -----------------------------------------------------------------------------

    def _pages(self, part: Part) -> Iterator[dict[str, Any]]:
        params, body = self._asked(part)
        pages = self.session.pages(
            part.listing.method, _path(part), params=params, json=body if part.listing.method == "POST" else None,
            shop=part.shop,
        )  # fmt: skip
        while True:  # ends: the session bounds how many pages there are
            self.pace.wait()
            page = next(pages, None)
            if page is None:
                return
            yield page
            if not page.get("next_page_token"):
                return

    def _asked(self, part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes into the query and into the body."""
        listing = part.listing
        walk = listing.walks.get(self.question.by)
        params: dict[str, Any] = {"page_size": listing.page_size} if listing.page_size else {}
        sort = walk.sort if walk else listing.sort
        if sort:
            params |= {"sort_field": sort[0], "sort_order": sort[1]}
        filters = {**listing.fixed, **listing.by_region.get(part.shop.region if part.shop else "", {})}
        if isinstance(part.span, Days):
            filters |= part.span.filters()
        elif part.span and walk:
            filters |= part.span.filters(walk)
        if part.status:
            filters[listing.status_filter] = [part.status] if listing.status_in_list else part.status
        if listing.parent and listing.parent.into:
            filters[listing.parent.into] = [str(each[listing.parent.listing.key]) for each in part.parents]
        return ({**params, **filters}, {}) if listing.filters == "query" else (params, filters)

    def _finished(self, batch: list[Found], shop: Shop | None) -> list[Found]:
        listing = self.question.listing
        walk = listing.walks.get(self.question.by)
        if walk and walk.open_end:
            # where the end must stay open for the walk, it is closed here
            _, until = self.question.period.seconds
            batch = [found for found in batch if seconds_in(found.record, self.question.by) < until]
        if self.question.detail and batch:
            told = add_details(
                [found.record for found in batch],
                listing,
                lambda path, params: self._ask(path, params, shop),
                self.notes,
            )
            batch = [Found(record, found.scope, found.beside) for record, found in zip(told, batch, strict=True)]
        return batch

    def _ask(self, path: str, params: Mapping[str, Any], shop: Shop | None) -> Any:
        self.pace.wait()
        return self.session.call("GET", path, params=params, shop=shop)

    # -- telling ---------------------------------------------------------------------------

    def _note(self, listing: Listing, found: list[Found]) -> None:
        self.read += len(found)
        self.latest = max([self.latest, *(seconds_in(each.record, "create_time") for each in found)])
        if listing is self.question.listing:
            self.progress.advance(len(found))

    def _how_far(self) -> str:
        if not self.read:
            return "No row had been read."
        latest = datetime.fromtimestamp(self.latest, UTC)
        created = f", created up to {latest:%Y-%m-%dT%H:%M:%SZ}" if self.latest else ""
        return (
            f"{self.read:,} rows had been read{created}; they are not kept. "
            "If it happens again, pull shorter periods one after the other, with since= and until=."
        )


def _explain(error: APIError, listing: Listing, shop: Shop | None) -> None:
    """Say in the error what the shop's refusal means, where TikTok Shop's words do not."""
    region = shop.region if shop else ""
    for reason in listing.reasons:
        if (not reason.codes or error.code in reason.codes) and (not reason.regions or region in reason.regions):
            error.next_step = reason.sentence.format(shop=shop)
            return


def _too_many(part: Part, counted: int) -> bool:
    cap = part.listing.cap
    return bool(cap) and counted >= cap and isinstance(part.span, Span) and bool(part.span.halves())


def _path(part: Part) -> str:
    parent = part.listing.parent
    if parent is None or parent.into:
        return part.listing.path
    return part.listing.path.format(id=part.parents[0][parent.listing.key])


def _found(page: Record, part: Part) -> list[Found]:
    records, around = _opened(page, part.listing)
    beside: dict[str, Mapping[str, Any]] = {"page": around}
    scope = ""
    if isinstance(part.span, Days):
        beside["window"] = part.span.as_record()
        scope = part.span.start.isoformat()
    if len(part.parents) == 1:
        beside["parent"] = part.parents[0]
        scope = str(part.parents[0].get(part.listing.parent.listing.key)) if part.listing.parent else ""
    return [Found(record, scope, beside) for record in records]


def _opened(page: Record, listing: Listing) -> tuple[list[Record], Record]:
    """Take the records out of a page; return them, and what is around them."""
    around = {name: value for name, value in page.items() if name not in ("next_page_token", "total_count")}
    if not listing.records:
        return ([around] if around else []), {}
    records = _taken(around, listing.records.split("."))
    if listing.shape == "object":
        records = [records] if records else []
    if listing.shape == "texts" and isinstance(records, list):
        records = [{"value": record} for record in records]
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise TransportError(f"{listing.path} sent a page whose {listing.records} is not a list of objects.")
    return records, around


def _taken(around: Record, steps: list[str]) -> Any:
    inner = around.pop(steps[0], None)
    if inner is None or len(steps) == 1:
        return inner or []
    if not isinstance(inner, dict):
        return inner
    inner = dict(inner)
    found = _taken(inner, steps[1:])
    if inner:
        around[steps[0]] = inner
    return found
