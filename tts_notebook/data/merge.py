"""What a run staged and what is there already become data files that hold each row once.

Nothing is read whole: who stays is decided on ids and times of change alone, and the rows that
stay are copied a few thousand at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from tts_notebook.data.disk import Disk
from tts_notebook.data.manifest import NO_MONTH, STAGING, File, Run
from tts_notebook.data.memory import give_back
from tts_notebook.data.staging import Part
from tts_notebook.data.values import widened
from tts_notebook.data.versions import Mask, Numbers, keys, moments, numbered, survivors

if TYPE_CHECKING:
    import pyarrow as pa

FILE_ROWS = 100_000  # of a data file at the most
GROUP_ROWS = 20_000  # of a row group at the most, and
GROUP_BYTES = 8_000_000
MANY_ROWS = 1_000  # of fewer, files are as large with snappy, and zstd would take twice as long to set up
SMALL_ROWS = FILE_ROWS // 2
MOST_SMALL = 16  # files of a month that are smaller than that
_READ_ROWS = 8_000
_COMPARED_ROWS = 100_000  # at a time; a month with more is compared in several passes
_GONE = "gone"  # in the place of a month: of records that came without any row


@dataclass(frozen=True, slots=True)
class Layout:
    """What a merge has to know of the table.

    Attributes:
        schema: Of the data files that are written.
        record: The columns that tell records apart; empty if every row stays.
        whole: A record can have several rows, which come together.
        version: The column that tells when a record was changed; empty if nothing does.
        month_of: The column whose month decides where a row lies; empty if nothing does.
    """

    schema: pa.Schema
    record: tuple[str, ...]
    whole: bool
    version: str
    month_of: str


@dataclass(slots=True)
class _Source:
    """Rows of one month, from a data file or a staged part; or a part's records that came without any."""

    month: str
    arrival: int
    rows: int
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
    file: File | None = None
    keep: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.keep = np.ones(self.rows, dtype=np.bool_)


@dataclass(slots=True)
class Merge:
    """The merge of a finished run into a shop's part.

    Attributes:
        last_number: The highest number a data file ever had.
        made: The new data files, which lie in the staging directory.
    """

    disk: Disk
    home: Path
    layout: Layout
    run: Run
    last_number: int
    made: list[File] = field(default_factory=list)

    def merge(self, files: Sequence[File], parts: Sequence[Part]) -> tuple[list[File], list[File]]:
        """Write what is new; return the files that hold the data then, and those that do not any more.

        Raises:
            OSError: a file could not be read or written; what was written is removed again.
        """
        replaced = files if self.run.kind == "all" else ()
        sources = self._sources([file for file in files if file not in replaced], parts)
        try:
            merged = [file for months in self._groups(sources) for file in self._group(months, sources)]
            if self.made:
                self.disk.settle(self.home / STAGING)
        except Exception:
            for file in self.made:
                with suppress(OSError):  # else the next sync removes it
                    self.disk.remove(self.home / file.staged)
            raise
        dropped = [*replaced, *merged]
        return [*(file for file in files if file not in dropped), *self.made], dropped

    def _sources(self, files: Sequence[File], parts: Sequence[Part]) -> list[_Source]:
        """Name all there is, in the order in which it came."""
        staged = [source for part in parts for source in _staged(part)]
        return [*(_existing(self.home, file) for file in files), *staged]

    def _groups(self, sources: Sequence[_Source]) -> list[set[str]]:
        """Return the months in which something may change, together those that have to be compared together."""
        apart = self._apart(sources)
        alone = {source.month for source in sources if source.arrival} - apart - {_GONE}
        return [*({month} for month in sorted(alone)), *([apart | {_GONE}] if apart else [])]

    def _apart(self, sources: Sequence[_Source]) -> set[str]:
        """Return the months that hold records which came without a time, or without any row.

        A record's time never changes, so that its versions lie in one month. But it may come before
        its time is known; and what came without a row may have had some in any month.
        """
        # what came with its time can replace what came before without
        news = [source for source in sources if source.arrival]
        loose = [source for source in sources if source.month == _GONE or (news and source.month == NO_MONTH)]
        found: set[str] = set()
        for some in _cut(key for source in loose for key in self._keys(source)):
            found |= {source.month for source in sources if source.month not in found and self._holds(source, some)}
        return found - {_GONE}

    def _keys(self, source: _Source) -> Iterator[Any]:
        names = self.layout.record
        for batch in self._read(source, names) if names else ():
            yield keys(batch, names)

    def _holds(self, source: _Source, some: pa.Array) -> bool:
        import pyarrow.compute as pc

        return any(pc.any(pc.is_in(each, some)).as_py() for each in self._keys(source))

    def _group(self, months: set[str], sources: Sequence[_Source]) -> list[File]:
        """Write the months anew as far as they change; return the files that are not part of the data then."""
        self._compare([source for source in sources if source.month in months])
        dropped: list[File] = []
        for month in sorted(months - {_GONE}):
            mine = [source for source in sources if source.month == month]
            touched = _touched([source for source in mine if source.file])
            self._write(month, [*touched, *(source for source in mine if not source.file)])
            dropped += [source.file for source in touched if source.file]
        return dropped

    def _compare(self, sources: Sequence[_Source]) -> None:
        """Mark the rows that are not the last version of their record."""
        if not self.layout.record or not sources:
            return
        passes = 1 + sum(source.rows for source in sources) // _COMPARED_ROWS
        for number in range(passes):
            places, records, versions = self._gathered(sources, number, passes)
            lengths = [len(place) for place in places]
            arrivals = np.repeat([source.arrival for source in sources], lengths)
            keep = survivors(records, versions, arrivals, whole=self.layout.whole)
            for source, place, kept in zip(sources, places, np.split(keep, np.cumsum(lengths)[:-1]), strict=True):
                source.keep[place] = kept

    def _gathered(
        self, sources: Sequence[_Source], number: int, passes: int
    ) -> tuple[Sequence[Numbers], Numbers, Numbers]:
        """Return of each source the places of the rows that a pass compares; of all rows records and versions."""
        facts = [self._facts(source, number, passes) for source in sources]
        places, texts, versions = zip(*facts, strict=True)
        return places, numbered([each for some in texts for each in some]), np.concatenate(versions)

    def _facts(self, source: _Source, number: int, passes: int) -> tuple[Numbers, list[pa.Array], Numbers]:
        """Return the places of the rows that a pass compares, their records and their versions."""
        version = self.layout.version
        names = [*self.layout.record, *([version] if version else [])]
        places, texts, versions = [np.zeros(0, np.int64)], [], [np.zeros(0, np.int64)]
        start = 0
        for batch in self._read(source, names):
            records = keys(batch, self.layout.record)
            mine = source.keep[start : start + len(records)] & _of_pass(records, number, passes)
            found = moments(batch.column(version)) if version else np.zeros(len(records), np.int64)
            places.append(start + np.flatnonzero(mine))
            texts.append(records if mine.all() else records.filter(mine))
            versions.append(found[mine])
            start += len(records)
        return np.concatenate(places), texts, np.concatenate(versions)

    def _read(self, source: _Source, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield a source's rows with these columns; those that it does not have are null."""
        import pyarrow as pa

        schema = pa.schema([self.layout.schema.field(name) for name in names])
        for batch in source.read(names):
            yield widened(batch, schema)

    def _write(self, month: str, sources: Sequence[_Source]) -> None:
        writer, names = _Writer(self, month), self.layout.schema.names
        try:
            for source in sources:
                start = 0
                for batch in self._read(source, names):
                    kept = source.keep[start : start + batch.num_rows]
                    start += batch.num_rows
                    writer.add(batch, kept)
            writer.close()
        except BaseException:  # also who presses stop wants no file left open
            writer.abandon()
            raise


@dataclass(slots=True)
class _Writer:
    """Writes rows of a month into files of bounded size."""

    merge: Merge
    month: str
    waiting: list[pa.RecordBatch] = field(default_factory=list)
    count: int = 0
    size: int = 0
    rows: int = 0
    file: BinaryIO | None = None
    parquet: Any = None

    def add(self, batch: pa.RecordBatch, kept: Mask) -> None:
        import pyarrow as pa

        some = batch if kept.all() else batch.filter(pa.array(kept))
        self.waiting.append(some)
        self.count += some.num_rows
        self.size += some.nbytes
        if self.count >= GROUP_ROWS or self.size >= GROUP_BYTES:
            self._write_group()

    def close(self) -> None:
        if self.count:
            self._write_group()
        self._end_file()

    def abandon(self) -> None:
        for open_one in (self.parquet, self.file):
            with suppress(OSError):  # the Parquet file has an end to write, for which there may be no room
                open_one.close() if open_one else None

    def _write_group(self) -> None:
        import pyarrow as pa

        group = pa.Table.from_batches(self.waiting)
        full = self.size >= GROUP_BYTES
        self.waiting, self.count, self.size = [], 0, 0
        if self.rows and self.rows + group.num_rows > FILE_ROWS:
            self._end_file()
        if self.parquet is None:
            self._start_file(group.num_rows)
        self.parquet.write_table(group)
        self.rows += group.num_rows
        del group
        give_back(at_once=full)

    def _start_file(self, rows: int) -> None:
        import pyarrow.parquet as pq

        self.merge.last_number += 1
        made = File(self.month, self.merge.last_number, 0)
        self.merge.made.append(made)
        self.file = self.merge.disk.create(self.merge.home / made.staged)
        packed = "zstd" if rows >= MANY_ROWS else "snappy"
        self.parquet = pq.ParquetWriter(self.file, self.merge.layout.schema, compression=packed)

    def _end_file(self) -> None:
        if self.parquet is None or self.file is None:
            return
        self.parquet.close()
        self.merge.disk.finish(self.file)
        self.merge.made[-1] = File(self.month, self.merge.last_number, self.rows)
        self.parquet, self.file, self.rows = None, None, 0


def _of_pass(records: pa.Array, number: int, passes: int) -> Mask:
    """Tell which records a pass compares: all versions of one in the same pass."""
    if passes == 1:
        return np.ones(len(records), np.bool_)
    # equal texts have equal hashes, as long as this process runs
    return np.fromiter((hash(text) % passes == number for text in records.to_pylist()), np.bool_, len(records))


def _cut(found: Iterable[Any]) -> Iterator[pa.Array]:
    """Put texts together, so many at a time as may be looked for at once."""
    import pyarrow as pa

    whole = pa.chunked_array([*found], pa.string())
    for start in range(0, len(whole), _COMPARED_ROWS):
        yield whole.slice(start, _COMPARED_ROWS).combine_chunks()


def _existing(home: Path, file: File) -> _Source:
    def read(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        with pq.ParquetFile(home / file.path) as parquet:
            there = set(parquet.schema_arrow.names)  # which takes Arrow a while
            wanted = [name for name in names if name in there]
            yield from parquet.iter_batches(_READ_ROWS, columns=wanted, use_threads=False)  # as in staging

    # all that is there counts as one arrival: a record's rows may lie in two files
    return _Source(file.month, 0, file.rows, read, file)


def _staged(part: Part) -> Iterator[_Source]:
    for month in part.months:
        yield _Source(month, 1 + part.number, part.rows_of(month), partial(part.read, month))
    if part.gone:
        yield _Source(_GONE, 1 + part.number, sum(part.gone), part.read_gone)


def _touched(sources: Sequence[_Source]) -> list[_Source]:
    """Choose the files that are written anew: those that lose rows, and small ones if there are many."""
    small = [source for source in sources if source.rows < SMALL_ROWS]
    crowded = len(small) >= MOST_SMALL
    return [source for source in sources if not source.keep.all() or (crowded and source.rows < SMALL_ROWS)]
