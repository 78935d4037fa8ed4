"""Hands redirects over between the kernels of one user that log in at the same time.

The redirect URI is fixed by registration, so several notebooks compete for one port. The kernel that
listens gives a redirect whose `state` is not its own to the kernel that waits for it, through files of
mode 0600 in a directory of mode 0700 that live for a moment; when it stops listening, a waiting kernel
takes the port over. File locks tell who is alive: the system drops them with the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tts_notebook.auth.page import Page
from tts_notebook.auth.store import fingerprint, read_json, write_json
from tts_notebook.errors import ConfigError

_REPLY_SECONDS = 30.0  # how long the browser waits for the other kernel's page
_POLL_SECONDS = 0.05
# the thread that starts to listen is seldom the one that stops
_ANY_THREAD: dict[str, Any] = {"timeout": 0, "mode": 0o600, "thread_local": False}


class Relay:
    """The meeting point of this user's kernels for one port.

    On a disk that takes no files they do not meet: each login then has the port for itself.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        self._holder = FileLock(folder / f"port-{port}.lock", **_ANY_THREAD)

    def claim(self) -> None:
        """Say that this kernel listens on the port; call it once the port is bound."""
        with suppress(OSError):
            self._holder.acquire(timeout=2)

    def release(self) -> None:
        """Say that it does not listen any more. Safe to call twice."""
        self._holder.release()

    def is_ours(self) -> bool:
        """Whether another kernel of this user listens on the port."""
        try:
            with self._holder:
                return False
        except Timeout:
            return True
        except OSError:
            return False

    def mailbox(self, state: str) -> Mailbox:
        """Wait for redirects with this `state`, whoever receives them."""
        return Mailbox(self._folder, state)

    def deliver(self, query: Mapping[str, str]) -> Page | None:
        """Give a redirect to the kernel that waits for it, and return the page that it answers with.

        Returns:
            None if no living kernel waits for this `state`.
        """
        box = Mailbox(self._folder, query.get("state", ""))
        if not box.is_watched():
            return None
        try:
            write_json(box.mail, dict(query))
        except OSError:
            return None
        try:
            deadline = time.monotonic() + _REPLY_SECONDS
            while time.monotonic() < deadline and box.is_watched():
                page = box.take_page()
                if page is not None:
                    return page
                time.sleep(_POLL_SECONDS)
        finally:
            box.mail.unlink(missing_ok=True)
        return box.take_page() or Page(
            200, "Handed over", ("Another notebook of yours has this sign-in: look at its panel.",), mark="◔"
        )


class Mailbox:
    """Where one pending login finds its redirect. The files' names are hashes of its `state`."""

    def __init__(self, folder: Path, state: str) -> None:
        name = fingerprint(state)[:40]
        self.mail, self._page = folder / f"mail-{name}.json", folder / f"page-{name}.json"
        self._lock_path = folder / f"wait-{name}.lock"
        self._lock = FileLock(self._lock_path, **_ANY_THREAD)

    def open(self) -> None:
        """Watch it from now on."""
        self._lock.acquire(timeout=2)

    def close(self) -> None:
        """Stop watching, and leave no file."""
        self._lock.release()
        for path in (self._lock_path, self.mail):
            path.unlink(missing_ok=True)

    def is_watched(self) -> bool:
        """Whether a living kernel watches it."""
        if not self._lock_path.exists():
            return False
        try:
            with self._lock:
                return False
        except Timeout:
            return True

    def answer(self, handler: Callable[[dict[str, str]], Page]) -> bool:
        """Let `handler` decide on the redirect that has come, if one has, and pass its page on."""
        try:
            query = read_json(self.mail)
        except (FileNotFoundError, ConfigError):
            return False
        self.mail.unlink(missing_ok=True)
        page = handler({str(name): str(value) for name, value in query.items()})
        with suppress(OSError):  # the login is decided, whether or not the browser hears of it
            write_json(
                self._page, {"status": page.status, "headline": page.headline, "lines": page.lines, "mark": page.mark}
            )
        return True

    def take_page(self) -> Page | None:
        """The page that the waiting kernel answered with, once."""
        try:
            page = read_json(self._page)
        except (FileNotFoundError, ConfigError):
            return None
        self._page.unlink(missing_ok=True)
        return Page(page["status"], page["headline"], tuple(page["lines"]), page["mark"])
