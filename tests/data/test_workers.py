"""A sync whose shops are done by workers: threads and processes, what is sent to them, and how they fail."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cloudpickle
import psutil
import pytest
import requests

import tts_notebook
from tests.auth.tiktok_shop import control, log_in_default_profile, stats
from tests.data.test_orders_against_sandbox import logged_in
from tests.harness.places import REPOSITORY, clean_environment
from tests.harness.sandboxes import Sandbox
from tests.harness.secrets import Canaries
from tests.harness.workers import fresh_processes
from tts_notebook import InputError, SyncError, TTSError, open_dataset
from tts_notebook.api import budget
from tts_notebook.data import store
from tts_notebook.data.reading import Reading
from tts_notebook.data.walkers import LANES_AT_ONCE
from tts_notebook.notebook.connections import connections

SEARCH = "/order/202309/orders/search"
SHOPS, ORDERS = 6, 120


@pytest.fixture
def log_in(start_sandbox, free_port, monkeypatch) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox with an agency, and logs the default profile in to it."""

    def log_in(*options: str, shops: int = SHOPS, orders: int = ORDERS) -> Sandbox:
        agency = ["--seller", "agency", "--shops", str(shops), "--orders", str(orders)]
        redirect = ["--redirect-uri", f"http://localhost:{free_port}/"]
        sandbox = start_sandbox(*agency, *redirect, *options)
        log_in_default_profile(sandbox, free_port, monkeypatch)
        return sandbox

    yield log_in
    connections.close()


@pytest.fixture
def processes() -> Iterator[Executor]:
    with fresh_processes() as pool:
        yield pool


def session():
    return connections.of_profile("default").session


def rows_in(directory: Path, column: str = "order_id") -> list[str]:
    """Everything that was synced, as often as it is there."""
    return sorted(open_dataset(directory).to_table(columns=[column])[column].to_pylist())


def layout_of(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*.parquet"))


def secrets_of(sandbox: Sandbox) -> Canaries:
    token = connections.of_profile("default").keeper.token
    return Canaries(access=token.access_token, refresh=token.refresh_token, app_secret=sandbox.app_secret)


class Noting(ThreadPoolExecutor):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__(2)
        self.given: list = []

    def submit(self, task, /, *arguments, **named):
        self.given.append(task)
        return super().submit(task, *arguments, **named)


class Sending(Executor):
    """Does each task at once, as it arrives when it was sent to another process."""

    def submit(self, task, /, *arguments, **named):
        future: Future = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(task))(*arguments, **named))
        except TTSError as failure:
            future.set_exception(pickle.loads(pickle.dumps(failure)))
        return future


# -- what comes out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "workers",
    [partial(ThreadPoolExecutor, 3), pytest.param(fresh_processes, marks=pytest.mark.patient)],
    ids=["threads", "processes"],
)
def test_threads_and_processes_leave_the_same_files_and_rows_as_one_process(log_in, tmp_path, workers):
    log_in()
    tables = ["orders", "order_items"]
    alone = session().sync(tables, into=tmp_path / "alone", progress=False)

    with workers() as pool:
        told = session().sync(tables, into=tmp_path / "shared", progress=False, executor=pool)

    assert told.rows == alone.rows
    assert (alone.rows["orders"], told.partial, told.calls) == (ORDERS, {}, SHOPS)
    for table in tables:
        assert rows_in(tmp_path / "shared" / table) == rows_in(tmp_path / "alone" / table)
        assert layout_of(tmp_path / "shared" / table) == layout_of(tmp_path / "alone" / table)


@pytest.mark.patient
def test_a_later_sync_by_workers_brings_what_changed_and_goes_on_after_one_without(log_in, tmp_path, processes):
    sandbox = log_in()
    first = session().sync("orders", into=tmp_path / "orders", progress=False)
    control(sandbox, add_orders={"count": 7, "seller": "agency"})
    time.sleep(1.1)  # a sync ends before the second in which it begins

    second = session().sync("orders", into=tmp_path / "orders", progress=False, executor=processes)

    assert second.rows["orders"] < first.rows["orders"]
    assert len(rows_in(tmp_path / "orders")) == len(set(rows_in(tmp_path / "orders"))) == ORDERS + 7


def test_the_same_period_is_asked_of_all_shops_and_a_tilde_means_the_same_directory(log_in, tmp_path, monkeypatch):
    log_in()
    monkeypatch.setenv("HOME", str(tmp_path))
    noting = Noting()

    with noting:
        done = session().sync("orders", into="~/orders", since="3d", progress=False, executor=noting)

    assert {task.since for task in noting.given} == {noting.given[0].since} != {None}
    assert {task.into for task in noting.given} == {str(tmp_path / "orders")}
    assert done.directories["orders"] == tmp_path / "orders"
    assert 0 < len(rows_in(tmp_path / "orders")) < ORDERS


def test_a_sync_of_many_shops_has_the_files_open_of_those_only_that_it_reads(log_in, tmp_path, monkeypatch):
    log_in(shops=40, orders=80)
    monkeypatch.setattr(budget, "MAX_BUDGETS", 1)
    most, columns = [0], Reading.columns

    def counted(*arguments):
        files = [Path(each.path) for each in psutil.Process().open_files()]
        # tests before this one may have left theirs open
        most.append(sum(path.suffix == ".slots" and path.is_relative_to(tmp_path) for path in files))
        return columns(*arguments)

    monkeypatch.setattr(Reading, "columns", counted)
    done = session().sync("orders", into=tmp_path / "orders", progress=False)

    assert (done.rows["orders"], done.calls) == (80, 40)
    assert max(most) <= LANES_AT_ONCE + 2


# -- what is sent --------------------------------------------------------------------------------------


def test_a_task_that_is_sent_holds_names_and_no_secret(log_in, tmp_path):
    sandbox = log_in()
    noting = Noting()
    with noting:
        session().sync("orders", into=tmp_path / "orders", progress=False, executor=noting)
    task = noting.given[0]

    for sent in (pickle.dumps(task), cloudpickle.dumps(task), repr(task)):
        assert secrets_of(sandbox).found_in(sent) == []
    assert len(noting.given) == len({pickle.dumps(each) for each in noting.given}) == SHOPS
    assert pickle.loads(pickle.dumps(task)).session is None


def test_the_same_sync_again_makes_other_tasks(log_in, tmp_path):
    # Dask gives the result it has when it is asked for the same task
    log_in()
    noting = Noting()
    with noting:
        for _ in range(2):
            session().sync("orders", into=tmp_path / "orders", progress=False, executor=noting)

    assert len({pickle.dumps(each) for each in noting.given}) == 2 * SHOPS


@pytest.mark.patient
def test_several_workers_renew_a_short_token_once_for_all(log_in, tmp_path, processes):
    sandbox = log_in("--access-token-seconds", "3", "--latency-ms", "100", shops=24, orders=240)

    ends = time.monotonic() + 7  # so that more than two tokens end meanwhile
    while time.monotonic() < ends:
        done = session().sync("orders", into=tmp_path / "orders", progress=False, executor=processes, max_rate=5)
        assert done.partial == {}

    counted = stats(sandbox)
    assert len(set(rows_in(tmp_path / "orders"))) == 240
    assert counted["token_refreshes"] == counted["rotations"] >= 2
    assert counted["spent_refresh_tokens_presented"] == 0


# -- refusals ------------------------------------------------------------------------------------------


def test_a_login_in_memory_only_and_what_is_no_executor_are_refused_before_anything_is_made(start_sandbox, tmp_path):
    with logged_in(start_sandbox("--auto-approve", "--orders", "10")) as tts:
        with pytest.raises(InputError, match=r"memory of this process only.*stored"):
            tts.sync("orders", into=tmp_path / "x", executor=Sending())
        with pytest.raises(InputError, match=r"executor=4 is not an executor"):
            tts.sync("orders", into=tmp_path / "x", executor=4)

    assert not (tmp_path / "x").exists()


def test_a_worker_without_the_login_says_so_for_its_shops(log_in, tmp_path, monkeypatch):
    log_in()

    class OneAway(Sending):
        """The worker that gets the first shop has another home."""

        def submit(self, task, /, *arguments, **named):
            with monkeypatch.context() as patch:
                if not hasattr(self, "begun"):
                    patch.setenv("TTS_HOME", str(tmp_path / "elsewhere"))
                    self.begun = True
                return super().submit(task, *arguments, **named)

    done = session().sync("orders", into=tmp_path / "orders", progress=False, executor=OneAway())

    (reason,) = done.partial.values()
    assert f"This worker finds no login of profile default in the file {tmp_path / 'elsewhere'}" in reason
    assert "Give it the same TTS_HOME and app settings" in reason
    assert len(set(rows_in(tmp_path / "orders"))) == ORDERS - ORDERS // SHOPS


def test_workers_without_app_settings_or_directory_are_a_sentence(log_in, tmp_path, monkeypatch):
    log_in()
    taken: list = []

    class Late(Sending):
        """Sends nothing before it is told to."""

        def submit(self, task, /, *arguments, **named):
            taken.append(task)
            raise RuntimeError("not now")

    with pytest.raises(SyncError, match=r"worker or its executor failed \(RuntimeError: not now\)"):
        session().sync("orders", into=tmp_path / "orders", progress=False, executor=Late())
    sent = pickle.dumps(taken[0])
    (tmp_path / "orders").rename(tmp_path / "not shared")
    with pytest.raises(InputError, match=r"finds no synced directory at .*orders.*same file system"):
        pickle.loads(sent)()
    for name in ("TTS_APP_KEY", "TTS_APP_SECRET"):
        monkeypatch.delenv(name)

    with pytest.raises(TTSError, match=r"cannot use the login of profile default: No app_key is set.*same TTS_HOME"):
        pickle.loads(sent)()


def test_a_worker_that_finds_another_sellers_login_writes_nothing(log_in, tmp_path, start_sandbox, monkeypatch):
    log_in()
    noting = Noting()
    with noting:
        session().sync("orders", into=tmp_path / "orders", progress=False, executor=noting)
    before = layout_of(tmp_path / "orders")
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "other"))
    login = tts_notebook.login(timeout=20)
    requests.post(login.url, data={"decision": "authorize", "seller": "gb"}, timeout=10)
    login.wait()

    with pytest.raises(InputError, match=r"was synced with seller="):
        pickle.loads(pickle.dumps(noting.given[0]))()

    assert layout_of(tmp_path / "orders") == before


def test_a_refresh_token_of_the_environment_is_not_spent_by_workers(log_in, tmp_path, monkeypatch):
    sandbox = log_in()
    noting = Noting()
    with noting:
        session().sync("orders", into=tmp_path / "orders", progress=False, executor=noting)
    monkeypatch.setenv("TTS_REFRESH_TOKEN", connections.of_profile("default").keeper.token.refresh_token)
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "empty"))

    with pytest.raises(TTSError, match="finds no login"):
        pickle.loads(pickle.dumps(noting.given[0]))()

    assert stats(sandbox)["token_refreshes"] == 0


@pytest.mark.patient
def test_a_pool_that_broke_is_told_for_each_shop_and_the_next_run_goes_on(log_in, tmp_path, processes):
    log_in()
    dying = processes.submit(os._exit, 1)
    with pytest.raises(Exception, match="terminated abruptly"):
        dying.result(30)

    with pytest.raises(SyncError, match=r"BrokenProcessPool.*run the same line again"):
        session().sync("orders", into=tmp_path / "orders", progress=False, executor=processes)

    session().sync("orders", into=tmp_path / "orders", progress=False)
    assert len(set(rows_in(tmp_path / "orders"))) == ORDERS


# -- the parent dies -----------------------------------------------------------------------------------

PARENT = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import tts_notebook

if __name__ == "__main__":
    pool = ProcessPoolExecutor(2, get_context("spawn"))
    tts_notebook.login().session.sync("orders", into=sys.argv[1], progress=False, executor=pool)
"""


@pytest.mark.patient
def test_after_a_killed_parent_an_orphan_keeps_its_shop_and_the_next_run_does_the_rest(log_in, tmp_path, monkeypatch):
    log_in("--latency-ms", "100", shops=3, orders=9_000)
    (tmp_path / "parent.py").write_text(PARENT)
    environment = clean_environment() | {k: v for k, v in os.environ.items() if k.startswith("TTS_")}
    orders = tmp_path / "orders"
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py", orders], env=environment, start_new_session=True)
    try:
        until(lambda: list(orders.glob("shop=*/_staging/run-*.part")))
        workers = psutil.Process(parent.pid).children(recursive=True)
        for each in workers:
            each.suspend()
    finally:
        parent.kill()
        parent.wait()
    try:
        with monkeypatch.context() as patch, ThreadPoolExecutor(2) as threads:
            patch.setattr(store, "_DEAD_WITHIN", 0.3)
            partly = session().sync("orders", into=orders, progress=False, executor=threads)
        with pytest.raises(SyncError, match="a worker that one left behind, is writing into"):
            session().sync("orders", into=orders, progress=False, shops=next(iter(partly.partial)))
    finally:
        for each in workers:
            os.kill(each.pid, signal.SIGKILL)

    with ThreadPoolExecutor(2) as threads:  # who wait until the locks of the dead are free
        done = session().sync("orders", into=orders, progress=False, executor=threads)

    assert 1 <= len(partly.partial) <= 2
    assert all("a worker that one left behind" in reason for reason in partly.partial.values())
    assert (done.partial, done.resumed) == ({}, True)
    assert len(rows_in(orders)) == len(set(rows_in(orders))) == 9_000


# -- the page ------------------------------------------------------------------------------------------


def run_block(named: str, directory: Path) -> str:
    """Run the block of docs/scale.md that has a name in it as a program, and return what it prints."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "scale.md").read_text(), re.DOTALL)
    (block,) = [each for each in blocks if named in each]
    program = directory / "block.py"
    program.write_text(block)
    environment = clean_environment() | {k: v for k, v in os.environ.items() if k.startswith("TTS_")}
    done = subprocess.run(
        [sys.executable, program], cwd=directory, env=environment, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.patient
def test_the_block_for_processes_of_the_page_about_many_shops_runs(log_in, tmp_path):
    log_in()

    assert run_block("ProcessPoolExecutor", tmp_path).startswith(f"Synced {ORDERS} orders")


def until(is_so: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "It did not become so in time."
        time.sleep(0.005)
