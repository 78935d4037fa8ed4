"""The process: one line of JSON, ends with its input or a signal, refuses nonsense in a sentence."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.harness.places import clean_environment
from tts_notebook.sandbox.cli import read_settings

COMMAND = [sys.executable, "-m", "tts_notebook.sandbox"]


def start(*options: str, **pipes: int) -> subprocess.Popen[bytes]:
    wanted = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
    return subprocess.Popen([*COMMAND, *options], env=clean_environment(), **wanted)


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_one_line_says_everything_a_client_needs():
    with start("--port", "0") as process:
        line = process.stdout.readline()
        process.stdin.close()
        rest = process.stdout.read()

    described = json.loads(line)
    assert set(described) == {"authorize_url", "auth_base_url", "api_base_url", "app_key", "app_secret", "service_id"}
    assert described["authorize_url"] == described["auth_base_url"] + "/open/authorize"
    assert described["api_base_url"].startswith("http://127.0.0.1:")
    assert len(described["app_key"]) == 13
    assert described["service_id"].isdecimal()
    assert rest == b""


@pytest.mark.parametrize("ending", ["input", signal.SIGTERM, signal.SIGINT])
def test_it_ends_quietly_and_soon_even_with_connections_open(ending):
    with start("--fault", "slow:path=/,seconds=60") as process:
        described = json.loads(process.stdout.readline())
        port = int(described["api_base_url"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /waiting HTTP/1.1\r\n\r\n")
            time.sleep(0.05)
            if ending == "input":
                process.stdin.close()
            else:
                process.send_signal(ending)
            assert process.wait(5) == 0
        assert process.stderr.read() == b""


def test_with_input_closed_already_it_starts_and_ends():
    result = run()

    assert result.returncode == 0
    assert json.loads(result.stdout)["app_key"]
    assert result.stderr == ""


def test_a_reader_that_has_gone_is_no_traceback():
    with start() as process:
        process.stdout.close()
        process.stdin.close()

        assert process.wait(10) in (0, 120)  # 120: Python could not flush what nobody reads
        assert b"Traceback" not in process.stderr.read()


def test_a_taken_port_is_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        result = run("--port", port)

    assert result.returncode == 1
    assert result.stderr.startswith(f"The sandbox cannot listen on 127.0.0.1:{port}:")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fault", "418"], "There is no fault '418'"),
        (["--orders", "-1"], "not a whole number"),
        (["--orders", "99999999"], "at most"),
        (["--denied-scopes", "seller.everything"], "unknown: seller.everything"),
        (["--days", "0"], "from 1 to"),
        (["--rhythm", "slow"], "invalid choice"),
        (["--shops", "1001"], "at most"),
        (["--seller", "agency"], "needs --shops"),
        (["--rate-limit-moves", "-1"], "not a number of 0 or more"),
        (["--paging", "sideways"], "invalid choice"),
        (["--port", "70000"], "invalid choice"),
        (["--port", "http"], "invalid"),
        (["--latency-ms", "nan"], "not a number"),
        (["--redirect-uri", "localhost"], "not an address"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_sentence(capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        read_settings(options)

    assert message in capsys.readouterr().err


def test_help_tells_every_fault_and_the_control_endpoint():
    text = run("--help").stdout

    for word in (
        "36009003",
        "half-answer",
        "--expired-status",
        "/sandbox/control",
        "touch_orders",
        "spread over its shops",
    ):
        assert word in text


def test_one_seed_is_one_app_and_another_seed_another():
    keys = [json.loads(run("--seed", seed).stdout)["app_secret"] for seed in ("1", "1", "2")]

    assert keys[0] == keys[1] != keys[2]
