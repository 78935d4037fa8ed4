"""Faults on request: which answers go wrong, how, and how often.

A fault is written `NAME[:KEY=VALUE,…]`. Without `path` it strikes the signed API only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .envelope import encode
from .refusals import Refusal, Why
from .wire import Response

MAX_FAULTS = 50
MAX_SECONDS = 300
NOT_API = ("/open/", "/oauth/", "/api/v2/", "/seller-center")
# name -> what it does; every one of them is also described in --help
NAMES = {
    "429": "throttled, without Retry-After",
    "429-retry-after": "throttled, with Retry-After (seconds=1)",
    "500": "HTTP 500 with a page that is not JSON",
    "503": "HTTP 503 with a page that is not JSON",
    "36009003": "internal error",
    "105002": "access token expired",
    "105005": "scope missing",
    "data-null": "success, but data is null",
    "not-json": "HTTP 200 with a page that is not JSON",
    "slow": "answered later (seconds=1)",
    "unknown-fields": "success with fields that nobody has documented",
    "moving-totals": "total_count grows from answer to answer",
    "drop": "connection reset instead of an answer",
    "half-answer": "connection closed in the middle of the answer",
    "bad-page-token": "invalid parameter, as for a page_token that is too old; strikes later pages only",
}
_INSTEAD = {
    "36009003": Why.INTERNAL,
    "105002": Why.EXPIRED_TOKEN,
    "105005": Why.NO_SCOPE,
    "bad-page-token": Why.INVALID,
}
_PAGE = b"<html><body><h1>Service unavailable</h1></body></html>"


@dataclass(slots=True)
class Fault:
    """One fault and whom it strikes: every N-th, the first N, after the first N, at most so often."""

    name: str
    path: str = ""
    every: int = 1
    first: int = 0
    after: int = 0
    times: int = 0
    seconds: float = 1.0
    seen: int = 0
    struck: int = 0

    def strikes(self, path: str, *, later_page: bool = False) -> bool:
        """Count a request and say whether the fault strikes it."""
        if not (path.startswith(self.path) if self.path else not path.startswith(NOT_API)):
            return False
        if self.name == "bad-page-token" and not later_page:
            return False
        self.seen += 1
        turn = self.seen - self.after
        hit = turn > 0 and turn % self.every == 0
        if (self.first and turn > self.first) or (self.times and self.struck >= self.times):
            hit = False
        self.struck += hit
        return hit


def parse_fault(text: str) -> Fault:
    """Read `NAME[:KEY=VALUE,…]`, or raise ValueError with a sentence."""
    name, _, rest = text.partition(":")
    if name not in NAMES:
        raise ValueError(f"There is no fault {name!r}. There are: {', '.join(NAMES)}.")
    fault = Fault(name)
    for pair in filter(None, rest.split(",")):
        key, _, value = pair.partition("=")
        if key == "path" and value.startswith("/"):
            fault.path = value
        elif key == "seconds":
            fault.seconds = _number(text, value)
        elif key in ("every", "first", "after", "times") and value.isdecimal() and len(value) < 10:
            setattr(fault, key, max(int(value), 1 if key == "every" else 0))
        else:
            raise ValueError(
                f"{pair!r} in fault {text!r} is not path=/…, every=N, first=N, after=N, times=N or seconds=S."
            )
    return fault


def _number(text: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"The seconds of fault {text!r} must be a number from 0 to {MAX_SECONDS}.")
    return seconds


class FaultPlan:
    """The faults in force, with their counters."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.faults = parse_faults(texts)

    def strike(self, path: str, *, later_page: bool = False) -> list[Fault]:
        return [fault for fault in self.faults if fault.strikes(path, later_page=later_page)] if self.faults else []


def parse_faults(texts: Iterable[str]) -> list[Fault]:
    faults = [parse_fault(text) for text in texts]
    if len(faults) > MAX_FAULTS:
        raise ValueError(f"At most {MAX_FAULTS} faults at once.")
    return faults


def instead_of_answer(faults: list[Fault], expired_status: int) -> Refusal | Response | None:
    """Return what is said in place of the real answer, or None when that is asked for first."""
    for fault in faults:
        if fault.name in _INSTEAD:
            why = _INSTEAD[fault.name]
            return Refusal(why, status=expired_status if why is Why.EXPIRED_TOKEN else 0)
        if fault.name in ("429", "429-retry-after"):
            return Refusal(Why.THROTTLED, retry_after=int(fault.seconds) if fault.name != "429" else 0)
        if fault.name in ("500", "503", "not-json"):
            status = 200 if fault.name == "not-json" else int(fault.name)
            return Response(status, _PAGE, "text/html; charset=utf-8")
    return None


def spoil(response: Response, faults: list[Fault]) -> Response:
    """Return the answer as the faults leave it: changed, late or broken off."""
    for fault in faults:
        if fault.name == "slow":
            response = replace(response, delay=response.delay + fault.seconds)
        elif fault.name == "drop":
            response = replace(response, cut=0.0)
        elif fault.name == "half-answer":
            response = replace(response, cut=0.5)
        elif response.status == 200 and fault.name in _CHANGES:
            response = replace(response, body=_changed(response.joined, fault))
    return response


def _changed(body: bytes, fault: Fault) -> bytes:
    answer = json.loads(body)
    if answer.get("code") != 0:
        return body
    answer["data"] = _CHANGES[fault.name](answer["data"], fault.struck)
    return encode(answer)


def _without_data(_value: Any, _struck: int) -> Any:
    return None


def _with_unknown_fields(value: Any, struck: int) -> Any:
    if isinstance(value, list):
        return [_with_unknown_fields(item, struck) for item in value]
    if not isinstance(value, dict):
        return value
    known = {name: _with_unknown_fields(item, struck) for name, item in value.items()}
    return known | {"sandbox_text": "new ✨", "sandbox_number": 2**53 + 1, "sandbox_object": {"a": [1, None]}}


def _with_moving_total(data: Any, struck: int) -> Any:
    if isinstance(data, dict) and isinstance(data.get("total_count"), int):
        return data | {"total_count": data["total_count"] + struck}
    return data


_CHANGES = {
    "data-null": _without_data,
    "unknown-fields": _with_unknown_fields,
    "moving-totals": _with_moving_total,
}
