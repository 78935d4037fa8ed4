"""Reader: asks one endpoint about one shop, at the rate that it takes. What a pull is made of."""

from __future__ import annotations

import functools
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from tts_notebook.api.envelope import PASSING, THROTTLED, Answer, parse_envelope, refusal_in
from tts_notebook.api.retry import Outcome, wait_before_retry
from tts_notebook.auth.token import Token
from tts_notebook.errors import TransportError

# other requests under way use up the slots that a waiting one hopes for: throttled is no fault of this request
MAX_THROTTLED = 12
# seconds in which no request at all was let through: the limit is not what holds, and each next slot is further away
MAX_SILENCE = 90.0
# "success" that cannot be read counts as trouble of the platform's own: a repeat may tell more
UNUSABLE = Outcome(status=200, code=min(PASSING))
AGAIN = "Run the cell again."  # what is kept of a pull says whoever broke it off
Parsed = TypeVar("Parsed")


class Stopped(Exception):
    """The pull ended while this question waited."""


class Keeper(Protocol):
    """What a reader needs of the token's owner."""

    def current(self) -> Token:
        """Return a token that is good now."""

    def renew(self, rejected: Token) -> Token:
        """Return a newer token than one that was rejected."""


class Budget(Protocol):
    """What a reader needs of the rate at which an endpoint of a shop may be asked, by all who ask it."""

    @property
    def rate(self) -> float:
        """Requests a second now."""

    def wait_until_ready(self, stop: threading.Event) -> bool:
        """Wait until a request may go, without taking the slot; False if stop was set."""

    def take(self, stop: threading.Event) -> float | None:
        """Wait for a slot, take it, and return when; None if stop was set."""

    def clean(self, sent_at: float) -> None:
        """Say that the request that went then was answered."""

    def throttled(self, sent_at: float, retry_after: float | None) -> None:
        """Say that the request that went then was one too many."""

    def lost(self, sent_at: float) -> None:
        """Say that the request that went then ended without saying anything about the rate."""

    def capped(self, max_rate: float | None) -> AbstractContextManager[object]:
        """Hold the rate at or below that meanwhile."""


# path, query, body, token -> how it went, and what came
Attempt = Callable[[str, Mapping[str, Any], Any, Token], tuple[Outcome, Answer | TransportError]]


class Reader:
    """Asks one endpoint about one shop; safe to use from any number of threads.

    A renewed token, a passing trouble and a throttled answer are dealt with here, so that
    what is returned is an answer and what is raised is final.

    Attributes:
        budget: At which rate; shared by everybody who asks this endpoint about this shop.
        calls: How many requests were sent.
        throttled: How many of them were one too many.
        under_way: How many are not answered yet.
    """

    def __init__(
        self,
        attempt: Attempt,
        keeper: Keeper,
        budget: Budget,
        *,
        stop: threading.Event | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.budget, self.stop = budget, stop or threading.Event()
        self.calls = self.throttled = self.under_way = 0
        self._attempt, self._keeper, self._jitter = attempt, keeper, jitter
        self._counting = threading.Lock()
        self._let_through_at = -math.inf

    def read(
        self,
        path: str,
        parse: Callable[[Answer], Parsed],
        *,
        params: Mapping[str, Any],
        json: Any = None,
        slot: float | None = None,
    ) -> Parsed:
        """Return what `parse` makes of the answer to a question that changes nothing.

        Args:
            path: Of the endpoint, with the ids that belong into it.
            parse: Reads an answer that is no refusal; raises TransportError for one that cannot be used.
            params: The query.
            json: The body.
            slot: One that was taken already, for the first request.

        Raises:
            APIError: a refusal that will not pass; TokenRejected, RateLimited, PermissionMissing are kinds of it.
            TransportError: no usable answer after several tries.
            Stopped: the pull was told to stop.
        """
        retries = throttled = 0
        renewed, begin = False, time.monotonic()
        asked_at = begin
        while True:  # ends: one renewal, and both counters have their ends
            sent_at = self.budget.take(self.stop) if slot is None else slot
            slot = None
            if sent_at is None:
                raise Stopped
            token = self._keeper.current()
            outcome, answer = self._ask(sent_at, path, params, json, token)
            if isinstance(answer, Answer) and outcome.status == 200 and not outcome.code:
                try:
                    return parse(answer)
                except TransportError as unusable:
                    outcome, answer = UNUSABLE, unusable
            if outcome.token_rejected and not renewed:
                renewed = True
                self._keeper.renew(token)
            elif _is_throttled(outcome) and throttled < MAX_THROTTLED and not self._is_shut_out(asked_at):
                throttled, begin = throttled + 1, time.monotonic()
            else:
                spent = time.monotonic() - begin
                again = None if _is_throttled(outcome) else outcome
                wait = wait_before_retry(again, retries, self._jitter, spent=spent) if again else None
                if wait is None:
                    raise _failure(answer)
                retries += 1
                if self.stop.wait(wait):
                    raise Stopped

    def _ask(
        self, sent_at: float, path: str, params: Mapping[str, Any], json: Any, token: Token
    ) -> tuple[Outcome, Answer | TransportError]:
        self._count(calls=1, under_way=1)
        tell = functools.partial(self.budget.lost, sent_at)
        try:
            outcome, answer = self._attempt(path, params, json, token)
            if _is_throttled(outcome):
                self._count(throttled=1)
                tell = functools.partial(self.budget.throttled, sent_at, outcome.retry_after)
            elif outcome.status == 200:
                self._let_through_at = time.monotonic()
                tell = functools.partial(self.budget.clean, sent_at)
            return outcome, answer
        finally:
            tell()
            self._count(under_way=-1)

    def _is_shut_out(self, asked_at: float) -> bool:
        return time.monotonic() - max(asked_at, self._let_through_at) > MAX_SILENCE

    def _count(self, *, calls: int = 0, throttled: int = 0, under_way: int = 0) -> None:
        with self._counting:
            self.calls, self.throttled = self.calls + calls, self.throttled + throttled
            self.under_way += under_way


def _is_throttled(outcome: Outcome) -> bool:
    # an hourly quota has a code of its own: waiting for the next slot does not help there
    return outcome.code == THROTTLED or (outcome.status == 429 and not outcome.code)


def read_data(answer: Answer) -> Any:
    """Return an answer's data.

    Raises:
        TransportError: it has none, or no object: an empty list would count as a list without rows.
    """
    data = parse_envelope(answer).get("data")
    if not isinstance(data, dict):
        raise TransportError(f"{answer.path} said success but sent no data.", next_step=AGAIN)
    return data


def _failure(answer: Answer | TransportError) -> Exception:
    if isinstance(answer, TransportError):
        return answer
    return refusal_in(answer) or TransportError(
        f"{answer.path} was answered with something that is not TikTok Shop's JSON (HTTP {answer.status})."
    )
