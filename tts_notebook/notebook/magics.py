"""%tiktok_auth login | status | … : a thin layer over login and session."""

from __future__ import annotations

import json
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from getpass import getpass
from typing import TYPE_CHECKING, Any

from tts_notebook.app import AUTHORIZE_URLS
from tts_notebook.auth import settings
from tts_notebook.errors import InputError, LoginRequired
from tts_notebook.notebook import command_line
from tts_notebook.notebook.pump import pump_of
from tts_notebook.notebook.status import headline, status_json, status_text
from tts_notebook.notebook.surroundings import Line, Surroundings, say, surroundings_of
from tts_notebook.notebook.view import countdown, text_of, view_of

if TYPE_CHECKING:
    from tts_notebook.data.shop import ShopSession
    from tts_notebook.notebook.connections import Connection, Connections
    from tts_notebook.notebook.login import Login
    from tts_notebook.notebook.panel import Panel
    from tts_notebook.notebook.watch import Watch

_POLL_SECONDS = 0.1
_FOREVER = float("inf")  # the login's own timer ends it
_REMEDIES = "Log in once in a notebook with the same TTS_HOME and profile, or set TTS_REFRESH_TOKEN, or use --sandbox."
_ENVIRONMENT_STEP = "The environment (TTS_REFRESH_TOKEN) would still log in: unset it to be logged out there too."
_REVOKE_STEP = "To take the authorization itself back, the seller removes the app in Seller Center."


@dataclass
class AuthMagics:
    """The magic of one IPython shell, and everything it put there."""

    shell: Any
    panels: dict[str, Panel] = field(default_factory=dict)
    injected: dict[str, Any] = field(default_factory=dict)
    active_profile: str = ""  # what lines without --profile are about: the last one that was used
    chosen_profile: str | None = None  # what a login without --profile is for, if somebody chose one
    watch: Watch | None = None

    @property
    def connections(self) -> Connections:
        """This process's connections; imported late, so that %load_ext is quick."""
        from tts_notebook.notebook.connections import connections

        return connections

    def __call__(self, line: str) -> object:
        """Run a line. The docstring that IPython shows is set when the magic is loaded."""
        arguments = command_line.parse_line(line)
        if not arguments.verb:
            say(_status_of(self._find(None, offline=True)))
            return None
        verb: Callable[[Namespace], object] = getattr(self, f"_{arguments.verb}")
        return verb(arguments)

    def session(self) -> ShopSession | None:
        """The session that lines without a profile are about, None if nobody logged in here."""
        connection = self._find(None)
        return None if connection is None else connection.session

    def close(self) -> None:
        """Take back everything: threads, panels, pending logins, the sandbox, injected names."""
        if self.watch is not None:
            self.watch.close()
        for panel in self.panels.values():
            panel.close()
        self.panels.clear()
        self.connections.close()
        for name, session in self.injected.items():
            if self.shell.user_ns.get(name) is session:
                self.shell.drop_by_id({name: session})
        self.injected.clear()

    # -- verbs -----------------------------------------------------------------------------

    def _login(self, arguments: Namespace) -> Login:
        from tts_notebook.notebook.login import check_timeout

        who = surroundings_of(self.shell)
        self._refuse_foreign(arguments.name, overwrite=arguments.overwrite)
        if arguments.approve and not arguments.sandbox:
            raise InputError("--approve is for the sandbox only: a real seller decides in the browser.")
        timeout = check_timeout(command_line.seconds(arguments.timeout))
        connection = self.connections.choose(
            profile=arguments.profile or self.chosen_profile,
            sandbox=arguments.sandbox,
            market=arguments.market,
            port=command_line.whole_number(arguments.port, "--port"),
            token_file=arguments.token_file,
            proxy=arguments.proxy,
        )
        login = None if arguments.force else self.connections.adopt(connection)
        if login is None:
            if who is Surroundings.HEADLESS and not arguments.sandbox:
                raise LoginRequired(
                    "There is no usable login for this run, and nobody can be asked here.", next_step=_REMEDIES
                )
            login = self.connections.begin(connection, timeout, any_seller=arguments.switch_seller)
        self.active_profile = connection.profile
        self._follow()
        self._inject(arguments.name, login)
        self._run_login(connection, login, arguments, who)
        return login

    def _run_login(self, connection: Connection, login: Login, arguments: Namespace, who: Surroundings) -> None:
        from tts_notebook.notebook.browser import approve, open_browser

        shown_in = self.shell.execution_count
        login.wait_for_use = lambda: self._wait_visibly(connection, login)
        # the last line of its cell is shown as the cell's result too, and the panel is there already
        login.show = lambda: None if self.shell.execution_count == shown_in else self._present(connection, who)
        if arguments.sandbox and (arguments.approve or who is Surroundings.HEADLESS) and login.url:
            approve(login)
        self._present(connection, who)
        if arguments.browser and login.url and not open_browser(login.url):
            say("No browser can be opened on the kernel's machine: open the link yourself.")
        if arguments.wait:
            self._wait_visibly(connection, login)

    def _wait(self, arguments: Namespace) -> None:
        connection, login = self._find_login(arguments.profile)
        from tts_notebook.notebook.login import check_timeout

        timeout = None if arguments.timeout is None else check_timeout(command_line.seconds(arguments.timeout))
        self._wait_visibly(connection, login, timeout)

    def _cancel(self, arguments: Namespace) -> None:
        connection, login = self._find_login(arguments.profile)
        if login.stage.finished:
            say(f"There is nothing to cancel: {headline(connection.situation())}.")
            return
        login.cancel()
        say("The sign-in was cancelled, and its port is free again.")

    def _paste(self, arguments: Namespace) -> None:
        connection, login = self._find_login(arguments.profile)
        if login.stage.finished:
            raise InputError("No sign-in is waiting for an address.", next_step="Run %tiktok_auth login first.")
        self._refuse_headless("paste asks for the address")
        login.paste(getpass("Address after Authorize (hidden): "))
        say(_status_of(connection))

    def _status(self, arguments: Namespace) -> None:
        connection = self._find(arguments.profile, offline=True)
        if arguments.json:
            say(json.dumps(status_json(connection.situation() if connection else None), indent=1))
        else:
            say(_status_of(connection))

    def _refresh(self, arguments: Namespace) -> None:
        connection = self._find(arguments.profile)
        token = connection.keeper.token if connection else None
        if connection is None or token is None:
            raise LoginRequired("There is no login to refresh.")
        connection.keeper.renew(token, look_first=False)
        say(_status_of(connection))

    def _panel(self, arguments: Namespace) -> None:
        connection = self._find(arguments.profile)
        if connection is None:
            raise LoginRequired("There is no login to show.")
        self._present(connection, surroundings_of(self.shell), settle=False)

    def _profiles(self, arguments: Namespace) -> None:
        if arguments.rename:
            self._rename(*arguments.rename)
        if arguments.use:
            self._require_profile(arguments.use)
            self._use_profile(arguments.use)
        names = settings.list_profiles()
        active = self.active_profile or settings.choose_profile(None)
        rows = [f"{'→' if name == active else ' '} {name}" for name in names]
        say("\n".join([f"Profiles in {settings.home()}:", *rows]) if rows else "There is no profile here yet.")

    def _use_profile(self, name: str) -> None:
        self.active_profile = self.chosen_profile = name

    def _rename(self, old: str, new: str) -> None:
        if self.connections.of_profile(old) is not None:
            raise InputError(
                f"This notebook is using the profile {old}, and a session keeps its profile for life.",
                next_step="Restart the kernel, then rename it before logging in.",
            )
        settings.rename_profile(old, new)

    def _configure(self, arguments: Namespace) -> None:
        profile = settings.choose_profile(arguments.profile)
        self._refuse_headless("configure asks questions")
        known = settings.load_configured(profile)
        answers = {
            "app_key": _ask("app_key", known.get("app_key")),
            "app_secret": getpass("app_secret (hidden, empty keeps the old one): ").strip()
            or known.get("app_secret", ""),
            "service_id": _ask("service_id", known.get("service_id")),
            "market": _ask(f"market ({' or '.join(AUTHORIZE_URLS)})", known.get("market") or "global"),
            "redirect_uri": known.get("redirect_uri", ""),
        }
        from tts_notebook.app import resolve_app

        resolve_app({}, {}, answers)  # says what is wrong before anything is kept
        path = settings.save_configured(profile, answers)
        say(f"Kept in {path}, readable by you only. Next: %tiktok_auth login" + _profile_option(profile))

    def _logout(self, arguments: Namespace) -> None:
        connection = self._find(arguments.profile, offline=True)
        if connection is None or connection.keeper.token is None:
            say("There was no login to forget.")
        else:
            self.connections.logout(connection)
            say(f"Logged out: the tokens of profile {connection.profile} are forgotten. {_REVOKE_STEP}")
        if settings.seed_refresh_token():
            say(_ENVIRONMENT_STEP)

    def _help(self, arguments: Namespace) -> None:
        del arguments
        say(command_line.help_text())

    # -- showing ---------------------------------------------------------------------------

    def _present(self, connection: Connection, who: Surroundings, *, settle: bool = True) -> None:
        """Show the panel where a person can use it, text elsewhere.

        A sign-in's panel settles when the sign-in has ended; the one of %tiktok_auth panel stays alive.
        """
        if who is not Surroundings.NOTEBOOK:
            now = datetime.now(UTC)
            say(text_of(view_of(connection.situation(), now), link=who is Surroundings.TERMINAL))
            return
        panel = self._panel_of(connection)
        panel.show()
        if settle and connection.login is not None:
            settle_when_finished(connection.login, panel)

    def _panel_of(self, connection: Connection) -> Panel:
        from tts_notebook.notebook.hands import ProfileHands
        from tts_notebook.notebook.panel import Panel

        key = f"{connection.profile} {id(connection)}"
        panel = self.panels.get(key)
        if panel is None:
            panel = self.panels[key] = Panel(ProfileHands(self.connections, connection, self._use_profile))
            connection.keeper.subscribe(panel.update)
        if connection.login is not None:
            connection.login.subscribe(panel.update)
        return panel

    def _follow(self) -> None:
        """Renew tokens of an idle notebook, and see what other kernels do, from now on."""
        from tts_notebook.notebook.watch import Watch

        if self.watch is None:
            self.watch = Watch(self.connections.by_key.values)

    def _wait_visibly(self, connection: Connection, login: Login, timeout: float | None = None) -> None:
        """Wait for a login and say so in the cell that waits; a thread that is no cell's waits silently."""
        if login.stage.finished or threading.current_thread() is not threading.main_thread():
            login.wait(timeout)
            return
        line = Line(self.shell, _waiting_text(login))
        wait = pump_of(self.shell)
        ends_at = time.monotonic() + (_FOREVER if timeout is None else timeout)
        try:
            while not login.stage.finished and time.monotonic() < ends_at:
                wait(_POLL_SECONDS)  # short, so that the stop button works
                line.rewrite(_waiting_text(login))
            login.wait(None if login.stage.finished else _POLL_SECONDS)
        finally:
            line.last(headline(connection.situation()))

    # -- finding ---------------------------------------------------------------------------

    def _find(self, profile: str | None, *, offline: bool = False) -> Connection | None:
        """The connection that a line is about: the profile named, else the last used, else the stored default.

        Args:
            profile: As given on the line.
            offline: Whether it will only be looked at or forgotten, for which no app settings are needed.
        """
        name = settings.choose_profile(profile or self.active_profile)
        known = self.connections.of_profile(name)
        if known is not None:
            return known
        if profile is None and name not in settings.list_profiles():
            return None
        self._require_profile(name)
        return self.connections.offline(name) if offline else self.connections.stored(name)

    def _require_profile(self, name: str) -> None:
        known = settings.list_profiles()
        if name not in known and self.connections.of_profile(name) is None:
            raise InputError(f"There is no profile {name!r} here (known: {', '.join(known) or 'none yet'}).")

    def _find_login(self, profile: str | None) -> tuple[Connection, Login]:
        connection = self._find(profile)
        if connection is None or connection.login is None:
            raise LoginRequired("No sign-in was started here.")
        return connection, connection.login

    # -- the notebook's namespace ------------------------------------------------------------

    def _refuse_foreign(self, name: str, *, overwrite: bool) -> None:
        from tts_notebook.data.shop import ShopSession

        if not name.isidentifier():
            raise InputError(f"--as {name!r} cannot be a variable's name.")
        held = self.shell.user_ns.get(name)
        if held is not None and not isinstance(held, ShopSession) and not overwrite:
            raise InputError(
                f"There is a variable {name} in this notebook already, and it is not a session.",
                next_step=f"Choose another name (--as shop), or add --overwrite to replace {name}.",
            )

    def _inject(self, name: str, login: Login) -> None:
        self.shell.push({name: login.session})
        self.injected[name] = login.session

    def _refuse_headless(self, what: str) -> None:
        if surroundings_of(self.shell) is Surroundings.HEADLESS:
            raise LoginRequired(f"{what}, and nobody can be asked here.", next_step=_REMEDIES)


def settle_when_finished(login: Login, panel: Panel) -> None:
    """Let a panel settle once its login has ended, now if it has already."""

    def settle() -> None:
        if login.stage.finished:
            panel.settle()

    login.subscribe(settle)
    settle()


def _status_of(connection: Connection | None) -> str:
    return status_text(connection.situation() if connection else None)


def _waiting_text(login: Login) -> str:
    left = f", {countdown(login.ends_at - datetime.now(UTC))} left" if login.ends_at else ""
    return f"Waiting for the sign-in in the panel{left}. The stop button ends this cell, not the sign-in."


def _ask(name: str, known: str | None) -> str:
    return input(f"{name}{f' [{known}]' if known else ''}: ").strip() or known or ""


def _profile_option(profile: str) -> str:
    return "" if profile == settings.DEFAULT_PROFILE else f" --profile {profile}"
