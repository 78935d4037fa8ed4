"""JupyterLab and Chromium, started once; a fresh browser profile for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.harness.kernels import NEWEST
from tests.harness.lab import CHROMIUM_ARGUMENTS, Lab, NotebookPage
from tests.harness.places import chromium as chromium_path

PATIENCE = 15_000  # milliseconds, for clicks and expectations alike: other tests run on this machine

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: cookies, storage, tabs."""
    fresh = chromium.new_context(viewport={"width": 1280, "height": 900})
    fresh.set_default_timeout(PATIENCE)
    yield fresh
    fresh.close()


@pytest.fixture
def open_notebook(lab: Lab, context: BrowserContext, tmp_path: Path) -> Iterator[Callable[..., NotebookPage]]:
    """Opens a notebook: `open_notebook("1 + 1", "2 + 2", kernel="6.31", env={"TTS_PROFILE": "p"})`.

    All notebooks of a test share one TTS_HOME, as those of one person do. Their kernels end with the test.
    """

    def open_one(*cells: str, kernel: str = NEWEST, env: dict[str, str] | None = None) -> NotebookPage:
        return lab.open(context, cells, kernel=kernel, env={"TTS_HOME": str(tmp_path / "tts-home"), **(env or {})})

    yield open_one
    lab.end_kernels()
