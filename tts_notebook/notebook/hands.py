"""What the panel's controls do for one connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tts_notebook.notebook.connections import Connection, Connections
from tts_notebook.notebook.view import Situation


@dataclass(frozen=True, slots=True)
class ProfileHands:
    """What one panel sees and does.

    Attributes:
        connections: Of this process.
        connection: The one that the panel is about.
        use_profile: Told when a person chooses another profile in the panel.
    """

    connections: Connections
    connection: Connection
    use_profile: Callable[[str], None]

    def situation(self) -> Situation:
        """What is the case now."""
        return self.connection.situation()

    def cancel(self) -> None:
        """Cancel the pending login."""
        if self.connection.login is not None:
            self.connection.login.cancel()

    def paste(self, text: str) -> None:
        """Finish the pending login with a pasted address."""
        if self.connection.login is not None:
            self.connection.login.paste(text)

    def refresh(self) -> None:
        """Renew the token now."""
        token = self.connection.keeper.token
        if token is not None:
            self.connection.keeper.renew(token, look_first=False)

    def keep_fresh(self, on: bool) -> None:
        """Renew the token while the notebook is idle, or not."""
        self.connection.auto_refresh = on

    def switch_seller(self) -> None:
        """Hand the profile over to the seller who signed in last."""
        self.connections.accept_seller(self.connection)

    def logout(self) -> None:
        """Forget the tokens."""
        self.connections.logout(self.connection)

    def use_shop(self, shop_id: str) -> None:
        """Choose the shop that calls are about."""
        self.connection.session.use_shop(shop_id or None)

    def load_shops(self) -> None:
        """Ask for the shops, so that there is something to choose from."""
        if self.connection.session.ready:
            self.connection.session.shops  # noqa: B018 - asks once, and keeps the answer

    def of_profile(self, profile: str, on_change: Callable[[], None]) -> ProfileHands:
        """Make another profile the one that the next lines are about, and return its hands."""
        chosen = self.connections.stored(profile)
        self.use_profile(profile)
        chosen.keeper.subscribe(on_change)
        return ProfileHands(self.connections, chosen, self.use_profile)
