"""The authorization code grant as a state machine: told what happened, it says what comes next."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from tts_notebook.app import App
from tts_notebook.errors import AuthorizationDenied, ConfigError, FlowMisuse, StateMismatch


class Stage(IntEnum):  # not "state": in OAuth that word is the anti-forgery parameter
    """How far a login is. 1 to 5 are the numbers that desktop OAuth components use."""

    READY = 0
    AWAITING_REDIRECT = 1
    AWAITING_TOKEN = 2
    AUTHORIZED = 3
    DENIED = 4
    FAILED = 5
    CANCELLED = 6
    TIMED_OUT = 7

    @property
    def finished(self) -> bool:
        """Whether nothing more can happen to this login."""
        return self >= Stage.AUTHORIZED


_NEXT = {
    (Stage.READY, "begin"): Stage.AWAITING_REDIRECT,
    (Stage.AWAITING_REDIRECT, "code"): Stage.AWAITING_TOKEN,
    (Stage.AWAITING_REDIRECT, "denied"): Stage.DENIED,
    (Stage.AWAITING_REDIRECT, "abandon"): Stage.FAILED,
    (Stage.AWAITING_REDIRECT, "cancel"): Stage.CANCELLED,
    (Stage.AWAITING_REDIRECT, "time_out"): Stage.TIMED_OUT,
    (Stage.AWAITING_TOKEN, "token"): Stage.AUTHORIZED,
    (Stage.AWAITING_TOKEN, "abandon"): Stage.FAILED,
    # no time_out here: who clicked in the last second gets an answer
    (Stage.AWAITING_TOKEN, "cancel"): Stage.CANCELLED,
}


@dataclass(slots=True)
class AuthorizationFlow:
    """One login's progress. Not thread-safe: its owner holds a lock around each step."""

    app: App
    state: str = field(repr=False)  # the OAuth parameter; the caller draws it at random
    stage: Stage = Stage.READY

    def begin(self) -> str:
        """Return the authorization URL the seller has to open."""
        url = self.app.authorization_url(self.state)
        self._advance("begin")
        return url

    def owns(self, query: Mapping[str, str]) -> bool:
        """Whether a request carries this login's `state`, compared in constant time."""
        # bytes, because compare_digest refuses text that is not ASCII
        return hmac.compare_digest(query.get("state", "").encode(errors="replace"), self.state.encode())

    def receive_redirect(self, query: Mapping[str, str]) -> str:
        """Return the authorization code found in the redirect's query string.

        Raises:
            StateMismatch: the request is not this login's. The stage stays what it was, so
                that a stray or forged request cannot end a seller's login.
            AuthorizationDenied: it is ours and says no.
            ConfigError: it is ours, and the seller approved another app.
        """
        if not self.owns(query):
            missing = not query.get("state")
            raise StateMismatch(
                "A redirect arrived that does not belong to this login"
                + (", or it was started in Seller Center." if missing else "."),
                missing=missing,
            )
        return self._receive(query)

    def receive_pasted(self, query: Mapping[str, str]) -> str:
        """Like receive_redirect, for what a person pasted: a missing `state` is allowed.

        The seller's own act stands in for `state` (a login started in Seller Center
        has none); a wrong one is still another login's.
        """
        return self._receive(query) if not query.get("state") else self.receive_redirect(query)

    def receive_token(self) -> None:
        """The token endpoint answered with a token."""
        self._advance("token")

    def abandon(self) -> None:
        """Something failed that cannot be mended."""
        self._advance("abandon")

    def cancel(self) -> None:
        """The person at the notebook does not want this login any more."""
        self._advance("cancel")

    def time_out(self) -> None:
        """Nobody answered."""
        self._advance("time_out")

    def _receive(self, query: Mapping[str, str]) -> str:
        code = query.get("code", "")
        error = query.get("error", "")
        if error or code in ("", "null"):  # Cancel sends code=null&error=auth_denied
            self._advance("denied")
            reason = "" if error in ("", "auth_denied") else f" TikTok Shop gave the reason {error[:80]!r}."
            raise AuthorizationDenied(f"The seller did not approve the app.{reason}")
        app_key = query.get("app_key", "")
        if app_key and app_key != self.app.app_key:
            self._advance("abandon")
            raise ConfigError(
                f"The seller approved the app {app_key[:40]!r}, but this notebook is set up for "
                f"{self.app.app_key!r}: the service_id belongs to another app.",
                next_step="Correct the service_id or the app_key with %tiktok_auth configure.",
            )
        self._advance("code")
        return code

    def _advance(self, event: str) -> None:
        try:
            self.stage = _NEXT[self.stage, event]
        except KeyError:
            raise FlowMisuse(f"{event!r} is not possible while {self.stage.name}") from None
