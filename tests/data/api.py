"""An in-memory API that a pull can ask: an answer, or a function that makes it, for each path."""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.data.shops import GB
from tests.data.unpaced import reader
from tts_notebook.api.reader import Reader
from tts_notebook.api.shops import Shop
from tts_notebook.data.answer import Asked, answer
from tts_notebook.data.catalogue import TABLES

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SECOND = int(NOW.timestamp())
DAY = 86_400


class FakeAPI:
    """Answers by path, `{id}` standing for any id.

    An answer is data, an exception, or a function of what was asked, the shop and the id
    that returns one of them. Lists are cut into pages of the size that was asked for.
    """

    def __init__(self, answers: dict[str, Any], *, shops: tuple[Shop, ...] = (GB,)) -> None:
        self.answers, self.shops = answers, shops
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.bodies: list[dict[str, Any] | None] = []
        self.threads: set[str] = set()
        self.one_at_a_time = threading.Lock()
        self.readers: weakref.WeakSet[Reader] = weakref.WeakSet()
        self.most_readers = 0  # at a time

    def require_scope(self, scope: str, path: str) -> None:
        refusal = self.answers.get(scope)
        if refusal:
            raise refusal

    def call(self, method: str, path: str, *, params: Any = None, json: Any = None, shop: Any = None) -> Any:
        self.asked.append((path, {**(params or {}), **(json or {})}))
        self.bodies.append(json)
        self.threads.add(threading.current_thread().name)
        for pattern, made in self.answers.items():
            found = re.fullmatch(pattern.replace("{id}", "([^/]+)"), path)
            if found:
                told = made(self.asked[-1][1], shop, *found.groups()) if callable(made) else made
                if isinstance(told, Exception):
                    raise told
                return told
        raise AssertionError(f"nothing answers {path}")

    def reader(self, method: str, path: str, *, shop: Any = None, stop: Any = None) -> Reader:
        def answer(path: str, params: Any, json: Any) -> Any:
            with self.one_at_a_time:
                return self.call(method, path, params={"page_token": "", **params}, json=json, shop=shop)

        made = reader(answer, stop)
        self.readers.add(made)
        self.most_readers = max(self.most_readers, len(self.readers))
        return made

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


def listed(name: str, records: list[dict[str, Any]], *, keep: Callable[..., bool] = lambda record, asked: True) -> Any:
    """An answer that serves a list page by page, as far as `keep` says that it was asked for."""

    def serve(asked: dict[str, Any], shop: Any, *ids: str) -> dict[str, Any]:
        found = [record for record in records if keep(record, asked)]
        start, size = int(asked.get("page_token") or 0), int(asked.get("page_size") or 1000)
        more = start + size < len(found)
        page = {"total_count": len(found), "next_page_token": str(start + size) if more else ""}
        return {**page, name: found[start : start + size]}

    return serve


def within(field: str) -> Callable[[dict[str, Any], dict[str, Any]], bool]:
    """Whether a time of a record is in the period that was asked for."""

    def keep(record: dict[str, Any], asked: dict[str, Any]) -> bool:
        time = record[field]
        return (
            asked.get(f"{field}_ge", 0) <= time
            and time < asked.get(f"{field}_lt", 2**40)
            and time <= asked.get(f"{field}_le", 2**40)
        )

    return keep


def fetch(session: Any, name: str, *, now: datetime = NOW, items: bool = False, **asked: Any) -> Any:
    """Ask for a table as its accessor does."""
    entry = TABLES[name]
    wanted = (entry.table, *entry.children) if items else (entry.table,)
    tables = answer(session, wanted, Asked(**{"progress": False, **asked}), now=now)
    return tables if items else tables[0]
