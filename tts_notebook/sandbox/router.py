"""One port, four groups of paths: consent, tokens, the signed API, and our own control."""

from __future__ import annotations

from email.utils import formatdate

from .consent import AUTHORIZE_PATHS, ConsentDesk
from .control import ControlDesk
from .faults import Fault, instead_of_answer, spoil
from .gateway import Gateway, Moment
from .parts import Parts
from .refusals import Refusal
from .token_endpoint import TokenEndpoint
from .wire import Request, Response

EXCHANGE_PATHS = "/api/v2/token/"


class Router:
    """Answers any request, faults and latency included. It knows no sockets."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._control = ControlDesk(parts)
        self._consent = ConsentDesk(parts.app, parts.settings, parts.world, parts.authorizations)
        self._tokens = TokenEndpoint(parts.app, parts.authorizations, parts.rng)
        self._gateway = Gateway(parts.app, parts.settings, parts.world, parts.authorizations, parts.limiter, parts.rng)

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/sandbox/"):
            return self._control.answer(request)
        at = Moment(self.parts.clock.now(), self.parts.clock.steady())
        struck = self.parts.faults.strike(request.path, later_page=bool(request.query.get("page_token")))
        self.parts.stats.faults.update(fault.name for fault in struck)
        response = self._instead(struck, at) or self._answer(request, at)
        response = spoil(response, struck)
        # as every HTTP server does: a client whose clock is wrong can tell by how much
        response.headers += (("date", formatdate(at.now, usegmt=True)),)
        response.delay += self.parts.settings.latency_ms / 1000
        self.parts.stats.count(self._name(request.path), response)
        return response

    def _instead(self, struck: list[Fault], at: Moment) -> Response | None:
        if not struck:
            return None
        said = instead_of_answer(struck, int(self.parts.settings.behaviour.expired_status))
        return self._gateway.refuse(said, at.now) if isinstance(said, Refusal) else said

    def _answer(self, request: Request, at: Moment) -> Response:
        if request.path in AUTHORIZE_PATHS:
            return self._consent.authorize(request, at.now)
        if request.path == "/seller-center":
            return self._consent.seller_center(request)
        if request.path.startswith(EXCHANGE_PATHS):
            return self._tokens.answer(request, request.path.removeprefix(EXCHANGE_PATHS), at.now)
        return self._gateway.answer(request, at)

    def _name(self, path: str) -> str:
        if path in AUTHORIZE_PATHS or path == "/seller-center" or path.startswith(EXCHANGE_PATHS):
            return path if len(path) < 40 else EXCHANGE_PATHS
        return self._gateway.endpoint_name(path)
