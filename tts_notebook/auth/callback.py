"""Serves the redirect URI on 127.0.0.1 and ::1 from a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tts_notebook.app import is_loopback
from tts_notebook.auth.forked import let_go_in_children
from tts_notebook.auth.page import Page, render
from tts_notebook.errors import ConfigError

_HEAD_BYTES = 16 * 1024  # a redirect is under 1 KB; more than this is not a browser
_HEAD_SECONDS = 5.0
_BACKLOG = 512  # connections that wait to be accepted
_REPLY_SECONDS = 2.0  # how long replies may take to leave once the port is closed


Handler = Callable[[dict[str, str]], Page]


class CallbackServer:
    """Listens for one login's redirect until it is closed.

    Both addresses are bound before the constructor returns, so the sign-in link may be
    shown. Only GET requests to the redirect URI's path that carry a query reach `handler`, in
    a thread of their own, and the browser is answered with the page that it returns. Those to the
    cancel address reach `cancel` in the same way.
    """

    def __init__(
        self,
        redirect_uri: str,
        handler: Handler,
        cancel: Handler | None = None,
        *,
        head_seconds: float = _HEAD_SECONDS,
    ) -> None:
        parts = urlsplit(redirect_uri)
        self._head_seconds = head_seconds
        self._path = parts.path or "/"
        self._port = parts.port or 80
        self._handlers = {self._path: handler}
        if cancel is not None:
            self._handlers[urlsplit(cancel_address(redirect_uri, "")).path] = cancel
        self._sockets = _bind(self._port)
        let_go_in_children(self)
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._port_freed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tts_notebook callback", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Free the port, then return; replies under way get a moment to leave. Safe to call twice."""
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._closing.set)
        if threading.current_thread() is not self._thread:
            self._port_freed.wait(1)

    def let_go(self) -> None:
        """A forked child does not listen: a worker that outlives the login would keep the port."""
        for listener in self._sockets:
            listener.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        servers = [
            await asyncio.start_server(self._accept, sock=listener, limit=_HEAD_BYTES, backlog=_BACKLOG)
            for listener in self._sockets
        ]
        await self._closing.wait()
        # a connection that was taken just now is lost if the server closes before the connection knows it
        for listener in self._sockets:
            with contextlib.suppress(NotImplementedError):  # the loop of Windows takes them in one step
                self._loop.remove_reader(listener)
        await asyncio.sleep(0)
        for server in servers:
            server.close()
        self._port_freed.set()
        until = self._loop.time() + _REPLY_SECONDS
        while (left := _others()) and self._loop.time() < until:
            await asyncio.wait(left, timeout=until - self._loop.time())
        for task in left:
            task.cancel()
        if left:
            await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # not a browser, or one that went away: nothing to tell anybody
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(self._head_seconds):
            head = await reader.readuntil(b"\r\n\r\n")
        method, target, host, prefetch = _read_head(head)
        path, _, raw_query = target.partition("?")
        page = self._refuse(method, path, host, prefetch, has_query=bool(raw_query))
        if page is None:
            # the first value counts, and a repeated name cannot replace it
            query = dict(reversed(parse_qsl(raw_query, keep_blank_values=True, errors="replace")))
            page = await asyncio.to_thread(self._handlers[path], query)
        body = b"" if method == "HEAD" else render(page).encode()
        writer.write(_reply_head(page.status, len(body)) + body)
        async with asyncio.timeout(self._head_seconds):
            await writer.drain()

    def _refuse(self, method: str, path: str, host: str, prefetch: bool, *, has_query: bool) -> Page | None:
        """The answer to what is not a redirect, or None."""
        if method not in ("GET", "HEAD"):
            return Page(405, "This address only takes the redirect of a sign-in.")
        if not is_loopback(_host_name(host)):  # a foreign name that resolves to this machine: DNS rebinding
            return Page(421, "This address only answers to localhost.")
        if path not in self._handlers:
            return Page(404, "There is nothing here.")
        if prefetch:  # a failure is not kept, so the browser asks again when the seller really comes
            return Page(503, "This address is not fetched ahead of time.")
        if method == "HEAD" or not has_query:
            return Page(
                200,
                "Waiting for the sign-in.",
                ("This is where TikTok Shop sends the browser back to. Open the sign-in link in your notebook.",),
            )
        return None


def _others() -> set[asyncio.Task[Any]]:
    """Whatever else the loop does: also a connection that it has taken and not given to anybody yet."""
    return asyncio.all_tasks() - {asyncio.current_task()}


def cancel_address(redirect_uri: str, state: str) -> str:
    """The link that cancels a login without the kernel's main thread: beside the redirect URI, with its `state`."""
    parts = urlsplit(redirect_uri)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/cancel", query=urlencode({"state": state})))


def _read_head(head: bytes) -> tuple[str, str, str, bool]:
    request, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = request.partition(" ")
    target = rest.rpartition(" ")[0]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    purpose = headers.get("sec-purpose", "") + headers.get("purpose", "")
    return method, target, headers.get("host", ""), "prefetch" in purpose


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _reply_head(status: int, length: int) -> bytes:
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {length}\r\n"
        "Connection: close\r\n"
        "Cache-Control: no-store\r\n"
        "Referrer-Policy: no-referrer\r\n"  # the address in the tab holds the code
        "X-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"
        "\r\n"
    ).encode()


def _bind(port: int) -> list[socket.socket]:
    """Listen on both loopback addresses, or on neither."""
    bound: list[socket.socket] = []
    try:
        for family, address in _loopback_addresses():
            bound.append(_listen(family, address, port))
    except OSError as failure:
        for listener in bound:
            listener.close()
        raise _port_problem(port, failure) from None
    return bound


def _loopback_addresses() -> Iterator[tuple[socket.AddressFamily, str]]:
    yield socket.AF_INET, "127.0.0.1"
    if socket.has_ipv6:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))  # some containers have the family but not the address
            yield socket.AF_INET6, "::1"


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family)
    try:
        if sys.platform == "win32":
            # there SO_REUSEADDR would let another program take the port from us
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _port_problem(port: int, failure: OSError) -> ConfigError:
    if failure.errno in (errno.EACCES, errno.EPERM):
        return ConfigError(
            f"This machine does not let us listen on port {port}.",
            next_step="Choose a port above 1023 with --port and register it as the app's redirect URI.",
        )
    if failure.errno != errno.EADDRINUSE:
        return ConfigError(f"Port {port} cannot be used ({failure.strerror}).")
    owner = _port_owner(port)
    return ConfigError(
        f"Port {port} is in use by {owner or 'another program'}.",
        next_step=(
            "Close it, wait for the other notebook's sign-in to end, or choose another port with --port and "
            "register it as the app's redirect URI."
        ),
    )


def _port_owner(port: int) -> str:
    """The program that listens there, if this machine says it and psutil is installed."""
    try:
        import psutil  # comes with every ipykernel, absent in a plain script
    except ImportError:
        return ""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError, RuntimeError):
        pass  # another user's program, or a system that does not say
    return ""
