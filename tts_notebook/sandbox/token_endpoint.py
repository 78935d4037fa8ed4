"""The token endpoints: GET only, unsigned, and every answer of theirs is an HTTP 200."""

from __future__ import annotations

import hmac
import random

from .envelope import encode, request_id
from .oauth import Authorizations, TokenPair, TokenRefused
from .settings import RegisteredApp
from .wire import Request, Response

# Nobody has published what the live endpoint says here: both codes are invented.
UNKNOWN_APP_CODE = 36004002
WRONG_SECRET_CODE = 36004003
# operation -> grant_type, and the parameter that holds what is exchanged
OPERATIONS = {"get": ("authorized_code", "auth_code"), "refresh": ("refresh_token", "refresh_token")}


class TokenEndpoint:
    """Answers /api/v2/token/get and /api/v2/token/refresh."""

    def __init__(self, app: RegisteredApp, authorizations: Authorizations, rng: random.Random) -> None:
        self.app, self.authorizations, self._rng = app, authorizations, rng

    def answer(self, request: Request, operation: str, now: float) -> Response:
        if request.method != "GET" or operation not in OPERATIONS:
            return Response(404, b"404 page not found", "text/plain; charset=utf-8")
        identifier = request_id(now, self._rng)
        try:
            pair = self._exchange(request.query, operation, now)
            body = {"code": 0, "message": "success", "data": token_data(pair), "request_id": identifier}
        except TokenRefused as refused:
            body = {"code": refused.code, "message": str(refused), "data": None, "request_id": identifier}
        return Response(200, encode(body), headers=(("cache-control", "no-store"),))

    def _exchange(self, query: dict[str, str], operation: str, now: float) -> TokenPair:
        check_app(self.app, query)
        grant_type, parameter = OPERATIONS[operation]
        if query.get("grant_type") != grant_type:
            raise TokenRefused(
                98001004,
                f"Parameter grant_type is invalid. Reason: not supported. Expected: {grant_type}",
            )
        exchange = self.authorizations.exchange if operation == "get" else self.authorizations.refresh
        return exchange(query.get(parameter, ""), now)


def check_app(app: RegisteredApp, query: dict[str, str]) -> None:
    """Refuse an app key or secret that is not the registered app's."""
    if query.get("app_key") != app.app_key:
        raise TokenRefused(UNKNOWN_APP_CODE, "app_key is invalid")
    if not hmac.compare_digest(query.get("app_secret", "").encode(), app.app_secret.encode()):
        raise TokenRefused(WRONG_SECRET_CODE, "app_secret is invalid")


def token_data(pair: TokenPair) -> dict[str, object]:
    """Return the response's data; despite their names the two times are absolute."""
    seller = pair.grant.seller
    return {
        "access_token": pair.access_token,
        "access_token_expire_in": pair.access_expires_at,
        "refresh_token": pair.refresh_token,
        "refresh_token_expire_in": pair.grant.ends_at,
        "open_id": seller.open_id,
        "seller_name": seller.name,
        "seller_base_region": seller.region,
        "user_type": seller.user_type,
        "granted_scopes": list(pair.grant.scopes),
    }
