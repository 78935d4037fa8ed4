"""What to ask again, and after how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tts_notebook.api.envelope import HOURLY_QUOTA, PASSING, THROTTLED

MAX_RETRIES = 5
_FIRST_WAIT, _LONGEST_WAIT, _JITTER = 1.0, 60.0, 0.5  # the figures TikTok Shop recommends
# the platform's internal error also comes back for ever, as for shops without LIVE: two repeats tell
_INTERNAL_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended.

    Attributes:
        status: HTTP status, 0 when no answer came.
        code: TikTok Shop's code, 0 when there was none.
        retry_after: Seconds that the server asked to wait, None if it did not.
        token_rejected: The access token is expired or unknown: the same one need not try again.
    """

    status: int
    code: int = 0
    retry_after: float | None = None
    token_rejected: bool = False


def wait_before_retry(outcome: Outcome, retries: int, jitter: Callable[[], float]) -> float | None:
    """Return the seconds to wait before asking again, None to stop.

    Args:
        outcome: How the last attempt ended. Only for calls that change nothing when they are repeated.
        retries: How often it was repeated already.
        jitter: Draws a number from 0 to 1, so that several notebooks do not ask in step.
    """
    if retries >= MAX_RETRIES or not _is_passing(outcome):
        return None
    if outcome.code in PASSING and retries >= _INTERNAL_RETRIES:
        return None
    if outcome.retry_after is not None:
        # longer than a person waits for a cell: said instead of slept
        return None if outcome.retry_after > _LONGEST_WAIT else outcome.retry_after + _JITTER * jitter()
    return float(min(_FIRST_WAIT * 2**retries, _LONGEST_WAIT)) + _JITTER * jitter()


def _is_passing(outcome: Outcome) -> bool:
    if outcome.code == HOURLY_QUOTA or outcome.token_rejected:
        return False
    if outcome.code in PASSING or outcome.code == THROTTLED:
        return True
    return outcome.status in (0, 408, 429) or outcome.status >= 500
