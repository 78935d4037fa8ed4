"""A shop's part of a synced directory: what its next run must know, and its data files.

A run ends with one step, the replacement of the shop's manifest: before it the old files are the
data, after it the new ones, wherever they still lie. What is to be moved and removed then is
named there until the next run begins: only that one waits for the disk to have done it, and
whoever opens the directory does it again if a crash has undone it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tts_notebook.data import manifest
from tts_notebook.data.disk import UNFINISHED, Disk
from tts_notebook.data.manifest import File, Run, RunKind, ShopState, earlier
from tts_notebook.data.merge import Layout, Merge
from tts_notebook.data.staging import OURS, load_parts, part_path, stage_part
from tts_notebook.data.windows import Interval, without
from tts_notebook.errors import FlowMisuse

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that has begun and not ended.

    Attributes:
        since: Its first second, None for no bound.
        until: The second after its last; it does not move any more.
        kind: "first", "changes", "older" or "all", as it began.
        proven: The intervals of which every row is staged.
        missing: Those that are still to be read.
        rows: How many rows are staged.
    """

    since: int | None
    until: int
    kind: RunKind
    proven: tuple[Interval, ...]
    missing: tuple[Interval, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the next run of a shop must know.

    Attributes:
        watermark: What the last finished run left, None if there is none.
        start: Since when the data is complete, None for everything there was.
        unfinished: The run that is to be continued, if there is one.
        rows: How many rows the data has.
    """

    watermark: int | None
    start: int | None
    unfinished: Unfinished | None
    rows: int


class Shelf:
    """One shop's part.

    Args:
        home: Its directory.
        shop_id: The shop, None for what belongs to the seller as a whole.
        layout: What is known of the table.
    """

    def __init__(self, home: Path, shop_id: str | None, layout: Layout, disk: Disk) -> None:
        self._home, self._layout, self._disk = home, layout, disk
        self._staging = home / manifest.STAGING
        self._lock = threading.RLock()
        self._state = load_state(home) or ShopState(shop_id)
        self._parts = load_parts(self._staging, self._state.run.number) if self._state.run else []
        self._move()

    def standing(self) -> Standing:
        """Return what the next run must know."""
        with self._lock:
            rows = sum(file.rows for file in self._state.files)
            return Standing(self._state.watermark, self._state.start, self._unfinished(), rows)

    def begin(self, since: int | None, until: int, kind: RunKind) -> None:
        """Start a run with bounds that do not move; one that has not ended is given up."""
        if since is not None and since > until:
            raise FlowMisuse(f"a run from {since} to {until}")
        with self._lock:
            self._settle()
            self._disk.make(self._staging, durable=False)  # it is once the manifest is, which lies beside it
            number = self._state.runs + 1
            self._parts = []
            self._save(replace(self._state.settled(), run=Run(number, since, until, kind), runs=number))
            self._sweep()

    def stage(self, table: pa.Table, proven: Sequence[Interval], gone: pa.Table | None = None) -> None:
        """Keep rows, and the intervals that are complete with them, over a crash."""
        with self._lock:
            run = self._running()
            number = 1 + max((part.number for part in self._parts), default=0)
            path = part_path(self._staging, run.number, number)
            rows = self._conformed(table)
            self._parts.append(stage_part(self._disk, path, rows, self._layout.month_of, proven, gone))

    def commit(self, watermark: int | None) -> None:
        """Merge what was staged into the data, and remember the watermark if the run is one that moves it.

        The files lie where they were made until `move`.
        """
        with self._lock:
            run = self._running()
            missing = without(run.since, run.until, self._proven())
            if missing:
                raise FlowMisuse(f"a run cannot end with gaps: {missing[:5]}")
            merge = Merge(self._disk, self._home, self._layout, run, self._state.last_number)
            files, dropped = merge.merge(self._state.files, self._parts)
            self._save(
                replace(
                    self._state,
                    watermark=self._watermark(run, watermark),
                    start=self._start(run),
                    run=None,
                    files=tuple(files),
                    last_number=merge.last_number,
                    moving=tuple(file.number for file in merge.made),
                    dropping=tuple(dropped),
                )
            )
            self._parts = []

    def move(self) -> None:
        """Bring what was committed to where it belongs; it is part of the data before, too."""
        with self._lock:
            self._move()

    def _watermark(self, run: Run, reached: int | None) -> int | None:
        """Return since when changes are to be asked for: a period leaves out what has changed outside of it."""
        there = self._state.watermark
        return there if run.kind == "older" or (run.kind == "first" and there is not None) else reached

    def _start(self, run: Run) -> int | None:
        """Return since when the data is complete once a run has ended."""
        if self._state.watermark is None and run.kind in ("first", "changes"):
            return run.since
        return earlier(run.since, self._state.start) if run.kind in ("first", "older") else self._state.start

    def _running(self) -> Run:
        if self._state.run is None:
            raise FlowMisuse("no run has begun for this shop")
        return self._state.run

    def _proven(self) -> list[Interval]:
        return [interval for part in self._parts for interval in part.proven]

    def _unfinished(self) -> Unfinished | None:
        run, proven = self._state.run, self._proven()
        if run is None:
            return None
        rows = sum(rows for part in self._parts for _, rows in part.batches)
        missing = tuple(without(run.since, run.until, proven))
        return Unfinished(run.since, run.until, run.kind, tuple(proven), missing, rows)

    def _conformed(self, table: pa.Table) -> pa.Table:
        """Check that rows have this table's columns; those that are not there are null later."""
        import pyarrow as pa

        known = {field.name: field for field in self._layout.schema}
        strange = [name for name in table.column_names if name not in known]
        if strange:
            raise FlowMisuse(f"columns that the directory was not opened for: {', '.join(strange)}")
        needed = [*self._layout.record, self._layout.version, self._layout.month_of]
        if absent := [name for name in needed if name and name not in table.column_names]:
            raise FlowMisuse(f"rows without {', '.join(absent)}")
        meant = pa.schema([known[name] for name in table.column_names])
        if table.schema.equals(meant):
            return table
        try:
            return table.cast(meant)
        except pa.ArrowInvalid as failure:
            raise FlowMisuse(f"rows of other types than the directory's: {failure}") from None

    def _save(self, state: ShopState) -> None:
        self._disk.make(self._home)
        content = manifest.dump(state)
        self._disk.write(self._home / manifest.NAME, lambda file: file.write(content))
        self._state = state

    def _move(self) -> None:
        """Bring every file to where it belongs, and remove what is not part of anything."""
        for file in self._moving:
            staged, place = self._home / file.staged, self._home / file.path
            if staged.exists():  # else it was moved before
                self._disk.make(place.parent, durable=False)
                self._disk.replace(staged, place)
        for file in self._state.dropping:
            self._disk.remove(self._home / file.path)
            with suppress(OSError):  # not empty, or not there
                (self._home / file.path).parent.rmdir()
        self._sweep()

    @property
    def _moving(self) -> list[File]:
        return [file for file in self._state.files if file.number in self._state.moving]

    def _settle(self) -> None:
        """Wait until files lie on the disk where they belong: the next manifest does not know where they came from."""
        self._move()
        places = {(self._home / file.path).parent for file in (*self._moving, *self._state.dropping)}
        for directory in [self._home, *sorted(places - {self._home})] if places else []:
            if directory.is_dir():
                self._disk.settle(directory)

    def _sweep(self) -> None:
        """Remove staged files that belong to nothing; only names that we give."""
        kept = {part.path for part in self._parts}
        for path in (*self._staging.glob("*"), self._home / (manifest.NAME + UNFINISHED)):
            if path not in kept and (OURS.fullmatch(path.name) or path.parent == self._home):
                self._disk.remove(path)
        if self._state.run is None:
            with suppress(OSError):  # something of others, or not there
                self._staging.rmdir()


def load_state(home: Path) -> ShopState | None:
    """Read the manifest of a shop's part, None if there is none.

    Raises:
        InputError: it is damaged, or of another format.
    """
    path = home / manifest.NAME
    try:
        return manifest.parse_shop(path.read_bytes(), path)
    except FileNotFoundError:
        return None
