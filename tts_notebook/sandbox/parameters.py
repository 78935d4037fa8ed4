"""Declared query parameters and body fields, and the reading of them.

Fields that an endpoint does not declare are ignored, as the gateway ignores them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .refusals import Refusal, Why
from .wire import Request

Kind = Literal["text", "number", "flag", "texts"]
Values = dict[str, Any]
_JSON_TYPES: dict[Kind, type] = {"text": str, "number": int, "flag": bool, "texts": list}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter. `low` and `high` bound a number, or how many texts a list may hold."""

    name: str
    kind: Kind = "text"
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 2**63 - 1


def read_query(fields: Iterable[Field], query: dict[str, str]) -> Values:
    """Return the declared parameters' values; an empty one counts as absent."""
    return {field.name: _read(field, _from_text(field, query.get(field.name, ""))) for field in fields}


def read_body(fields: tuple[Field, ...], request: Request) -> Values:
    """Return the declared fields of a JSON body; no body at all is an empty one."""
    if not fields:
        return {}
    body = _json_object(request)
    return {field.name: _read(field, _typed(field, body.get(field.name))) for field in fields}


def _json_object(request: Request) -> Values:
    if not request.body:
        return {}
    if request.content_type not in ("application/json", "multipart/form-data"):
        raise Refusal(Why.BODY_NOT_JSON, f"content-type is {request.content_type or 'missing'}")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Refusal(Why.INVALID, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(Why.INVALID, "the body is not a JSON object")
    return body


def _from_text(field: Field, text: str) -> Any:
    if not text:
        return None
    if field.kind == "number":
        if not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 20):
            raise Refusal(Why.INVALID, f"{field.name} must be a whole number")
        return int(text)
    if field.kind == "texts":
        return text.split(",")
    return text


def _typed(field: Field, value: Any) -> Any:
    if value is None:
        return None
    # bool is an int in Python, but not in JSON
    if type(value) is not _JSON_TYPES[field.kind]:
        raise Refusal(Why.INVALID, f"{field.name} must be a {field.kind}")
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise Refusal(Why.INVALID, f"{field.name} must hold texts only")
    # an empty text counts as absent
    return None if value == "" else value


def _read(field: Field, value: Any) -> Any:
    if value is None:
        if field.required:
            raise Refusal(Why.INVALID, f"{field.name} is required")
        return field.default
    if field.choices and not set(value if isinstance(value, list) else [value]) <= set(field.choices):
        raise Refusal(Why.INVALID, f"{field.name} must be one of {', '.join(field.choices)}")
    size = len(value) if field.kind == "texts" else value
    if field.kind in ("number", "texts") and not field.low <= size <= field.high:
        raise Refusal(Why.INVALID, f"{field.name} must be within {field.low} and {field.high}")
    return value
