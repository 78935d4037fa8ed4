"""The signed API: the order of checks, then the endpoint, then the envelope.

path, method, app key, IP address, timestamp, signature, access token, scope, shop_cipher, standing,
quota and rate limit, parameters: a call is refused by the first check it fails.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from . import (
    aftersale_endpoints,
    analytics_endpoints,
    finance_endpoints,
    logistics_endpoints,
    order_endpoints,
    product_endpoints,
    shop_endpoints,
)
from .catalogue import Seller, Shop
from .endpoints import Call, Endpoint, Routes
from .envelope import encode, failure, request_id, success
from .limits import RateLimiter
from .oauth import AccessToken, Authorizations
from .parameters import read_body, read_query
from .refusals import Refusal, Why
from .settings import Behaviour, RegisteredApp, Settings
from .signature import is_signed
from .standing import check_active, check_address
from .wire import Request, Response
from .world import World

_AREAS = (
    shop_endpoints,
    order_endpoints,
    finance_endpoints,
    product_endpoints,
    logistics_endpoints,
    aftersale_endpoints,
    analytics_endpoints,
)
ENDPOINTS = tuple(endpoint for area in _AREAS for endpoint in area.ENDPOINTS)
EARLIEST, LATEST = 300, 30  # seconds before and after the server's clock


@dataclass(frozen=True, slots=True)
class Moment:
    """Two readings of the clock: what time it is here, and one that never goes back."""

    now: float
    steady: float


class Gateway:
    """Answers every API path from the world, for tokens that sellers have granted."""

    def __init__(
        self, app: RegisteredApp, settings: Settings, world: World, authorizations: Authorizations,
        limiter: RateLimiter, rng: random.Random,
    ) -> None:  # fmt: skip
        self.app, self.settings, self.world = app, settings, world
        self.authorizations, self.limiter, self._rng = authorizations, limiter, rng
        self._routes = Routes(ENDPOINTS)

    def endpoint_name(self, path: str) -> str:
        """Return the declared path that a path belongs to, or the empty string."""
        endpoints, _ = self._routes.find(path)
        return endpoints[0].path if endpoints else ""

    def answer(self, request: Request, at: Moment) -> Response:
        identifier = request_id(at.now, self._rng)
        try:
            data = self._data(request, at)
        except Refusal as refusal:
            return refused(refusal, identifier)
        return Response(200, success(data, identifier))

    def refuse(self, refusal: Refusal, now: float) -> Response:
        """Answer with a refusal that is not the gateway's own: an injected fault."""
        return refused(refusal, request_id(now, self._rng))

    def _data(self, request: Request, at: Moment) -> list[bytes]:
        behaviour = self.settings.behaviour
        endpoints, in_path = self._routes.find(request.path)
        endpoint = check_method(endpoints, request.method, behaviour)
        check_app(request.query, self.app)
        check_address(self.settings.ip_allow_list)
        check_timestamp(request.query, at.now)
        check_signature(request, self.app, behaviour)
        token = self._token(request, at.now)
        check_scope(endpoint, token)
        seller = token.grant.seller
        shop = find_shop(endpoint, request.query, seller, behaviour)
        check_active(self.settings.inactive, seller, shop)
        self._throttle(shop.id if shop else seller.open_id, endpoint, at)
        moment = self.world.moment(at.now)
        call = Call(
            seller=seller,
            world=self.world,
            behaviour=behaviour,
            shop_books=self.world.books(shop, moment) if shop else None,
            query=read_query(endpoint.query, request.query),
            body=read_body(endpoint.body, request),
            path=in_path,
            moment=moment,
            inactive=self.settings.inactive,
        )
        data = endpoint.answer(call)
        return data if isinstance(data, list) else [encode(data)]

    def _token(self, request: Request, now: float) -> AccessToken:
        given = request.headers.get("x-tts-access-token", "")
        if not given:  # an access_token in the query is tolerated beside the header, never instead
            raise Refusal(Why.NO_TOKEN, "the x-tts-access-token header is missing")
        token = self.authorizations.access(given)
        if token is None:
            raise Refusal(Why.UNKNOWN_TOKEN, code=int(self.settings.behaviour.unknown_token_code))
        if now >= token.expires_at:
            raise Refusal(Why.EXPIRED_TOKEN, status=int(self.settings.behaviour.expired_status))
        return token

    def _throttle(self, owner: str, endpoint: Endpoint, at: Moment) -> None:
        if not self.limiter.within_quota(owner, at.now):
            raise Refusal(Why.QUOTA)
        wait = self.limiter.wait_for(owner, endpoint.path, at.steady)
        if wait:
            carries = self.settings.behaviour.retry_after == "yes"
            raise Refusal(Why.THROTTLED, retry_after=math.ceil(wait) if carries else 0)


def refused(refusal: Refusal, identifier: str) -> Response:
    headers = []
    if refusal.retry_after:
        headers.append(("retry-after", str(refusal.retry_after)))
    if refusal.hint:
        headers.append(("x-sandbox-hint", refusal.hint.replace("\r", " ").replace("\n", " ")))
    body = failure(refusal.code, refusal.message, identifier)
    return Response(refusal.status, body, headers=tuple(headers))


def check_method(endpoints: list[Endpoint], method: str, behaviour: Behaviour) -> Endpoint:
    """Return the path's endpoint for a method; unknown paths are refused first."""
    if not endpoints:
        raise Refusal(Why.UNKNOWN_PATH)
    for endpoint in endpoints:
        if endpoint.method == method:
            return endpoint
    raise Refusal(Why.WRONG_METHOD, status=int(behaviour.wrong_method_status))


def check_app(query: dict[str, str], app: RegisteredApp) -> None:
    if query.get("app_key") != app.app_key:
        raise Refusal(Why.UNKNOWN_APP)


def check_timestamp(query: dict[str, str], now: float) -> None:
    """Refuse a timestamp outside of the window; milliseconds are far in the future."""
    text = query.get("timestamp", "0")
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise Refusal(Why.INVALID, "timestamp must be a whole number of seconds")
    timestamp = int(text[:20])
    if timestamp < 0:
        raise Refusal(Why.TIMESTAMP_NEGATIVE)
    if timestamp < now - EARLIEST:
        raise Refusal(Why.TIMESTAMP_EARLY, f"the server's time is {int(now)}")
    if timestamp > now + LATEST:
        raise Refusal(Why.TIMESTAMP_LATE, f"the server's time is {int(now)}")


def check_signature(request: Request, app: RegisteredApp, behaviour: Behaviour) -> None:
    if not request.query.get("sign"):
        raise Refusal(Why.UNSIGNED)
    if not is_signed(
        app.app_secret,
        request.path,
        request.query,
        request.body,
        content_type=request.content_type,
        empty_body=behaviour.empty_body,
    ):
        raise Refusal(Why.WRONG_SIGN)


def check_scope(endpoint: Endpoint, token: AccessToken) -> None:
    if endpoint.scope not in token.grant.scopes:
        raise Refusal(Why.NO_SCOPE, f"{endpoint.scope} is not granted")


def find_shop(endpoint: Endpoint, query: dict[str, str], seller: Seller, behaviour: Behaviour) -> Shop | None:
    """Return the shop that a shop-level call names, and None for a seller-level one."""
    cipher = query.get("shop_cipher", "")
    lenient = behaviour.cipher == "lenient"
    if not endpoint.per_shop:
        if "shop_cipher" in query and not lenient:
            raise Refusal(Why.NEEDLESS_CIPHER)
        return None
    if not cipher:
        if lenient and len(seller.shops) == 1:
            return seller.shops[0]
        raise Refusal(Why.NO_CIPHER)
    for shop in seller.shops:
        if shop.cipher == cipher:
            return shop
    raise Refusal(Why.WRONG_CIPHER, code=int(behaviour.wrong_cipher_code))
