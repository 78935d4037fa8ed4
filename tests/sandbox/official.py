"""ByteDance's own material, fetched from npm once and kept outside the tree: OpenAPI files and CLI.

It is a development tool. Without it these tests fail: an unchecked answer is not a checked one.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tests.harness.places import DEV_CACHE, clean_environment

PACKAGE = "@tts-open-toolkit/cli@0.1.7"
INTEGRITY = "sha512-FwEzWJGvtke1nYDBVwjw0Qyl3dAEh+oMic2Z1MNjg1CI3D6glQvP3/ecwADf66Tf3Aw/VnZBhJ2RIlwO5dlBdQ=="


@functools.cache
def cli_dir() -> Path:
    """Return the unpacked npm package, fetched on first use and checked against its known hash."""
    home = DEV_CACHE / "tts-open-toolkit-cli-0.1.7"
    if not (home / "package" / "package.json").exists():
        DEV_CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=DEV_CACHE) as scratch:
            archive = _packed(Path(scratch))
            with tarfile.open(archive) as tar:
                tar.extractall(Path(scratch) / "unpacked", filter="data")
            try:
                os.replace(Path(scratch) / "unpacked", home)
            except OSError:  # another test run was faster
                assert (home / "package" / "package.json").exists()
    return home / "package"


def _packed(directory: Path) -> Path:
    npm = shutil.which("npm")
    assert npm, "These tests need npm, to fetch TikTok Shop's official OpenAPI files."
    subprocess.run(
        [npm, "pack", PACKAGE, "--silent"],
        cwd=directory,
        env=clean_environment(),
        check=True,
        timeout=90,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (archive,) = directory.glob("*.tgz")
    digest = hashlib.sha512(archive.read_bytes()).digest()
    assert "sha512-" + base64.b64encode(digest).decode() == INTEGRITY, f"{PACKAGE} is not what it was."
    return archive


@functools.cache
def oas() -> dict[str, dict[str, Any]]:
    """Return the official OpenAPI's paths: path template -> method -> operation."""
    folder = cli_dir() / "skills" / "tts-openapi-guide" / "references" / "oas"
    index = json.loads((folder / "index.json").read_text())
    paths: dict[str, dict[str, Any]] = {}
    for module in index["modules"]:
        paths |= json.loads((folder / module["file"]).read_text())["paths"]
    return paths


@functools.cache
def operation(method: str, path: str) -> dict[str, Any]:
    """Return the operation that a concrete path belongs to."""
    for pattern, methods in _patterns():
        if pattern.fullmatch(path) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    raise AssertionError(f"The official OpenAPI does not know {method} {path}.")


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [
        (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))), methods)
        for template, methods in oas().items()
    ]


def disagreements(method: str, path: str, answer: object) -> list[str]:
    """Return where an answer leaves the official description: unknown fields, wrong types."""
    content = operation(method, path)["responses"]["200"]["content"]
    return list(_disagree(content["application/json"]["schema"], answer, "answer"))


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_LIMITS = {"int32": 2**31, "int64": 2**63}


def _disagree(schema: dict[str, Any], value: object, where: str) -> list[str]:
    kind = schema.get("type", "object")
    if type(value) not in _TYPES[kind]:
        return [f"{where} is {value!r}, not a {kind}"]
    if kind == "integer" and abs(value) >= _LIMITS[schema.get("format", "int64")]:  # type: ignore[arg-type]
        return [f"{where} does not fit"]
    found = []
    if isinstance(value, list):
        for item in value:
            found += _disagree(schema["items"], item, f"{where}[]")
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        for name, item in value.items():
            if name not in known:
                found.append(f"{where}.{name} is unknown")
            else:
                found += _disagree(known[name], item, f"{where}.{name}")
    return found
