"""Worker processes that know nothing of the one that asks for them, without the second that imports would take."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


class Settings:
    """The environment of the process that sends it, as it is then."""

    def __reduce__(self) -> tuple[type, tuple[dict[str, str]]]:
        return dict, (dict(os.environ),)


def adopt(settings: dict[str, str]) -> None:
    """Begin with an environment; the server that forks has one from another time."""
    os.environ.clear()
    os.environ.update(settings)


def fresh_processes() -> ProcessPoolExecutor:
    """Two processes, forked by a server that has imported the package and done nothing with it."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.harness.workers", "tts_notebook.data.sync", "tts_notebook.notebook.stored"])
    return ProcessPoolExecutor(2, context, initializer=adopt, initargs=(Settings(),))
