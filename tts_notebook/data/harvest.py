"""The rows of a pull while it runs: columns instead of JSON, each record once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.frames import schema, tabulate
from tts_notebook.data.tables import Table
from tts_notebook.data.values import read_time

if TYPE_CHECKING:
    import pyarrow as pa


class Harvest:
    """Collects records and gives the tables that they make.

    A record that comes again, because the list moved while it was read, replaces the
    earlier one unless its update_time is older.
    """

    def __init__(self, tables: Sequence[Table], *, detail: bool = False) -> None:
        self.misfits: Counter[str] = Counter()
        self._tables, self._detail = tables, detail
        self._chunks: dict[str, list[pa.Table]] = {table.name: [] for table in tables}
        self._owners: dict[str, list[int]] = {table.name: [] for table in tables}
        self._newest: dict[tuple[str, str], tuple[int, int]] = {}
        self._count = 0

    def add(self, shop: Shop, records: Sequence[Mapping[str, Any]]) -> None:
        """Take in records of one shop."""
        numbers = range(self._count, self._count + len(records))
        self._count += len(records)
        for number, record in zip(numbers, records, strict=True):
            # without an id there is nothing to tell repeats by: each is kept
            key = shop.id, str(record.get("id") or f"row {number}")
            updated = seconds_in(record, "update_time")
            if key not in self._newest or updated >= self._newest[key][0]:
                self._newest[key] = updated, number
        for table in self._tables:
            self._add_rows(table, shop, numbers, records)

    def _add_rows(self, table: Table, shop: Shop, numbers: Sequence[int], records: Sequence[Mapping[str, Any]]) -> None:
        rows = [
            (number, record, row)
            for number, record in zip(numbers, records, strict=True)
            for row in (_objects(record.get(table.each)) if table.each else (record,))
        ]
        of_shop = {"id": shop.id, "name": shop.name, "region": shop.region}
        made, misfits = tabulate(
            table.chosen(detail=self._detail),
            [row for _, _, row in rows],
            order=[record for _, record, _ in rows],
            shop=[of_shop] * len(rows),
        )
        self._chunks[table.name].append(made)
        self._owners[table.name] += [number for number, _, _ in rows]
        self.misfits += misfits

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

        empty = schema(table.chosen(detail=self._detail)).empty_table()
        made = pa.concat_tables([empty, *self._chunks[table.name]])
        owners = self._owners[table.name]
        chosen = made.take(pa.array(compress(range(len(owners)), (owner in kept for owner in owners)), pa.int64()))
        # stable, so that the units of an order stay as TikTok Shop lists them
        return chosen.sort_by([(name, "ascending") for name in table.order])


def seconds_in(record: Mapping[str, Any], name: str) -> int:
    """Return a time of a record, or 0 if it has none that can be understood."""
    try:
        return read_time(record.get(name, 0)) or 0
    except (ValueError, TypeError, OverflowError):
        return 0


def _objects(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
