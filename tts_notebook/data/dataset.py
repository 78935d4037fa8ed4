"""A synced directory as one table, for everything that reads Arrow datasets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tts_notebook.data import manifest
from tts_notebook.data.disk import choose_directory
from tts_notebook.data.shelf import load_state
from tts_notebook.data.store import RESTORE, schema_of
from tts_notebook.errors import InputError, SyncError

if TYPE_CHECKING:
    import os

    import pyarrow.dataset

_ATTEMPTS = 5  # a sync that ends meanwhile moves its files once


def open_dataset(directory: str | os.PathLike[str]) -> pyarrow.dataset.Dataset:
    """Open what tts.sync made, each row once, also while a sync is under way or after a crash.

    Nothing is read yet and nothing is written. The dataset shows what the last finished sync
    left; open it again after the next one.

    DuckDB reads it by its name (`ds = open_dataset(DIR)`, then `duckdb.sql("select … from ds")`),
    polars with `polars.scan_pyarrow_dataset(ds)`, pandas with `ds.to_table().to_pandas()`.

    Args:
        directory: The `into=` of the sync.

    Returns:
        All shops and months; the columns are those of the table. Columns that came with a newer
        version are null in rows that an older one wrote.

    Raises:
        InputError: no sync made that directory, or it is damaged or of another version.
        SyncError: one of its files is missing, or cannot be read.
    """
    where = choose_directory("directory", directory)
    for _ in range(_ATTEMPTS):
        try:
            return _opened(where)
        except FileNotFoundError as failure:
            missing = failure
        except OSError as failure:
            raise SyncError(f"{where} cannot be read ({failure.strerror or failure}).", next_step="") from None
    raise SyncError(f"A file of {where} is missing: {missing}.", next_step=RESTORE)


def _opened(where: Path) -> pyarrow.dataset.Dataset:
    import pyarrow.dataset as ds

    text = _manifest_text(where)
    schema = schema_of(manifest.parse_contents(text, where / manifest.NAME))
    paths = [str(path) for home in sorted(where.glob("shop=*")) for path in _live(home)]
    if not paths:
        return ds.dataset(schema.empty_table())
    return ds.dataset(paths, schema=schema, format="parquet")


def _manifest_text(where: Path) -> bytes:
    try:
        return (where / manifest.NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        inside = [path.parent.name for path in where.glob(f"*/{manifest.NAME}")]
        several = sorted(name for name in inside if not name.startswith("shop="))
        if several:
            raise InputError(
                f"{where} has a directory for each table: {', '.join(several)}.", next_step="Open one of them."
            ) from None
        raise InputError(
            f"{where} was not made by a sync.", next_step="Sync into it first: tts.sync(TABLE, into=DIR)"
        ) from None


def _live(home: Path) -> Iterator[Path]:
    state = load_state(home)
    for file in state.files if state else ():
        staged, place = home / file.staged, home / file.path
        # a number is in one place or the other; staging is looked at first, because that is left last
        path = staged if file.number in state.moving and staged.exists() else place  # type: ignore[union-attr]
        if not path.exists():
            raise FileNotFoundError(path)
        yield path
