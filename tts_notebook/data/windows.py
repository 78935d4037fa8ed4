"""How a period is read by many walkers at once: windows that are cut where the records are.

A list can only be walked page by page, so whoever reads faster than one page per round trip
reads several windows side by side. Where the records lie is not known before: a walker that
still has much to do gives the far part of its window to an idle one.

Nothing here asks or waits. Times are whole seconds since 1970, intervals hold their first
second and not their last, and a start of None means no lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Interval = tuple[int | None, int]

# TikTok Shop opened its first market in 2021; the earliest window has no lower bound, so nothing is missed
_FIRST_SECOND = 1_609_459_200
_LEAST_PAGES = 1  # less is not given away: two unfilled last pages would cost more than is saved
_PAGES_A_PART = 1.75  # of two on average many would hold three, which are read one after the other
_RESTARTS = 3


@dataclass(slots=True, eq=False)
class Window:
    """A part of the period that one walker reads page by page, oldest first.

    Attributes:
        since: Lower bound of what the server is asked for; None only in the earliest window.
        until: Its end, which moves down when the far part is given away.
        asked_until: Upper bound of what the server was asked for when the walk began: `token`
            belongs to that question, so every later page has to repeat it.
        token: The page_token of the next page, "" for the first.
        read_to: The latest second seen. In a list in order everything before it has been read.
        in_flight: Its next page has been asked for.
        density: Records a second where it reads, None as long as nothing is known.
        in_order: No page has begun before the end of an earlier one.
        seed: It was not cut off a window whose question covers it, so its total adds up with the others'.
        total: What the server said the question holds, on its first page.
        restarts: How often its page_token was refused since it last got ahead.
        tokens: Every token of this walk, to notice one that comes twice.
    """

    since: int | None
    until: int
    asked_until: int = 0
    token: str = ""
    read_to: int | None = None
    in_flight: bool = False
    density: float | None = None
    in_order: bool = True
    seed: bool = True
    total: int | None = None
    restarts: int = 0
    tokens: set[str] = field(default_factory=set, repr=False)

    @property
    def begun(self) -> bool:
        """A page of this walk has come."""
        return bool(self.tokens)

    @property
    def position(self) -> int:
        """The second it has come to."""
        return max(_start(self.read_to), _floor(self.since, self.until))


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a page was good for.

    Attributes:
        since, until: Records outside of them are not this window's: the caller drops them.
        proven: Intervals of which every record has now been delivered.
    """

    since: int | None
    until: int
    proven: tuple[Interval, ...]


class Windows:
    """The windows of one list and one period; the caller asks, waits and keeps the records.

    One page of a window is asked for at a time. Not safe for threads: the caller holds a lock.

    Attributes:
        unsorted: The list is not in ascending order although it was asked for so. From then
            on windows are read whole, and those are read again that had been ended early, although
            they were reported as proven.
    """

    def __init__(
        self,
        since: int | None,
        until: int,
        *,
        seeds: int = 16,
        page_size: int = 100,
        done: Sequence[Interval] = (),
        ascending: bool = True,
    ) -> None:
        """Begin with the whole period: a list that is a page or two costs no more than that.

        Args:
            since: Start of the period.
            until: Its end, not included.
            seeds: Into how many windows a long list is cut once its first page says that it is long.
            page_size: How many records a full page holds.
            done: Intervals that need not be read, such as an earlier run's proven ones.
            ascending: The server was asked to list the records by ascending time.
        """
        self.unsorted = not ascending
        self._page_size = page_size
        self._open = [Window(*gap) for gap in without(since, until, done)]
        self._seeds = seeds
        self._on_trust: list[Interval] = []  # ended before the last page of their question
        self._read = 0
        self._announced = 0
        self._believed = True
        self._unheard = len(self._open)

    @property
    def over(self) -> bool:
        """Everything has been read."""
        return not self._open

    @property
    def expected(self) -> int:
        """About how many records there are in all; a hint."""
        if self.over:
            return self._read
        if self._believed and not self._unheard:
            return max(self._read, self._announced)
        return self._read + round(sum(max(0.0, self._left(window)) for window in self._open if window.density))

    def next(self, *, spare: bool) -> Window | None:
        """Return a window whose next page has to be asked for now, None if there is none.

        Args:
            spare: A request more costs nobody anything now: if no window waits for its turn, the
                far part of the one with the most to do becomes one.
        """
        waiting = [window for window in self._open if not window.in_flight]
        window = max(waiting, key=self._left) if waiting else self._steal() if spare else None
        if window:
            window.in_flight = True
            if not window.begun:
                window.asked_until = window.until
        return window

    def answered(
        self,
        window: Window,
        *,
        count: int,
        first: int | None,
        last: int | None,
        token: str,
        total: int | None,
        ordered: bool = True,
    ) -> Accepted:
        """Take note of a page.

        Args:
            window: Whose page it is.
            count: How many records it holds.
            first: Its earliest time, None if no record has one.
            last: Its latest time.
            token: The next page's page_token, "" on the last page.
            total: What the server says the question holds.
            ordered: The page's own records are in ascending order.

        Raises:
            ValueError: the server named a next page that it had named before.
        """
        if token in window.tokens:
            raise ValueError("the same next page was named twice")
        window.in_flight = False
        self._note_total(window, total)
        self._check_order(window, first, last, ordered)
        before = self._proven_to(window)
        window.tokens.add(token)
        self._read += count
        if first is not None and last is not None:
            self._advance(window, count, first, last)
        reached = window.position >= window.until and self._trusts(window)
        if token and not reached:
            window.token = token
            self._scatter(window)
            return Accepted(window.since, window.until, _interval(before, self._proven_to(window)))
        self._open.remove(window)
        if token:
            self._on_trust.append((window.since, window.until))
        return Accepted(window.since, window.until, _interval(before, window.until))

    def restart(self, window: Window) -> bool:
        """Give a window back whose page_token was refused; what is left of it is walked anew.

        Records of the last second seen will come twice. Returns False, and the window stays
        as it is, when that has not helped several times.
        """
        if window.restarts >= _RESTARTS:
            return False
        window.restarts += 1
        if self._trusts(window) and window.read_to is not None:
            self._on_trust += _interval(window.since, window.read_to)
            window.since = window.read_to
        window.token = ""
        window.tokens.clear()
        window.in_flight = False
        return True

    # -- order -----------------------------------------------------------------------------

    def _trusts(self, window: Window) -> bool:
        return window.in_order and not self.unsorted

    def _proven_to(self, window: Window) -> int | None:
        """Everything before has been delivered; the last second seen may have more."""
        return window.read_to if window.read_to is not None and self._trusts(window) else window.since

    def _check_order(self, window: Window, first: int | None, last: int | None, ordered: bool) -> None:
        """Notice a page that does not follow the earlier ones.

        Records that appear late push others from the page before onto this one if pages are
        cut by position. Then it begins too early, but it does not end too early.
        """
        if first is None or last is None or self.unsorted:
            return
        if not ordered or (window.begun and last < _start(window.read_to)):
            self.unsorted = True
            self._open += [Window(*interval, seed=False) for interval in self._on_trust]
            self._on_trust.clear()
        elif window.begun and first < _start(window.read_to):
            window.in_order = False

    # -- cutting ---------------------------------------------------------------------------

    def _advance(self, window: Window, count: int, first: int, last: int) -> None:
        if window.read_to is not None and last > window.read_to and self._trusts(window):
            window.restarts = 0
        window.density = count / (last - first + 1)
        window.read_to = last

    def _left(self, window: Window) -> float:
        """Estimate how many of a window's records have not been asked for."""
        if window.density is None:
            return 0.0 if window.in_flight else float("inf")
        rows = window.density * (window.until - window.position)
        return rows - self._page_size if window.in_flight else rows

    def _to_give(self, window: Window) -> float:
        if not window.begun or window.position + 1 >= window.until or not self._trusts(window):
            return 0.0
        return self._left(window)

    def _scatter(self, window: Window) -> None:
        """Cut what is left of a list behind its first page, as evenly as if the records lay so."""
        if window.density is None or not self._trusts(window):
            return  # an empty page that names another one tells nothing: the next one may
        seeds, self._seeds = self._seeds, 0
        start = window.position + 1
        left = window.total if window.total and self._believed else self._left(window)
        parts = min(seeds, round(left / self._page_size / _PAGES_A_PART), window.until - start)
        if parts < 2:
            return
        ends = [start + (window.until - start) * number // parts for number in range(1, parts)]
        cut = [Window(*part, seed=False) for part in pairwise([*ends, window.until])]
        window.until = ends[0]
        self._open += cut

    def _steal(self) -> Window | None:
        """Cut the far half off the window that has the most left, behind the last second it has seen.

        In a crowd's first moments that is mostly empty time: then the next thief halves the
        near part again, and after some ten of them the crowd is found. A window without a page is
        left alone, because how much it holds is only a guess.
        """
        victim = max(self._open, key=self._to_give, default=None)
        if victim is None or victim.density is None or self._to_give(victim) < _LEAST_PAGES * self._page_size:
            return None
        middle = round((victim.position + self._page_size / victim.density + victim.until) / 2)
        cut = min(middle, victim.until - 1)
        thief = Window(cut, victim.until, density=victim.density, seed=False)
        victim.until = cut
        self._open.append(thief)
        return thief

    # -- hints -----------------------------------------------------------------------------

    def _note_total(self, window: Window, total: int | None) -> None:
        """Add up what the first windows announce, as long as it can be true.

        A count that stops at a limit is a round number, and one that grows with the pages
        read says nothing on the first.
        """
        if window.total is None and window.seed:
            self._unheard -= 1
            self._announced += total or 0
        if window.total is None:
            window.total = total or 0
        if total is None or (total and total % 500 == 0) or total >= window.total + self._page_size:
            self._believed = False


def without(since: int | None, until: int, done: Sequence[Interval]) -> list[Interval]:
    """Return the parts of a period that lie in none of the intervals, in order."""
    gaps, end = list[tuple[int, int]](), _start(since)
    for start, stop in sorted((_start(start), stop) for start, stop in done):
        gaps.append((end, min(start, until)))
        end = max(end, stop)
    gaps.append((end, until))
    return [(None if start < 0 else start, stop) for start, stop in gaps if start < stop]


def _start(since: int | None) -> int:
    return -1 if since is None else since


def _interval(since: int | None, until: int | None) -> tuple[Interval, ...]:
    return ((since, until),) if until is not None and _start(since) < until else ()


def _floor(since: int | None, until: int) -> int:
    """From which second on records are to be expected."""
    return since if since is not None else min(_FIRST_SECOND, until - 1)
