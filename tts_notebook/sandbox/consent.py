"""The authorize URLs: a consent page, and the redirect that carries the seller's decision."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from .catalogue import Seller
from .oauth import Authorizations
from .pages import consent_page, message_page, seller_center_page
from .scopes import SCOPES
from .settings import RegisteredApp, Settings
from .wire import Request, Response
from .world import World

# Chromium applies form-action to the redirect behind a form as well, so it is left out.
SECURITY_HEADERS = (
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    ),
)
# path -> the query parameter that names the app there
AUTHORIZE_PATHS = {"/open/authorize": "service_id", "/oauth/authorize": "app_key"}


class Decision(NamedTuple):
    """What the form says: yes or no, and as which seller."""

    approved: bool
    seller: Seller


class ConsentDesk:
    """Shows who asks for what, takes the decision, sends the browser back to the app."""

    def __init__(self, app: RegisteredApp, settings: Settings, world: World, authorizations: Authorizations) -> None:
        self.app, self.settings, self.world, self.authorizations = app, settings, world, authorizations

    def granted_scopes(self) -> tuple[str, ...]:
        return tuple(scope for scope in SCOPES if scope not in self.settings.denied_scopes)

    def seller_center(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return page(405, message_page("Not possible", "This page can only be opened."))
        return page(200, seller_center_page(self.app, self.world.sellers, self._default().key))

    def authorize(self, request: Request, now: float) -> Response:
        parameter = AUTHORIZE_PATHS[request.path]
        registered = self.app.service_id if parameter == "service_id" else self.app.app_key
        if request.query.get(parameter) != registered:
            return page(404, _unknown_service(parameter))
        if request.method == "POST":
            return self._decided(request, now)
        if request.method not in ("GET", "HEAD"):
            return page(405, message_page("Not possible", "This page can be opened or answered."))
        if request.method == "GET" and self.settings.auto_approve:
            return self._redirect(Decision(True, self._default()), request, now)
        return page(
            200,
            consent_page(self.app, self.world.sellers, self._default().key, self.granted_scopes(), self._host()),
        )

    def _decided(self, request: Request, now: float) -> Response:
        decision, key = request.form.get("decision"), request.form.get("seller", "")
        seller = self.world.seller(key) if key else self._default()
        if decision not in ("authorize", "cancel") or seller is None:
            return page(400, message_page("Nothing was decided", "The form was not complete. Go back and try again."))
        return self._redirect(Decision(decision == "authorize", seller), request, now)

    def _redirect(self, decision: Decision, request: Request, now: float) -> Response:
        if decision.approved:
            seller = decision.seller
            answer = {
                "app_key": self.app.app_key,
                "code": self.authorizations.approve(seller, self.granted_scopes(), now),
                "locale": seller.locale,
                "shop_region": seller.shop_region,
            }
        else:
            answer = {"code": "null", "error": "auth_denied"}
        if "state" in request.query:
            answer["state"] = request.query["state"]
        location = with_query(self.settings.redirect_uri, answer)
        return Response(302, b"", "text/html; charset=utf-8", (*SECURITY_HEADERS, ("location", location)))

    def _default(self) -> Seller:
        return self.world.seller(self.settings.seller) or self.world.sellers[0]

    def _host(self) -> str:
        parts = urlsplit(self.settings.redirect_uri)
        return parts.netloc


def with_query(uri: str, query: dict[str, str]) -> str:
    """Return a URI with more query parameters, keeping those it has."""
    return uri + ("&" if urlsplit(uri).query else "?") + urlencode(query)


def page(status: int, html: str) -> Response:
    return Response(status, html.encode(), "text/html; charset=utf-8", SECURITY_HEADERS)


def _unknown_service(parameter: str) -> str:
    return message_page(
        "This service does not exist",
        f"The link's {parameter} belongs to no app that is registered here. "
        "Check it in Partner Center, then start again from your app.",
    )
