#!/usr/bin/env python3
"""The two commands of this repository. Any Python from 3.11 on runs them; nothing else needs to be set up.

    python3 tasks.py quickstart    open the quickstart notebook in JupyterLab
    python3 tasks.py test          check and test everything (--fast: less of it, in about a minute)

Both keep what they install in .venv, beside this file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "tasks.json"  # what was installed, from which pyproject.toml, for which directory
WORK = HERE / "my-notebooks"
QUICK = "not browser and not kernel and not tools and not cluster"
FAST = f"{QUICK} and not patient"
SLOW = f"not ({QUICK})"
FEW = "--hypothesis-profile=few"  # a quarter of the examples, while one works; all of them before a change is taken
# a file's tests share sandboxes, so they stay in one process; the files come in the order of tests/conftest.py
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
# one process waits for the browser, while the other has kernels to itself
BESIDE_THE_BROWSER = ["-n", "2", "--dist", "loadgroup"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    own, separator, for_pytest = sys.argv[1:], "--", []
    if separator in own:
        cut = own.index(separator)
        own, for_pytest = own[:cut], own[cut + 1 :]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="tasks.py COMMAND [options]"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("quickstart", help="open the quickstart notebook in JupyterLab")
    start.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    start.add_argument("--port", type=int, default=0, help="listen on this port (default: one that is free)")
    test = commands.add_parser("test", help="check and test everything; arguments after -- go to pytest")
    test.add_argument(
        "--fast",
        action="store_true",
        help="leave out browser, kernels, cluster, npm tools and what has to wait, and try fewer examples",
    )
    options = parser.parse_args(own)

    if sys.version_info < (3, 11):  # noqa: UP036 - older ones run this file too, and are told here
        version = ".".join(map(str, sys.version_info[:2]))
        return stop(f"tts_notebook needs Python 3.11 or newer, and this is {version}: run it with a newer one.")
    if options.command == "quickstart":
        return quickstart(options.port, open_browser=not options.no_browser)
    return run_tests(options.fast, for_pytest)


def stop(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def say(text: str) -> None:
    print(text, flush=True)


def install(extra: str) -> None:
    """Bring .venv up to date with pyproject.toml. Takes no time when nothing changed."""
    wanted = {"pyproject": hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest(), "for": str(HERE)}
    if PYTHON.exists() and STAMP.exists():
        found = json.loads(STAMP.read_text())
        if found in ({**wanted, "extra": extra}, {**wanted, "extra": "dev"}):  # dev holds the others
            return
    say("Installing tts_notebook into .venv; this takes a minute or two.")
    if not PYTHON.exists():
        create_environment()
    STAMP.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "-e", f".[{extra}]"], cwd=HERE, check=True)
    STAMP.write_text(json.dumps({**wanted, "extra": extra}))


def create_environment() -> None:
    create = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if importlib.util.find_spec("ensurepip"):
        subprocess.run(create, check=True)
    elif importlib.util.find_spec("venv") and importlib.util.find_spec("pip"):
        # Debian keeps ensurepip in a package of its own; the pip that is here can fill the environment
        subprocess.run([*create, "--without-pip"], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-qq"]
        subprocess.run([*pip, "--disable-pip-version-check", "pip"], check=True)
    else:
        sys.exit("This Python cannot create environments: install its venv package (Debian: python3-venv) first.")


def quickstart(port: int, *, open_browser: bool) -> int:
    """Open a copy of the notebook, so that what is run and changed there never shows up as a change of this tree."""
    if port and not is_free(port):
        return stop(f"Port {port} is in use by another program: close it, or choose another port with --port.")
    install("quickstart")
    hide_announcements()
    notebook = working_copy()
    port, token = port or any_free_port(), secrets.token_hex(24)
    command = [str(PYTHON), "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={notebook.parent}", "--LabApp.news_url="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    log = VENV / "quickstart.log"
    with log.open("wb") as out:
        # a session of its own: Ctrl-C reaches this program, which then ends the server without a question
        server = subprocess.Popen(
            command,
            env={**os.environ, "JUPYTER_TOKEN": token},  # not on the command line, which others can read
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        base = f"http://127.0.0.1:{port}"
        if not answers(f"{base}/api/status?token={token}", server):
            return stop(f"JupyterLab did not start; {log} says why.")
        address = f"{base}/lab/tree/{notebook.name}?token={token}"
        opened = open_browser and can_show_a_browser() and webbrowser.open(address)
        if opened:
            say(f"JupyterLab is open in your browser, at {address} (Ctrl-C here ends it).")
        else:
            say(f"Open {address} in a browser (Ctrl-C here ends JupyterLab).")
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def hide_announcements() -> None:
    """Keep JupyterLab's question about news off the first screen; .venv is ours, so nobody's settings change."""
    config = VENV / "etc/jupyter/labconfig/page_config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))


def working_copy() -> Path:
    """Copy the notebooks to a folder that Git ignores. A copy that exists is the user's and stays."""
    WORK.mkdir(exist_ok=True)
    (WORK / ".gitignore").write_text("*\n")
    for original in sorted((HERE / "notebooks").glob("*.ipynb")):
        copy = WORK / original.name
        if not copy.exists():
            shutil.copyfile(original, copy)
        elif copy.read_bytes() != original.read_bytes():
            say(f"{copy.relative_to(HERE)} is yours from an earlier run; delete it to start from the original.")
    return WORK / "quickstart.ipynb"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; False when it ended or took more than a minute."""
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False


def can_show_a_browser() -> bool:
    """Without a display, `webbrowser` would start a text browser in this terminal."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run_tests(fast: bool, for_pytest: list[str]) -> int:
    if not fast and not any(map(shutil.which, BROWSERS)) and not install_chromium():
        return stop("The browser tests need Chromium: install it, or leave them out with `tasks.py test --fast`.")
    install("dev")
    for command in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        if run_module(command):
            return stop(f"{' '.join(command)} failed.")
    if for_pytest:  # as they are: they may choose tests, marks or processes of their own
        return run_module(["pytest", *(["-m", FAST, FEW] if fast else []), *for_pytest])
    if fast:
        return run_pytest([["-m", FAST, *SIDE_BY_SIDE, FEW]])
    return run_pytest([["-m", QUICK, *SIDE_BY_SIDE], ["-m", SLOW, *BESIDE_THE_BROWSER]])


def run_module(command: list[str]) -> int:
    say(f"==> {' '.join(command)}")
    # with bytecode kept, whatever the environment says: tests start many processes that import the same
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([str(PYTHON), "-m", *command], cwd=HERE, env=environment, check=False).returncode


def run_pytest(runs: list[list[str]]) -> int:
    """Run pytest once for each list of arguments, then say the sum. All of them must pass."""
    codes, counts = [], dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    report = VENV / "tests.xml"
    for arguments in runs:
        report.unlink(missing_ok=True)
        codes.append(run_module(["pytest", *arguments, f"--junitxml={report}"]))
        for suite in ElementTree.parse(report).iter("testsuite") if report.exists() else ():
            for name in counts:
                counts[name] += int(suite.get(name, 0))
    tests, failed, broken, skipped = counts.values()
    beside = f", {skipped} skipped" if skipped else ""
    say(f"{tests - failed - broken - skipped} passed, {failed + broken} failed{beside}")
    return next(filter(None, codes), 0)


def install_chromium() -> bool:
    """Install Chromium where that needs no question: as root, on a system with apt-get."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    say("Installing Chromium with apt-get, for the browser tests.")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation"]):
        done = subprocess.run(
            ["apt-get", "--quiet", *command],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout[-2000:], file=sys.stderr)
            return False
    return any(map(shutil.which, BROWSERS))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{' '.join(map(str, failed.cmd[1:4]))} ended with code {failed.returncode}.")
