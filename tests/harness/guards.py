"""What no test may do: leave a thread behind, or speak to anything but this machine."""

from __future__ import annotations

import ipaddress
import sys
import threading
import time
from typing import Any


def is_loopback(host: object) -> bool:
    """Return whether a host, as sockets take it, is this machine."""
    if host in (None, "", "localhost"):
        return True
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


class NetworkGuard:
    """Refuses every connection and name look-up of this process that leaves the machine.

    It is an audit hook: no test and no library can go around it, or undo it by accident.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) else None  # a str is a Unix socket
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            host = arguments[0]
        else:
            return
        if not is_loopback(host):
            self.refused.append(str(host))
            raise OSError(f"Tests may not reach {host!r}: only this machine.")


def left_over_threads(before: set[threading.Thread], patience: float = 2) -> list[threading.Thread]:
    """Return the non-daemon threads that are new and do not end within `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        left = [thread for thread in threading.enumerate() if not thread.daemon and thread not in before]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)
