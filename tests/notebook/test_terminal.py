"""IPython in a terminal: the same flow, in text."""

from __future__ import annotations

import re
import sys
import threading

import pexpect
import pytest
import requests

from tests.harness.places import clean_environment

pytestmark = pytest.mark.kernel


@pytest.fixture
def terminal(tmp_path):
    environment = clean_environment(TTS_HOME=str(tmp_path / "home"), IPYTHONDIR=str(tmp_path / "ipython"))
    command = ["-m", "IPython", "--no-banner", "--simple-prompt", "--no-confirm-exit", "--colors=NoColor"]
    child = pexpect.spawn(
        sys.executable, command, env=environment, cwd=str(tmp_path), encoding="utf-8", timeout=30, dimensions=(50, 400)
    )
    child.expect(r"In \[1\]: ")
    yield child
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()


def test_the_link_is_printed_and_the_first_call_waits_for_it(terminal, free_port):
    terminal.sendline("%load_ext tts_notebook")
    terminal.expect(r"In \[2\]: ")
    terminal.sendline(f"%tiktok_auth login --sandbox --port {free_port}")
    terminal.expect(r"Open this address to sign in: (\S+)")
    url = terminal.match[1]
    terminal.expect(r"In \[3\]: ")
    clicking = threading.Timer(1.5, lambda: requests.post(url, data={"decision": "authorize"}, timeout=10))
    clicking.start()

    terminal.sendline("print('rows:', len(tts.orders(since='2d', progress=False)))")

    terminal.expect(r"rows: \d+")
    clicking.join()
    said = terminal.before
    assert len(re.findall("Waiting for the sign-in", said)) == 1, said
    assert "Connected as" in said
    terminal.expect(r"In \[4\]: ")
    terminal.sendline("%tiktok_auth logout")
    terminal.expect("Logged out")


def test_a_slip_is_one_line_without_a_traceback(terminal):
    terminal.sendline("%load_ext tts_notebook")
    terminal.expect(r"In \[2\]: ")

    terminal.sendline("%tiktok_auth sttus")

    terminal.expect(r"In \[3\]: ")
    assert "Did you mean status?" in terminal.before
    assert "Traceback" not in terminal.before
