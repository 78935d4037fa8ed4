"""What the kernels of one user tell each other about a limit: a small file of fixed size, locked for microseconds."""

from __future__ import annotations

import math
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

_MAGIC = b"TTSb"
_LAYOUT = struct.Struct("<4sdddQ")
_SIZE = _LAYOUT.size + 4  # and a checksum
_TRIES, _BETWEEN_TRIES = 20, 0.001  # the others hold the lock for microseconds
_LEFT_ALONE = 1.0  # seconds without another try, after one took too long
_FLAGS = (
    os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands in the file. Times are of time.monotonic, which all processes of a machine share.

    Attributes:
        next_at: When the next slot is free.
        limit: The limit that was found last, requests a second; 0 if none was.
        found_at: When it was found.
        taken: How many slots were taken, ever.
    """

    next_at: float = 0.0
    limit: float = 0.0
    found_at: float = 0.0
    taken: int = 0


class SlotFile:
    """The file for one limit. Whatever is wrong with it: then there is nothing to read and nothing is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self._usable = True
        self._try_again_at = -math.inf

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # bound here: at the interpreter's end this module's names may be gone before its last file
        if self._handle is not None:
            try:  # noqa: SIM105 - for the same reason
                close(self._handle)
            except OSError:
                pass

    def close(self) -> None:
        """Close the file. Safe to call twice; the next use opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(OSError):
                os.close(handle)

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Keep the other processes out meanwhile; False if that was not possible."""
        handle = self._lock()
        try:
            yield handle is not None
        finally:
            if handle is not None:
                with suppress(OSError):
                    unlock_descriptor(handle)

    def read(self) -> Notice | None:
        """What the file says, None if it cannot be used. One that is new or was cut off says nothing."""
        handle = self._open()
        if handle is None:
            return None
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            content = os.read(handle, _SIZE + 1)
        except OSError:
            return None
        if content and content[:4] != _MAGIC:
            self._usable = False  # somebody else's: it is left as it is
            return None
        return _parsed(content)

    def write(self, notice: Notice) -> None:
        """Replace what the file says."""
        handle = self._open()
        if handle is None:
            return
        content = _LAYOUT.pack(_MAGIC, notice.next_at, notice.limit, notice.found_at, notice.taken % 2**64)
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, content + zlib.crc32(content).to_bytes(4, "little"))
        except OSError:
            self._usable = False

    def _lock(self) -> int | None:
        if time.monotonic() < self._try_again_at:
            return None
        handle = self._open()
        if handle is None:
            return None
        try:
            for _ in range(_TRIES):
                if lock_descriptor(handle, blocking=False):
                    return handle
                time.sleep(_BETWEEN_TRIES)
        except OSError:  # a disk without locks
            self._usable = False
            return None
        self._try_again_at = time.monotonic() + _LEFT_ALONE  # its holder was suspended
        return None

    def _open(self) -> int | None:
        if self._handle is None and self._usable:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._handle = os.open(self._path, _FLAGS, 0o600)
            except OSError:
                self._usable = False
        return self._handle if self._usable else None


def _parsed(content: bytes) -> Notice:
    if len(content) != _SIZE or zlib.crc32(content[:-4]).to_bytes(4, "little") != content[-4:]:
        return Notice()
    _, next_at, limit, found_at, taken = _LAYOUT.unpack(content[:-4])
    if not all(map(math.isfinite, (next_at, limit, found_at))) or limit < 0:
        return Notice()
    return Notice(next_at, limit, found_at, taken)
