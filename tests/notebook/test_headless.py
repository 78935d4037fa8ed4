"""Runs without a person: nbconvert, nbclient and a plain script never prompt and never hang."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

import tts_notebook
from tests.auth.tiktok_shop import app_of, fetch_redirect, stats
from tests.harness.kernels import NEWEST, write_kernelspec
from tests.harness.places import clean_environment
from tts_notebook.auth.endpoint import TokenEndpoint

pytestmark = pytest.mark.kernel

CELLS = (
    "import time; import tts_notebook.notebook.connections, pandas\n%load_ext tts_notebook\nbegin = time.monotonic()",
    "%tiktok_auth login",
    'print(len(tts.shops), "shop of", tts.seller)',
)


@pytest.fixture
def notebook(nbformat) -> Any:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])


@pytest.fixture
def environment(sandbox, free_port, tmp_path, monkeypatch) -> dict[str, str]:
    """A person's settings, and a kernelspec that every runner finds."""
    write_kernelspec("python3", NEWEST, tmp_path / "kernels")
    settings = {"TTS_HOME": str(tmp_path / "tts-home"), "JUPYTER_PATH": str(tmp_path), **sandbox.environment(free_port)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return clean_environment(**settings)


@pytest.fixture
def seed(sandbox) -> str:
    """A refresh token that nobody has spent."""
    app = app_of(sandbox)
    return TokenEndpoint.of(app).exchange(fetch_redirect(app)["code"]).refresh_token


def texts_of(notebook: Any) -> str:
    return json.dumps([cell.outputs for cell in notebook.cells])


def convert(notebook: Any, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    (folder / "run.ipynb").write_text(json.dumps(notebook))
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "run.ipynb"]
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def test_nbconvert_with_a_refresh_token_works_twice_in_a_row_and_spends_it_once(
    notebook, nbformat, environment, seed, sandbox, tmp_path
):
    before = stats(sandbox)

    for _ in range(2):
        done = convert(notebook, tmp_path, environment | {"TTS_REFRESH_TOKEN": seed})
        assert done.returncode == 0, done.stderr
        ran = nbformat.read(tmp_path / "run.ipynb", as_version=4)
        assert "1 shop of" in texts_of(ran)
        assert seed not in nbformat.writes(ran) + done.stdout + done.stderr

    after = stats(sandbox)
    assert after["token_refreshes"] - before["token_refreshes"] == 1
    assert after["spent_refresh_tokens_presented"] == before["spent_refresh_tokens_presented"]


def test_nbconvert_with_a_stored_profile_asks_nobody(notebook, nbformat, environment, tmp_path):
    login = tts_notebook.login(timeout=20)
    redirect = requests.post(login.url, data={"decision": "authorize"}, timeout=10, allow_redirects=False)
    login.paste(redirect.headers["Location"])

    done = convert(notebook, tmp_path, environment)

    assert done.returncode == 0, done.stderr
    assert "1 shop of" in texts_of(nbformat.read(tmp_path / "run.ipynb", as_version=4))


def test_nbclient_without_a_login_stops_at_the_login_within_a_second_and_names_the_remedies(
    notebook, nbclient, nbformat, environment, tmp_path
):
    client = nbclient.NotebookClient(notebook, timeout=30, resources={"metadata": {"path": str(tmp_path)}})
    notebook.cells[
        1
    ].source = "%%capture\ntry:\n    get_ipython().run_line_magic('tiktok_auth', 'login')\nfinally:\n    took = time.monotonic() - begin"  # noqa: E501
    notebook.cells.append(nbformat.v4.new_code_cell("print('took', took < 1)"))
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    notebook.cells[2].source = "pass"

    client.execute()

    said = texts_of(notebook)
    assert "LoginRequired" in said
    for remedy in ("TTS_REFRESH_TOKEN", "TTS_HOME", "--sandbox"):
        assert remedy in said
    assert "took True" in said


@pytest.mark.parametrize("line", ["%tiktok_auth configure", "%tiktok_auth wait", "%tiktok_auth panel", "tts.shops"])
def test_what_would_need_a_person_is_one_exception_at_once(notebook, nbclient, environment, tmp_path, line):
    notebook.cells[1].source = line
    del notebook.cells[2]
    client = nbclient.NotebookClient(notebook, timeout=20, resources={"metadata": {"path": str(tmp_path)}})

    with pytest.raises(nbclient.exceptions.CellExecutionError) as stopped:
        client.execute()

    assert stopped.value.ename in ("LoginRequired", "NameError")


SCRIPT = """
import sys, time
import tts_notebook, tts_notebook.notebook.connections, pandas
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
tts_notebook.load_ipython_extension(shell)
begin = time.monotonic()
try:
    shell.run_line_magic("tiktok_auth", "login")
    print("session", len(shell.user_ns["tts"].shops))
except tts_notebook.LoginRequired as refusal:
    print("refused", refusal)
print("quick", time.monotonic() - begin < 1)
"""


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE])
def test_a_plain_script_without_a_login_is_refused_within_a_second(environment, stdin):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=environment, stdin=stdin, stdout=subprocess.PIPE, text=True
    )
    said, _ = process.communicate(timeout=30)

    assert "refused" in said
    assert "TTS_REFRESH_TOKEN" in said
    assert "quick True" in said


def test_a_plain_script_with_a_refresh_token_works_twice(environment, seed):
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment | {"TTS_REFRESH_TOKEN": seed},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert "session 1" in done.stdout, done.stderr


def test_a_refresh_token_that_is_spent_is_one_exception_and_no_wait(environment, seed, sandbox):
    TokenEndpoint.of(app_of(sandbox)).refresh(seed)
    begin = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment | {"TTS_REFRESH_TOKEN": seed},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )  # fmt: skip

    assert "36004005" in done.stderr
    assert seed not in done.stdout + done.stderr
    assert time.monotonic() - begin < 10
