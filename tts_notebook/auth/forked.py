"""What a forked child must let go of: ports and pipes of its parent, which it would otherwise hold open.

multiprocessing forks on Linux. A child has its parent's open files, and none of its threads. The file locks
of a child are filelock's own affair.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Inherited(Protocol):
    """Something with a part that belongs to the parent alone."""

    def let_go(self) -> None:
        """Called in the child, right after the fork."""


_inherited: WeakSet[Inherited] = WeakSet()


def let_go_in_children(thing: Inherited) -> None:
    """Call `thing.let_go()` in every child that is forked from now on, for as long as the thing is alive."""
    _inherited.add(thing)


def _let_go() -> None:
    for thing in tuple(_inherited):
        thing.let_go()
    _inherited.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing is forked
    os.register_at_fork(after_in_child=_let_go)
