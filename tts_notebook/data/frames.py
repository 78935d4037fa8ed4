"""Records and a column table -> an Arrow table that always has the same types.

Nothing is dropped. A field that no column knows, and a value that does not fit its
column, are kept together in the text column `extra` as one JSON object from path to
value; `extra` is null where there is nothing to keep.
"""

from __future__ import annotations

import marshal
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tts_notebook.data.paths import Branch, Leaf, branches
from tts_notebook.data.tables import Column
from tts_notebook.data.values import arrow_type, convert, json_text, reduce_list

if TYPE_CHECKING:
    import pyarrow as pa

EXTRA = Column("extra", "string", "", "fields that are not known yet, as one JSON object; null if none")
RAW = Column("raw", "json", "", "the row's JSON object as it came, with raw=True")
_NOTHING: dict[str, Any] = {}


def schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the types of a table with these columns."""
    import pyarrow as pa

    return pa.schema([(column.name, arrow_type(column.kind)) for column in (*columns, EXTRA)])


def tabulate(
    columns: Sequence[Column],
    records: Sequence[Mapping[str, Any]],
    *,
    zone: str = "UTC",
    known: Mapping[str, Sequence[str]] | None = None,
    **beside: Sequence[Mapping[str, Any]],
) -> tuple[pa.Table, Counter[str]]:
    """Turn records into a table.

    Args:
        columns: The columns; the table gets `extra` besides.
        records: One JSON object for each row.
        zone: The time zone of dates and times that name none.
        known: The sources whose unknown fields go to `extra`, with the places that count as
            known there; by default the records alone.
        beside: Further objects for each row, under the name that columns give as `of`.

    Returns:
        The table, and for each field how many of its values did not fit.
    """
    import pyarrow as pa

    reading = _Reading(len(records), zone)
    kept = {"": ()} if known is None else known
    for name, sources in {"": records, **beside}.items():
        places = branches((column for column in columns if column.of == name), kept.get(name, ()))
        reading.read_objects(list(sources), places, f"{name}." if name else "", strict=name in kept)
    reading.compare()
    reading.arrays[EXTRA.name] = pa.array(extra_texts(reading.rests), pa.string())
    order = schema(columns)
    missing = {column.name: column.kind for column in columns if column.name not in reading.arrays}
    reading.arrays.update((name, pa.nulls(len(records), arrow_type(kind))) for name, kind in missing.items())
    return pa.table([reading.arrays[name] for name in order.names], schema=order), reading.misfits


def extra_texts(rests: Iterable[dict[str, Any]]) -> list[str | None]:
    """Return what rows keep, as JSON; None for a row that keeps nothing."""
    written: dict[bytes, str] = {}
    return [_extra_text(rest, written) if rest else None for rest in rests]


def _extra_text(rest: dict[str, Any], written: dict[bytes, str]) -> str:
    # most rows keep the same: flags, and amounts of 0. marshal tells 1 from True and 1.0, in a sixth of the time
    known = marshal.dumps(rest, 2)
    text = written.get(known)
    if text is None:
        # in the order of the paths: so it does not depend on how a record was read
        text = written[known] = json_text(dict(sorted(rest.items())) if len(rest) > 1 else rest)
    return text


@dataclass(slots=True)
class _Reading:
    rows: int
    zone: str
    arrays: dict[str, pa.Array] = field(default_factory=dict)
    rests: list[dict[str, Any]] = field(default_factory=list)
    misfits: Counter[str] = field(default_factory=Counter)
    repeats: list[tuple[Column, str, list[Any]]] = field(default_factory=list)
    lists: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rests = [{} for _ in range(self.rows)]

    def read_objects(self, objects: list[Any], known: Branch, path: str, *, strict: bool = True) -> None:
        for name, branch in known.fields.items():
            self._read([found.get(name) for found in objects], branch, path + name, strict=strict)
        names = known.fields.keys()
        for row, found in enumerate(objects if strict else ()):
            if not found.keys() <= names:
                self.rests[row].update((path + name, found[name]) for name in found if name not in names)

    def compare(self) -> None:
        """Fill columns from the further places that say the same; keep what says otherwise."""
        import pyarrow.compute as pc

        for column, path, values in self.repeats:
            array, odd = convert(values, column.kind, self.zone)
            if column.kind == "count":
                # never filled: it counts the rows of another table, which reads the first place alone
                pairs = zip(self.lists[column.name], values, strict=True)
                differs = [row not in odd and not _repeats(first, again) for row, (first, again) in enumerate(pairs)]
            else:
                read = self.arrays[column.name]
                differs = pc.fill_null(pc.not_equal(read, array), False).to_pylist()
                self.arrays[column.name] = pc.coalesce(read, array)
            for row, other in enumerate(differs):
                if other or row in odd:
                    self._misfit(row, path, values[row])

    def _read(self, values: list[Any], branch: Branch, path: str, *, strict: bool) -> None:
        for leaf in branch.leaves:
            if leaf.again:
                self.repeats.append((leaf.column, path, values))
            elif leaf.inner is None:
                self._put(values, leaf.column, path)
                if leaf.column.kind == "count":
                    self.lists[leaf.column.name] = values
            else:
                self._reduce(values, leaf, path, kept=any(other.keeps_all for other in branch.leaves))
        if strict and not any(leaf.keeps_all for leaf in branch.leaves):
            self._keep_unread(values, {leaf.inner for leaf in branch.leaves if leaf.inner is not None}, path)
        if branch.picks:
            self._pick(values, branch, path, strict=strict)
        elif branch.first:
            self._first(values, branch.first, path, strict=strict)
        elif branch.fields:
            self._enter(values, branch, path, strict=strict)

    def _put(self, values: list[Any], column: Column, path: str) -> None:
        array, odd = convert(values, column.kind, self.zone)
        self.arrays[column.name] = array
        for row, value in odd.items():
            self._misfit(row, path, value)

    def _reduce(self, values: list[Any], leaf: Leaf, path: str, *, kept: bool) -> None:
        reduced = [reduce_list(value, leaf.inner or "", leaf.column.kind) for value in values]
        for row, (value, (made, whole)) in enumerate(zip(values, reduced, strict=True)):
            if made is None and value not in (None, []):
                self._misfit(row, path, value)
            elif not whole and not kept:
                self.rests[row][path] = value
        self._put([made for made, _ in reduced], leaf.column, path)

    def _keep_unread(self, values: list[Any], names: set[str], path: str) -> None:
        for row, value in enumerate(values if names else ()):
            elements = value if isinstance(value, list) else ()
            if any(isinstance(element, dict) and not element.keys() <= names for element in elements):
                self.rests[row][path] = value

    def _enter(self, values: list[Any], branch: Branch, path: str, *, strict: bool) -> None:
        for row, value in enumerate(values):
            if not isinstance(value, dict) and value is not None:
                self._misfit(row, path, value)
        inside = [value if isinstance(value, dict) else _NOTHING for value in values]
        self.read_objects(inside, branch, path + ".", strict=strict)

    def _first(self, values: list[Any], known: Branch, path: str, *, strict: bool) -> None:
        found = [_NOTHING] * self.rows
        for row, value in enumerate(values):
            if isinstance(value, list) and value and isinstance(value[0], dict):
                found[row] = value[0]
            if value not in (None, []) and (found[row] is _NOTHING or len(value) > 1):
                self._misfit(row, path, value)
        self.read_objects(found, known, f"{path}[0].", strict=strict)

    def _pick(self, values: list[Any], branch: Branch, path: str, *, strict: bool) -> None:
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
            self.read_objects(found[label], known, f"{path}[{branch.key}={label}].", strict=strict)

    def _misfit(self, row: int, path: str, value: Any) -> None:
        self.rests[row][path] = value
        self.misfits[path] += 1


def _repeats(first: Any, again: list[dict[str, Any]] | None) -> bool:
    """Whether a list of objects tells nothing new: the same ones in any order, perhaps with fewer of their fields."""
    fields = sorted({name for each in again or () for name in each})

    def told(elements: Any) -> list[str]:
        objects = [each for each in elements if isinstance(each, dict)] if isinstance(elements, list) else []
        return sorted(json_text({name: each.get(name) for name in fields}) for each in objects)

    return again is None or told(first) == told(again)
