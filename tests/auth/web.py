"""A web server on loopback that plays TikTok Shop's part in a test, odd answers included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {
            name: values[0] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()
        }


@dataclass(frozen=True)
class Reply:
    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Web(ThreadingHTTPServer):
    """Answers with what `answer` says, and remembers what it was asked."""

    daemon_threads = False  # closing waits for them
    request_queue_size = 64

    def __init__(self, answer: Callable[[Seen], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, self.path, dict(self.headers), body)
        self.server.seen.append(seen)
        reply = self.server.answer(seen)
        content = reply.encoded()
        with suppress(ConnectionError):  # who asked may have gone
            self._send(reply, content)

    def _send(self, reply: Reply, content: bytes) -> None:
        self.send_response_only(reply.status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": len(content)} | {**reply.headers}
        ).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_CONNECT = _serve

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(answer: Callable[[Seen], Reply]) -> Iterator[Web]:
    with Web(answer) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, name="web")
        thread.start()
        try:
            yield web
        finally:
            web.shutdown()
            thread.join()
