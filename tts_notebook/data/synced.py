"""What a sync is asked, and what it says that it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tts_notebook.data.calls import Session

if TYPE_CHECKING:
    import os

MOST_NAMED = 5  # shops that a summary says the reasons of, and notes
# what is kept of a sync that breaks off, and how to go on
GOES_ON = "What was read is kept: run the same line again and it goes on from there."
NOTHING_READ = "No row had been read this time, and what is there is kept: run the same line again and it goes on."


class Reference(Protocol):
    """Names a stored login without holding anything of it; may be sent to other processes."""

    def open(self) -> SyncSession:
        """Return a session of that login, which renews its token with all others that use it."""


class SyncSession(Session, Protocol):
    """What a sync needs of a session besides."""

    @property
    def open_id(self) -> str:
        """Who granted."""

    @property
    def reference(self) -> Reference | None:
        """Names the stored login, None if it is in this process only."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did.

    Attributes:
        directories: Where each table is, by its name.
        rows: How many rows came, by table; most of a later sync's replace earlier versions.
        calls: How many requests were sent.
        throttled: How many of them were one too many.
        partial: What each shop that refused said, by its id: its data is as it was.
        resumed: An earlier sync that had not ended was continued.
        notes: What else there is to say, such as values of a kind that nobody has documented.
        tolerant_pages: How many pages were not as declared and were read value by value.
    """

    directories: Mapping[str, Path]
    rows: Mapping[str, int]
    calls: int
    throttled: int
    partial: Mapping[str, str]
    resumed: bool
    notes: tuple[str, ...] = ()
    tolerant_pages: int = 0

    def __repr__(self) -> str:
        read = ", ".join(f"{count:,} {name}" for name, count in self.rows.items())
        places = ", ".join(str(directory) for directory in self.directories.values())
        parts = [f"Synced {read} into {places} with {self.calls:,} requests"]
        parts += [f"{self.throttled} throttled"] if self.throttled else []
        parts += [f"{self.tolerant_pages:,} pages read value by value"] if self.tolerant_pages else []
        parts += ["went on where the last one ended"] if self.resumed else []
        parts += [f"missing {reason}" for reason in list(self.partial.values())[:MOST_NAMED]]
        more = len(self.partial) - MOST_NAMED
        parts += [f"missing {more:,} more shops, see .partial"] if more > 0 else []
        told = list(self.notes[:MOST_NAMED])
        told += [f"There are {len(self.notes):,} notes, see .notes."] if len(self.notes) > MOST_NAMED else []
        return " ".join(["; ".join(parts).rstrip(".") + ".", *told])


@dataclass(frozen=True, slots=True)
class SyncAsked:
    """The arguments of a sync, as they were given."""

    table: Any
    into: str | os.PathLike[str]
    since: Any = None
    shops: Any = None
    progress: bool | None = None
    max_rate: Any = None
    tz: Any = "UTC"
