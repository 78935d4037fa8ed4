"""KeyringStore: keeps a token in the system's keyring, where that proves to work."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from tts_notebook.auth.frameless import frameless
from tts_notebook.auth.store import annotated, from_annotated, locked, read_json, write_json
from tts_notebook.auth.token import Token
from tts_notebook.errors import ConfigError, TTSError

NOTE = "keyring.json"  # in the profile's folder: that the keyring holds its token, under which name, and a stamp
_SERVICE = "tts_notebook"
_ANSWER_SECONDS = 3.0  # a keyring without a desktop may wait for a dialog that nobody sees
_PROBE_BYTES = 4000  # a token response with all its scopes; the Windows vault takes 2,560
_FALLBACK = "Install and unlock a keyring, or choose another place with TTS_STORE=file."

_Answer = TypeVar("_Answer")
_silent: set[str] = set()  # backends that did not answer once: they are not waited for again in this process


class KeyringStore:
    """Keeps one profile's token in the keyring, and a note about it beside the profile's settings.

    The note, which holds no secret, is what other kernels look at every second, and what
    makes a keyring that is away later a sentence instead of a second login.

    Args:
        folder: The profile's folder.
        lock_path: The file that processes lock.
        profile: Its name, for the messages.
    """

    def __init__(self, folder: Path, *, lock_path: Path, profile: str) -> None:
        self.succeeds = ""
        self._note, self._lock_path, self._profile = folder / NOTE, lock_path, profile

    @property
    def where(self) -> str:
        """The place, in words; asks no keyring."""
        backend = ""
        with suppress(ConfigError):
            backend = self._noted().get("backend", "")
        return f"in the keyring ({backend or 'of this system'})"

    def load(self) -> Token | None:
        """Return the token, None if the profile has none.

        Raises:
            ConfigError: the keyring should hold one and does not, or does not answer.
        """
        entry = self._noted().get("entry")
        if not entry:
            return None
        text = _ask(lambda keyring: keyring.get_password(_SERVICE, entry))
        try:
            token, notes = from_annotated(json.loads(text or "null"), datetime.fromtimestamp(0, UTC))
        except (ValueError, RecursionError, TTSError):
            raise ConfigError(
                f"The login of profile {self._profile} should be {self.where}, and is not there.",
                next_step="Use the keyring it was saved with, or run %tiktok_auth login --force.",
            ) from None
        self.succeeds = str(notes.get("succeeds") or self.succeeds)
        return token

    @frameless
    def save(self, token: Token) -> None:
        """Replace the token.

        Raises:
            ConfigError: the keyring did not take it, or the note could not be written.
        """
        entry = self._noted().get("entry")
        try:
            if not entry:  # noted first, so that nothing is ever in the keyring that nobody knows of
                entry = f"{self._profile} {secrets.token_hex(8)}"
                self._write_note(entry, "")
            backend = _ask(lambda keyring: _write(keyring, entry, json.dumps(annotated(token, self.succeeds))))
            self._write_note(entry, backend)
        except OSError as failure:
            raise ConfigError(
                f"The login could not be saved, because {self._note} cannot be written ({failure.strerror}). "
                "It works until this kernel ends."
            ) from None

    def forget(self) -> None:
        """Remove the token and the note.

        Raises:
            ConfigError: the keyring did not remove it.
        """
        entry = self._noted().get("entry")
        if entry:
            _ask(lambda keyring: _remove(keyring, entry))
        try:
            self._note.unlink(missing_ok=True)
        except OSError as failure:
            raise ConfigError(f"{self._note} could not be removed ({failure.strerror}).") from None

    def lock(self) -> AbstractContextManager[object]:
        """Keep other processes from renewing this token meanwhile."""
        return locked(self._lock_path)

    def version(self) -> object:
        """What the file system says of the note, None if there is none; the keyring is not asked."""
        try:
            found = self._note.stat()
        except FileNotFoundError:
            return None
        except OSError as failure:
            return failure.errno
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _noted(self) -> dict[str, str]:
        try:
            note = read_json(self._note)
        except FileNotFoundError:
            return {}
        if not isinstance(note, dict) or not isinstance(note.get("entry"), str):
            raise ConfigError(f"{self._note} is damaged.", next_step="Remove it, and log in again.")
        return {name: str(value) for name, value in note.items()}

    def _write_note(self, entry: str, backend: str) -> None:
        write_json(self._note, {"entry": entry, "backend": backend})


def is_usable() -> bool:
    """Whether there is a keyring that keeps what it is given; asks nothing if none is installed."""
    try:
        require_usable()
    except ConfigError:
        return False
    return True


def require_usable() -> None:
    """Refuse a keyring that is absent, silent, too small or forgetful.

    Raises:
        ConfigError: which of these it is.
    """
    entry, probe = f"probe {secrets.token_hex(8)}", secrets.token_urlsafe(_PROBE_BYTES)[:_PROBE_BYTES]
    try:
        _ask(lambda keyring: _write(keyring, entry, probe))
    finally:
        with suppress(ConfigError):
            _ask(lambda keyring: _remove(keyring, entry))


class _Forgetful(Exception):
    """The keyring did not give back what was written."""


def _write(keyring: Any, entry: str, text: str) -> str:
    keyring.set_password(_SERVICE, entry, text)
    if keyring.get_password(_SERVICE, entry) != text:  # the null keyring takes everything and keeps nothing
        raise _Forgetful
    return str(keyring.name)


def _remove(keyring: Any, entry: str) -> None:
    if keyring.get_password(_SERVICE, entry) is not None:
        keyring.delete_password(_SERVICE, entry)


def _ask(question: Callable[[Any], _Answer]) -> _Answer:
    """Ask the keyring in a thread of its own, and wait three seconds at the most."""
    if find_spec("keyring") is None:
        raise ConfigError("The package keyring is not installed here.", next_step=_FALLBACK)
    import keyring

    answer: Future[_Answer] = Future()
    name = ""

    def work() -> None:
        nonlocal name
        try:
            backend = keyring.get_keyring()
            name = f"{type(backend).__module__}.{type(backend).__qualname__}"
            if name in _silent:
                raise TimeoutError
            answer.set_result(question(backend))
        except BaseException as failure:  # noqa: BLE001 - told by whoever waits
            answer.set_exception(failure.with_traceback(None))

    threading.Thread(target=work, name="tts_notebook keyring", daemon=True).start()
    try:
        return answer.result(_ANSWER_SECONDS)
    except TimeoutError:
        _silent.add(name)
        problem = f"The keyring did not answer within {_ANSWER_SECONDS:g} seconds."
    except _Forgetful:
        problem = "The keyring did not give back what was written to it."
    except Exception as failure:  # noqa: BLE001 - every backend has errors of its own, whose texts may hold anything
        problem = f"The keyring refused ({type(failure).__name__})."
    raise ConfigError(problem, next_step=_FALLBACK)
