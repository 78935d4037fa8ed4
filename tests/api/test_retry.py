"""What to ask again, and after how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.api.retry import LONGEST_CALL, MAX_RETRIES, Outcome, wait_before_retry


def waits(outcome: Outcome, jitter: float = 0, attempt: float = 0) -> list[float]:
    """All the waits of a call whose every attempt ends like this after `attempt` seconds."""
    found: list[float] = []
    spent = attempt
    while (wait := wait_before_retry(outcome, len(found), lambda: jitter, spent=spent)) is not None:
        found.append(wait)
        spent += wait + attempt
    return found


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(429),
        Outcome(429, 36009002),
        Outcome(200, 36009002),
        Outcome(0),
        Outcome(503),
        Outcome(500),
        Outcome(408),
    ],
)
def test_what_passes_is_asked_five_times_more_with_doubling_waits(outcome):
    assert waits(outcome) == [1, 2, 4, 8, 16]


def test_jitter_adds_up_to_half_a_second():
    assert waits(Outcome(429), jitter=1) == [1.5, 2.5, 4.5, 8.5, 16.5]


def test_a_wait_that_the_server_asks_for_is_kept_and_jittered():
    assert waits(Outcome(429, 36009002, retry_after=7), jitter=0.5) == [7.25] * 5
    assert waits(Outcome(503, retry_after=0)) == [0] * 5
    assert waits(Outcome(429, retry_after=60)) == [60]


def test_a_host_that_was_not_reached_is_said_within_four_seconds():
    assert waits(Outcome(0, unsent=True)) == [1, 2]
    assert sum(waits(Outcome(0, unsent=True), jitter=1)) <= 4


def test_after_a_minute_and_a_half_no_attempt_is_made_any_more():
    assert waits(Outcome(0), attempt=60) == [1]  # the read timeout twice
    assert waits(Outcome(503), attempt=20) == [1, 2, 4]
    assert waits(Outcome(429, retry_after=30), attempt=1) == [30, 30]


@pytest.mark.parametrize("retry_after", [60.1, 3600, float("inf")])
def test_a_wait_of_more_than_a_minute_is_said_and_not_slept(retry_after):
    assert waits(Outcome(429, 36009002, retry_after=retry_after)) == []


@pytest.mark.parametrize("code", [36009003, 36009007, 10002014, 10006402, 12001000, 33001002])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_the_platforms_own_trouble_is_asked_twice_more(code, status):
    assert len(waits(Outcome(status, code))) == 2


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(200),
        Outcome(400, 36009004),
        Outcome(401, 106001),
        Outcome(401, 105005),
        Outcome(404, 36009009),
        Outcome(302),
        Outcome(429, 36009037),  # the hourly quota of a test shop
        Outcome(401, 105002, token_rejected=True),
        Outcome(500, 105002, token_rejected=True),
    ],
)
def test_what_stays_so_is_not_asked_again(outcome):
    assert waits(outcome) == []


@given(
    st.builds(
        Outcome,
        status=st.integers(0, 599),
        code=st.integers() | st.sampled_from([36009002, 36009003]),
        retry_after=st.none() | st.floats(min_value=0),
        token_rejected=st.booleans(),
        unsent=st.booleans(),
    ),
    st.floats(0, 1),
    st.floats(0, 60),
)
def test_whatever_happens_waiting_is_bounded_and_never_backwards(outcome, jitter, attempt):
    found = waits(outcome, jitter, attempt)

    assert len(found) <= MAX_RETRIES
    assert all(0 <= wait <= 60.5 for wait in found)
    assert attempt * len(found) + sum(found) <= LONGEST_CALL + 0.5
