"""Login: runs flow, callback and token endpoint together; owns the one lock."""

from __future__ import annotations

import asyncio
import math
import secrets
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime, timedelta
from typing import Any

from tts_notebook.app import App
from tts_notebook.auth.callback import cancel_address
from tts_notebook.auth.flow import AuthorizationFlow, Stage
from tts_notebook.auth.frameless import frameless
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.page import Page
from tts_notebook.auth.pasted import parse_pasted
from tts_notebook.auth.token import NotPicklable, Token
from tts_notebook.data.shop import ShopSession
from tts_notebook.errors import (
    AuthorizationDenied,
    FlowMisuse,
    InputError,
    LoginCancelled,
    LoginTimedOut,
    SellerMismatch,
    StateMismatch,
    TransportError,
    TTSError,
)
from tts_notebook.notebook.reception import Reception
from tts_notebook.notebook.view import (
    cancelled_page,
    connected_page,
    denied_page,
    failed_page,
    finished_page,
    stray_page,
)

_STATE_BYTES = 32  # 256 bits: on a shared machine every user can reach the port
_LONGEST_TIMEOUT = 24 * 3600
_POLL_SECONDS = 0.2  # short waits, so that the stop button works
_EXCHANGE_TRIES = 3  # when no connection came about; an answer is never asked for twice


class Login(NotPicklable):
    """One login, under way or done. `await login` and `login.wait()` give the session.

    Attributes:
        session: The ShopSession; it may be used at once, its first call waits for this login.
        profile: The profile that the login is for.
        sandbox: Whether it is the sandbox's.
        notice: What happened that did not end the login, in a sentence; empty if nothing did.
    """

    def __init__(
        self,
        session: ShopSession,
        keeper: TokenKeeper,
        app: App,
        *,
        profile: str,
        sandbox: bool,
        timeout: float,
        any_seller: bool = False,
    ) -> None:
        self.session, self.profile, self.sandbox = session, profile, sandbox
        self.notice = ""
        self.ends_at: datetime | None = None
        self._app, self._keeper, self._timeout = app, keeper, timeout
        self._any_seller = any_seller or sandbox  # the sandbox's sellers are there to be changed
        self._other_token: Token | None = None
        self._flow = AuthorizationFlow(app, state=secrets.token_urlsafe(_STATE_BYTES))
        self._lock = threading.Lock()
        self._keeping = False  # the token has come and is being stored: too late to cancel
        self._future: Future[ShopSession] = Future()
        self._observers: list[Callable[[], None]] = []
        self._reception: Reception | None = None
        self._timer: threading.Timer | None = None
        # how a first call waits, and how a cell's result is shown; a notebook replaces both
        self.wait_for_use: Callable[[], object] = self.wait
        self.show: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return f"<Login of profile {self.profile}: {self.stage.name}>"

    def _ipython_display_(self) -> None:
        if self.show is None:
            raise NotImplementedError  # IPython then shows the repr
        self.show()

    @property
    def url(self) -> str:
        """The sign-in link while the login waits for it, else empty: it holds the login's `state`."""
        waits = self.ends_at is not None and self.stage is Stage.AWAITING_REDIRECT
        return self._app.authorization_url(self._flow.state) if waits else ""  # not kept, so vars() shows none

    @property
    def cancel_url(self) -> str:
        """A link that cancels the login although the kernel is busy; empty when nothing listens here."""
        if self._reception is None or not self._reception.has_port or not self.url:
            return ""
        return cancel_address(self._app.redirect_uri, self._flow.state)

    @property
    def stage(self) -> Stage:
        """How far it is."""
        return self._flow.stage

    @property
    def failure(self) -> TTSError | None:
        """Why it ended without a token, None while it has not."""
        problem = self._future.exception() if self._future.done() else None
        return problem if isinstance(problem, TTSError) else None

    @property
    def listening(self) -> bool:
        """Whether the redirect reaches this kernel by itself; else its address must be pasted."""
        return self._reception is not None

    @property
    def other_seller(self) -> str:
        """Who signed in although the profile belongs to somebody else; empty if nobody did."""
        token = self._other_token
        return "" if token is None else token.seller_name or "another seller"

    def accept_seller(self) -> None:
        """Hand the profile over to the seller who signed in although it belongs to somebody else."""
        with self._lock:
            token, self._other_token = self._other_token, None
        if token is not None:
            self._keeper.adopt(token)
        self._notify()

    def response(self, reveal: bool = False) -> dict[str, Any]:
        """Return TikTok Shop's own token response; its tokens are blanked unless `reveal` is True.

        Raises:
            InputError: there is none, because the login is not done.
        """
        token = self._keeper.token
        if token is None or self.stage is not Stage.AUTHORIZED:
            raise InputError(f"There is no token response: the login's stage is {self.stage.name}.")
        return token.response(reveal=reveal)

    def wait(self, timeout: float | None = None) -> ShopSession:
        """Block until the login is done, and return the session.

        Args:
            timeout: Seconds to wait here at the most; the login itself goes on after that.

        Raises:
            AuthorizationDenied, LoginTimedOut, LoginCancelled, TokenError, TransportError, ConfigError:
                why there will be no token.
        """
        limit = math.inf if timeout is None else check_timeout(timeout)
        waited = 0.0
        while True:  # ends: the login's own timer ends it
            step = min(_POLL_SECONDS, limit - waited)
            try:
                return self._future.result(step)
            except FutureTimeout:
                waited += step
                if waited >= limit:
                    raise LoginTimedOut(
                        f"The seller has not answered within {limit:g} s.",
                        next_step="The link goes on working: wait again, or run %tiktok_auth cancel.",
                    ) from None

    def __await__(self) -> Generator[Any, None, ShopSession]:
        # shielded: who stops awaiting does not cancel the login
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()

    def cancel(self) -> None:
        """End the login and free its port. Does nothing when it has ended already."""
        with self._lock:
            if self._keeping or self.stage.finished:
                return
            self._flow.cancel()
        self._finish(LoginCancelled("The login was cancelled."))

    @frameless
    def paste(self, text: str) -> ShopSession:
        """Complete the login with what the seller's browser shows after Authorize, and return the session.

        Args:
            text: The full address, its query string, or the code alone.

        Raises:
            InputError: no redirect can be read from it; the login goes on waiting.
            StateMismatch: it belongs to another login; this one goes on waiting.
            AuthorizationDenied, TokenError, TransportError, ConfigError: why the login ended.
        """
        query = parse_pasted(text)
        try:
            with self._lock:
                code = self._flow.receive_pasted(query)
        except StateMismatch:
            raise StateMismatch("The pasted address belongs to another login.") from None
        except FlowMisuse:
            raise InputError(
                f"This login does not wait for an address any more: its stage is {self.stage.name}."
            ) from None
        except TTSError as refusal:
            self._finish(refusal)
            raise
        self._exchange(code)
        return self.wait()

    def subscribe(self, observer: Callable[[], None]) -> None:
        """Call `observer`, from any thread, whenever the login moves on."""
        if observer not in self._observers:
            self._observers.append(observer)

    # -- how it runs -----------------------------------------------------------------------

    @frameless
    def start(self) -> None:
        """Listen, if the redirect URI is this machine's, and make the link.

        Raises:
            ConfigError: the settings or the port do not allow it; nothing is left running.
        """
        self._flow.begin()
        if self._app.loopback_port is not None:
            self._reception = Reception(
                self._app.redirect_uri,
                self._app.loopback_port,
                self._flow.state,
                receive=self._receive,
                cancel=self._receive_cancel,
            )
        self.ends_at = datetime.now(UTC) + timedelta(seconds=self._timeout)
        self._timer = threading.Timer(self._timeout, self._time_out)
        self._timer.daemon = True
        self._timer.name = "tts_notebook login timeout"
        self._timer.start()

    def adopt(self) -> None:
        """Be done: the keeper has a token already."""
        self._flow.stage = Stage.AUTHORIZED  # no flow took place, so there is no step to take
        self._future.set_result(self.session)

    def _receive(self, query: dict[str, str]) -> Page:
        """Decide on a redirect, in a thread of the listener's; the page is what the browser then shows."""
        try:
            with self._lock:
                code = self._flow.receive_redirect(query)
        except StateMismatch as stray:
            page = None if self._reception is None or stray.missing else self._reception.pass_on(query)
            if page is not None:
                return page  # it was another notebook's, which has it now
            self.notice = (
                "A sign-in was started in Seller Center. Open the link here, or paste the address of that page."
                if stray.missing
                else "A redirect of another sign-in arrived and was ignored."
            )
            self._notify()
            return stray_page(without_state=stray.missing)
        except FlowMisuse:
            return finished_page(self.stage)
        except AuthorizationDenied as refusal:
            self._finish(refusal)
            return denied_page(refusal.args[0])
        except TTSError as problem:
            self._finish(problem)
            return failed_page(str(problem))
        self._exchange(code)
        failure = self.failure
        if failure is not None:
            return failed_page(str(failure))
        token = self._keeper.token
        return connected_page(token.seller_name if token else "", sandbox=self.sandbox)

    def _receive_cancel(self, query: dict[str, str]) -> Page:
        if not self._flow.owns(query):
            return stray_page(without_state=False)
        self.cancel()
        return cancelled_page() if self.stage is Stage.CANCELLED else finished_page(self.stage)

    def _exchange(self, code: str) -> None:
        self._notify()
        try:
            token = self._ask_for_token(code)
        except TTSError as failure:
            with self._lock:
                if self.stage is not Stage.AWAITING_TOKEN:
                    return  # cancelled meanwhile, which is what counts
                self._flow.abandon()
            self._finish(failure)
            return
        with self._lock:
            if self.stage is not Stage.AWAITING_TOKEN:
                return
            self._keeping = True
        mismatch = None if self._any_seller else self._mismatch(token)
        if mismatch is not None:
            with self._lock:
                self._other_token = token
                self._flow.abandon()
            self._finish(mismatch)
            return
        self._keeper.adopt(token)
        with self._lock:
            self._flow.receive_token()
        self._finish(None)

    def _mismatch(self, token: Token) -> SellerMismatch | None:
        """Say so if the profile belongs to another seller than the one who signed in."""
        known = self._keeper.owner()
        if known is None or not known.open_id or known.open_id == token.open_id:
            return None
        return SellerMismatch(
            f"{token.seller_name or 'Another seller'} signed in, but the profile {self.profile} belongs to "
            f"{known.seller_name or 'another seller'}. Nothing was changed."
        )

    def _ask_for_token(self, code: str) -> Token:
        for attempt in range(1, _EXCHANGE_TRIES + 1):
            try:
                return self._keeper.endpoint.exchange(code)
            except TransportError as failure:
                if attempt == _EXCHANGE_TRIES or not failure.unsent:
                    raise
                time.sleep(_POLL_SECONDS)
        raise AssertionError("unreachable")

    def _time_out(self) -> None:
        with self._lock:
            if self.stage is not Stage.AWAITING_REDIRECT:
                return
            self._flow.time_out()
        self._finish(LoginTimedOut(f"Nobody answered the sign-in link within {self._timeout:g} seconds."))

    def _finish(self, failure: TTSError | None) -> None:
        self.notice = ""
        if self._timer is not None:
            self._timer.cancel()
        if self._reception is not None:
            self._reception.close()
        if failure is None:
            self._future.set_result(self.session)
        else:
            # the frames of a stored error would keep the code alive
            self._future.set_exception(failure.with_traceback(None))
        self._notify()

    def _notify(self) -> None:
        for observer in tuple(self._observers):
            observer()


def check_timeout(timeout: float) -> float:
    """Return the seconds, or say what a timeout is."""
    try:
        seconds = float(timeout)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise InputError(
            f"The timeout is {timeout!r}: give a number of seconds above 0 and up to {_LONGEST_TIMEOUT} (a day)."
        )
    return seconds
