"""What nobody can be faster than: pages that are in memory already, made into columns."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from benchmarks.peers.loop import pages
from benchmarks.peers.shop import Job, Outcome
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS
from tts_notebook.data.pages import PageReader

PAGES_AT_ONCE = 10


def only(job: Job) -> Callable[[], Outcome]:
    reader = PageReader(ORDERS.listing, (ORDERS, ORDER_ITEMS), time_field="create_time")
    bodies = [body for body, _ in pages(job)]

    def run() -> Outcome:
        found = [(reader.parse(body), None, None) for body in bodies]
        batches = [reader.tabulate(found[at : at + PAGES_AT_ONCE], None) for at in range(0, len(found), PAGES_AT_ONCE)]
        orders, items = (
            pa.concat_tables([each.tables[name] for each in batches]) for name in ("orders", "order_items")
        )
        return Outcome(lambda: orders["order_id"].to_pylist(), len(items))

    return run
