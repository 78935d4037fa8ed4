"""Where a token is kept: a file of mode 0600 that is replaced atomically, or memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from tts_notebook.auth.token import Token
from tts_notebook.errors import ConfigError, TTSError

_NOTES = "tts_notebook"  # our key beside TikTok Shop's own in the profile's file
_LOCK_SECONDS = 90  # longer than one token call with its retries can take
_UNFINISHED = ".tmp"


class TokenStore(Protocol):
    """What a TokenKeeper needs of the place where a token is kept.

    Attributes:
        succeeds: Fingerprint of the refresh token of the environment from which this login came, else empty.
    """

    succeeds: str

    @property
    def where(self) -> str:
        """The place, in words."""

    def load(self) -> Token | None:
        """Return the token, None if there is none."""

    def save(self, token: Token) -> None:
        """Replace the token; after an error the one before is still there."""

    def forget(self) -> None:
        """Remove the token."""

    def lock(self) -> AbstractContextManager[object]:
        """Keep other processes from renewing this token meanwhile."""

    def version(self) -> object:
        """Something that differs after each change, None if nothing is kept; cheap enough for every second."""


@dataclass(slots=True)
class MemoryStore:
    """Keeps a token for as long as this process lives: the sandbox's."""

    where: str = "in memory only"
    succeeds: str = ""
    _token: Token | None = field(default=None, repr=False)

    def load(self) -> Token | None:
        """Return the token, None if there is none."""
        return self._token

    def save(self, token: Token) -> None:
        """Replace the token."""
        self._token = token

    def forget(self) -> None:
        """Remove the token."""
        self._token = None

    def lock(self) -> AbstractContextManager[object]:
        """Nothing to guard: the keeper's own lock covers the threads of this process."""
        return nullcontext()

    def version(self) -> object:
        """The token itself; nobody else can change it."""
        return self._token


class FileStore:
    """Keeps a token as TikTok Shop's own response JSON.

    Args:
        path: The file.
        lock_path: The file that processes lock; never deleted, so that all lock the same one.
        annotate: Whether our notes (when it was received, what it succeeds) are written
            beside TikTok Shop's fields. Off for --token-file, whose format belongs to others.
        lock_seconds: How long to wait for another process that holds the lock.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock_path: Path,
        annotate: bool = True,
        succeeds: str = "",
        lock_seconds: float = _LOCK_SECONDS,
    ) -> None:
        self.path, self._lock_path, self._annotate, self._lock_seconds = path, lock_path, annotate, lock_seconds
        self.succeeds = succeeds
        self.where = f"in the file {path}"

    def load(self) -> Token | None:
        """Return the token, None if there is no file.

        Raises:
            ConfigError: there is a file, and it holds no token. It is left as it is.
        """
        try:
            token, notes = self._read()
        except FileNotFoundError:
            return None
        self.succeeds = str(notes.get("succeeds") or self.succeeds)
        return token

    def save(self, token: Token) -> None:
        """Replace the file. What stood there and was no token is kept beside it.

        Raises:
            ConfigError: it could not be written; the file before is still there.
        """
        envelope = annotated(token, self.succeeds) if self._annotate else token.response(reveal=True)
        try:
            self._keep_foreign()
            write_json(self.path, envelope)
        except OSError as failure:
            raise ConfigError(
                f"The login could not be saved in {self.path} ({failure.strerror}). It works until this kernel ends.",
                next_step="Make room or choose another place with TTS_HOME, then run %tiktok_auth refresh.",
            ) from None

    def version(self) -> object:
        """What the file system says of the file, None if there is none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as failure:  # a network drive that is away for a moment has not lost the file
            return failure.errno
        return found.st_mtime_ns, found.st_ino, found.st_size

    def forget(self) -> None:
        """Remove the file, and what a killed process left of one.

        Raises:
            ConfigError: it could not be removed.
        """
        try:
            for path in (self.path, *self.path.parent.glob(f".{escape(self.path.name)}.*{_UNFINISHED}")):
                path.unlink(missing_ok=True)
        except OSError as failure:
            raise ConfigError(
                f"{self.path} could not be removed ({failure.strerror}).",
                next_step="Remove it by hand: it holds a token.",
            ) from None

    def lock(self) -> AbstractContextManager[object]:
        """Keep other processes from renewing this token meanwhile."""
        return locked(self._lock_path, self._lock_seconds)

    def _read(self) -> tuple[Token, Mapping[str, Any]]:
        envelope = read_json(self.path)
        try:
            # others write no note of the time: the file is as old as what it holds
            return from_annotated(envelope, datetime.fromtimestamp(self.path.stat().st_mtime, UTC))
        except TTSError:
            raise damaged(self.path) from None

    def _keep_foreign(self) -> None:
        with suppress(FileNotFoundError):
            try:
                self._read()
            except ConfigError:
                # copied, because other processes take a missing file for a logout
                shutil.copy2(self.path, self.path.with_name(f"{self.path.name}.damaged-{int(time.time())}"))


@contextmanager
def locked(path: Path, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """Hold the file lock that keeps other processes from renewing a token.

    Raises:
        ConfigError: another process has held it for too long.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(path, timeout=seconds, mode=0o600)
        lock.acquire()
    except Timeout:
        raise ConfigError(
            f"Another program has been renewing this login for {seconds:g} seconds ({path}).",
            next_step="End it and run the cell again.",
        ) from None
    except (OSError, NotImplementedError):
        # a disk that is read-only, full or without locks must not stop a session: other processes
        # are then not excluded
        yield
        return
    try:
        yield
    finally:
        lock.release()


def annotated(token: Token, succeeds: str) -> dict[str, Any]:
    """A token's response with our notes: when it was received, and what it succeeds."""
    notes = {"obtained_at": token.obtained_at.isoformat(), "succeeds": succeeds}
    return {**token.response(reveal=True), _NOTES: notes}


def from_annotated(envelope: Any, obtained_at: datetime) -> tuple[Token, Mapping[str, Any]]:
    """The token and our notes in what `annotated` made; `obtained_at` counts where the notes do not say.

    Raises:
        TTSError: it holds no token.
    """
    notes = envelope.pop(_NOTES, None) if isinstance(envelope, dict) else None
    notes = notes if isinstance(notes, Mapping) else {}
    with suppress(ValueError, TypeError):
        moment = datetime.fromisoformat(str(notes.get("obtained_at")))
        obtained_at = moment if moment.tzinfo is not None else obtained_at
    return Token.from_response(envelope, obtained_at=obtained_at), notes


def read_json(path: Path) -> Any:
    """Read a JSON file of ours.

    Raises:
        FileNotFoundError: there is none.
        ConfigError: it cannot be read, or is not JSON. It is left as it is.
    """
    try:
        if path.stat().st_size > 1_000_000:  # a token response is about 1 KB
            raise damaged(path)
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise damaged(path) from None
    except FileNotFoundError:
        raise
    except OSError as failure:
        raise ConfigError(f"{path} cannot be read ({failure.strerror}).") from None


def write_json(path: Path, content: object) -> None:
    """Replace a file in one step, mode 0600 from its first byte; a crash leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent
    )  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)  # ASCII, which also holds halves of emoji as they came
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def fingerprint(secret: str) -> str:
    """A hash that tells two refresh tokens apart and says nothing else about them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def damaged(path: Path) -> ConfigError:
    """The error for a file that does not hold what it should."""
    return ConfigError(
        f"{path} does not hold a TikTok Shop token response. It was left as it is.",
        next_step="Move it away, or run %tiktok_auth login --force: the file is then kept under another name.",
    )
