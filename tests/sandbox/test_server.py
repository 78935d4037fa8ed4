"""The server on real sockets: connections kept, bodies chunked, answers late, cut or refused."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException

import pytest

from tests.sandbox.visitor import Visitor

SHOPS = "/authorization/202309/shops"


@contextlib.contextmanager
def wire(visitor: Visitor) -> Iterator[socket.socket]:
    host, _, port = visitor.host.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def receive_until_closed(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def test_one_connection_serves_many_requests(seller):
    connection = HTTPConnection(seller.host, timeout=10)
    connection.connect()
    first = connection.sock

    for _ in range(5):
        connection.request("GET", seller.signed(SHOPS, {}), headers={"x-tts-access-token": seller.token})
        assert connection.getresponse().read().startswith(b'{"code":0')

    assert connection.sock is first
    connection.close()


def test_requests_sent_together_are_answered_in_order(seller):
    with wire(seller) as connection:
        connection.sendall(b"GET /one HTTP/1.1\r\n\r\nGET /seller-center HTTP/1.1\r\n\r\nGET /x HTTP/1.0\r\n\r\n")
        answers = receive_until_closed(connection)

    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"404", b"200", b"404"]


def test_a_chunked_body_is_signed_and_read_like_any_other(seller):
    body = b'{"order_status":"CANCELLED"}'
    target = seller.signed("/order/202309/orders/search", {"page_size": "1", "shop_cipher": seller.cipher}, body)
    connection = HTTPConnection(seller.host, timeout=10)

    connection.request(
        "POST",
        target,
        iter([body[:5], body[5:]]),
        {"x-tts-access-token": seller.token, "content-type": "application/json"},
        encode_chunked=True,
    )
    answer = connection.getresponse().read()
    connection.close()

    assert b'"status":"CANCELLED"' in answer


def test_a_client_that_waits_for_the_go_ahead_gets_it(seller):
    with wire(seller) as connection:
        connection.sendall(b"POST /x HTTP/1.0\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert receive_until_closed(connection).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000, b"431"),
        (b"GET /authorization/202309/shops?" + b"a&" * 500 + b" HTTP/1.0\r\n\r\n", b"400"),
    ],
)
def test_bad_requests_are_answered_and_the_connection_ends(seller, raw, status):
    with wire(seller) as connection:
        connection.sendall(raw)
        with contextlib.suppress(ConnectionResetError):
            assert receive_until_closed(connection).startswith(b"HTTP/1.1 " + status)

    assert seller.call("GET", SHOPS).status == 200


def test_a_head_request_has_no_body_and_mints_no_code(visit):
    visitor = visit("--auto-approve")

    answer = visitor.send("HEAD", f"/open/authorize?service_id={visitor.sandbox.service_id}")

    assert (answer.status, answer.body) == (200, b"")


def test_answers_are_as_late_as_they_are_told_to_be(visit):
    visitor = visit("--latency-ms", "150")
    started = time.monotonic()

    visitor.send("GET", "/x")

    assert 0.15 <= time.monotonic() - started < 5


def test_requests_sent_together_wait_for_each_other(visit):
    visitor = visit("--latency-ms", "100")
    with wire(visitor) as connection:
        started = time.monotonic()
        connection.sendall(b"GET /seller-center HTTP/1.1\r\n\r\nGET /x HTTP/1.0\r\n\r\n")
        answers = receive_until_closed(connection)

    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404"]
    assert time.monotonic() - started >= 0.2


def test_late_answers_do_not_hold_up_other_connections(visit):
    visitor = visit("--latency-ms", "300")
    connections = [HTTPConnection(visitor.host, timeout=10) for _ in range(20)]
    started = time.monotonic()

    for connection in connections:
        connection.request("GET", "/x")
    for connection in connections:
        connection.getresponse().read()
        connection.close()

    assert time.monotonic() - started < 3


def test_a_dropped_answer_is_a_reset_connection(visit: Callable[..., Visitor]):
    visitor = visit("--fault", "drop:times=1").sign_in  # the first API call is struck

    with pytest.raises((ConnectionError, HTTPException)):
        visitor()

    assert visitor().cipher


def test_half_an_answer_ends_early(visit):
    visitor = visit().sign_in()
    visitor.control(faults=["half-answer:times=1"])

    with pytest.raises(HTTPException):
        visitor.search()

    assert visitor.search().status == 200


def test_a_client_that_leaves_in_the_middle_harms_nobody(visit):
    visitor = visit().sign_in()
    target = visitor.signed("/order/202309/orders/search", {"page_size": "100", "shop_cipher": visitor.cipher})
    request = f"POST {target} HTTP/1.1\r\nx-tts-access-token: {visitor.token}\r\n\r\n".encode()

    for _ in range(10):
        with wire(visitor) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(request * 3)

    assert len(visitor.search().data["orders"]) == 50
    assert visitor.sandbox.log.read_text() == ""
