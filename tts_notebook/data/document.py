"""docs/tables.md from the declarations: `python -m tts_notebook.data.document > docs/tables.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tts_notebook.data.catalogue import TABLES, Entry
from tts_notebook.data.frames import EXTRA
from tts_notebook.data.tables import Column, Kind, Listing, Table

_TYPES: dict[Kind, tuple[str, str, str]] = {
    "string": ("str", "string", "text, as sent"),
    "id": ("str", "string", "identifier or code, never a number; null if empty"),
    "integer": ("Int64", "int64", "whole number"),
    "count": ("Int64", "int64", "number of elements"),
    "boolean": ("boolean", "bool", "true, false or null"),
    "sum": ("Int64", "int64", "sum over a list"),
    "money": ("float64", "decimal128(38, 6)", "amount in the row's currency, or in that of the column beside it"),
    "rate": ("float64", "decimal128(38, 18)", "a number or ratio; 13.99% is 0.1399"),
    "time": ("datetime64[us, tz]", "timestamp[us, tz]", "moment; null if it was not reached"),
    "millis": ("datetime64[us, tz]", "timestamp[us, tz]", "the same, sent in milliseconds"),
    "local": ("datetime64[us, tz]", "timestamp[us, tz]", "the same, sent as a date or time in the shop's zone"),
    "json": ("str", "string", "a list as JSON text, for the reason that the column names; null if empty"),
}
_HEAD = """# Tables

This file is made from the declarations in `tts_notebook/data/`:
`python -m tts_notebook.data.document > docs/tables.md`.

Columns and types of a table are the same for no row and for a million.

| kind | pandas | Arrow, polars | meaning |
|---|---|---|---|
"""
_TAIL = """
`money="decimal"` gives pandas columns of `decimal.Decimal` (dtype object), with `Decimal("NaN")` where an
amount is missing; `money="float"` gives Arrow and polars float64. Floats are the nearest to the exact amount.

`field` is what TikTok Shop calls it: a dot enters an object, `[]` joins the elements of a list with commas (or adds
them up, or takes the earliest time), `[0]` picks the first element and `[key=value]` the one of that kind. `parent:` is
the record that was asked about, `record:` and `above:` are what the row lies in, `page:` is the answer around the
list, `window:` the days asked for, `shop:` the shop. Where a field is said twice, as a currency is, the other places
are named too: one that says something else is kept in `extra` and counted as a misfit.

`extra` is JSON text: an object from field to value with every field that has no column yet, every further element
of a list that has columns for some, and every value that is not of its column's kind. It is null if there is
nothing to keep, so `frame[frame["extra"].notna()]` are the rows with something new. A value of the wrong kind is also
counted in `frame.attrs["misfits"]` and told in a warning.

Every table is a method of the session, such as `tts.statements(since="30d")`; `tts.statements?` tells its options. With
`items=True` it also returns the tables that are named after it, from the same pull, and with a name or several, such as
`items="order_bundle_skus"`, those of the tables that one pull serves; with `raw=True` there is a column `raw` besides,
the row's JSON as it came.
"""


def document(entries: Iterable[Entry] = TABLES.values()) -> str:
    """Return the page about tables."""
    entries = list(entries)
    kinds = "".join(f"| {kind} | {pandas} | {arrow} | {doc} |\n" for kind, (pandas, arrow, doc) in _TYPES.items())
    overview = "".join(f"| {_link(entry)} | {_time(entry.table.listing)} |\n" for entry in entries)
    return f"{_HEAD}{kinds}{_TAIL}\n## All tables\n\n| table | what | time |\n|---|---|---|\n{overview}" + "".join(
        map(_section, entries)
    )


def _link(entry: Entry) -> str:
    also = "".join(f" (`items=True`: {child.name})" for child in entry.children)
    return f"[{entry.name}](#{entry.name}) | {entry.title}{also}"


def _time(listing: Listing) -> str:
    root = listing.root
    if root.days:
        return f"days of the shop's calendar, cut into at most {root.days}"
    if not root.walks:
        return "none"
    of = f" of the {root.one}" if root is not listing else ""
    lasting = '; `since="all"` for the whole catalogue' if root.lasting and not root.everything else ""
    return " or ".join(f"`{name}`" for name in root.walks) + of + lasting


def _section(entry: Entry) -> str:
    table = entry.table
    listing = table.listing
    source = " about each of ".join(f"`{each.method} {each.path}`" for each in listing.chain)
    scopes = ", ".join(f"`{scope}`" for scope in dict.fromkeys(each.scope for each in listing.chain))
    parts = [
        f"\n## {table.name}\n\nOne row per {table.row}. Source: {source}; scope {scopes}. ",
        f"{_keys(table)}\n",
        f"\n{' '.join(table.about.split())}\n" if table.about else "",
        f"\n`status`: {', '.join(f'`{word}`' for word in entry.statuses)}.\n" if entry.statuses else "",
        f"\n{_GRID}{''.join(map(_line, table.columns))}{_line(EXTRA)}",
    ]
    if table.detail:
        told = " and ".join(f"`GET {lookup.path}`" for lookup in listing.lookups)
        parts.append(f"\nWith `detail=True` also, from {told}:\n\n{_GRID}{''.join(map(_line, table.detail))}")
    if table.left_out:
        parts.append("\nWithout a column:\n\n")
        parts += [f"- `{field}`: {reason}\n" for field, reason in table.left_out.items()]
    return "".join(parts)


def _keys(table: Table) -> str:
    sort = f"Sorted by {_named(table.order)}." if table.order else "In TikTok Shop's order."
    return f"{sort} Rows are told apart by {_named(table.key)}." if table.key else sort


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_GRID = "| column | kind | field | meaning |\n|---|---|---|---|\n"


def _line(column: Column) -> str:
    source = f"{column.of}:" if column.of else ""
    fields = ", ".join(f"`{source}{path}`" for path in (column.path, *column.same) if path)
    return f"| `{column.name}` | {column.kind} | {fields} | {column.doc} |\n"


if __name__ == "__main__":
    sys.stdout.write(document())
