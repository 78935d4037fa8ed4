"""What stands in for a person at the browser: the system's own, or on the sandbox nobody at all."""

from __future__ import annotations

import os
import threading
from functools import partial

import requests

from tts_notebook.auth.frameless import frameless
from tts_notebook.auth.transport import TIMEOUT, DirectSession, unlogged, use_proxy
from tts_notebook.data.shop import ShopSession
from tts_notebook.errors import ConfigError, InputError
from tts_notebook.notebook.login import Login


@frameless
def approve(login: Login) -> ShopSession:
    """Press Authorize on the sandbox's consent page in a person's place, and return the session."""
    if not login.sandbox:
        raise InputError("--approve is for the sandbox only: a real seller decides in the browser.")
    with DirectSession() as browser, unlogged():
        use_proxy(browser, login.url, None)
        try:
            answer = browser.post(login.url, data={"decision": "authorize"}, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException:
            raise ConfigError("The sandbox does not answer.", next_step="Run %tiktok_auth login --sandbox.") from None
    return login.paste(answer.headers.get("Location", ""))


def open_browser(url: str) -> bool:
    """Open the link in the system's browser, if there is one on this machine."""
    import webbrowser

    if os.environ.get("DISPLAY") is None and os.environ.get("WAYLAND_DISPLAY") is None and os.name == "posix":
        return False  # a text browser would take the terminal over
    threading.Thread(target=partial(webbrowser.open, url), daemon=True).start()
    return True
