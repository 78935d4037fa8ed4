"""Shops on a real Dask cluster of this machine: what its scheduler sees, and workers that are killed."""

from __future__ import annotations

import logging
import os
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

import tests.data.test_workers as workers
from tests.auth.tiktok_shop import stats
from tests.data.test_workers import SEARCH, rows_in, secrets_of, session, until
from tts_notebook.data.walkers import BACKLOG, BATCH

if TYPE_CHECKING:
    from distributed import Client

pytestmark = pytest.mark.cluster
log_in = workers.log_in


@contextmanager
def cluster() -> Iterator[Client]:
    """Two worker processes, which must be gone afterwards. They inherit the settings of now."""
    from distributed import Client, LocalCluster  # half a second, which only these tests shall take

    me, quiet = psutil.Process(), logging.WARNING
    before = set(me.children(recursive=True))
    address = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, silence_logs=quiet, **address) as local,
        Client(local) as client,
    ):
        yield client
    left = set(me.children(recursive=True)) - before
    # Python's own, of all that was ever spawned here
    assert [each for each in left if "resource_tracker" not in " ".join(each.cmdline())] == []


def seen_by_the_scheduler(dask_scheduler) -> list[bytes]:
    """Every task as it came, and all that is said of it."""
    told = [repr(vars(dask_scheduler)).encode()]
    for task in dask_scheduler.tasks.values():
        told += [pickle.dumps(task.run_spec), repr(task.run_spec).encode(), str(task.key).encode()]
    return told


def test_two_workers_are_killed_and_every_order_is_there_once(log_in, tmp_path):
    sandbox = log_in("--latency-ms", "50", "--access-token-seconds", "5", shops=4, orders=12_000)
    orders, seen, killed = tmp_path / "orders", [], []

    def kill_in_the_middle(client: Client) -> None:
        for pid in client.run(os.getpid).values():
            parts = set(orders.glob("shop=*/_staging/run-*.part"))
            until(lambda parts=parts: set(orders.glob("shop=*/_staging/run-*.part")) - parts)
            seen.extend(client.run_on_scheduler(seen_by_the_scheduler))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    with cluster() as client, ThreadPoolExecutor(1) as beside:
        watching = beside.submit(kill_in_the_middle, client)
        done = session().sync("orders", into=orders, progress=False, executor=client.get_executor())
        watching.result(20)

    counted = stats(sandbox)
    assert len(set(killed)) == 2
    assert (done.partial, done.resumed) == ({}, True)
    assert len(rows_in(orders)) == len(set(rows_in(orders))) == 12_000
    # what the killed workers had put down is not read again; what they had in hand is
    assert done.rows["orders"] < 12_000
    assert counted["requests"][SEARCH] < 160 + 2 * (BATCH + BACKLOG)
    assert counted["token_refreshes"] == counted["rotations"] >= 1
    assert counted["spent_refresh_tokens_presented"] == 0
    assert any(b"ShopTask" in each for each in seen)
    assert [found for each in seen if (found := secrets_of(sandbox).found_in(each))] == []


def test_the_dask_block_of_the_page_about_many_shops_runs(log_in, tmp_path):
    log_in()

    assert workers.run_block("LocalCluster", tmp_path).startswith(f"Synced {workers.ORDERS} orders")
