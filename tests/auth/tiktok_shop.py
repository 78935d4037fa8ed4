"""The sandbox as a test uses it: its app, its consent, its switches."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import tts_notebook
from tests.harness.sandboxes import Sandbox
from tts_notebook.app import App


def app_of(sandbox: Sandbox, **settings: str) -> App:
    """The sandbox's own app."""
    return App(
        **{
            "app_key": sandbox.app_key,
            "app_secret": sandbox.app_secret,
            "service_id": sandbox.service_id,
            "authorize_url": sandbox.authorize_url,
            "auth_base_url": sandbox.auth_base_url,
            "api_base_url": sandbox.api_base_url,
        }
        | settings
    )


def fetch_redirect(app: App, state: str = "s3", decision: str = "authorize") -> dict[str, str]:
    """Press a button of the consent page, and return the redirect's parameters."""
    answer = requests.post(app.authorization_url(state), data={"decision": decision}, allow_redirects=False, timeout=10)
    query = parse_qs(urlsplit(answer.headers["Location"]).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


def log_in_default_profile(sandbox: Sandbox, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log the default profile in to a sandbox that sends its redirects to this port, and leave its settings set."""
    for name, value in sandbox.environment(port).items():
        monkeypatch.setenv(name, value)
    login = tts_notebook.login(timeout=20)
    requests.post(login.url, data={"decision": "authorize"}, timeout=10)
    login.wait()


def control(sandbox: Sandbox, **wishes: Any) -> dict[str, Any]:
    """Change the sandbox."""
    answer = requests.post(f"{sandbox.api_base_url}/sandbox/control", json=wishes, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def stats(sandbox: Sandbox) -> dict[str, Any]:
    """What the sandbox has counted."""
    return requests.get(f"{sandbox.api_base_url}/sandbox/stats", timeout=10).json()
