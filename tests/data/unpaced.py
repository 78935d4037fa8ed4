"""Readers that do not wait between their calls: over answers that a test makes, and over a sandbox."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tts_notebook.api.envelope import Answer
from tts_notebook.api.reader import Reader
from tts_notebook.api.retry import Outcome
from tts_notebook.data.shop import ShopSession
from tts_notebook.errors import TransportError


class Unpaced:
    """A budget without a limit."""

    rate = 1000.0

    def wait_until_ready(self, stop: threading.Event) -> bool:
        return not stop.is_set()

    def take(self, stop: threading.Event) -> float | None:
        return None if stop.is_set() else time.monotonic()

    def clean(self, sent_at: float) -> None: ...

    def throttled(self, sent_at: float, retry_after: float | None) -> None: ...

    def lost(self, sent_at: float) -> None: ...

    def capped(self, max_rate: float | None) -> AbstractContextManager[object]:
        return nullcontext()


class Impatient:
    """Says when to stop, as the event below does, and waits for nothing."""

    def __init__(self, event: threading.Event) -> None:
        self.is_set = event.is_set

    def wait(self, seconds: float) -> bool:
        return self.is_set()


class UnpacedShopSession(ShopSession):
    """For a sandbox without a rate limit, in tests of what comes and not of when."""

    def reader(self, *which: Any, **options: Any) -> Reader:
        made = super().reader(*which, **options)
        made.budget, made.stop = Unpaced(), Impatient(made.stop)
        return made


class AnyToken:
    """Owns a token that nobody looks at."""

    def current(self) -> Any:
        return "a token"

    def renew(self, rejected: Any) -> Any:
        raise AssertionError("nothing was rejected")


def reader(answer: Callable[[str, Mapping[str, Any], Any], Any], stop: threading.Event | None) -> Reader:
    """A reader that asks a function of path, query and body for the data; what it raises comes out as it is."""

    def attempt(path: str, params: Mapping[str, Any], body: Any, token: Any) -> tuple[Outcome, Answer | TransportError]:
        envelope = {"code": 0, "message": "Success", "data": answer(path, params, body), "request_id": "1"}
        return Outcome(status=200), Answer(path, 200, json.dumps(envelope).encode())

    return Reader(attempt, AnyToken(), Unpaced(), stop=stop)
