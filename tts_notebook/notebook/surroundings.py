"""Where this Python runs: whether somebody can answer, and how to show something to them."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Any

from IPython.display import display


class Surroundings(Enum):
    """Who is there."""

    NOTEBOOK = "a kernel with a person at its front-end"
    TERMINAL = "IPython in a terminal"
    HEADLESS = "nobody who could be asked"


def surroundings_of(shell: Any) -> Surroundings:
    """Tell by the shell who is there.

    sys.stdin.isatty() says nothing in a notebook; whether the client of this execution takes
    questions does, and papermill, nbconvert and nbclient do not.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return Surroundings.NOTEBOOK if getattr(kernel, "_allow_stdin", True) else Surroundings.HEADLESS
    # IPython's terminal shell is recognised by what only it has
    if hasattr(shell, "prompt_for_code") and sys.stdin is not None and sys.stdin.isatty():
        return Surroundings.TERMINAL
    return Surroundings.HEADLESS


def say(text: str) -> None:
    """Show a text in the cell that runs now."""
    display({"text/plain": text}, raw=True)  # type: ignore[no-untyped-call]  # IPython is partly typed


class Line:
    """One line of output that is rewritten in place, by the thread of the cell that shows it.

    A terminal cannot take a line back: there only `last` is said after the first text.
    """

    def __init__(self, shell: Any, text: str) -> None:
        self._live = surroundings_of(shell) is not Surroundings.TERMINAL
        self._handle = display({"text/plain": text}, raw=True, display_id=self._live)  # type: ignore[no-untyped-call]
        self._text = text

    def rewrite(self, text: str) -> None:
        """Show another text in its place."""
        if self._live and text != self._text:
            self._text = text
            self._handle.update({"text/plain": text}, raw=True)

    def last(self, text: str) -> None:
        """Show the text that stays."""
        if self._live:
            self.rewrite(text)
        else:
            say(text)
