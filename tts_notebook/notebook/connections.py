"""Connections: what this process is logged in to, one for each profile; makes logins for them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tts_notebook.app import VARIABLES, App, check_port, is_loopback, resolve_app
from tts_notebook.auth import settings
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.flow import Stage
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import FileStore, MemoryStore, TokenStore, fingerprint
from tts_notebook.data.shop import ShopSession
from tts_notebook.notebook.login import Login, check_timeout
from tts_notebook.notebook.sandbox_child import SandboxChild
from tts_notebook.notebook.stored import StoredLogin
from tts_notebook.notebook.view import Situation
from tts_notebook.notebook.whereabouts import remote_place

SANDBOX_PROFILE = "sandbox"
_NO_APP = App(app_key="unset", app_secret="unset")  # noqa: S106 - signs nothing: nobody calls with it


@dataclass(slots=True)
class Connection:
    """One profile's app, token keeper and session, and its newest login.

    Attributes:
        auto_refresh: Whether its token is renewed while the notebook is idle. Calls renew it in any case.
    """

    profile: str
    sandbox: bool
    app: App
    keeper: TokenKeeper
    session: ShopSession
    login: Login | None = None
    auto_refresh: bool = True

    def situation(self) -> Situation:
        """Everything that is shown about it, as of now; asks nobody."""
        login, token = self.login, self.keeper.token
        stage = login.stage if login is not None else Stage.AUTHORIZED if token else Stage.READY
        failure = login.failure if login is not None else None
        return Situation(
            profile=self.profile,
            sandbox=self.sandbox,
            stage=stage,
            url=login.url if login is not None else "",
            cancel_url=login.cancel_url if login is not None else "",
            ends_at=login.ends_at if login is not None else None,
            listening=login is None or login.listening,
            failure=str(failure or ""),
            notice=login.notice if login is not None else "",
            seller=token.seller_name if token else "",
            region=token.seller_base_region if token else "",
            scopes=token.granted_scopes if token else (),
            expires_at=token.access_expires_at if token else None,
            refresh_expires_at=token.refresh_expires_at if token else None,
            where=self.keeper.store.where,
            last_refresh=self.keeper.last_refresh,
            problem=self.keeper.last_problem,
            remote=remote_place(os.environ, os.path.exists, sys.modules),
            auto_refresh=self.auto_refresh,
            other_seller=login.other_seller if login is not None else "",
            shops=tuple((shop.id, str(shop)) for shop in self.session.known_shops),
            shop=self.session.known_shop,
            profiles=tuple(settings.list_profiles()),
        )


@dataclass(slots=True)
class Connections:
    """Every connection of this process, by profile and place of its token."""

    by_key: dict[str, Connection] = field(default_factory=dict)
    child: SandboxChild | None = None

    def choose(
        self,
        *,
        profile: str | None = None,
        sandbox: bool = False,
        market: str | None = None,
        port: int | None = None,
        token_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
    ) -> Connection:
        """Return the connection that a login with these arguments is for."""
        if port is not None:
            check_port(port)
        if sandbox:
            return self._sandbox(port)
        return self._real(settings.choose_profile(profile), market, port, proxy, token_file)

    def adopt(self, connection: Connection) -> Login | None:
        """Return a login that is done because a token is there without asking a person, else None."""
        if not restore(connection):
            return None
        if connection.login is not None:
            connection.login.cancel()  # its port and its link are of no use any more
        login = self._make_login(connection, timeout=1)
        login.adopt()
        connection.login = login
        return login

    def begin(self, connection: Connection, timeout: float, *, any_seller: bool = False) -> Login:
        """Start a login that a person completes; a pending one of the same connection makes way."""
        if connection.login is not None:
            connection.login.cancel()
        login = self._make_login(connection, timeout, any_seller=any_seller)
        login.start()
        connection.login = connection.keeper.pending = login
        return login

    def accept_seller(self, connection: Connection) -> None:
        """Hand a profile over to the seller who signed in last although it belongs to another."""
        if connection.login is not None:
            connection.login.accept_seller()
            self.adopt(connection)

    def logout(self, connection: Connection) -> None:
        """Forget a connection's tokens here and in its store; other kernels see it within seconds."""
        if connection.login is not None:
            connection.login.cancel()
        connection.login = None
        connection.keeper.forget()

    def of_profile(self, profile: str) -> Connection | None:
        """The connection that this process has for a profile, None if it has none."""
        matches = [c for c in self.by_key.values() if c.profile == profile]
        return matches[-1] if matches else None

    def stored(self, profile: str) -> Connection:
        """The connection of a profile, made from what is stored if this process has none yet."""
        known = self.of_profile(profile)
        if known is not None:
            return known
        connection = self._real(profile, None, None, None, None)
        connection.keeper.restore()
        return connection

    def offline(self, profile: str) -> Connection:
        """A connection to look at or to forget: what is stored, though nothing may say which app it is of."""
        keeper = TokenKeeper(TokenEndpoint.of(_NO_APP), settings.store_for(profile, None))
        keeper.restore()
        return Connection(profile, False, _NO_APP, keeper, ShopSession(_NO_APP, keeper, profile=profile))

    def close(self) -> None:
        """Cancel what is pending and end the sandbox; sessions keep what they have."""
        for connection in self.by_key.values():
            if connection.login is not None:
                connection.login.cancel()
        self.by_key.clear()
        if self.child is not None:
            self.child.stop()
            self.child = None

    def _make_login(self, connection: Connection, timeout: float, *, any_seller: bool = False) -> Login:
        return Login(
            connection.session,
            connection.keeper,
            connection.app,
            profile=connection.profile,
            sandbox=connection.sandbox,
            timeout=timeout,
            any_seller=any_seller,
        )

    def _real(
        self,
        profile: str,
        market: str | None,
        port: int | None,
        proxy: str | None,
        token_file: str | os.PathLike[str] | None,
    ) -> Connection:
        app = settings.app_for(profile, market=market, port=port, proxy=proxy)
        store = settings.store_for(profile, token_file)
        place = store.path if isinstance(store, FileStore) else "its own"
        made = self._connection(f"{profile} {place}", profile, app, store)
        if not isinstance(store, MemoryStore):
            file = str(Path(token_file).absolute()) if token_file else None
            made.session.reference = StoredLogin(profile, file, str(settings.home()))
        return made

    def _sandbox(self, port: int | None) -> Connection:
        uri = _sandbox_redirect_uri(port)
        if self.child is None or not self.child.alive or self.child.redirect_uri != uri:
            if self.child is not None:
                self.child.stop()
            self.child = SandboxChild(uri)
        # its world and its tokens end with it, so they are kept in memory only
        return self._connection("sandbox", SANDBOX_PROFILE, self.child.app, MemoryStore())

    def _connection(self, key: str, profile: str, app: App, store: TokenStore) -> Connection:
        known = self.by_key.get(key)
        if known is not None and known.app == app:
            return known
        if known is not None and known.login is not None:
            known.login.cancel()
        keeper = TokenKeeper(TokenEndpoint.of(app), store)
        session = ShopSession(app, keeper, profile=profile)
        made = Connection(profile, key == "sandbox", app, keeper, session)
        self.by_key[key] = made
        return made


def _sandbox_redirect_uri(port: int | None) -> str:
    """Where the sandbox sends the browser back to: the one setting of the environment that it shares."""
    chosen = os.environ.get(VARIABLES["redirect_uri"], "")
    elsewhere = chosen and not is_loopback(urlsplit(chosen).hostname)
    environ = {} if elsewhere else {VARIABLES["redirect_uri"]: chosen}
    return resolve_app({"app_key": "any", "app_secret": "any"}, environ, {}, port=port).redirect_uri


def restore(connection: Connection) -> bool:
    """Whether there is a token without asking a person: stored, or from TTS_REFRESH_TOKEN."""
    keeper = connection.keeper
    seed = "" if connection.sandbox else settings.seed_refresh_token()
    stored = keeper.restore() or keeper.token  # what could not be saved still serves this process
    if not seed:
        return stored is not None
    if stored is not None and keeper.store.succeeds == fingerprint(seed):
        return True  # the variable's token is spent: what is stored came from it
    keeper.store.succeeds = fingerprint(seed)
    keeper.adopt(keeper.endpoint.refresh(seed))
    return True


connections = Connections()


def login(
    *,
    profile: str | None = None,
    sandbox: bool = False,
    market: str | None = None,
    port: int | None = None,
    timeout: float = 300,
    force: bool = False,
    token_file: str | Path | None = None,
    proxy: str | None = None,
) -> Login:
    """Log in to TikTok Shop: adopt the stored login of a profile, or start one and return at once.

    Never prompts and shows nothing. Give `login.url` to the seller, then `login.wait()` or
    `await login`; `login.session` may be used at once, its first call waits.

    Args:
        profile: Name of the login on this machine; else TTS_PROFILE, else "default".
        sandbox: Log in to a TikTok Shop of our own on this machine, which needs no account.
        market: "global" or "us": which authorization page.
        port: Port of the redirect URI, else that of TTS_REDIRECT_URI, else 3017.
        timeout: Seconds that the seller has.
        force: Start a new login although one is stored.
        token_file: Keep the token in this file, as TikTok Shop's own response JSON.
        proxy: URL of a proxy; else TTS_PROXY, else requests' own variables.

    Returns:
        The login. `login.stage` tells whether it is done.

    Raises:
        ConfigError: a setting is missing or malformed, or the port is in use.
        InputError: an argument makes no sense.
        TokenError, TransportError: TTS_REFRESH_TOKEN is set and could not be used.
    """
    seconds = check_timeout(timeout)
    connection = connections.choose(
        profile=profile, sandbox=sandbox, market=market, port=port, token_file=token_file, proxy=proxy
    )
    adopted = None if force else connections.adopt(connection)
    return adopted or connections.begin(connection, seconds)
