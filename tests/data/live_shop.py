"""A sandbox in a process of its own and a session on it: what tests of a pull's whole way need."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import requests

from tests.data.test_orders_against_sandbox import logged_in
from tests.harness.sandboxes import Sandbox
from tts_notebook import open_dataset
from tts_notebook.data.shop import ShopSession

SEARCH = "/order/202309/orders/search"


class LiveShop:
    """A sandbox and a session whose clocks go together.

    Attributes:
        tts: The session.
    """

    def __init__(self, sandbox: Sandbox, kind: type[ShopSession] = ShopSession) -> None:
        self.sandbox, self._ahead = sandbox, 0.0
        self.tts = logged_in(sandbox, kind, clock=lambda: time.time() + self._ahead)

    def control(self, **wishes: Any) -> dict[str, Any]:
        """Change the sandbox."""
        answer = requests.post(f"{self.sandbox.api_base_url}/sandbox/control", json=wishes, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def let_pass(self, seconds: float) -> None:
        """Move both clocks."""
        self._ahead += seconds
        self.control(clock_offset_seconds=self._ahead)

    def asked(self) -> Counter[str]:
        """How many requests there were, by path."""
        told = requests.get(f"{self.sandbox.api_base_url}/sandbox/stats", timeout=10).json()
        return Counter(told["requests"])

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count the requests made meanwhile, by path."""
        before, made = self.asked(), Counter[str]()
        yield made
        made.update(self.asked() - before)

    @contextmanager
    def restless(self, act: Callable[[], object], *, every: float, times: int) -> Iterator[None]:
        """Change the world again and again meanwhile, so many times at the most."""
        over = threading.Event()

        def run() -> None:
            for _ in range(times):
                act()
                if over.wait(every):
                    return

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def close(self) -> None:
        """Close the session's connections; the sandbox ends with its fixture."""
        self.tts.close()


def rows_of(table: Any, columns: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """The rows of an Arrow table in an order of their own, to compare tables that are sorted differently."""
    names = columns or tuple(table.column_names)
    return sorted(zip(*(map(str, table.column(name).to_pylist()) for name in names), strict=True))


def assert_same_rows(there: Any, table: Any) -> None:
    """Hold an Arrow table against another that may be sorted differently and have more columns."""
    ours, theirs = in_an_order(there.select(table.column_names).cast(table.schema)), in_an_order(table)
    assert ours.num_rows == theirs.num_rows
    assert [name for name in table.column_names if not ours[name].equals(theirs[name])] == []


def in_an_order(table: Any) -> Any:
    """An Arrow table sorted by all that can be sorted."""
    return table.sort_by([(each.name, "ascending") for each in table.schema if not pa.types.is_nested(each.type)])


def synced(directory: Any) -> Any:
    """What a synced directory holds."""
    return open_dataset(directory).to_table()
