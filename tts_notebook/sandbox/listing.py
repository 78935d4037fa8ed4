"""The data of a listing: its rows, how many there are, and where the next page starts."""

from __future__ import annotations

import json
from collections.abc import Iterable

from .settings import Behaviour

COUNT_CAP = 10_000


def listing(name: str, rows: list[bytes], next_token: str, total: int, behaviour: Behaviour) -> list[bytes]:
    """Return the JSON of one page in pieces; its rows are encoded already and not copied here."""
    members = {name: [b"[", *_between(b",", ([row] for row in rows)), b"]"]}
    if not rows and behaviour.empty_list == "null":
        members[name] = [b"null"]
    elif not rows and behaviour.empty_list == "missing":
        del members[name]
    if next_token or behaviour.last_page == "empty":
        members["next_page_token"] = [json.dumps(next_token).encode()]
    if behaviour.total_count != "missing":
        count = min(total, COUNT_CAP) if behaviour.total_count == "capped" else total
        members["total_count"] = [b"%d" % count]
    named = ([b'"%b":' % key.encode(), *members[key]] for key in sorted(members))
    return [b"{", *_between(b",", named), b"}"]


def _between(comma: bytes, groups: Iterable[list[bytes]]) -> list[bytes]:
    """Return the groups in a row, with commas between them."""
    return [piece for group in groups for piece in (comma, *group)][1:]
