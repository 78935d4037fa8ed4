"""How a table is declared: where its rows come from, and what its columns are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["string", "id", "integer", "boolean", "money", "rate", "time", "json", "count"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column and the field it is read from.

    Attributes:
        name: The column's name in a table.
        kind: What the values are; decides the type of the column.
        path: The field as TikTok Shop spells it. A dot enters an object, `[]` joins
            the elements of a list, and `[key=value]` picks the element of that kind.
        doc: What the values mean, in a few words.
        of: Whose field it is: "" for the row's own record, else "order" or "shop".
    """

    name: str
    kind: Kind
    path: str
    doc: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """How the records of a period are asked for, by one of their times.

    Attributes:
        sort: Values of `sort_field` and `sort_order`.
        lower: The filter for the start of a period, included.
        upper: The filter for its end, excluded; empty if the end must stay open.
    """

    sort: tuple[str, str]
    lower: str
    upper: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """A further call that tells more about records which were listed.

    Attributes:
        path: Where to ask; `{id}` is one record's id.
        per_call: How many records one call may ask for.
        records: Where the answer keeps its records; empty if it is one record.
        into: The key under which a record keeps what was told; empty to merge it.
    """

    path: str
    per_call: int
    records: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A paged list of the API, of which a pull reads every page of a period."""

    method: str
    path: str
    scope: str
    records: str
    page_size: int
    walks: Mapping[str, Walk]
    parts: str
    statuses: tuple[str, ...] = ()
    status_filter: str = ""
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, and the listing whose records become its rows.

    Attributes:
        each: The list inside a record of which every element is a row; empty if the
            record itself is one.
        detail: The columns that `detail=True` adds.
        order: The columns by which rows are sorted.
    """

    name: str
    row: str
    listing: Listing
    columns: tuple[Column, ...]
    detail: tuple[Column, ...] = ()
    each: str = ""
    order: tuple[str, ...] = ("created_at", "order_id")

    def chosen(self, *, detail: bool) -> tuple[Column, ...]:
        """Return the columns, with those of the detail calls or without."""
        return self.columns + self.detail if detail else self.columns


@dataclass(slots=True)
class Branch:
    """What the columns know about one place in a record.

    Attributes:
        column: The column that takes the value found here.
        fields: The known fields, if an object is found here.
        joined: The field whose values are joined, if a list is found here; "" joins
            the elements themselves, None means that nothing is joined.
        key: The field that tells a list's elements apart, if a list is found here.
        picks: The known elements by the value of `key`.
    """

    column: Column | None = None
    fields: dict[str, Branch] = field(default_factory=dict)
    joined: str | None = None
    key: str = ""
    picks: dict[str, Branch] = field(default_factory=dict)


_STEP = re.compile(r"(?P<name>\w+)(?P<list>\[(?:(?P<key>\w+)=(?P<value>\w+))?\])?")


def branches(columns: Iterable[Column]) -> Branch:
    """Arrange columns by the places from which they are read."""
    root = Branch()
    for column in columns:
        steps = column.path.split(".")
        here = root
        for number, text in enumerate(steps):
            step = _STEP.fullmatch(text)
            assert step, f"{column.name}: {text!r} is not a step of a path"
            here = here.fields.setdefault(step["name"], Branch())
            if step["key"]:
                here.key = step["key"]
                here = here.picks.setdefault(step["value"], Branch(fields={step["key"]: Branch()}))
            elif step["list"]:
                here.joined = ".".join(steps[number + 1 :])
                break
        here.column = column
    return root
