"""What it costs to make tables of pages of 100 orders: CPU seconds per 100,000 orders, and memory.

    python benchmarks/decode.py [--pages 1000] [--orders 5000]

A sandbox in a process of its own makes the pages; each way of reading them then has a process
of its own. "new fields" adds three that no column knows to each order, one of them in each unit.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

from sandbox_throughput import SEARCH, sign_in

TOGETHER = 16
NEW = {b'"buyer_message":': b'"new_a":{"b":[1]},', b'"sub_total":': b'"new_c":"x",', b'"sku_type":': b'"new_d":5,'}


def fetch_pages(orders: int, folder: Path) -> None:
    command = [sys.executable, "-m", "tts_notebook.sandbox", "--auto-approve", "--orders", str(orders)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sandbox:
        client = sign_in(json.loads(sandbox.stdout.readline()))
        query = {"page_size": "100", "shop_cipher": client.cipher, "sort_order": "ASC"}
        for number in range(orders // 100):  # ends: so many pages there are
            body = client.call("POST", SEARCH, query, b"{}")
            (folder / f"{number:05}.json").write_bytes(body)
            query["page_token"] = json.loads(body)["data"].get("next_page_token", "")
            if not query["page_token"]:
                break
        client.connection.close()
        sandbox.stdin.close()


def with_new_fields(body: bytes) -> bytes:
    for before, field in NEW.items():
        body = body.replace(before, field + before)
    return body


def read_json(pages: Iterator[bytes]) -> None:
    for body in pages:
        json.loads(body)


def one_by_one(pages: Iterator[bytes]) -> None:
    from tts_notebook.data.harvest import Found, Harvest
    from tts_notebook.data.orders import ORDER_ITEMS, ORDERS

    harvest = Harvest([ORDERS, ORDER_ITEMS])
    while some := list(islice(pages, 10)):
        harvest.add(None, [Found(order) for body in some for order in json.loads(body)["data"]["orders"]])


def together(pages: Iterator[bytes]) -> None:
    from tts_notebook.data.harvest import Harvest
    from tts_notebook.data.orders import ORDER_ITEMS, ORDER_SEARCH, ORDERS
    from tts_notebook.data.pages import PageReader

    reader = PageReader(ORDER_SEARCH, [ORDERS, ORDER_ITEMS], time_field="create_time")
    harvest = Harvest([ORDERS, ORDER_ITEMS])
    while some := [reader.parse(body) for body in islice(pages, TOGETHER)]:
        batch = reader.tabulate([(page, None, None) for page in some], None)
        assert not batch.tolerant, "the sandbox's pages are as declared"
        harvest.add_batch(None, batch)


def together_and_gone(pages: Iterator[bytes]) -> None:
    from tts_notebook.data.orders import ORDER_ITEMS, ORDER_SEARCH, ORDERS
    from tts_notebook.data.pages import PageReader

    reader = PageReader(ORDER_SEARCH, [ORDERS, ORDER_ITEMS], time_field="create_time")
    while some := [reader.parse(body) for body in islice(pages, TOGETHER)]:
        reader.tabulate([(page, None, None) for page in some], None)


WAYS: dict[str, tuple[Callable[[Iterator[bytes]], None], bool, int]] = {
    "json.loads only": (read_json, False, 5),
    "one by one": (one_by_one, False, 10),
    "pages together": (together, False, 1),
    "pages together, not kept": (together_and_gone, False, 1),
    "one by one, new fields": (one_by_one, True, 10),
    "pages together, new fields": (together, True, 1),
}


def measure(way: str, folder: Path, pages: int) -> None:
    read, new, fewer = WAYS[way]
    bodies = [path.read_bytes() for path in sorted(folder.iterdir())]
    if new:
        bodies = [with_new_fields(body) for body in bodies]
    read(iter(bodies[:1]))  # imports, and what is made once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    read(islice(cycle(bodies), pages // fewer))
    seconds = (time.process_time() - started) * 1000 / (pages // fewer)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{way:28} {seconds:6.2f} CPU s   {before:4.0f} -> {peak:4.0f} MB with {pages // fewer:,} pages", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        measure(options.way, options.folder, options.pages)
        return
    with tempfile.TemporaryDirectory() as folder:
        fetch_pages(options.orders, Path(folder))
        sizes = [path.stat().st_size for path in Path(folder).iterdir()]
        print(f"{len(sizes)} pages of {sum(sizes) / len(sizes) / 1000:.0f} KB; CPU seconds per 100,000 orders")
        for way in WAYS:
            own = ["--way", way, "--folder", folder, "--pages", str(options.pages)]
            subprocess.run([sys.executable, __file__, *own], check=True)


if __name__ == "__main__":
    main()
