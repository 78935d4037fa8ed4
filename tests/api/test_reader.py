from __future__ import annotations

import json
import threading

import pytest

from tts_notebook.api.envelope import Answer
from tts_notebook.api.reader import MAX_THROTTLED, Reader, Stopped, read_data
from tts_notebook.api.retry import Outcome
from tts_notebook.errors import APIError, RateLimited, TokenRejected, TransportError

PATH = "/order/202309/orders/search"


class Waits(threading.Event):
    """A stop that nobody presses, and on which nobody really waits."""

    def __init__(self):
        super().__init__()
        self.waited = []

    def wait(self, timeout=None):
        self.waited.append(timeout)
        return self.is_set()


class Tokens:
    def __init__(self):
        self.renewed = []

    def current(self):
        return f"token {len(self.renewed)}"

    def renew(self, rejected):
        self.renewed.append(rejected)


class Told:
    """A budget that writes down what it is told."""

    rate, throttles = 10.0, 0

    def __init__(self):
        self.heard, self.slots = [], 0

    def take(self, stop):
        self.slots += 1
        return None if stop.is_set() else float(self.slots)

    def clean(self, sent_at):
        self.heard.append(("clean", sent_at))

    def throttled(self, sent_at, retry_after):
        self.heard.append(("throttled", sent_at, retry_after))

    def lost(self, sent_at):
        self.heard.append(("lost", sent_at))


def said(data=None, *, code=0, status=200, message="x", retry_after=None, rejected=False):
    body = json.dumps({"code": code, "message": message, "data": data, "request_id": "r1"}).encode()
    return Outcome(status, code, retry_after, token_rejected=rejected), Answer(PATH, status, body, retry_after)


OK = said({"orders": []})
THROTTLED = said(code=36009002, status=429, retry_after=3.0)
EXPIRED = said(code=105002, status=401, rejected=True)
QUOTA = said(code=36009037, status=429)
RESET = Outcome(0), TransportError("The connection broke.")
INTERNAL = said(code=36009003, status=500)
NO_DATA = said(None)


@pytest.fixture
def ask():
    def ask(*answers, **options):
        left, asked = list(answers), []

        def attempt(path, params, body, token):
            asked.append((path, dict(params), body, token))
            return left.pop(0)

        tokens, budget, stop = Tokens(), Told(), Waits()
        reader = Reader(attempt, tokens, budget, stop=stop, jitter=lambda: 0.0)
        reader.seen = asked, tokens, budget, stop
        reader.result = lambda **more: reader.read(PATH, read_data, params={"page_size": 100}, json={}, **more)
        return reader

    return ask


def test_an_answer_is_read_and_its_slot_is_clean(ask):
    reader = ask(OK)

    assert reader.result() == {"orders": []}
    asked, _, budget, _ = reader.seen
    assert asked == [(PATH, {"page_size": 100}, {}, "token 0")]
    assert budget.heard == [("clean", 1.0)]
    assert (reader.calls, reader.throttled, reader.under_way) == (1, 0, 0)


def test_a_slot_that_was_taken_already_is_used_first(ask):
    reader = ask(THROTTLED, OK)

    reader.result(slot=77.0)

    assert reader.seen[2].heard == [("throttled", 77.0, 3.0), ("clean", 1.0)]


def test_a_throttled_question_waits_for_its_next_slot_and_not_on_its_own(ask):
    reader = ask(*[THROTTLED] * 5, OK)

    assert reader.result() == {"orders": []}
    assert reader.seen[3].waited == []
    assert reader.throttled == 5


def test_a_question_that_is_throttled_for_ever_ends_with_what_was_asked(ask):
    reader = ask(*[THROTTLED] * 50)

    with pytest.raises(RateLimited, match="36009002"):
        reader.result()
    assert reader.calls == MAX_THROTTLED + 1


def test_a_used_up_quota_is_not_tried_again(ask):
    reader = ask(QUOTA, OK)

    with pytest.raises(RateLimited, match="in an hour"):
        reader.result()
    assert reader.calls == 1
    assert reader.seen[2].heard == [("lost", 1.0)]


def test_an_ended_token_is_renewed_once(ask):
    reader = ask(EXPIRED, OK)

    assert reader.result() == {"orders": []}
    asked, tokens, _, _ = reader.seen
    assert tokens.renewed == ["token 0"]
    assert [token for *_, token in asked] == ["token 0", "token 1"]

    again = ask(EXPIRED, EXPIRED, OK)
    with pytest.raises(TokenRejected):
        again.result()
    assert len(again.seen[1].renewed) == 1


def test_passing_trouble_is_asked_again_after_growing_waits(ask):
    reader = ask(INTERNAL, RESET, RESET, OK)

    assert reader.result() == {"orders": []}
    waits = reader.seen[3].waited
    assert waits == sorted(waits)
    assert len(waits) == 3


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [(INTERNAL, APIError, "36009003"), (NO_DATA, TransportError, "no data"), (RESET, TransportError, "broke")],
)
def test_lasting_trouble_is_told_after_a_few_tries(ask, answer, error, sentence):
    reader = ask(*[answer] * 50)

    with pytest.raises(error, match=sentence):
        reader.result()
    assert 2 <= reader.calls <= 6


def test_stop_ends_what_waits(ask):
    reader = ask(RESET, OK)
    reader.stop.set()

    with pytest.raises(Stopped):
        reader.result()
    with pytest.raises(Stopped):
        reader.result(slot=5.0)
    assert reader.calls == 1
