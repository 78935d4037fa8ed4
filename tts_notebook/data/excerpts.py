"""Some places of a JSON text as Python objects; the rest is checked and skipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import compress
from typing import Any, TypedDict

import msgspec

Steps = tuple[str, ...]
Record = dict[str, Any]


class Refused(Exception):
    """Pages cannot be read together: no error, the careful way is taken."""


class Excerpts:
    """The records of some answers, of which single places can be read.

    Args:
        bodies: The answers.
        records: Where they keep their records.
        kept: Which of all these records are meant, None for all.
    """

    def __init__(self, bodies: Sequence[bytes], records: Steps, kept: Sequence[bool] | None) -> None:
        self._bodies, self._records, self._kept = bodies, ("data", *records), kept

    def read(self, places: Iterable[Steps], lists: Iterable[Steps]) -> list[Record]:
        """Return the records with nothing but these places, as for `decoder_of`.

        Raises:
            Refused: msgspec reads less than Python does.
        """
        wanted = frozenset((*self._records, *place) for place in places)
        if not all(step.isascii() for place in wanted for step in place):
            raise Refused  # msgspec does not find such names
        decoder = decoder_of(wanted, frozenset((*self._records, *place) for place in (*lists, ())))
        found: list[Record] = []
        for body in self._bodies:
            try:
                inside = decoder.decode(body)
            except msgspec.MsgspecError:  # such as a number without end
                raise Refused from None
            for step in self._records:
                inside = inside.get(step) or {}
            found += inside or ()
        return found if self._kept is None else list(compress(found, self._kept))


@lru_cache(maxsize=256)
def decoder_of(places: frozenset[Steps], lists: frozenset[Steps]) -> msgspec.json.Decoder[Any]:
    """Return what reads places of a JSON object, each whole; what is absent stays so.

    Args:
        places: The places, as the names that lead there.
        lists: Where on the way there are lists of objects. Their objects come even if
            nothing in them is wanted.
    """
    tree: dict[str, Any] = {}
    for path in sorted(places | lists):
        here = tree
        for step in path[:-1]:
            here = here.setdefault(step, {})
        here.setdefault(path[-1], {} if path in lists else None)
    return msgspec.json.Decoder(_objects(tree, (), lists))


def _objects(tree: dict[str, Any], above: Steps, lists: frozenset[Steps]) -> Any:
    members: dict[str, Any] = {}
    for name, inner in tree.items():
        made: Any = Any
        if inner is not None:
            made = _objects(inner, (*above, name), lists)
            made = (list[made] if (*above, name) in lists else made) | None
        members[name] = made
    # the names come from the text, so that the class has to be made here
    return TypedDict("Excerpt", members, total=False)  # type: ignore[operator]
