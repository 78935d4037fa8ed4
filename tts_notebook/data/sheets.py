"""Records that Arrow has read -> one table, the odd places through Python objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tts_notebook.api.shops import Shop
from tts_notebook.data.columnar import Reader, Sheet, Steps, readers, simple, unknown
from tts_notebook.data.excerpts import decoder_of
from tts_notebook.data.frames import schema
from tts_notebook.data.paths import Branch
from tts_notebook.data.rows import Found, Rows, about, make_rows
from tts_notebook.data.shapes import known
from tts_notebook.data.tables import Listing, Source, Table
from tts_notebook.data.values import convert

if TYPE_CHECKING:
    import pyarrow as pa

_SOURCES: tuple[Source, ...] = ("", "record", "above")


class Refused(Exception):  # no error: the careful way is taken
    """These pages cannot be read together."""


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


@dataclass(frozen=True, slots=True)
class Sheeted:
    """What records gave for one table.

    Attributes:
        table: The rows.
        owners: The number of each row's record.
        misfits: For each field, how many of its values did not fit.
        careful: Declared places that had to be read value by value.
    """

    table: pa.Table
    owners: pa.Array
    misfits: Counter[str]
    careful: frozenset[str]


class TableReader:
    """Makes one table of records.

    Attributes:
        table: The table.
    """

    def __init__(self, table: Table, records: Steps) -> None:
        self.table = table
        self._records = ("data", *records)
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

    def read(self, records: Sheet, shop: Shop | None, bodies: Sequence[bytes], kept: pa.Array | None) -> Sheeted:
        """Return the table that records give.

        Args:
            records: The records.
            shop: Whose they are.
            bodies: The answers in which they came, for what Arrow cannot read.
            kept: Which of the answers' records these are, None for all.

        Raises:
            Refused: they cannot be read together.
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
        misfits: Counter[str] = Counter()
        read = rows > 0 and (bool(careful) or any(new.values()))
        if read:
            told = self._carefully(careful, new, shop, bodies, kept)
            made.update(zip(told.table.column_names, told.table.columns, strict=True))
            misfits = told.misfits
        self._add_shop(made, shop, rows)
        owners = pa.array(range(rows)) if indices["record"] is None else indices["record"]
        odd = frozenset(".".join(place) for _, reader in careful for place in reader.places) if read else frozenset()
        return Sheeted(self._whole(made, rows), owners.cast(pa.int64()), misfits, odd)

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

    def _carefully(
        self,
        careful: list[tuple[Source, Reader]],
        new: dict[Source, set[Steps]],
        shop: Shop | None,
        bodies: Sequence[bytes],
        kept: pa.Array | None,
    ) -> Rows:
        """Read some columns and the unknown fields value by value."""
        places = {(*self._levels[source], *place) for source, reader in careful for place in reader.places}
        places.update((*self._levels[source], *place) for source, unread in new.items() for place in unread)
        if not all(step.isascii() for place in places for step in place):
            raise Refused  # msgspec does not find such names
        lists = {(*self._records, *_steps(self.table, depth)) for depth in range(len(self.table.each) + 1)}
        decoder = decoder_of(frozenset((*self._records, *place) for place in places), frozenset(lists))
        found: list[Found] = []
        for body in bodies:
            try:
                inside = decoder.decode(body)
            except msgspec.MsgspecError:  # such as a number without end, which Python takes
                raise Refused from None
            for step in self._records:
                inside = inside.get(step) or {}
            found += map(Found, inside or ())
        if kept is not None:
            found = [each for each, keep in zip(found, kept.to_pylist(), strict=True) if keep]
        wanted = {column.name for _, reader in careful for column in reader.columns}
        return make_rows(
            self.table,
            found,
            shop,
            columns=[column for column in self.table.columns if column.name in wanted],
            known={
                source: (*self.table.known(source), *self._around(source, unread)) for source, unread in new.items()
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

    def _whole(self, made: dict[str, pa.Array], rows: int) -> pa.Table:
        import pyarrow as pa

        order = schema(self.table.columns)
        arrays = [made[field.name] if field.name in made else pa.nulls(rows, field.type) for field in order]
        return pa.table(arrays, schema=order)
