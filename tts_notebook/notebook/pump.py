"""Keeps clicks alive on ipykernel 6 while a cell waits.

There every message from the front-end queues behind the running cell. A nested event loop (what
nest_asyncio is for) lets the kernel receive them, and those of widgets are handled at once; everything
else, such as the next cell of Run All, stays in the queue in its order. On ipykernel 7 nothing of this
is done: there nest_asyncio loses clicks and queued cells, and widgets have ways of their own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

_DELIMITER = b"<IDS|MSG>"  # of Jupyter's wire protocol: signature, header, … follow it


def pump_of(shell: Any) -> Callable[[float], None]:
    """Return what waits for some seconds and, on ipykernel 6, handles widget messages meanwhile."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not _is_ipykernel_6(kernel):
        return time.sleep
    try:
        import nest_asyncio

        loop = asyncio.get_running_loop()
        nest_asyncio.apply(loop)
    except (ImportError, RuntimeError, ValueError):  # no loop runs, or one that cannot be nested
        return time.sleep

    def wait(seconds: float) -> None:
        # the sleep lets the kernel's own reader fill its queue
        loop.run_until_complete(asyncio.sleep(seconds))
        loop.run_until_complete(_handle_widget_messages(kernel))

    return wait


def _is_ipykernel_6(kernel: Any) -> bool:
    module = sys.modules.get("ipykernel")  # the kernel's own implementation_version is IPython's
    return getattr(module, "version_info", (0,))[0] == 6 and hasattr(kernel, "msg_queue")


async def _handle_widget_messages(kernel: Any) -> None:
    held = []
    parent = kernel._parent_ident["shell"], kernel.get_parent("shell")
    at_rest = kernel.saved_sigint_handler
    while kernel.msg_queue.qsize():  # ends: nothing is added before the next sleep
        item = kernel.msg_queue.get_nowait()
        _, dispatch, arguments = item
        if _kind(arguments).startswith("comm_"):
            await dispatch(*arguments)
            # what this cell shows from now on is this cell's again; and the stop button of an idle kernel,
            # for which the dispatch has put the cell's handler aside, must not end it
            kernel.set_parent(*parent, channel="shell")
            kernel.saved_sigint_handler = at_rest
        else:
            held.append(item)
    for item in held:
        kernel.msg_queue.put_nowait(item)


def _kind(arguments: tuple[Any, ...]) -> str:
    try:
        frames = [bytes(getattr(frame, "bytes", frame)) for frame in arguments[0]]
        return str(json.loads(frames[frames.index(_DELIMITER) + 2])["msg_type"])
    except (IndexError, KeyError, TypeError, ValueError):
        return ""  # the kernel's own business
