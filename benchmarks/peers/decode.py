"""What nobody can be faster than: pages that are in memory already, made into columns."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from benchmarks.peers.loop import pages
from benchmarks.peers.shop import Job, LeftOut, Outcome

PAGES_AT_ONCE = 10


def only(job: Job) -> Callable[[], Outcome]:
    if find_spec("tts_notebook.data.pages") is None:
        raise LeftOut("this version has no reader of whole pages")
    import pyarrow as pa
    from tts_notebook.data.pages import PageReader

    from tts_notebook.data.orders import ORDER_ITEMS, ORDERS

    reader = PageReader(ORDERS.listing, (ORDERS, ORDER_ITEMS), time_field="create_time")
    bodies = [body for body, _ in pages(job)]

    def run() -> Outcome:
        found = [(reader.parse(body), None, None) for body in bodies]
        batches = [reader.tabulate(found[at : at + PAGES_AT_ONCE], None) for at in range(0, len(found), PAGES_AT_ONCE)]
        orders, items = (
            pa.concat_tables([batch.tables[name] for batch in batches]) for name in ("orders", "order_items")
        )
        return Outcome(lambda: orders["order_id"].to_pylist(), len(items))

    return run
