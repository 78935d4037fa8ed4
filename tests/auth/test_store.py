"""Where a token is kept: what the file holds, who may read it, and what a kill or a full disk leaves."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from tests.auth.tokens import ACCESS, NOW, REFRESH, envelope, secrets_in, token
from tests.harness.places import clean_environment
from tts_notebook.auth.store import FileStore, MemoryStore, fingerprint, write_json
from tts_notebook.auth.token import Token
from tts_notebook.errors import ConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "profiles" / "default" / "token.json"


@pytest.fixture
def store(path: Path, tmp_path: Path) -> FileStore:
    return FileStore(path, lock_path=tmp_path / "locks" / "a.lock", lock_seconds=0.2)


@pytest.fixture
def plain(path: Path, tmp_path: Path) -> FileStore:
    """A store as --token-file makes it."""
    return FileStore(path, lock_path=tmp_path / "locks" / "a.lock", annotate=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_saved_is_loaded_with_the_time_it_was_received(store):
    store.save(token(age=100))

    assert store.load() == token()
    assert store.load().obtained_at == NOW - timedelta(seconds=100)


def test_without_a_file_there_is_no_token(store):
    assert store.load() is None
    store.forget()


def test_only_the_owner_may_read_the_file_whatever_the_umask_and_the_file_before(store, path):
    before = os.umask(0)
    try:
        store.save(token(1))
        assert mode(path) == 0o600
        assert mode(path.parent) == 0o700
        path.chmod(0o644)
        store.save(token(2))
        with store.lock():
            assert mode(path) == 0o600
            assert mode(store._lock_path) & 0o077 == 0
    finally:
        os.umask(before)


def test_a_token_file_is_exactly_tiktok_shops_json_with_fields_that_nobody_knows(plain, path):
    came = envelope(unknown={"list": [1, None, {"ü": "😀"}]}, half="\ud83d") | {"more": 1.5}
    plain.save(Token.from_response(came, obtained_at=NOW))

    assert json.loads(path.read_bytes()) == came
    assert plain.load().response(reveal=True) == came


def test_a_file_that_another_tool_wrote_is_read_and_is_as_old_as_the_file(plain, path):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(envelope()), encoding="utf-8-sig")
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))

    read = plain.load()

    assert read == token()
    assert read.obtained_at == NOW
    assert plain.load().renew_at == read.renew_at


def test_our_notes_do_not_enter_the_response(store):
    store.save(token())

    assert store.load().response(reveal=True) == envelope()


@pytest.mark.parametrize("notes", [None, 7, {}, {"obtained_at": "later"}, {"obtained_at": "2026-11-20T12:00:00"}])
def test_notes_that_say_nothing_usable_are_no_reason_to_refuse_a_token(store, path, notes):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(envelope() | {"tts_notebook": notes}))

    assert store.load() == token()
    assert store.load().obtained_at.tzinfo is UTC


DAMAGED = [b"", b"{", b"null", b"[1]", b'{"code": 0}', b"\xff\xfe", b"[" * 100_000, b'{"code": 36004004, "data": null}']


@pytest.mark.parametrize("content", [*DAMAGED, b" " * 1_000_001], ids=range(len(DAMAGED) + 1))
def test_a_damaged_file_is_reported_left_alone_and_kept_aside_by_the_next_save(store, path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with pytest.raises(
        ConfigError, match=r"does not hold a TikTok Shop token response.*left as it is.*--force"
    ) as refused:
        store.load()
    assert refused.value.__cause__ is None
    assert path.read_bytes() == content

    store.save(token())
    assert store.load() == token()
    assert [aside.read_bytes() for aside in path.parent.glob("token.json.damaged-*")] == [content]


def test_a_file_that_cannot_be_read_is_a_sentence(store, path):
    path.mkdir(parents=True)

    with pytest.raises(ConfigError, match=r"token\.json cannot be read \(Is a directory\)"):
        store.load()


def test_a_kill_between_writing_and_replacing_leaves_the_old_token(store, path):
    store.save(token(1))
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tts_notebook.auth import store\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.write_json(Path(sys.argv[1]), {'half': 'GCP_refresh-x91Lm3'})\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)], env=clean_environment(), timeout=20)

    assert killed.returncode == -signal.SIGKILL
    assert store.load() == token(1)
    store.save(token(2))
    assert store.load() == token(2)


def test_forgetting_removes_the_token_and_what_a_killed_process_left_of_one(store, path):
    store.save(token())
    left = path.parent / ".token.json.abc12345.tmp"
    left.write_text(REFRESH)
    neighbour = path.parent / "app.json"
    neighbour.write_text("{}")

    store.forget()

    assert list(path.parent.iterdir()) == [neighbour]
    assert store.load() is None


def test_a_file_that_cannot_be_removed_is_a_sentence(store, path):
    (path / "in it").mkdir(parents=True)  # stands for a folder that does not let it go

    with pytest.raises(ConfigError, match=r"could not be removed.*Remove it by hand"):
        store.forget()


def test_readers_never_see_half_a_file(store):
    store.save(token(0))
    stop, problems = threading.Event(), []

    def read():
        while not stop.is_set():
            try:
                assert store.load() is not None
            except (ConfigError, AssertionError) as problem:
                problems.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        store.save(token(number))
    stop.set()
    reader.join()

    assert problems == []


def test_a_save_that_fails_says_so_keeps_the_old_token_and_leaves_no_rest(store, path):
    store.save(token(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))  # as a full disk: no file may grow beyond 100 bytes
    try:
        with pytest.raises(
            ConfigError, match=r"could not be saved in .*It works until this kernel ends.*Make room"
        ) as refused:
            store.save(token(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    assert secrets_in(str(refused.value)) == []
    assert store.load() == token(1)
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    store = FileStore(tmp_path / "file" / "token.json", lock_path=tmp_path / "file" / "a.lock")

    with pytest.raises(ConfigError, match="could not be saved in"):
        store.save(token())
    with store.lock():
        pass  # a place without room for a lock does not stop a session


def test_a_lock_that_another_holds_for_too_long_is_a_sentence_that_names_it(store):
    store._lock_path.parent.mkdir()
    with (
        FileLock(store._lock_path),
        pytest.raises(ConfigError, match=r"renewing this login for 0\.2 seconds \(.*a\.lock\)\. End it"),
        store.lock(),
    ):
        pytest.fail("got in")


def test_a_failure_under_the_lock_passes_through_and_frees_it(store):
    with pytest.raises(KeyError, match="mine"), store.lock():
        raise KeyError("mine")
    with store.lock():
        pass


def test_saving_does_not_bring_back_what_the_file_before_succeeded(store):
    store.succeeds = fingerprint("first seed")
    store.save(token(1))
    store.succeeds = fingerprint("second seed")
    store.save(token(2))
    store.save(token(3))

    again = FileStore(store.path, lock_path=store._lock_path)
    again.load()

    assert again.succeeds == fingerprint("second seed")


def test_a_fingerprint_tells_tokens_apart_and_is_none():
    assert fingerprint(REFRESH) != fingerprint(ACCESS)
    assert secrets_in(fingerprint(REFRESH)) == []


def test_memory_keeps_a_token_and_shows_nothing_of_it():
    store = MemoryStore()
    store.save(token())

    assert store.load() == token()
    assert secrets_in(f"{store!r} {store.where}") == []
    with store.lock():
        store.forget()
    assert store.load() is None


def test_a_store_shows_no_secret(store):
    store.save(token())
    store.load()

    assert secrets_in(f"{store!r} {vars(store)} {store.where}") == []


def test_what_cannot_be_written_as_json_leaves_no_rest(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})

    assert list(tmp_path.iterdir()) == []
