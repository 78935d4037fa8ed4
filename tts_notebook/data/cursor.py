"""Walk a list page by page, one page after the other, with what its records' children are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls
from tts_notebook.data.parts import Part
from tts_notebook.data.period import Period
from tts_notebook.data.plan import ALL_THERE_IS, Days, Span, cut_days
from tts_notebook.data.progress import Progress
from tts_notebook.data.rows import Found, Record
from tts_notebook.data.tables import Listing, Parent
from tts_notebook.data.zones import zone_of
from tts_notebook.errors import APIError, TransportError

_BATCH = 1000  # records held as JSON at a time; the rest is already in columns
_WALKS = 3
_MOST_CUTS = 2000  # enough for ten million products, and an end for a server that ignores what it is asked


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, checked: the same for every shop.

    Attributes:
        period: The period in which a record's time has to be.
        period_in: The period as somebody in another time zone means it.
        fixed_days: Days are asked for in the same runs whenever that is, so that their rows have the same keys.
    """

    listing: Listing
    period: Period
    period_in: Callable[[str], Period]
    now: datetime
    by: str = ""
    statuses: tuple[str, ...] = ()
    detail: bool = False
    raw: bool = False
    fixed_days: bool = False


@dataclass(slots=True)
class Cursor:
    """Reads the lists of a question, one page after the other.

    Attributes:
        notes: What there is to say about the answers.
        answered: The ids of the records that were asked about and not refused, with children or without.
    """

    calls: Calls
    question: Question
    progress: Progress
    notes: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)

    def batches(self, listing: Listing, shop: Shop | None) -> Iterator[list[Found]]:
        """Yield the records of a list, some at a time."""
        if listing.parent:
            yield from self._children(listing, listing.parent, shop)
            return
        for status in self.question.statuses or ("",):
            yield from self._complete(listing, shop, status)

    def _complete(self, listing: Listing, shop: Shop | None, status: str) -> Iterator[list[Found]]:
        parts = [Part(listing, shop, span, self.question.by, status=status) for span in self._spans(listing, shop)]
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
                parts[:0] = [Part(listing, shop, half, part.by, status=status) for half in part.span.halves()]
            elif came < counted and listing.cap:
                self.notes.append(f"{listing.path} counted {counted:,} records and gave {came:,} of them.")

    def _spans(self, listing: Listing, shop: Shop | None) -> Sequence[Span | Days | None]:
        if listing.days:
            zone = zone_of(shop.region if shop else "")
            period = self.question.period_in(zone)
            if period.since is None:
                self.notes[:] = [*(told for told in self.notes if told != ALL_THERE_IS), ALL_THERE_IS]
            today = self.question.now.astimezone(ZoneInfo(zone)).date()
            return [*cut_days(period, zone, today=today, most=listing.days, fixed=self.question.fixed_days)]
        if self.question.by in listing.walks:
            return [Span(*self.question.period.seconds)]
        return [None]

    def _walk(self, part: Part) -> Generator[list[Found], None, tuple[int, int]]:
        """Yield a part's records; return how many came and were counted, -1 if it has to be cut."""
        listing, batch = part.listing, list[Found]()
        seen: set[str] = set()
        rows = counted = 0
        announced = listing is not self.question.listing
        for page in self.calls.pages(part):
            total = page.get("total_count")
            counted = max(counted, total) if isinstance(total, int) else counted
            if not rows and _too_many(part, counted):
                return -1, counted
            if not announced and counted:
                self.progress.expect(counted)
            announced = True
            found = part.found(page)
            rows += len(found)
            seen.update(str(each.record.get(listing.key) or f"row {rows - place}") for place, each in enumerate(found))
            batch += found
            if listing is self.question.listing:
                self.progress.advance(len(found))
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        yield batch
        return len(seen), counted

    def _children(self, listing: Listing, parent: Parent, shop: Shop | None) -> Iterator[list[Found]]:
        asked: set[str] = set()
        refusals: list[APIError] = []
        for batch in self.batches(parent.listing, shop):
            new = _unasked(batch, parent, asked)
            groups = [tuple(new[start : start + parent.per_call]) for start in range(0, len(new), parent.per_call)]
            parts = [Part(listing, shop, parents=group) for group in groups]
            children: list[Found] = []
            answers = self.calls.side_by_side(self._told, parts, lenient=parent.lenient)
            for part, answer in zip(parts, answers, strict=True):
                if isinstance(answer, APIError):
                    refusals += [answer] * len(part.parents)
                else:
                    self.progress.advance(len(answer) if listing is self.question.listing else 0)
                    children += answer
                    self.answered += [str(each[parent.listing.key]) for each in part.parents]
            yield children
        total = len(asked - {""})
        if refusals and len(refusals) == total:
            raise refusals[0]
        if refusals:
            self.notes.append(
                f"{listing.path} told nothing about {len(refusals)} of {total} records, such as: {refusals[0]}"
            )

    def _told(self, part: Part) -> list[Found]:
        return [found for page in self.calls.pages(part) for found in part.found(page)]


def _unasked(batch: Sequence[Found], parent: Parent, asked: set[str]) -> list[Record]:
    """Return the records of which the children are to be asked for, and note them as asked."""
    some = [each.record for each in batch if str(each.record.get("status")) not in parent.skip]
    names = {str(record.get(parent.listing.key) or ""): record for record in some}
    new = [record for name, record in names.items() if name and name not in asked]
    asked.update(names)
    return new


def _too_many(part: Part, counted: int) -> bool:
    cap = part.listing.cap
    return bool(cap) and counted >= cap and isinstance(part.span, Span) and bool(part.span.halves())
