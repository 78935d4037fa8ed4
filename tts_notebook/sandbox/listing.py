"""The data of a listing: its rows, how many there are, and where the next page starts."""

from __future__ import annotations

import json

from .settings import Behaviour

COUNT_CAP = 10_000


def listing(name: str, rows: list[bytes], next_token: str, total: int, behaviour: Behaviour) -> bytes:
    """Return the JSON of one page; its rows are encoded already and only put in place."""
    members = {name: b"[%b]" % b",".join(rows)}
    if not rows and behaviour.empty_list == "null":
        members[name] = b"null"
    elif not rows and behaviour.empty_list == "missing":
        del members[name]
    if next_token or behaviour.last_page == "empty":
        members["next_page_token"] = json.dumps(next_token).encode()
    if behaviour.total_count != "missing":
        count = min(total, COUNT_CAP) if behaviour.total_count == "capped" else total
        members["total_count"] = b"%d" % count
    return b"{%b}" % b",".join(b'"%b":%b' % (key.encode(), members[key]) for key in sorted(members))
