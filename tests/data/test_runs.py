from __future__ import annotations

import pytest

from tts_notebook.data.catalogue import TABLES
from tts_notebook.data.runs import OVERLAP, next_run, older_run, weeks

NOW, LAST = 1_794_600_000, 1_794_500_000
DAY = 86_400


def run(table, **given):
    return next_run(
        TABLES[table].table.listing, **{"since": None, "start": None, "watermark": None, "now": NOW, **given}
    )


def test_the_first_run_asks_by_the_time_that_never_changes():
    made = run("orders", since=5)

    assert (made.kind, made.by, made.since, made.until) == ("first", "create_time", 5, NOW)


def test_later_runs_ask_for_what_changed_since_the_last_one_began_and_a_little_more():
    made = run("orders", since=5, watermark=LAST)

    assert (made.kind, made.by, made.since, made.until) == ("changes", "update_time", LAST - OVERLAP, NOW)


@pytest.mark.parametrize(
    ("table", "by", "days"),
    [("statements", "statement_time", 60), ("transactions", "statement_time", 60), ("payments", "create_time", 60),
     ("order_transactions", "create_time", 60), ("performance", "", 14), ("tracking", "create_time", 45)],
)  # fmt: skip
def test_what_changes_without_saying_so_is_read_again_for_as_long_as_it_may(table, by, days):
    made = run(table, watermark=LAST)

    assert (made.kind, made.by, made.since) == ("changes", by, LAST - days * DAY)


def test_nothing_from_before_the_start_of_the_data_is_read_again():
    assert run("statements", since=LAST - DAY, start=LAST - DAY, watermark=LAST).since == LAST - DAY


def test_what_is_there_is_kept_up_to_date_also_if_less_is_asked_for():
    assert run("statements", since=LAST, start=LAST - 90 * DAY, watermark=LAST).since == LAST - 60 * DAY
    assert run("statements", since=None, start=LAST - DAY, watermark=LAST).since == LAST - 60 * DAY


@pytest.mark.parametrize("since", [None, LAST - 400 * DAY])
@pytest.mark.parametrize(("table", "by"), [("orders", "create_time"), ("transactions", "statement_time")])
def test_data_that_is_to_start_earlier_is_filled_in_up_to_where_it_starts(table, by, since):
    made = older_run(TABLES[table].table.listing, since=since, start=LAST - DAY, watermark=LAST)

    assert (made.kind, made.by, made.since, made.until) == ("older", by, since, LAST - DAY)


@pytest.mark.parametrize(
    ("table", "since", "start", "watermark"),
    [
        ("orders", LAST - DAY, LAST - DAY, LAST),
        ("orders", LAST, LAST - DAY, LAST),
        ("orders", LAST - DAY, None, LAST),
        ("orders", LAST - DAY, LAST, None),
        ("performance", None, LAST, LAST),
        ("warehouses", None, LAST, LAST),
        ("unsettled", None, LAST, LAST),
    ],
    ids=["as before", "later", "all is there", "nothing is there", "days", "what is there now", "no longer there"],
)
def test_nothing_is_filled_in(table, since, start, watermark):
    assert older_run(TABLES[table].table.listing, since=since, start=start, watermark=watermark) is None


@pytest.mark.parametrize("table", ["orders", "products", "statements"])
def test_a_clock_that_was_set_back_makes_no_run_from_the_future(table):
    made = run(table, watermark=NOW + DAY * 90)

    assert made.since < made.until == NOW


def test_a_clock_that_was_set_back_to_before_the_data_starts_asks_for_nothing():
    made = run("statements", since=NOW + DAY, start=NOW + DAY, watermark=NOW + 2 * DAY)

    assert (made.since, made.until) == (NOW, NOW)


def test_the_first_run_of_days_goes_back_as_far_as_the_last_year():
    assert run("performance").since == NOW - 365 * DAY


@pytest.mark.parametrize("table", ["warehouses", "brands", "authorized_shops", "unsettled", "inventory"])
def test_a_list_of_what_is_there_now_is_read_whole(table):
    assert run(table, watermark=LAST).kind == "all"
    assert run(table, watermark=LAST).since is None
    assert run(table, watermark=LAST, since=5).since is None


def test_every_table_has_a_next_run():
    for name in TABLES:
        assert run(name, watermark=LAST).until == NOW


@pytest.mark.parametrize("since", [None, NOW - 900 * DAY, NOW - 100 * DAY, NOW - 14 * DAY, NOW - 3 * DAY, NOW - 1])
def test_weeks_are_the_period_and_no_second_twice(since):
    cut = weeks(since, NOW)

    assert [start for start, _ in cut] == [since, *(end for _, end in cut[:-1])]
    assert cut[-1][1] == NOW
    assert all(end - start <= 7 * DAY for start, end in cut[1:])
    assert len(cut) <= 53
