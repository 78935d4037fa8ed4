"""tts_notebook, by its public names; the app and the refresh token are in the environment, as in a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas  # noqa: F401 - what all peers have imported when the clock starts
import pyarrow.dataset as files

import tts_notebook
from benchmarks.peers.shop import Job, LeftOut, Outcome


def to_pandas(job: Job) -> Callable[[], Outcome]:
    tts = logged_in()

    def run() -> Outcome:
        orders, items = tts.orders(**period(job), items=True, progress=False)
        return Outcome(lambda: orders["order_id"], len(items))

    return run


def to_parquet(job: Job) -> Callable[[], Outcome]:
    tts = logged_in()
    if not hasattr(tts, "sync"):
        raise LeftOut("this version has no tts.sync")

    def run() -> Outcome:
        folder = Path(job.folder) / "sync"
        tts.sync("orders", into=folder, since=period(job)["since"], progress=False)
        return Outcome(lambda: synced_ids(folder))

    return run


def logged_in() -> Any:
    tts = tts_notebook.login().wait(30)
    assert tts.shops  # asked for before the clock starts, as the peers were told their shop, too
    return tts


def period(job: Job) -> dict[str, datetime]:
    return {name: datetime.fromtimestamp(at, UTC) for name, at in (("since", job.since), ("until", job.until))}


def synced_ids(folder: Path) -> Iterable[str]:
    opened = tts_notebook.open_dataset(folder)
    table = opened if isinstance(opened, files.Dataset) else opened["orders"]
    return table.to_table(columns=["order_id"])["order_id"].to_pylist()
