"""Pages over a sorted list, and the opaque tokens that lead from one to the next.

A token is bound to its shop, filters, sort and page size: with any of them changed it is
refused. By keyset it names the last row it saw, by offset how many rows went before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .refusals import Refusal, Why

T = TypeVar("T")
Key = tuple[int, int]
_PLACE = struct.Struct(">BqQ")
_KEYSET, _OFFSET = 1, 2
_SEAL_BYTES = 22
# It only keeps tokens from being made up by accident, so it need not be secret.
_SEAL_KEY = b"page tokens of the sandbox"


@dataclass(frozen=True, slots=True)
class Span(Generic[T]):
    """A stretch of a sorted list, without a copy of it: from `low` up to, not including, `high`."""

    rows: Sequence[T]
    low: int
    high: int

    def __len__(self) -> int:
        return max(0, self.high - self.low)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    rows: Sequence[T]
    next_token: str
    before: int = 0


def cut_page(
    span: Span[T],
    *,
    key: Callable[[T], Key],
    descending: bool,
    size: int,
    token: str,
    bound_to: object,
    by_offset: bool = False,
) -> Page[T]:
    """Return one page of rows that are sorted ascending by `key`, and the token for the next."""
    done = _rows_before(span, key, descending, open_token(token, bound_to)) if token else 0
    left = len(span) - done
    if left <= 0:
        return Page((), "", done)
    if descending:
        end = span.high - done
        page = span.rows[end - min(size, left) : end][::-1]
    else:
        start = span.low + done
        page = span.rows[start : start + min(size, left)]
    if len(page) == left:
        return Page(page, "", done)
    place = (_OFFSET, done + len(page), 0) if by_offset else (_KEYSET, *key(page[-1]))
    return Page(page, seal_token(place, bound_to), done)


def _rows_before(span: Span[T], key: Callable[[T], Key], descending: bool, place: tuple[int, int, int]) -> int:
    """Return how many rows of the span were on earlier pages."""
    kind, major, minor = place
    if kind == _OFFSET:
        return major
    if descending:
        return span.high - bisect_left(span.rows, (major, minor), span.low, max(span.low, span.high), key=key)
    return bisect_right(span.rows, (major, minor), span.low, max(span.low, span.high), key=key) - span.low


def seal_token(place: tuple[int, int, int], bound_to: object) -> str:
    """Return a token for a place in a listing that is described by `bound_to`."""
    packed = _PLACE.pack(*place)
    return base64.b64encode(_seal(packed, bound_to) + packed).decode()


def open_token(token: str, bound_to: object) -> tuple[int, int, int]:
    """Return the place a token stands for; refuse one that belongs to another listing."""
    try:
        data = base64.b64decode(token, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    seal, packed = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
    if len(packed) != _PLACE.size or not hmac.compare_digest(seal, _seal(packed, bound_to)):
        raise Refusal(Why.INVALID, "page_token does not belong to these filters, sort and page_size")
    kind, major, minor = _PLACE.unpack(packed)
    return kind, major, minor


def _seal(packed: bytes, bound_to: object) -> bytes:
    return hmac.new(_SEAL_KEY, packed + repr(bound_to).encode(), hashlib.sha256).digest()[:_SEAL_BYTES]
