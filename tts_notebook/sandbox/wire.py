"""HTTP/1.1 as bytes: read a request out of a buffer, write a response. No sockets here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl

MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024
MAX_FIELDS = 100
_HEX = re.compile(rb"[0-9A-Fa-f]{1,8}")
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class BadRequest(Exception):
    """Bytes that are no acceptable HTTP request; the connection ends after the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Request:
    """One request. `path` is exactly as sent; header names are lower-case."""

    method: str
    path: str
    raw_query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    keep_alive: bool = True

    @cached_property
    def query(self) -> dict[str, str]:
        """The decoded query parameters; of a repeated one only the first counts."""
        return first_values(self.raw_query)

    @property
    def form(self) -> dict[str, str]:
        return first_values(self.body.decode("utf-8", "replace"))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Response:
    """One answer. `delay` holds it back; `cut` breaks it off: 0 is none of it, 0.5 half of it.

    A body in pieces is joined once, when it is written: copies of a page cost more than the page.
    """

    status: int
    body: bytes | list[bytes] = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    cut: float | None = None

    @property
    def pieces(self) -> list[bytes]:
        return self.body if isinstance(self.body, list) else [self.body]

    @property
    def joined(self) -> bytes:
        return b"".join(self.pieces)


def first_values(query: str) -> dict[str, str]:
    """Decode a query string or form; of a repeated field the first value counts."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(400, "too many fields") from error
    return dict(reversed(pairs))


def read_request(buffer: bytearray) -> Request | None:
    """Take the first complete request out of the buffer, or return None to wait for more."""
    end = buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0:
        if len(buffer) >= MAX_HEAD:
            raise BadRequest(431, "the head is too large")
        return None
    request = read_head(buffer[:end].decode("latin-1"))
    if "transfer-encoding" in request.headers:
        found = _chunked(buffer, end + 4, request.headers)
    else:
        found = _sized(buffer, end + 4, request.headers)
    if found is None:
        return None
    request.body, consumed = found
    del buffer[:consumed]
    return request


def read_head(head: str) -> Request:
    """Parse the request line and the headers."""
    line, *lines = head.split("\r\n")
    parts = line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        raise BadRequest(400, "not an HTTP/1 request line")
    if len(lines) > MAX_FIELDS:
        raise BadRequest(431, "too many headers")
    headers: dict[str, str] = {}
    for text in lines:
        name, colon, value = text.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "a malformed header")
        name = name.lower()
        if name == "content-length" and name in headers:
            raise BadRequest(400, "two lengths")
        headers[name] = value.strip()
    path, _, query = parts[1].partition("?")
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection and (parts[2] == "HTTP/1.1" or "keep-alive" in connection)
    return Request(parts[0], path, query, headers, keep_alive=keep_alive)


def _sized(buffer: bytearray, start: int, headers: dict[str, str]) -> tuple[bytes, int] | None:
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdecimal()):
        raise BadRequest(400, "a malformed length")
    if len(text) > 9 or int(text) > MAX_BODY:
        raise BadRequest(413, "the body is too large")
    end = start + int(text)
    return (bytes(buffer[start:end]), end) if len(buffer) >= end else None


def _chunked(buffer: bytearray, at: int, headers: dict[str, str]) -> tuple[bytes, int] | None:
    """Read a chunked body; extensions are ignored and trailers refused."""
    if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
        raise BadRequest(400, "a transfer encoding that is not understood")
    body = bytearray()
    while True:
        line_end = buffer.find(b"\r\n", at, at + 1024)
        if line_end < 0:
            if len(buffer) - at > 1024:
                raise BadRequest(400, "a malformed chunk")
            return None
        size_text = bytes(buffer[at:line_end]).partition(b";")[0].strip()
        if not _HEX.fullmatch(size_text):
            raise BadRequest(400, "a malformed chunk")
        size, at = int(size_text, 16), line_end + 2
        if len(body) + size > MAX_BODY:
            raise BadRequest(413, "the body is too large")
        if len(buffer) < at + size + 2:
            return None
        if buffer[at + size : at + size + 2] != b"\r\n":
            raise BadRequest(400, "a malformed chunk")
        if size == 0:
            return bytes(body), at + 2
        body += buffer[at : at + size]
        at += size + 2


def write_response(response: Response, *, keep_alive: bool, head_only: bool = False) -> bytes:
    """Return the response's bytes, the body in one piece behind its length."""
    lines = [
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}",
        f"content-type: {response.content_type}",
        f"content-length: {sum(map(len, response.pieces))}",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    if not keep_alive:
        lines.append("connection: close")
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if head_only else b"".join((head, *response.pieces))
