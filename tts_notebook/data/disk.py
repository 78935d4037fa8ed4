"""The file operations of a synced directory, each durable before the next one starts unless it says otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from tts_notebook.errors import InputError

UNFINISHED = ".tmp"


def choose_directory(name: str, given: Any) -> Path:
    """Return where a directory is or will be, whatever becomes of the current one.

    Raises:
        InputError: nothing can have that name, or Arrow, which wants UTF-8, could not open it.
    """
    try:
        where = Path(given).expanduser().absolute()
        if b"\0" not in str(where).encode():
            return where
    # of these, RuntimeError is a home that nobody has, and OSError a current directory that is gone
    except (TypeError, ValueError, RuntimeError, OSError):
        pass
    raise InputError(f"{name}={given!r} is not a directory, and cannot become one.")


class Disk:
    """Files and directories; tests put one in its place that fails at a chosen operation."""

    def create(self, path: Path) -> BinaryIO:
        """Open a new file for writing; what a killed process left under its name is overwritten."""
        return path.open("wb")

    def finish(self, file: BinaryIO) -> None:
        """Close a file once all of it is on the disk."""
        with file:
            file.flush()
            os.fsync(file.fileno())

    def replace(self, source: Path, target: Path) -> None:
        """Give a file another name, in one step."""
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def make(self, directory: Path, *, durable: bool = True) -> None:
        """Make a directory and those above it, if they are not there."""
        if not directory.is_dir():
            self.make(directory.parent, durable=durable)
            with suppress(FileExistsError):
                directory.mkdir()
            if durable:
                self.settle(directory.parent)

    def settle(self, directory: Path) -> None:
        """Put the names in a directory on the disk, where the system has a way to."""
        if os.name == "nt":
            return
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def write(self, path: Path, fill: Callable[[BinaryIO], object]) -> None:
        """Replace a file in one step; a crash or an error leaves the old one or the new one."""
        temporary = path.with_name(path.name + UNFINISHED)
        try:
            file = self.create(temporary)
            try:
                fill(file)
            except BaseException:  # also who presses stop wants no file left open
                file.close()
                raise
            self.finish(file)
            self.replace(temporary, path)
        except Exception:
            with suppress(OSError):  # on a full disk its room is what the next attempt needs
                self.remove(temporary)
            raise
        self.settle(path.parent)
