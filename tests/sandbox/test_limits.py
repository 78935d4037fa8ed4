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
