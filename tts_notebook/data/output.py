"""An Arrow table in the form that was asked for: pandas, polars or Arrow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tts_notebook.data.choice import one_of
from tts_notebook.data.frames import RAW
from tts_notebook.data.memory import give_back
from tts_notebook.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMS = ("pandas", "polars", "arrow")
MONEY = ("float", "decimal")
# up to here every whole number is a float
_WHOLE = 2**53


def check_output(to: str, money: str | None) -> tuple[str, str]:
    """Return the form and how it holds money, before anything is asked for.

    Raises:
        InputError: there is no such form.
        ConfigError: polars is asked for and not installed.
    """
    form = one_of("to", to, FORMS)
    if form == "polars":
        _polars()
    # float keeps describe(), plots and arithmetic simple where people look at numbers;
    # elsewhere tables are passed on, and a later reader cannot undo rounding
    return form, one_of("money", money or ("float" if form == "pandas" else "decimal"), MONEY)


def to_output(table: pa.Table, *, form: str, money: str, tz: str, attrs: Mapping[str, Any]) -> Any:
    """Return the table as a pandas or polars DataFrame or as an Arrow table.

    Args:
        table: What `tabulate` made.
        form: "pandas", "polars" or "arrow".
        money: "float" or "decimal".
        tz: The time zone in which times are shown.
        attrs: What is kept with the table: `DataFrame.attrs` in pandas, the key
            "tts_notebook" of the schema's metadata in Arrow. polars has no such place.
    """
    if form == "pandas":
        columns = dict(zip(table.column_names, table.columns, strict=True))
        del table  # unless the caller keeps it, each column goes as soon as pandas has it
        frame = _to_pandas(columns, money=money, tz=tz)
        frame.attrs.update(attrs)
        return frame
    shown = _in_zone(_as_floats(table) if money == "float" else table, tz)
    if form == "polars":
        return _polars().from_arrow(shown)
    return shown.replace_schema_metadata({"tts_notebook": json.dumps(attrs)})


def _as_floats(table: pa.Table) -> pa.Table:
    columns = dict(zip(table.column_names, table.columns, strict=True))
    _make_floats(columns)
    return _table(columns)


def _table(columns: Mapping[str, pa.ChunkedArray]) -> pa.Table:
    import pyarrow as pa

    return pa.table(list(columns.values()), names=list(columns))


def _make_floats(columns: dict[str, pa.ChunkedArray]) -> None:
    import pyarrow as pa

    for name, column in columns.items():
        if pa.types.is_decimal(column.type):
            columns[name] = pa.chunked_array([to_floats(chunk) for chunk in column.chunks], pa.float64())


def to_floats(decimals: pa.Decimal128Array) -> pa.DoubleArray:
    """Return for each decimal the float that is nearest to it, as float(str(decimal)) is."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if decimals.null_count == len(decimals):
        return pa.nulls(len(decimals), pa.float64())
    known = decimals.is_valid()
    if decimals.null_count:
        decimals = pc.fill_null(decimals, pa.scalar(0, decimals.type))
    # 128 bits each, the lower half first
    halves = np.frombuffer(decimals.buffers()[1], "<i8").reshape(-1, 2)[decimals.offset :][: len(decimals)]
    lower, upper = halves[:, 0], halves[:, 1]
    if (upper == lower >> 63).all() and lower.min() >= -_WHOLE and lower.max() <= _WHOLE:
        # both are floats without loss, and a division rounds once
        floats = pa.array(lower / 10.0**decimals.type.scale)
    else:
        # by way of text: Arrow's own cast misses the nearest float one time in five
        floats = decimals.cast(pa.string()).cast(pa.float64())
    return floats if known.true_count == len(known) else pc.if_else(known, floats, None)


def _in_zone(table: pa.Table, tz: str) -> pa.Table:
    import pyarrow as pa

    zone = pa.timestamp("us", tz=tz)
    return table.cast(
        pa.schema([pa.field(c.name, zone if pa.types.is_timestamp(c.type) else c.type) for c in table.schema])
    )


def _to_pandas(columns: dict[str, pa.ChunkedArray], *, money: str, tz: str) -> pd.DataFrame:
    """Make a frame of columns, which are taken out one by one: no more than one text is there twice."""
    import pandas as pd
    import pyarrow as pa

    names, empty = list(columns), None
    parts: list[pd.Series[Any] | pd.DataFrame] = []
    for name in [name for name, column in columns.items() if pa.types.is_string(column.type)]:
        column = columns.pop(name)
        if column.null_count == len(column):
            empty = column.to_pandas().array if empty is None else empty
            # in memory that cannot be written to: half of all columns may be empty
            parts.append(pd.Series(empty[:], name=name, copy=False))
        else:
            parts.append(column.to_pandas().rename(name))
    if money == "float":
        _make_floats(columns)
    give_back(at_once=True)
    if columns:
        parts.append(_numbers_to_pandas(columns, tz))
    frame = pd.concat(parts, axis="columns")[names]
    if RAW.name in names:
        frame[RAW.name] = pd.Series([json.loads(text) for text in frame[RAW.name]], index=frame.index, dtype=object)
    return frame


def _numbers_to_pandas(columns: dict[str, pa.ChunkedArray], tz: str) -> pd.DataFrame:
    """Make a frame of what is no text, in few blocks of memory: of many, pandas says that it gets slow."""
    import pandas as pd
    import pyarrow as pa

    dtypes = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    table = _in_zone(_table(columns), tz)
    columns.clear()
    frame: pd.DataFrame = table.to_pandas(types_mapper=dtypes.get, use_threads=False)
    for column in table.schema:
        if pa.types.is_decimal(column.type):
            # Decimal objects, with NaN for what is missing: on Arrow's 38 digits pandas
            # cannot even subtract ("precision out of range"), and None stops arithmetic
            missing = frame[column.name].isna()
            frame[column.name] = frame[column.name].astype(object).mask(missing, Decimal("NaN"))
    return frame


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise ConfigError(
            "This form of table needs polars, which is not installed.",
            next_step="Install it with: pip install 'tts-notebook[polars]'",
        ) from None
    return polars
