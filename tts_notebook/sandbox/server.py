"""The HTTP server: asyncio connections around the router, every one of them bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from .router import Router
from .wire import MAX_BODY, MAX_HEAD, BadRequest, Request, Response, read_request, write_response

MAX_CONNECTIONS = 512
IDLE_SECONDS = 75.0
SWEEP_SECONDS = 5.0
_MAX_BUFFER = MAX_HEAD + 2 * MAX_BODY


class Connection(asyncio.Protocol):
    """One connection: reads requests one after the other, answers each before the next."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._may_write = True
        self._told_to_continue = False
        self._active_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # TCP_NODELAY is asyncio's default
        self._touch()
        if not self._server.admit(self):
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._server.connections.discard(self)
        self._transport = None
        if self._waiting:
            self._waiting.cancel()

    def data_received(self, data: bytes) -> None:
        self._touch()
        self._buffer += data
        if len(self._buffer) > _MAX_BUFFER and self._transport:
            self._transport.abort()
            return
        self._serve()

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._touch()
        self._serve()

    def idle_seconds(self) -> float:
        """Return how long nothing has happened; a late answer is not idleness."""
        return 0.0 if self._waiting else self._server.loop.time() - self._active_at

    def close(self) -> None:
        if self._transport:
            self._transport.abort()

    def _touch(self) -> None:
        self._active_at = self._server.loop.time()

    def _serve(self) -> None:
        """Answer what has arrived, unless an answer is still on its way out."""
        while self._buffer and self._may_write and not self._waiting and self._transport:
            if self._transport.is_closing():
                return
            try:
                request = read_request(self._buffer)
            except BadRequest as bad:
                self._send(Response(bad.status, str(bad).encode(), "text/plain; charset=utf-8"), None)
                return
            if request is None:
                self._encourage()
                return
            self._told_to_continue = False
            self._answer(request)

    def _encourage(self) -> None:
        # curl and others hold a body back until they are told to go on
        if not self._told_to_continue and b"100-continue" in self._buffer[:MAX_HEAD].lower() and self._transport:
            self._told_to_continue = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, request: Request) -> None:
        try:
            response = self._server.router.answer(request)
        except BadRequest as bad:
            response = Response(bad.status, str(bad).encode(), "text/plain; charset=utf-8")
        if response.delay:
            self._waiting = self._server.loop.call_later(response.delay, self._send_late, response, request)
        else:
            self._send(response, request)

    def _send_late(self, response: Response, request: Request) -> None:
        self._waiting = None
        self._touch()
        self._send(response, request)
        self._serve()

    def _send(self, response: Response, request: Request | None) -> None:
        if not self._transport:
            return
        keep_alive = request is not None and request.keep_alive and response.cut is None
        head_only = request is not None and request.method == "HEAD"
        data = write_response(response, keep_alive=keep_alive, head_only=head_only)
        if response.cut == 0:
            self._transport.abort()
            return
        self._transport.write(data if response.cut is None else data[: int(len(data) * response.cut)])
        if not keep_alive:
            self._transport.close()


class Server:
    """Listens, counts connections, closes idle ones, stops when told to."""

    def __init__(self, router: Router, loop: asyncio.AbstractEventLoop) -> None:
        self.router, self.loop = router, loop
        self.connections: set[Connection] = set()
        self._stopped = asyncio.Event()

    def admit(self, connection: Connection) -> bool:
        if len(self.connections) >= MAX_CONNECTIONS:
            return False
        self.connections.add(connection)
        return True

    def stop(self) -> None:
        self._stopped.set()

    async def serve(self, host: str, port: int, listening: Callable[[int], None]) -> None:
        """Serve until `stop`; `listening` is told the port once requests are answered."""
        listener = await self.loop.create_server(lambda: Connection(self), host, port, backlog=256)
        sweeper = self.loop.create_task(self._sweep())
        try:
            listening(listener.sockets[0].getsockname()[1])
            await self._stopped.wait()
        finally:
            sweeper.cancel()
            listener.close()
            for connection in tuple(self.connections):
                connection.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for connection in tuple(self.connections):
                if connection.idle_seconds() > IDLE_SECONDS:
                    connection.close()
