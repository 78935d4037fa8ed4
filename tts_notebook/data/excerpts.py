"""Some places of a JSON text as Python objects; the rest is checked and skipped."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypedDict

import msgspec

Steps = tuple[str, ...]


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
