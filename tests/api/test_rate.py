"""The rate that is found: against a bucket whose limit it is not told, in a time of its own."""

from __future__ import annotations

import heapq
import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from tts_notebook.api.rate import CEILING, FLOOR, LONGEST_PAUSE, START, RateControl

AT_ONCE = 32
BOUNDLESS = 1e9


@dataclass
class Server:
    """A bucket as the sandbox's: `burst` None means one second's worth."""

    limit: Callable[[float], float]
    burst: float | None
    tokens: float = -1.0
    at: float = 0.0

    def wait_for(self, now: float) -> float:
        rate = self.limit(now)
        burst = self.burst or max(1.0, rate)
        self.tokens = burst if self.tokens < 0 else min(burst, self.tokens + (now - self.at) * rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return (1 - self.tokens) / rate


@dataclass
class Run:
    """What came of sending as fast as it may, with at most 32 requests on their way."""

    control: RateControl
    sent: list[float] = field(default_factory=list)
    passed: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)

    @property
    def share_refused(self) -> float:
        return len(self.refused) / len(self.sent)

    def use(self, limit: float) -> float:
        return len(self.passed) / (limit * self.passed[-1])

    def reaches(self, rate: float) -> float:
        return next((at for at, reached in self.rates if reached >= rate), math.inf)


def pull(
    limit: float | Callable[[float], float],
    *,
    burst: float | None = None,
    latency: float = 0.2,
    jitter: float = 0.05,
    requests: int = 1000,
    seconds: float = math.inf,
    retry_after: bool = False,
    seed: int = 1,
    control: RateControl | None = None,
    begin: float = 0.0,
) -> Run:
    chance, server = random.Random(seed), Server(limit if callable(limit) else lambda _: limit, burst)
    run, now, on_their_way, count = Run(control or RateControl()), begin, 0, 0
    events: list[tuple[float, int, str, float, float]] = []
    while len(run.passed) < requests and now < seconds:
        goes = now + run.control.delay(now) if on_their_way < AT_ONCE else math.inf
        count += 1
        if not events or goes <= events[0][0]:
            now = goes
            run.control.sent(now)
            run.sent.append(now)
            on_their_way += 1
            way = latency * (1 + jitter * chance.uniform(-1, 1)) / 2
            heapq.heappush(events, (now + way, count, "arrives", now, way))
            continue
        now, _, event, sent_at, value = heapq.heappop(events)
        if event == "arrives":
            heapq.heappush(events, (now + value, count, "answered", sent_at, server.wait_for(now)))
            continue
        on_their_way -= 1
        if value:
            run.refused.append(now)
            run.control.throttled(sent_at, now, math.ceil(value) if retry_after else None)
        else:
            run.passed.append(now)
            run.control.clean(sent_at, now)
        run.rates.append((now, run.control.rate))
    return run


def median(runs: list[Run], figure: Callable[[Run], float]) -> float:
    return statistics.median(map(figure, runs))


SEEDS = range(5)


@pytest.mark.parametrize(
    ("limit", "burst", "latency", "jitter", "use", "refused"),
    [
        (50, 50, 0.2, 0.05, 1.0, 0.01),
        (50, 5, 0.2, 0.02, 0.96, 0.0085),
        (50, 1, 0.2, 0.002, 0.83, 0.025),
        (50, 50, 0.4, 0.1, 0.98, 0.01),
        (50, 5, 0.05, 0.02, 0.96, 0.02),
        (10, 10, 0.2, 0.05, 0.98, 0.016),
        (200, 200, 0.1, 0.05, 0.76, 0.015),
    ],
)
def test_a_fixed_limit_is_found_and_kept_to(limit, burst, latency, jitter, use, refused):
    runs = [pull(limit, burst=burst, latency=latency, jitter=jitter, seed=seed) for seed in SEEDS]

    assert median(runs, lambda run: run.use(limit)) >= use
    assert median(runs, lambda run: run.share_refused) <= refused


def test_the_first_200_requests_lose_less_than_a_second_to_not_knowing_the_limit():
    for seed in SEEDS:
        run = pull(50, burst=50, requests=200, seed=seed)

        assert run.passed[-1] <= 4.5
        assert len(run.refused) <= 3


@pytest.mark.parametrize("burst", [5, 10])
def test_a_limit_below_the_first_rate_refuses_few(burst):
    for seed in SEEDS:
        run = pull(10, burst=burst, requests=60, seed=seed)

        assert len(run.refused) <= 12
        assert run.use(10) >= 0.9


@pytest.mark.parametrize("limit", [2.0, 0.5, 0.2])
def test_an_endpoint_that_allows_a_request_in_seconds_is_found_too(limit):
    run = pull(limit, burst=1, jitter=0.02, requests=100)

    assert run.use(limit) >= 0.65
    assert len(run.refused) <= 22


def moving(now: float) -> float:
    return 50.0 if now // 10 % 2 == 0 else 25.0


@pytest.mark.parametrize(("burst", "retry_after", "use"), [(None, False, 0.93), (5, False, 0.9), (None, True, 0.85)])
def test_a_limit_that_halves_and_doubles_every_ten_seconds_is_followed(burst, retry_after, use):
    runs = [
        pull(moving, burst=burst, retry_after=retry_after, requests=10**6, seconds=60, jitter=0.02, seed=seed)
        for seed in SEEDS
    ]

    assert median(runs, lambda run: len(run.passed) / (37.5 * 60)) >= use
    assert median(runs, lambda run: run.share_refused) <= 0.03


def test_without_a_limit_growth_is_not_what_one_waits_for():
    run = pull(BOUNDLESS, burst=BOUNDLESS, latency=0.003, requests=4000)

    assert run.reaches(300) <= 1
    assert run.reaches(3000) <= 2


@pytest.mark.parametrize("max_rate", [0.1, 7.0, 33.3])
def test_the_ceiling_is_never_passed(max_rate):
    run = pull(BOUNDLESS, burst=BOUNDLESS, requests=200, control=RateControl(max_rate=max_rate))

    assert max(rate for _, rate in run.rates) <= max_rate
    assert run.sent[-1] - run.sent[0] >= (len(run.sent) - 1.5) / max_rate


def test_neither_a_start_nor_a_pause_saves_up_a_burst():
    control = RateControl()
    control.sent(0.0)

    assert control.delay(0.0) == pytest.approx(1 / START)

    control.sent(60.0)
    assert control.delay(60.0) == pytest.approx(1 / START)


def test_a_sender_with_little_to_send_learns_no_higher_rate():
    control, now = RateControl(), 0.0
    for _ in range(200):
        control.sent(now)
        control.clean(now, now + 0.1)
        now += 0.5

    assert control.rate <= 2 * START


def test_what_was_on_its_way_when_the_first_was_refused_counts_as_one_overshoot():
    control = RateControl(start=40, max_rate=40)
    control.sent(-1.0)
    control.clean(-1.0, -0.8)
    for at in range(8):
        control.sent(at / 40)
    for at in range(8):  # every other one passes
        (control.clean if at % 2 else lambda *told: control.throttled(*told, None))(at / 40, 0.2 + at / 40)
    control.clean(0.3, 0.5)

    assert control.throttles == 4
    assert 16 <= control.rate <= 24  # cut four times by half it would be below 3


@pytest.mark.parametrize(("before", "after", "use"), [(50, 45, 0.95), (50, 56, 0.93), (50, 5, 0.93)])
def test_a_limit_that_moves_once_is_followed(before, after, use):
    runs = [
        pull(lambda now: before if now < 10 else after, burst=5, requests=10**6, seconds=30, seed=seed)
        for seed in SEEDS
    ]

    assert median(runs, lambda run: len(run.passed) / (10 * before + 20 * after)) >= use
    assert max(len(run.refused) for run in runs) <= 30


def test_a_wish_for_less_teaches_nothing_about_the_limit():
    control = RateControl()
    now = pull(50, burst=5, control=control, requests=500).passed[-1]
    control.cap(20)
    now = pull(50, burst=5, control=control, requests=300, begin=now).passed[-1]
    control.cap(None)
    run = pull(50, burst=5, control=control, requests=500, begin=now)

    assert 500 / (run.passed[-1] - now) >= 0.9 * 50
    assert len(run.refused) <= 8


class Shared(RateControl):
    """Several controls that take turns and tell each other what the kernels of a machine do."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.controls, self.sender = [RateControl() for _ in range(count)], {}

    @property
    def rate(self) -> float:
        return self.controls[0].rate

    def delay(self, now: float) -> float:
        return self.controls[0].delay(now)

    def sent(self, now: float) -> None:
        control, *others = self.controls
        control.sent(now)
        self.sender[now] = control
        for other in others:
            other.hold_until(control.next_at)
            other.passed_elsewhere(1)
        self.controls = [*others, control]

    def clean(self, sent_at: float, now: float) -> None:
        self.sender[sent_at].clean(sent_at, now)

    def throttled(self, sent_at: float, now: float, retry_after: float | None) -> None:
        self.sender[sent_at].throttled(sent_at, now, retry_after)

    def tell(self, found: dict[RateControl, float | None], now: float) -> None:
        for control in self.controls:
            if control.limit and control.limit != found.get(control):
                for other in self.controls:
                    if other is not control:
                        other.adopt(control.limit, now)
                    found[other] = other.limit


@pytest.mark.parametrize("senders", [2, 3])
def test_those_who_share_the_slots_find_the_limit_too(senders):
    shared = Shared(senders)
    found = {}
    answered = shared.clean

    def clean(sent_at: float, now: float) -> None:
        answered(sent_at, now)
        shared.tell(found, now)

    shared.clean = clean
    run = pull(50, burst=5, requests=600, control=shared)

    assert run.use(50) >= 0.85
    assert run.share_refused <= 0.05


def test_one_request_after_the_other_grows_no_rate_for_those_who_send_many():
    control, now = RateControl(), 0.0
    for _ in range(200):
        control.alone(now)
        assert not control.delay(now)
        control.sent(now)
        now += 0.2
        control.clean(now - 0.2, now)

    assert control.rate <= 2 * START


@given(
    st.floats(0.05, 500),
    st.sampled_from([None, 1.0, 5.0]),
    st.floats(0.01, 0.4),
    st.floats(0, 0.5),
    st.none() | st.floats(0.05, 100),
    st.booleans(),
    st.integers(0, 1000),
)
@settings(max_examples=examples(40), deadline=None)
def test_whatever_the_server_does_requests_are_paced_within_bounds(
    limit, burst, latency, jitter, max_rate, retry_after, seed
):
    control = RateControl(max_rate=max_rate)
    chance, server, now = random.Random(seed), Server(lambda _: limit, burst), 0.0
    sent, rates, on_their_way, silent_until = [], [], [], -1.0
    for _ in range(150):
        delay = control.delay(now)
        assert 0 <= delay <= LONGEST_PAUSE
        now += delay + chance.choice([0, 0, 0.001, 0.3])
        assert now >= silent_until
        rates.append(control.rate)
        assert min(FLOOR, max_rate or CEILING) <= control.rate <= (max_rate or CEILING)
        control.sent(now)
        sent.append(now)
        on_their_way.append((now + latency * (1 + jitter * chance.uniform(-1, 1)), now, server.wait_for(now)))
        for answer in sorted(answer for answer in on_their_way if answer[0] <= now):
            on_their_way.remove(answer)
            _, sent_at, wait = answer
            if wait:
                control.throttled(sent_at, now, wait if retry_after else None)
                silent_until = max(silent_until, now + wait) if retry_after else silent_until
            else:
                control.clean(sent_at, now)
    ceiling = min(max(rates), max_rate or CEILING)
    for first in range(0, len(sent), 7):
        for last in range(first + 1, len(sent), 11):
            assert last - first + 1 <= math.ceil(ceiling * (sent[last] - sent[first]) + 1e-6) + 1


def test_a_limit_that_others_used_for_long_can_still_be_refused():
    run = pull(50, burst=5, requests=400, seed=1)
    control, now = run.control, run.passed[-1] + 1
    control.passed_elsewhere(10_000)
    control.throttled(now, now + 0.2, None)
    for number in range(50):
        control.clean(now + number, now + 0.2 + number)
    assert control.limit > 0
