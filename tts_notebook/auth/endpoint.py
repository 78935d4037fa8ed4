"""The token endpoint: an authorization code or a refresh token becomes a Token."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import requests

from tts_notebook.app import (
    AUTH_BASE_URL,
    VARIABLES,
    App,
    NotPicklable,
    check_endpoint,
    check_proxy,
    require_credentials,
)
from tts_notebook.auth.frameless import frameless
from tts_notebook.auth.token import Token
from tts_notebook.auth.transport import TIMEOUT, DirectSession, transport_error, unlogged, use_proxy
from tts_notebook.errors import InputError, TransportError


@frameless
def exchange_code(
    *, app_key: str, app_secret: str, code: str, proxy: str | None = None, auth_base_url: str | None = None
) -> Token:
    """Exchange an authorization code for a token. Needs no notebook.

    Args:
        app_key: The app's key.
        app_secret: The app's secret.
        code: The `code` of the redirect, one use, 30 minutes.
        proxy: URL of a proxy; else TTS_PROXY, else requests' own variables.
        auth_base_url: Another token host; else TTS_AUTH_BASE_URL, else TikTok Shop's.

    Raises:
        ConfigError: key, secret, proxy or host is missing or malformed; nothing was sent.
        InputError: the code is missing or the literal "null"; nothing was sent.
        TokenError: TikTok Shop refused the code.
        TransportError: no usable answer.

    Source: GET /api/v2/token/get, grant_type authorized_code.
    """
    require_credentials(app_key, app_secret)
    if not code or not code.strip() or code.strip() == "null":
        raise InputError("No authorization code was given. It is the `code` in the address after the redirect.")
    endpoint = _endpoint(app_key, app_secret, proxy, auth_base_url)
    return endpoint.exchange(code.strip())


@frameless
def refresh_token(
    *,
    app_key: str,
    app_secret: str,
    refresh_token: str,
    proxy: str | None = None,
    auth_base_url: str | None = None,
) -> Token:
    """Spend a refresh token for the next pair. Keep the pair: the old one may be dead now.

    Args:
        app_key: The app's key.
        app_secret: The app's secret.
        refresh_token: The newest refresh token of the seller.
        proxy: URL of a proxy; else TTS_PROXY, else requests' own variables.
        auth_base_url: Another token host; else TTS_AUTH_BASE_URL, else TikTok Shop's.

    Raises:
        ConfigError: key, secret, proxy or host is missing or malformed; nothing was sent.
        InputError: the refresh token is missing; nothing was sent.
        TokenError: TikTok Shop refused the refresh token.
        TransportError: no usable answer; the refresh token may or may not be spent.

    Source: GET /api/v2/token/refresh, grant_type refresh_token.
    """
    require_credentials(app_key, app_secret)
    if not refresh_token or not refresh_token.strip():
        raise InputError("No refresh token was given. It is the `refresh_token` of the last token response.")
    endpoint = _endpoint(app_key, app_secret, proxy, auth_base_url)
    return endpoint.refresh(refresh_token.strip())


@dataclass(frozen=True, slots=True)
class TokenEndpoint(NotPicklable):
    """Where one app's tokens come from."""

    app_key: str
    app_secret: str = field(repr=False)
    base_url: str
    proxy: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, app: App) -> TokenEndpoint:
        """The token endpoint of an app."""
        return cls(app.app_key, app.app_secret, app.auth_base_url, app.proxy)

    @frameless
    def exchange(self, code: str) -> Token:
        """Exchange an authorization code; see exchange_code."""
        return self._ask("get", auth_code=code, grant_type="authorized_code")  # TikTok Shop's word for the grant

    @frameless
    def refresh(self, refresh_token: str) -> Token:
        """Spend a refresh token; see refresh_token."""
        return self._ask("refresh", refresh_token=refresh_token, grant_type="refresh_token")

    def _ask(self, action: str, **parameters: str) -> Token:
        spent = [value for name, value in parameters.items() if name != "grant_type"]
        host = urlsplit(self.base_url).hostname
        status, body = 0, b""
        problem: TransportError | None = None
        with DirectSession() as session, unlogged():
            use_proxy(session, self.base_url, self.proxy)
            try:
                # GET with the secret in the URL is the only way the endpoint knows: POST answers 404
                answer = session.get(
                    f"{self.base_url.rstrip('/')}/api/v2/token/{action}",
                    params={"app_key": self.app_key, "app_secret": self.app_secret, **parameters},
                    timeout=TIMEOUT,
                )
                status, body = answer.status_code, answer.content
            except requests.RequestException as failure:
                problem = transport_error(failure, host)
            except KeyboardInterrupt as stop:
                raise stop.with_traceback(None) from None  # its frames hold the URL
        if problem is not None:
            raise problem  # not above, where its context would be an exception that quotes the URL
        envelope = _read_json(body)
        if envelope is None:
            raise TransportError(f"{host} answered a token request with something that is not JSON (HTTP {status}).")
        if isinstance(envelope, dict) and isinstance(envelope.get("message"), str):
            for secret in (self.app_secret, *spent):  # a refusal may quote what it refuses
                for spelling in (secret, quote(secret), quote_plus(secret)):
                    envelope["message"] = envelope["message"].replace(spelling, "…")
        return Token.from_response(envelope, obtained_at=datetime.now(UTC))


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _endpoint(app_key: str, app_secret: str, proxy: str | None, auth_base_url: str | None) -> TokenEndpoint:
    proxy = proxy if proxy is not None else os.environ.get(VARIABLES["proxy"]) or None
    base_url = auth_base_url or os.environ.get(VARIABLES["auth_base_url"]) or AUTH_BASE_URL
    check_proxy(proxy)
    check_endpoint("auth_base_url", base_url)
    return TokenEndpoint(app_key.strip(), app_secret.strip(), base_url, proxy)
