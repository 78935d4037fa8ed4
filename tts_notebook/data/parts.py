"""What one walk through a list asks, and what it finds in the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.plan import Days, Span
from tts_notebook.data.rows import Found, Record, opened, seconds_in
from tts_notebook.data.tables import Listing


@dataclass(frozen=True, slots=True)
class Part:
    """One walk through a list: of what it is asked.

    Attributes:
        by: The time that has to be in the span.
        along: The time by which a page follows another; empty for the order that `by` asks for.
        since: A lower bound of `by` where the span is one of `along`.
    """

    listing: Listing
    shop: Shop | None
    span: Span | Days | None = None
    by: str = ""
    along: str = ""
    since: int | None = None
    status: str = ""
    parents: tuple[Record, ...] = ()

    @property
    def path(self) -> str:
        """Where to ask."""
        parent = self.listing.parent
        if parent is None or parent.into:
            return self.listing.path
        return self.listing.path.format(id=self.parents[0][parent.listing.key])

    def question(self, token: str = "") -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return what goes into the query and into the body to get a page."""
        listing = self.listing
        walk = listing.walks.get(self.along or self.by)
        params: dict[str, Any] = {"page_size": listing.page_size} if listing.page_size else {}
        sort = walk.sort if walk else listing.sort
        if sort:
            params |= {"sort_field": sort[0], "sort_order": sort[1]}
        filters = {**listing.fixed, **listing.by_region.get(self.shop.region if self.shop else "", {})}
        if isinstance(self.span, Days):
            filters |= self.span.filters()
        elif self.span and walk:
            filters |= self.span.filters(walk)
        if self.along and self.since is not None:
            filters[listing.walks[self.by].lower] = self.since
        if self.status:
            filters[listing.status_filter] = [self.status] if listing.status_in_list else self.status
        if listing.parent and listing.parent.into:
            filters[listing.parent.into] = [str(each[listing.parent.listing.key]) for each in self.parents]
        if token:
            params["page_token"] = token
        if listing.filters == "query":
            return {**params, **filters}, {} if listing.method == "POST" else None
        return params, filters if listing.method == "POST" else None

    def found(self, page: Record) -> list[Found]:
        """Return the records of a page, with what they were found beside.

        Raises:
            TransportError: the page does not hold what it should.
        """
        records, around = opened(page, self.listing)
        beside: dict[str, Mapping[str, Any]] = {"page": around}
        scope = ""
        if isinstance(self.span, Days):
            beside["window"] = self.span.as_record()
            scope = self.span.start.isoformat()
        if len(self.parents) == 1:
            beside["parent"] = self.parents[0]
            scope = str(self.parents[0].get(self.listing.parent.listing.key)) if self.listing.parent else ""
        return [Found(record, scope, beside) for record in records]


class RecordPage:
    """A page as JSON objects, for what columns alone cannot do: ask for details, or keep the objects.

    Attributes: what a walker has to know, see walkers.Page; and `found`, the records.
    """

    def __init__(self, part: Part, data: Record, along: str) -> None:
        self.found, self._along = part.found(data), along
        times = list(filter(None, map(self._time, self.found)))
        self.token = str(data.get("next_page_token") or "")
        total = data.get("total_count")
        self.total = total if isinstance(total, int) else None
        self.count = len(self.found)
        self.first, self.last = min(times, default=None), max(times, default=None)
        self.ordered = times == sorted(times)

    def within(self, since: int | None, until: int) -> list[Found]:
        """Return the records of a period; one without a time belongs to any."""
        return [each for each in self.found if not (time := self._time(each)) or (since or 0) <= time < until]

    def _time(self, found: Found) -> int:
        return seconds_in(found.record, self._along)
