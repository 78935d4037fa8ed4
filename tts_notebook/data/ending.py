"""What is said when a pull or a sync breaks off, wherever it was: what is kept, and how to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from tts_notebook.errors import APIError, PullStopped, TokenError, TransportError


@dataclass(slots=True)
class Ending:
    """Stands around all that a pull or a sync does, from its first request to its last file.

    Attributes:
        kept: Says what is kept and how to go on, as far as it has come by then.
        rows: How many rows a stop names, 0 for none.
    """

    kept: Callable[[], str]
    rows: Callable[[], int] = lambda: 0

    def __enter__(self) -> Ending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Add to errors that break off what has begun; a stop becomes PullStopped.

        Raises:
            PullStopped: somebody pressed stop.
        """
        if isinstance(error, APIError | TokenError | TransportError) and not error.kept:
            error.kept = self.kept()
            error.next_step = f"{error.next_step} {error.kept}".strip()
        if isinstance(error, KeyboardInterrupt) and not isinstance(error, PullStopped):
            rows = self.rows()
            raise PullStopped(f"Stopped{f' after {rows:,} rows' if rows else ''}. {self.kept()}") from None
