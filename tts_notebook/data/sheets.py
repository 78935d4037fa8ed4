"""Records that Arrow has read -> one table, the odd places through Python objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tts_notebook.api.shops import Shop
from tts_notebook.data.columnar import Reader, Sheet, Steps, readers, simple, unknown
from tts_notebook.data.excerpts import Excerpts, Refused
from tts_notebook.data.frames import EXTRA, extra_texts, schema
from tts_notebook.data.paths import Branch
from tts_notebook.data.rows import Found, Record, Rows, about, make_rows, rows_of
from tts_notebook.data.shapes import known
from tts_notebook.data.tables import Listing, Source, Table
from tts_notebook.data.values import convert, nothing

if TYPE_CHECKING:
    import pyarrow as pa

_SOURCES: tuple[Source, ...] = ("", "record", "above")


def is_declared(listing: Listing, tables: Sequence[Table]) -> bool:
    """Whether the tables need nothing but what lies in the list's records, and shops."""
    if listing.parent or listing.days or listing.shape != "objects" or not listing.records:
        return False
    return all(_is_plain(table) for table in tables)


def _is_plain(table: Table) -> bool:
    sources = {column.of for column in table.columns}.union(table.keeps)
    if table.keep_childless or "record" in table.keeps or not sources <= {*_SOURCES, "shop"}:
        return False
    # the lists that lead to the rows are read as rows alone
    lists = {_steps(table, depth) for depth in range(len(table.each) + 1)} - {()}
    levels = {"record": (), "above": _steps(table, max(len(table.each) - 1, 0))}
    read = [(*levels[column.of], *simple(column.path)) for column in table.columns if column.of in levels]
    return not any(path[: len(place)] == place for path in lists for place in read)


def _steps(table: Table, depth: int) -> Steps:
    return tuple(step for path in table.each[:depth] for step in path.split("."))


@dataclass(slots=True)
class Draft:
    """A table as far as Arrow could read it.

    Attributes:
        made: Its columns, without those that are empty.
        rows: How many rows it has.
        owners: The number of each row's record.
        careful: Readers of places that have to be read value by value.
        new: The places that no column knows, by source.
        misfits: For each field, how many of its values did not fit.
    """

    made: dict[str, pa.Array]
    rows: int
    owners: pa.Array
    careful: list[tuple[Source, Reader]]
    new: dict[Source, set[Steps]]
    misfits: Counter[str] = field(default_factory=Counter)

    @property
    def only_new(self) -> bool:
        """Whether nothing but unknown fields of the rows themselves is missing."""
        return not self.careful and self.new.keys() == {""}


class TableReader:
    """Makes one table of records.

    Attributes:
        table: The table.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._schema = schema(table.columns)
        depth = len(table.each)
        self._levels: dict[Source, Steps] = {
            "": _steps(table, depth),
            "record": (),
            "above": _steps(table, max(depth - 1, 0)),
        }
        self._known: dict[Source, Branch] = {source: known(table, source) for source in _SOURCES}
        self._readers: list[tuple[Source, Reader]] = [
            (source, reader)
            for source in _SOURCES
            for reader in readers(self._known[source], [column for column in table.columns if column.of == source])
        ]

    def draft(self, records: Sheet, shop: Shop | None) -> Draft:
        """Read what Arrow can read.

        Raises:
            Refused: nothing can be read so.
        """
        import pyarrow as pa

        sheets, indices = self._opened(records)
        made: dict[str, pa.Array] = {}
        careful: list[tuple[Source, Reader]] = []
        for source, reader in self._readers:
            columns = reader.read(sheets[source])
            if columns is None:
                careful.append((source, reader))
                continue
            where = indices[source]
            made.update((name, array if where is None else array.take(where)) for name, array in columns.items())
        new = {source: set(unknown(sheets[source].objects.type, self._known[source])) for source in self.table.keeps}
        rows = len(sheets[""])
        self._add_shop(made, shop, rows)
        owners = pa.array(np.arange(rows)) if indices["record"] is None else indices["record"]
        return Draft(made, rows, owners.cast(pa.int64()), careful, new)

    def finish(self, draft: Draft, excerpts: Excerpts, shop: Shop | None, found: list[Record] | None) -> pa.Table:
        """Read the rest value by value and return the table.

        Args:
            draft: What Arrow could read.
            excerpts: The records.
            shop: Whose they are.
            found: The records with the unknown places alone, where they have been read before.

        Raises:
            Refused: nothing can be read so.
        """
        import pyarrow as pa

        if not draft.rows or not (draft.careful or any(draft.new.values())):
            return self._whole(draft)
        if found is None:
            rows = self._carefully(draft, excerpts, shop)
            draft.made.update(zip(rows.table.column_names, rows.table.columns, strict=True))
            draft.misfits = rows.misfits
        elif draft.new[""]:
            containers = {place[:depth] for place in draft.new[""] for depth in range(1, len(place))}
            rests = (
                unread(row, draft.new[""], containers) for record in found for row, _ in rows_of(self.table, record)
            )
            draft.made[EXTRA.name] = pa.array(extra_texts(rests), pa.string())
        return self._whole(draft)

    def _opened(self, records: Sheet) -> tuple[dict[Source, Sheet], dict[Source, pa.Array | None]]:
        """The objects of each source, and for each row the number of its own; None for the rows themselves."""
        import pyarrow as pa
        import pyarrow.compute as pc

        above, rows = records, records
        of_record: pa.Array | None = None
        of_above: pa.Array | None = None
        for path in self.table.each:
            found = rows.at(tuple(path.split(".")))
            if found is None:
                found = pa.nulls(len(rows), pa.list_(pa.struct([])))
            elements = found.flatten() if pa.types.is_list(found.type) else None
            if elements is None or not pa.types.is_struct(elements.type) or elements.null_count:
                if elements is None or len(elements):
                    raise Refused
                elements = pa.array([], pa.struct([]))
            of_above = pc.list_parent_indices(found)
            of_record = of_above if of_record is None else of_record.take(of_above)
            above, rows = rows, Sheet(elements)
        return {"": rows, "record": records, "above": above}, {"": None, "record": of_record, "above": of_above}

    def places(self, draft: Draft) -> set[Steps]:
        """Where in a record there is what Arrow could not read."""
        found = {(*self._levels[source], *place) for source, reader in draft.careful for place in reader.places}
        return found.union((*self._levels[source], *place) for source, new in draft.new.items() for place in new)

    def lists(self) -> set[Steps]:
        """Where in a record there are lists that lead to the rows."""
        return {_steps(self.table, depth) for depth in range(1, len(self.table.each) + 1)}

    def _carefully(self, draft: Draft, excerpts: Excerpts, shop: Shop | None) -> Rows:
        """Read some columns and the unknown fields value by value."""
        found = [Found(record) for record in excerpts.read(self.places(draft), self.lists())]
        wanted = {column.name for _, reader in draft.careful for column in reader.columns}
        return make_rows(
            self.table,
            found,
            shop,
            columns=[column for column in self.table.columns if column.name in wanted],
            known={
                source: (*self.table.known(source), *self._around(source, new)) for source, new in draft.new.items()
            },
        )

    def _around(self, source: Source, places: set[Steps]) -> set[str]:
        """Known places beside unknown ones: so what lies around both counts as known."""
        beside: set[str] = set()
        for place in places:
            branch = self._known[source]
            for depth, step in enumerate(place[:-1]):
                branch = branch.fields[step]
                beside.add(".".join((*place[: depth + 1], next(iter(branch.fields)))))
        return beside

    def _add_shop(self, made: dict[str, pa.Array], shop: Shop | None, rows: int) -> None:
        import pyarrow as pa

        values = about(shop)
        for column in self.table.columns:
            if column.of == "shop":
                value, _ = convert([values.get(column.path)], column.kind)
                made[column.name] = pa.repeat(value[0], rows)

    def _whole(self, draft: Draft) -> pa.Table:
        import pyarrow as pa

        order, made = self._schema, draft.made
        arrays = [made[each.name] if each.name in made else nothing(draft.rows, each.type) for each in order]
        return pa.table(arrays, schema=order)


def unread(found: Record, places: set[Steps], containers: set[Steps], above: Steps = ()) -> Record:
    """Return what there is at these places, by path; `containers` are the objects on the way."""
    rest: Record = {}
    for name, value in found.items():
        place = (*above, name)
        if place in places:
            rest[".".join(place)] = value
        elif value and place in containers:
            rest |= unread(value, places, containers, place)
    return rest
