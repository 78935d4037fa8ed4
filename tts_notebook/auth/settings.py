"""Settings from the outside: environment, the state directory, and what `configure` kept there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_path

from tts_notebook.app import App, resolve_app
from tts_notebook.auth import keyring_store
from tts_notebook.auth.store import FileStore, MemoryStore, TokenStore, fingerprint, read_json, write_json
from tts_notebook.errors import ConfigError, InputError

DEFAULT_PROFILE = "default"
_PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # becomes a folder's name
STORES = ("auto", "keyring", "file", "memory")
CONFIGURABLE = ("app_key", "app_secret", "service_id", "market", "redirect_uri")


def home() -> Path:
    """The state directory: TTS_HOME, else the platform's place for a user's application data."""
    chosen = os.environ.get("TTS_HOME")
    return _expanded("TTS_HOME", chosen) if chosen else user_data_path("tts_notebook", appauthor=False)


def _expanded(name: str, given: str | os.PathLike[str]) -> Path:
    try:
        return Path(given).expanduser()
    except (TypeError, RuntimeError):  # no text, or the home of nobody
        raise ConfigError(f"{name}={given!r} is not a path on this computer.") from None


def choose_profile(given: str | None) -> str:
    """The profile's name: argument, TTS_PROFILE, else "default"."""
    name = given or os.environ.get("TTS_PROFILE") or DEFAULT_PROFILE
    if not _PROFILE_NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be a profile's name. Use up to 64 letters, digits, dots, dashes and underscores."
        )
    return name


def list_profiles() -> list[str]:
    """The profiles that have settings or a login here, sorted."""
    folder = home() / "profiles"
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if any(path.glob("*.json")))


def rename_profile(old: str, new: str) -> None:
    """Give a profile another name, settings and token included.

    Raises:
        InputError: there is no such profile, or one of the new name.
    """
    known = list_profiles()
    if old not in known:
        raise InputError(f"There is no profile {old!r} here (known: {', '.join(known) or 'none yet'}).")
    target = _folder(choose_profile(new))
    if target.exists():
        raise InputError(f"There is a profile {new!r} already.")
    try:
        os.rename(_folder(old), target)
    except OSError as failure:
        raise ConfigError(f"The profile {old} could not be renamed ({failure.strerror}).") from None


def load_configured(profile: str) -> dict[str, str]:
    """What `configure` kept for a profile; empty if nothing."""
    path = _folder(profile) / "app.json"
    try:
        content = read_json(path)
    except FileNotFoundError:
        return {}
    except ConfigError:
        content = None
    if not isinstance(content, Mapping) or not all(isinstance(v, str) for v in content.values()):
        raise ConfigError(
            f"The settings of profile {profile} are damaged ({path}).", next_step="Run %tiktok_auth configure."
        )
    return {name: content[name] for name in CONFIGURABLE if name in content}


def save_configured(profile: str, settings: Mapping[str, str]) -> Path:
    """Replace a profile's settings, mode 0600, and return the file."""
    path = _folder(profile) / "app.json"
    try:
        write_json(path, {name: settings[name] for name in CONFIGURABLE if settings.get(name)})
    except OSError as failure:
        raise ConfigError(f"The settings could not be saved in {path} ({failure.strerror}).") from None
    return path


def app_for(
    profile: str,
    *,
    market: str | None = None,
    port: int | None = None,
    proxy: str | None = None,
) -> App:
    """The app of a profile after argument > environment > profile > default.

    Raises:
        ConfigError: nothing says which app, or a setting is malformed.
    """
    configured = load_configured(profile)
    if not configured and profile != DEFAULT_PROFILE and not os.environ.get("TTS_APP_KEY"):
        known = ", ".join(list_profiles()) or "none yet"
        raise ConfigError(
            f"There is no profile {profile!r} here (known: {known}).",
            next_step=f"Run %tiktok_auth configure --profile {profile}.",
        )
    return resolve_app({"proxy": proxy}, os.environ, configured, market=market, port=port)


def store_for(profile: str, token_file: str | os.PathLike[str] | None) -> TokenStore:
    """Where a profile's token is kept: the file given, else what TTS_STORE says, else keyring or file.

    A profile stays where it is: whatever holds its login now is used, or refused in a sentence.

    Raises:
        ConfigError: TTS_STORE asks for the keyring, and it cannot be used; or the login is kept elsewhere.
        InputError: TTS_STORE or the path makes no sense.
    """
    wish = os.environ.get("TTS_STORE", "").strip() or "auto"
    if wish not in STORES:
        raise InputError(f"TTS_STORE is {wish!r}. Choose one of {', '.join(STORES)}.")
    if token_file is not None or wish == "file":
        if token_file is None:
            _refuse_elsewhere(profile, wish, _folder(profile) / keyring_store.NOTE, "keyring")
        return file_store_for(profile, token_file)
    if wish == "memory":
        return MemoryStore()
    folder, file = _folder(profile), file_store_for(profile, None)
    kept = keyring_store.KeyringStore(folder, lock_path=_lock_path(folder / keyring_store.NOTE), profile=profile)
    if kept.version() is not None:
        return kept
    if wish == "keyring":
        _refuse_elsewhere(profile, wish, file.path, "file")
        keyring_store.require_usable()
        return kept
    return kept if not file.path.exists() and keyring_store.is_usable() else file


def file_store_for(profile: str, token_file: str | os.PathLike[str] | None) -> FileStore:
    """The file given, else the profile's own."""
    own = _folder(profile) / "token.json"
    # resolved, so that a link goes on pointing at the file that is replaced
    path = _expanded("token_file", token_file).resolve() if token_file is not None else own
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give the name of a file, such as {path / 'token.json'}.")
    return FileStore(path, lock_path=_lock_path(path.resolve()), annotate=token_file is None)


def _lock_path(path: Path) -> Path:
    return home() / "locks" / f"{fingerprint(str(path))[:32]}.lock"


def _refuse_elsewhere(profile: str, wish: str, holder: Path, where: str) -> None:
    """A second token of the same profile would spend the first one's refresh token."""
    if holder.exists():
        raise ConfigError(
            f"TTS_STORE is {wish}, but the login of profile {profile} is kept in the {where}.",
            next_step=f"Set TTS_STORE={where} and run %tiktok_auth logout, then log in again.",
        )


def seed_refresh_token() -> str:
    """The refresh token that the environment offers to a headless login, or an empty text."""
    return os.environ.get("TTS_REFRESH_TOKEN", "").strip()


def _folder(profile: str) -> Path:
    return home() / "profiles" / profile
