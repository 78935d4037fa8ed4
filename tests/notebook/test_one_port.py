"""Two notebooks log in at the same time on the one port that the app has registered."""

from __future__ import annotations

import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

import tts_notebook
from tests.harness.kernels import Kernel
from tts_notebook import ConfigError, Stage
from tts_notebook.notebook.connections import connections


@pytest.fixture(autouse=True)
def app(sandbox, free_port, monkeypatch):
    for name, value in sandbox.environment(free_port).items():
        monkeypatch.setenv(name, value)
    yield
    connections.close()


@pytest.fixture
def first():
    return tts_notebook.login(profile="first", timeout=30)


@pytest.fixture
def second(first):
    return tts_notebook.login(profile="second", timeout=30)


def press(url: str, seller: str = "gb", decision: str = "authorize") -> str:
    form = {"decision": decision, "seller": seller}
    answer = requests.post(url, data=form, timeout=10, allow_redirects=False)
    return answer.headers["Location"].replace("http://localhost:3017/", os.environ["TTS_REDIRECT_URI"])


def test_redirects_in_crossed_order_reach_the_login_they_belong_to(first, second):
    assert second.listening

    page = requests.get(press(second.url, "us"), timeout=10)
    other = requests.get(press(first.url, "gb"), timeout=10)

    assert second.wait(5).region == "US"
    assert first.wait(5).region == "GB"
    assert f"Connected as {second.session.seller}" in page.text
    assert "Connected as" in other.text


def test_a_denial_of_the_second_does_not_end_the_first(first, second):
    page = requests.get(press(second.url, decision="cancel"), timeout=10)

    assert "Not connected" in page.text
    assert second.stage is Stage.DENIED
    assert first.stage is Stage.AWAITING_REDIRECT


def test_the_second_takes_the_port_over_when_the_first_has_ended(first, second):
    requests.get(press(first.url), timeout=10)
    address = press(second.url)

    for _ in range(40):  # two seconds at most: the port changes hands within tenths
        with suppress(requests.ConnectionError):
            assert "Connected as" in requests.get(address, timeout=10).text
            break
        time.sleep(0.05)

    assert second.wait(5).ready


def test_a_forged_redirect_is_still_nobodys(first, second, free_port):
    page = requests.get(f"http://localhost:{free_port}/?code=ROW_x&state=forged", timeout=10)

    assert "another sign-in" in page.text
    assert (first.stage, second.stage) == (Stage.AWAITING_REDIRECT, Stage.AWAITING_REDIRECT)


def test_the_meeting_point_is_private_and_empty_afterwards(first, second):
    folder = Path(os.environ["TTS_HOME"]) / "runtime"
    requests.get(press(second.url), timeout=10)
    second.wait(5)
    first.cancel()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    second._reception.join(5)
    assert [path.name for path in folder.iterdir() if not path.name.startswith("port-")] == []


def test_a_port_that_a_stranger_holds_is_still_refused(free_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()

        with pytest.raises(ConfigError, match=f"Port {free_port} is in use"):
            tts_notebook.login()


@pytest.mark.kernel
def test_two_kernels_on_one_port_and_the_first_one_dies(sandbox, free_port, tmp_path):
    env = {**sandbox.environment(free_port), "TTS_HOME": str(tmp_path / "home")}
    start = "import tts_notebook; h = tts_notebook.login(profile='{}', timeout=60); print(h.url)"
    with (
        Kernel.start(directory=tmp_path / "a", env=env) as a,
        Kernel.start(directory=tmp_path / "b", env=env) as b,
    ):
        a.run(start.format("one"))
        url = b.run(start.format("two")).stdout.strip()

        assert "Connected as" in requests.get(press(url), timeout=10).text

        assert b.run("h.wait(5).ready").result["text/plain"] == "True"
        url = b.run(start.format("three")).stdout.strip()
        a.kill()
        b.run("import time; time.sleep(1)")
        assert "Connected as" in requests.get(press(url), timeout=10).text
