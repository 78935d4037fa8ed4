"""docs/tables.md from the declarations: `python -m tts_notebook.data.document > docs/tables.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tts_notebook.data.frames import EXTRA
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS
from tts_notebook.data.tables import Column, Kind, Table

TABLES = (ORDERS, ORDER_ITEMS)
_TYPES: dict[Kind, tuple[str, str, str]] = {
    "string": ("str", "string", "text, as sent"),
    "id": ("str", "string", "identifier or code, never a number; null if empty"),
    "integer": ("Int64", "int64", "whole number"),
    "count": ("Int64", "int64", "number of elements"),
    "boolean": ("boolean", "bool", "true, false or null"),
    "money": ("float64", "decimal128(38, 6)", "amount in the row's currency"),
    "rate": ("float64", "decimal128(38, 6)", "a ratio"),
    "time": ("datetime64[us, tz]", "timestamp[us, tz]", "moment; null if it was not reached"),
    "json": ("str", "string", "a list as JSON text; null if empty"),
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

`field` is what TikTok Shop calls it: a dot enters an object, `[]` joins the elements of a list with commas,
`[key=value]` picks an element. `order:` and `shop:` are fields of the row's order and shop.

`extra` is JSON text: an object from field to value with every field that has no column yet, every further element
of a list that has columns for some, and every value that is not of its column's kind. It is null if there is
nothing to keep, so `frame[frame["extra"].notna()]` are the rows with something new. A value of the wrong kind is also
counted in `frame.attrs["misfits"]` and told in a warning.

Rows are sorted by `created_at` and `order_id`; the units of an order stay in TikTok Shop's order.
"""


def document(tables: Iterable[Table] = TABLES) -> str:
    """Return the page about tables."""
    kinds = "".join(f"| {kind} | {pandas} | {arrow} | {doc} |\n" for kind, (pandas, arrow, doc) in _TYPES.items())
    return _HEAD + kinds + _TAIL + "".join(map(_section, tables))


def _section(table: Table) -> str:
    listing = table.listing
    detail = "".join(map(_line, table.detail))
    return (
        f"\n## {table.name}\n\nOne row per {table.row}. Source: `{listing.method} {listing.path}`, "
        f"scope `{listing.scope}`.\n\n{_GRID}{''.join(map(_line, table.columns))}{_line(EXTRA)}"
        f"\nWith `detail=True` also, from "
        f"{' and '.join(f'`GET {lookup.path}`' for lookup in listing.lookups)}:\n\n{_GRID}{detail}"
    )


_GRID = "| column | kind | field | meaning |\n|---|---|---|---|\n"


def _line(column: Column) -> str:
    field = f"`{column.of + ':' if column.of else ''}{column.path}`" if column.path else ""
    return f"| `{column.name}` | {column.kind} | {field} | {column.doc} |\n"


if __name__ == "__main__":
    sys.stdout.write(document())
