"""Which official fields of each endpoint reach a column: `python -m tests.data.coverage` writes it down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sandbox import official
from tts_notebook.data.catalogue import TABLES
from tts_notebook.data.document import document
from tts_notebook.data.tables import Column, Listing, Lookup, Table

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
HEADING = "\n## Coverage\n"
_PICK = re.compile(r"\[(\w+)=\w+\]")
PAGING = {"next_page_token", "total_count"}


@dataclass
class Endpoint:
    """An endpoint, and what the tables made of it read."""

    method: str
    path: str
    tables: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)  # kept as JSON with all that is inside
    newer: set[str] = field(default_factory=set)  # not in the official description, as the column says
    left_out: dict[str, str] = field(default_factory=dict)

    query: set[str] = field(default_factory=set)
    body: set[str] = field(default_factory=set)

    @property
    def concrete(self) -> str:
        return self.path.replace("{id}", "1")

    @property
    def official(self) -> set[str]:
        schema = official.operation(self.method, self.concrete)["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        return set(leaves(schema["properties"]["data"]))

    def reaches(self, name: str) -> bool:
        return name in self.read or any(name == json or name.startswith(f"{json}.") for json in self.whole)


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the paths of the fields that hold values."""
    inner = schema.get("items", schema)
    if not inner.get("properties"):
        yield path
        return
    for name, each in inner["properties"].items():
        yield from leaves(each, f"{path}.{name}" if path else name)


def endpoints() -> list[Endpoint]:
    """Return every endpoint that a table is made of."""
    found: dict[tuple[str, str], Endpoint] = {}
    tables = {table.name: table for entry in TABLES.values() for table in (entry.table, *entry.children)}.values()
    for table in tables:
        listing = table.listing
        _add(found, listing.method, listing.path, table, listing)
        for lookup in listing.lookups:
            _add(found, "GET", lookup.path, table, listing, lookup)
    return list(found.values())


def _add(
    found: dict[tuple[str, str], Endpoint],
    method: str,
    path: str,
    table: Table,
    listing: Listing,
    lookup: Lookup | None = None,
) -> None:
    endpoint = found.setdefault((method, path), Endpoint(method, path))
    endpoint.tables.append(table.name)
    if lookup is None:
        _add_parameters(endpoint, listing)
    told = tuple(f"{each.into}." for each in listing.lookups if each.into)
    for column in (*table.columns, *table.detail) if lookup else table.columns:
        for name in (column.path, *column.same):
            merged = not lookup or not lookup.into
            elsewhere = merged and name.startswith(told or "\0")
            place = "" if elsewhere else _place(column, name, table, listing, lookup)
            picked = _PICK.search(place)
            if picked:  # the columns' names tell it
                endpoint.read.add(f"{_plain(place[: picked.start()])}.{picked[1]}")
            place = _plain(place)
            if place:
                # what a count is told once more of is the list that another table reads
                if column.kind == "json" or (column.kind == "count" and name in column.same):
                    endpoint.whole.add(place)
                elif "newer than the official description" in column.doc:
                    endpoint.newer.add(place)
                elif column.kind != "count":
                    endpoint.read.add(place)
    if lookup and lookup.into and table.each and table.each[0] == listing.parts:
        endpoint.read.add(f"{listing.parts}.id")  # by which it is told whose it is
    for name, reason in table.left_out.items() if lookup is None else ():
        source, _, inner = name.rpartition(":")
        endpoint.left_out[inner if source == "page" else f"{listing.records}.{inner}"] = reason


def _add_parameters(endpoint: Endpoint, listing: Listing) -> None:
    """What a pull asks for, by where it goes."""
    if listing.page_size:
        endpoint.query |= {"page_size", "page_token"}
    if listing.sort or any(walk.sort for walk in listing.walks.values()):
        endpoint.query |= {"sort_field", "sort_order"}
    filters = {name for walk in listing.walks.values() for name in (walk.lower, walk.upper)}
    filters |= {*listing.fixed, *(name for asked in listing.by_region.values() for name in asked)}
    filters |= {"start_date_ge", "end_date_lt"} if listing.days else set()
    filters |= {listing.status_filter, listing.parent.into if listing.parent else ""} - {""}
    endpoint.__dict__[listing.filters] |= filters


def _plain(path: str) -> str:
    """A path without what says how a list is read."""
    return re.sub(r"\[[^]]*\]", "", path)


def _place(column: Column, path: str, table: Table, listing: Listing, lookup: Lookup | None) -> str:
    """Where in an endpoint's data a column reads; empty if it reads elsewhere."""
    if column.of in ("shop", "window", "parent") or (column.of == "page" and lookup):
        return ""
    if path == "value" and listing.shape == "texts":
        return listing.records
    inside = {"": table.each, "record": (), "above": table.each[:1], "page": ()}[column.of]
    records = "" if column.of == "page" else listing.records
    if lookup:
        if lookup.into and not path.startswith(f"{lookup.into}."):
            return ""
        path, records = path.removeprefix(f"{lookup.into}."), lookup.records
    return ".".join(filter(None, (records, *inside, path)))


def coverage() -> str:
    """Return the section about coverage."""
    lines = [
        HEADING,
        "\nHow many fields of TikTok Shop's official OpenAPI description (the field trees of the answers, as shipped\n"
        "in `@tts-open-toolkit/cli` 0.1.7) reach a column. This part is made by `python -m tests.data.coverage`.\n",
        "\n| endpoint | tables | official fields | in a column | paging | left out, with a reason |\n",
        "|---|---|---|---|---|---|\n",
    ]
    total = reached = 0
    for each in endpoints():
        names = each.official
        read = {name for name in names if each.reaches(name)}
        paging = (names & PAGING) - read - each.left_out.keys()
        left = names & each.left_out.keys()
        total, reached = total + len(names), reached + len(read)
        lines.append(
            f"| `{each.method} {each.path}` | {', '.join(each.tables)} | {len(names)} | {len(read)} | {len(paging)} "
            f"| {', '.join(f'`{name}`' for name in sorted(left)) or 'none'} |\n"
        )
    lines.append(f"| all | | {total} | {reached} | | |\n")
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(document() + coverage(), encoding="utf-8")
