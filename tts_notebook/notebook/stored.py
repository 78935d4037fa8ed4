"""StoredLogin: names a login that other processes can use, and holds nothing of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_notebook.errors import LoginRequired

if TYPE_CHECKING:
    from tts_notebook.data.shop import ShopSession


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
        """Return a session of the login.

        Raises:
            LoginRequired: this process cannot find it.
        """
        from tts_notebook.notebook.connections import connections, restore

        os.environ.setdefault("TTS_HOME", self.home)
        connection = connections.choose(profile=self.profile, token_file=self.token_file)
        if connection.keeper.token is None and not restore(connection):
            raise LoginRequired(
                f"This worker finds no login of profile {self.profile}.",
                next_step="Give it the same TTS_HOME and app settings as the notebook, and a store that it can read.",
            )
        return connection.session
