"""RequestSigner: signs a request over the bytes that are sent, with requests' own way to do it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from tts_notebook.api.signing import sign
from tts_notebook.app import App, NotPicklable
from tts_notebook.errors import InputError

TOKEN_HEADER = "x-tts-access-token"  # noqa: S105 - a header's name


class RequestSigner(NotPicklable, AuthBase):
    """Adds app_key, timestamp, sign and the token header; may be used alone: `requests.get(url, auth=…)`.

    As soon as an answer is there, the token is taken out of its request: it is neither kept
    with the answer nor sent along when a redirect is followed. Signing again replaces what
    an earlier signing added, so a request can be repeated with a newer token.

    Args:
        app: Whose app_key and app_secret; requests to any host but its API host are refused.
        access_token: Gives the token for the next request.
        clock: Gives Unix seconds; TikTok Shop allows 5 minutes back and 30 seconds ahead.
    """

    def __init__(self, app: App, access_token: Callable[[], str], *, clock: Callable[[], float] = time.time) -> None:
        self._app, self._access_token, self._clock = app, access_token, clock

    def __repr__(self) -> str:
        return f"<RequestSigner for {self._app.app_key}>"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a prepared request in place."""
        require_host(self._app, request.url or "")
        parts = urlsplit(request.url or "")
        parameters = joined_parameters(parts.query)
        parameters.pop("access_token", None)  # since 202309 the token goes into the header only
        parameters |= {"app_key": self._app.app_key, "timestamp": str(int(self._clock()))}
        parameters["sign"] = sign(parts.path, parameters, _signed_body(request), self._app.app_secret)
        # quote, not quote_plus: a space is %20 for every server, + only for some
        request.url = urlunsplit(parts._replace(query=urlencode(parameters, quote_via=quote, safe="")))
        request.headers[TOKEN_HEADER] = self._access_token()
        others = [hook for hook in request.hooks.get("response") or [] if hook is not _take_token_out]
        # a new dict: copies of a request share theirs
        request.hooks = {**request.hooks, "response": [_take_token_out, *others]}
        return request


def _take_token_out(response: requests.Response, **_: Any) -> None:
    response.request.headers.pop(TOKEN_HEADER, None)


def require_host(app: App, url: str) -> None:
    """Refuse any host but the app's API host, so that no token or signature reaches another."""
    if _origin(url) != _origin(app.api_base_url):
        raise InputError(
            f"This session talks to {app.api_base_url} only, and {urlsplit(url).hostname} would receive the seller's "
            "token. Use a session of your own, such as requests.get, for other hosts."
        )


def joined_parameters(query: str) -> dict[str, str]:
    """A query string as decoded values; a repeated name becomes one comma-joined value, as it is signed."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    for ours in ("app_key", "timestamp", "sign"):  # of an earlier signing, or the caller's guess
        parameters.pop(ours, None)
    return parameters


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        raise InputError("That is not an address. Give a path of the API, such as /order/202309/orders.") from None
    if not parts.scheme or not parts.hostname:
        raise InputError("A path of the API starts with a slash, such as /order/202309/orders.")
    return parts.scheme, parts.hostname, port


def _signed_body(request: requests.PreparedRequest) -> bytes:
    body = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        body = request.body = body.encode()
        request.headers["Content-Length"] = str(len(body))
    if not isinstance(body, bytes):
        raise InputError("A request that is streamed cannot be signed. Give the body as bytes, text or json=.")
    if str(request.headers.get("content-type", "")).lower().startswith("multipart/form-data"):
        return b""  # sent, but no part of the signature
    return body
