"""Session, a requests.Session for TikTok Shop: sign, send, refresh once, retry, unwrap."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import requests
from requests.utils import requote_uri

from tts_notebook.api.answers import answer_of, outcome_of, whole_body
from tts_notebook.api.budget import budget_for
from tts_notebook.api.endpoints import is_read, scope_of, takes_shop_cipher
from tts_notebook.api.envelope import Answer, parse_envelope
from tts_notebook.api.paging import MAX_PAGES, walk
from tts_notebook.api.reader import AGAIN, Reader
from tts_notebook.api.retry import Outcome, wait_before_retry
from tts_notebook.api.shops import Shop, find_shop
from tts_notebook.api.signer import TOKEN_HEADER, RequestSigner, joined_parameters, require_host
from tts_notebook.app import App, NotPicklable
from tts_notebook.auth.forked import let_go_in_children
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.token import Token
from tts_notebook.auth.transport import TIMEOUT, DirectSession, transport_error, use_proxy
from tts_notebook.errors import InputError, PermissionMissing, TransportError

_SHOPS_PATH = "/authorization/202309/shops"
_NAMED_SHOPS = 5


class Session(NotPicklable, DirectSession):
    """A requests.Session that is logged in as a seller.

    Paths are enough: `tts.get("/order/202309/orders", params={"ids": [...]})`. Every request is
    signed over the bytes sent, carries the shop_cipher where the endpoint takes one, has a
    timeout, follows no redirect, and goes to the API host only. Calls that change nothing
    are repeated when TikTok Shop is busy; an expired token is renewed and the call repeated.

    Safe to use from several threads.
    """

    def __init__(
        self,
        app: App,
        keeper: TokenKeeper,
        *,
        profile: str = "default",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__()
        self._app, self._keeper, self._profile = app, keeper, profile
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._shops: tuple[int, tuple[Shop, ...]] | None = None  # of which grant, which shops
        self._chosen_shop: str | None = None
        self._loading_shops = threading.Lock()
        self.headers["Accept-Encoding"] = "gzip, deflate"
        use_proxy(self, app.api_base_url, app.proxy)
        let_go_in_children(self)

    def let_go(self) -> None:
        """In a forked child: on a connection that is the parent's, too, each would read the other's answers.

        They are not closed: another thread may have left a lock of theirs taken.
        """
        self.open_anew()
        self._loading_shops = threading.Lock()

    def __repr__(self) -> str:
        token = self._keeper.token
        if token is None:
            return f"<{type(self).__name__} of profile {self._profile}: not logged in yet>"
        until = token.refresh_expires_at.astimezone()
        return f"<{type(self).__name__} of {token.seller_name or 'a seller'}, authorized until {until:%Y-%m-%d %H:%M}>"

    # -- who and what this session may do -------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a call can be made now without waiting for a login."""
        token = self._keeper.token
        return token is not None and not token.is_dead(datetime.fromtimestamp(self._clock(), UTC))

    @property
    def profile(self) -> str:
        """The profile this session belongs to, for life."""
        return self._profile

    @property
    def granted_scopes(self) -> tuple[str, ...]:
        """The scopes that the seller granted, sorted."""
        return self._keeper.granted().granted_scopes

    @property
    def seller(self) -> str:
        """The seller's name."""
        return self._keeper.granted().seller_name

    @property
    def region(self) -> str:
        """The seller's base region, two letters."""
        return self._keeper.granted().seller_base_region

    @property
    def open_id(self) -> str:
        """Who granted, as TikTok Shop's opaque id."""
        return self._keeper.granted().open_id

    @property
    def user_type(self) -> int:
        """0 seller, 1 creator, 2 and 3 partner, 4 and 5 global-selling seller."""
        return self._keeper.granted().user_type

    @property
    def expires_at(self) -> datetime:
        """End of the access token, aware, UTC. The session renews it before."""
        return self._keeper.granted().access_expires_at

    @property
    def refresh_expires_at(self) -> datetime:
        """End of the seller's authorization, aware, UTC. After it the seller has to approve again."""
        return self._keeper.granted().refresh_expires_at

    # -- shops -----------------------------------------------------------------------------

    @property
    def shops(self) -> tuple[Shop, ...]:
        """The shops that this login covers; asked for once after each login.

        Raises:
            PermissionMissing: the grant lacks seller.authorization.info.

        Source: Get Authorized Shops, API version 202309.
        """
        with self._loading_shops:
            self._keeper.granted()
            grant = self._keeper.grants
            if self._shops is None or self._shops[0] != grant:
                data = self.call("GET", _SHOPS_PATH)
                items = data.get("shops") if isinstance(data, Mapping) else None
                self._shops = grant, tuple(Shop.from_json(item) for item in items or () if isinstance(item, Mapping))
            return self._shops[1]

    @property
    def known_shops(self) -> tuple[Shop, ...]:
        """The shops as far as they were asked for already; never asks."""
        return self._shops[1] if self._shops is not None and self._shops[0] == self._keeper.grants else ()

    @property
    def known_shop(self) -> str:
        """The id of the shop that was chosen, empty if none was; never asks."""
        return self._chosen_shop or ""

    @property
    def shop(self) -> Shop | None:
        """The shop that calls are about: the one chosen, else the only one, else None."""
        shops = self.shops
        if self._chosen_shop is not None:
            chosen = [shop for shop in shops if shop.id == self._chosen_shop]
            if chosen:
                return chosen[0]
        return shops[0] if len(shops) == 1 else None

    def use_shop(self, shop: Shop | str | None) -> Shop | None:
        """Choose the shop that calls are about, by id, code, region or name; None takes the choice back.

        Tables are not affected: they cover all shops unless `shops=` says otherwise.

        Raises:
            InputError: this login does not cover such a shop, or the text means several.
        """
        self._chosen_shop = None if shop is None else find_shop(self.shops, shop).id
        return self.shop

    def require_scope(self, scope: str, path: str) -> None:
        """Refuse a call before the network if its scope is not granted.

        Raises:
            PermissionMissing: with `.scope`; says whose login it is, as far as that is known without a call.
        """
        granted = self.granted_scopes
        if scope and granted and scope not in granted:
            raise PermissionMissing(path, scope=scope, owner=_owner(self.seller, self.known_shops))

    # -- calls -----------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        shop: Shop | None = None,
    ) -> Any:
        """Make a call and return the envelope's `data`.

        Args:
            method: GET, POST, PUT or DELETE.
            path: Such as "/order/202309/orders".
            params: The query; a list becomes one comma-joined value.
            json: The body; an empty one is not sent.
            shop: The shop it is about, else the session's.

        Raises:
            APIError: TikTok Shop's code is not 0; with path, code, request_id and the next step.
            PermissionMissing, RateLimited, TokenRejected: kinds of it.
            TransportError: no usable answer, or a read that says success without data.
        """
        query = dict(params or {})
        if shop is not None:
            query["shop_cipher"] = shop.cipher
        # an empty JSON object is the one body on whose signature clients disagree: it is not sent
        response = self.request(method, path, params=query, json=json or None)
        data = parse_envelope(self._answer(urlsplit(path).path, response, response.content)).get("data")
        if data is None and is_read(method, urlsplit(path).path):
            raise TransportError(f"{path} said success but sent no data.", next_step=AGAIN)
        return data

    def pages(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        shop: Shop | None = None,
        max_pages: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Walk a list: yield the `data` of each page, with the same filters for all of them.

        Args and errors: as `call`; also a TransportError if a page_token comes twice.
        """

        def fetch_page(token: str) -> Any:
            query = dict(params or {})
            if token:
                query["page_token"] = token
            return self.call(method, path, params=query, json=json, shop=shop)

        return walk(fetch_page, path, max_pages=max_pages or MAX_PAGES)

    def reader(
        self,
        method: str,
        path: str,
        *,
        shop: Shop | None = None,
        stop: threading.Event | None = None,
    ) -> Reader:
        """Return what asks one endpoint about one shop side by side, at the rate that TikTok Shop takes.

        Args:
            method: GET, or POST for a search.
            path: Of the endpoint, `{id}` standing for what changes from call to call: it names the rate.
            shop: The shop it is about, None for an endpoint about the seller.
            stop: Set it, and what waits ends.
        """
        options = self.merge_environment_settings(self._app.api_base_url, {}, True, None, None)
        options |= {"stream": True, "allow_redirects": False, "timeout": TIMEOUT}
        # prepared once: with requests that takes as long as the rest of a call
        bare = self.prepare_request(requests.Request(method, self._app.api_base_url))

        def read_once(
            path: str, params: Mapping[str, Any], json: Any, token: Token
        ) -> tuple[Outcome, Answer | TransportError]:
            request = self._filled(bare, path, {**params, "shop_cipher": shop.cipher} if shop else params, json)
            complete = request if shop else self._with_shop_cipher(request, bare.method or method, path)
            return self._read(complete, path, token, options)

        budget = budget_for(self._app, shop.id if shop else "", path)
        return Reader(read_once, self._keeper, budget, stop=stop, jitter=self._jitter)

    def _filled(
        self, bare: requests.PreparedRequest, path: str, query: Mapping[str, Any], json: Any
    ) -> requests.PreparedRequest:
        request = bare.copy()
        request.url = f"{self._app.api_base_url.rstrip('/')}{requote_uri(path)}?{urlencode(_pairs(query.items()))}"
        if json:
            request.prepare_body(None, None, json)
        return request

    def _read(
        self, request: requests.PreparedRequest, path: str, token: Token, options: Mapping[str, Any]
    ) -> tuple[Outcome, Answer | TransportError]:
        result = self._exchange(request, token, options)
        if isinstance(result, TransportError):
            return Outcome(status=0, unsent=result.unsent), result
        try:
            answer = self._answer(path, result, whole_body(result))
        except requests.RequestException as failure:
            return Outcome(status=0), transport_error(failure, urlsplit(request.url or "").hostname)
        return outcome_of(answer), answer

    # -- requests.Session ------------------------------------------------------------------

    def request(  # type: ignore[override]  # the same parameters, passed on by name
        self, method: str, url: str, params: Any = None, **options: Any
    ) -> requests.Response:
        """Like requests.Session.request; `url` may be a path of the API."""
        if url.startswith("/"):
            url = self._app.api_base_url.rstrip("/") + url
        require_host(self._app, url)
        if params is not None and not isinstance(params, str | bytes):
            params = _pairs(params.items() if isinstance(params, Mapping) else params)
        try:
            return super().request(method, url, params=params, **options)
        except requests.exceptions.InvalidJSONError:
            raise InputError("The body cannot be written as JSON.") from None
        except requests.RequestException as failure:
            raise transport_error(failure, urlsplit(url).hostname) from None

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Sign and send a prepared request; renew an ended token once, repeat a read when it is worth it."""
        require_host(self._app, request.url or "")
        method, path = request.method or "GET", urlsplit(request.url or "").path
        self.require_scope(scope_of(method, path), path)
        unsigned = self._with_shop_cipher(request, method, path)
        options["allow_redirects"] = False
        options["timeout"] = options.get("timeout") or TIMEOUT
        begin, retries, renewed = self._clock(), 0, False
        while True:  # ends: one renewal, and wait_before_retry counts to five
            token = self._keeper.current()
            outcome, result = self._attempt(unsigned, token, options)
            if outcome.token_rejected and not renewed:
                renewed = True
                self._keeper.renew(token)
                continue
            wait = None
            if is_read(method, path):
                wait = wait_before_retry(outcome, retries, self._jitter, spent=self._clock() - begin)
            if wait is None:
                return _delivered(result)
            if isinstance(result, requests.Response):
                result.close()
            retries += 1
            self._sleep(wait)

    def _attempt(
        self, unsigned: requests.PreparedRequest, token: Token, options: dict[str, Any]
    ) -> tuple[Outcome, requests.Response | TransportError]:
        response = self._exchange(unsigned.copy(), token, options)
        if isinstance(response, TransportError):
            return Outcome(status=0, unsent=response.unsent), response
        if options.get("stream") and response.status_code == 200:
            return Outcome(status=200), response  # the caller reads it
        return outcome_of(self._answer(urlsplit(unsigned.url or "").path, response, response.content)), response

    def _exchange(
        self, request: requests.PreparedRequest, token: Token, options: Mapping[str, Any]
    ) -> requests.Response | TransportError:
        """Sign a request in place, and send it."""
        signed = RequestSigner(self._app, lambda: token.access_token, clock=self._clock)(request)
        try:
            return super().send(signed, **options)
        except requests.RequestException as failure:
            return transport_error(failure, urlsplit(signed.url or "").hostname)
        except KeyboardInterrupt as stop:
            raise stop.with_traceback(None) from None  # its frames hold the token's header
        finally:
            signed.headers.pop(TOKEN_HEADER, None)  # without an answer the signer's hook did not do it

    def _with_shop_cipher(self, request: requests.PreparedRequest, method: str, path: str) -> requests.PreparedRequest:
        complete = request.copy()
        parts = urlsplit(complete.url or "")
        query = joined_parameters(parts.query)
        if takes_shop_cipher(method, path) and not query.get("shop_cipher"):
            shop = self.shop
            if shop is None:
                raise InputError(
                    f"{path} is about one shop, and this login covers {_listed(self.shops)}. "
                    "Choose one with tts.use_shop(...)."
                )
            query["shop_cipher"] = shop.cipher
            complete.url = urlunsplit(parts._replace(query=urlencode(query, quote_via=quote, safe="")))
        return complete

    def _answer(self, path: str, response: requests.Response, body: bytes) -> Answer:
        token = self._keeper.token
        return answer_of(response, body, path, token.access_token if token else "", now=self._clock())

    def __enter__(self) -> Self:
        return self


def _delivered(result: requests.Response | TransportError) -> requests.Response:
    if isinstance(result, TransportError):
        raise result
    return result


def _pairs(items: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return [(name, _joined(value)) for name, value in items if value is not None]


def _joined(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return ",".join(str(_joined(item)) for item in value)
    return value


def _owner(seller: str, shops: tuple[Shop, ...]) -> str:
    """Say whose login it is: the seller's, and of the shops only the first, because there may be hundreds."""
    named = [*map(str, shops[:_NAMED_SHOPS]), *([f"{len(shops) - _NAMED_SHOPS} more"] if shops[_NAMED_SHOPS:] else [])]
    covers = f", for {', '.join(named)}" if named else ""
    return f"that of {seller or 'a seller without a name'}{covers}" if seller or shops else ""


def _listed(shops: tuple[Shop, ...]) -> str:
    return ", ".join(str(shop) for shop in shops) or "none"
