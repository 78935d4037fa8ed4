"""What `since` and `until` mean: a half-open period of whole seconds, in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tts_notebook.errors import InputError

DEFAULT_SPAN = timedelta(days=30)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,9})\s*([mhdw])", re.ASCII | re.IGNORECASE)
_EXAMPLES = 'Use a date such as "2026-11-01", a time such as "2026-11-01 12:00", or "30d", "2w", "12h", "90m"'


@dataclass(frozen=True, slots=True)
class Period:
    """A period of time: `since` is in it, `until` is not.

    Attributes:
        since: Its start in UTC, or None for everything there is.
        until: Its end in UTC; never later than the moment of asking, so that it
            does not grow while it is read.
    """

    since: datetime | None
    until: datetime

    @property
    def seconds(self) -> tuple[int | None, int]:
        """Both ends in seconds since 1970, as the API takes them."""
        return None if self.since is None else int(self.since.timestamp()), int(self.until.timestamp())


def parse_period(since: Any, until: Any, *, now: datetime, tz: str = "UTC") -> Period:
    """Read the period that somebody asks for.

    Args:
        since: A date, a datetime, text (see the examples in the error message), "all",
            or None for the last 30 days before `until`.
        until: The same without "all"; None means now.
        now: The current time, aware.
        tz: The zone of dates and times that carry none. A time that the clock skips in
            spring counts as if the clock had not moved yet; one that comes twice in
            autumn is the first.

    Raises:
        InputError: one of them is no time, or the period would be empty.
    """
    zone = parse_zone(tz)
    now = now.astimezone(UTC).replace(microsecond=0)
    end = now if until is None else min(_parse("until", until, now, zone), now)
    if isinstance(since, str) and since.strip().lower() == "all":
        return Period(None, end)
    start = end - DEFAULT_SPAN if since is None else _parse("since", since, now, zone)
    if start >= now:
        raise InputError(f"since={since!r} is {start:%Y-%m-%d %H:%M} UTC, which has not come yet.")
    if start >= end:
        raise InputError(
            f"The period is empty: since is {start:%Y-%m-%d %H:%M:%S} and until is {end:%Y-%m-%d %H:%M:%S} UTC.",
            next_step="until is not part of the period, so it must be later than since.",
        )
    return Period(start, end)


def parse_zone(tz: Any) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    try:
        if isinstance(tz, str):
            return ZoneInfo(tz)
    # ZoneInfo looks the name up as a file, and fails as files do
    except (KeyError, ValueError, OSError):
        pass
    raise InputError(f'tz={tz!r} is not a time zone. Use an IANA name such as "Europe/London" or "UTC".')


def _parse(name: str, given: Any, now: datetime, zone: ZoneInfo) -> datetime:
    try:
        moment = _read(given, now, zone)
        whole = _to_whole_second(moment)
    except (ValueError, TypeError):
        all_too = ', or "all"' if name == "since" else ""
        raise InputError(f"{name}={given!r} is not a time. {_EXAMPLES}{all_too}.") from None
    except OverflowError:
        whole = None
    if whole is None or whole.year < 1970:
        raise InputError(f"{name}={given!r} is outside the years 1970 to 9999.")
    return whole


def _read(given: Any, now: datetime, zone: ZoneInfo) -> datetime:
    if isinstance(given, str):
        text = given.strip()
        span = _SPAN.fullmatch(text)
        if span:
            return now - timedelta(**{_UNITS[span[2].lower()]: int(span[1])})
        given = datetime.fromisoformat(text)
    if isinstance(given, datetime):
        # pandas' NaT says that it is a datetime, and is not equal to itself
        if given != given:
            raise ValueError("not a time")
        return given if given.tzinfo else given.replace(tzinfo=zone)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=zone)
    raise TypeError("neither a date nor a text")


def _to_whole_second(moment: datetime) -> datetime:
    """Round up: the API counts whole seconds, and the first one after `since` is the first inside."""
    plain = datetime(
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        tzinfo=moment.tzinfo,
        fold=moment.fold,
    ).astimezone(UTC)
    # nanoseconds are known to pandas' Timestamp only
    return plain + timedelta(seconds=bool(moment.microsecond or getattr(moment, "nanosecond", 0)))
