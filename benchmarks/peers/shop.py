"""What every peer is told, and how it signs a call. Shared by the peers only: ours signs by itself."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests

SEARCH = "/order/202309/orders/search"
MOST_CALLS = 200_000


@dataclass(frozen=True)
class Job:
    """One shop and one period; `folder` is empty and gone afterwards."""

    base_url: str
    app_key: str
    app_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    cipher: str
    since: int
    until: int
    folder: str

    @property
    def window(self) -> dict[str, int]:
        return {"create_time_ge": self.since, "create_time_lt": self.until}

    @property
    def query(self) -> dict[str, str]:
        return {"page_size": "100", "sort_field": "create_time", "sort_order": "ASC", "shop_cipher": self.cipher}


@dataclass
class Outcome:
    """What a pull gave. `ids` is called when the clock has stopped."""

    ids: Callable[[], Iterable[str]]
    items: int | None = None


class LeftOut(Exception):
    """This peer cannot run here, and why."""


class Signed(requests.auth.AuthBase):
    """Signs a prepared request: TikTok Shop's rule is in its docs under "Sign your API request"."""

    def __init__(self, app_key: str, app_secret: str, access_token: str) -> None:
        self.app_key, self.app_secret, self.access_token = app_key, app_secret, access_token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query))
        query |= {"app_key": self.app_key, "timestamp": str(int(time.time()))}
        query.pop("sign", None)  # a request that is sent again
        secret = self.app_secret.encode()
        pairs = "".join(name + query[name] for name in sorted(query)).encode()
        text = secret + parts.path.encode() + pairs + (request.body or b"") + secret
        query["sign"] = hmac.new(secret, text, hashlib.sha256).hexdigest()
        request.url = urlunsplit(parts._replace(query=urlencode(query)))
        request.headers["x-tts-access-token"] = self.access_token
        return request
