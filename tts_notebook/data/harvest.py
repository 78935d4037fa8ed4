"""The rows of a pull while it runs: columns instead of JSON, each record once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.frames import RAW, schema, tabulate
from tts_notebook.data.tables import Table
from tts_notebook.data.values import json_text, read_time
from tts_notebook.data.zones import zone_of

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


class Harvest:
    """Collects records and gives the tables that they make.

    A record that comes again, because the list moved while it was read, replaces the
    earlier one unless its update_time is older.
    """

    def __init__(self, tables: Sequence[Table], *, detail: bool = False, raw: bool = False) -> None:
        self.misfits: Counter[str] = Counter()
        self._tables, self._detail, self._raw = tables, detail, raw
        self._key = tables[0].listing.key
        self._chunks: dict[str, list[pa.Table]] = {table.name: [] for table in tables}
        self._owners: dict[str, list[int]] = {table.name: [] for table in tables}
        self._newest: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._count = 0

    def add(self, shop: Shop | None, found: Sequence[Found]) -> None:
        """Take in records of one shop, or of the seller."""
        numbers = range(self._count, self._count + len(found))
        self._count += len(found)
        for number, each in zip(numbers, found, strict=True):
            # without an id there is nothing to tell repeats by: each is kept
            name = str(each.record.get(self._key) or "") if self._key else ""
            key = shop.id if shop else "", each.scope, name or f"row {number}"
            updated = seconds_in(each.record, "update_time")
            if key not in self._newest or updated >= self._newest[key][0]:
                self._newest[key] = updated, number
        for table in self._tables:
            self._add_rows(table, shop, numbers, found)

    def _add_rows(self, table: Table, shop: Shop | None, numbers: Sequence[int], found: Sequence[Found]) -> None:
        rows = [
            (number, each, row, above)
            for number, each in zip(numbers, found, strict=True)
            for row, above in _rows(table, each.record)
        ]
        of_shop = {"id": shop.id, "name": shop.name, "region": shop.region} if shop else {}
        columns = table.chosen(detail=self._detail)
        beside: dict[str, list[Mapping[str, Any]]] = {}
        for source in {column.of for column in columns}.union(table.keeps) - {""}:
            if source == "shop":
                beside[source] = [of_shop] * len(rows)
            elif source == "record":
                beside[source] = [each.record for _, each, _, _ in rows]
            elif source == "above":
                beside[source] = [above for _, _, _, above in rows]
            else:
                beside[source] = [each.beside.get(source, {}) for _, each, _, _ in rows]
        made, misfits = tabulate(
            columns,
            [row for _, _, row, _ in rows],
            zone=zone_of(shop.region) if shop else "UTC",
            known={source: table.known(source) for source in table.keeps},
            **beside,
        )
        self._chunks[table.name].append(self._with_raw(made, [row for _, _, row, _ in rows]))
        self._owners[table.name] += [number for number, _, _, _ in rows]
        self.misfits += misfits

    def _with_raw(self, made: pa.Table, rows: Sequence[Record]) -> pa.Table:
        import pyarrow as pa

        if not self._raw:
            return made
        return made.append_column(RAW.name, pa.array([json_text(row) for row in rows], pa.string()))

    def merge(self, other: Harvest) -> None:
        """Take over what another harvest collected from other shops."""
        for name, chunks in other._chunks.items():
            self._chunks[name] += chunks
            self._owners[name] += [self._count + number for number in other._owners[name]]
        self._newest.update((key, (updated, self._count + number)) for key, (updated, number) in other._newest.items())
        self._count += other._count
        self.misfits += other.misfits

    def finish(self) -> dict[str, pa.Table]:
        """Return every table, sorted, each record once."""
        kept = {number for _, number in self._newest.values()}
        return {table.name: self._finished(table, kept) for table in self._tables}

    def _finished(self, table: Table, kept: set[int]) -> pa.Table:
        import pyarrow as pa

        empty = self._with_raw(schema(table.chosen(detail=self._detail)).empty_table(), [])
        made = pa.concat_tables([empty, *self._chunks[table.name]])
        owners = self._owners[table.name]
        chosen = made.take(pa.array(compress(range(len(owners)), (owner in kept for owner in owners)), pa.int64()))
        # stable, so that the units of an order stay as TikTok Shop lists them
        return chosen.sort_by([(name, "ascending") for name in table.order]) if table.order else chosen


def seconds_in(record: Mapping[str, Any], name: str) -> int:
    """Return a time of a record, or 0 if it has none that can be understood."""
    try:
        return read_time(record.get(name, 0)) or 0
    except (ValueError, TypeError, OverflowError):
        return 0


def _rows(table: Table, record: Record) -> Iterator[tuple[Record, Record]]:
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
