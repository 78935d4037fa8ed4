"""Token responses and tokens that look like TikTok Shop's, and where a secret must not be found."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tts_notebook.app import App
from tts_notebook.auth.token import Token
from tts_notebook.errors import TokenError, TTSError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCESS, REFRESH, SECRET = "GCP_access-Q7dQ2w", "GCP_refresh-x91Lm3", "5ecretOfTheApp0123456789"
CODE, STATE = "ROW_code-8Zk1Pp", "st4te-of-this-login"
SECRETS = (ACCESS, REFRESH, SECRET, CODE, STATE)


def envelope(number: int = 0, *, ends_in: float = 7 * 86_400, now: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """The token endpoint's answer; `number` tells the pairs of a rotation apart, `fields` replace and add."""
    mark = f"-{number}" if number else ""
    data = {
        "access_token": ACCESS + mark,
        "access_token_expire_in": int(now.timestamp() + ends_in),
        "refresh_token": REFRESH + mark,
        "refresh_token_expire_in": int(now.timestamp()) + 90 * 86_400,
        "open_id": "open-1",
        "seller_name": "Maple and Wren Ltd",
        "seller_base_region": "GB",
        "user_type": 0,
        "granted_scopes": ["seller.order.info", "seller.authorization.info"],
    }
    return {"code": 0, "message": "success", "request_id": "2026112012000000AB", "data": data | fields}


def token(number: int = 0, *, age: float = 0, now: datetime = NOW, **fields: Any) -> Token:
    return Token.from_response(envelope(number, now=now, **fields), obtained_at=now - timedelta(seconds=age))


def app(base_url: str = "https://api.test", **settings: Any) -> App:
    return App(
        **{"app_key": "6kcdemo", "app_secret": SECRET, "auth_base_url": base_url, "api_base_url": base_url} | settings
    )


@dataclass
class Endpoint:
    """A token endpoint whose refresh tokens are good for one use."""

    now: datetime = NOW
    number: int = 0
    failure: TTSError | None = None
    meanwhile: Callable[[], object] = lambda: None
    spent: list[str] = field(default_factory=list)
    refused: int = 0
    life: float = 7 * 86_400

    def refresh(self, refresh_token: str) -> Token:
        self.meanwhile()
        if self.failure is not None:
            raise self.failure
        if refresh_token in self.spent:
            self.refused += 1
            raise TokenError("TikTok Shop does not know this refresh token.", code=36004005)
        self.spent.append(refresh_token)
        self.number += 1
        return token(self.number, now=self.now, ends_in=self.life)


def everything_shown(failure: BaseException) -> str:
    """All that a failure can show anywhere: its whole chain, with the local variables of our frames and requests'."""
    parts: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [failure]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__]
        parts += [repr(each), str(each), repr(vars(each)), repr(each.args), *getattr(each, "__notes__", ())]
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:  # the test's own variables hold the secrets it looks for
                parts += [f"{name}={value!r}" for name, value in frame.f_locals.items()]
    return "\n".join(parts)


def secrets_in(shown: str) -> list[str]:
    return [secret for secret in SECRETS if secret in shown]
