"""The hidden rate limit, with the clock in our hands."""

from __future__ import annotations

import pytest

from tts_notebook.sandbox.limits import MAX_BUCKETS, RateLimiter
from tts_notebook.sandbox.settings import Settings


def allowed(limiter: RateLimiter, times: list[float], shop: str = "s", endpoint: str = "e") -> int:
    return sum(limiter.wait_for(shop, endpoint, at) == 0 for at in times)


def test_without_a_limit_nothing_is_throttled():
    assert allowed(RateLimiter(Settings()), [0.0] * 1000) == 1000


def test_a_burst_is_one_seconds_worth_and_then_the_rate_holds():
    limiter = RateLimiter(Settings(rate_limit=5))

    assert allowed(limiter, [0.0] * 20) == 5
    assert allowed(limiter, [at / 100 for at in range(1, 1001)]) == 49  # the fiftieth token is a rounding away
    assert limiter.throttled == 15 + 1000 - 49


def test_a_limit_without_burst_lets_one_call_through_at_a_time():
    limiter = RateLimiter(Settings(rate_limit=10, rate_burst=1))

    assert allowed(limiter, [0.0, 0.0, 0.05, 0.11, 0.12, 0.22]) == 3


def test_shops_and_endpoints_have_limits_of_their_own():
    limiter = RateLimiter(Settings(rate_limit=1))

    assert (
        allowed(limiter, [0.0], "a", "x") + allowed(limiter, [0.0], "b", "x") + allowed(limiter, [0.0], "a", "y") == 3
    )


def test_a_throttled_call_is_told_how_long():
    limiter = RateLimiter(Settings(rate_limit=2, rate_burst=1))
    limiter.wait_for("s", "e", 0.0)

    assert limiter.wait_for("s", "e", 0.25) == pytest.approx(0.25)


def test_the_limit_may_change_while_it_is_in_force():
    settings = Settings(rate_limit=1)
    limiter = RateLimiter(settings)
    allowed(limiter, [0.0] * 5)

    settings.rate_limit = 100

    assert allowed(limiter, [1.0] * 200) == 100


def test_the_buckets_are_bounded():
    limiter = RateLimiter(Settings(rate_limit=1))

    for shop in range(MAX_BUCKETS + 10):
        limiter.wait_for(str(shop), "e", 0.0)

    assert len(limiter._buckets) == MAX_BUCKETS


def test_a_limit_that_moves_halves_and_doubles_by_turns():
    limiter = RateLimiter(Settings(rate_limit=10, rate_burst=5, rate_limit_moves=10))

    passed = [allowed(limiter, [second + part / 100 for part in range(100)]) for second in range(40)]

    assert [sum(passed[start : start + 10]) for start in (0, 10, 20, 30)] == pytest.approx([105, 50, 100, 50], abs=2)
    assert limiter.as_dict(40.0)["e"]["room"] == 305


def test_a_bucket_fills_at_the_rates_there_were_while_nobody_called():
    limiter = RateLimiter(Settings(rate_limit=10, rate_burst=1000, rate_limit_moves=10))
    assert allowed(limiter, [0.0] * 1000) == 1000

    assert allowed(limiter, [15.0] * 1000) == 125


def test_counting_anew_begins_with_the_full_rate_and_with_what_the_bucket_holds():
    limiter = RateLimiter(Settings(rate_limit=10, rate_burst=5, rate_limit_moves=10))
    allowed(limiter, [0.0] * 5)
    limiter.clear_counters()

    allowed(limiter, [15.0, 16.0])

    assert limiter.as_dict(20.0) == {"e": {"passed": 2, "throttled": 0, "room": 5 + 50}}


def test_the_room_of_an_endpoint_is_that_of_all_shops_that_were_asked():
    limiter = RateLimiter(Settings(rate_limit=2, rate_burst=3))

    for shop in ("a", "b"):
        allowed(limiter, [1.0], shop)

    assert limiter.as_dict(6.0)["e"] == {"passed": 2, "throttled": 0, "room": 2 * (3 + 10)}
