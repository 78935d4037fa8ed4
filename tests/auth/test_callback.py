"""The callback over real sockets: what completes a login, what never ends it, and whose port it is."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.auth.tokens import CODE, STATE, secrets_in
from tests.harness.places import free_port
from tts_notebook.auth.callback import CallbackServer, cancel_address
from tts_notebook.auth.page import Page, render
from tts_notebook.errors import ConfigError

QUERY = f"code={CODE}&state={STATE}"
ADDRESSES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


class Listener:
    """A callback server that, like a login, is done when a query carries its state."""

    def __init__(self, path: str = "/", **options: Any) -> None:
        self.port = free_port()
        self.asked: list[dict[str, str]] = []
        self.done = threading.Event()
        self.server = CallbackServer(f"http://localhost:{self.port}{path}", self.receive, **options)

    def receive(self, query: dict[str, str]) -> Page:
        self.asked.append(query)
        if query.get("state") != STATE:
            return Page(200, "Not this login's redirect.")
        self.done.set()
        return Page(200, "Connected.")

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection((address, self.port), timeout=5)

    def ask(self, request: bytes, address: str = "127.0.0.1") -> bytes:
        """Send bytes and return the whole answer, empty if the connection was closed instead."""
        with self.connect(address) as client:
            answer = b""
            with contextlib.suppress(ConnectionError):
                client.sendall(request)
                while received := client.recv(65536):
                    answer += received
            return answer

    def get(self, target: str, *headers: str, address: str = "127.0.0.1") -> bytes:
        lines = [f"GET {target} HTTP/1.1", *(headers or (f"Host: localhost:{self.port}",)), "", ""]
        return self.ask("\r\n".join(lines).encode(), address)

    def completes(self, address: str = "127.0.0.1") -> bool:
        """Whether the proper redirect still completes the login, within a second."""
        begin = time.monotonic()
        answer = self.get(f"/?{QUERY}", address=address)
        return b"Connected." in answer and self.done.is_set() and time.monotonic() - begin < 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.close()
    made.server.join(5)


def is_bindable(port: int, *, reuse: bool = False) -> bool:
    for family, address in ADDRESSES:
        with socket.socket(family) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            try:
                attempt.bind((address, port))
                attempt.listen()
            except OSError:
                return False
    return True


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_redirect_completes_the_login_on_both_addresses(listener, address):
    assert listener.completes(address)
    assert listener.asked == [{"code": CODE, "state": STATE}]


def test_nothing_else_than_loopback_is_listened_on(listener):
    bound = sorted(listener_socket.getsockname()[0] for listener_socket in listener.server._sockets)

    assert bound == ["127.0.0.1", "::1"]


STRAY = {
    "a favicon": (b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "),
    "a wrong path": (f"GET /other?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b" 404 "),
    "a path of two slashes": (f"GET //evil.test/?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b" 404 "),
    "half an address": (b"GET //[?code=x HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "),
    "an absolute form": (f"GET http://localhost/?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b" 404 "),
    "a HEAD": (f"HEAD /?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b" 200 "),
    "a POST": (f"POST /?{QUERY} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode(), b" 405 "),
    "an OPTIONS": (f"OPTIONS /?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b" 405 "),
    "a prefetch": (
        f"GET /?{QUERY} HTTP/1.1\r\nHost: localhost\r\nSec-Purpose: prefetch;prerender\r\n\r\n".encode(),
        b" 503 ",
    ),
    "an old prefetch": (f"GET /?{QUERY} HTTP/1.1\r\nHost: localhost\r\nPurpose: prefetch\r\n\r\n".encode(), b" 503 "),
    "no query": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 200 "),
    "an empty query": (b"GET /? HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 200 "),
    "a foreign host": (f"GET /?{QUERY} HTTP/1.1\r\nHost: evil.test\r\n\r\n".encode(), b" 421 "),
    "a host that begins like ours": (f"GET /?{QUERY} HTTP/1.1\r\nHost: localhost.evil.test\r\n\r\n".encode(), b" 421 "),
    "an address that begins like ours": (
        f"GET /?{QUERY} HTTP/1.1\r\nHost: 127.0.0.1.evil.test\r\n\r\n".encode(),
        b" 421 ",
    ),
    "half a host": (f"GET /?{QUERY} HTTP/1.1\r\nHost: [\r\n\r\n".encode(), b" 421 "),
    "no host": (f"GET /?{QUERY} HTTP/1.1\r\n\r\n".encode(), b" 421 "),
    "no version": (b"GET /\r\n\r\n", b" 421 "),
    "no HTTP": (b"\x00\x01\xff\r\n\r\n", b" 405 "),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n", b" 405 "),
    "a header of 20 KB": (f"GET /?{QUERY} HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 20_000}\r\n\r\n".encode(), b""),
    "a target of 20 KB": (f"GET /?{QUERY}&x={'x' * 20_000} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b""),
}


@pytest.mark.parametrize(("request_", "status"), STRAY.values(), ids=STRAY)
def test_what_is_no_redirect_is_answered_and_never_reaches_the_login(listener, request_, status):
    answer = listener.ask(request_)

    assert answer[8:13] == status
    assert secrets_in(answer.decode()) == []
    assert listener.asked == []
    assert listener.completes()


@pytest.mark.parametrize(
    ("query", "state"),
    [
        (f"code={CODE}", None),
        (f"code={CODE}&state=", ""),
        (f"code={CODE}&state=wrong", "wrong"),
        (f"code={CODE}&state=%C3%9F%F0%9F%98%80", "ß😀"),
        (f"code={CODE}&state=%ff%00", "�\x00"),
        (f"code={CODE}&state=wrong&state={STATE}", "wrong"),
        (f"code={CODE}&%73tate=wrong&state={STATE}", "wrong"),
        ("&&&=&?=&" + "a=b&" * 3000, None),
    ],
)
def test_a_redirect_that_is_not_this_logins_is_answered_and_the_login_goes_on(listener, query, state):
    assert b"Not this login" in listener.get(f"/?{query}")
    assert listener.asked[0].get("state") == state
    assert listener.completes()


def test_a_state_of_raw_bytes_is_handled(listener):
    answer = listener.ask(b"GET /?code=x&state=\xff\xc3\x9f HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert b"Not this login" in answer
    assert listener.completes()


def test_of_repeated_parameters_the_first_counts(listener):
    listener.get(f"/?{QUERY}&code=forged&state=forged")

    assert listener.asked == [{"code": CODE, "state": STATE}]


def test_only_the_registered_path_is_a_redirect():
    listener = Listener("/auth/callback")
    try:
        assert b" 404 " in listener.get(f"/?{QUERY}")
        assert b" 404 " in listener.get(f"/auth/callback/?{QUERY}")
        assert listener.asked == []
        assert b"Connected." in listener.get(f"/auth/callback?{QUERY}")
    finally:
        listener.server.close()
        listener.server.join(5)


@pytest.mark.parametrize("path", ["/", "/auth/callback"])
def test_the_cancel_address_reaches_cancel_and_nothing_else_does(path):
    cancelled: list[dict[str, str]] = []
    listener = Listener(path, cancel=lambda query: (cancelled.append(query), Page(200, "Cancelled."))[1])
    target = cancel_address(path, STATE)
    try:
        assert b"Connected." in listener.get(f"{path}?{QUERY}")
        assert b" 503 " in listener.get(target, "Host: localhost", "Sec-Purpose: prefetch")
        assert b" 421 " in listener.get(target, "Host: evil.test")
        for method in ("HEAD", "POST"):
            listener.ask(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert cancelled == []

        assert b"Cancelled." in listener.get(target)
        assert cancelled == [{"state": STATE}]
    finally:
        listener.server.close()
        listener.server.join(5)


def test_a_client_that_sends_a_byte_at_a_time_delays_nobody_and_is_hung_up_on():
    listener = Listener(head_seconds=0.5)
    try:
        with listener.connect() as slow:
            for byte in b"GET /":
                slow.sendall(bytes([byte]))
                time.sleep(0.02)
            assert listener.completes()
            begin = time.monotonic()
            assert slow.recv(100) == b""
            assert time.monotonic() - begin < 1
    finally:
        listener.server.close()
        listener.server.join(5)


def test_200_connections_that_say_nothing_do_not_keep_the_redirect_out(listener):
    with contextlib.ExitStack() as silent:
        for _ in range(200):
            silent.enter_context(listener.connect())

        assert listener.completes()
        listener.server.close()
        assert is_bindable(listener.port, reuse=True)
    listener.server.join(5)
    assert not listener.server._thread.is_alive()


def test_200_requests_at_once_are_all_answered(listener):
    answers: list[bytes] = []
    clients = [threading.Thread(target=lambda: answers.append(listener.get("/?state=forged"))) for _ in range(200)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert sum(b"Not this login" in answer for answer in answers) == 200
    assert listener.completes()


def test_a_decision_that_takes_long_keeps_nobody_else_waiting():
    go_on = threading.Event()
    listener = Listener()
    decide = listener.receive
    listener.server._handler = lambda query: (
        go_on.wait(5) and decide(query) if query["state"] == STATE else decide(query)
    )
    try:
        with listener.connect() as seller:
            seller.sendall(f"GET /?{QUERY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert b"Not this login" in listener.get("/?state=forged")
            assert b" 404 " in listener.get("/favicon.ico")
            go_on.set()
            assert b"200 OK" in seller.recv(100)
    finally:
        go_on.set()
        listener.server.close()
        listener.server.join(5)


def test_the_answer_arrives_although_the_login_closes_the_server_while_it_decides():
    listener = Listener()
    decide = listener.receive

    def decide_and_close(query: dict[str, str]) -> Page:
        listener.server.close()
        time.sleep(0.1)
        return decide(query)

    listener.server._handlers["/"] = decide_and_close

    assert b"Connected." in listener.get(f"/?{QUERY}")
    listener.server.join(5)
    assert not listener.server._thread.is_alive()


def test_a_browser_that_comes_while_the_server_closes_is_answered(listener):
    loop, asleep = listener.server._loop, threading.Event()
    loop.call_soon_threadsafe(lambda: (asleep.set(), time.sleep(0.2)))
    assert asleep.wait(5)

    # both wait for the loop: the browser's connection, and the order to close
    client = listener.connect()
    client.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{listener.port}\r\n\r\n".encode())
    loop.call_soon_threadsafe(listener.server._closing.set)

    with client:
        assert client.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_browser_that_goes_away_before_the_answer_harms_nobody(listener):
    with listener.connect() as gone:
        gone.sendall(b"GET /?state=forged HTTP/1.1\r\nHost: localhost\r\n\r\n")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # a reset

    assert listener.completes()


def test_nothing_is_logged_whatever_arrives(listener, caplog):
    caplog.set_level(logging.DEBUG)
    for request, _ in STRAY.values():
        listener.ask(request)
    listener.get(f"/?{QUERY}")
    listener.server.close()
    listener.server.join(5)
    gc.collect()

    assert [record.getMessage() for record in caplog.records if record.name != "asyncio" or record.levelno > 10] == []


def test_the_port_is_free_within_a_second_of_closing_and_taken_again_at_once():
    for _ in range(20):
        listener = Listener()
        assert listener.completes()
        begin = time.monotonic()
        listener.server.close()
        assert time.monotonic() - begin < 1

        again = CallbackServer(f"http://localhost:{listener.port}/", listener.receive)
        try:
            assert listener.completes("::1")
        finally:
            again.close()
            again.join(5)
            listener.server.join(5)


def test_closing_twice_from_many_threads_is_closing_once(listener):
    closers = [threading.Thread(target=listener.server.close) for _ in range(10)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join()
    listener.server.close()
    listener.server.join(5)

    assert is_bindable(listener.port)
    listener.server.close()


@pytest.mark.parametrize(("family", "address"), ADDRESSES)
def test_a_busy_port_is_named_with_its_owner_and_neither_address_stays_bound(family, address):
    port = free_port()
    threads = threading.active_count()
    with socket.socket(family) as other:
        other.bind((address, port))
        other.listen()

        with pytest.raises(ConfigError, match=rf"Port {port} is in use by .*--port") as refused:
            CallbackServer(f"http://localhost:{port}/", lambda query: Page(200, ""))

        assert f"(process {os.getpid()})" in str(refused.value)
    assert is_bindable(port)
    assert threading.active_count() == threads


def test_two_logins_cannot_share_a_port(listener):
    with pytest.raises(ConfigError, match=f"Port {listener.port} is in use"):
        CallbackServer(f"http://localhost:{listener.port}/", lambda query: Page(200, ""))

    assert listener.completes()


def test_the_reply_keeps_the_code_from_referrers_caches_frames_and_scripts(listener):
    head, _, body = listener.get(f"/?{QUERY}").partition(b"\r\n\r\n")

    for line in (
        b"Referrer-Policy: no-referrer",
        b"Cache-Control: no-store",
        b"Connection: close",
        b"X-Content-Type-Options: nosniff",
        b"default-src 'none'",
        b"frame-ancestors 'none'",
        b"Content-Length: %d\r\n" % len(body),
    ):
        assert line in head + b"\r\n"
    assert b"Access-Control-Allow-Origin" not in head
    assert b"<script" not in body
    assert secrets_in(body.decode()) == []


def test_a_page_shows_its_texts_as_text():
    html = render(Page(200, "<b>&", ("<script>alert(1)</script>",), mark="<i>"))

    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
