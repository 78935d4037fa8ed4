"""TikTok Shop's envelope {code, message, data, request_id}: its data, or the error it stands for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected, TransportError

SCOPE_MISSING = 105005
TOKEN_CODES = frozenset({105002, 36009005})  # expired, unknown
THROTTLED, HOURLY_QUOTA = 36009002, 36009037
_BAD_SIGNATURE, _GENERIC = 106001, 36009004

# codes after which the same question may get an answer: the platform's own trouble
PASSING = frozenset(
    {36009003, 36009007, 10002014, 10002015, 10037002, 10037003, 10037004, 10006402, 12001000, 33001002}
)

_NEXT_STEPS = {
    _BAD_SIGNATURE: "Check the app_secret with %tiktok_auth configure: it is the key of every signature.",
    101000: "Run %tiktok_auth login --force: this token and this shop belong to different accounts.",
    105004: "Ask the shop's owner to look at the account's state in Seller Center.",
    106011: "Choose the shop again with tts.use_shop(...).",
    106013: "Choose a shop with tts.use_shop(...).",
    36009009: "Check the path and its version.",
    36009010: "Check the method: lists that end in /search are asked with POST.",
    36009014: "Check the version in the path.",
    36009033: "Add this machine's public address to the app's IP allow list in Partner Center.",
    36009043: "The shop is not active: look at its state in Seller Center.",
    36009044: "The seller is not active: look at the account's state in Seller Center.",
}
_PASSING_STEP = "This is TikTok Shop's own trouble: run the cell again in a minute."
_PLAIN_STEP = "Check what was asked; with the request_id TikTok Shop's support can look the call up."


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, as far as it says how a call went.

    Attributes:
        clock_difference: Seconds by which the server's clock is ahead of ours, None if it did not say.
    """

    path: str
    status: int
    body: bytes
    retry_after: float | None = None
    clock_difference: float | None = None


def parse_envelope(answer: Answer) -> dict[str, Any]:
    """Return the envelope of a call that went well.

    Raises:
        TransportError: the answer is not an envelope.
        PermissionMissing, TokenRejected, RateLimited, APIError: its code is not 0.
    """
    try:
        envelope = json.loads(answer.body)
    except (ValueError, RecursionError):
        envelope = None
    if not isinstance(envelope, dict) or not isinstance(envelope.get("code"), int):
        raise _not_an_envelope(answer)
    if envelope["code"] != 0:
        raise _refusal(answer, envelope)
    if answer.status >= 400:
        raise _not_an_envelope(answer)
    return envelope


def refusal_in(answer: Answer) -> APIError | None:
    """The refusal that an answer holds, None for success and for what is not an envelope."""
    try:
        parse_envelope(answer)
    except APIError as refusal:
        return refusal
    except TransportError:
        return None
    return None


def _refusal(answer: Answer, envelope: dict[str, Any]) -> APIError:
    code, request_id = envelope["code"], str(envelope.get("request_id") or "")
    # every message of the gateway ends with the same link, which says no more
    message = str(envelope.get("message") or "no reason given").partition(" For more details: ")[0][:500]
    path, status = answer.path, answer.status
    if code == SCOPE_MISSING:
        return PermissionMissing(path, scope="", code=code, request_id=request_id, status=status)
    # the documentation lists the text of 36009005 under 36009004 too
    if code in TOKEN_CODES or (code == _GENERIC and "access_token" in message.replace("-", "_")):
        return TokenRejected(path, code, message, request_id, status=status)
    if code == HOURLY_QUOTA:
        step = "This test shop's hourly quota is used up: run the cell again in an hour."
        return RateLimited(path, code, message, request_id, status=status, next_step=step)
    if code == THROTTLED or status == 429:
        return RateLimited(path, code, message, request_id, status=status, retry_after=answer.retry_after)
    return APIError(path, code, message, request_id, status=status, next_step=_next_step(answer, code, message))


def _next_step(answer: Answer, code: int, message: str) -> str:
    if code in PASSING:
        return _PASSING_STEP
    if code == _GENERIC and "timestamp" in message:
        return _clock_step(answer.clock_difference)
    if code == _GENERIC and "app_key" in message:
        return "Check the app_key with %tiktok_auth configure."
    return _NEXT_STEPS.get(code, _PLAIN_STEP)


def _clock_step(difference: float | None) -> str:
    if difference is None or abs(difference) < 20:
        return "Set this computer's clock to the right time (automatic time), then run the cell again."
    minutes, direction = abs(difference) / 60, "slow" if difference > 0 else "fast"
    return (
        f"This computer's clock is about {minutes:.0f} minutes {direction}: switch on automatic time, "
        "then run the cell again."
        if minutes >= 1
        else f"This computer's clock is {abs(difference):.0f} seconds {direction}: switch on automatic time, "
        "then run the cell again."
    )


def _not_an_envelope(answer: Answer) -> APIError | TransportError:
    if answer.status == 429:
        return RateLimited(answer.path, 0, "too many requests", retry_after=answer.retry_after)
    return TransportError(
        f"{answer.path} was answered with something that is not TikTok Shop's JSON (HTTP {answer.status}).",
        next_step="Run the cell again; if it stays so, a proxy or firewall may answer in TikTok Shop's place.",
    )
