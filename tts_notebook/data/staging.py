"""Rows of a run that has not ended: Arrow files that also say what has been read completely.

A part is there or not: it gets its name only once all of it is on the disk, and carries the
intervals that it completes. So no journal can contradict it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tts_notebook.data.disk import Disk
from tts_notebook.data.manifest import NO_MONTH
from tts_notebook.data.values import filled, widened
from tts_notebook.data.versions import months
from tts_notebook.data.windows import Interval

if TYPE_CHECKING:
    import pyarrow as pa

_NOTES = b"tts_notebook"
# Arrow's allocator keeps what each of its threads has freed: with them a sync of 100,000 orders took 50 MB more
_THREADS = False
_ROWS = 5_000  # what is held in memory of a part at a time
OURS = re.compile(r"(run-\d{6,}-\d{6,}\.part|new-\d{6,}\.merged)(\.tmp)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """A staged part.

    Attributes:
        number: Later parts have larger ones.
        proven: The intervals that are complete with it.
        batches: The month and the number of rows of each of its batches.
        gone: The numbers of records in further batches, one row for each: they came, and without any row.
        names: Its columns, without those that are empty.
    """

    path: Path
    number: int
    proven: tuple[Interval, ...]
    batches: tuple[tuple[str, int], ...]
    gone: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def months(self) -> tuple[str, ...]:
        """The months of its rows."""
        return tuple(dict.fromkeys(month for month, _ in self.batches))

    def rows_of(self, month: str) -> int:
        """How many of its rows belong to a month."""
        return sum(rows for found, rows in self.batches if found == month)

    def read(self, month: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield a month's rows with those of the columns that there are."""
        return self._read([place for place, (found, _) in enumerate(self.batches) if found == month], names)

    def read_gone(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the records that came without any row."""
        return self._read(range(len(self.batches), len(self.batches) + len(self.gone)), names)

    def _read(self, places: Iterable[int], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        wanted = set(names)
        # to Arrow, none at all would mean all of them
        fields = [place for place, name in enumerate(self.names) if name in wanted] or [0]
        with pa.OSFile(str(self.path)) as file:
            reader = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=fields, use_threads=_THREADS))
            for place in places:
                yield reader.get_batch(place)


def stage_part(
    disk: Disk, path: Path, table: pa.Table, month_of: str, proven: Sequence[Interval], gone: pa.Table | None = None
) -> Part:
    """Write rows and what they prove; after an error nothing of them is there.

    Args:
        disk: The file operations.
        path: As `part_path` names it.
        table: The rows.
        month_of: The column that tells their months; empty if nothing does.
        proven: The intervals that are complete with them.
        gone: The records that came without any row, in some of the columns.
    """
    import pyarrow as pa

    names = _written(table, gone)
    batches = [(month, batch) for month, rows in _by_month(table, month_of, names) for batch in _cut(rows)]
    counts = tuple((month, batch.num_rows) for month, batch in batches)
    kept = table.select(names).schema
    without = _cut(widened(gone, kept)) if gone is not None and gone.num_rows else []
    gone_counts = tuple(batch.num_rows for batch in without)
    notes = json.dumps({"proven": [list(one) for one in proven], "batches": counts, "gone": gone_counts})
    schema = kept.with_metadata({_NOTES: notes})

    def fill(file: BinaryIO) -> None:
        # read once more and then removed: lz4 costs next to nothing, and half the disk is free
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=_THREADS)
        with pa.ipc.new_file(file, schema, options=options) as writer:
            for batch in (*(batch for _, batch in batches), *without):
                writer.write_batch(batch)

    disk.write(path, fill)
    return Part(path, _number(path), tuple(proven), counts, gone_counts, tuple(names))


def part_path(directory: Path, run: int, number: int) -> Path:
    """Name a part of a run; later ones have larger numbers."""
    return directory / f"run-{run:06}-{number:06}.part"


def load_parts(directory: Path, run: int) -> list[Part]:
    """Read what the parts of a run say, in the order in which they came.

    A part that cannot be read is left out: what it proved is read once more.
    """
    found = (_loaded(path) for path in sorted(directory.glob(f"run-{run:06}-*.part")))
    return sorted((part for part in found if part), key=lambda part: part.number)


def _loaded(path: Path) -> Part | None:
    import pyarrow as pa

    try:
        with pa.OSFile(str(path)) as file:
            schema = pa.ipc.open_file(file).schema
        notes = json.loads(schema.metadata[_NOTES])
        proven = tuple((lower, int(upper)) for lower, upper in notes["proven"])
        batches = tuple((month, rows) for month, rows in notes["batches"])
        gone = tuple(int(rows) for rows in notes.get("gone", ()))
        return Part(path, _number(path), proven, batches, gone, tuple(schema.names))
    except (pa.ArrowInvalid, ValueError, KeyError, TypeError):
        return None


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _written(table: pa.Table, gone: pa.Table | None) -> list[str]:
    """Name the columns that are written; to Arrow, none at all would have no rows."""
    needed = {*filled(table), *(gone.column_names if gone is not None else ())}
    return [name for name in table.column_names if name in needed] or table.column_names[:1]


def _by_month(table: pa.Table, month_of: str, names: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    import pyarrow.compute as pc

    kept = table.select(names)
    if not month_of:
        yield "", kept
        return
    found = pc.fill_null(months(table.column(month_of)), NO_MONTH)
    there = pc.unique(found).to_pylist()
    for month in there:
        yield month, kept.filter(pc.equal(found, month)) if len(there) > 1 else kept


def _cut(table: pa.Table) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = table.combine_chunks().to_batches(max_chunksize=_ROWS)
    return batches
