"""Objects that Arrow has read -> the columns of a table, without a Python object for each.

Only what is as declared is read here. Where anything is otherwise the reader of that
place returns None, and the place is read again by `frames`, value by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_notebook.data.paths import Branch
from tts_notebook.data.tables import Column, Kind
from tts_notebook.data.values import LAST_SECOND, TICKS, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

Steps = tuple[str, ...]
# told apart from every number of a row
_NOWHERE = -1


class Sheet:
    """Objects, field by field."""

    def __init__(self, objects: pa.StructArray) -> None:
        self.objects = objects
        self._opened: dict[Steps, dict[str, pa.Array]] = {}

    def __len__(self) -> int:
        return len(self.objects)

    def at(self, steps: Steps) -> pa.Array | None:
        """Return what is at a place of every object; None if there is nothing in any."""
        import pyarrow as pa

        inside = self._inside(steps[:-1])
        found = inside.get(steps[-1])
        return None if found is None or pa.types.is_null(found.type) or found.null_count == len(found) else found

    def _inside(self, steps: Steps) -> dict[str, pa.Array]:
        import pyarrow as pa

        if steps not in self._opened:
            objects = self.at(steps) if steps else self.objects
            if objects is None:
                self._opened[steps] = {}
            else:
                assert pa.types.is_struct(objects.type), "what has fields was asked for as an object"
                names = [field.name for field in objects.type]
                self._opened[steps] = dict(zip(names, objects.flatten(), strict=True))
        return self._opened[steps]


# The readers have in common: `columns`, and `places`, where those are read. `read` returns the
# columns, without those that are empty; None if anything is not as declared.


@dataclass(frozen=True, slots=True)
class Plain:
    """A value, or the number of elements of a list."""

    columns: tuple[Column, ...]
    places: tuple[Steps, ...]

    def read(self, sheet: Sheet) -> dict[str, pa.Array] | None:
        """Return the columns."""
        found = sheet.at(self.places[0])
        if found is None:
            return {}
        made = converted(found, self.columns[0].kind)
        return None if made is None else {self.columns[0].name: made}


@dataclass(frozen=True, slots=True)
class Picked:
    """Values of the elements of a list that are told apart by one of their fields."""

    columns: tuple[Column, ...]
    places: tuple[Steps, ...]
    key: str
    labels: dict[str, tuple[tuple[str, Column], ...]]
    fields: frozenset[str]

    def read(self, sheet: Sheet) -> dict[str, pa.Array] | None:
        """Return the columns."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        found = sheet.at(self.places[0])
        if found is None:
            return {}
        if not pa.types.is_list(found.type):
            return None
        elements = found.flatten()
        if not _objects_of(elements, self.fields) or self.key not in {field.name for field in elements.type}:
            return None if len(elements) else {}
        labels = elements.field(self.key)
        if not pa.types.is_string(labels.type):
            return None
        which = pc.index_in(labels, pa.array(self.labels, pa.string()))
        if which.null_count:
            return None
        slots = pc.list_parent_indices(found).to_numpy() * len(self.labels) + which.to_numpy()
        places = np.full(len(sheet) * len(self.labels), _NOWHERE)
        places[slots] = np.arange(len(slots))
        if np.count_nonzero(places != _NOWHERE) < len(slots):
            return None  # two of a kind
        made: dict[str, pa.Array] = {}
        inside = dict(zip((field.name for field in elements.type), elements.flatten(), strict=True))
        by_label = places.reshape(len(sheet), len(self.labels))
        for number, columns in enumerate(self.labels.values()):
            indices = by_label[:, number]
            if (indices == _NOWHERE).all():
                continue
            chosen = pa.array(indices, mask=indices == _NOWHERE)
            for name, column in columns:
                values = inside.get(name)
                if values is None or pa.types.is_null(values.type):
                    continue
                read = converted(values.take(chosen), column.kind)
                if read is None:
                    return None
                made[column.name] = read
        return made


@dataclass(frozen=True, slots=True)
class Listed:
    """The elements of a list joined with commas, and their number.

    Attributes:
        parts: For each column the field of the elements; "" for the elements, None to count.
        strict: A field of the elements that is not among these has to be kept.
    """

    columns: tuple[Column, ...]
    places: tuple[Steps, ...]
    parts: tuple[str | None, ...]
    strict: bool

    def read(self, sheet: Sheet) -> dict[str, pa.Array] | None:
        """Return the columns."""
        import pyarrow as pa

        found = sheet.at(self.places[0])
        if found is None:
            return {}
        if not pa.types.is_list(found.type):
            return None
        elements = found.flatten()
        fields = frozenset(part for part in self.parts if part)
        if fields and not _objects_of(elements, fields if self.strict else None):
            return None if len(elements) else self._counted(found)
        made: dict[str, pa.Array] = {}
        for part, column in zip(self.parts, self.columns, strict=True):
            read = converted(found, "count") if part is None else _joined(found, part)
            if read is None:
                return None
            made[column.name] = read
        return made

    def _counted(self, found: pa.Array) -> dict[str, pa.Array]:
        counted = converted(found, "count")
        names = [column.name for part, column in zip(self.parts, self.columns, strict=True) if part is None]
        return dict.fromkeys(names, counted)


@dataclass(frozen=True, slots=True)
class Careful:
    """What only Python can read, such as a nested value that becomes text."""

    columns: tuple[Column, ...]
    places: tuple[Steps, ...]

    def read(self, sheet: Sheet) -> dict[str, pa.Array] | None:
        """Return no column if there is nothing to read."""
        as_json = all(column.kind == "json" for column in self.columns)
        found = [sheet.at(place) for place in self.places]
        return {} if all(each is None or (as_json and _empty(each)) for each in found) else None


Reader = Plain | Picked | Listed | Careful


def readers(known: Branch, columns: Sequence[Column]) -> list[Reader]:
    """Return the readers of columns that are arranged in a branch."""
    again = {column.name for column in columns if column.same}
    made = list(_readers(known, (), again))
    for column in columns:
        if column.same:
            made.append(Careful((column,), tuple(simple(path) for path in (column.path, *column.same))))
    return made


def simple(path: str) -> Steps:
    """Return the place of a path up to its first list."""
    steps = path.split(".")
    cut = next((number + 1 for number, step in enumerate(steps) if "[" in step), len(steps))
    return tuple(step.partition("[")[0] for step in steps[:cut])


def _readers(known: Branch, above: Steps, again: set[str]) -> Iterator[Reader]:
    for name, branch in known.fields.items():
        place = (*above, name)
        if is_container(branch):
            yield from _readers(branch, place, again)
        elif is_plain(branch):
            for leaf in branch.leaves:
                if leaf.column.name not in again:
                    careful = leaf.column.kind in ("json", "local")
                    yield (Careful if careful else Plain)((leaf.column,), (place,))
        else:
            yield _reader(branch, place)


def is_container(branch: Branch) -> bool:
    """Whether there is an object of which only the fields are read."""
    return bool(branch.fields) and not (branch.leaves or branch.picks or branch.first)


def is_plain(branch: Branch) -> bool:
    """Whether what is found is read as it is, or not at all."""
    return not (branch.fields or branch.picks or branch.first) and all(leaf.inner is None for leaf in branch.leaves)


def _reader(branch: Branch, place: Steps) -> Reader:
    columns = tuple(dict.fromkeys(_columns(branch)))
    fields = {frozenset(pick.fields) for pick in branch.picks.values()}
    simple = all(is_plain(each) and _declared(each) for pick in branch.picks.values() for each in pick.fields.values())
    if len(fields) == 1 and simple and not (branch.leaves or branch.fields or branch.first):
        labels = {
            label: tuple((name, leaf.column) for name, each in pick.fields.items() for leaf in each.leaves)
            for label, pick in branch.picks.items()
        }
        return Picked(columns, (place,), branch.key, labels, *fields)
    joins = all(leaf.column.kind in ("string", "id") for leaf in branch.leaves if leaf.inner is not None)
    counts = all(leaf.column.kind == "count" for leaf in branch.leaves if leaf.inner is None)
    if joins and counts and not (branch.fields or branch.picks or branch.first) and _declared(branch):
        strict = not any(leaf.keeps_all for leaf in branch.leaves)
        return Listed(
            tuple(leaf.column for leaf in branch.leaves), (place,), tuple(leaf.inner for leaf in branch.leaves), strict
        )
    return Careful(columns, (place,))


def _declared(branch: Branch) -> bool:
    return all(leaf.column.kind not in ("json", "local") and not leaf.column.same for leaf in branch.leaves)


def _columns(branch: Branch) -> Iterator[Column]:
    yield from (leaf.column for leaf in branch.leaves)
    for inner in (*branch.fields.values(), *branch.picks.values(), *filter(None, (branch.first,))):
        yield from _columns(inner)


def unknown(objects: pa.StructType, known: Branch, above: Steps = ()) -> Iterator[Steps]:
    """Yield the places that came and that no column knows, outside of lists."""
    import pyarrow as pa

    for field in objects:
        branch = known.fields.get(field.name)
        if branch is None:
            yield (*above, field.name)
        elif is_container(branch) and pa.types.is_struct(field.type):
            yield from unknown(field.type, branch, (*above, field.name))


# -- values --------------------------------------------------------------------------------


def converted(found: pa.Array, kind: Kind) -> pa.Array | None:
    """Turn what was found into a column of a kind; None if Arrow cannot do it exactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if kind == "count":
            return _counts(found)
        if kind == "boolean":
            return found if pa.types.is_boolean(found.type) else None
        if kind in ("integer", *TICKS):
            numbers = _numbers(found)
            return numbers if numbers is None or kind == "integer" else _times(numbers, kind)
        texts = as_text(found)
        if texts is None or kind == "string":
            return texts
        if kind == "id":
            return _without_empty(texts)
        try:
            return pc.cast(texts, arrow_type(kind))
        except pa.ArrowInvalid:
            return pc.cast(_without_empty(texts), arrow_type(kind))
    except pa.ArrowInvalid:
        return None


def as_text(found: pa.Array) -> pa.Array | None:
    """Return texts, and whole numbers as they were written; None for anything else."""
    import pyarrow as pa

    if pa.types.is_string(found.type):
        return found
    return found.cast(pa.string()) if pa.types.is_int64(found.type) else None


def _without_empty(texts: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def _numbers(found: pa.Array) -> pa.Array | None:
    import pyarrow as pa

    if pa.types.is_string(found.type):
        return _without_empty(found).cast(pa.int64())
    return found if pa.types.is_int64(found.type) else None


def _times(numbers: pa.Array, kind: Kind) -> pa.Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    ticks = TICKS[kind]
    limits = pc.min_max(numbers).as_py()
    low, high = limits["min"] or 0, limits["max"] or 0
    if not 0 <= low <= high <= LAST_SECOND * (1000 if ticks == "ms" else 1):
        return None
    if not low:  # a time that was not reached is missing or 0
        numbers = pc.if_else(pc.equal(numbers, 0), pa.scalar(None, pa.int64()), numbers)
    return numbers.cast(pa.timestamp(ticks, tz="UTC")).cast(arrow_type(kind))


def _counts(found: pa.Array) -> pa.Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(found.type):
        return None
    elements = found.flatten()
    if len(elements) and (elements.null_count or not pa.types.is_struct(elements.type)):
        return None
    return pc.list_value_length(found).cast(pa.int64())


def _empty(found: pa.Array) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(found.type)) and not len(found.flatten())


def _objects_of(elements: pa.Array, fields: frozenset[str] | None) -> bool:
    import pyarrow as pa

    if not pa.types.is_struct(elements.type) or elements.null_count:
        return False
    return fields is None or fields.issuperset(field.name for field in elements.type)


def _joined(found: pa.Array, part: str) -> pa.Array | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(found.type):
        return None
    elements = found.flatten()
    if not len(elements):
        return pa.nulls(len(found), pa.string())
    if part:
        names = [field.name for field in elements.type]
        if part not in names:
            return None
        elements = elements.flatten()[names.index(part)]
    texts = as_text(elements)
    if texts is None or texts.null_count:
        return None
    odd = pc.or_(pc.equal(texts, ""), pc.match_substring(texts, ","))
    if pc.any(odd).as_py():
        return None
    lengths = pc.fill_null(pc.list_value_length(found), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ",")
    return pc.if_else(pc.equal(lengths, 0), pa.scalar(None, pa.string()), joined)
