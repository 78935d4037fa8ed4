"""How a period is cut into questions that TikTok Shop answers completely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tts_notebook.data.period import Period
from tts_notebook.data.tables import Listing, Walk
from tts_notebook.errors import InputError

# TikTok Shop opened its first market in 2021; bisecting from here costs a few calls and misses nothing,
# because the earliest part has no lower bound
_FIRST_SECOND = 1_609_459_200
LONGEST_LOOK_BACK = timedelta(days=365)
ALL_THERE_IS = f"All there is means the last {LONGEST_LOOK_BACK.days} days here: since= can go further back."


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a period, in seconds since 1970.

    Attributes:
        since: Its first second, None for no bound.
        until: The second after its last.
        last: It is the end of the period.
    """

    since: int | None
    until: int
    last: bool = True

    def halves(self) -> tuple[Span, ...]:
        """Cut it in two, the earlier one first; a single second cannot be cut."""
        since = self.since if self.since is not None else min(_FIRST_SECOND, self.until - 2)
        middle = (since + self.until) // 2
        if not since < middle < self.until:
            return ()
        return Span(self.since, middle, last=False), Span(middle, self.until, last=self.last)

    def filters(self, walk: Walk) -> dict[str, Any]:
        """Return what has to be asked for to get it."""
        upper = None if walk.open_end and self.last else self.until - walk.inclusive
        return {name: value for name, value in ((walk.lower, self.since), (walk.upper, upper)) if value is not None}


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of a shop's calendar; the end is not part of them."""

    start: date
    end: date

    def filters(self) -> dict[str, Any]:
        """Return what has to be asked for to get them."""
        return {"start_date_ge": self.start.isoformat(), "end_date_lt": self.end.isoformat()}

    def as_record(self) -> Mapping[str, Any]:
        """Return what columns can read about them."""
        return {"start_date": self.start.isoformat(), "end_date": self.end.isoformat()}


def cut_days(period: Period, zone: str, *, today: date, most: int, fixed: bool = False) -> list[Days]:
    """Cut a period into runs of days of a shop's calendar, the earliest first.

    Days that are only partly in the period are asked for whole. The current day is not:
    its figures come tomorrow.

    Args:
        period: Where it has no start it starts a year back.
        zone: The shop's time zone.
        today: The current day there.
        most: How many days one question may be about.
        fixed: Cut at the same days whatever the period, which for that may begin earlier and end later.

    Raises:
        InputError: no day of the period is over.
    """
    local = ZoneInfo(zone)
    end = min((period.until - timedelta(seconds=1)).astimezone(local).date() + timedelta(days=1), today)
    start = period.since.astimezone(local).date() if period.since else end - LONGEST_LOOK_BACK
    if start >= end:
        raise InputError(
            f"These figures come a day late and by whole days of the shop's calendar ({zone}): "
            f"no day from {start} on is over.",
            next_step=f"Ask for a period that starts on {end - timedelta(days=1)} or earlier.",
        )
    if fixed:
        start -= timedelta(days=start.toordinal() % most)
        end = min(end + timedelta(days=-end.toordinal() % most), today)
    step, cut = timedelta(days=most), []
    while start < end:
        cut.append(Days(start, min(start + step, end)))
        start += step
    return cut


def check_earliest(listing: Listing, period: Period) -> None:
    """Refuse a period that lies wholly before there is any data.

    Raises:
        InputError: it does.
    """
    first = listing.earliest
    if first and period.until <= datetime(first.year, first.month, first.day, tzinfo=UTC):
        raise InputError(
            f"TikTok Shop has no {listing.one} from before {first}, and the period ends on {period.until:%Y-%m-%d}.",
            next_step=f"Ask for a period that ends after {first}.",
        )
