"""Where things are on this machine: the tree, the cache of development tools, free ports."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from contextlib import suppress
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


# Outside the tree: what tests had to install. Read at import, because no test sees a TTS_ variable.
DEV_CACHE = Path(os.environ.get("TTS_DEV_CACHE") or Path.home() / ".cache" / "tts-notebook-dev")

_PORTS = range(20_000, 32_000)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Return the path of the Chromium that this machine has."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    raise RuntimeError("The browser tests need Chromium. `python3 tasks.py test` installs it, where it can.")


def free_port() -> int:
    """Return a port that nothing listens on, neither on 127.0.0.1 nor on ::1.

    It is none of those that a system gives to outgoing connections: one of them may be taken before it is used.
    """
    for _ in range(50):
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            socket.create_server(("::1", port), family=socket.AF_INET6).close()
            return port
    raise RuntimeError("No port is free on both 127.0.0.1 and ::1.")


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without any TTS_ setting, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TTS_")}
    return kept | extra
