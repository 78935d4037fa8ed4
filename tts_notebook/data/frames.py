"""Records and a column table -> an Arrow table that always has the same types.

Nothing is dropped. A field that no column knows, and a value that does not fit its
column, are kept together in the text column `extra` as one JSON object from path to
value; `extra` is null where there is nothing to keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tts_notebook.data.tables import Branch, Column, branches
from tts_notebook.data.values import arrow_type, convert, json_text

if TYPE_CHECKING:
    import pyarrow as pa

EXTRA = Column("extra", "string", "", "fields that are not known yet, as one JSON object; null if none")
_NOTHING: dict[str, Any] = {}


def schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the types of a table with these columns."""
    import pyarrow as pa

    return pa.schema([(column.name, arrow_type(column.kind)) for column in (*columns, EXTRA)])


def tabulate(
    columns: Sequence[Column],
    records: Sequence[Mapping[str, Any]],
    **beside: Sequence[Mapping[str, Any]],
) -> tuple[pa.Table, Counter[str]]:
    """Turn records into a table.

    Args:
        columns: The columns; the table gets `extra` besides.
        records: One JSON object for each row.
        beside: Further objects for each row, under the name that columns give as `of`.
            Their unknown fields are not this table's business.

    Returns:
        The table, and for each field how many of its values did not fit.
    """
    import pyarrow as pa

    reading = _Reading(len(records))
    for name, sources in {"": records, **beside}.items():
        known = branches(column for column in columns if column.of == name)
        reading.read_objects(list(sources), known, f"{name}." if name else "", strict=not name)
    extra = [json_text(rest) if rest else None for rest in reading.rests]
    reading.arrays[EXTRA.name] = pa.array(extra, pa.string())
    order = schema(columns)
    return pa.table([reading.arrays[name] for name in order.names], schema=order), reading.misfits


@dataclass(slots=True)
class _Reading:
    rows: int
    arrays: dict[str, pa.Array] = field(default_factory=dict)
    rests: list[dict[str, Any]] = field(default_factory=list)
    misfits: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rests = [{} for _ in range(self.rows)]

    def read_objects(self, objects: list[Any], known: Branch, path: str, *, strict: bool = True) -> None:
        for name, branch in known.fields.items():
            self._read([found.get(name) for found in objects], branch, path + name)
        names = known.fields.keys()
        for row, found in enumerate(objects if strict else ()):
            if not found.keys() <= names:
                self.rests[row].update((path + name, found[name]) for name in found if name not in names)

    def _read(self, values: list[Any], branch: Branch, path: str) -> None:
        if branch.joined is not None:
            self._join(values, branch, path)
        elif branch.picks:
            self._pick(values, branch, path)
        elif branch.fields:
            self._enter(values, branch, path)
        elif branch.column:
            self._put(values, branch, path)

    def _put(self, values: list[Any], branch: Branch, path: str) -> None:
        assert branch.column
        array, odd = convert(values, branch.column.kind)
        self.arrays[branch.column.name] = array
        for row, value in odd.items():
            self._misfit(row, path, value)

    def _join(self, values: list[Any], branch: Branch, path: str) -> None:
        texts = [_joined(value, branch.joined or "") for value in values]
        for row, (value, text) in enumerate(zip(values, texts, strict=True)):
            if text is None and value not in (None, []):
                self._misfit(row, path, value)
            elif value and branch.joined and any(len(element) > 1 for element in value):
                self.rests[row][path] = value
        self._put(texts, branch, path)

    def _enter(self, values: list[Any], branch: Branch, path: str) -> None:
        for row, value in enumerate(values):
            if not isinstance(value, dict) and value is not None:
                self._misfit(row, path, value)
        self.read_objects([value if isinstance(value, dict) else _NOTHING for value in values], branch, path + ".")

    def _pick(self, values: list[Any], branch: Branch, path: str) -> None:
        found = {label: [_NOTHING] * self.rows for label in branch.picks}
        for row, value in enumerate(values):
            if not isinstance(value, list):
                if value is not None:
                    self._misfit(row, path, value)
                continue
            rest = []
            for element in value:
                label = element.get(branch.key) if isinstance(element, dict) else None
                if isinstance(label, str) and label in found and found[label][row] is _NOTHING:
                    found[label][row] = element
                else:
                    rest.append(element)
                    # a second one of its kind: whoever adds the column up would miss it
                    self.misfits[path] += label in branch.picks if isinstance(label, str) else 1
            if rest:
                self.rests[row][path] = rest
        for label, known in branch.picks.items():
            self.read_objects(found[label], known, f"{path}[{branch.key}={label}].")

    def _misfit(self, row: int, path: str, value: Any) -> None:
        self.rests[row][path] = value
        self.misfits[path] += 1


def _joined(value: Any, field: str) -> str | None:
    """Join a list with commas, if its elements can be told apart again."""
    if not value or not isinstance(value, list):
        return None
    parts = [part.get(field) if isinstance(part, dict) else None for part in value] if field else value
    return ",".join(map(str, parts)) if all(map(_joinable, parts)) else None


def _joinable(part: Any) -> bool:
    if isinstance(part, str):
        return part != "" and "," not in part
    return isinstance(part, int) and not isinstance(part, bool)
