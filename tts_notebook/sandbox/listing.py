"""The data of a listing: its rows, how many there are, and where the next page starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from .endpoints import Call
from .envelope import encode
from .paging import Key, Span, cut_page
from .refusals import Refusal, Why
from .settings import Behaviour

T = TypeVar("T")

COUNT_CAP = 10_000


def page_of(
    call: Call, name: str, rows: Sequence[T], *, key: Callable[[T], Key], write: Callable[[T], object],
    asked: object = (), counted: bool = True, beside: Mapping[str, object] | None = None, most: int = 0,
) -> list[bytes]:  # fmt: skip
    """Return a page of rows that are sorted ascending by `key`, as the call's query asks for it.

    `asked` is what else the page token is bound to, `beside` what the data holds besides the list.
    No page may lead beyond the first `most` rows.
    """
    query = call.query
    descending = query.get("sort_order") == "DESC"
    page = cut_page(
        Span(rows, 0, len(rows)),
        key=key,
        descending=descending,
        size=query["page_size"],
        token=query["page_token"],
        bound_to=(call.books.shop.id, name, asked, query.get("sort_field"), descending, query["page_size"]),
        by_offset=call.behaviour.paging == "offset",
    )
    if most and page.before + query["page_size"] > most:
        raise Refusal(Why.TOO_MANY_RESULTS, f"at most {most} results", status=int(call.behaviour.business_status))
    written = [encode(write(row)) for row in page.rows]
    return listing(name, written, page.next_token, len(rows) if counted else None, call.behaviour, beside or {})


def listing(
    name: str, rows: list[bytes], next_token: str, total: int | None, behaviour: Behaviour,
    beside: Mapping[str, object] | None = None,
) -> list[bytes]:  # fmt: skip
    """Return the JSON of one page in pieces; its rows are encoded already and not copied here.

    Some lists do not say how many rows there are: their total is None.
    """
    members = {other: [encode(value)] for other, value in (beside or {}).items()}
    members[name] = [b"[", *_between(b",", ([row] for row in rows)), b"]"]
    if not rows and behaviour.empty_list == "null":
        members[name] = [b"null"]
    elif not rows and behaviour.empty_list == "missing":
        del members[name]
    if next_token or behaviour.last_page == "empty":
        members["next_page_token"] = [json.dumps(next_token).encode()]
    if total is not None and behaviour.total_count != "missing":
        count = min(total, COUNT_CAP) if behaviour.total_count == "capped" else total
        members["total_count"] = [b"%d" % count]
    named = ([b'"%b":' % key.encode(), *members[key]] for key in sorted(members))
    return [b"{", *_between(b",", named), b"}"]


def _between(comma: bytes, groups: Iterable[list[bytes]]) -> list[bytes]:
    """Return the groups in a row, with commas between them."""
    return [piece for group in groups for piece in (comma, *group)][1:]
