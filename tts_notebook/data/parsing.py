"""Many answers of a list -> their records as Arrow sees them, read in one go by the types declared.

What was declared is what costs: a field that no page has had is left out until one has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tts_notebook.data.columnar import Sheet
from tts_notebook.data.excerpts import Refused, Steps
from tts_notebook.data.shapes import Place

if TYPE_CHECKING:
    import pyarrow as pa

_CHANGED = re.compile(r"Column\(/data/(?P<pointer>[^)]*)\) changed from (string|number|boolean) to")
_BLANKS = bytes.maketrans(b"\n\r", b"  ")


class Parser:
    """Reads answers together, and learns from each how the next are best read.

    Args:
        shape: What a record looks like.
        steps: Where an answer keeps its records.
    """

    def __init__(self, shape: Place, steps: Steps) -> None:
        self._shape, self._steps = shape, steps
        self._start = f"{'/'.join(steps)}/[]"
        self._values = frozenset(shape.values(self._start))
        # values that turned out to be written in another way, such as whole numbers as text
        self._loose: frozenset[str] = frozenset()
        # what no page has had so far: None before the first one
        self._absent: frozenset[str] | None = None
        self._schema = self._declared()
        self._usual: pa.DataType | None = None  # what came last, which had nothing of what is absent

    def lists(self, bodies: Sequence[bytes]) -> pa.ListArray:
        """Return the list of records of each answer.

        Raises:
            Refused: they cannot be read together.
        """
        import pyarrow as pa

        # one line for each: JSON has line breaks between values only
        text = b"\n".join(_in_a_line(body) for body in bodies)
        table = self._table(text)
        if table.num_rows != len(bodies) or table["data"].num_chunks != 1:
            raise Refused
        found = Sheet(table["data"].chunk(0)).at(self._steps)
        if found is None:
            return pa.nulls(len(bodies), pa.list_(pa.struct([])))
        if not pa.types.is_list(found.type) or not pa.types.is_struct(found.type.value_type):
            raise Refused
        if self._absent is None and len(records := found.flatten()):
            self._learn(absent=self._shape.pointers(self._start) - set(_filled(records, self._start)))
        return found

    def _table(self, text: bytes) -> pa.Table:
        import pyarrow as pa
        from pyarrow import json as arrow_json

        reading = arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1)
        # ends: each time a value more is loose, or a place less absent
        for _ in range(len(self._values) + len(self._absent or ()) + 1):
            parsing = arrow_json.ParseOptions(explicit_schema=self._schema, unexpected_field_behavior="infer")
            try:
                # not Arrow's allocator: it keeps much of what a parser gives back
                pool = pa.system_memory_pool()
                table = arrow_json.read_json(pa.BufferReader(text), reading, parsing, memory_pool=pool)
                table.validate(full=True)  # pyarrow takes bytes that are no text
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
                if not self._understands(str(error)):
                    raise Refused from None
            else:
                come = self._come(table.schema.field("data").type)
                if not come:
                    return table
                # pyarrow found out by itself what they are, and takes a text for a date if it looks so
                self._learn(absent=(self._absent or frozenset()) - come)
        raise Refused

    def _come(self, found: pa.DataType) -> frozenset[str]:
        """Return the declared places that were left out as absent, and that came."""
        if not self._absent or found == self._usual:
            return frozenset()
        self._usual = found
        return self._absent.intersection(_places(found, ""))

    def _understands(self, error: str) -> bool:
        """Whether the error names a value that is written in another way than declared, or than the one before."""
        changed = _CHANGED.search(error)
        pointer = changed["pointer"] if changed else ""
        if self._absent and pointer in self._absent:
            self._learn(absent=self._absent - {pointer})
            return True
        if pointer not in self._values - self._loose:
            return False
        self._learn(loose=self._loose | {pointer})
        return True

    def _learn(self, *, loose: frozenset[str] | None = None, absent: frozenset[str] | None = None) -> None:
        self._loose = self._loose if loose is None else loose
        self._absent = self._absent if absent is None else absent
        self._usual = None
        self._schema = self._declared()

    def _declared(self) -> pa.Schema:
        import pyarrow as pa

        record = self._shape.type(self._loose, self._absent or frozenset(), self._start)
        inner: Any = pa.list_(record or pa.struct([]))
        for name in reversed(self._steps):
            inner = pa.struct([(name, inner)])
        return pa.schema([("data", inner)])


def _filled(found: pa.Array, pointer: str) -> Iterator[str]:
    """Yield the pointer of every place that has something."""
    import pyarrow as pa

    if pa.types.is_null(found.type) or found.null_count == len(found):
        return
    yield pointer
    if pa.types.is_struct(found.type):
        for field, inner in zip(found.type, found.flatten(), strict=True):
            yield from _filled(inner, f"{pointer}/{field.name}")
    elif pa.types.is_list(found.type):
        yield from _filled(found.flatten(), f"{pointer}/[]")


def _places(found: pa.DataType, pointer: str) -> Iterator[str]:
    """Yield the pointer of every place that may have something."""
    import pyarrow as pa

    if pa.types.is_null(found):
        return
    yield pointer
    if pa.types.is_struct(found):
        for field in found:
            yield from _places(field.type, f"{pointer}/{field.name}" if pointer else field.name)
    elif pa.types.is_list(found):
        yield from _places(found.value_type, f"{pointer}/[]")


def _in_a_line(body: bytes) -> bytes:
    # between the values of valid JSON only; within them they are escaped
    return body.translate(_BLANKS) if b"\n" in body or b"\r" in body else body
