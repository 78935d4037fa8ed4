"""Eight processes and one rotating refresh token: expiries, kills of the one that renews, and a full disk."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

import tts_notebook
from tests.auth.tiktok_shop import control, log_in_default_profile, stats
from tests.harness.places import clean_environment
from tests.harness.sandboxes import Sandbox
from tts_notebook.auth.settings import store_for
from tts_notebook.notebook.connections import connections

pytestmark = pytest.mark.kernel

PROCESSES, EXPIRIES, KILLS = 8, 20, 8

# calls without a pause until its input closes; says how often, and who holds the lock just now
WORKER = """
import json, os, sys, threading, time
from contextlib import contextmanager
from pathlib import Path
import tts_notebook
from tts_notebook.notebook.connections import connections

folder = Path(sys.argv[1])
session = tts_notebook.login().session
store = connections.of_profile("default").keeper.store
really_lock = store.lock

@contextmanager
def lock():
    with really_lock():
        (folder / "holder").write_text(str(os.getpid()))
        time.sleep(float(sys.argv[2]))
        yield

store.lock = lock
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
calls, failures = 0, []
while not stop.is_set():
    try:
        session.call("GET", "/authorization/202309/shops")
    except Exception as failure:
        failures.append(repr(failure))
    calls += 1
    (folder / f"draft-{os.getpid()}").write_text(str(calls))
    os.replace(folder / f"draft-{os.getpid()}", folder / f"calls-{os.getpid()}")  # who reads it never finds half of it
    stop.wait(0.01)
problem = connections.of_profile("default").keeper.last_problem
print(json.dumps({"calls": calls, "failures": failures, "problem": problem}))
"""


class Workers:
    """Processes that call all the time, and what they have done."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, []
        self.seconds_before_asking = 0.0

    def start(self, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(self.folder), str(self.seconds_before_asking)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment() | {k: v for k, v in os.environ.items() if k.startswith("TTS_")},
            preexec_fn=before,
        )
        self.running.append(worker)
        return worker

    def calls(self, worker: subprocess.Popen[str]) -> int:
        try:
            return int((self.folder / f"calls-{worker.pid}").read_text())
        except FileNotFoundError:
            return 0

    def all_go_on(self) -> None:
        """Return when each has made three more calls."""
        before = {worker.pid: self.calls(worker) for worker in self.running}
        until(lambda: all(self.calls(worker) >= before[worker.pid] + 3 for worker in self.running))

    def reports(self) -> list[dict]:
        return [json.loads(worker.communicate(timeout=20)[0]) for worker in self.running]

    def end(self) -> None:
        for worker in self.running:
            worker.kill()
            worker.communicate()


def until(is_so: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "It did not become so in time."
        time.sleep(0.005)


@pytest.fixture
def log_in(start_sandbox, free_port, monkeypatch) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox, and logs the default profile in to it."""

    def log_in(*options: str) -> Sandbox:
        sandbox = start_sandbox("--orders", "10", "--redirect-uri", f"http://localhost:{free_port}/", *options)
        log_in_default_profile(sandbox, free_port, monkeypatch)
        return sandbox

    yield log_in
    connections.close()


@pytest.fixture
def workers(tmp_path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    made.end()


def expire(sandbox: Sandbox) -> None:
    control(sandbox, expire_access_tokens=True)


def test_eight_processes_over_twenty_expiries_spend_each_refresh_token_once(log_in, workers):
    sandbox = log_in()
    for _ in range(PROCESSES):
        workers.start()
    workers.all_go_on()

    for _ in range(EXPIRIES):
        expire(sandbox)
        workers.all_go_on()

    reports, counted = workers.reports(), stats(sandbox)
    assert [failure for report in reports for failure in report["failures"]] == []
    assert counted["token_refreshes"] == counted["rotations"] == EXPIRIES
    assert counted["spent_refresh_tokens_presented"] == 0
    assert min(report["calls"] for report in reports) >= 3 * EXPIRIES


# forks three children while a thread of its own renews, lets all of them call at once, then once more from one child
FORKING = """
import json, os, sys, threading, time
from contextlib import contextmanager
import tts_notebook
from tts_notebook.notebook.connections import connections

session = tts_notebook.login().session
store = connections.of_profile("default").keeper.store
really_lock, inside = store.lock, threading.Event()

@contextmanager
def lock():
    with really_lock():
        inside.set()
        time.sleep(0.3)
        yield

def call():
    return session.call("GET", "/authorization/202309/shops")["shops"]

def fork(calls):
    child = os.fork()
    if child:
        return child
    try:
        os._exit(0 if all(call() == shops for _ in range(calls)) else 1)
    except BaseException:
        os._exit(2)

shops, store.lock = call(), lock
print("ready", flush=True)
sys.stdin.readline()
renewing = threading.Thread(target=call)
renewing.start()
inside.wait()
children = [fork(30) for _ in range(3)]
mine = all(call() == shops for _ in range(30))
renewing.join()
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print("ready", flush=True)
sys.stdin.readline()
codes.append(os.waitstatus_to_exitcode(os.waitpid(fork(1), 0)[1]))
print(json.dumps({"codes": codes, "mine": mine and call() == shops}), flush=True)
"""


def test_forked_children_call_beside_their_parent_and_one_renewal_serves_all(log_in):
    sandbox = log_in()
    environment = clean_environment() | {k: v for k, v in os.environ.items() if k.startswith("TTS_")}
    parent = subprocess.Popen(
        [sys.executable, "-c", FORKING],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    limit = threading.Timer(30, os.killpg, (parent.pid, signal.SIGKILL))  # with its children
    limit.start()
    try:
        for _ in range(2):
            assert parent.stdout.readline() == "ready\n"
            expire(sandbox)
            parent.stdin.write("go on\n")
            parent.stdin.flush()
        found = json.loads(parent.communicate()[0] or "{}")
    finally:
        limit.cancel()
        limit.join()
        parent.kill()
        parent.communicate()

    assert found == {"codes": [0, 0, 0, 0], "mine": True}
    counted = stats(sandbox)
    assert counted["token_refreshes"] == counted["rotations"] == 2
    assert counted["spent_refresh_tokens_presented"] == 0


def kill_holders(sandbox: Sandbox, workers: Workers, count: int, moment: Callable[[], float]) -> int:
    """Kill whoever renews, some moments after it took the lock; return how many were killed in time."""
    killed = 0
    for _ in range(count):
        holder = workers.folder / "holder"
        holder.unlink(missing_ok=True)
        expire(sandbox)
        until(lambda holder=holder: holder.exists() and holder.read_text() != "")
        pid = int(holder.read_text())
        victim = next(worker for worker in workers.running if worker.pid == pid)
        time.sleep(moment())
        os.kill(victim.pid, signal.SIGKILL)
        victim.communicate()
        workers.running.remove(victim)
        killed += 1
        workers.start()
        workers.all_go_on()
    return killed


def test_a_holder_killed_before_it_asks_is_replaced_and_nothing_is_spent_twice(log_in, workers):
    sandbox = log_in()
    workers.seconds_before_asking = 0.2
    for _ in range(4):
        workers.start()
    workers.all_go_on()
    moments = random.Random(7)

    killed = kill_holders(sandbox, workers, KILLS, lambda: moments.uniform(0, 0.1))

    reports, counted = workers.reports(), stats(sandbox)
    assert [failure for report in reports for failure in report["failures"]] == []
    assert counted["token_refreshes"] == counted["rotations"] == killed == KILLS
    assert counted["spent_refresh_tokens_presented"] == 0


def test_holders_killed_at_any_moment_leave_a_login_that_serves_while_tiktok_shop_forgives_one_repeat(log_in, workers):
    # what was answered to a process that died before it could write is known to nobody: the next one can only
    # ask with the same refresh token again
    sandbox = log_in("--refresh-grace-seconds", "30", "--latency-ms", "10")
    for _ in range(4):
        workers.start()
    workers.all_go_on()
    moments = random.Random(7)

    killed = kill_holders(sandbox, workers, KILLS, lambda: moments.uniform(0, 0.04))

    reports, counted = workers.reports(), stats(sandbox)
    assert killed == KILLS
    assert [failure for report in reports for failure in report["failures"]] == []
    assert counted["spent_refresh_tokens_presented"] <= killed
    assert counted["token_refreshes"] <= 2 * killed


def no_more_room() -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))


def test_on_a_full_disk_the_old_token_stays_and_the_session_goes_on_serving(log_in, workers, tmp_path):
    sandbox = log_in()
    path = store_for("default", None).path
    before = path.read_bytes()
    workers.start(before=no_more_room)
    workers.all_go_on()

    for _ in range(5):
        expire(sandbox)
        workers.all_go_on()

    (report,), counted = workers.reports(), stats(sandbox)
    assert report["failures"] == []
    assert "could not be saved" in report["problem"]
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["token.json"]
    assert counted["token_refreshes"] == counted["rotations"] == 5
    assert counted["spent_refresh_tokens_presented"] == 0


def test_a_long_pull_crosses_several_expiries_without_a_failed_call(start_sandbox, free_port, monkeypatch):
    options = ("--orders", "1500", "--access-token-seconds", "2", "--latency-ms", "250")
    with ExitStack() as ending:
        sandbox = start_sandbox("--redirect-uri", f"http://localhost:{free_port}/", *options)
        for name, value in sandbox.environment(free_port).items():
            monkeypatch.setenv(name, value)
        ending.callback(connections.close)
        login = tts_notebook.login(timeout=20)
        requests.post(login.url, data={"decision": "authorize"}, timeout=10)

        orders = login.wait().orders(since="all", progress=False, max_rate=3)

    counted = stats(sandbox)
    assert len(orders) == orders["order_id"].nunique() == 1500
    assert counted["rotations"] >= 2
    assert set(counted["statuses"]) <= {"200", "303", "302"}
    assert counted["spent_refresh_tokens_presented"] == 0
