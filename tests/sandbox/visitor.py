"""A plain client of the sandbox, written for these tests: a browser's part, and a signed caller's."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPMessage
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        assert self.json["code"] == 0, self.text
        return self.json["data"]

    @property
    def refusal(self) -> tuple[int, int]:
        """HTTP status and code."""
        return self.status, self.json["code"]

    @property
    def redirect(self) -> dict[str, str]:
        """The query of the redirect, with `to` for where it goes."""
        assert self.status == 302, self.text
        parts = urlsplit(self.headers["location"])
        return {"to": f"{parts.scheme}://{parts.netloc}{parts.path}", **dict(parse_qsl(parts.query))}


def signature(secret: str, path: str, query: dict[str, str], body: bytes = b"") -> str:
    pairs = "".join(key + query[key] for key in sorted(query) if key not in ("sign", "access_token"))
    text = secret.encode() + path.encode() + pairs.encode() + body + secret.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class Visitor:
    """Talks to one sandbox. `token` and `cipher` are empty until `sign_in`."""

    def __init__(self, sandbox: Any) -> None:
        self.sandbox = sandbox
        self.host = urlsplit(sandbox.api_base_url).netloc
        self.token = ""
        self.refresh_token = ""
        self.cipher = ""
        self.shops: list[dict[str, str]] = []

    def send(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = HTTPConnection(self.host, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, named)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def consent(self, query: dict[str, str] | None = None, **form: str) -> Answer:
        target = "/open/authorize?" + urlencode(query or {"service_id": self.sandbox.service_id})
        body = urlencode({"decision": "authorize", **form}).encode()
        return self.send("POST", target, body, content_type="application/x-www-form-urlencoded")

    def token_call(self, operation: str, **query: str) -> Answer:
        keys = {"app_key": self.sandbox.app_key, "app_secret": self.sandbox.app_secret}
        return self.send("GET", f"/api/v2/token/{operation}?{urlencode({**keys, **query})}")

    def exchange(self, code: str) -> Answer:
        return self.token_call("get", auth_code=code, grant_type="authorized_code")

    def refresh(self, refresh_token: str) -> Answer:
        return self.token_call("refresh", refresh_token=refresh_token, grant_type="refresh_token")

    def sign_in(self, seller: str = "gb") -> Visitor:
        data = self.exchange(self.consent(seller=seller).redirect["code"]).data
        self.token, self.refresh_token = data["access_token"], data["refresh_token"]
        self.shops = self.call("GET", "/authorization/202309/shops").data["shops"]
        self.cipher = self.shops[0]["cipher"]
        return self

    def signed(self, path: str, query: dict[str, str], body: bytes = b"") -> str:
        query = {"app_key": self.sandbox.app_key, "timestamp": str(int(time.time())), **query}
        query = {name: text for name, text in query.items() if text}
        query.setdefault("sign", signature(self.sandbox.app_secret, path, query, body))
        return f"{path}?{urlencode(query)}"

    def call(self, method: str, path: str, body: bytes = b"", **query: str) -> Answer:
        """Make a signed call; keyword arguments are query parameters."""
        headers = {"x_tts_access_token": self.token} if self.token else {}
        return self.send(
            method, self.signed(path, query, body), body or None, content_type="application/json", **headers
        )

    def search(self, body: object = None, **query: str) -> Answer:
        """Search orders of the first shop."""
        raw = b"" if body is None else json.dumps(body).encode()
        query = {"page_size": "50", "shop_cipher": self.cipher, **query}
        return self.call("POST", "/order/202309/orders/search", raw, **query)

    def all_orders(self, body: object = None, **query: str) -> list[dict[str, Any]]:
        orders, page_token = [], ""
        for _ in range(200):
            data = self.search(body, **query, page_token=page_token).data
            orders += data["orders"]
            page_token = data["next_page_token"]
            if not page_token:
                return orders
        raise AssertionError("The pages do not end.")

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Answer:
        """Make a shop-level call about the first shop, or about the one of `shop_cipher`."""
        raw = b"" if body is None else json.dumps(body).encode()
        return self.call(method, path, raw, **{"shop_cipher": self.cipher, **query})

    def pages(self, method: str, path: str, body: object = None, **query: str) -> Iterator[Answer]:
        page_token = ""
        for _ in range(200):
            answer = self.ask(method, path, body, **query, page_token=page_token)
            yield answer
            page_token = answer.data["next_page_token"]
            if not page_token:
                return
        raise AssertionError("The pages do not end.")

    def control(self, **wishes: object) -> Answer:
        body = json.dumps(wishes).encode()
        return self.send("POST", "/sandbox/control", body, content_type="application/json")

    def stats(self) -> Any:
        return self.send("GET", "/sandbox/stats").json
