"""Where sandboxes come from: a process that has imported them once and forks one whenever it is asked.

A sandbox of a hundred orders lives for a tenth of a second, and starting Python for it takes as long again.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import cache

from tests.harness.places import REPOSITORY, clean_environment

LARGEST = 65_536  # bytes of one question: options, and three descriptors beside them


class Nursery:
    """The process that forks, and the way to it. It ends when this process does."""

    def __init__(self) -> None:
        self._way, there = socket.socketpair()
        with there:
            number = there.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.nursery", str(number)],
                cwd=REPOSITORY,
                env=clean_environment(),
                pass_fds=[number],
                start_new_session=True,
            )

    def fork(self, options: tuple[str, ...], stdin: int, stdout: int, stderr: int) -> int:
        """Return the process id of a new sandbox that has these descriptors."""
        socket.send_fds(self._way, [json.dumps(options).encode()], [stdin, stdout, stderr])
        return int(self._way.recv(LARGEST))


@cache
def nursery() -> Nursery:
    """Return the nursery of this process."""
    return Nursery()


def serve(way: socket.socket) -> None:
    """Fork a sandbox for each question, until nobody is there to ask."""
    from tts_notebook.sandbox import cli

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    gc.freeze()
    while True:
        said, descriptors, _, _ = socket.recv_fds(way, LARGEST, 3)
        if not said:
            return
        child = os.fork()
        if not child:
            way.close()
            os._exit(live(cli.main, json.loads(said), descriptors))
        for each in descriptors:
            os.close(each)
        way.send(str(child).encode())


def live(main: Callable[[list[str]], int], options: list[str], descriptors: list[int]) -> int:
    """Be a process that was started with these options and descriptors, and return its exit status."""
    for number, each in enumerate(descriptors):
        os.dup2(each, number)
        os.close(each)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        return main(options)
    except SystemExit as stopped:  # the options make no sense
        return int(stopped.code or 0)
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
