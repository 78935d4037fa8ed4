"""TokenKeeper: owns one profile's token, hands it out, and renews it once for everybody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.forked import let_go_in_children
from tts_notebook.auth.store import MemoryStore, TokenStore
from tts_notebook.auth.token import Token
from tts_notebook.errors import ConfigError, LoginRequired, TokenError, TTSError

_REST = timedelta(seconds=30)  # after a failed renewal, while the token is still good


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
        self._kept = False  # whether the store holds what is served: then its absence is a logout
        self._version: object = None  # of the store, when it was last looked at
        self._failures = 0
        self._failure: TTSError | None = None  # the newest one
        self._rest_until = datetime.min.replace(tzinfo=UTC)
        self._observers: list[Callable[[], None]] = []
        self._is_copy = False  # in a forked child, which cannot tell the parent what it did
        let_go_in_children(self)

    def let_go(self) -> None:
        """In a forked child no thread of the parent's will ever end a login or free this lock."""
        self._renewing, self.pending, self._is_copy = threading.Lock(), None, isinstance(self.store, MemoryStore)
        self._observers.clear()

    @property
    def token(self) -> Token | None:
        """The token as it is, also an expired one; never waits, never asks anybody."""
        return self._token

    def restore(self) -> Token | None:
        """Read the store again, and return what it holds if that can still be used."""
        stored = self.store.load()
        if stored is None or stored.is_dead(self._clock()):
            return None
        known = self._token
        if known is not None and not _are_two_sellers(known, stored) and stored.obtained_at <= known.obtained_at:
            return known  # what could not be saved is newer, and the stored refresh token spent
        self.grants += 1  # it may be another seller's
        self._token, self._kept, self._version = stored, True, self.store.version()
        return stored

    def owner(self) -> Token | None:
        """The token that says to whom this profile belongs: the one served, else the stored one."""
        if self._token is not None:
            return self._token
        with suppress(ConfigError):  # a damaged file says nothing
            return self.store.load()
        return None

    def follow_store(self) -> None:
        """Look whether another process has stored a newer token, or logged the profile out; cheap if not."""
        version = self.store.version()
        if version == self._version:
            return
        with self._renewing:
            self._version = version
            known = self._token
            if known is None:
                return
            if version is None:
                if self._kept:
                    self._drop()
            else:
                newest = self._newest(known)
                if newest != known:
                    self._token, self.last_refresh, self.last_problem = newest, newest.obtained_at, ""
                    self._kept = True
        self._notify()

    def adopt(self, token: Token) -> None:
        """Serve a new token from now on, and keep it in the store if that is possible."""
        with self._renewing:
            self.grants += 1
            self._token = token
            try:
                with self.store.lock():
                    self._save(token)
            except ConfigError as failure:  # another process holds the lock
                self.last_problem = str(failure)
        self._notify()

    def forget(self) -> None:
        """Serve nothing any more, and remove the token from the store.

        Raises:
            ConfigError: the store could not remove it; this session has forgotten it all the same.
        """
        try:
            with self._renewing:
                self._token, self.pending, self._kept = None, None, False
                with self.store.lock():
                    self.store.forget()
        finally:
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
        if not token.needs_refresh(now) or (now < self._rest_until and not token.is_expired(now)):
            return token
        try:
            return self.renew(token)
        except TTSError:
            if token.is_expired(self._clock()) or self._token is None:  # None: logged out elsewhere
                raise
            return token  # it is still good: a passing failure logs nobody out

    def renew(self, known: Token, *, look_first: bool = True) -> Token:
        """Return a newer token than `known`: another's if there is one, else by spending the refresh token.

        However many threads and processes ask at once, one refresh token is spent once:
        the first renews, the others adopt what it brought, or fail as it failed.

        Args:
            known: The token that is about to end or was rejected.
            look_first: Whether another thread's or process's newer token will do.

        Raises:
            TokenError: the token endpoint refused the refresh token.
            TransportError: the token endpoint could not be reached.
            ConfigError: another process has held the lock for too long.
        """
        failures = self._failures
        return _uninterrupted(lambda: self._renew(known, look_first, failures))

    def subscribe(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Call `observer`, from any thread, whenever the token changes. Returns the way to stop it."""
        self._observers.append(observer)

        def stop() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return stop

    def _renew(self, known: Token, look_first: bool, failures: int) -> Token:
        try:
            with self._renewing:
                if look_first and self._token is not None and self._token != known:
                    return self._token
                if look_first and self._failure is not None and self._failures != failures:
                    raise self._failure  # somebody asked while we waited: once is enough
                if self._token is None:  # a renewal must not undo a logout
                    raise LoginRequired("This session has been logged out.")
                if self._is_copy:
                    raise LoginRequired(
                        "This login is kept in memory only, and this process is a copy of the one that renews it.",
                        next_step="Make the call in the notebook itself.",
                    )
                return self._renewed(self._token, look_first)
        finally:
            self._notify()

    def _renewed(self, known: Token, look_first: bool) -> Token:
        try:
            with self.store.lock():
                if self._kept and self.store.version() is None:
                    self._drop()
                    raise LoginRequired(self.last_problem)
                newest = self._newest(known)
                if look_first and newest != known and not newest.is_expired(self._clock()):
                    self._token = newest
                else:
                    self._token = self._spend(newest)
                return self._token
        except TTSError as failure:
            self._failures += 1
            self._failure, self.last_problem = failure, str(failure)
            self._rest_until = self._clock() + _REST
            raise

    def _drop(self) -> None:
        self._token, self.pending, self._kept = None, None, False
        self.last_problem = "The profile was logged out in another notebook."

    def _newest(self, known: Token) -> Token:
        """What the store holds if that is newer, also if it has ended: its refresh token is the live one."""
        stored = self._stored_of(known)
        return known if stored is None or stored.obtained_at <= known.obtained_at else stored

    def _stored_of(self, known: Token) -> Token | None:
        """Another pair of the same seller in the store."""
        try:
            stored = self.store.load()
        except ConfigError:  # a damaged file is no reason to stop: what we hold is good
            return None
        return None if stored is None or stored == known or _are_two_sellers(stored, known) else stored

    def _spend(self, token: Token) -> Token:
        try:
            fresh = self.endpoint.refresh(token.refresh_token)
        except TTSError as failure:
            # somebody without our lock may have spent it: look once more before giving up
            stored = self._stored_of(token) if isinstance(failure, TokenError) else None
            if stored is None or stored.is_expired(self._clock()):
                raise failure.with_traceback(None) from None  # the endpoint's frames hold the refresh token
            return stored
        self.last_refresh = self._clock()
        self._save(fresh, renewed=True)
        return fresh

    def _save(self, token: Token, *, renewed: bool = False) -> None:
        self.last_problem = ""
        try:
            if renewed and self._is_anothers(token):
                return
            self.store.save(token)
            self._kept, self._version = True, self.store.version()
        except ConfigError as failure:
            self._kept = False
            self.last_problem = str(failure)  # it still serves this kernel; status and panel say so

    def _is_anothers(self, token: Token) -> bool:
        with suppress(ConfigError):  # save() keeps a damaged file aside
            stored = self.store.load()
            if stored is not None and _are_two_sellers(stored, token):
                # the profile is theirs now, but a session does not change its seller halfway
                self.last_problem = (
                    f"Another notebook has logged this profile in as {stored.seller_name or 'another seller'}. "
                    f"This session stays with {token.seller_name or 'its seller'} until this kernel ends."
                )
                return True
        return False

    def _notify(self) -> None:
        for observer in tuple(self._observers):
            observer()


def _are_two_sellers(one: Token, other: Token) -> bool:
    return bool(one.open_id and other.open_id) and one.open_id != other.open_id


def _uninterrupted(work: Callable[[], Token]) -> Token:
    """Do the work to its end, also if ■ is pressed: a spent refresh token without its successor is a logout."""
    if threading.current_thread() is not threading.main_thread():
        return work()  # only the main thread is interrupted
    done: Future[Token] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as failure:  # noqa: BLE001 - raised again by whoever waits
            done.set_exception(failure)

    threading.Thread(target=run, name="tts_notebook refresh").start()
    while True:  # short waits, which ■ ends on every system
        try:
            return done.result(0.2)
        except FutureTimeout:
            if done.done():
                raise
