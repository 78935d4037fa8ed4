"""The rows of a pull while it runs: columns instead of JSON, each record once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tts_notebook.api.shops import Shop
from tts_notebook.data.frames import RAW, schema
from tts_notebook.data.held import Held
from tts_notebook.data.rows import Found, Record, make_rows, name_of, seconds_in
from tts_notebook.data.tables import Table
from tts_notebook.data.values import json_text
from tts_notebook.data.versions import latest

if TYPE_CHECKING:
    import pyarrow as pa

    from tts_notebook.data.pages import Batch

_KEY = ("shop", "scope", "name")


class Harvest:
    """Collects records and gives the tables that they make.

    A record that comes again, because the list moved while it was read, replaces the
    earlier one unless its update_time is older.
    """

    def __init__(self, tables: Sequence[Table], *, detail: bool = False, raw: bool = False) -> None:
        self.misfits: Counter[str] = Counter()
        self.tolerant = 0  # pages that were read value by value
        self._tables, self._detail, self._raw = tables, detail, raw
        self._key = tables[0].listing.key
        self._held = {table.name: Held(self._schema(table)) for table in tables}
        # the number of each row's record, and per record what tells it apart
        self._owners: dict[str, list[pa.Array]] = {table.name: [] for table in tables}
        self._told: list[pa.Table] = []
        self._count = 0

    def add(self, shop: Shop | None, found: Sequence[Found]) -> None:
        """Take in records of one shop, or of the seller."""
        import pyarrow as pa

        # without an id there is nothing to tell repeats by: each is kept
        names = [name_of(each.record, self._key) for each in found]
        updated = [seconds_in(each.record, "update_time") for each in found]
        for table in self._tables:
            made = make_rows(table, found, shop, columns=table.chosen(detail=self._detail))
            self._put(table, self._with_raw(made.table, made.objects), pa.array(made.owners, pa.int64()))
            self.misfits += made.misfits
        scopes = pa.array([each.scope for each in found], pa.string())
        self._tell(shop, scopes, pa.array(names, pa.string()), pa.array(updated, pa.int64()))

    def add_batch(self, shop: Shop | None, batch: Batch) -> None:
        """Take in what a PageReader made of pages of one shop, or of the seller."""
        import pyarrow as pa

        wanted = "detail" if self._detail else "raw" if self._raw else ""
        assert not wanted, f"pages hold nothing for {wanted}"
        for table in self._tables:
            self._put(table, batch.tables[table.name], batch.owners[table.name])
        self.misfits += batch.misfits
        self.tolerant += batch.tolerant
        self._tell(shop, pa.repeat("", len(batch.ids)), batch.ids, batch.updated)

    def merge(self, other: Harvest) -> None:
        """Take over what another harvest collected from other shops."""
        import pyarrow.compute as pc

        for name, held in other._held.items():
            self._held[name].merge(held)
            self._owners[name] += [pc.add(numbers, self._count) for numbers in other._owners[name]]
        for told in other._told:
            numbers = pc.add(told["number"], self._count)
            self._told.append(told.set_column(told.num_columns - 1, "number", numbers))
        self._count += other._count
        self.misfits += other.misfits
        self.tolerant += other.tolerant

    @property
    def told(self) -> pa.Table:
        """Every record that came, as often as it came: its scope and name, and when it was updated."""
        import pyarrow as pa

        kinds = [*((name, pa.string()) for name in _KEY), ("updated", pa.int64()), ("number", pa.int64())]
        return pa.concat_tables([pa.schema(kinds).empty_table(), *self._told])

    def finish(self) -> dict[str, pa.Table]:
        """Return every table. What was collected is given away: call it once."""
        return {table.name: self.table(table.name) for table in self._tables}

    def table(self, name: str) -> pa.Table:
        """Return one table, sorted, each record once. What was collected for it is given away: call it once."""
        table = next(each for each in self._tables if each.name == name)
        held, owners = self._held.pop(name), self._owners.pop(name)
        return held.table(self._places(table, held, owners))

    # -- what comes ------------------------------------------------------------------------

    def _schema(self, table: Table) -> pa.Schema:
        import pyarrow as pa

        columns = schema(table.chosen(detail=self._detail))
        return columns.append(pa.field(RAW.name, pa.string())) if self._raw else columns

    def _put(self, table: Table, made: pa.Table, owners: pa.Array) -> None:
        import pyarrow.compute as pc

        self._held[table.name].add(made)
        self._owners[table.name].append(pc.add(owners, self._count))

    def _tell(self, shop: Shop | None, scopes: pa.Array, names: pa.Array, updated: pa.Array) -> None:
        import pyarrow as pa

        numbers = pa.array(np.arange(self._count, self._count + len(names)))
        shops = pa.repeat(shop.id if shop else "", len(names))
        self._told.append(pa.table([shops, scopes, names, updated, numbers], [*_KEY, "updated", "number"]))
        self._count += len(names)

    def _with_raw(self, made: pa.Table, rows: Sequence[Record]) -> pa.Table:
        import pyarrow as pa

        if not self._raw:
            return made
        return made.append_column(RAW.name, pa.array([json_text(row) for row in rows], pa.string()))

    # -- what stays ------------------------------------------------------------------------

    @cached_property
    def _repeats(self) -> pa.Array | None:
        """The numbers of the records that came again and are older, None if there are none."""
        import pyarrow.compute as pc

        told = self.told
        told = told.filter(pc.is_valid(told["name"]))
        if pc.count_distinct(told["name"]).as_py() == told.num_rows:
            return None
        older = told["number"].filter(~latest(told, _KEY))
        return older if len(older) else None

    def _places(self, table: Table, held: Held, owners: list[pa.Array]) -> pa.Array | None:
        """Which rows, in which order; None if they are all there and in order."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = None
        if self._repeats is not None:
            rows = pc.indices_nonzero(pc.invert(pc.is_in(pa.chunked_array(owners, pa.int64()), self._repeats)))
        if not table.order:
            return rows
        keys = pa.table(held.columns(table.order), list(table.order))
        # stable, so that the units of an order stay as TikTok Shop lists them
        order = pc.sort_indices(
            keys if rows is None else keys.take(rows), [(name, "ascending") for name in table.order]
        )
        return order if rows is None else rows.take(order)
