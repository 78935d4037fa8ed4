"""Windows against a list in virtual time: nothing missing, nothing twice, and near the limit."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.simulated_server import (
    END,
    SHOPS,
    START,
    TOTALS,
    Reader,
    Row,
    Server,
    crowd,
    efficiency,
    even,
    measure,
)
from tests.harness.examples import examples
from tts_notebook.data.windows import Interval, Windows, without

BEGIN, LENGTH, SMALL_PAGE = 1_700_000_000, 40_000, 5
UNTIL = BEGIN + LENGTH


# -- exact ---------------------------------------------------------------------------------


@st.composite
def times(draw):
    """Seconds in which orders were made: alone, in crowds, and several pages of them at once."""
    second = st.integers(-50, LENGTH + 50)
    alone = draw(st.lists(second, max_size=30))
    crowds = draw(st.lists(st.tuples(second, st.integers(1, 40), st.integers(1, 60)), max_size=3))
    together = [start + number % width for start, width, many in crowds for number in range(many)]
    return [BEGIN + offset for offset in alone + together]


worlds = st.fixed_dictionaries(
    {
        "times": times(),
        "late": st.lists(st.tuples(st.floats(0, 8), st.integers(-90, 5)), max_size=30),
        "paging": st.sampled_from(["keyset", "offset"]),
        "total": st.sampled_from(sorted(TOTALS)),
    }
)
readers = st.fixed_dictionaries(
    {
        "rate": st.sampled_from([3.0, 50.0, 1000.0]),
        "latency": st.sampled_from([0.01, 0.2, 2.0]),
        "jitter": st.sampled_from([0.0, 0.9]),
        "workers": st.integers(1, 20),
        "fails": st.sampled_from([0.0, 0.3]),
        "refuses": st.sampled_from([0.0, 0.3]),
        "chance": st.builds(random.Random, st.integers(0, 10**6)),
    }
)
starts = st.sampled_from([None, BEGIN])


def served(world) -> Server:
    rows = [(time, number) for number, time in enumerate(world["times"])]
    late = [(when, (UNTIL + ago, 10_000 + number)) for number, (when, ago) in enumerate(world["late"])]
    return Server(rows, late, paging=world["paging"], total=TOTALS[world["total"]], page=SMALL_PAGE)


def wanted(server: Server, since: int | None) -> set[int]:
    return {number for time, number in server.rows if (since or 0) <= time < UNTIL}


@settings(max_examples=examples(120), deadline=None)
@given(world=worlds, reader=readers, since=starts, seeds=st.integers(1, 16))
def test_every_order_that_was_there_is_read_whatever_happens_meanwhile(world, reader, since, seeds):
    server = served(world)
    there = wanted(server, since)

    run = Reader(server, watch=True, **reader).read(Windows(since, UNTIL, seeds=seeds, page_size=SMALL_PAGE))

    assert there <= set(run.seen) <= wanted(server, since)
    assert run.windows.over
    assert without(since, UNTIL, run.proven) == []


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds, reader=readers, since=starts)
def test_no_order_comes_twice_unless_the_list_itself_repeats_it(world, reader, since):
    server = served({**world, "late": world["late"] if world["paging"] == "keyset" else []})

    run = Reader(server, **{**reader, "refuses": 0.0}).read(Windows(since, UNTIL, page_size=SMALL_PAGE))

    assert {number: times for number, times in run.seen.items() if times > 1} == {}
    assert not run.windows.unsorted
    assert sum(end - (start or 0) for start, end in run.proven) == UNTIL - (since or 0)


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds, reader=readers, since=starts)
def test_the_requests_are_bounded_by_the_orders(world, reader, since):
    server = served(world)

    run = Reader(server, **{**reader, "fails": 0.0, "refuses": 0.0}).read(Windows(since, UNTIL, page_size=SMALL_PAGE))

    assert run.requests <= 30 + 2 * len(server.rows)


@settings(max_examples=examples(60), deadline=None)
@given(world=worlds, reader=readers, since=starts, stop=st.integers(0, 60), seeds=st.integers(1, 16))
def test_a_run_that_stopped_is_continued_where_it_was(world, reader, since, stop, seeds):
    server = served(world)
    there = wanted(server, since)
    stopped = Reader(server, most_requests=stop, **reader).read(Windows(since, UNTIL, page_size=SMALL_PAGE))

    assert without(since, UNTIL, stopped.proven) == remaining(stopped.windows)
    continued = Reader(server, **reader).read(
        Windows(since, UNTIL, seeds=seeds, page_size=SMALL_PAGE, done=stopped.proven)
    )

    assert there <= set(stopped.seen) | set(continued.seen)
    assert [row for row in within(server.rows, stopped.proven) if row in continued.seen] == []


def within(rows: list[Row], intervals) -> list[int]:
    return [number for time, number in rows if any((start or 0) <= time < end for start, end in intervals)]


def descending(rows: list[Row]) -> list[Row]:
    return rows[::-1]


def shuffled(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: hash((row[1] * 7919) % 10_007))


def late_pages_first(rows: list[Row]) -> list[Row]:
    cut = [rows[max(0, end - 10) : end] for end in range(len(rows), 0, -10)]
    return [row for page in cut for row in page]


@pytest.mark.parametrize("rate", [20, 1000])
@pytest.mark.parametrize("tell", [True, False])
@pytest.mark.parametrize("order", [descending, shuffled, late_pages_first])
def test_a_list_in_another_order_than_asked_for_is_noticed_and_read_whole(order, tell, rate):
    rows = crowd(1_500, 0.8, 3600)
    server = Server(rows, order=order, page=10)

    run = Reader(server, tell_order=tell, rate=rate).read(Windows(START, END, page_size=10))

    assert set(run.seen) == {number for _, number in rows}
    assert run.windows.unsorted
    assert run.requests < 600


@pytest.mark.parametrize("order", [None, descending, shuffled])
def test_a_list_that_cannot_be_sorted_is_read_in_whole_windows(order):
    rows = crowd(1_500, 0.8, 3600)

    run = Reader(Server(rows, order=order, page=10), watch=True).read(
        Windows(START, END, page_size=10, ascending=False)
    )

    assert run.seen == Counter(number for _, number in rows)
    assert run.proven == [(START, END)]


# -- one step at a time --------------------------------------------------------------------


def remaining(windows: Windows) -> list[Interval]:
    """What is still to be read, in order."""
    reading = [(windows._proven_to(window), window.until) for window in windows._open]
    return without(None, UNTIL, without(None, UNTIL, reading))


def answer(windows: Windows, window, first: int, last: int, token: str = "next", **more):
    return windows.answered(window, count=100, first=first, last=last, token=token, total=None, **more)


def test_a_page_proves_what_lies_before_its_last_second():
    windows = Windows(0, 3000, seeds=1)
    window = windows.next(spare=False)

    assert answer(windows, window, 0, 1000).proven == ((0, 1000),)
    assert remaining(windows) == [(1000, 3000)]
    assert answer(windows, windows.next(spare=False), 1000, 1000, "more").proven == ()
    assert answer(windows, windows.next(spare=False), 1001, 1500, "").proven == ((1000, 3000),)
    assert windows.over


def test_a_thief_takes_the_far_part_and_the_walker_stops_where_it_begins():
    windows = Windows(0, 3600, seeds=1)
    walker = windows.next(spare=False)
    answer(windows, walker, 0, 99)
    assert windows.next(spare=False) is walker

    thief = windows.next(spare=True)

    assert (walker.until, walker.asked_until) == (thief.since, 3600)
    assert 100 < thief.since < thief.until == 3600
    accepted = answer(windows, walker, 99, 3599, "more")
    assert accepted.until == thief.since
    assert accepted.proven == ((99, thief.since),)
    assert remaining(windows) == [(thief.since, 3600)]


def test_a_thief_in_a_crowd_of_seconds_takes_whole_ones():
    windows = Windows(0, 3600, seeds=1)
    walker = windows.next(spare=False)
    answer(windows, walker, 10, 10)
    windows.next(spare=False)

    cuts = [thief.since for thief in iter(lambda: windows.next(spare=True), None)]

    assert cuts == sorted(cuts, reverse=True)
    assert 4 < len(cuts) < 15
    assert all(second > 10 for second in cuts)


def test_what_is_left_on_about_a_page_is_not_given_away():
    windows = Windows(0, 3600, seeds=1)
    walker = windows.next(spare=False)
    answer(windows, walker, 0, 2000)
    windows.next(spare=False)

    assert windows.next(spare=True) is None


def test_a_refused_token_is_given_up_after_three_walks_that_came_no_further():
    windows = Windows(0, 3600, seeds=1)
    answer(windows, windows.next(spare=False), 0, 10, "a")
    window = windows.next(spare=False)

    for _ in range(3):
        assert windows.restart(window)
        assert windows.next(spare=False) is window
        assert (window.since, window.asked_until, window.token) == (10, 3600, "")
        answer(windows, window, 10, 10, "b")
        windows.next(spare=False)

    assert not windows.restart(window)
    assert remaining(windows) == [(10, 3600)]


def test_a_refused_token_is_not_counted_once_the_walk_has_come_further():
    windows = Windows(0, 3600, seeds=1)
    answer(windows, windows.next(spare=False), 0, 10, "a")

    for second in range(11, 31):
        window = windows.next(spare=False)
        assert windows.restart(window)
        answer(windows, windows.next(spare=False), second - 1, second, "b")

    assert remaining(windows) == [(30, 3600)]


def test_a_page_that_begins_too_early_lets_its_window_be_read_to_the_last_page():
    windows = Windows(0, 3600, seeds=1)
    walker = windows.next(spare=False)
    answer(windows, walker, 0, 99)
    windows.next(spare=False)
    thief = windows.next(spare=True)

    assert answer(windows, walker, 50, 3599, "more").proven == ()
    assert remaining(windows) == [(0, 3600)]
    assert windows.next(spare=False) is walker
    assert windows.next(spare=True) is None
    assert answer(windows, walker, 3599, 3599, "").proven == ((0, thief.since),)
    assert not windows.unsorted


def test_a_window_with_such_a_page_is_walked_from_its_start_after_a_refused_token():
    windows = Windows(0, 3600, seeds=1)
    window = windows.next(spare=False)
    answer(windows, window, 0, 100, "a")
    answer(windows, windows.next(spare=False), 50, 150, "b")

    windows.next(spare=False)
    assert windows.restart(window)
    answer(windows, windows.next(spare=False), 0, 100, "c")
    answer(windows, windows.next(spare=False), 100, 120, "d")

    assert window.since == 0
    assert not windows.unsorted


def test_what_was_ended_early_is_read_again_when_the_list_turns_out_not_to_be_in_order():
    windows = Windows(0, 3600, seeds=1)
    walker = windows.next(spare=False)
    answer(windows, walker, 0, 99)
    windows.next(spare=False)
    thief = windows.next(spare=True)
    answer(windows, walker, 99, 3599, "more")
    answer(windows, thief, 3000, 3100)
    assert remaining(windows) == [(3100, 3600)]

    accepted = answer(windows, windows.next(spare=False), 2000, 2500, "more")

    assert windows.unsorted
    assert accepted.proven == ()
    assert remaining(windows) == [(0, 3600)]


def test_what_was_read_before_a_refused_token_is_read_again_too():
    windows = Windows(0, 3600, seeds=1)
    answer(windows, windows.next(spare=False), 0, 10, "a")
    assert windows.restart(windows.next(spare=False))

    accepted = answer(windows, windows.next(spare=False), 10, 50, "b", ordered=False)

    assert windows.unsorted
    assert accepted.proven == ()
    assert remaining(windows) == [(0, 3600)]


def test_a_token_that_comes_twice_ends_the_walk_with_an_error():
    windows = Windows(0, 3600, seeds=1)
    answer(windows, windows.next(spare=False), 0, 10, "a")
    answer(windows, windows.next(spare=False), 10, 20, "b")

    with pytest.raises(ValueError, match="named twice"):
        answer(windows, windows.next(spare=False), 20, 30, "a")


def test_a_short_list_costs_its_pages_and_no_more():
    for count, requests in ((0, 1), (100, 1), (250, 3)):
        assert measure(even(count)).requests == requests


def test_a_long_list_is_cut_as_soon_as_its_first_page_has_come():
    windows = Windows(0, 10_000, seeds=8)
    first = windows.next(spare=False)
    assert windows.next(spare=True) is None

    windows.answered(first, count=100, first=0, last=99, token="next", total=10_000)

    others = asked_at_once(windows)
    assert len(others) == 8
    assert first.asked_until == 10_000
    assert min(window.since or 0 for window in others if window is not first) == first.until


@pytest.mark.parametrize("total", [None, 0, 5000])
def test_an_empty_first_page_that_names_another_one_is_walked_on_from(total):
    windows = Windows(0, 3600, page_size=100)
    window = windows.next(spare=True)
    windows.answered(window, count=0, first=None, last=None, token="a", total=total)
    assert windows.next(spare=True) is window
    windows.answered(window, count=100, first=0, last=30, token="b", total=total)
    assert len(asked_at_once(windows)) > 8


def test_without_a_start_the_first_window_has_none():
    (window,) = asked_at_once(Windows(None, END))

    assert window.since is None


def asked_at_once(windows: Windows):
    return list(iter(lambda: windows.next(spare=False), None))


@pytest.mark.parametrize(
    ("done", "left"),
    [
        ([], [(None, 90)]),
        ([(None, 10)], [(10, 90)]),
        ([(20, 30), (0, 20)], [(None, 0), (30, 90)]),
        ([(10, 50), (20, 30), (80, 99)], [(None, 10), (50, 80)]),
        ([(None, 90)], []),
        ([(100, 120)], [(None, 90)]),
    ],
)
def test_what_is_done_is_left_out(done, left):
    assert without(None, 90, done) == left


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_is_the_seconds_that_no_interval_covers(seed):
    chance = random.Random(seed)
    since = chance.choice([None, 0, 3])
    proven = [(chance.choice([None, *range(12)]), chance.randrange(1, 14)) for _ in range(chance.randrange(5))]
    proven = [(lower, upper) for lower, upper in proven if lower is None or lower < upper]

    found = without(since, 10, proven)

    covered = {s for s in range(-5, 10) if any((lower is None or lower <= s) and s < upper for lower, upper in proven)}
    open_ = set(range(-5 if since is None else since, 10)) - covered
    assert {s for lower, upper in found for s in range(-5 if lower is None else lower, upper)} == open_
    assert all(upper <= 10 and (lower is None or lower < upper) for lower, upper in found)


def test_nothing_is_left_of_a_period_that_is_done():
    assert Windows(5, 90, done=[(None, 100)]).over


# -- how many are expected -----------------------------------------------------------------


@pytest.mark.parametrize("total", sorted(TOTALS))
def test_the_number_of_orders_is_guessed_whatever_the_server_counts(total):
    reader = Reader(Server(even(20_000), total=TOTALS[total]), most_requests=60)

    assert reader.read(Windows(START, END)).windows.expected == pytest.approx(20_000, rel=0.1)


def test_counts_that_are_believed_make_the_guess_exact():
    reader = Reader(Server(crowd(20_011, 0.9, 7200)), most_requests=40)

    assert reader.read(Windows(START, END)).windows.expected == 20_011


# -- fast ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shop", "least"),
    [
        ("even", 0.975),
        ("90 % in 2 hours", 0.955),
        ("90 % in 10 minutes", 0.94),
        ("90 % in 1 minute", 0.93),
        ("the last day only", 0.95),
    ],
)
def test_a_hundred_thousand_orders_come_nearly_at_the_limit(shop, least):
    assert efficiency(measure(SHOPS[shop](100_000)), 100_000) >= least


def test_a_crowd_takes_hardly_longer_than_even_days():
    assert measure(crowd(100_000, 0.9, 7200)).seconds <= 1.05 * measure(even(100_000)).seconds


def test_small_pulls_are_fast_too():
    assert measure(even(20_000)).seconds <= 4.6
    assert measure(even(2_000)).seconds <= 1.0


def test_years_without_orders_cost_next_to_nothing():
    assert measure(even(20_000), since=None).seconds <= 5.2


@pytest.mark.parametrize("total", sorted(TOTALS))
def test_a_misleading_count_does_not_slow_a_pull_down(total):
    assert efficiency(measure(crowd(100_000, 0.9, 7200), total=total), 100_000) >= 0.95


def test_a_long_way_to_the_server_is_made_up_for():
    assert efficiency(measure(even(100_000), latency=0.4), 100_000) >= 0.92
