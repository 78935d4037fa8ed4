"""Finds a rate limit that nobody publishes and that moves, as congestion control does.

The server is taken for a bucket: some requests a second flow in, some can be saved up. A bucket is empty when
it refuses, so what passed between two refusals, divided by the time, is the limit itself. A known limit is
kept to for a while, then a little more is tried: until it is refused, or until more passed than that limit
allows. Then it rose, and is searched for as at the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

START = 20.0  # requests a second, evenly spaced; a burst of eight at once was refused in production
FLOOR = 1 / 30
CEILING = 100_000.0
LONGEST_PAUSE = 300.0  # a server that asks for more is not waited for longer than this at a time
_CAUTION = 0.8  # of a rate that was right some time ago

# The search. What an overshoot costs is the number of requests that are on their way, so growth in a round trip
# is measured in these: with w of them it is careful / w^2, later patient / w.
_CAREFUL, _PATIENT = 2.0, 0.15
_EARLY_BELOW = 48.0  # old documentation names 50 requests a second: below it, growth may be bold
_BEYOND, _LESS_PATIENT = 90.0, 0.6  # so many were let through that it is not 50

# Near a known limit.
_UNDER = 0.99  # of the limit: leaves room for requests that arrive closer together than they were sent
_SHORTEST_REST, _LONGEST_REST = 10.0, 400.0  # clean answers before more is tried
_REST_AFTER_A_MOVE, _LONGER = 40.0, 1.1  # what moved may move again; each time it did not, the rest may be longer
_MOVED, _STOOD = 0.65, 0.93
_STEP = 0.1  # requests on their way that are added in a round trip, more where the limit moves
_MOST_TRIED = 1.3  # of the limit
_PROOF = 4.0  # requests that passed beyond what the limit allows
_ENOUGH = 8  # requests that a limit can be told by
_GUESS, _FEW = 5, 10  # answers, or requests on their way, that tell little
_MARGIN = 1.5  # requests: a bucket is not refilled evenly
_CUT = 0.85  # for each refused request, until it is known what passes
_NEW = 0.1  # the weight of what is new in a mean
_LEAST_OURS = 0.01  # of all requests: it is divided by
_IDLE, _SAVED = 9, 1.0  # spaces without a request after which the bucket may be fuller; seconds that it may save


@dataclass(slots=True)
class _Overshoot:
    """From the first refused request to the last one that was sent before we knew.

    Attributes:
        rate: The rate at which it happened.
        first: When the first refused request was sent.
        known: When its answer came.
        until: When we stop waiting for the answers.
        early: So little had been sent since the last one that no rate had proved itself.
        ours: Which part of all requests we send, where others share the limit.
        clean, refused: The answers.
    """

    rate: float
    first: float
    known: float
    until: float
    early: bool
    ours: float
    clean: int = 0
    refused: int = 1

    def count(self, sent_at: float, clean: bool) -> None:
        if self.first <= sent_at <= self.known:
            self.clean += clean
            self.refused += not clean

    @property
    def span(self) -> float:
        return max(self.known - self.first, 1e-3)

    def passing(self, more: float) -> float:
        """What passed a second, if it was so much more than what was counted."""
        return min(self.rate, (self.clean + more) / (self.span * self.ours + 1 / self.rate))

    def guess(self) -> float:
        """The limit, if nothing else is known of it; not below half the rate on a few answers."""
        return max(min(self.passing(0.5), 0.98 * self.rate), 0.5 * self.rate if self.few else 0.0)

    @property
    def answers(self) -> int:
        return self.clean + self.refused

    @property
    def few(self) -> bool:
        return self.answers < 3

    @property
    def most(self) -> float:
        """The most that may have passed a second."""
        return (self.clean + _MARGIN) / (self.span * self.ours)

    @property
    def alternates(self) -> bool:
        """Every other one was refused, as by a server that saves nothing, however little it was too fast."""
        return self.clean <= 3 * self.refused and self.refused <= self.clean + 3


@dataclass(slots=True)
class _Tally:
    """What passed since the server's bucket was empty.

    Attributes:
        since: When it was; requests sent later count.
        passed: How many passed.
        saved: How many may have been in it all the same.
    """

    since: float
    passed: int = 0
    saved: float = 0.0

    def ahead(self, limit: float, moment: float) -> float:
        """How many more passed than the limit allows."""
        return self.passed - self.saved - limit * (moment - self.since)

    def bounds(self, until: float) -> tuple[float, float]:
        took = max(until - self.since, 1e-3)
        return (self.passed - self.saved) / took, self.passed / took


class RateControl:
    """Paces requests evenly at a rate that follows the answers. Has no clock: every method is told the time.

    Not safe to use from several threads.

    Attributes:
        max_rate: Never more than so many requests a second, None for no such wish; `cap` changes it.
        throttles: How many answers said "too many requests".
        limit: The server's limit as far as it is known, requests a second.
    """

    def __init__(self, *, start: float = START, max_rate: float | None = None) -> None:
        self.max_rate = max_rate
        self.throttles = 0
        self.limit: float | None = None
        self._rate = self._proved = _possible(start)
        self._next = self._last = self._wished = -math.inf
        self._idle = self._hurried = False
        self._ours = 1.0
        self._answer_time = 0.0
        self._overshoot: _Overshoot | None = None
        self._settled = self._grown = -math.inf  # what was sent before says nothing about the rate of now
        self._resumes = -math.inf
        self._tally: _Tally | None = None  # None while the limit is searched for
        self._refused = 0.0  # a rate that was too high
        self._trust, self._rest, self._rested = 0.0, 0.0, 0
        self._longest_rest = _LONGEST_REST

    @property
    def rate(self) -> float:
        """Requests a second now."""
        return min(self._rate, self.max_rate or CEILING)

    @property
    def next_at(self) -> float:
        """When the next request of anybody may go: what only `max_rate` puts off is our own wish."""
        if self.max_rate is None:
            return self._next
        return max(min(self._next, self._last + 1 / self._rate), self._resumes)

    def cap(self, max_rate: float | None) -> None:
        """Change `max_rate`; what only the one before put off is put off as long as there is one."""
        wished, self._next = self._next, self.next_at
        self._wished = max(self._wished, wished)
        self.max_rate = max_rate
        if max_rate is not None:
            self.hold_until(min(self._wished, self._last + 1 / self.rate))

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may go, 0 if it may go now."""
        return max(0.0, min(self._next - now, LONGEST_PAUSE))

    def hold_until(self, moment: float) -> None:
        """Send nothing before a moment."""
        self._next = max(self._next, moment)

    def alone(self, now: float) -> None:
        """Nothing is on its way: who waits for every answer before he asks again is no burst, and needs no spacing.

        Only as long as nothing was refused and nobody wished for less.
        """
        if self.limit is None and self.max_rate is None and now >= self._resumes:
            self._hurried = self._next > now
            self._next = min(self._next, now)

    def sent(self, now: float) -> None:
        """Take the slot: a request goes now."""
        space, late = 1 / self.rate, now - self._next
        # a sender that woke up a little late is forgiven: the mean stays, and two requests never go at once
        self._next = now + space - (min(late, space / 2) if late < space else 0.0)
        self._last = now
        self._ours += (1 - self._ours) * _NEW
        self._idle = self._hurried or space < late < math.inf  # less to send than might be: that tries nothing
        self._hurried = False
        if (
            self.limit
            and self._tally
            and not self._overshoot
            and (late > _IDLE * space or self.rate < 0.9 * self.limit)
        ):
            self._tally = _Tally(now, saved=self.limit * min(late, _SAVED))  # what the server saved is not known

    def clean(self, sent_at: float, now: float) -> None:
        """A request that was sent at `sent_at` was answered, and not throttled."""
        self._rested += 1
        took = max(now - sent_at, 1e-4)
        self._answer_time += (took - self._answer_time) * (_NEW if self._answer_time else 1.0)
        if self._tally and self._tally.since < sent_at < (self._overshoot.first if self._overshoot else now):
            self._tally.passed += 1
        if self._overshoot:
            self._learn(self._overshoot, sent_at, now, clean=True)
        elif sent_at >= max(self._settled, self._grown) and not self._idle:
            self._try_more(sent_at, now)

    def throttled(self, sent_at: float, now: float, retry_after: float | None) -> None:
        """A request that was sent at `sent_at` was refused as one too many.

        Args:
            sent_at: When it was sent.
            now: When its answer came.
            retry_after: The seconds that the server asked to wait, None if it did not say.
        """
        self.throttles += 1
        if retry_after is not None and retry_after > 0:
            self._resumes = max(self._resumes, now + min(retry_after, LONGEST_PAUSE))
            self.hold_until(self._resumes)
        if self._overshoot:
            self._rate = _possible(self._rate * _CUT)
            self._learn(self._overshoot, sent_at, now, clean=False)
        elif sent_at >= self._settled:
            self._overshoot = self._begin_overshoot(sent_at, now)

    def passed_elsewhere(self, count: int) -> None:
        """Others who share the limit sent so many requests meanwhile."""
        self._ours = max(self._ours * (1 - _NEW) ** count, _LEAST_OURS)
        if self._tally:
            self._tally.passed += count

    def adopt(self, limit: float, now: float) -> None:
        """Take a limit over that somebody else found just now, or that was found some time ago."""
        self._overshoot = None
        self._settle(_possible(limit), _SHORTEST_REST, now, _Tally(now))

    def resume(self, now: float) -> None:
        """Go on with some caution after a pause in which the limit may have moved."""
        if self.limit is not None:
            self.adopt(self.limit, now)
        self._rate = max(min(self._rate, START), self._rate * _CAUTION)

    # -- growth ------------------------------------------------------------------------------

    def _try_more(self, sent_at: float, now: float) -> None:
        """Grow once in a round trip: the answer that is waited for is one to the rate of now."""
        self._proved = self.rate
        if self.rate < self._rate:
            return  # a wish for less teaches nothing about the limit
        more = self._near(self.limit, self._tally, sent_at) if self.limit and self._tally else self._further()
        self._rate = max(self._proved, _possible(min(more, self.max_rate or CEILING)))
        self._grown = now + 1 / self.rate

    def _near(self, limit: float, tally: _Tally, sent_at: float) -> float:
        if self._rested < self._rest:
            return limit * _UNDER
        if tally.ahead(limit, sent_at) >= _PROOF:
            self._tally, self._trust = None, 0.0
            return self._further()
        if self._trust < _GUESS and self._refused > 1.03 * self.rate:
            return self._halfway()
        bold = math.sqrt(_LONGEST_REST / self._longest_rest)
        return min(self.rate + limit * bold * _STEP / self._on_their_way, limit * _MOST_TRIED)

    def _further(self) -> float:
        """The next rate while nothing tells the limit."""
        if self._refused > 1.03 * self.rate:
            return self._halfway()
        patient = _PATIENT if self.rate < _BEYOND else _LESS_PATIENT
        growth = max(_CAREFUL / self._on_their_way**2, patient / self._on_their_way)
        return self.rate * (1 + min(1.0, max(growth, _EARLY_BELOW / self.rate - 1)))

    def _halfway(self) -> float:
        return math.sqrt(self._refused * self.rate)

    @property
    def _on_their_way(self) -> float:
        return self.rate * self._answer_time

    # -- an overshoot ------------------------------------------------------------------------

    def _begin_overshoot(self, sent_at: float, now: float) -> _Overshoot:
        until = max(now, self._resumes) + 3 * self._answer_time + 2 / self.rate
        found = _Overshoot(self.rate, sent_at, now, until, early=self._rested < _GUESS, ours=self._ours)
        few = self.limit is None and self._on_their_way < _FEW  # they tell little: nothing is added to them
        self._rate = _possible(self.rate * _CUT)
        self.hold_until(now + max(self._answer_time if few else 0.0, 1 / self.rate))
        return found

    def _learn(self, over: _Overshoot, sent_at: float, now: float, *, clean: bool) -> None:
        over.count(sent_at, clean)
        if sent_at > over.known or now > over.until:
            self._end_overshoot(over, now)

    def _end_overshoot(self, over: _Overshoot, now: float) -> None:
        pause = max(0.0, self._resumes - over.known)
        tally = _Tally(max(over.known, self._resumes), passed=1)
        least, most, trust = self._bounds(over)
        if trust >= _GUESS and over.most >= least:
            found = min(max(over.most, least), most, over.rate * 0.99)
            if self._tally and not pause:  # the longer it is counted, the more exact
                tally = _Tally(self._tally.since, self._tally.passed + over.clean + 1)
        elif self._doubts(over):
            found, trust = 0.97 * self._proved, 2 * _SHORTEST_REST
        else:
            found, trust = over.guess(), over.answers
        tally.saved = found * min(pause, _SAVED)
        trust = self._note_move(found, trust, over)
        self._refused = over.passing(_MARGIN + 1)
        self._overshoot = None
        self._settle(found, trust, now, tally)

    def _bounds(self, over: _Overshoot) -> tuple[float, float, float]:
        """Between what the limit is, as was known before, and for how many answers that can be trusted."""
        if self.limit is None:
            return 0.0, 0.0, 0.0
        if self._tally and (self._tally.passed > _ENOUGH or self._tally.passed > self._trust):
            return *self._tally.bounds(over.first), 2.0 * self._tally.passed
        return self.limit * 0.98, self.limit * 0.98, 0.0 if over.few else self._trust

    def _doubts(self, over: _Overshoot) -> bool:
        """Whether the limit need not have moved: just below that rate all was well for a while.

        A server that saves nothing refuses every other request that is only a little too fast. If it
        does so again soon, the limit did move.
        """
        near = 0.9 * over.rate < self._proved < over.rate
        return self.limit is not None and near and over.alternates and not over.early

    def _note_move(self, found: float, trust: float, over: _Overshoot) -> float:
        change = found / self.limit if self.limit else 1.0
        if self._rest >= 2 * _SHORTEST_REST and not _MOVED < change < 1 / _MOVED:
            self._longest_rest = _REST_AFTER_A_MOVE
        elif self.limit and _STOOD < change < 1 / _STOOD and not over.early:
            self._longest_rest = min(_LONGEST_REST, self._longest_rest * _LONGER)
            return max(trust, 2 * self._rest)
        return trust

    def _settle(self, limit: float, trust: float, now: float, tally: _Tally) -> None:
        self.limit, self._trust, self._tally = limit, trust, tally
        self._rate = _possible(limit * _UNDER)
        self.hold_until(self._last + 1 / self.rate)
        self._settled, self._rested = now, 0
        self._rest = 0.0 if trust < _GUESS else max(_SHORTEST_REST, min(self._longest_rest, trust))


def _possible(rate: float) -> float:
    return max(FLOOR, min(rate, CEILING))
