"""How a table is declared: where its rows come from, and what its columns are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Kind = Literal["string", "id", "integer", "boolean", "money", "rate", "time", "millis", "local", "json", "count", "sum"]
Source = Literal["", "record", "above", "parent", "page", "window", "shop"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column and the field it is read from.

    Attributes:
        name: The column's name in a table.
        kind: What the values are; decides the type of the column.
        path: The field as TikTok Shop spells it. A dot enters an object, `[]` joins the elements of a
            list, `[0]` picks the first and `[key=value]` the one of that kind.
        doc: What the values mean, in a few words.
        of: Whose field it is: "" for the row's own object; "record" for the record of the list that
            it lies in and "above" for what lies between; "parent" for the record that was asked
            about, "page" for the answer around the list, "window" for the days asked for; "shop".
        same: Further fields that say the same. One that says something else is kept in `extra`; a list
            that is counted here says the same if its elements do.
    """

    name: str
    kind: Kind
    path: str
    doc: str = ""
    of: Source = ""
    same: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """How the records of a period are asked for, by one of their times.

    Attributes:
        sort: Values of `sort_field` and `sort_order`; None where the list has no order to choose.
        lower: The filter for the start of a period, included.
        upper: The filter for its end.
        inclusive: The second that `upper` names is part of the period.
        open_end: The end is not asked for but cut off here, so that records which change
            meanwhile cannot leave the list.
    """

    sort: tuple[str, str] | None
    lower: str
    upper: str
    inclusive: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """A further call that tells more about records which were listed.

    Attributes:
        path: Where to ask; `{id}` is one record's id.
        per_call: How many records one call may ask for.
        records: Where the answer keeps its records; empty if it is one record.
        into: The key under which a record keeps what was told; empty to merge it.
        skip: Statuses of records about which there is nothing to ask.
        source: What TikTok Shop's documentation calls it.
    """

    path: str
    per_call: int
    records: str = ""
    into: str = ""
    skip: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """The list whose records a further list is about; it is asked for each of them.

    Attributes:
        listing: That list.
        into: The field of the body that takes their ids; empty if the path takes one, as `{id}`.
        per_call: How many one call may be about.
        skip: Statuses of records about which there is nothing to ask.
        lenient: A refusal about one of them leaves the others and is told; else the shop is refused.
    """

    listing: Listing
    into: str = ""
    per_call: int = 1
    skip: frozenset[str] = frozenset()
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """What a refusal means, where TikTok Shop's own words do not tell.

    Attributes:
        sentence: What to tell.
        codes: For these codes; empty for any.
        regions: For shops of these regions; empty for any.
    """

    sentence: str
    codes: frozenset[int] = frozenset()
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the API, of which a pull reads every page of a period.

    Attributes:
        records: Where an answer keeps its records, dots between objects; empty if it is one record.
        shape: What is found there: a list of objects, a list of texts, or one object.
        one: What one record is.
        source: What TikTok Shop's documentation calls it, and the version.
        page_size: How many records a page may have; 0 where the list comes whole.
        walks: Ways to ask for a period, by the time that is meant; the first is the default.
            Without any, everything is asked for.
        filters: Where filters go.
        fixed: What is asked in every case.
        by_region: What is asked besides for shops of a region.
        sort: `sort_field` and `sort_order` where no walk says them.
        key: The field that tells records apart; empty where each record comes once.
        days: The list is asked for days of the shop's calendar, so many at the most at once.
        cap: TikTok Shop gives fewer records than this for one question, however many there are.
        everything: Without `since` everything is asked for, not the last 30 days.
        lasting: Records are of use long after they were made, as a catalogue is: the last 30 days
            hold few of them, and whoever gets none is told how to get all.
        earliest: There is nothing from before that day.
        parts: The list inside a record whose elements lookups tell about too.
        settles: So many days after its time what is said about a record may still change, and no update_time tells.
        fleeting: Records leave the list for good, so that the list says nothing about what it said before.
    """

    method: str
    path: str
    scope: str
    records: str
    one: str
    source: str = ""
    shape: Literal["objects", "texts", "object"] = "objects"
    page_size: int = 0
    walks: Mapping[str, Walk] = field(default_factory=dict)
    filters: Literal["body", "query"] = "body"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    by_region: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sort: tuple[str, str] | None = None
    key: str = "id"
    days: int = 0
    cap: int = 0
    everything: bool = False
    lasting: bool = False
    earliest: date | None = None
    parts: str = ""
    settles: int | None = None
    fleeting: bool = False
    statuses: tuple[str, ...] = ()
    status_filter: str = ""
    status_in_list: bool = False
    lookups: tuple[Lookup, ...] = ()
    parent: Parent | None = None
    seller_level: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def chain(self) -> tuple[Listing, ...]:
        """This list and, one after the other, those that it is asked about."""
        return (self, *self.parent.listing.chain) if self.parent else (self,)

    def steady(self, by: str) -> str:
        """Return the time along which what is asked for by a time may be cut into windows.

        It never changes, and records are listed by it, the earliest first: whatever else
        happens to them while the list is read, none moves from one window to another. What
        is asked for by another time may be cut along it if that end stays open, because a
        record that changes then stays in the list. Empty if there is none.
        """
        for name in (by, "create_time") if by in self.walks else ():
            walk = self.walks.get(name)
            if walk and walk.sort == (name, "ASC") and not walk.inclusive:
                return name if name == by or self.walks[by].open_end else ""
        return ""

    @property
    def root(self) -> Listing:
        """The list that a period and a status are asked of."""
        return self.chain[-1]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, and the listing whose records become its rows.

    Attributes:
        title: What an accessor fetches, as the rest of a sentence.
        about: What one has to know to read the table.
        each: The list inside a record of which every element is a row, or a list inside the
            elements of a list; empty if the record itself is a row. A dot enters an object.
        keep_childless: A record whose list is empty is a row, too.
        keeps: The sources whose unknown fields this table keeps in `extra`.
        detail: The columns that `detail=True` adds.
        order: The columns by which rows are sorted.
        key: The columns that tell rows apart, empty if nothing does.
        left_out: Official fields without a column, and why; after "page:" for those around a list.
    """

    name: str
    row: str
    title: str
    listing: Listing
    columns: tuple[Column, ...]
    about: str = ""
    detail: tuple[Column, ...] = ()
    each: tuple[str, ...] = ()
    keep_childless: bool = False
    keeps: tuple[Source, ...] = ("",)
    order: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    def chosen(self, *, detail: bool) -> tuple[Column, ...]:
        """Return the columns, with those of the detail calls or without."""
        return self.columns + self.detail if detail else self.columns

    def known(self, source: Source) -> tuple[str, ...]:
        """Return the fields of a source that no column needs to read."""
        lists = dict(zip(("record", "above") if len(self.each) > 1 else ("record",), self.each, strict=False))
        if not source:
            return tuple(name for name in self.left_out if ":" not in name)
        return (lists[source],) if source in lists else ()
