"""The loop that people write: one cursor, page after page, then pandas."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import requests

from benchmarks.peers.shop import MOST_CALLS, SEARCH, Job, Outcome, Signed

MONEY = ("original_price", "sale_price", "platform_discount", "seller_discount")


def pages(job: Job) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield each answer as it came and its data; a throttled call waits a second and is made again."""
    with requests.Session() as session:
        session.auth = Signed(job.app_key, job.app_secret, job.access_token)
        token = ""
        for _ in range(MOST_CALLS):
            query = job.query | ({"page_token": token} if token else {})
            answer = session.post(job.base_url + SEARCH, params=query, json=job.window, timeout=60)
            if answer.status_code == 429:
                time.sleep(1)
                continue
            answer.raise_for_status()
            data = answer.json()["data"]
            yield answer.content, data
            token = data["next_page_token"]
            if not token:
                return
    raise RuntimeError("The pages do not end.")


def orders_of(job: Job) -> list[dict[str, Any]]:
    return [order for _, data in pages(job) for order in data["orders"]]


def plain(job: Job) -> Callable[[], Outcome]:
    def run() -> Outcome:
        frame = pd.json_normalize(orders_of(job))
        return Outcome(lambda: frame["id"])

    return run


def typed(job: Job) -> Callable[[], Outcome]:
    """The same with a table of items, and with times and money as what they are."""

    def run() -> Outcome:
        orders = orders_of(job)
        items = pd.json_normalize(orders, record_path="line_items", meta=["id"], meta_prefix="order_")
        frame = pd.json_normalize(orders).drop(columns=["line_items", "packages"])
        for table in (frame, items):
            set_types(table)
        return Outcome(lambda: frame["id"], len(items))

    return run


def set_types(table: pd.DataFrame) -> None:
    for name in table.columns:
        if name.endswith("_time"):
            table[name] = pd.to_datetime(table[name], unit="s", utc=True)
        elif name in MONEY or (name.startswith("payment.") and name != "payment.currency"):
            table[name] = pd.to_numeric(table[name])
