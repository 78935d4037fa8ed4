"""What the records of a list look like, from the columns that read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tts_notebook.data.paths import Branch, branches
from tts_notebook.data.tables import Listing, Source, Table

if TYPE_CHECKING:
    import pyarrow as pa

# how a kind of value is written in JSON; all others are text
_WRITTEN = {"integer": "number", "time": "number", "millis": "number", "boolean": "flag"}
# never the same twice, or nothing to be known about it
_OPEN = frozenset({"json", "count", "sum", "local"})


@dataclass(slots=True)
class Place:
    """One place in a record.

    Attributes:
        written: "text", "number" or "flag"; "" where there is an object or nothing is known.
        fields: What an object here holds.
        many: There is a list of such values.
        clash: Two columns expect different things here.
    """

    written: str = ""
    fields: dict[str, Place] = field(default_factory=dict)
    many: bool = False
    clash: bool = False

    def member(self, name: str) -> Place:
        """The place of a field, new if it was not known."""
        return self.fields.setdefault(name, Place())

    def reach(self, path: str) -> Place:
        """The place at the end of a path of objects."""
        here = self
        for name in path.split("."):
            here = here.member(name)
        return here

    def expect(self, written: str) -> None:
        """Note what a column expects here."""
        self.clash = self.clash or self.written not in ("", written)
        self.written = written

    def type(self, loose: Set[str], absent: Set[str], pointer: str) -> pa.DataType | None:
        """Return the type to read this place as, None to find out from what comes.

        Args:
            loose: Pointers to values that turned out to be written in another way.
            absent: Pointers to places that are not worth a type, as nothing is there.
            pointer: The pointer to this place, as pyarrow writes it in its errors.
        """
        import pyarrow as pa

        inner = f"{pointer}/[]" if self.many else pointer
        if self.clash or inner in loose or pointer in absent or (self.written and self.fields):
            return None
        if self.fields:
            members = [(name, place.type(loose, absent, f"{inner}/{name}")) for name, place in self.fields.items()]
            made = pa.struct([(name, type_) for name, type_ in members if type_ is not None])
        elif self.written:
            made = {"text": pa.string(), "number": pa.int64(), "flag": pa.bool_()}[self.written]
        else:
            return None
        return pa.list_(made) if self.many else made

    def values(self, pointer: str) -> Iterable[str]:
        """Yield the pointer of every value that is no object."""
        inner = f"{pointer}/[]" if self.many else pointer
        if self.written:
            yield inner
        for name, place in self.fields.items():
            yield from place.values(f"{inner}/{name}")

    def pointers(self, pointer: str) -> frozenset[str]:
        """Return the pointers of this place and of all that are in it."""
        inner = f"{pointer}/[]" if self.many else pointer
        return frozenset({pointer}).union(*(each.pointers(f"{inner}/{name}") for name, each in self.fields.items()))


def known(table: Table, source: Source) -> Branch:
    """Arrange what a table knows of the objects of a source."""
    return branches((column for column in table.columns if column.of == source), table.known(source))


def record_shape(listing: Listing, tables: Sequence[Table], time_field: str | None) -> Place:
    """Return what a record looks like to all these tables."""
    shape = Place()
    if listing.key:
        shape.member(listing.key).expect("text")
    for name in filter(None, ("update_time", time_field)):
        shape.member(name).expect("number")
    for table in tables:
        levels = [shape]
        for path in table.each:
            levels.append(levels[-1].reach(path))
            levels[-1].many = True
        _add(levels[-1], known(table, ""))
        if table.each:
            _add(shape, known(table, "record"))
        if len(table.each) > 1:
            _add(levels[-2], known(table, "above"))
    return shape


def _add(place: Place, branch: Branch) -> None:
    for name, inner in branch.fields.items():
        member = place.member(name)
        for elements in filter(None, (*inner.picks.values(), inner.first)):
            member.many = True
            _add(member, elements)
        _add(member, inner)
        for leaf in inner.leaves:
            if leaf.inner is not None:
                member.many = True
            target = member.member(leaf.inner) if leaf.inner else member
            if leaf.column.kind not in _OPEN:
                target.expect(_WRITTEN.get(leaf.column.kind, "text"))
