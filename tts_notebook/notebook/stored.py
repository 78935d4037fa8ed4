"""StoredLogin: names a login that other processes can use, and holds nothing of it."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_notebook.errors import ConfigError, LoginRequired

if TYPE_CHECKING:
    from tts_notebook.data.shop import ShopSession

_SHARE = "Give it the same TTS_HOME and app settings as the notebook, and files that it can read."
_opening = threading.Lock()
_set_here = ""  # what this module set TTS_HOME to; whatever else is there was chosen for this worker


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """Where a login is kept. It may be written into a task for a worker: there is no secret in it.

    The worker reads the token from the same store, and whoever renews it there renews it for all.

    Attributes:
        profile: The profile.
        token_file: The file that keeps its token, if one was chosen.
        home: The state directory; a worker's own TTS_HOME goes first.
    """

    profile: str
    token_file: str | None
    home: str

    def open(self) -> ShopSession:
        """Return a session of the login, the same one to everybody in this process.

        Raises:
            LoginRequired: this process cannot find it, or not use it.
        """
        with _opening:
            self._find_home()
            try:
                return self._session()
            except ConfigError as failure:
                raise LoginRequired(
                    f"This worker cannot use the login of profile {self.profile}: {failure.args[0]}", next_step=_SHARE
                ) from None

    def _session(self) -> ShopSession:
        from tts_notebook.notebook.connections import connections

        connection = connections.choose(profile=self.profile, token_file=self.token_file)
        keeper = connection.keeper
        keeper.follow_store()
        # TTS_REFRESH_TOKEN is for the notebook to spend: workers that did so would spend it twice
        if keeper.token is None and keeper.restore() is None:
            raise LoginRequired(
                f"This worker finds no login of profile {self.profile} {keeper.store.where}.", next_step=_SHARE
            )
        return connection.session

    def _find_home(self) -> None:
        global _set_here
        if os.environ.get("TTS_HOME", "") == _set_here:
            os.environ["TTS_HOME"] = _set_here = self.home
