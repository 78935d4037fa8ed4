"""What to ask again, and after how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tts_notebook.api.envelope import HOURLY_QUOTA, PASSING, THROTTLED

MAX_RETRIES = 5
LONGEST_CALL = 90.0  # seconds, after which no further attempt is made: a person waits for the cell
_FIRST_WAIT, _LONGEST_WAIT, _JITTER = 1.0, 60.0, 0.5  # the figures TikTok Shop recommends
# the platform's internal error also comes back for ever, as for shops without LIVE: two repeats tell
_INTERNAL_RETRIES = 2
# a name that is not found or a refused connection: mostly no network at all, which waiting does not mend
_UNSENT_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended.

    Attributes:
        status: HTTP status, 0 when no answer came.
        code: TikTok Shop's code, 0 when there was none.
        retry_after: Seconds that the server asked to wait, None if it did not.
        token_rejected: The access token is expired or unknown: the same one need not try again.
        unsent: The request did not reach its host.
    """

    status: int
    code: int = 0
    retry_after: float | None = None
    token_rejected: bool = False
    unsent: bool = False


def wait_before_retry(
    outcome: Outcome, retries: int, jitter: Callable[[], float], *, spent: float = 0.0
) -> float | None:
    """Return the seconds to wait before asking again, None to stop.

    Args:
        outcome: How the last attempt ended. Only for calls that change nothing when they are repeated.
        retries: How often it was repeated already.
        jitter: Draws a number from 0 to 1, so that several notebooks do not ask in step.
        spent: Seconds that this call has taken until now, waits included.
    """
    if not _is_passing(outcome) or retries >= _most_retries(outcome):
        return None
    wait = _FIRST_WAIT * 2**retries if outcome.retry_after is None else outcome.retry_after
    if wait > _LONGEST_WAIT or spent + wait > LONGEST_CALL:
        return None  # longer than a person waits for a cell: said instead of slept
    return wait + _JITTER * jitter()


def _most_retries(outcome: Outcome) -> int:
    if outcome.unsent:
        return _UNSENT_RETRIES
    return _INTERNAL_RETRIES if outcome.code in PASSING else MAX_RETRIES


def _is_passing(outcome: Outcome) -> bool:
    if outcome.code == HOURLY_QUOTA or outcome.token_rejected:
        return False
    if outcome.code in PASSING or outcome.code == THROTTLED:
        return True
    return outcome.status in (0, 408, 429) or outcome.status >= 500
