"""One budget for threads and processes, in real time."""

from __future__ import annotations

import math
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.harness.places import clean_environment
from tts_notebook.api import budget as module
from tts_notebook.api.budget import Budget, budget_for
from tts_notebook.api.slots import Notice, SlotFile
from tts_notebook.app import App

APP = App(app_key="the-key", app_secret="the-secret")
GO_ON = threading.Event()

TAKER = """
import sys, threading, time
from itertools import pairwise
from pathlib import Path
from tts_notebook.api.budget import Budget
budget, stop = Budget(Path(sys.argv[1])), threading.Event()
with budget.capped(float(sys.argv[2])):
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + float(sys.argv[3])
    while (sent_at := budget.take(stop)) is not None and sent_at < end:
        print(sent_at, flush=True)
        budget.clean(sent_at)
"""

HOLDER = """
import sys, time
from itertools import pairwise
from pathlib import Path
from tts_notebook.api.slots import SlotFile
with SlotFile(Path(sys.argv[1])).locked() as locked:
    print(locked, flush=True)
    time.sleep(30)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runtime" / "rate.slots"


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    environment = {**clean_environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def take_for(budget: Budget, seconds: float, *, most: float = math.inf) -> list[float]:
    taken, end = [], time.monotonic() + seconds
    while len(taken) < most and (sent_at := budget.take(GO_ON)) is not None and sent_at < end:
        taken.append(sent_at)
        budget.clean(sent_at)
    return taken


def spread(taken: list[float]) -> float:
    return (len(taken) - 1) / (max(taken) - min(taken))


def test_a_slow_wish_holds_up_nobody_once_it_is_over_and_nobody_else_meanwhile(path):
    budget, another = Budget(path), Budget(path)
    budget._control.adopt(50.0, time.monotonic())  # before a limit is known nobody is held up who is alone
    with budget.capped(0.01):
        take_for(budget, 1.0, most=1)
        begin = time.monotonic()
        take_for(another, 1.0, most=2)
    take_for(budget, 1.0, most=2)
    took = time.monotonic() - begin

    assert (took < 1, budget.rate > 40) == (True, True)
    with budget.capped(0.01):
        assert budget._control.delay(time.monotonic()) > 90  # whose wish it is waits as before


def test_threads_together_keep_to_the_rate(path):
    budget, taken = Budget(path), []
    threads = [threading.Thread(target=lambda: taken.extend(take_for(budget, 1.0))) for _ in range(8)]
    with budget.capped(40):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert spread(taken) <= 40.5
    assert len(taken) >= 20


@pytest.mark.patient
def test_two_processes_together_keep_to_the_rate(path):
    takers = [start(TAKER, path, 50, 1.5) for _ in range(2)]
    for taker in takers:
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        taker.stdin.write("\n")
        taker.stdin.flush()
    each = [[float(line) for line in taker.communicate(timeout=20)[0].split()] for taker in takers]
    taken = sorted(each[0] + each[1])

    assert min(map(len, each)) >= 3  # none of them starves
    assert spread(taken) <= 51
    assert len(taken) >= 35
    assert min(b - a for a, b in pairwise(taken)) >= 0.5 / 50 - 0.001


def test_a_process_that_is_killed_with_the_lock_in_its_hand_stops_nobody(path):
    holder = start(HOLDER, path)
    assert holder.stdout.readline() == "True\n"
    budget = Budget(path)

    began = time.monotonic()
    assert budget.take(GO_ON) is not None
    assert time.monotonic() - began < 0.5

    holder.send_signal(signal.SIGKILL)
    holder.communicate(timeout=10)
    with SlotFile(path).locked() as locked:
        assert locked
    assert len(take_for(budget, 0.3, most=2)) == 2


@pytest.mark.parametrize("content", [b"somebody else's notes", b"", b"TTSb", b"TTSb" + b"\xff" * 36, b"x" * 100_000])
def test_a_file_that_is_damaged_or_not_ours_stops_nobody(path, content):
    path.parent.mkdir()
    path.write_bytes(content)

    assert len(take_for(Budget(path), 0.4, most=3)) == 3
    if content and not content.startswith(b"TTSb"):
        assert path.read_bytes() == content


def test_a_place_that_takes_no_file_stops_nobody(tmp_path):
    (tmp_path / "file").write_text("")

    assert len(take_for(Budget(tmp_path / "file" / "rate.slots"), 0.3, most=2)) == 2


@pytest.mark.parametrize("ahead", [float("inf"), float("nan"), 1e6])
def test_a_slot_that_no_clock_of_ours_can_mean_is_not_waited_for(path, ahead):
    SlotFile(path).write(Notice(next_at=time.monotonic() + ahead))
    began = time.monotonic()

    assert Budget(path).take(GO_ON) is not None
    assert time.monotonic() - began < 0.5


def test_a_pause_that_the_server_asks_for_holds_for_the_others_too(path):
    one, other = Budget(path), Budget(path)
    sent_at = one.take(GO_ON)
    one.throttled(sent_at, 0.5)
    end = time.monotonic() + 0.45

    assert other.take(GO_ON) >= end


def test_a_limit_that_one_found_is_known_to_the_next(path):
    now = time.monotonic()
    SlotFile(path).write(Notice(next_at=now, limit=80.0, found_at=now - 60, taken=5))
    budget = Budget(path)
    budget.take(GO_ON)

    assert 40 <= budget.rate <= 80


def test_the_smallest_of_several_ceilings_holds_while_it_is_wanted():
    budget = Budget()
    with budget.capped(5):
        with budget.capped(2), budget.capped(None):
            assert budget.rate == 2
        assert budget.rate == 5

    assert budget.rate > 5


def test_who_waits_hears_that_it_is_to_stop():
    budget, stop = Budget(), threading.Event()
    budget.throttled(budget.take(GO_ON), 60)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(budget.take(stop))) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    began = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join()

    assert time.monotonic() - began < 0.15
    assert answers == [None] * 3
    assert budget.wait_until_ready(stop) is False


def test_a_slot_that_was_waited_for_is_there_to_be_taken(path):
    budget = Budget(path)
    taken = budget.take(GO_ON)

    assert budget.wait_until_ready(GO_ON)
    assert time.monotonic() - taken > 0.9 / budget.rate
    began = time.monotonic()
    assert budget.take(GO_ON) - began < 0.02


def test_a_slot_costs_little(path):
    with_file, rounds = Budget(path), 300
    with_file._control.adopt(90.0, time.monotonic())
    spent = 0.0
    for _ in range(rounds):
        with_file._control._next = with_file._ours_until = -1.0
        SlotFile.write(with_file._file, Notice())
        began = time.thread_time()
        with_file._try_to_take()
        spent += time.thread_time() - began

    assert spent / rounds < 100e-6


def test_everybody_who_asks_for_the_same_gets_the_same_budget_and_nobody_else_does(monkeypatch):
    monkeypatch.setattr(module, "_budgets", type(module._budgets)())
    monkeypatch.setattr(module, "MAX_BUDGETS", 3)
    budget = budget_for(APP, "shop", "/orders")

    assert budget_for(APP, "shop", "/orders") is budget
    others = [budget_for(APP, "shop", "/products"), budget_for(APP, "another", "/orders")]
    assert budget not in others
    for shop in "abc":
        budget_for(APP, shop, "/orders")
    assert len(module._budgets) == 3


def test_the_file_is_this_users_alone_and_names_neither_app_nor_shop(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_budgets", type(module._budgets)())
    budget_for(APP, "shop-7", "/orders").take(GO_ON)
    folder = tmp_path / "tts-home" / "runtime"
    (file,) = folder.iterdir()

    assert "the-key" not in file.name
    assert "shop-7" not in file.name
    assert not any(word in file.read_bytes() for word in (b"the-key", b"shop-7", b"orders"))
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_forked_child_keeps_a_file_of_its_own(path):
    budget = Budget(path)
    budget.take(GO_ON)
    parents = budget._file._handle
    with budget._file.locked() as locked:
        assert locked
        child = os.fork()
        if child == 0:  # the parent's lock is not the child's
            with budget._file.locked() as in_child:
                os._exit(0 if not in_child and budget._file._handle != parents else 1)
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
