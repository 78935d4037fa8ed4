"""The directory that a sync writes into: one owner at a time, one shelf for each shop."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from filelock import FileLock, Timeout

from tts_notebook._version import __version__
from tts_notebook.data import manifest
from tts_notebook.data.disk import UNFINISHED, Disk
from tts_notebook.data.manifest import Contents, RunKind
from tts_notebook.data.merge import Layout
from tts_notebook.data.shelf import Shelf, Standing
from tts_notebook.data.tables import Table
from tts_notebook.data.values import arrow_type
from tts_notebook.data.versions import record_columns, version_column
from tts_notebook.data.windows import Interval
from tts_notebook.errors import InputError, SyncError

if TYPE_CHECKING:
    import os

    import pyarrow as pa

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# a killed worker's lock is free once the system has taken the process apart, and its shop may be given on before
_DEAD_WITHIN = 5.0
_HOLDER = "Another sync, or a worker that one left behind,"
_KEPT = "The data there is as it was, and what this sync has read is kept up to its last part."
_IN = "What this sync has read is part of the data already, and the next sync moves its files into place."
_AGAIN = "Make room and run the cell again: it goes on where this sync ended."
RESTORE = "Restore it, or remove its shop's directory: the next sync then reads that shop from the start."


class Store:
    """A synced directory, open for writing; no one else can open it meanwhile.

    It may be used from several threads: what concerns one shop is done one after the other.
    """

    def __init__(
        self, directory: Path, layout: Layout, lock: FileLock | None, disk: Disk, *, patience: float = 0
    ) -> None:
        self.directory, self._layout, self._lock, self._disk = directory, layout, lock, disk
        self._patience = patience
        self._guard = threading.Lock()
        self._shelves: dict[str, Shelf] = {}
        self._taken: dict[str, FileLock] = {}

    @classmethod
    def open(
        cls,
        directory: str | os.PathLike[str],
        table: Table,
        *,
        detail: bool = False,
        identity: Mapping[str, Any] | None = None,
        disk: Disk | None = None,
    ) -> Store:
        """Open a directory to sync a table into it, and finish what a crash left unfinished there.

        Args:
            directory: It is made if it is not there.
            table: What it holds, or will.
            detail: Its rows have the columns of the detail calls.
            identity: What must be the same in every sync besides, such as the seller and the time
                that is gone by; in words that an error can name.
            disk: The file operations.

        Raises:
            InputError: the directory holds something else, is damaged, or is of another version.
            SyncError: another sync has it open, or it cannot be written.
        """
        where, disk = Path(directory).expanduser().absolute(), disk or Disk()
        _load_contents(where)  # before anything is touched
        with _told(where):
            disk.make(where)
            lock = _locked(where)
        try:
            with _told(where):
                # again, now that nobody else can change it
                contents = _grown(where, table, {"detail": detail, **(identity or {})}, disk, detail=detail)
                store = cls(where, _layout(contents, table), lock, disk)
                store._settle()
                return store
        except BaseException:
            lock.release()
            raise

    @classmethod
    def join(
        cls, directory: str | os.PathLike[str], table: Table, *, identity: Mapping[str, Any] | None = None
    ) -> Store:
        """Open a directory that this sync has open elsewhere, to bring single shops of it up to date.

        Args:
            directory: Where whoever handed out the shops has it.
            table: What it holds.
            identity: As in `open`: a worker may find another login than the one that was meant.

        Raises:
            InputError: nobody has opened it, or it holds something else.
            SyncError: it cannot be read.
        """
        where = Path(directory).expanduser().absolute()
        contents = _load_contents(where)
        if contents is None:
            raise InputError(
                f"This worker finds no synced directory at {where}.",
                next_step="Give the workers the same file system as the notebook.",
            )
        manifest.grown(contents, manifest.contents_of(table, table.columns, identity or {}, __version__), where)
        return cls(where, _layout(contents, table), None, Disk(), patience=_DEAD_WITHIN)

    def close(self) -> None:
        """Let others open the directory."""
        for name in list(self._taken):
            self._taken.pop(name).release()
        if self._lock is not None:
            self._lock.release()

    def _settle(self) -> None:
        """Finish what a crash left half moved, in every shop, also in those that are not synced today."""
        for found in sorted(self.directory.glob(f"shop=*/{manifest.NAME}")):
            try:
                self._take(found.parent.name)
            except SyncError:  # of a worker that outlived its sync, which settles it; whoever asks for it is told
                continue
            try:
                Shelf(found.parent, None, self._layout, self._disk)
            finally:
                self._taken.pop(found.parent.name).release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def schema(self) -> pa.Schema:
        """The columns of the rows that can be staged."""
        return self._layout.schema

    def state(self, shop_id: str | None) -> Standing:
        """Return what the next run of a shop must know."""
        with _told(self.directory):
            return self._shelf(shop_id).standing()

    def begin(self, shop_id: str | None, *, since: int | None, until: int, kind: RunKind = "changes") -> None:
        """Start a run of a shop with bounds that do not move; one that has not ended is given up.

        Args:
            shop_id: The shop, None for what belongs to the seller as a whole.
            since: The first second that is read, None for no bound.
            until: The second after the last.
            kind: What the run replaces: earlier versions of its rows ("changes", or "older" where they lie
                before all that is there, or "first" where only some of the tables of a sync have been
                read before), or all of the shop ("all").
        """
        with _told(self.directory):
            self._shelf(shop_id).begin(since, until, kind)

    def leave(self, shop_id: str | None) -> None:
        """Let others go on with a shop; what is known of it is read again before it is used again."""
        name = manifest.shop_directory(shop_id)
        with self._guard:
            self._shelves.pop(name, None)
            lock = self._taken.pop(name, None)
        if lock is not None:
            lock.release()

    def stage(
        self, shop_id: str | None, table: pa.Table, proven: Sequence[Interval], gone: pa.Table | None = None
    ) -> None:
        """Keep rows over a crash, and the intervals of the run that are complete with them.

        The rows of one record come in one call. They are not part of the data before `commit`.
        `gone` names records that came without any row: those they had are not part of the data then.

        Raises:
            SyncError: they could not be written; what was staged before is kept.
        """
        with _told(self.directory):
            self._shelf(shop_id).stage(table, proven, gone)

    def commit(self, shop_id: str | None, *, watermark: int | None) -> None:
        """End a run: what was staged becomes part of the data, each row once, and the watermark is set.

        A run of older rows leaves the watermark as it was, and so does a first one where there is one.
        Of a record that came more than once the newest version stays, by its time of change where it
        has one; of equal ones the one that came last.

        Raises:
            FlowMisuse: the staged intervals leave a gap in the run's period.
            SyncError: files could not be read or written; the run can be ended once they can.
        """
        with _told(self.directory):
            shelf = self._shelf(shop_id)
            shelf.commit(watermark)
        with _told(self.directory, _IN):
            shelf.move()
        self.leave(shop_id)

    def _shelf(self, shop_id: str | None) -> Shelf:
        name = manifest.shop_directory(shop_id)
        with self._guard:
            self._take(name)
            if name not in self._shelves:
                self._shelves[name] = Shelf(self.directory / name, shop_id, self._layout, self._disk)
            return self._shelves[name]

    def _take(self, name: str) -> None:
        """Own a shop's part, also against a worker of a sync that was killed and that does not know it yet."""
        if name not in self._taken:
            self._disk.make(self.directory / name)
            self._taken[name] = _locked(self.directory / name, self._patience, holder=_HOLDER)


def _layout(contents: Contents, table: Table) -> Layout:
    record, whole = record_columns(table)
    return Layout(schema_of(contents), record, whole, version_column([*contents.columns]), contents.month_of)


def schema_of(contents: Contents) -> pa.Schema:
    """Return the types of a directory's columns."""
    import pyarrow as pa

    return pa.schema([(name, arrow_type(kind)) for name, kind in contents.columns.items()])  # type: ignore[arg-type]


def _grown(where: Path, table: Table, identity: Mapping[str, Any], disk: Disk, *, detail: bool) -> Contents:
    wanted = manifest.contents_of(table, table.chosen(detail=detail), identity, __version__)
    found = _load_contents(where)
    contents = manifest.grown(found, wanted, where) if found else wanted
    disk.remove(where / (manifest.NAME + UNFINISHED))
    if contents != found:
        content = manifest.dump(contents)
        disk.write(where / manifest.NAME, lambda file: file.write(content))
    return contents


def _load_contents(where: Path) -> Contents | None:
    """Read a directory's manifest, None if it can become ours.

    Raises:
        InputError: it cannot.
    """
    try:
        return manifest.parse_contents((where / manifest.NAME).read_bytes(), where / manifest.NAME)
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        raise InputError(f"{where} is not a directory.") from None
    except OSError as failure:
        raise SyncError(f"{where} cannot be read ({failure.strerror}).", next_step="") from None
    # what a system or an editor hides there is in nobody's way
    strangers = [path.name for path in where.glob("*") if not path.name.startswith((".", "_tts_notebook"))]
    if strangers:
        raise InputError(
            f"{where} is not empty and was not made by a sync: it has {sorted(strangers)[0]}. Nothing was changed.",
            next_step="Choose an empty directory, or one that is not there yet.",
        )
    return None


def _locked(where: Path, seconds: float = 0, *, holder: str = "Another sync") -> FileLock:
    # of the process, not of the thread: whoever ends the sync may be another one
    lock = FileLock(where / manifest.LOCK, timeout=seconds, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise SyncError(
            f"{holder} is writing into {where}.",
            next_step="Wait until it ends, or choose another directory.",
        ) from None
    except NotImplementedError:
        raise SyncError(
            f"The file system of {where} has no locks, so two syncs could write into it at once.",
            next_step="Choose a directory on a local disk.",
        ) from None
    return lock


@contextmanager
def _told(where: Path, kept: str = _KEPT) -> Iterator[None]:
    """Turn what a disk refuses into a sentence."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as failure:
        raise SyncError(
            f"A file of {where} is missing: {failure.filename or failure}. {kept}",
            next_step=RESTORE,
        ) from None
    except OSError as failure:
        if failure.errno in _FULL:
            raise SyncError(f"There is no room left for {where}. {kept}", next_step=_AGAIN) from None
        raise SyncError(f"{where} could not be read or written ({failure.strerror or failure}). {kept}") from None
    except pa.ArrowInvalid as failure:
        raise SyncError(
            f"A file of {where} is damaged ({failure}). {kept}",
            next_step=RESTORE,
        ) from None
