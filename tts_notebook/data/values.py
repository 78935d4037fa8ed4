"""JSON values of one column -> an Arrow array, and the values that do not fit it.

TikTok Shop's types are not its word of honour: ids come as numbers, times as text,
amounts as "". A column is first read as declared, at Arrow's speed; if one value is
otherwise, the column is read again value by value. A value that cannot be understood
is given back to the caller and never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pyarrow as pa

    from tts_notebook.data.tables import Kind

# digits after the point: amounts have two or three, rates of exchange many
_SCALES = {"money": 6, "rate": 18}
_PRECISION = 38
# no Decimal here may be rounded: the default context would cut at 28 digits
_EXACT = Context(prec=2 * _PRECISION)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,19}\s*", re.ASCII)
# the last second of the year 9999: later times are milliseconds by mistake
LAST_SECOND = 253_402_300_799
# made once: json.dumps makes one for every call that asks for anything but ASCII
_JSON = json.JSONEncoder(ensure_ascii=False)
# in what a kind of time is counted
TICKS: dict[str, str] = {"time": "s", "millis": "ms", "local": "s"}


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type of a column of this kind; it never depends on the rows."""
    return _types()[kind if kind in _types() else "string"]


@lru_cache(maxsize=1)
def _types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "string": pa.string(),
        "integer": pa.int64(),
        "count": pa.int64(),
        "sum": pa.int64(),
        "boolean": pa.bool_(),
        "money": pa.decimal128(_PRECISION, _SCALES["money"]),
        "rate": pa.decimal128(_PRECISION, _SCALES["rate"]),
        # microseconds: what pandas 3 itself uses for times read from text
        **dict.fromkeys(TICKS, pa.timestamp("us", tz="UTC")),
    }


def nothing(rows: int, kind: pa.DataType) -> pa.Array:
    """Return an array without a value. All of them share their memory: half of all columns may be empty."""
    import pyarrow as pa

    zeros = _zeros((max(rows, 1) - 1).bit_length())
    return pa.Array.from_buffers(kind, rows, [zeros] * kind.num_buffers, null_count=rows)


def filled(table: pa.Table) -> list[str]:
    """Name the columns that hold anything: half of an order's may be empty."""
    columns = zip(table.column_names, table.columns, strict=True)
    return [name for name, column in columns if column.null_count < len(column)]


def widened(rows: pa.RecordBatch | pa.Table, schema: pa.Schema) -> pa.RecordBatch | pa.Table:
    """Give rows the columns of a schema; those that they do not have are null."""
    if rows.schema.equals(schema):
        return rows
    there = dict(zip(rows.schema.names, rows.columns, strict=True))
    columns = [there[each.name] if each.name in there else nothing(rows.num_rows, each.type) for each in schema]
    for place, each in enumerate(schema):
        if columns[place].type != each.type:  # a cast that changes nothing costs more than all the rest
            columns[place] = columns[place].cast(each.type)
    return type(rows).from_arrays(columns, schema=schema)


@lru_cache(maxsize=2)  # of a page and of a table
def _zeros(bits: int) -> pa.Buffer:
    import pyarrow as pa

    # of any type: no value is longer, and there is an offset more than there are texts
    return pa.py_buffer(bytes((16 << bits) + 16))


def convert(values: list[Any], kind: Kind, zone: str = "UTC") -> tuple[pa.Array, dict[int, Any]]:
    """Turn one column's values into an array.

    Args:
        values: As they were sent; None where there is none.
        kind: The kind of the column.
        zone: The time zone of dates and times that name none.

    Returns:
        The array, null where a value is missing or does not fit, and the values that
        do not fit by their position.
    """
    fast = _FAST.get(kind)
    if fast:
        try:
            return fast(values), {}
        # pyarrow's own errors derive from these
        except (ValueError, TypeError, OverflowError):
            pass
    return _one_by_one(values, kind, zone)


def _one_by_one(values: list[Any], kind: Kind, zone: str = "UTC") -> tuple[pa.Array, dict[int, Any]]:
    import pyarrow as pa

    local = ZoneInfo(zone)
    read = (lambda value: read_local(value, local)) if kind == "local" else _READERS[kind]
    odd: dict[int, Any] = {}
    clean: list[Any] = []
    for position, value in enumerate(values):
        try:
            clean.append(None if value is None else read(value))
        except (ValueError, OverflowError, InvalidOperation):
            odd[position] = value
            clean.append(None)
    if kind in TICKS:
        return pa.array(clean, pa.timestamp(TICKS[kind], tz="UTC")).cast(arrow_type(kind)), odd
    return pa.array(clean, arrow_type(kind)), odd


def _texts(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.string())


def _ids(values: list[Any]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = _texts(values)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _amounts(values: list[Any]) -> pa.Array:
    return _texts(values).cast(arrow_type("money"))


def _rates(values: list[Any]) -> pa.Array:
    return _texts(values).cast(arrow_type("rate"))


def _flags(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.bool_())


def _times(values: list[Any]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    seconds = pa.array(values)
    if seconds.type not in (pa.int64(), pa.null()):  # asked for int64, Arrow would cut 2.5 to 2
        raise ValueError("a time is no whole number")
    seconds = seconds.cast(pa.int64())
    limits = pc.min_max(seconds).as_py()
    if not 0 <= (limits["min"] or 0) <= (limits["max"] or 0) <= LAST_SECOND:
        raise ValueError("a time is out of range")
    # a time that was not reached is missing or 0
    reached = pc.if_else(pc.equal(seconds, 0), pa.scalar(None, pa.int64()), seconds)
    return reached.cast(pa.timestamp("s", tz="UTC")).cast(arrow_type("time"))


def read_text(value: Any) -> str:
    """Read text; a number becomes the text that was sent."""
    if isinstance(value, (dict, list)):
        raise ValueError("not a text")
    text = value if isinstance(value, str) else json.dumps(value)
    text.encode()  # half of a surrogate pair is valid JSON, but no column can hold it
    return text


def read_id(value: Any) -> str | None:
    """Read an identifier: text, or a whole number that JSON has not rounded."""
    if isinstance(value, (bool, float)):
        raise ValueError("not an id")
    return read_text(value) or None


def read_integer(value: Any) -> int | None:
    """Read a whole number of 64 bits, sent as a number or as text."""
    if isinstance(value, str):
        if not value:
            return None
        if not _INTEGER.fullmatch(value):
            raise ValueError("not a whole number")
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise ValueError("not a whole number")
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError("too large")
    return number


def read_time(value: Any) -> int | None:
    """Read seconds since 1970; 0 stands for a time that was not reached."""
    seconds = read_integer(value)
    if seconds is not None and not 0 <= seconds <= LAST_SECOND:
        raise ValueError("not a time in seconds")
    return seconds or None


def read_millis(value: Any) -> int | None:
    """Read milliseconds since 1970; 0 stands for a time that was not reached."""
    number = read_integer(value)
    if number is not None and not 0 <= number <= LAST_SECOND * 1000:
        raise ValueError("not a time in milliseconds")
    return number or None


def read_local(value: Any, zone: ZoneInfo) -> int | None:
    """Read a date or a time as somebody's calendar and clock show it; return seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError("not a date")
    if not value.strip():
        return None
    moment = datetime.fromisoformat(value.strip())
    if moment.microsecond or not 1970 <= moment.year <= 9998:
        raise ValueError("not a time in whole seconds since 1970")
    return read_time(int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()))


def read_boolean(value: Any) -> bool | None:
    """Read a truth value, also one sent as text or as 0 and 1."""
    known = {"true": True, "false": False, "1": True, "0": False, "": None}
    text = read_text(value).lower()
    if text not in known:
        raise ValueError("neither true nor false")
    return known[text]


def read_amount(value: Any) -> Decimal | None:
    """Read an exact amount of money from its text; one that would be rounded is refused."""
    return _read_number(value, _SCALES["money"])


def read_rate(value: Any) -> Decimal | None:
    """Read a ratio: 0.1399, or the same as a percentage, "13.99%"."""
    if isinstance(value, str) and value.rstrip().endswith("%"):
        percent = _read_number(value.rstrip()[:-1], _SCALES["rate"] - 2)
        return None if percent is None else percent.scaleb(-2, _EXACT)
    return _read_number(value, _SCALES["rate"])


def _read_number(value: Any, scale: int) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("not a number")
    text = value if isinstance(value, str) else repr(value)
    if not text.strip():
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    number = Decimal(text.strip())
    exact = number.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if exact != number or exact.adjusted() >= _PRECISION - scale:
        raise ValueError("would be rounded")
    return exact


def read_json(value: Any) -> str | None:
    """Keep a nested value as JSON text; what is empty is missing."""
    return json_text(value) if value not in (None, "", [], {}) else None


def read_count(value: Any) -> int:
    """Count the objects of a list."""
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise ValueError("not a list of objects")
    return len(value)


def reduce_list(value: Any, inner: str, kind: Kind) -> tuple[Any, bool]:
    """Make one value of a list: its elements joined with commas, their sum, or the earliest time.

    Args:
        value: What was found in the list's place.
        inner: The field of the elements that is meant, empty for the elements themselves.
        kind: The kind of the column.

    Returns:
        The value, None if the list cannot be read so, and whether the list can be told from it.
    """
    if not value or not isinstance(value, list):
        return None, value in (None, [])
    parts = [part.get(inner) if isinstance(part, dict) else None for part in value] if inner else value
    try:
        if kind == "sum":
            return sum(read_integer(part) or 0 for part in parts), False
        if kind == "time":
            return min(filter(None, map(read_time, parts)), default=None), len(set(parts)) == 1
    except (ValueError, TypeError, OverflowError):
        return None, False
    return (",".join(map(str, parts)), True) if all(map(_joinable, parts)) else (None, False)


def _joinable(part: Any) -> bool:
    if isinstance(part, str):
        return part != "" and "," not in part
    return isinstance(part, int) and not isinstance(part, bool)


def json_text(value: Any) -> str:
    """Write JSON that stays readable in any script, and always fits a text column."""
    text = _JSON.encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value)
    return text


_READERS: dict[Kind, Callable[[Any], Any]] = {
    "string": read_text,
    "id": read_id,
    "integer": read_integer,
    "boolean": read_boolean,
    "money": read_amount,
    "rate": read_rate,
    "time": read_time,
    "millis": read_millis,
    "json": read_json,
    "count": read_count,
    "sum": read_integer,
}
_FAST: dict[Kind, Callable[[list[Any]], Any]] = {
    "string": _texts,
    "id": _ids,
    "boolean": _flags,
    "money": _amounts,
    "rate": _rates,
    "time": _times,
}
