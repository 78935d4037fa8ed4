"""Rows that wait in memory for the end of a pull: compressed, to a third of what they become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tts_notebook.data.memory import give_back
from tts_notebook.data.values import filled, nothing

if TYPE_CHECKING:
    import pyarrow as pa

_AT_ONCE = 8  # columns that are there twice for a moment
_MANY = 20_000  # rows: of fewer, all columns at once
_WORTH = 2_000  # rows: of fewer, little becomes free


@dataclass(slots=True)
class Held:
    """The rows of one table, in the order in which they came.

    Attributes:
        schema: What their columns are.
        rows: How many there are.
    """

    schema: pa.Schema
    rows: int = 0
    _pieces: list[_Piece] = field(default_factory=list)

    def add(self, table: pa.Table) -> None:
        """Take in rows."""
        if table.num_rows:
            self._pieces.append(_piece(table))
            self.rows += table.num_rows

    def merge(self, other: Held) -> None:
        """Take in what another one holds."""
        self._pieces += other._pieces
        self.rows += other.rows

    def table(self, places: pa.Array | None = None) -> pa.Table:
        """Return all rows, or those at some places.

        Args:
            places: The numbers of the rows in the order in which they are wanted.
        """
        import pyarrow as pa

        there = frozenset[str]().union(*(piece.names for piece in self._pieces))
        names = [name for name in self.schema.names if name in there]
        made: dict[str, pa.Array] = {}
        step = _AT_ONCE if self.rows > _MANY else len(self.schema)
        for start in range(0, len(names), step):
            some = names[start : start + step]
            made.update(zip(some, self.columns(some, places), strict=True))
            give_back(at_once=self.rows > _WORTH)
        rows = self.rows if places is None else len(places)
        arrays = [made[each.name] if each.name in made else nothing(rows, each.type) for each in self.schema]
        return pa.table(arrays, schema=self.schema)

    def columns(self, names: Sequence[str], places: pa.Array | None = None) -> list[pa.Array]:
        """Return some columns, each in one piece."""
        import pyarrow as pa

        found: list[list[pa.Array]] = [[] for _ in names]
        for piece in self._pieces:
            inside = dict(piece.read(frozenset(names)))
            for name, arrays in zip(names, found, strict=True):
                there = inside.get(name)
                arrays.append(nothing(piece.rows, self.schema.field(name).type) if there is None else there)
        types = [self.schema.field(name).type for name in names]
        whole = [pa.chunked_array(arrays, kind).combine_chunks() for arrays, kind in zip(found, types, strict=True)]
        return whole if places is None else [each.take(places) for each in whole]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows as an Arrow file in memory; half of all columns may be empty, and are not in it."""

    rows: int
    names: tuple[str, ...]
    file: pa.Buffer

    def read(self, wanted: frozenset[str]) -> Iterator[tuple[str, pa.Array]]:
        import pyarrow as pa

        places = [place for place, name in enumerate(self.names) if name in wanted]
        if places:
            options = pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)
            batch = pa.ipc.open_file(self.file, options=options).get_batch(0)
            yield from zip(batch.schema.names, batch.columns, strict=True)


def _piece(table: pa.Table) -> _Piece:
    import pyarrow as pa

    names = filled(table)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    kept = table.select(names)
    with pa.ipc.new_file(sink, kept.schema, options=options) as writer:
        if names:
            writer.write_table(kept.combine_chunks())
    # copied: the sink's own memory is up to twice as large
    return _Piece(table.num_rows, tuple(names), pa.py_buffer(sink.getvalue().to_pybytes()))
