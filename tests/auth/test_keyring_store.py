"""The keyring: used where it proves to work, refused where it does not, and never a silent second place."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import pytest

from tests.auth.tokens import NOW, Endpoint, secrets_in, token
from tests.harness.places import clean_environment
from tts_notebook.auth import keyring_store
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.keyring_store import KeyringStore
from tts_notebook.auth.settings import home, list_profiles, rename_profile, store_for
from tts_notebook.auth.store import FileStore, MemoryStore
from tts_notebook.errors import ConfigError, InputError, LoginRequired


class InMemory(keyring.backend.KeyringBackend):
    """A keyring that works."""

    priority = 1
    name = "a keyring of this test"

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        assert service == "tts_notebook"
        self.entries[username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get(username)

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[username]


class Truncating(InMemory):
    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[username] = password[:2560]


class TooSmall(InMemory):
    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > 2560:
            raise OSError(1783, f"The stub received bad data: {password}")
        super().set_password(service, username, password)


class Hanging(InMemory):
    def __init__(self) -> None:
        super().__init__()
        self.go_on, self.asked = threading.Event(), 0

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked += 1
        self.go_on.wait(10)

    get_password = delete_password = set_password


@pytest.fixture
def use(monkeypatch) -> Iterator[Callable[[keyring.backend.KeyringBackend], None]]:
    """Makes a keyring the system's, with a limit of a third of a second instead of three."""
    before = keyring.get_keyring()
    monkeypatch.setattr(keyring_store, "_ANSWER_SECONDS", 0.3)
    yield keyring.set_keyring
    keyring.set_keyring(before)
    keyring_store._silent.clear()


@pytest.fixture
def working(use) -> InMemory:
    backend = InMemory()
    use(backend)
    return backend


REFUSED = {
    "null": (keyring.backends.null.Keyring, "did not give back what was written"),
    "fail": (keyring.backends.fail.Keyring, r"refused \(NoKeyringError\)"),
    "truncating": (Truncating, "did not give back what was written"),
    "too small": (TooSmall, r"refused \(OSError\)"),
    "hanging": (Hanging, r"did not answer within 0\.3 seconds"),
}


@pytest.mark.parametrize(("kind", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_keyring_that_does_not_work_is_refused_and_the_file_is_used(use, monkeypatch, kind, sentence):
    use(kind())

    assert isinstance(store_for("default", None), FileStore)
    keyring_store._silent.clear()
    monkeypatch.setenv("TTS_STORE", "keyring")
    with pytest.raises(ConfigError, match=rf"The keyring {sentence}.*TTS_STORE=file"):
        store_for("default", None)
    assert list_profiles() == []


def test_a_keyring_that_hangs_costs_its_limit_once(use):
    backend = Hanging()
    use(backend)
    store_for("default", None)
    begin = time.monotonic()

    for _ in range(20):
        store_for("default", None)

    assert time.monotonic() - begin < 0.3
    assert backend.asked <= 2
    backend.go_on.set()


def test_a_token_is_kept_in_a_working_keyring_and_nowhere_else(working):
    store = store_for("default", None)
    assert isinstance(store, KeyringStore)
    assert store.load() is None
    assert working.entries == {}, "the probe is gone"

    store.save(token(1))
    again = store_for("default", None)

    assert again.load() == token(1)
    assert again.load().obtained_at == NOW
    assert again.where == "in the keyring (a keyring of this test)"
    assert len(working.entries) == 1
    files = [path for path in home().rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["keyring.json"]
    assert secrets_in("".join(path.read_text() for path in files)) == []
    assert secrets_in(f"{store!r} {vars(store)} {store.where}") == []
    assert list_profiles() == ["default"]


def test_a_logout_leaves_neither_entry_nor_note(working):
    store = store_for("default", None)
    store.save(token())

    store.forget()
    store.forget()

    assert working.entries == {}
    assert store.version() is None
    assert store.load() is None
    assert list(home().rglob("*.json")) == []


def test_a_renamed_profile_keeps_its_token(working):
    store_for("one", None).save(token())

    rename_profile("one", "two")

    assert store_for("two", None).load() == token()


def test_what_the_version_says_changes_with_each_save_and_asks_no_keyring(working):
    store = store_for("default", None)
    store.save(token(1))
    working.get_password = None  # asked, it would fail

    first = store.version()

    assert first is not None
    del working.get_password
    store.save(token(2))
    assert store.version() != first


def test_other_kernels_see_refresh_and_logout_of_a_token_in_the_keyring(working):
    endpoint = Endpoint()
    one, other = (TokenKeeper(endpoint, store_for("default", None), clock=lambda: NOW) for _ in range(2))
    one.adopt(token(age=100))
    other.restore()

    renewed = one.renew(one.token)
    other.follow_store()
    assert other.token == renewed == token(1)

    one.forget()
    other.follow_store()
    assert other.token is None
    assert "logged out in another notebook" in other.last_problem
    with pytest.raises(LoginRequired):
        other.current()


@pytest.mark.parametrize("later", [keyring.backends.null.Keyring, keyring.backends.fail.Keyring, Hanging, InMemory])
@pytest.mark.parametrize("wish", ["auto", "keyring"])
def test_a_keyring_that_is_away_later_is_a_sentence_and_no_second_token(use, working, monkeypatch, later, wish):
    store_for("default", None).save(token())
    use(later())
    monkeypatch.setenv("TTS_STORE", wish)

    store = store_for("default", None)

    assert isinstance(store, KeyringStore)
    assert store.where == "in the keyring (a keyring of this test)"
    with pytest.raises(ConfigError, match=r"keyring.*(TTS_STORE=file|--force)"):
        store.load()


def test_a_token_that_cannot_be_kept_any_more_still_serves_and_says_so(use, working):
    keeper = TokenKeeper(Endpoint(), store_for("default", None), clock=lambda: NOW)
    keeper.adopt(token(age=100))
    use(keyring.backends.fail.Keyring())

    assert keeper.renew(keeper.token) == token(1)
    assert "The keyring refused" in keeper.last_problem


def test_two_places_for_one_profile_are_refused(working, monkeypatch):
    store_for("in-keyring", None).save(token())
    monkeypatch.setenv("TTS_STORE", "file")
    store_for("in-file", None).save(token())
    with pytest.raises(ConfigError, match=r"kept in the keyring\. Set TTS_STORE=keyring and run %tiktok_auth logout"):
        store_for("in-keyring", None)

    monkeypatch.setenv("TTS_STORE", "keyring")
    with pytest.raises(ConfigError, match=r"kept in the file\. Set TTS_STORE=file and run %tiktok_auth logout"):
        store_for("in-file", None)
    monkeypatch.setenv("TTS_STORE", "auto")
    assert isinstance(store_for("in-file", None), FileStore), "a profile stays where it is"


def test_the_setting_chooses_the_place_and_a_slip_in_it_is_a_sentence(working, monkeypatch, tmp_path):
    for wish, kind in (("memory", MemoryStore), ("file", FileStore), ("keyring", KeyringStore), ("auto", KeyringStore)):
        monkeypatch.setenv("TTS_STORE", wish)
        assert isinstance(store_for("default", None), kind)
        assert isinstance(store_for("default", tmp_path / "token.json"), FileStore)

    monkeypatch.setenv("TTS_STORE", "cloud")
    with pytest.raises(InputError, match=r"TTS_STORE is 'cloud'. Choose one of auto, keyring, file, memory"):
        store_for("default", None)


def test_a_damaged_note_is_a_sentence(working):
    store = store_for("default", None)
    store.save(token())
    (home() / "profiles" / "default" / "keyring.json").write_text("{")

    with pytest.raises(ConfigError, match=r"keyring\.json"):
        store_for("default", None).load()
    assert store.where == "in the keyring (of this system)"


def test_a_note_that_cannot_be_written_leaves_nothing_in_the_keyring(working, monkeypatch, tmp_path):
    (tmp_path / "a file").write_text("")
    store = KeyringStore(tmp_path / "a file" / "p", lock_path=tmp_path / "a.lock", profile="p")

    with pytest.raises(ConfigError, match=r"keyring\.json cannot be"):
        store.save(token())
    assert working.entries == {}


def test_without_the_package_nothing_is_asked_and_the_file_is_used(tmp_path):
    script = (
        "import sys, importlib.util\n"
        "sys.modules['keyring'] = None\n"
        "real = importlib.util.find_spec\n"
        "from tts_notebook.auth import keyring_store, settings\n"
        "keyring_store.find_spec = lambda name: None if name == 'keyring' else real(name)\n"
        "print(type(settings.store_for('default', None)).__name__)\n"
    )
    environment = clean_environment(TTS_HOME=str(tmp_path / "home"))
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=30)

    assert done.stdout.strip() == "FileStore", done.stderr


def test_status_names_the_keyring(working, sandbox, free_port, monkeypatch):
    import requests

    import tts_notebook
    from tts_notebook.notebook.connections import connections

    for name, value in sandbox.environment(free_port).items():
        monkeypatch.setenv(name, value)
    try:
        login = tts_notebook.login(timeout=20)
        redirect = requests.post(login.url, data={"decision": "authorize"}, timeout=10, allow_redirects=False)
        login.paste(redirect.headers["Location"])

        assert connections.of_profile("default").situation().where == "in the keyring (a keyring of this test)"
        assert len(json.loads(next(iter(working.entries.values())))["data"]["access_token"]) > 10
        connections.close()
        assert tts_notebook.login().session.ready, "the next kernel adopts it"
    finally:
        connections.close()
