"""A progress bar where somebody can see one."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

DELAY = 1.0  # seconds; a pull that is quicker shows nothing
_REDRAW = 0.5  # seconds after which a bar that stands still is drawn again, for its clock and what it waits for


class Progress(Protocol):
    """What a pull tells while it runs."""

    def expect(self, rows: int) -> None:
        """Say that so many more rows are to come."""

    def advance(self, rows: int) -> None:
        """Say that so many rows have come."""

    def show(self, rows: int, rate: float, throttles: int) -> None:
        """Say how many rows there may be in all, how many requests a second are made, and how many were too many."""

    def finish(self) -> None:
        """Say that all rows have come."""

    def close(self) -> None:
        """Say that no more will come."""


class Silent:
    """A progress that nobody wants to see."""

    def expect(self, rows: int) -> None:
        """Show nothing."""

    def advance(self, rows: int) -> None:
        """Show nothing."""

    def show(self, rows: int, rate: float, throttles: int) -> None:
        """Show nothing."""

    def finish(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class Bar:
    """A tqdm bar: a widget in a kernel that can show one, else text on standard error."""

    def __init__(self, title: str, *, delay: float) -> None:
        self._title, self._delay = title, delay
        self._bar: Any = None

    def expect(self, rows: int) -> None:
        """Make the bar longer."""
        if self._bar is None:
            self._bar = _tqdm()(desc=self._title, unit=" rows", total=rows, delay=self._delay, leave=False)
        else:
            self._lengthen(self._bar.total + rows)

    def advance(self, rows: int) -> None:
        """Fill the bar; rows that were not announced make it longer."""
        if self._bar is None:
            self.expect(0)
        if self._bar.n + rows > self._bar.total:
            self._lengthen(self._bar.n + rows)
        self._bar.update(rows)

    def show(self, rows: int, rate: float, throttles: int) -> None:
        """Make the bar as long as that, and write the rate beside it."""
        if self._bar is None:
            self.expect(rows)
        if max(rows, self._bar.n) != self._bar.total:
            self._lengthen(max(rows, self._bar.n))
        throttled = f", {throttles} throttled" if throttles else ""
        self._bar.set_postfix_str(f"{_readable(rate)} requests/s{throttled}", refresh=False)
        if self._bar._time() - self._bar.last_print_t > _REDRAW:  # tqdm itself draws when rows come
            self._draw()

    def finish(self) -> None:
        """Make the bar as long as it is full: one that ends earlier counts as broken off, and stays in red."""
        if self._bar is not None:
            self._lengthen(self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._draw()
            self._bar.close()

    def _draw(self) -> None:
        now = self._bar._time()
        if now - self._bar.start_t >= self._delay:
            self._bar.refresh()
            self._bar.last_print_t = now

    def _lengthen(self, total: int) -> None:
        self._bar.total = total
        widget = getattr(self._bar, "container", None)
        if widget is not None:  # tqdm's widget does not follow `total` by itself
            widget.children[1].max = total


def _readable(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}" if rate >= 0.1 else f"{rate:.2f}"


def start_progress(title: str, wanted: bool | None) -> Progress:
    """Return a bar at once, no bar, or (None) one that appears after a second."""
    return Silent() if wanted is False else Bar(title, delay=0 if wanted else DELAY)


class _Stream:
    """Standard error as far as there is one: a bar that nobody can see must not break a pull off."""

    def __init__(self) -> None:
        self._file = sys.stderr  # None in a program without a console

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> None:
        with suppress(AttributeError, OSError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(AttributeError, OSError):
            self._file.flush()


def _tqdm() -> Any:
    widget = _in_kernel() and find_spec("ipywidgets")
    # no watching thread: it would outlive the pull
    kind = type("Tqdm", (import_module("tqdm.notebook" if widget else "tqdm").tqdm,), {"monitor_interval": 0})
    return kind if widget else partial(kind, file=_Stream())


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
