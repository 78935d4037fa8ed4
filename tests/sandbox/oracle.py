"""ByteDance's own signature check, run offline as an oracle: does it accept this signature?

Its local proxy answers 400 to a bad signature and 502 ("not logged in") to a good one. It adds
its own shop_cipher before it checks, so requests must carry `shop_cipher`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.harness.places import clean_environment
from tests.sandbox.official import cli_dir


class SignatureOracle:
    """A running proxy. Call it with method, path with signed query, body: True means accepted."""

    app_key = "6koracleapp01"
    app_secret = "0123456789abcdef0123456789abcdef01234567"
    shop_cipher = "GCP_oracleAAAAAcipher"

    def __init__(self, home: Path) -> None:
        node = shutil.which("node")
        assert node, "These tests need Node.js, to run TikTok Shop's official signature check."
        command = [node, str(cli_dir() / "dist" / "tts_open_toolkit.mjs")]
        environment = clean_environment(HOME=str(home), OPEN_TOOLKIT_SKIP_UPDATE_CHECK="1")
        subprocess.run(
            [*command, "telemetry", "disable"],
            env=environment,
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        options = {
            "--app-key": self.app_key,
            "--shop-cipher": self.shop_cipher,
            "--secret": self.app_secret,
            "--port": "0",
            "--timestamp-window-seconds": "600",
            # nothing listens there: even a request that passed every check could not leave
            "--openapi-base-url": "http://127.0.0.1:9",
        }
        flat = [text for pair in options.items() for text in pair]
        self._out = home / "proxy.json"
        with self._out.open("wb") as out:
            self._process = subprocess.Popen(
                [*command, "openapi", "proxy", *flat, "--json"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
            )
        try:
            self._host = urlsplit(self._endpoint()).netloc
        except BaseException:
            self.stop()
            raise

    def __call__(self, method: str, path_with_query: str, body: bytes = b"") -> bool:
        connection = HTTPConnection(self._host, timeout=20)
        try:
            headers = {"content-type": "application/json"} if body else {}
            connection.request(method, path_with_query, body or None, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status == 400 and b"InvalidLocalBrokerSign" in answer:
            return False
        assert response.status == 502, f"The oracle gave no verdict: {response.status} {answer!r}"
        assert b"not logged in" in answer
        return True

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _endpoint(self) -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                endpoint: str = json.loads(self._out.read_text())["endpoint"]
            except ValueError:
                time.sleep(0.02)
            else:
                return endpoint
        raise AssertionError(f"The official proxy did not start: {self._out.read_text()[-500:]}")
