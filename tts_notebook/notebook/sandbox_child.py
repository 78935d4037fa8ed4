"""The sandbox as a child process that ends with this one, however this one ends."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading

from tts_notebook.app import App
from tts_notebook.auth.forked import let_go_in_children
from tts_notebook.errors import ConfigError

_START_SECONDS = 30


class SandboxChild:
    """One running sandbox. It serves until its standard input closes, which a kernel's end does too."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-m", "tts_notebook.sandbox", "--redirect-uri", redirect_uri],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # ■ interrupts the kernel's process group: the sandbox is not what it means
            start_new_session=True,
        )
        atexit.register(self.stop)  # a script that ends without closing anything leaves no open pipe behind
        let_go_in_children(self)
        self.app = self._read_app()

    @property
    def alive(self) -> bool:
        """Whether it still serves."""
        return self._process.poll() is None

    def let_go(self) -> None:
        """A forked child does not keep the sandbox alive: its standard input must close with this process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def stop(self) -> None:
        """End it. Safe to call twice."""
        atexit.unregister(self.stop)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_app(self) -> App:
        # a process that never prints its line is ended, which ends the reading
        watchdog = threading.Timer(_START_SECONDS, self._process.kill)
        watchdog.start()
        try:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
            watchdog.join()
        try:
            settings = json.loads(line)
        except ValueError:
            self.stop()
            raise ConfigError(
                "The sandbox did not start.", next_step="Run python -m tts_notebook.sandbox to see why."
            ) from None
        names = ("app_key", "app_secret", "service_id", "authorize_url", "auth_base_url", "api_base_url")
        return App(**{name: str(settings[name]) for name in names}, redirect_uri=self.redirect_uri)
