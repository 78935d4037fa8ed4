"""What a synced directory says of itself: one manifest for all of it, and one in each shop's part.

DIR/_tts_notebook.json                                      the table, its columns, what must stay the same
DIR/shop=id-<shop_id>/_tts_notebook.json                    how far that shop is, and its data files
DIR/shop=id-<shop_id>/month=<YYYY-MM>/part-<number>.parquet
DIR/shop=id-<shop_id>/_staging/                             rows of a run that has not ended

Readers of Hive partitions take names that begin with _ for hidden. They also guess the types of
partition columns: `shop_id=749` would make a number of an id, and contradict the column in the
files; `shop=id-749` can only be a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args
from urllib.parse import quote

from tts_notebook.data.frames import EXTRA
from tts_notebook.data.tables import Column, Kind, Table
from tts_notebook.data.values import arrow_type
from tts_notebook.errors import InputError

FORMAT = 1
NAME = "_tts_notebook.json"
LOCK = "_tts_notebook.lock"
STAGING = "_staging"
NO_MONTH = "none"  # of records that carry no time, in tables that have one

# "changes": a record replaces its earlier version, "all": everything is replaced; "older": changes
# from before what is there already; "first": changes of a period that end nothing where data is
# there already, which may have changed outside of it
RunKind = Literal["first", "changes", "older", "all"]
Made = TypeVar("Made")

_MONTH = re.compile(r"|\d{4,6}-\d\d|none", re.ASCII)
_APART = "Choose an empty directory for this one."


@dataclass(frozen=True, slots=True)
class Contents:
    """What the whole directory holds.

    Attributes:
        table: The table's name.
        key: The columns that tell rows apart.
        month_of: The column whose month decides where a row lies; empty if nothing does.
        columns: Each column's kind.
        identity: What else must stay the same from one sync to the next.
        package: The version that wrote last.
    """

    table: str
    key: tuple[str, ...]
    month_of: str
    columns: Mapping[str, str]
    identity: Mapping[str, Any]
    package: str


@dataclass(frozen=True, slots=True)
class File:
    """A data file of a shop."""

    month: str
    number: int
    rows: int

    @property
    def path(self) -> str:
        """Where it lies in the shop's part."""
        name = f"part-{self.number:06}.parquet"
        return f"month={self.month}/{name}" if self.month else name

    @property
    def staged(self) -> str:
        """Where it lies until it is moved there."""
        return f"{STAGING}/new-{self.number:06}.merged"


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has begun: its bounds do not move any more."""

    number: int
    since: int | None
    until: int
    kind: RunKind


@dataclass(frozen=True, slots=True)
class ShopState:
    """How far a shop is.

    Attributes:
        watermark: What the last finished run left for the next one.
        start: Since when the data is complete; None for everything there was.
        run: The run that has not ended.
        runs: How many have begun.
        files: The data files; together they hold each row once.
        last_number: The highest number a data file ever had.
        moving: The numbers of those that may still lie in the staging directory.
        dropping: Files that are not part of the data any more and may still be there.
    """

    shop_id: str | None
    watermark: int | None = None
    start: int | None = None
    run: Run | None = None
    runs: int = 0
    files: tuple[File, ...] = ()
    last_number: int = 0
    moving: tuple[int, ...] = ()
    dropping: tuple[File, ...] = field(default=())

    def settled(self) -> ShopState:
        """The same once every file lies where it belongs."""
        return replace(self, moving=(), dropping=())


def contents_of(table: Table, columns: Sequence[Column], identity: Mapping[str, Any], package: str) -> Contents:
    """Describe the directory that a table goes into."""
    kinds = {column.name: column.kind for column in (*columns, EXTRA)}
    main = table.order[0] if table.order else ""
    timed = bool(main) and str(arrow_type(kinds[main])).startswith("timestamp")
    return Contents(table.name, table.key, main if timed else "", kinds, dict(identity), package)


def shop_directory(shop_id: str | None) -> str:
    """Name the part of a shop; None for what belongs to the seller as a whole."""
    return "shop=all" if shop_id is None else f"shop=id-{quote(shop_id, safe='')}"


def grown(found: Contents, wanted: Contents, where: Path) -> Contents:
    """Return what the directory holds once `wanted` is synced into it.

    Raises:
        InputError: it holds something else.
    """
    if found.table != wanted.table:
        raise InputError(f"{where} holds the table {found.table}, not {wanted.table}.", next_step=_APART)
    for name, value in wanted.identity.items():
        if found.identity.get(name, value) != value:
            before = found.identity[name]
            raise InputError(f"{where} was synced with {name}={before!r}, and now it is {value!r}.", next_step=_APART)
    for name, kind in wanted.columns.items():
        before = found.columns.get(name, kind)
        if _type(before) != _type(kind):
            raise InputError(
                f"In {where} the column {name} has the type {_type(before)}; this version of tts_notebook makes it "
                f"{_type(kind)}.",
                next_step=f"Sync into an empty directory, or with tts_notebook {found.package}.",
            )
    if (found.key, found.month_of) != (wanted.key, wanted.month_of):
        raise InputError(
            f"{where} was laid out by {', '.join(found.key) or 'no key'} and {found.month_of or 'no month'}; "
            f"this version of tts_notebook does it by {', '.join(wanted.key) or 'no key'} and "
            f"{wanted.month_of or 'no month'}.",
            next_step=f"Sync into an empty directory, or with tts_notebook {found.package}.",
        )
    columns = {**found.columns, **wanted.columns}
    return replace(wanted, columns=columns, identity={**found.identity, **wanted.identity})


def dump(content: Contents | ShopState) -> bytes:
    """Turn a manifest into the text of its file."""
    return json.dumps({"format": FORMAT, **asdict(content)}, indent=1).encode()


def parse_contents(text: bytes, where: Path) -> Contents:
    """Read the directory's manifest.

    Raises:
        InputError: it is damaged, or of another format, or a shop's.
    """
    made = _parsed(text, where, lambda content: None if "watermark" in content else _contents(content))
    if made is None:
        raise InputError(
            f"{where.parent} is the part of one shop in a synced directory.",
            next_step=f"Use the whole of it: {where.parent.parent}",
        )
    return made


def parse_shop(text: bytes, where: Path) -> ShopState:
    """Read a shop's manifest.

    Raises:
        InputError: it is damaged, or of another format.
    """
    return _parsed(text, where, _shop)


def earlier(one: int | None, other: int | None) -> int | None:
    """Return the earlier of two starts; None is no bound."""
    return None if one is None or other is None else min(one, other)


def _parsed(text: bytes, where: Path, make: Callable[[dict[str, Any]], Made]) -> Made:
    try:
        content = json.loads(text)
        number = int(content.pop("format"))
        if number == FORMAT:
            return make(content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(
            f"{where} is damaged. Nothing was changed.",
            next_step="Restore it from a backup, or move its directory away and sync again.",
        ) from None
    if number > FORMAT:
        raise InputError(
            f"{where} has format {number}, made by a newer version of tts_notebook: this one reads {FORMAT}.",
            next_step="Install that version: pip install --upgrade tts-notebook",
        )
    raise InputError(
        f"{where} has format {number}, of a version of tts_notebook before directories could be continued.",
        next_step="Sync into an empty directory.",
    )


def _contents(content: dict[str, Any]) -> Contents:
    made = Contents(**content)
    known = get_args(Kind)
    if not made.columns or any(kind not in known for kind in made.columns.values()):
        raise ValueError("a column without a kind we know")
    if made.month_of and made.month_of not in made.columns:
        raise ValueError("months of a column that is not there")
    dict(made.identity)
    return replace(made, key=tuple(made.key))


def _shop(content: dict[str, Any]) -> ShopState:
    state = ShopState(**content)
    run = None if state.run is None else Run(**content["run"])
    if run is not None and not (run.kind in get_args(RunKind) and isinstance(run.until, int)):
        raise ValueError("a run without bounds")
    if not all(isinstance(bound, int | None) for bound in (state.watermark, state.start)):
        raise ValueError("not a time")
    return replace(
        state,
        run=run,
        runs=int(state.runs),
        last_number=int(state.last_number),
        files=tuple(_file(**each) for each in state.files),  # type: ignore[arg-type]  # still dicts here
        dropping=tuple(_file(**each) for each in state.dropping),  # type: ignore[arg-type]
        moving=tuple(int(number) for number in state.moving),
    )


def _file(month: str, number: int, rows: int) -> File:
    # names of files are made of these and nothing else, so that no manifest can point elsewhere
    if not _MONTH.fullmatch(month):
        raise ValueError("not a month")
    return File(month, int(number), int(rows))


def _type(kind: str) -> str:
    return str(arrow_type(kind))  # type: ignore[arg-type]  # checked where the manifest was read
