"""The sandbox as a process of its own: started, described, ended."""

from __future__ import annotations

import json
import os
import select
import signal
from pathlib import Path
from typing import Any

from tests.harness.nursery import nursery


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
        stdin, self._input = os.pipe()
        self._output, stdout = os.pipe()
        with log.open("wb") as stderr:
            self.pid = nursery().fork(options, stdin, stdout, stderr.fileno())
        os.close(stdin)
        os.close(stdout)
        self._runs = True
        try:
            self.description: dict[str, Any] = json.loads(self._first_line(timeout=30))
        except BaseException:
            self._end()
            raise
        for name in ("authorize_url", "auth_base_url", "api_base_url", "app_key", "app_secret", "service_id"):
            setattr(self, name, self.description[name])

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
        if not self._runs:
            return
        self._end(patience=10)

    def _first_line(self, timeout: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._output], [], [], timeout)
            more = os.read(self._output, 4096) if ready else b""
            if not more:
                raise RuntimeError(f"The sandbox did not say where it listens: {self.log.read_text()[-2000:]}")
            line += more
        return line

    def _end(self, patience: float = 0) -> None:
        """Close its input and wait for the end of its output, which is its own."""
        self._runs = False
        os.close(self._input)
        ended, _, _ = select.select([self._output], [], [], patience)
        if not ended:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self._output)
        if not ended and patience:
            raise AssertionError(f"The sandbox still ran {patience} s after its standard input closed.")
