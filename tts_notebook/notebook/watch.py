"""Follows this process's connections: renews tokens of idle notebooks, and sees what other kernels did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from tts_notebook.errors import TTSError
from tts_notebook.notebook.connections import Connection

_EVERY_SECONDS = 1.0  # two panels of one profile agree within two seconds


class Watch:
    """One thread for all connections, until it is closed.

    Args:
        connections: Gives the connections as of now.
        every: Seconds between two looks.
    """

    def __init__(self, connections: Callable[[], Iterable[Connection]], *, every: float = _EVERY_SECONDS) -> None:
        self._connections, self._every = connections, every
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tts_notebook watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread. Safe to call twice."""
        self._closed.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            for connection in tuple(self._connections()):
                # what fails here is kept in the keeper's last_problem, which panel and status show
                with suppress(TTSError):
                    look_after(connection, datetime.now(UTC))


def look_after(connection: Connection, now: datetime) -> None:
    """Adopt what another kernel stored or removed, and renew a token that is about to end."""
    keeper = connection.keeper
    keeper.follow_store()
    token = keeper.token
    if token is not None and connection.auto_refresh and token.needs_refresh(now) and not token.is_dead(now):
        keeper.current()
