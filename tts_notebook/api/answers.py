"""An HTTP response -> an Answer, and how it went."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

import requests
import urllib3

from tts_notebook.api.envelope import Answer, refusal_in
from tts_notebook.api.retry import Outcome
from tts_notebook.errors import TokenRejected

_LARGEST_ERROR = 16 * 1024  # bytes; an answer with HTTP 200 that is larger is a page, not a refusal


def answer_of(response: requests.Response, body: bytes, path: str, access_token: str, *, now: float) -> Answer:
    """Take what is needed of a response.

    Args:
        response: Whose status and headers.
        body: What it held.
        path: What was asked.
        access_token: With which token; an error that repeats TikTok Shop's message must not repeat it.
        now: Our clock, in seconds.
    """
    if access_token and len(body) <= _LARGEST_ERROR:
        body = body.replace(access_token.encode(), b"...")
    return Answer(
        path=path,
        status=response.status_code,
        body=body,
        retry_after=_seconds(response.headers.get("Retry-After"), now),
        clock_difference=_difference(response.headers.get("Date"), now),
    )


def outcome_of(answer: Answer) -> Outcome:
    """Tell how an attempt ended."""
    if answer.status == 200 and len(answer.body) > _LARGEST_ERROR:
        return Outcome(status=200)
    refusal = refusal_in(answer)
    return Outcome(
        answer.status,
        refusal.code if refusal else 0,
        answer.retry_after,
        token_rejected=isinstance(refusal, TokenRejected),
    )


def whole_body(response: requests.Response) -> bytes:
    """Read a streamed answer at once; requests would put it together from ten thousand pieces."""
    try:
        body: bytes = response.raw.read(decode_content=True)
    except urllib3.exceptions.DecodeError as failure:
        raise requests.exceptions.ContentDecodingError(failure) from None
    except urllib3.exceptions.ReadTimeoutError as failure:
        raise requests.exceptions.ReadTimeout(failure) from None
    except urllib3.exceptions.HTTPError as failure:
        raise requests.exceptions.ChunkedEncodingError(failure) from None
    finally:
        response.raw.release_conn()
    return body


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Retry-After in seconds; it may be a number or a date (RFC 9110)."""
    if not retry_after:
        return None
    try:
        seconds: float | None = float(retry_after)
    except ValueError:
        seconds = _difference(retry_after, now)
    return None if seconds is None or not math.isfinite(seconds) else max(0.0, seconds)


def _difference(date: str | None, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp() - now
    except ValueError:
        return None
