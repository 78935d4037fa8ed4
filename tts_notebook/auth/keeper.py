"""TokenKeeper: owns one profile's token, hands it out, and renews it once for everybody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.store import TokenStore
from tts_notebook.auth.token import Token
from tts_notebook.errors import ConfigError, LoginRequired, TokenError, TTSError


class PendingLogin(Protocol):
    """The login that a first call may wait for.

    Attributes:
        wait_for_use: Returns when the keeper has its token; raises when it will not get one.
    """

    wait_for_use: Callable[[], object]


class TokenKeeper:
    """The one owner of a token, safe to use from any thread.

    Attributes:
        pending: A login that is under way, or that failed and left no token.
        grants: Counts the logins: what was asked with an earlier grant is asked again.
        last_refresh: When the token was last renewed here, aware, UTC.
        last_problem: Why the last refresh or save failed, in a sentence; empty when it did not.
    """

    def __init__(
        self,
        endpoint: TokenEndpoint,
        store: TokenStore,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.endpoint, self.store = endpoint, store
        self.pending: PendingLogin | None = None
        self.grants = 0
        self.last_refresh: datetime | None = None
        self.last_problem = ""
        self._clock = clock
        self._token: Token | None = None
        self._renewing = threading.Lock()
        self._observers: list[Callable[[], None]] = []

    @property
    def token(self) -> Token | None:
        """The token as it is, also an expired one; never waits, never asks anybody."""
        return self._token

    def restore(self) -> Token | None:
        """Read the store again, and return what it holds if that can still be used."""
        stored = self.store.load()
        if stored is None or stored.is_dead(self._clock()):
            return None
        self._token = stored
        return stored

    def adopt(self, token: Token) -> None:
        """Serve a new token from now on, and keep it in the store if that is possible."""
        with self._renewing, self.store.lock():
            self.grants += 1
            self._keep(token)
        self._notify()

    def forget(self) -> None:
        """Serve nothing any more, and remove the token from the store."""
        with self._renewing, self.store.lock():
            self._token, self.pending = None, None
            self.store.forget()
        self._notify()

    def granted(self) -> Token:
        """Return the token without renewing it, after waiting for a pending login if there is none.

        Raises:
            LoginRequired: there is no token and no login under way.
            AuthorizationError: the login under way ended without a token.
        """
        token = self._token
        if token is not None:
            return token
        if self.pending is not None:
            self.pending.wait_for_use()
        if self._token is None:
            raise LoginRequired("This session is not logged in to TikTok Shop.")
        return self._token

    def current(self) -> Token:
        """Return a token that is good for the next call: waits for a login, renews before the end.

        Raises:
            LoginRequired: there is no token and no login under way.
            AuthorizationError: the login under way ended without a token.
            TokenError: the token has ended and cannot be renewed.
            TransportError: the token has ended and the token endpoint could not be reached.
        """
        token = self.granted()
        now = self._clock()
        if not token.needs_refresh(now):
            return token
        try:
            return self.renew(token)
        except TTSError:
            if token.is_expired(now):
                raise
            return token  # it is still good: a passing failure logs nobody out

    def renew(self, known: Token, *, look_first: bool = True) -> Token:
        """Return a newer token than `known`: another's if there is one, else by spending its refresh token.

        However many threads and processes ask at once, one refresh token is spent once:
        the first renews, the others adopt what it brought.

        Args:
            known: The token that is about to end or was rejected.
            look_first: Whether another thread's or process's newer token will do.
        """
        try:
            with self._renewing:
                if look_first and self._token is not None and self._token != known:
                    return self._token
                with self.store.lock():
                    newer = self._newer_in_store(known) if look_first else None
                    return newer or self._spend(self._token or known)
        finally:
            self._notify()

    def subscribe(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Call `observer`, from any thread, whenever the token changes. Returns the way to stop it."""
        self._observers.append(observer)

        def stop() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return stop

    def _newer_in_store(self, known: Token) -> Token | None:
        try:
            stored = self.store.load()
        except ConfigError:  # a damaged file is no reason to stop: what we hold is good
            return None
        if stored is None or stored == known or stored.is_expired(self._clock()):
            return None
        if stored.access_expires_at < known.access_expires_at:
            return None  # an older one than ours: its refresh token is spent
        self._token = stored
        return stored

    def _spend(self, known: Token) -> Token:
        try:
            fresh = self.endpoint.refresh(known.refresh_token)
        except TTSError as failure:
            # somebody without our lock may have spent it: look once more before giving up
            newer = self._newer_in_store(known) if isinstance(failure, TokenError) else None
            if newer is not None:
                return newer
            self.last_problem = str(failure)
            raise
        self.last_refresh = self._clock()
        self._keep(fresh)
        return fresh

    def _keep(self, token: Token) -> None:
        self._token = token
        try:
            self.store.save(token)
            self.last_problem = ""
        except ConfigError as failure:
            self.last_problem = str(failure)  # it still serves this kernel; status and panel say so

    def _notify(self) -> None:
        for observer in tuple(self._observers):
            observer()
