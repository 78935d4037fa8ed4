"""Finds a rate limit that nobody publishes and that moves, as congestion control does.

The server is taken for a bucket: some requests a second flow in, some can be saved up. A bucket is empty when
it refuses, so what passed between two refusals, divided by the time, is the limit itself. Near a known limit
the rate creeps; it leaves for higher rates only when more passed than that limit allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

START = 20.0  # requests a second, evenly spaced; a burst of eight at once was refused in production
FLOOR = 1 / 30
CEILING = 100_000.0
LONGEST_PAUSE = 300.0  # a server that asks for more is not waited for longer than this at a time
_CAUTION = 0.8  # of a rate that was right some time ago

# The growth before the first refusal. What an overshoot costs is the number of requests that are on their way,
# so growth is measured in these, not in requests a second.
_FEW_ON_THEIR_WAY = 5.0
_CAREFUL, _PATIENT = 4.0, 0.35  # share of growth when w are on their way: careful / w^2, later patient / w
_EARLY, _EARLY_BELOW = 0.6, 42.0  # old documentation names 50 requests a second: below it, growth may be bold
_BEYOND, _LESS_PATIENT = 90.0, 0.6  # so many were let through that it is not 50

# The growth near a known limit.
_UNDER = 0.99  # of the limit: leaves room for requests that arrive closer together than they were sent
_STEP, _FASTER, _FASTEST = 0.03, 1.47, 0.28
_CREEP = 1.054  # of the limit: the most that is tried before the requests that passed prove that it rose
_PROOF = 5.85  # requests that passed beyond what the limit allows
_OVER_SEEN = 1.64  # of the rate that was really let through lately
_SHORTEST_REST, _LONGEST_REST = 16, 240  # clean answers before the limit is tried again
_MOVED, _REST_AFTER_A_MOVE = 0.65, 40
_PULSE = 2


@dataclass(slots=True)
class _Pulse:
    """A few requests that are sent faster; when they pass, all are.

    Attributes:
        gain: How much faster.
        left: How many are still to be sent.
        stays: Whether the next ones go as fast, while the answers are on their way.
        began, ended: When the first and the last of them was sent.
    """

    gain: float
    left: int
    stays: bool
    began: float = math.inf
    ended: float = math.inf

    def sends(self, now: float) -> float:
        """Count a request that is sent now, and say how much closer the next one follows."""
        if self.left:
            self.left -= 1
            self.began = min(self.began, now)
            if not self.left:
                self.ended = now
        return self.gain if self.left or self.stays else 1.0

    def holds(self, sent_at: float) -> bool:
        return self.began < sent_at <= self.ended


@dataclass(slots=True)
class _BackOff:
    """One overshoot: from the first refused request to the last one that was sent before we knew.

    Attributes:
        rate: The rate at which it happened.
        first: When the first refused request was sent.
        known: When its answer came.
        until: When we stop waiting for the answers.
        in_pulse: Whether it was sent in a pulse.
        clean, refused: The answers, those of the pulse left out.
    """

    rate: float
    first: float
    known: float
    until: float
    in_pulse: bool
    clean: int = 0
    refused: int = 0

    def count(self, sent_at: float, clean: bool) -> None:
        if self.first <= sent_at <= self.known:
            self.clean += clean
            self.refused += not clean

    @property
    def answers(self) -> int:
        return self.clean + self.refused

    def passing_rate(self, floor: float) -> float:
        """The share of the rate that was let through, not below `floor` times it."""
        share = (self.clean + 0.5) / self.answers  # the first is always a refused one
        return self.rate * max(floor, min(share, 0.98))


@dataclass(slots=True)
class _Tally:
    """What passed since the server's bucket was empty.

    Attributes:
        since: When it was empty; requests sent later count.
        passed: How many passed.
        watched: When we began to try more, and how many had passed then.
    """

    since: float
    passed: int = 0
    watched: tuple[float, int] | None = None

    def rate(self, until: float) -> float | None:
        """What passed a second, None while that is a guess."""
        return self.passed / max(until - self.since, 1e-3) if self.passed > 8 else None

    def lately(self, now: float) -> float:
        """What passed a second since we began to try more."""
        began, passed = self.watched or (self.since, 0)
        return (self.passed - passed + _PULSE) / max(now - began, 1e-3)


class RateControl:
    """Paces requests evenly at a rate that follows the answers. Has no clock: every method is told the time.

    Not safe to use from several threads.

    Attributes:
        max_rate: Never more than so many requests a second, None for no such wish. May change at any time.
        throttles: How many answers said "too many requests".
        clean_answers: How many did not.
        limit: The server's limit as far as it is known, requests a second.
    """

    def __init__(self, *, start: float = START, max_rate: float | None = None) -> None:
        self.max_rate = max_rate
        self.throttles = self.clean_answers = 0
        self.limit: float | None = None
        self._rate = _possible(start)
        self._next = -math.inf
        self._answer_time = 0.0
        self._pulse: _Pulse | None = None
        self._back_off: _BackOff | None = None
        self._settled = -math.inf  # what was sent before says nothing about the rate of now
        self._resumes = -math.inf
        self._tally: _Tally | None = None
        self._last_exact: float | None = None
        self._refused_rate: float | None = None
        self._step = _STEP
        self._rest, self._rested = float(_SHORTEST_REST), 0
        self._longest_rest = float(_LONGEST_REST)

    @property
    def rate(self) -> float:
        """Requests a second now."""
        return min(self._rate, self.max_rate or CEILING)

    @property
    def next_at(self) -> float:
        """When the next request may go."""
        return self._next

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
            self._next = min(self._next, now)

    def sent(self, now: float) -> None:
        """Take the slot: a request goes now."""
        rate = self.rate
        if self._pulse and self._pulse.left and now - self._next > 1 / rate:
            self._pulse = None  # the sender has less to send than it might: that tries nothing
        if self._pulse:
            rate = self._capped(rate * self._pulse.sends(now))
        space = 1 / rate
        late = now - self._next
        # a sender that woke up a little late is forgiven: the mean stays, and two requests never go at once
        self._next = now + space - (min(late, space / 2) if late < space else 0.0)

    def clean(self, sent_at: float, now: float) -> None:
        """A request that was sent at `sent_at` was answered, and not throttled."""
        self.clean_answers += 1
        self._rested += 1
        took = max(now - sent_at, 1e-4)
        self._answer_time += (took - self._answer_time) * (0.1 if self._answer_time else 1.0)
        if self._tally and self._tally.since < sent_at < (self._back_off.first if self._back_off else now):
            self._tally.passed += 1
        if self._back_off:
            self._learn(self._back_off, sent_at, now, clean=True)
        elif self._pulse is None and sent_at >= self._settled:
            self._try_more(sent_at)
        elif self._pulse and sent_at >= self._pulse.ended:
            self._rate = self._capped(self.rate * self._pulse.gain)
            self._try_more(sent_at)

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
        if self._back_off:
            self._learn(self._back_off, sent_at, now, clean=False)
        elif sent_at >= self._settled:
            self._back_off = self._begin_back_off(sent_at, now)

    def passed_elsewhere(self, count: int) -> None:
        """Others who share the limit sent so many requests meanwhile."""
        if self._tally:
            self._tally.passed += count

    def adopt(self, limit: float, now: float) -> None:
        """Take a limit over that somebody else found just now, or that was found some time ago."""
        self._pulse = self._back_off = None
        self._settle(_possible(limit), now)
        self._rest = _SHORTEST_REST

    def resume(self, now: float) -> None:
        """Go on with some caution after a pause in which the limit may have moved."""
        if self.limit is not None:
            self.adopt(self.limit, now)
        self._rate = max(min(self._rate, START), self._rate * _CAUTION)

    # -- growth ------------------------------------------------------------------------------

    def _try_more(self, sent_at: float) -> None:
        gain = 1 + self._gain(sent_at)
        self._pulse = None
        if self._capped(self.rate * gain) > self.rate * 1.0001:
            stays = self.limit is None and self.rate * self._answer_time < _FEW_ON_THEIR_WAY
            self._pulse = _Pulse(gain, _PULSE + (self.limit is not None), stays)

    def _gain(self, sent_at: float) -> float:
        if self._refused_rate is not None:
            if self._refused_rate > self.rate * 1.03:
                return math.sqrt(self._refused_rate / self.rate) - 1
            self._refused_rate = None
        if self.limit is None or self._tally is None:
            on_their_way = self.rate * self._answer_time
            early = _EARLY if self.rate < _EARLY_BELOW else 0.0
            patient = _PATIENT if self.rate < _BEYOND else _LESS_PATIENT
            return min(1.0, max(_CAREFUL / on_their_way**2, patient / on_their_way, early))
        if self.rate < self.limit * _UNDER * 0.999:
            return min(1.0, self.limit * _UNDER / self.rate - 1)
        if self._rested < self._rest:
            return 0.0
        return self._gain_at_the_limit(self.limit, self._tally, sent_at)

    def _gain_at_the_limit(self, limit: float, tally: _Tally, sent_at: float) -> float:
        if tally.watched is None:
            tally.watched = (sent_at, tally.passed)
        if self._ahead(sent_at) > _PROOF:
            self._step = min(_FASTEST, self._step * _FASTER)
            return max(0.0, min(self._step, _OVER_SEEN * tally.lately(sent_at) / self.rate - 1))
        self._step = _STEP
        # the longer nothing is refused, the further
        further = 1 + (_CREEP - 1) * ((self._rested + self._rest) // (2 * self._rest))
        return max(0.0, min(_STEP, limit * further / self.rate - 1))

    def _ahead(self, moment: float) -> float:
        """How many more requests passed than the limit allows."""
        if self._tally is None or self.limit is None:
            return 0.0
        return self._tally.passed - self.limit * (moment - self._tally.since)

    # -- backing off -------------------------------------------------------------------------

    def _begin_back_off(self, sent_at: float, now: float) -> _BackOff:
        in_pulse = self._pulse is not None and self._pulse.holds(sent_at)
        until = max(now, self._resumes) + 3 * self._answer_time + 2 / self.rate
        found = _BackOff(self.rate, sent_at, now, until, in_pulse, refused=not in_pulse)
        if not in_pulse:
            # until the answers of those on their way tell how much is let through
            self._rate = _possible(self.rate * (0.5 if self.limit is None else 0.7))
        few = self.limit is None and found.rate * self._answer_time < 2 * _FEW_ON_THEIR_WAY
        pause = self._answer_time if few else 0.0  # few answers tell little: nothing is added to them
        self.hold_until(now + max(pause, 1 / self.rate))
        return found

    def _learn(self, back_off: _BackOff, sent_at: float, now: float, *, clean: bool) -> None:
        if not (self._pulse and self._pulse.holds(sent_at)):
            back_off.count(sent_at, clean)
        if sent_at > back_off.known or now > back_off.until:
            self._end_back_off(back_off, now)

    def _end_back_off(self, back_off: _BackOff, now: float) -> None:
        exact = self._tally.rate(back_off.first) if self._tally and self.limit else None
        found = self._passing(back_off, exact) if back_off.refused else self._beside_the_pulse(back_off, exact)
        based_on: float = self._tally.passed if exact and self._tally else back_off.answers
        change = found / self.limit if self.limit else 1.0
        if not _MOVED < change < 1 / _MOVED:
            self._longest_rest = _REST_AFTER_A_MOVE
        elif 0.93 < change < 1.07:
            based_on = max(based_on, 2 * self._rest)  # it was there before: no need to try it again soon
            self._longest_rest = min(_LONGEST_REST, self._longest_rest * 1.5)
        self._rest = max(_SHORTEST_REST, min(self._longest_rest, based_on))
        self._pulse = self._back_off = None
        self._last_exact = exact
        self._settle(found, max(back_off.known, self._resumes))
        self._settled = now

    def _passing(self, back_off: _BackOff, exact: float | None) -> float:
        """The limit, as the requests tell that were on their way."""
        rate, few = back_off.rate, back_off.answers < 6
        share = (back_off.clean + 0.5) / back_off.answers
        floor = 0.25
        if back_off.in_pulse and share > 0.5:
            floor = 0.9
        elif self._tally and few and self._tally.passed > 2:
            floor = 0.75
        found = back_off.passing_rate(floor)
        # a cut on few answers is a guess: the limit is somewhere between
        self._refused_rate = rate if share < floor or few else None
        if exact and (share > 0.6 or few):
            found = min(max(exact, found * 0.95), rate * 0.99)
        elif self._last_exact and share > 0.5 and self._last_exact < rate:
            found = max(min(found, self._last_exact * 1.02), rate * 0.5)
        else:
            return found
        self._refused_rate = None
        return found

    def _beside_the_pulse(self, back_off: _BackOff, exact: float | None) -> float:
        """The limit, when only a pulse was refused: the rate beside it was all right."""
        gain = self._pulse.gain if self._pulse else 1.0
        self._refused_rate = back_off.rate * gain if exact is None and gain > 1.03 else None
        return back_off.rate if exact is None else min(back_off.rate, max(exact, 0.95 * back_off.rate))

    def _settle(self, limit: float, moment: float) -> None:
        self.limit = limit
        self._rate = _possible(limit * _UNDER)
        self._tally = _Tally(moment)
        self._settled = moment
        self._rested, self._step = 0, _STEP

    def _capped(self, rate: float) -> float:
        return min(_possible(rate), self.max_rate or CEILING)


def _possible(rate: float) -> float:
    return max(FLOOR, min(rate, CEILING))
