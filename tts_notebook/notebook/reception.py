"""Reception: gets one login's redirect on the registered port, or through the notebook that holds it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress

from tts_notebook.auth import settings
from tts_notebook.auth.callback import CallbackServer, Handler
from tts_notebook.auth.page import Page
from tts_notebook.auth.relay import Relay
from tts_notebook.errors import ConfigError

_LOOK_SECONDS = 0.1  # how often a login without the port looks for its redirect and for the port


class Reception:
    """Receives redirects until it is closed. The constructor returns when the sign-in link may be shown.

    Raises:
        ConfigError: the port is in use, and not by another notebook of this user.
    """

    def __init__(self, redirect_uri: str, port: int, state: str, *, receive: Handler, cancel: Handler) -> None:
        self._redirect_uri, self._receive, self._cancel = redirect_uri, receive, cancel
        self._relay = Relay(settings.home() / "runtime", port)
        self._lock = threading.Lock()  # around taking the port and closing
        self._closed = threading.Event()
        self._server: CallbackServer | None = None
        self._follower: threading.Thread | None = None
        try:
            self._take_port()
        except ConfigError:
            if not self._relay.is_ours():
                raise
            self._follower = threading.Thread(
                target=self._follow, args=(state,), name="tts_notebook follower", daemon=True
            )
            self._follower.start()

    @property
    def has_port(self) -> bool:
        """Whether this kernel itself listens on the port."""
        return self._server is not None

    def pass_on(self, query: Mapping[str, str]) -> Page | None:
        """Give a redirect that is not this login's to the notebook that waits for it; None if none does."""
        return self._relay.deliver(query)

    def close(self) -> None:
        """Free the port. Safe to call twice."""
        self._closed.set()
        with self._lock:
            if self._server is not None:
                self._server.close()
                self._relay.release()

    def join(self, timeout: float | None = None) -> None:
        """Wait until its threads have ended."""
        for part in (self._follower, self._server):
            if part is not None:
                part.join(timeout)

    def _take_port(self) -> None:
        with self._lock:
            if self._server is None and not self._closed.is_set():
                self._server = CallbackServer(self._redirect_uri, self._receive, self._cancel)
                self._relay.claim()

    def _follow(self, state: str) -> None:
        """Look for the redirect that the port's holder hands over, and for the port itself."""
        box = self._relay.mailbox(state)
        box.open()
        try:
            while not self._closed.is_set() and not box.answer(self._receive):
                with suppress(ConfigError):
                    self._take_port()
                self._closed.wait(_LOOK_SECONDS)
        finally:
            box.close()
