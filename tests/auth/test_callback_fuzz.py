"""The callback under bytes that nobody foresaw, floods and megabytes: one login lives on, and little memory is used."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.auth.test_callback import QUERY, Listener
from tests.auth.tokens import secrets_in
from tests.harness.examples import examples

MEGABYTE = 1024 * 1024
NEARLY = st.sampled_from(
    [b"GET ", b"POST ", b"/", b"?", b"code=", b"state=", b"&", b"%", b"%ff", b" HTTP/1.1", b"\r\n", b"\r\n\r\n", b"\n",
     b"Host: localhost", b"Host: [::1", b"Content-Length: 99999999999", b"Transfer-Encoding: chunked", b"\x00", b":",
     b"Sec-Purpose: prefetch", b"Expect: 100-continue", b"/cancel", b"\xff\xfe", b"PRI * HTTP/2.0"]
)  # fmt: skip
REQUESTS = st.lists(st.one_of(NEARLY, st.binary(max_size=40)), max_size=25).map(b"".join)


@pytest.fixture(scope="module")
def fuzzed():
    listener = Listener(head_seconds=0.3)
    yield listener
    listener.server.close()
    listener.server.join(5)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(request=REQUESTS, ends=st.booleans())
def test_whatever_bytes_arrive_the_login_lives_and_the_redirect_completes_it(fuzzed, request, ends):
    fuzzed.done.clear()
    with fuzzed.connect() as client, contextlib.suppress(ConnectionError):
        client.sendall(request + (b"\r\n\r\n" if ends else b""))
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while received := client.recv(65536):
            answer += received
        assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
        assert secrets_in(answer.decode("latin-1")) == []

    assert not fuzzed.done.is_set()
    assert fuzzed.completes()


def memory() -> int:
    return psutil.Process(os.getpid()).memory_info().rss


def flood(listener: Listener, megabytes: int) -> None:
    with listener.connect() as client, contextlib.suppress(OSError):
        client.sendall(b"GET /?state=x HTTP/1.1\r\nX: ")
        for _ in range(megabytes):
            client.sendall(b"x" * MEGABYTE)


def test_headers_of_ten_megabytes_from_twenty_clients_are_cut_off_and_not_kept():
    listener = Listener(head_seconds=1)
    try:
        listener.get("/")
        before, highest = memory(), 0
        clients = [threading.Thread(target=flood, args=(listener, 10)) for _ in range(20)]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):
            highest = max(highest, memory())
            time.sleep(0.01)
        for client in clients:
            client.join()

        # the clients' own buffers are in it: this process is both sides
        assert highest - before < 60 * MEGABYTE
        assert listener.asked == []
        assert listener.completes()
    finally:
        listener.server.close()
        listener.server.join(5)


def test_slow_clients_and_200_requests_at_once_do_not_keep_the_redirect_waiting():
    listener = Listener(head_seconds=2)
    stop = threading.Event()

    def drip() -> None:
        with listener.connect() as client, contextlib.suppress(OSError):
            for byte in b"GET /?" + QUERY.encode()[:-1]:
                if stop.wait(0.05):
                    return
                client.sendall(bytes([byte]))

    clients = [threading.Thread(target=drip) for _ in range(30)]
    clients += [threading.Thread(target=listener.get, args=("/?state=forged",)) for _ in range(200)]
    try:
        before = memory()
        for client in clients:
            client.start()
        assert listener.completes()
        assert memory() - before < 60 * MEGABYTE
    finally:
        stop.set()
        for client in clients:
            client.join()
        listener.server.close()
        listener.server.join(5)
