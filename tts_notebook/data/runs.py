"""What the next run of a sync asks for, from what the last one left."""

from __future__ import annotations

from dataclasses import dataclass

from tts_notebook.data.manifest import RunKind
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


def next_run(listing: Listing, *, since: int | None, watermark: int | None, now: int) -> NextRun:
    """Return what to ask for.

    Where the list knows when a record was changed, only what changed since the last run
    began is asked for; else what is younger than records go on changing for. A first run
    asks by the time that never changes: nothing moves while a long list is read.

    Args:
        listing: The list.
        since: Where the data is to start, in seconds; None for everything there is.
        watermark: When the last run began; None if there was none.
        now: The current time.
    """
    root = listing.root
    first = next(iter(root.walks), "")
    if not first and not root.days:
        return NextRun("all", "", None, now)
    if root.fleeting or root.everything:
        return NextRun("all", first, since, now)
    if watermark is None:
        return NextRun("changes", first, since, now)
    changed = next((name for name, walk in root.walks.items() if walk.open_end), "")
    if changed and listing.settles is None:
        return NextRun("changes", changed, watermark - OVERLAP, now)
    days = next((each.settles for each in listing.chain if each.settles is not None), _SETTLES)
    again = watermark - days * _DAY
    return NextRun("changes", first, again if since is None else max(again, since), now)


def weeks(since: int | None, until: int) -> list[tuple[int | None, int]]:
    """Cut a period into pieces that can be kept one by one; what is older than a year is one of them."""
    year = until - _WEEKS * _WEEK
    ends = [*range(year if since is None else max(since + _WEEK, year), until, _WEEK), until]
    return list(zip([since, *ends], ends, strict=False))
