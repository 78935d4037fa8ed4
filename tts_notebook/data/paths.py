"""Columns arranged by the places from which they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tts_notebook.data.tables import Column

_STEP = re.compile(r"(?P<name>\w+)(?P<list>\[(?:(?P<key>\w+)=(?P<value>\w+)|(?P<first>0))?\])?")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column that takes what is found at a place.

    Attributes:
        column: The column.
        inner: The field of a list's elements that is taken; "" takes the elements themselves,
            None takes what is found as it is.
        again: The column is read from another place; this one says the same.
    """

    column: Column
    inner: str | None = None
    again: bool = False

    @property
    def keeps_all(self) -> bool:
        """Whether nothing of a list is lost: it is kept as JSON, or another table has its elements."""
        return self.inner is None and self.column.kind in ("json", "count")


@dataclass(slots=True)
class Branch:
    """What the columns know about one place in a record.

    Attributes:
        leaves: The columns that take the value found here.
        fields: The known fields, if an object is found here.
        key: The field that tells a list's elements apart, if a list is found here.
        picks: The known elements by the value of `key`.
        first: What is known about the first element, if a list is found here.
    """

    leaves: list[Leaf] = field(default_factory=list)
    fields: dict[str, Branch] = field(default_factory=dict)
    key: str = ""
    picks: dict[str, Branch] = field(default_factory=dict)
    first: Branch | None = None


def branches(columns: Iterable[Column], known: Iterable[str] = ()) -> Branch:
    """Arrange columns by place; `known` are places that nothing is read from."""
    root = Branch()
    for column in columns:
        for number, path in enumerate((column.path, *column.same)):
            here, inner = _reach(root, path)
            here.leaves.append(Leaf(column, inner, again=bool(number)))
    for path in known:
        _reach(root, path)
    return root


def _reach(root: Branch, path: str) -> tuple[Branch, str | None]:
    steps, here = path.split("."), root
    for number, text in enumerate(steps):
        step = _STEP.fullmatch(text)
        assert step, f"{path}: {text!r} is not a step of a path"
        here = here.fields.setdefault(step["name"], Branch())
        if step["key"]:
            here.key = step["key"]
            here = here.picks.setdefault(step["value"], Branch(fields={step["key"]: Branch()}))
        elif step["first"]:
            here.first = here.first or Branch()
            here = here.first
        elif step["list"]:
            return here, ".".join(steps[number + 1 :])
    return here, None
