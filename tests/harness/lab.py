"""A real JupyterLab in a real Chromium: what a person sees and clicks."""

from __future__ import annotations

import json
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.harness.kernels import NEWEST, write_kernelspec
from tests.harness.places import REPOSITORY, clean_environment, free_port

SCREENSHOTS = REPOSITORY / "tests" / "browser" / "screenshots"

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    # no page of a test, and nothing of Chromium's own, reaches beyond this machine
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
]

SETTINGS: dict[str, dict[str, Any]] = {
    # cells out of sight stay in the page, so that a test finds them
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # a notebook is written when the test says so
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
}
_ENDED = re.compile(r"\[\d+\]:")
THEME = "@jupyterlab/apputils-extension/themes"

# the notebook that is open, for the scripts below
PANEL = "const panel = window.jupyterapp.shell.currentWidget, notebook = panel.content;"


class Lab:
    """A JupyterLab server with its own root, settings and kernels. Nothing of the user's is read."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.root.mkdir(parents=True)
        self._settings, self._kernels = directory / "settings", directory / "data" / "kernels"
        self._token, self.log = secrets.token_hex(16), directory / "lab.log"
        for name, values in SETTINGS.items():
            self._write_setting(name, values)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"),
            *("--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}"),
            *(f"--IdentityProvider.token={self._token}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url="),
        ]
        environment = clean_environment(
            JUPYTER_CONFIG_DIR=str(directory / "config"),
            JUPYTER_DATA_DIR=str(directory / "data"),
            JUPYTER_RUNTIME_DIR=str(directory / "runtime"),
            JUPYTERLAB_SETTINGS_DIR=str(self._settings),
            JUPYTERLAB_WORKSPACES_DIR=str(directory / "workspaces"),
            IPYTHONDIR=str(directory / "ipython"),
        )
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self.root, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait_until_it_answers(timeout=60)
        except BaseException:
            self.stop()
            raise

    def open(
        self,
        context: BrowserContext,
        cells: Sequence[str],
        *,
        kernel: str = NEWEST,
        env: Mapping[str, str] | None = None,
    ) -> NotebookPage:
        """Open a new notebook of these code cells, whose kernel has `env` as its environment's additions."""
        return self.open_file(context, self.write(cells, kernel=kernel, env=env))

    def write(self, cells: Sequence[str], *, kernel: str = NEWEST, env: Mapping[str, str] | None = None) -> Path:
        """Write a new notebook, as for `open`, without opening it."""
        name = f"notebook-{secrets.token_hex(4)}"
        write_kernelspec(name, kernel, self._kernels, env)
        language = {"name": "python"}
        spec = {"name": name, "display_name": f"Python, ipykernel {kernel}", "language": "python"}
        notebook = {
            "cells": [_code_cell(number, source) for number, source in enumerate(cells)],
            "metadata": {"kernelspec": spec, "language_info": language},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.root / f"{name}.ipynb"
        path.write_text(json.dumps(notebook))
        return path

    def open_file(self, context: BrowserContext, path: Path) -> NotebookPage:
        """Open a notebook that is somewhere below the server's root."""
        (self._settings / f"{THEME}.jupyterlab-settings").unlink(missing_ok=True)  # another test's dark theme
        workspace, relative = secrets.token_hex(4), path.relative_to(self.root)
        url = f"{self.url}/lab/workspaces/{workspace}/tree/{relative}?token={self._token}"
        return NotebookPage(context, url, path)

    def end_kernels(self) -> None:
        """Shut down every kernel that this server runs."""
        for session in json.loads(self._request("GET", "/api/sessions")):
            self._request("DELETE", f"/api/sessions/{session['id']}")

    def stop(self) -> None:
        """End the server, which ends its kernels. Safe to call twice."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError("JupyterLab did not end within 20 s.") from None

    def _request(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": f"token {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()

    def _write_setting(self, name: str, values: dict[str, Any]) -> None:
        file = self._settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def _wait_until_it_answers(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._request("GET", "/api/status")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"JupyterLab did not start: {self.log.read_text(errors='replace')[-2000:]}")


def _code_cell(number: int, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"cell-{number}",
        "metadata": {},
        "outputs": [],
        "source": source,
    }


class NotebookPage:
    """One notebook in one browser tab. Cells are counted from 0.

    `page` is Playwright's page, for everything that has no method here.
    """

    def __init__(self, context: BrowserContext, url: str, path: Path) -> None:
        self.path = path
        self.errors: list[str] = []  # what this page and the tabs it opened reported on their consoles
        self.context = context
        context.on("weberror", lambda found: self.errors.append(str(found.error)))
        context.on("console", self._note_error)
        self.page: Page = context.new_page()
        self.page.on("dialog", lambda dialog: dialog.accept())  # "leave the page?", before a reload
        self.page.goto(url)
        self._wait_until_ready()

    def run(self, number: int, *, wait: bool = True, timeout: float = 30) -> None:
        """Run a cell, and wait until it has ended unless told not to."""
        self._start(number, "notebook:run-cell")
        if wait:
            self.wait_for_cell(number, timeout=timeout)

    def run_all(self) -> None:
        """Start Run All, and return as soon as the first cell runs."""
        self._start(0, "notebook:run-all-cells")

    def append(self, source: str) -> int:
        """Add a code cell at the end and return its number."""
        return self._script(
            "notebook.model.sharedModel.addCell({cell_type: 'code', source: argument});"
            "return notebook.widgets.length - 1;",
            source,
        )

    def wait_for_cell(self, number: int, *, timeout: float = 30) -> None:
        """Wait until a cell that was started has ended."""
        expect(self._prompt(number)).to_have_text(_ENDED, timeout=timeout * 1000)

    def wait_until_idle(self, *, timeout: float = 30) -> None:
        """Wait until no cell waits or runs and the kernel is idle."""
        script = f"""() => {{ {PANEL}
            return panel.sessionContext.session?.kernel?.status === 'idle'
                && notebook.widgets.every(cell => !cell.promptNode?.textContent.includes('*')); }}"""
        self.page.wait_for_function(script, timeout=timeout * 1000)

    def prompt(self, number: int) -> str:
        """Return a cell's prompt: `[ ]:` before it ran, `[*]:` while it runs, `[3]:` afterwards."""
        return self._prompt(number).inner_text().strip()

    def cell(self, number: int) -> Locator:
        """Return a cell, source and output."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell").nth(number)

    def output(self, number: int) -> Locator:
        """Return the area below a cell, for `expect(...)` and `.inner_html()`."""
        return self.cell(number).locator(".jp-Cell-outputArea")

    def output_text(self, number: int) -> str:
        """Return the text of a cell's outputs as a person reads it, without `[3]:`."""
        return "\n".join(self.output(number).locator(".jp-OutputArea-output").all_inner_texts()).strip()

    def button(self, name: str) -> Locator:
        """Return the widget button with this accessible name."""
        return self._outputs.locator("button.jupyter-button").and_(self._role("button", name))

    def link(self, name: str) -> Locator:
        """Return the link with this accessible name in an output."""
        return self._outputs.locator("a").and_(self._role("link", name))

    def html(self, containing: str) -> Locator:
        """Return the HTML widget that contains this text."""
        return self._outputs.locator(".widget-html-content").filter(has_text=containing)

    def open_tab(self, link: Locator) -> Page:
        """Click something that opens a new tab, and return that tab when it has loaded."""
        with self.context.expect_page() as opened:
            try:
                link.click()
            except PlaywrightError:
                self.screenshot(f"no-link-{self.path.stem}")
                raise
        opened.value.wait_for_load_state()
        return opened.value

    def answer(self, text: str) -> None:
        """Type into the prompt of the cell that asks for something, and press Enter."""
        prompt = self._outputs.locator("input.jp-Stdin-input")
        prompt.fill(text)
        prompt.press("Enter")

    def save(self) -> dict[str, Any]:
        """Save the notebook as Ctrl-S does, and return what the file then holds."""
        self._script("return window.jupyterapp.commands.execute('docmanager:save');")
        self.page.wait_for_function(f"() => {{ {PANEL} return !panel.context.model.dirty; }}")
        return json.loads(self.path.read_text())

    def reload(self) -> None:
        """Reload the page. The kernel lives on; what was not saved is lost."""
        self.page.reload()
        self._wait_until_ready()

    def interrupt(self) -> None:
        """Press ■."""
        self._script("return panel.sessionContext.session.kernel.interrupt();")

    def restart_kernel(self) -> None:
        """Restart the kernel, without the question that comes first."""
        self._script("return panel.sessionContext.restartKernel();")
        self._wait_for_widgets()
        self.wait_until_idle()

    def use_dark_theme(self) -> None:
        """Change JupyterLab's theme. The next notebook that a test opens is light again."""
        self._script("return window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'});")
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")

    def screenshot(self, name: str, of: Locator | Page | None = None) -> Path:
        """Take a picture of the page, a part of it or another tab, into tests/browser/screenshots/."""
        file = SCREENSHOTS / f"{name}.png"
        file.parent.mkdir(exist_ok=True)
        # with `path=`, Playwright writes in a thread that it keeps, and the guard against threads objects
        file.write_bytes((of or self.page).screenshot(animations="disabled"))
        return file

    @property
    def _outputs(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell-outputArea")

    def _role(self, role: Any, name: str) -> Locator:
        return self.page.get_by_role(role, name=name, exact=True)

    def _prompt(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-InputArea-prompt")

    def _note_error(self, said: ConsoleMessage) -> None:
        # a server without an icon is no error: browsers ask for it on their own
        if said.type == "error" and not said.location["url"].endswith("/favicon.ico"):
            self.errors.append(said.text)

    def _script(self, body: str, argument: Any = None) -> Any:
        return self.page.evaluate(f"(argument) => {{ {PANEL} {body} }}", argument)

    def _start(self, number: int, command: str) -> None:
        # The command is sometimes lost (one first command in three); it is sent again until it is seen to work.
        self._script("notebook.widgets[argument].model.executionCount = null;", number)
        for _ in range(10):
            self._script(
                f"notebook.deselectAll(); notebook.activeCellIndex = argument;"
                f"window.jupyterapp.commands.execute({command!r});",
                number,
            )
            try:
                expect(self._prompt(number)).not_to_have_text("[ ]:", timeout=3000)
            except AssertionError:
                continue
            return
        raise AssertionError(f"JupyterLab did not start cell {number}.")

    def _wait_until_ready(self) -> None:
        ready = f"""() => {{
            if (!window.jupyterapp?.shell?.currentWidget?.sessionContext) return false;
            {PANEL}
            return panel.context.isReady && panel.sessionContext.isReady
                && panel.sessionContext.session?.kernel?.status === 'idle'; }}"""
        try:
            self.page.wait_for_function(ready, timeout=60_000)
        except PlaywrightError:
            picture = self.screenshot(f"not-ready-{self.path.stem}")
            raise AssertionError(f"The notebook was not ready within 60 s, see {picture.name}.") from None
        self._wait_for_widgets()

    def _wait_for_widgets(self) -> None:
        # A new page or a restarted kernel is asked for its widgets. A cell that makes some meanwhile upsets the
        # answer, and nothing is shown until JupyterLab gives up on it after four seconds.
        script = f"""async () => {{ {PANEL}
            const renderer = notebook.rendermime.createRenderer('application/vnd.jupyter.widget-view+json');
            try {{ return (await renderer._manager.promise).restoredStatus; }} finally {{ renderer.dispose(); }} }}"""
        self.page.wait_for_function(script, timeout=30_000)
