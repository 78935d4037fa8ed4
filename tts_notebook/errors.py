"""Every error this package raises on purpose.

TTSError
├── ConfigError             the app's settings are missing or contradict each other
├── InputError              what was asked makes no sense: a date, a shop, a pasted text (also a ValueError)
├── AuthorizationError      the login did not complete
│   ├── AuthorizationDenied … the seller said no
│   ├── LoginTimedOut       … nobody answered in time
│   ├── LoginCancelled      … it was cancelled here
│   ├── LoginRequired       … no usable login, and nobody to ask
│   ├── StateMismatch       … a redirect that is not this login's
│   └── SellerMismatch      … another seller than the profile's signed in
├── TokenError              the token endpoint refused
├── APIError                TikTok Shop answered with a code other than 0
│   ├── PermissionMissing   … the grant lacks the scope that this call needs
│   ├── TokenRejected       … the access token is expired or unknown
│   └── RateLimited         … asked again too soon
├── TransportError          no usable answer: timeout, DNS, TLS, not JSON
└── SyncError               a synced directory cannot be used now: in use, or its disk full
PullStopped (KeyboardInterrupt)  somebody pressed stop while a table was read
FlowMisuse (RuntimeError)   a bug in the calling code, so not a TTSError
"""

from __future__ import annotations

from typing import Any


class TTSError(Exception):
    """Something the reader of the message can act on.

    Attributes:
        next_step: What to do; part of the message.
        kept: What is kept of a pull or a sync that it broke off; part of the next step.
    """

    next_step = ""
    kept = ""

    def __init__(self, message: str = "", *, next_step: str | None = None) -> None:
        super().__init__(message)
        if next_step is not None:
            self.next_step = next_step

    def __str__(self) -> str:
        return " ".join(part for part in (super().__str__(), self.next_step) if part)

    def __reduce__(self) -> tuple[Any, ...]:
        # by default an exception is made again from its message alone, which the constructors
        # below do not take: a process pool would then lose the error, or hang
        return _remade, (type(self), self.args), self.__dict__

    def _render_traceback_(self) -> list[str]:
        # IPython shows these lines instead of a traceback: the failing cell is the
        # seller's, the frames below it are ours and tell the seller nothing.
        return [f"{type(self).__name__}: {self}"]


class ConfigError(TTSError):
    """The app's settings are missing, malformed or contradict each other."""


class InputError(TTSError, ValueError):
    """What was asked makes no sense as it stands."""


class AuthorizationError(TTSError):
    """The login did not complete."""

    next_step = "Run %tiktok_auth login to try again."


class AuthorizationDenied(AuthorizationError):
    """The seller did not approve the app."""


class LoginTimedOut(AuthorizationError):
    """Nobody answered the sign-in link in time."""


class LoginCancelled(AuthorizationError):
    """The login was cancelled before the seller answered."""


class LoginRequired(AuthorizationError):
    """There is no usable login, and nobody here who could be asked."""

    next_step = "Run %tiktok_auth login."


class StateMismatch(AuthorizationError):
    """A redirect arrived that does not belong to this login.

    Attributes:
        missing: True when the redirect carries no `state` at all, as when the
            seller started in Seller Center.
    """

    next_step = "Open the sign-in link of this notebook again."

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class SellerMismatch(AuthorizationError):
    """Another seller signed in than the one to whom the profile belongs."""

    next_step = (
        "To keep both, log in with --profile NAME; to hand this profile over, press the button in the panel or "
        "log in with --switch-seller."
    )


class TokenError(TTSError):
    """The token endpoint refused the authorization code or the refresh token.

    Attributes:
        code: TikTok Shop's number, such as 36004004 (authorization code) or
            36004005 (refresh token); 0 when the answer held no token.
        request_id: What TikTok Shop's support asks for.
    """

    next_step = "Run %tiktok_auth login --force to log in again."

    def __init__(self, message: str, *, code: int = 0, request_id: str = "", next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.code, self.request_id = code, request_id


class APIError(TTSError):
    """TikTok Shop answered a call with a code other than 0.

    Attributes:
        path: The path that was called.
        code: TikTok Shop's number.
        request_id: What TikTok Shop's support asks for.
        status: The HTTP status of the answer, 0 if the call was refused before the network.
    """

    def __init__(
        self,
        path: str,
        code: int,
        message: str,
        request_id: str = "",
        *,
        status: int = 0,
        next_step: str | None = None,
    ) -> None:
        known = f" (request_id {request_id})" if request_id else ""
        super().__init__(f"{path} was refused with code {code}: {message.rstrip('. ')}{known}.", next_step=next_step)
        self.path, self.code, self.request_id, self.status = path, code, request_id, status


class PermissionMissing(APIError):
    """The grant lacks the scope that this call needs.

    Attributes:
        scope: The scope's name, such as "seller.order.info"; empty if TikTok
            Shop did not say and we do not know.
    """

    next_step = "Enable it in Partner Center, then run %tiktok_auth login --force."

    def __init__(
        self, path: str, *, scope: str, owner: str = "", code: int = 0, request_id: str = "", status: int = 0
    ) -> None:
        whose = f": it is {owner}" if owner else ""
        TTSError.__init__(
            self,
            f"{path} needs the scope {scope}, which this login does not have{whose}."
            if scope
            else f"{path} needs a scope that this login does not have (code {code}, request_id {request_id}).",
        )
        self.path, self.code, self.request_id, self.status = path, code, request_id, status
        self.scope = scope


class TokenRejected(APIError):
    """The access token is expired or unknown; a session renews it once before this is raised."""

    next_step = "Run %tiktok_auth login --force to log in again."


class RateLimited(APIError):
    """Asked again too soon.

    Attributes:
        retry_after: Seconds to wait as TikTok Shop said, or None if it did not say.
    """

    next_step = "Wait a minute and run the cell again."

    def __init__(
        self,
        path: str,
        code: int,
        message: str,
        request_id: str = "",
        *,
        status: int = 429,
        retry_after: float | None = None,
        next_step: str | None = None,
    ) -> None:
        if next_step is None and retry_after:
            next_step = f"Run the cell again in {retry_after:.0f} seconds."
        super().__init__(path, code, message, request_id, status=status, next_step=next_step)
        self.retry_after = retry_after


class TransportError(TTSError):
    """No usable answer came back: timeout, name resolution, TLS, or something that is not JSON.

    Attributes:
        unsent: True when the request certainly did not reach its host.
    """

    next_step = "Check the connection and run the cell again."

    def __init__(self, message: str = "", *, next_step: str | None = None, unsent: bool = False) -> None:
        super().__init__(message, next_step=next_step)
        self.unsent = unsent


class SyncError(TTSError):
    """A synced directory cannot be read or written now; what it holds is unharmed."""

    next_step = "Run the cell again: it goes on where this sync ended."


class PullStopped(KeyboardInterrupt):
    """Somebody pressed stop while a table was read; says what is kept and how to go on."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class FlowMisuse(RuntimeError):
    """A step was taken that is not possible now: a bug in the calling code."""


def _remade(kind: type[TTSError], args: tuple[Any, ...]) -> TTSError:
    return kind.__new__(kind, *args)
