"""HTTP as bytes: any fragmentation gives the same request, and nothing is unbounded."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.sandbox.wire import (
    MAX_BODY,
    MAX_HEAD,
    BadRequest,
    Request,
    Response,
    first_values,
    read_request,
    write_response,
)

SIZED = b'POST /a/b?x=1&y=%C3%A9 HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\nX-Tts-Access-Token: T\r\n\r\n{"a":1}'
CHUNKED = (
    b"POST /a/b?x=1&y=%C3%A9 HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nx-tts-access-token: T\r\n\r\n"
    b'3;ext=1\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
)


def read_in_pieces(data: bytes, cuts: list[int]) -> list[Request]:
    buffer, found = bytearray(), []
    edges = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        buffer += data[start:end]
        while (request := read_request(buffer)) is not None:
            found.append(request)
    assert not buffer
    return found


@given(raw=st.sampled_from([SIZED, CHUNKED]), cuts=st.lists(st.integers(0, 10**6), max_size=8))
def test_a_request_is_the_same_however_it_arrives(raw, cuts):
    requests = read_in_pieces(raw * 2, cuts)

    assert len(requests) == 2
    for request in requests:
        assert (request.method, request.path, request.body) == ("POST", "/a/b", b'{"a":1}')
        assert request.query == {"x": "1", "y": "é"}
        assert request.headers["x-tts-access-token"] == "T"
        assert request.keep_alive


def test_of_a_repeated_parameter_the_first_counts():
    assert first_values("ids=1&ids=2&empty=") == {"ids": "1", "empty": ""}


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + b"1" * 2000, 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nFFFFFF\r\n", 413),
        (b"GET /" + b"a" * MAX_HEAD, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_what_is_malformed_or_too_large_is_refused(raw, status):
    with pytest.raises(BadRequest) as refused:
        read_request(bytearray(raw))

    assert refused.value.status == status


def test_a_query_of_too_many_fields_is_refused():
    with pytest.raises(BadRequest, match="fields"):
        first_values("&".join(f"a{number}=1" for number in range(500)))


@pytest.mark.parametrize(
    ("raw", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_request_asks(raw, keep_alive):
    request = read_request(bytearray(raw))

    assert request is not None
    assert request.keep_alive is keep_alive


def test_a_response_has_its_length_and_says_when_it_is_the_last():
    response = Response(200, b"abc", "text/plain", (("x", "y"),))

    assert write_response(response, keep_alive=True) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nx: y\r\n\r\nabc"
    )
    assert b"\r\nconnection: close\r\n\r\n" in write_response(response, keep_alive=False)
    assert write_response(response, keep_alive=True, head_only=True).endswith(b"\r\n\r\n")
