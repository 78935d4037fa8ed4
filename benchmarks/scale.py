"""Sync many shops to Parquet: in one process, and on the two processes of a Dask LocalCluster.

    python benchmarks/scale.py                        16, 200 and 1,000 shops of 30 orders, some minutes
    python benchmarks/scale.py --shops 200 --latency-ms 200 --ways one,processes,dask

The sandbox runs in a process of its own and is not counted; every way runs in a fresh process, and what
it imports, the login and the start of its workers come before its clock starts ("start" says how long
that took). `again` is the same line once more, when nothing is new. Needs the extra [dask] for that way.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from benchmarks.sandbox_throughput import sign_in  # noqa: E402 - found beside this file

WORKERS = 2
MOST_SECONDS = 600  # of one run
MOST_SHOPS = 1_000
SETTINGS = ("app_key", "app_secret", "service_id", "authorize_url", "auth_base_url", "api_base_url")
HEAD = ("shops", "way", "start", "wall", "CPU", "largest process", "all processes", "requests", "again", "CPU again")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=counts, default=[16, 200, 1_000], metavar="N,…")
    parser.add_argument("--orders", type=int, default=30, help="orders of each shop")
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--ways", type=lambda text: text.split(","), default=["one", "dask"], metavar=",".join(WAYS))
    parser.add_argument("--run", choices=WAYS, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.run:
        return run(options.run)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; ", end="")
    print(f"{options.orders} orders a shop, {options.latency_ms} ms\n")
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    for shops in options.shops:
        for way in options.ways:
            # a sandbox for each: what the first way asks would be encoded for the second
            with sandbox(shops, shops * options.orders, options.latency_ms) as app:
                print(f"| {shops:,} | {way} | {' | '.join(cells(measured(way, app, shops * options.orders)))} |")
                sys.stdout.flush()
    return 0


def counts(text: str) -> list[int]:
    found = [int(each) for each in text.split(",")]
    if not all(1 <= each <= MOST_SHOPS for each in found):
        raise argparse.ArgumentTypeError(f"from 1 to {MOST_SHOPS}")
    return found


def cells(told: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{told['start']:.1f} s",
        f"{told['wall']:.1f} s",
        f"{told['cpu']:.1f} s",
        f"{told['largest_mb']:.0f} MB",
        f"{told['all_mb']:.0f} MB",
        f"{told['requests']:,}",
        f"{told['again']:.1f} s",
        f"{told['cpu_again']:.1f} s",
    )


def measured(way: str, app: dict[str, str], orders: int) -> dict[str, Any]:
    """Run one way in a process of its own, for a bounded time."""
    with tempfile.TemporaryDirectory(prefix="tts-scale-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("TTS_", "DASK_"))}
        environment |= {f"TTS_{name.upper()}": app[name] for name in SETTINGS}
        environment |= {"TTS_HOME": f"{folder}/home", "TTS_STORE": "file", "PYTHONPATH": str(HERE)}
        environment["TTS_REFRESH_TOKEN"] = sign_in(app).refresh_token
        ask(app, "POST", "/sandbox/control", {"reset_stats": True})
        command = [sys.executable, str(Path(__file__).resolve()), "--run", way]
        done = subprocess.run(
            command, env=environment, cwd=folder, timeout=MOST_SECONDS, stdout=subprocess.PIPE, check=True
        )
    told: dict[str, Any] = json.loads(done.stdout)
    if told["rows"] != orders:
        sys.exit(f"{way} has {told['rows']:,} rows of {orders:,} orders.")
    return told


@contextmanager
def sandbox(shops: int, orders: int, latency_ms: int) -> Iterator[dict[str, str]]:
    """An agency with so many shops, which share so many orders of the last 30 days."""
    options = ["--seller", "agency", "--shops", str(shops), "--orders", str(orders), "--days", "30", "--no-rotate"]
    options += ["--latency-ms", str(latency_ms), "--auto-approve", "--warm"]
    command = [sys.executable, "-m", "tts_notebook.sandbox", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE) as process:
        limit = threading.Timer(2 * MOST_SECONDS, process.kill)
        limit.start()
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait()
            limit.cancel()


def ask(app: dict[str, str], method: str, path: str, wishes: object = None) -> Any:
    connection = HTTPConnection(urlsplit(app["api_base_url"]).netloc, timeout=60)
    try:
        connection.request(method, path, json.dumps(wishes).encode(), {"content-type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


# -- in the process that is measured -----------------------------------------------------------


def run(way: str) -> int:
    import tts_notebook

    loaded()
    begun = time.perf_counter()
    with WAYS[way]() as executor:
        tts = tts_notebook.login().wait(30)
        shops = len(tts.shops)
        started = time.perf_counter()
        told: dict[str, Any] = {"start": started - begun}
        for wall, cpu in (("wall", "cpu"), ("again", "cpu_again")):
            before, used = time.perf_counter(), cpu_seconds()
            done = tts.sync("orders", into="sync", progress=False, executor=executor)
            told |= {wall: time.perf_counter() - before, cpu: cpu_seconds() - used}
            told.setdefault("requests", done.calls)
            if done.partial:
                sys.exit(next(iter(done.partial.values())))
        told |= dict(zip(("largest_mb", "all_mb"), memory(), strict=True))
    told["rows"] = tts_notebook.open_dataset("sync").count_rows()
    print(json.dumps({"shops": shops, **told}))
    return 0


@contextmanager
def one() -> Iterator[None]:
    yield None


@contextmanager
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        list(pool.map(loaded, range(4 * WORKERS)))
        yield pool


@contextmanager
def dask() -> Iterator[Executor]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        client.run(loaded)
        yield client.get_executor()


def loaded(_: object = None) -> None:
    """What a worker imports for its first shop."""
    for library in ("pyarrow.json", "pyarrow.parquet", "tts_notebook.notebook.connections"):
        import_module(library)


WAYS: dict[str, Callable[[], Any]] = {"one": one, "processes": processes, "dask": dask}


def family() -> list[Any]:
    import psutil

    me = psutil.Process()
    return [me, *me.children(recursive=True)]


def cpu_seconds() -> float:
    """Of this process and its workers, those that have ended included."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = [each.cpu_times() for each in family()]
    return sum(each.user + each.system for each in used) + ended.ru_utime + ended.ru_stime


def memory() -> tuple[float, float]:
    """The largest resident size that one of the processes ever had, and the sum of theirs, in MB."""
    peaks = [peak_mb(each.pid) for each in family()]
    return max(peaks), sum(peaks)


def peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
