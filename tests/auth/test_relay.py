"""Handing a redirect from the kernel that listens to the one that waits for it."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import pytest

from tests.auth.tokens import CODE, STATE, secrets_in
from tts_notebook.auth.callback import Page
from tts_notebook.auth.relay import Relay

QUERY = {"state": STATE, "code": CODE}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runtime"


@pytest.fixture
def relay(folder) -> Relay:
    return Relay(folder, 3017)


def test_a_redirect_reaches_the_login_that_waits_and_its_page_comes_back(relay, folder):
    box, got = relay.mailbox(STATE), []
    box.open()

    def wait() -> None:
        while not box.answer(lambda query: (got.append(query), Page(200, "Connected.", ("a", "b"), mark="✓"))[1]):
            time.sleep(0.01)

    waiting = threading.Thread(target=wait)
    waiting.start()
    page = relay.deliver(QUERY)
    waiting.join()
    box.close()

    assert got == [QUERY]
    assert page == Page(200, "Connected.", ("a", "b"), mark="✓")
    assert list(folder.iterdir()) == []


def test_a_redirect_that_nobody_waits_for_is_nobodys_and_leaves_nothing(relay, folder):
    relay.mailbox("another").open()

    assert relay.deliver({"state": "../../forged", "code": CODE}) is None
    assert relay.deliver({}) is None
    assert [path.name for path in folder.iterdir() if not path.name.endswith(".lock")] == []


def test_what_lies_in_the_folder_is_for_the_owner_only_and_named_by_no_secret(relay, folder):
    box = relay.mailbox(STATE)
    box.open()
    found: list[Path] = []

    def look() -> None:
        while not box.mail.exists():
            time.sleep(0.005)
        found.extend(folder.iterdir())
        modes.extend(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in found)
        box.close()

    modes: list[int] = []
    looking = threading.Thread(target=look)
    looking.start()
    relay.deliver(QUERY)
    looking.join()

    assert set(modes) == {0}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert secrets_in(" ".join(map(str, found))) == []
    assert not any(path.suffix == ".json" for path in folder.iterdir())


def test_who_listens_is_known_until_it_stops(relay, folder):
    other = Relay(folder, 3017)
    assert not other.is_ours()

    relay.claim()
    assert other.is_ours()
    assert not Relay(folder, 3018).is_ours()

    relay.release()
    relay.release()
    assert not other.is_ours()


def test_on_a_disk_that_takes_no_files_each_login_has_its_port_for_itself(tmp_path):
    (tmp_path / "file").write_text("")
    relay = Relay(tmp_path / "file" / "runtime", 3017)

    relay.claim()
    assert not relay.is_ours()
    assert relay.deliver(QUERY) is None
    relay.release()
