"""Where a login stands, as text and as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tts_notebook.notebook.view import Situation, text_of, view_of

_NOT_SIGNED_IN = (
    "○ Not signed in.\nNext: %tiktok_auth login (or %tiktok_auth login --sandbox to try without an account). "
    "%tiktok_auth help lists everything."
)


def status_text(situation: Situation | None) -> str:
    """The status in words, and what to do next when there is no login."""
    return _NOT_SIGNED_IN if situation is None else text_of(view_of(situation, datetime.now(UTC)))


def headline(situation: Situation) -> str:
    """The status in one line."""
    view = view_of(situation, datetime.now(UTC))
    return f"{view.mark} {view.headline}"


def status_json(situation: Situation | None) -> dict[str, Any]:
    """The status as plain values, tokens and link left out; times in ISO 8601, UTC."""
    if situation is None:
        return {"stage": 0, "stage_name": "READY", "connected": False}
    times = {
        name: value.astimezone(UTC).isoformat() if (value := getattr(situation, name)) else None
        for name in ("expires_at", "refresh_expires_at", "last_refresh")
    }
    return {
        "stage": int(situation.stage),
        "stage_name": situation.stage.name,
        "connected": situation.connected,
        "profile": situation.profile,
        "sandbox": situation.sandbox,
        "seller": situation.seller,
        "region": situation.region,
        "granted_scopes": list(situation.scopes),
        **times,
        "kept": situation.where,
        "failure": situation.failure,
        "problem": situation.problem,
    }
