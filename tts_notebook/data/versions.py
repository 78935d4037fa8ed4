"""Which rows of a table stay when records come more than once: those of the last version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tts_notebook.data.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

Numbers: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).min


def numbered(texts: Sequence[pa.Array]) -> Numbers:
    """Return a number for each of all these texts, equal where they are and only there."""
    import pyarrow as pa

    # TikTok Shop's ids are whole numbers, and a table of all texts takes ten times the memory
    numbers = [_numbers(each) for each in texts]
    if not any(each is None for each in numbers):
        return np.concatenate([np.zeros(0, np.int64), *numbers])
    whole = pa.chunked_array([*texts], pa.string()).combine_chunks()
    return np.asarray(whole.dictionary_encode().indices, np.int64)


def _numbers(texts: pa.Array) -> Numbers | None:
    """Return texts as the numbers that they are; None unless each is written as its number would be."""
    import pyarrow as pa

    try:
        numbers = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    return np.asarray(numbers) if numbers.cast(pa.string()).equals(texts) else None


def keys(rows: pa.RecordBatch | pa.Table, names: Sequence[str]) -> Any:
    """Return a text for each row, equal where the columns are and only there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = [rows.column(name).cast(pa.string()) for name in names]
    if len(texts) == 1:
        return pc.fill_null(texts[0], "\x00")
    return pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")


def moments(column: pa.Array) -> Numbers:
    """Return a column of times as microseconds; earlier than any where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(column.cast(pa.int64()), _NEVER))


def survivors(records: Numbers, versions: Numbers, arrivals: Numbers, *, whole: bool) -> Mask:
    """Tell which rows are the last version of their record.

    Args:
        records: A number for the record of each row.
        versions: When the record was changed; the newest wins.
        arrivals: When the row came; of one version the later one wins. Never falling.
        whole: A record has several rows, which come together: all that came with the last one
            stay. Else one row stays.
    """
    keep = np.zeros(len(records), dtype=np.bool_)
    if not len(records):
        return keep
    order = np.lexsort((versions, records))  # stable: what came later stays behind
    ordered = records[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    if not whole:
        keep[order[last]] = True
        return keep
    rows = np.diff(last, prepend=-1)
    stays = np.ones(len(records), dtype=np.bool_)
    for fact in (versions, arrivals):
        mine = fact[order]
        stays &= mine == np.repeat(mine[last], rows)
    keep[order] = stays
    return keep


def latest(told: pa.Table, record: Sequence[str]) -> Mask:
    """Tell which records are the last version; of equally new ones the later is.

    Args:
        told: What came, in that order: `updated`, and what tells records apart.
        record: The columns that do.
    """
    records = numbered(keys(told, record).chunks)
    return survivors(records, np.asarray(told["updated"]), np.arange(len(records)), whole=False)


def version_column(names: Sequence[str]) -> str:
    """Name the column that tells when a record was changed; empty if nothing does."""
    return next((name for name in names if name == "updated_at" or name.endswith("_updated_at")), "")


def record_columns(table: Table) -> tuple[tuple[str, ...], bool]:
    """Name the columns that tell a table's records apart, and whether one of them can have several rows.

    Rows that are parts of a record come with it: what the newest version of an order does not
    list any more must not stay beside what it lists.
    """
    if table.key and not table.each and table.listing.parent is None:
        return table.key, False
    parent = table.listing.parent
    ids = {"record": table.listing.key, "parent": parent.listing.key if parent else ""}
    named = [column.name for column in table.columns if column.path and column.path == ids.get(column.of)]
    # of the others, each belongs to something that has an id, and tables are sorted by it last
    owner = named[:1] or table.order[-1:]
    days = [column.name for column in table.columns if column.of == "window" and column.name in table.key]
    return (*owner, *days), True


def rowless(table: Table, told: pa.Table, rows: pa.Table) -> pa.Table | None:
    """Return the records that came and have no row in a table, as far as it tells records apart.

    Args:
        table: The table.
        told: What came: `name` and, where it is one only within days, `scope`; and `updated` in seconds.
        rows: The table's rows of them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names, whole = record_columns(table)
    if not (whole and names):
        return None
    came = told.filter(pc.is_valid(told["name"]))
    records = pa.table([came["name"], came["scope"]][: len(names)], names)
    # 0 says that the time is not known
    times = pc.multiply(pc.if_else(pc.equal(came["updated"], 0), None, came["updated"]), 1_000_000)
    version = version_column(rows.column_names)
    if version:
        records = records.append_column(version, times.cast(rows.schema.field(version).type))
    return records.filter(pc.invert(pc.is_in(keys(records, names), keys(rows, names).combine_chunks())))


def months(column: Any) -> pa.Array:
    """Return the month of each time in UTC, as 2026-11; null where there is none."""
    import pyarrow as pa

    # without its zone, a time is UTC and needs no table of zones
    times = np.asarray(column.cast(pa.timestamp("us")))
    # few are told apart before they are written
    found, places = np.unique(times.astype("datetime64[M]"), return_inverse=True)
    texts = [None if np.isnat(month) else str(month) for month in found]
    return pa.array(texts, pa.string()).take(pa.array(places.reshape(-1)))
