"""Pull a shop's orders with us and with our peers, in one run, on a sandbox in a process of its own.

    python benchmarks/pull.py --quick                 2,000 and 20,000 orders, two or three minutes
    python benchmarks/pull.py --full --json FILE      every case, about forty minutes
    python benchmarks/pull.py --orders 20000,100000 --rhythm even,skewed --latency-ms 0,200 --rate-limit 0,50,moving

Prints a Markdown table for each case. Every peer runs in a fresh process; what it imports, signing in and
finding the shop come before its clock starts. All must have pulled the same orders, or the run fails.
Needs the extra [bench] for dlt; without it those rows are left out, and it says so.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from benchmarks.sandbox_throughput import sign_in  # noqa: E402 - found beside this file

# name -> module and function under benchmarks/peers
PEERS = {
    "loop": ("loop", "plain"),
    "loop typed": ("loop", "typed"),
    "dlt": ("dlt_source", "sequential"),
    "dlt parallel": ("dlt_source", "parallel"),
    "ours to pandas": ("ours", "to_pandas"),
    "ours to Parquet": ("ours", "to_parquet"),
    "decode only": ("decode", "only"),
}
OFFLINE = "decode only"
SEARCH = "/order/202309/orders/search"
DAY = 86_400
MOVING_RATE, MOVING_SECONDS = 50, 10


@dataclass(frozen=True)
class Case:
    """One shop, one network and one limit: a number of calls a second, 0 for none, or "moving"."""

    orders: int
    rhythm: str = "even"
    latency_ms: int = 200
    limit: str = "50"
    peers: tuple[str, ...] = tuple(PEERS)

    @property
    def rate(self) -> float:
        return MOVING_RATE if self.limit == "moving" else float(self.limit)

    @property
    def pages(self) -> int:
        return math.ceil(self.orders / 100)

    def __str__(self) -> str:
        limit = {"0": "no limit", "moving": f"a limit of {MOVING_RATE}/s that halves and doubles"}
        told = limit.get(self.limit, f"limit {self.limit}/s")
        return f"{self.orders:,} orders, {self.rhythm}, {self.latency_ms} ms, {told}"


FAST = ("loop", "dlt parallel", "ours to pandas", "ours to Parquet")
QUICK = (Case(2_000), Case(20_000))
FULL = (
    Case(2_000),
    Case(20_000),
    Case(20_000, "skewed"),
    Case(20_000, latency_ms=400),
    Case(20_000, limit="10", peers=FAST),
    Case(20_000, limit="moving", peers=FAST),
    Case(100_000),
    Case(100_000, "skewed", peers=FAST),
    Case(100_000, "flash", peers=FAST),
    Case(100_000, limit="moving", peers=FAST),
    Case(100_000, latency_ms=0, limit="0"),
    Case(1_000_000, "skewed", peers=("ours to Parquet",)),
)


@dataclass
class Row:
    """What one peer took for one case."""

    peer: str
    wall: float
    cpu: float
    peak_mb: float
    requests: int
    throttled: int
    rows: int
    items: int | None
    use: float | None

    def cells(self, loop: Row | None) -> tuple[str, ...]:
        return (
            self.peer,
            f"{self.wall:.2f} s",
            f"{self.cpu:.2f} s",
            f"{self.peak_mb:.0f} MB",
            f"{self.requests:,}",
            f"{self.throttled:,}",
            f"{self.rows:,}",
            f"{self.rows / self.wall:,.0f}",
            "" if self.use is None else f"{self.use:.0%}",
            "" if loop is None else f"{loop.wall / self.wall:.2f}",
        )


HEAD = (
    "peer",
    "wall",
    "CPU",
    "peak",
    "requests",
    "throttled",
    "orders",
    "orders/s",
    "use of the limit",
    "against loop",
)


def main() -> int:
    options = parse(sys.argv[1:])
    cases = list(chosen_cases(options))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n", flush=True)
    told: list[dict[str, Any]] = []
    for case in cases:
        print(f"### {case}\n\n| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
        rows = run_case(case, options)
        told.append({"case": asdict(case), "rows": [asdict(row) for row in rows]})
        print(flush=True)
        if options.json:
            options.json.write_text(json.dumps(told, indent=1) + "\n")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--quick", action="store_true", help="2,000 and 20,000 orders at 200 ms and 50 calls a second")
    add("--full", action="store_true", help="every case of the README's table")
    add("--orders", type=numbers, default=[2_000], metavar="N,…")
    add("--rhythm", type=words("even", "skewed", "flash", "daily"), default=["even"], metavar="even,skewed,…")
    add("--latency-ms", type=numbers, default=[200], metavar="MS,…")
    add("--rate-limit", type=limits, default=["50"], metavar="R,…", help="calls a second, 0 for none, or moving")
    add("--rate-burst", type=float, default=5, help="calls that the limit lets through at once (default: 5)")
    add("--only", type=words(*PEERS), default=list(PEERS), metavar="PEER,…", help=", ".join(PEERS))
    add("--repeat", type=int, choices=range(1, 10), default=1, help="runs of each, of which the median is shown")
    add("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args(arguments)


def numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def limits(text: str) -> list[str]:
    return [each if each == "moving" else f"{float(each):g}" for each in text.split(",")]


def words(*known: str) -> Any:
    def read(text: str) -> list[str]:
        if unknown := set(text.split(",")) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there are {', '.join(known)}")
        return text.split(",")

    return read


def chosen_cases(options: argparse.Namespace) -> Iterator[Case]:
    every = product(options.orders, options.rhythm, options.latency_ms, options.rate_limit)
    preset = FULL if options.full else QUICK if options.quick else [Case(*each) for each in every]
    for case in preset:
        peers = tuple(peer for peer in case.peers if peer in options.only)
        yield Case(case.orders, case.rhythm, case.latency_ms, case.limit, peers)


def run_case(case: Case, options: argparse.Namespace) -> list[Row]:
    """Run all peers of a case and print a line for each."""
    rows: list[Row] = []
    notes: list[str] = []
    seen: dict[tuple[Any, ...], str] = {}
    with sandbox(case) as shop:
        for peer in case.peers:
            shop.prepare(case, options.rate_burst, offline=peer == OFFLINE)
            runs = [run_peer(peer, case, shop) for _ in range(options.repeat)]
            if reason := runs[0].get("left_out"):
                notes.append(f"`{peer}` is left out: {reason}.")
                continue
            for run in runs:
                check(peer, run, case, seen)
            row = make_row(peer, case, sorted(runs, key=lambda run: run["wall"])[len(runs) // 2])
            rows.append(row)
            loop = next((each for each in rows if each.peer == "loop"), None)
            print(f"| {' | '.join(row.cells(loop))} |", flush=True)
    print("".join(f"\n{note}" for note in notes), flush=True)
    return rows


def check(peer: str, run: dict[str, Any], case: Case, seen: dict[tuple[Any, ...], str]) -> None:
    """End the run unless a peer pulled every order once, the same ones as the others, with the same items."""
    if not run["rows"] == run["distinct"] == case.orders:
        sys.exit(f"{peer} pulled {run['rows']:,} rows, {run['distinct']:,} distinct, of {case.orders:,} orders.")
    for kind in ("ids", "items"):
        if run[kind] is None:
            continue
        first = seen.setdefault((kind,), f"{run[kind]}")
        if first != f"{run[kind]}":
            sys.exit(f"{peer} pulled other {kind} than those before it: {run[kind]}, not {first}.")


def make_row(peer: str, case: Case, run: dict[str, Any]) -> Row:
    limit = run["stats"]["limits"].get(SEARCH)
    return Row(
        peer=peer,
        wall=run["wall"],
        cpu=run["cpu"],
        peak_mb=run["peak_mb"],
        requests=run["stats"]["requests"].get(SEARCH, 0),
        throttled=run["stats"]["throttled"],
        rows=run["rows"],
        items=run["items"],
        use=case.pages / limit["room"] if limit else None,
    )


class Shop:
    """The sandbox: its app, one seller who is signed in, and its controls."""

    def __init__(self, app: dict[str, str]) -> None:
        self.app = app
        self.seller = sign_in(app)

    def prepare(self, case: Case, burst: float, *, offline: bool) -> None:
        """Set latency and limit; pages that are only decoded come without both."""
        moving = case.limit == "moving"
        self.control(
            latency_ms=0 if offline else case.latency_ms,
            rate_limit=0 if offline else case.rate,
            rate_burst=burst,
            rate_limit_moves=MOVING_SECONDS if moving else 0,
        )

    def job(self, folder: str) -> dict[str, Any]:
        until = int(time.time()) + 1
        return {
            "base_url": self.app["api_base_url"],
            "app_key": self.app["app_key"],
            "app_secret": self.app["app_secret"],
            "access_token": self.seller.token,
            "cipher": self.seller.cipher,
            "since": until - 31 * DAY,
            "until": until,
            "folder": folder,
        }

    def environment(self, folder: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TTS_", "DLT_"))}
        names = ("app_key", "app_secret", "service_id", "authorize_url", "auth_base_url", "api_base_url")
        ours = {f"TTS_{name.upper()}": self.app[name] for name in names}
        ours |= {"TTS_REFRESH_TOKEN": self.seller.refresh_token, "TTS_HOME": folder, "TTS_STORE": "file"}
        # dlt: nothing leaves this machine, nothing stays on it
        dlt = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__DLTHUB_TELEMETRY_ENDPOINT": "http://127.0.0.1:9/"}
        dlt |= {"RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": folder, "DLT_PROJECT_DIR": folder}
        return kept | ours | dlt | {"PYTHONPATH": os.pathsep.join(filter(None, (str(HERE), kept.get("PYTHONPATH"))))}

    def control(self, **wishes: object) -> Any:
        return self._ask("POST", "/sandbox/control", json.dumps(wishes).encode())

    def stats(self) -> Any:
        return self._ask("GET", "/sandbox/stats")

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        connection = HTTPConnection(urlsplit(self.app["api_base_url"]).netloc, timeout=60)
        try:
            connection.request(method, path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            assert answer.status == 200, said
            return said
        finally:
            connection.close()


@contextmanager
def sandbox(case: Case) -> Iterator[Shop]:
    """A sandbox whose orders are made and, as many as it remembers, encoded before anybody is timed."""
    options = ["--orders", str(case.orders), "--rhythm", case.rhythm, "--days", "30"]
    command = [sys.executable, "-m", "tts_notebook.sandbox", "--auto-approve", "--no-rotate", "--warm", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE) as process:
        try:
            with killed_after(300, process):
                line = process.stdout.readline()
            if not line:
                sys.exit("The sandbox did not start.")
            yield Shop(json.loads(line))
        finally:
            process.stdin.close()
            with killed_after(20, process):
                process.wait()


def run_peer(peer: str, case: Case, shop: Shop) -> dict[str, Any]:
    """Run a peer in a process of its own, for a bounded time, and return what it and the sandbox say."""
    module, function = PEERS[peer]
    command = [sys.executable, "-m", "benchmarks.peers.child", module, function]
    with tempfile.TemporaryDirectory(prefix="tts-bench-") as folder, tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, cwd=HERE, env=shop.environment(folder),
        )  # fmt: skip
        with killed_after(seconds_for(case), process), process:
            print(json.dumps(shop.job(folder)), file=process.stdin, flush=True)
            line = process.stdout.readline()
            if line == "ready\n":
                shop.control(reset_stats=True)
                print("go", file=process.stdin, flush=True)
                line = process.stdout.readline()
            stats = shop.stats()  # before the ids are counted, which is not part of the work
            line = process.stdout.readline() if line == "done\n" else line
        if not line:
            log.seek(0)
            ending = log.read().decode(errors="replace")[-3000:]
            sys.exit(f"{peer} did not finish within {seconds_for(case):.0f} s or failed:\n{ending}")
    return json.loads(line) | {"stats": stats}


def seconds_for(case: Case) -> float:
    """How long a peer may take: several times what one cursor needs, throttled or not."""
    a_page = case.latency_ms / 1000 + 0.1 + (1 / case.rate if case.rate else 0)
    return 60 + 3 * case.pages * a_page


@contextmanager
def killed_after(seconds: float, process: subprocess.Popen[Any]) -> Iterator[None]:
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


if __name__ == "__main__":
    raise SystemExit(main())
