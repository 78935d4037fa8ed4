"""Records of a list -> the rows of a table, through Python objects: whatever came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.frames import tabulate
from tts_notebook.data.tables import Column, Listing, Table
from tts_notebook.data.values import json_text, read_time
from tts_notebook.data.zones import zone_of
from tts_notebook.errors import TransportError

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A record, and what it was found beside.

    Attributes:
        record: The record.
        scope: Within what its key tells it apart, such as the parent that was asked about.
        beside: The answer around the list ("page"), the record asked about ("parent") and the
            days asked for ("window"), where there are such.
    """

    record: Record
    scope: str = ""
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """What records gave for one table.

    Attributes:
        table: The rows.
        owners: The number of each row's record.
        objects: Each row as it was sent.
        misfits: For each field, how many of its values did not fit.
    """

    table: pa.Table
    owners: list[int]
    objects: list[Record]
    misfits: Counter[str]


def make_rows(
    table: Table,
    found: Sequence[Found],
    shop: Shop | None,
    *,
    columns: Sequence[Column],
    known: Mapping[str, Sequence[str]] | None = None,
) -> Rows:
    """Make a table's rows of records.

    Args:
        table: The table.
        found: The records.
        shop: Whose they are.
        columns: The columns to read.
        known: For each source whose unknown fields are kept, the places that count as known;
            by default as the table declares it.
    """
    rows = [(number, row, above) for number, each in enumerate(found) for row, above in rows_of(table, each.record)]
    made, misfits = tabulate(
        columns,
        [row for _, row, _ in rows],
        zone=zone_of(shop.region) if shop else "UTC",
        known={source: table.known(source) for source in table.keeps} if known is None else known,
        **_beside(table, columns, found, shop, rows),
    )
    return Rows(made, [number for number, _, _ in rows], [row for _, row, _ in rows], misfits)


def _beside(
    table: Table,
    columns: Sequence[Column],
    found: Sequence[Found],
    shop: Shop | None,
    rows: Sequence[tuple[int, Record, Record]],
) -> dict[str, list[Mapping[str, Any]]]:
    beside: dict[str, list[Mapping[str, Any]]] = {}
    for source in {column.of for column in columns}.union(table.keeps) - {""}:
        if source == "shop":
            beside[source] = [about(shop)] * len(rows)
        elif source == "record":
            beside[source] = [found[number].record for number, _, _ in rows]
        elif source == "above":
            beside[source] = [above for _, _, above in rows]
        else:
            beside[source] = [found[number].beside.get(source, {}) for number, _, _ in rows]
    return beside


def about(shop: Shop | None) -> dict[str, str]:
    """Return what a shop's columns are read from."""
    return {"id": shop.id, "name": shop.name, "region": shop.region} if shop else {}


def seconds_in(record: Mapping[str, Any], name: str) -> int:
    """Return a time of a record, or 0 if it has none that can be understood."""
    try:
        return read_time(record.get(name, 0)) or 0
    except (ValueError, TypeError, OverflowError):
        return 0


def name_of(record: Mapping[str, Any], key: str) -> str | None:
    """Return what tells a record apart, as a column can hold it; None if it has nothing."""
    name = str(record.get(key) or "") if key else ""
    try:
        name.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json_text(name)
    return name or None


def opened(page: Record, listing: Listing) -> tuple[list[Record], Record]:
    """Take the records out of a page; return them, and what is around them.

    Raises:
        TransportError: there is something else in their place.
    """
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


def rows_of(table: Table, record: Record) -> Iterator[tuple[Record, Record]]:
    """Yield each row of a record with what lies between the two."""
    wrap = "record" in table.keeps
    if not table.each:
        yield record, {}
        return
    above = [record]
    for name in table.each[:-1]:
        above = [inner for outer in above for inner in _objects(_inside(outer, name), wrap=wrap)]
    for outer in above:
        inner = _objects(_inside(outer, table.each[-1]), wrap=wrap)
        if table.keep_childless and not inner:
            inner = [{}]
        yield from ((row, outer if len(table.each) > 1 else {}) for row in inner)
    if table.keep_childless and not above:
        yield {}, {}


def _inside(record: Any, path: str) -> Any:
    for step in path.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _objects(values: Any, *, wrap: bool) -> list[Record]:
    """Return the objects of a list; what is none becomes one if nobody else would keep it."""
    if not isinstance(values, list):
        return [{"value": values}] if wrap and values is not None else []
    return [
        value if isinstance(value, dict) else {"value": value} for value in values if wrap or isinstance(value, dict)
    ]
