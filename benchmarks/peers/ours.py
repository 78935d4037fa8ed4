"""tts_notebook, by its public names; the app and the refresh token are in the environment, as in a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import tts_notebook
from benchmarks.peers.shop import Job, LeftOut, Outcome


def to_pandas(job: Job) -> Callable[[], Outcome]:
    tts = logged_in("pandas", "pyarrow.compute", "pyarrow.json")

    def run() -> Outcome:
        orders, items = tts.orders(**period(job), items=True, progress=False)
        return Outcome(lambda: orders["order_id"], len(items))

    return run


def to_parquet(job: Job) -> Callable[[], Outcome]:
    tts = logged_in("pandas", "pyarrow.compute", "pyarrow.json", "pyarrow.parquet")
    if not hasattr(tts, "sync"):
        raise LeftOut("this version has no tts.sync")

    def run() -> Outcome:
        tables = ["orders", "order_items"]
        done = tts.sync(tables, into=Path(job.folder) / "sync", since=period(job)["since"], progress=False)
        return Outcome(lambda: synced_ids(done.directories["orders"]), done.rows["order_items"])

    return run


def logged_in(*libraries: str) -> Any:
    for library in libraries:  # those that it would import on first use: the peers have theirs by now
        import_module(library)
    tts = tts_notebook.login().wait(30)
    assert tts.shops  # asked for before the clock starts, as the peers were told their shop, too
    return tts


def period(job: Job) -> dict[str, datetime]:
    return {name: datetime.fromtimestamp(at, UTC) for name, at in (("since", job.since), ("until", job.until))}


def synced_ids(folder: Path) -> Iterable[str]:
    return tts_notebook.open_dataset(folder).to_table(columns=["order_id"])["order_id"].to_pylist()
