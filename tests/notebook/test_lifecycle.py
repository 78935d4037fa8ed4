"""From %load_ext to the end of the process: nothing stays behind, and no copy of the process holds on to anything."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from html import unescape

import psutil
import pytest
import requests

from tests.harness.kernels import Kernel
from tests.harness.places import clean_environment

pytestmark = pytest.mark.kernel

LEFT = """
import gc, json, os, psutil, threading, time
def left():
    time.sleep(0.5)
    gc.collect()
    me = psutil.Process()
    return {
        "threads": sorted(t.name for t in threading.enumerate() if t.name.startswith("tts_notebook")),
        "ports": [c.laddr.port for c in me.net_connections() if c.status == "LISTEN" and c.laddr.port == PORT],
        "children": [c.pid for c in me.children(recursive=True) if "tts_notebook" in " ".join(c.cmdline())],
        "locks": [f.path for f in me.open_files() if f.path.endswith(".lock")],
        "magics": [m for m in get_ipython().magics_manager.magics["line"] if "tiktok" in m],
        "hooks": [k for k in get_ipython().strdispatchers["complete_command"].strs if "tiktok" in k],
        "events": [str(f) for fs in get_ipython().events.callbacks.values() for f in fs if "tts_notebook" in str(f)],
        "names": [n for n in ("tts",) if n in get_ipython().user_ns],
    }
"""
NOTHING = {kind: [] for kind in ("threads", "ports", "children", "locks", "magics", "hooks", "events", "names")}


@pytest.fixture
def kernel(start_kernel, free_port) -> Kernel:
    made = start_kernel()
    made.run(LEFT.replace("PORT", str(free_port)))
    made.run("%load_ext tts_notebook")
    return made


def left_in(kernel: Kernel) -> dict[str, list]:
    return json.loads(kernel.run("print(json.dumps(left()))").stdout)


def assert_nothing_left_in(kernel: Kernel) -> None:
    """Threads that were told to end may take a moment on a busy machine; one that was not told never ends."""
    deadline = time.monotonic() + 5
    while (left := left_in(kernel)) != NOTHING and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == NOTHING


def link_in(kernel: Kernel) -> str:
    kernel.wait_until(lambda: kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v)), what="the link")
    (model,) = kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v))
    return unescape(re.search(r'href="([^"]+)"', kernel.widgets()[model]["value"])[1])


def takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_loading_alone_starts_nothing_and_loading_twice_is_loading_once(kernel):
    loaded = left_in(kernel)
    kernel.run("%load_ext tts_notebook")
    kernel.run("import tts_notebook; tts_notebook.load_ipython_extension(get_ipython())")

    assert left_in(kernel) == loaded
    assert {name: found for name, found in loaded.items() if found} == {
        "magics": ["tiktok_auth", "tiktok_pull"],
        "hooks": ["%tiktok_auth", "%tiktok_pull"],
    }
    kernel.run("%unload_ext tts_notebook")
    assert_nothing_left_in(kernel)


def test_ten_reloads_with_pending_and_finished_logins_leave_nothing(kernel, free_port):
    for options in ("--approve", "") * 5:
        assert kernel.run(f"%tiktok_auth login --sandbox --port {free_port} {options}").status == "ok"
        kernel.run("%tiktok_auth panel")
        assert kernel.run("%reload_ext tts_notebook").status == "ok"

    kernel.run("%unload_ext tts_notebook")

    assert_nothing_left_in(kernel)


def test_an_interrupted_login_with_wait_can_be_cancelled_and_leaves_nothing(kernel, free_port):
    waiting = kernel.start_run(f"%tiktok_auth login --sandbox --wait --port {free_port}")
    link_in(kernel)
    kernel.interrupt()

    assert kernel.finish(waiting).error.ename == "KeyboardInterrupt"
    assert left_in(kernel)["ports"] == [free_port, free_port]
    kernel.run("%tiktok_auth cancel")
    assert left_in(kernel)["ports"] == []
    kernel.run("%unload_ext tts_notebook")
    assert_nothing_left_in(kernel)


def test_a_restarted_kernel_finds_the_port_free_and_no_sandbox(kernel, free_port):
    kernel.run(f"%tiktok_auth login --sandbox --port {free_port}")
    (sandbox,) = left_in(kernel)["children"]

    kernel._manager.restart_kernel(now=True)
    kernel._client.wait_for_ready(timeout=30)
    kernel.run(LEFT.replace("PORT", str(free_port)))

    assert_nothing_left_in(kernel)
    until(lambda: not psutil.pid_exists(sandbox) or psutil.Process(sandbox).status() == psutil.STATUS_ZOMBIE)
    kernel.run("%load_ext tts_notebook")
    assert kernel.run(f"%tiktok_auth login --sandbox --approve --port {free_port}").status == "ok"


def until(is_so, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "It did not become so in time."
        time.sleep(0.02)


FORK = """
child = os.fork()
if child == 0:
    try:
        me = psutil.Process()
        found = {
            "ports": [c.laddr.port for c in me.net_connections() if c.status == "LISTEN" and c.laddr.port == %d],
            "locks": [f.path for f in me.open_files() if f.path.endswith(".lock")],
            "threads": [t.name for t in threading.enumerate() if t.name.startswith("tts_notebook")],
        }
        try:
            tts._keeper.renew(tts._keeper.token) if tts.ready else tts.shops
            found["said"] = "renewed"
        except Exception as refusal:
            found["said"] = str(refusal)
        with open("in-the-child.json", "w") as file:
            json.dump(found, file)
        time.sleep(60)  # a worker that lives on
    finally:
        os._exit(0)
"""


@pytest.mark.parametrize("options", ["", "--approve"], ids=["pending", "connected"])
def test_a_forked_worker_holds_no_port_lock_or_sandbox_and_spends_nothing(kernel, free_port, tmp_path, options):
    kernel.run(f"h = %tiktok_auth login --sandbox --port {free_port} {options}")
    (sandbox,) = left_in(kernel)["children"]
    forked = kernel.run("import warnings; warnings.simplefilter('ignore')\n" + FORK % free_port)
    assert forked.status == "ok", forked.error
    child = int(kernel.run("print(child)").stdout)
    report = tmp_path / "kernel-0" / "in-the-child.json"
    until(lambda: report.exists() and report.read_text() != "")

    try:
        found = json.loads(report.read_text())
        assert (found["ports"], found["locks"], found["threads"]) == ([], [], [])
        assert ("not logged in" if not options else "kept in memory only") in found["said"]
        if not options:
            requests.post(link_in(kernel), data={"decision": "authorize"}, timeout=10)
            assert kernel.run("h.wait(5).ready").result["text/plain"] == "True"
        assert not takes_connections(free_port)
        assert kernel.run("len(tts.shops)").result["text/plain"] == "1"

        kernel.kill()  # while the worker lives
        until(lambda: not psutil.pid_exists(sandbox) or psutil.Process(sandbox).status() == psutil.STATUS_ZOMBIE)
    finally:
        os.kill(child, signal.SIGKILL)


SCRIPT = """
import sys, threading, tts_notebook
login = tts_notebook.login({arguments})
print(login.url.rpartition("=")[0], flush=True)
{then}
"""


@pytest.mark.parametrize(
    "then",
    ["", "sys.exit(3)", "raise ValueError('mine')", "login.cancel()", "del login"],
    ids=lambda then: then or "end",
)
def test_a_script_that_ends_with_a_pending_login_ends_at_once_and_quietly(sandbox, free_port, tmp_path, then):
    environment = clean_environment(TTS_HOME=str(tmp_path / "home"), **sandbox.environment(free_port))
    begin = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT.format(arguments="", then=then)],
        env=environment, capture_output=True, text=True, timeout=30,
    )  # fmt: skip

    assert time.monotonic() - begin < 8, "start included"
    assert done.stdout.startswith("http")
    said = "" if "ValueError" not in then else re.sub(r"(?s)^Traceback .*ValueError: mine\n", "", done.stderr)
    assert said == "" if "ValueError" in then else done.stderr == ""
    assert not takes_connections(free_port)


def test_a_script_that_ends_takes_its_sandbox_along(free_port, tmp_path):
    then = "import psutil; print([c.pid for c in psutil.Process().children()][0])"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(arguments=f"sandbox=True, port={free_port}", then=then)],
        env=clean_environment(TTS_HOME=str(tmp_path)), capture_output=True, text=True, timeout=30,
    )  # fmt: skip

    assert done.stderr == ""
    child = int(done.stdout.split()[-1])
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
