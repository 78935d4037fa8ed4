"""What every test gets: isolation, guards, a sandbox, a kernel."""

from __future__ import annotations

import gc
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.harness import examples, places  # noqa: F401 - it registers a profile of hypothesis
from tests.harness.guards import NetworkGuard, left_over_threads
from tests.harness.kernels import NEWEST, VERSIONS, Kernel
from tests.harness.sandboxes import Sandbox

network = NetworkGuard()
numbers = count()
# the files that take longest: begun first, so that no process is left with one of them at the end
LONG = (
    "test_sync.py",
    "test_sync_exact.py",
    "test_workers.py",
    "test_dataset.py",
    "test_round_trip.py",
    "test_faults.py",
)
MEMORY = Path("/dev/shm")


def pytest_configure() -> None:
    # a sync waits for the disk after each file: where tests can write to memory they ask for it as often, for nothing
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_itemcollected(item: pytest.Item) -> None:
    fixtures = getattr(item, "fixturenames", ())
    if "lab" in fixtures:
        item.add_marker("browser")
    if "start_kernel" in fixtures:  # `kernel` uses it too
        item.add_marker("kernel")


class BesideTheBrowser(LoadScopeScheduling):
    """One process for the browser, another one for all else."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else "others"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BesideTheBrowser | None:
    # xdist's own groups need an attribute that pytest 9.2 has no more
    return BesideTheBrowser(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright keeps an event loop running in this thread, where asyncio.run() then refuses to start
    items.sort(key=lambda item: (bool(item.get_closest_marker("browser")), item.path.name not in LONG))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.set_threshold(50_000, 20, 50)  # a fifth of the time of tests that make many rows went into the usual 700
    gc.freeze()  # what was imported and collected is not looked through again at each collection of garbage


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of the test's own. Pytest's reads the names of all others first, thousands of times."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    path = tmp_path_factory.getbasetemp() / f"{name}-{next(numbers)}"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(autouse=True)
def isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's settings, or writes where the next test or a person looks."""
    for name in [name for name in os.environ if name.startswith("TTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "tts-home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")  # nobody's own keyring
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture(autouse=True)
def guards() -> Iterator[None]:
    """Fail a test that leaves a thread behind, or that tried to leave this machine."""
    threads = set(threading.enumerate())
    network.refused.clear()
    yield
    if left := left_over_threads(threads):
        pytest.fail(f"The test left threads behind: {', '.join(thread.name for thread in left)}.")
    if network.refused:
        pytest.fail(f"The test tried to reach {', '.join(sorted(set(network.refused)))}.")


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on, neither on 127.0.0.1 nor on ::1."""
    return places.free_port()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox that tests share. A test that changes it starts its own."""
    shared = Sandbox(log=tmp_path_factory.mktemp("sandbox") / "sandbox.log")
    yield shared
    shared.stop()


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox with the given command line options: `start_sandbox("--orders", "200")`."""
    started: list[Sandbox] = []

    def start(*options: str) -> Sandbox:
        started.append(Sandbox(*options, log=tmp_path / f"sandbox-{len(started)}.log"))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts a kernel: `start_kernel("6.31", interactive=False, env={"TTS_PROFILE": "p"})`.

    All kernels of a test share one TTS_HOME, as the notebooks of one person do.
    """
    started: list[Kernel] = []

    def start(version: str = NEWEST, *, interactive: bool = True, env: dict[str, str] | None = None) -> Kernel:
        directory = tmp_path / f"kernel-{len(started)}"
        settings = {"TTS_HOME": str(tmp_path / "tts-home"), **(env or {})}
        started.append(Kernel.start(version, directory=directory, env=settings, interactive=interactive))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture(params=VERSIONS)
def kernel(request: pytest.FixtureRequest, start_kernel: Callable[..., Kernel]) -> Kernel:
    """An interactive kernel of each supported ipykernel version in turn."""
    return start_kernel(request.param)
