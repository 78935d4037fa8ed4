from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tts_notebook.data.period import Period, parse_period
from tts_notebook.errors import InputError

# the machine may be busy: how long an example takes says nothing here
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 11, 20, 9, 30, 15, 250_000, tzinfo=UTC)
FROZEN = NOW.replace(microsecond=0)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("since", "start"),
    [
        (None, FROZEN - timedelta(days=30)),
        ("30d", FROZEN - timedelta(days=30)),
        (" 12H ", FROZEN - timedelta(hours=12)),
        ("2 w", FROZEN - timedelta(weeks=2)),
        ("90m", FROZEN - timedelta(minutes=90)),
        ("2026-11-01", utc(2026, 11, 1)),
        ("2026-11-01 12:00", utc(2026, 11, 1, 12)),
        ("2026-11-01T12:00+02:00", utc(2026, 11, 1, 10)),
        (date(2026, 11, 1), utc(2026, 11, 1)),
        (datetime(2026, 11, 1, 12), utc(2026, 11, 1, 12)),  # noqa: DTZ001
        (datetime(2026, 11, 1, 12, tzinfo=timezone(timedelta(hours=8))), utc(2026, 11, 1, 4)),
        (pd.Timestamp("2026-11-01 12:00"), utc(2026, 11, 1, 12)),
        (pd.Timestamp("2026-11-01 12:00", tz="Asia/Jakarta"), utc(2026, 11, 1, 5)),
        (pd.Timestamp("2026-11-01 12:00:00.000000001"), utc(2026, 11, 1, 12, 0, 1)),
        ("all", None),
    ],
)
def test_since_is_understood_in_every_form(since, start):
    assert parse_period(since, None, now=NOW) == Period(start, FROZEN)


def test_times_without_a_zone_are_in_tz():
    period = parse_period("2026-07-01", "2026-07-02", now=NOW, tz="Europe/London")

    assert period == Period(utc(2026, 6, 30, 23), utc(2026, 7, 1, 23))


def test_the_default_start_is_thirty_days_before_until():
    assert parse_period(None, "2026-07-31", now=NOW).since == utc(2026, 7, 1)


def test_the_clock_changes_are_defined():
    skipped = parse_period("2026-03-29 01:30", None, now=NOW, tz="Europe/London")
    twice = parse_period("2026-10-25 01:30", None, now=NOW, tz="Europe/London")

    assert skipped.since == utc(2026, 3, 29, 1, 30)
    assert twice.since == utc(2026, 10, 25, 0, 30)


def test_an_end_in_the_future_is_now():
    assert parse_period("1d", "2027-01-01", now=NOW).until == FROZEN


@pytest.mark.parametrize(
    ("since", "until", "tz", "sentence"),
    [
        ("tomorow", None, "UTC", r"since='tomorow' is not a time\. Use a date such as \"2026-11-01\""),
        (20261101, None, "UTC", "since=20261101 is not a time"),
        (True, None, "UTC", "since=True is not a time"),
        (float("nan"), None, "UTC", "since=nan is not a time"),
        (pd.NaT, None, "UTC", "since=NaT is not a time"),
        (np.datetime64("2026-11-01"), None, "UTC", "is not a time"),
        ("", None, "UTC", "since='' is not a time"),
        ("30", None, "UTC", "since='30' is not a time"),
        ("-1d", None, "UTC", "is not a time"),
        ("2026-02-30", None, "UTC", "is not a time"),
        ("1d", "all", "UTC", "until='all' is not a time"),
        ("1969-12-31", None, "UTC", "outside the years 1970 to 9999"),
        ("0001-01-01", None, "Asia/Tokyo", "outside the years"),
        ("999999999w", None, "UTC", "outside the years"),
        ("2026-11-02", "2026-11-02", "UTC", r"The period is empty.*must be later than since"),
        ("2026-11-03", "2026-11-02", "UTC", "The period is empty"),
        ("all", "1969-01-01", "UTC", "outside the years"),
        ("2027-01-01", None, "UTC", "since='2027-01-01' is 2027-01-01 00:00 UTC, which has not come yet"),
        ("0d", None, "UTC", "has not come yet"),
        ("1d", None, "Europe/Londonn", r"tz='Europe/Londonn' is not a time zone.*IANA"),
        ("1d", None, "Europe", "is not a time zone"),
        ("1d", None, "../etc", "is not a time zone"),
        ("1d", None, "", "is not a time zone"),
        ("1d", None, None, "tz=None is not a time zone"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(since, until, tz, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_period(since, until, now=NOW, tz=tz)


@patient
@given(
    since=st.datetimes(datetime(1971, 1, 1), datetime(2026, 11, 1)),  # noqa: DTZ001
    length=st.timedeltas(timedelta(seconds=2), timedelta(days=4000)),
    offset=st.integers(-5, 5),
    zone=st.sampled_from(["UTC", "Europe/London", "Asia/Jakarta", "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_period_is_half_open_whatever_the_zone(since, length, offset, zone):
    start = since.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = start + length
    period = parse_period(since, end, now=NOW, tz=zone)
    first, last = period.seconds

    for edge in (start, end):
        second = int(edge.timestamp()) + offset
        moment = datetime.fromtimestamp(second, UTC)
        assert (first <= second < last) == (start <= moment < min(end, FROZEN))


_ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes() | st.binary()
    | st.from_regex(r"\d{1,12} ?[a-zA-Z]", fullmatch=True)
)  # fmt: skip


@patient
@given(since=_ANYTHING, until=_ANYTHING)
def test_any_other_input_is_a_period_or_a_sentence(since, until):
    try:
        period = parse_period(since, until, now=NOW)
    except InputError:
        return
    assert period.since is None or period.since < period.until <= FROZEN
