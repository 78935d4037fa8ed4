"""What the next run of a sync asks for, from what the last one left."""

from __future__ import annotations

from dataclasses import dataclass

from tts_notebook.data.manifest import RunKind, earlier
from tts_notebook.data.plan import LONGEST_LOOK_BACK
from tts_notebook.data.tables import Listing

# Some changes appear late: up to 90 s were seen. What is read again costs a page and is
# replaced by itself; what is missed is missed for good.
OVERLAP = 600
_SETTLES = 30  # days, where a list does not say
_DAY = 86_400
_WEEK, _WEEKS = 7 * _DAY, 52


@dataclass(frozen=True, slots=True)
class NextRun:
    """What is asked for.

    Attributes:
        kind: What it replaces.
        by: The time that has to be in the period; empty if the list has none.
        since: Its start, None for everything.
        until: Its end; the next run goes on from there.
    """

    kind: RunKind
    by: str
    since: int | None
    until: int


def next_run(listing: Listing, *, since: int | None, start: int | None, watermark: int | None, now: int) -> NextRun:
    """Return what to ask for.

    Where the list knows when a record was changed, only what changed since the last run
    began is asked for; else what is younger than records go on changing for. A first run
    asks by the time that never changes: nothing moves while a long list is read.

    Args:
        listing: The list.
        since: Where the data is to start, in seconds; None for everything there is.
        start: Where it starts now, of several tables the earliest; None for everything there was.
        watermark: When the last run began; None if there was none for one of the tables.
        now: The current time.
    """
    root = listing.root
    first = next(iter(root.walks), "")
    if root.fleeting or root.everything or not (first or root.days):
        return NextRun("all", first, None, now)  # what is not in the answer would be taken for gone
    if watermark is None:
        reach = since if since is not None or not root.days else now - int(LONGEST_LOOK_BACK.total_seconds())
        return NextRun("first", first, reach, now)
    watermark = min(watermark, now)  # our clock may have been ahead
    changed = next((name for name, walk in root.walks.items() if walk.open_end), "")
    if changed and listing.settles is None:
        return NextRun("changes", changed, watermark - OVERLAP, now)
    days = next((each.settles for each in listing.chain if each.settles is not None), _SETTLES)
    again = watermark - days * _DAY
    # what is there is kept up to date, also if less is asked for now
    begins = earlier(since, start)
    return NextRun("changes", first, again if begins is None else min(max(again, begins), now), now)


def older_run(listing: Listing, *, since: int | None, start: int | None, watermark: int | None) -> NextRun | None:
    """Return what to ask for so that the data starts earlier than it does; None if it starts early enough.

    Args:
        listing: The list.
        since: Where the data is to start, in seconds; None for everything there is.
        start: Where it starts now, of several tables the latest; None for everything there was.
        watermark: When the last run began; None if there was none for one of the tables.
    """
    root = listing.root
    whole = root.fleeting or root.everything or not (root.walks or root.days)
    if whole or watermark is None or start is None or (since is not None and since >= start):
        return None
    if since is None and root.days:  # of days, everything is as much as the first sync read
        return None
    return NextRun("older", next(iter(root.walks), ""), since, start)


def weeks(since: int | None, until: int) -> list[tuple[int | None, int]]:
    """Cut a period into pieces that can be kept one by one; what is older than a year is one of them."""
    year = until - _WEEKS * _WEEK
    ends = [*range(year if since is None else max(since + _WEEK, year), until, _WEEK), until]
    return list(zip([since, *ends], ends, strict=False))
