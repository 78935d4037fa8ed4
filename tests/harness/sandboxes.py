"""The sandbox as a child process: started, described, ended."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.harness.places import clean_environment


class Sandbox:
    """A running `python -m tts_notebook.sandbox`. Ends when its standard input closes."""

    authorize_url: str
    auth_base_url: str
    api_base_url: str
    app_key: str
    app_secret: str
    service_id: str

    def __init__(self, *options: str, log: Path) -> None:
        self.log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tts_notebook.sandbox", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=clean_environment(),
                start_new_session=True,
            )
        try:
            self.description: dict[str, Any] = json.loads(self._first_line(timeout=30))
        except BaseException:
            self._end()
            raise
        for name in ("authorize_url", "auth_base_url", "api_base_url", "app_key", "app_secret", "service_id"):
            setattr(self, name, self.description[name])

    @property
    def pid(self) -> int:
        return self._process.pid

    def environment(self, redirect_port: int) -> dict[str, str]:
        """Return the TTS_ settings that make the package use this sandbox as if it were TikTok Shop."""
        return {
            "TTS_APP_KEY": self.app_key,
            "TTS_APP_SECRET": self.app_secret,
            "TTS_SERVICE_ID": self.service_id,
            "TTS_AUTHORIZE_URL": self.authorize_url,
            "TTS_AUTH_BASE_URL": self.auth_base_url,
            "TTS_API_BASE_URL": self.api_base_url,
            "TTS_REDIRECT_URI": f"http://localhost:{redirect_port}/",
        }

    def stop(self) -> None:
        """End the sandbox by closing its standard input. Safe to call twice."""
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            raise AssertionError("The sandbox still ran 10 s after its standard input closed.") from None
        finally:
            self._end()

    def _first_line(self, timeout: float) -> bytes:
        ready, _, _ = select.select([self._process.stdout], [], [], timeout)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError(f"The sandbox did not say where it listens: {self.log.read_text()[-2000:]}")
        return line

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
