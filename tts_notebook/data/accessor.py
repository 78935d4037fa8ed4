"""One method per table, with a signature and a docstring that are made from its declaration."""

from __future__ import annotations

import difflib
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeVar

from tts_notebook.data.answer import Asked, answer
from tts_notebook.data.choice import choose_words
from tts_notebook.data.tables import Listing, Table
from tts_notebook.errors import InputError

if TYPE_CHECKING:
    from tts_notebook.api.shops import Shop

Moment: TypeAlias = "str | date | datetime | None"
Method = TypeVar("Method", bound=Callable[..., Any])


class Options(TypedDict, total=False):
    """What can be said besides since and until; each table takes those that it knows."""

    by: str
    status: str | Iterable[str] | None
    shops: Shop | str | Iterable[Shop | str] | None
    detail: bool
    items: bool | str | Iterable[str]
    progress: bool | None
    to: Literal["pandas", "polars", "arrow"]
    money: Literal["float", "decimal"] | None
    tz: str
    max_rate: float | None
    raw: bool


_TYPES = {
    "since": Moment,
    "until": Moment,
    "status": "str | Iterable[str] | None",
    "shops": "Shop | str | Iterable[Shop | str] | None",
    "detail": "bool",
    "items": "bool | str | Iterable[str]",
    "progress": "bool | None",
    "to": 'Literal["pandas", "polars", "arrow"]',
    "money": 'Literal["float", "decimal"] | None',
    "tz": "str",
    "max_rate": "float | None",
    "raw": "bool",
}
_PERIOD = {
    "since": """Start of the period, included: a date, a datetime, "2026-11-01", "2026-11-01 12:00", or how long
ago: "30d", "2w", "12h", "90m"; "all" for everything.""",
    "until": """End of the period, not included, in the same forms. Default and at the latest: now, so that the
period does not grow while it is read.""",
}
_COMMON = {
    "shops": "A shop or several, by id, code, name or region. Default: all.",
    "progress": "True or False; None shows a bar if it takes longer than a second.",
    "to": '"pandas", "polars" or "arrow".',
    "money": '"float" (default in pandas) or "decimal", exact (default elsewhere).',
    "tz": "Zone of dates without one, and of the times in the table; an IANA name.",
    "max_rate": "Requests per second at the most, of each shop and endpoint. Default: as TikTok Shop allows.",
    "raw": "Add a column raw: each row's JSON as it came, a dict in pandas, text elsewhere.",
}
_DAYS = """Whole days of the calendar of each shop: a date means that day there, whatever tz is. The current day is
not there yet."""


_LASTING = ', which is little of a catalogue: pass "all" for the whole of it'


_RETURNS = """Shape (rows, columns), the same columns and types for 0 rows: {columns}, … and extra (JSON text:
fields not known yet). See docs/tables.md. attrs tells period, shops, calls, and what is missing."""
_RAISES = (
    "InputError: what was asked makes no sense; nothing was asked of TikTok Shop.",
    "PermissionMissing: the grant lacks {scopes}.",
    "RateLimited, TransportError: it broke off; no table rather than one with a gap.",
)
_WARNS = """TTSWarning: a shop refused, and only the other shops' rows are here; or some values were not of their
column's kind and are in extra."""


def options_of(table: Table, children: Sequence[Table] = (), siblings: Sequence[Table] = ()) -> dict[str, Any]:
    """Return the options of a table's accessor and their defaults, in order."""
    root = table.listing.root
    options: dict[str, Any] = {"since": None, "until": None}
    if root.walks:
        options["by"] = next(iter(root.walks))
    if root.statuses:
        options["status"] = None
    options["shops"] = None
    if any(each.detail for each in (table, *children, *siblings)):
        options["detail"] = False
    if children or siblings:
        options["items"] = False
    return options | {"progress": None, "to": "pandas", "money": None, "tz": "UTC", "max_rate": None, "raw": False}


def accessor(table: Table, *children: Table, siblings: Sequence[Table] = ()) -> Callable[[Method], Method]:
    """Make a method that fetches a table.

    Args:
        table: What the method fetches.
        children: What the same pull gives besides, with `items=True`.
        siblings: Every other table of that pull, which `items` can name.
    """
    options = options_of(table, children, siblings)

    def made(stub: Method) -> Method:
        @functools.wraps(stub)
        def fetch(session: Any, *positional: Any, **named: Any) -> Any:
            given = dict(zip(("since", "until"), positional, strict=False))
            if len(positional) > len(given) or given.keys() & named.keys():
                raise TypeError(f"{table.name}() takes since and until by position, and each option once")
            for name in named.keys() - options.keys():
                raise _unknown(table.name, name, options)
            asked = {**given, **named}
            wanted = [table, *_besides(asked.pop("items", False), children, siblings)]
            now = datetime.fromtimestamp(session._clock(), UTC)
            tables = answer(session, wanted, Asked(**asked), now=now)
            return tuple(tables) if len(wanted) > 1 else tables[0]

        fetch.__doc__ = docstring(table, children, siblings)
        fetch.__signature__ = _signature(table.listing.root, options)  # type: ignore[attr-defined]
        return fetch  # type: ignore[return-value]  # what wraps() wrapped is called as the stub is

    return made


def _besides(given: Any, children: Sequence[Table], siblings: Sequence[Table]) -> Sequence[Table]:
    """Return the tables that `items` asks for."""
    if given is False or given is None:
        return ()
    if given is True and children:
        return children
    known = {each.name: each for each in siblings}
    return [known[name] for name in choose_words("items", given, tuple(known))]


def docstring(table: Table, children: Sequence[Table] = (), siblings: Sequence[Table] = ()) -> str:
    """Compose the docstring of a table's accessor: plain text, as a notebook shows it."""
    listing = table.listing
    head = [f"Fetch {table.title}, one row per {table.row}.", table.about, _DAYS if listing.root.days else ""]
    scopes = ", ".join(dict.fromkeys(each.scope for each in listing.chain))
    sections = {
        "Args:": [f"{name}: {text}" for name, text in _arguments(table, children, siblings)],
        "Returns:": [_RETURNS.format(columns=", ".join(column.name for column in table.columns[:8]))],
        "Raises:": [text.format(scopes=scopes) for text in _RAISES],
        "Warns:": [_WARNS],
    }
    calls = [f"{each.source} ({each.method} {each.path})" for each in listing.chain]
    calls += [f"with detail: {lookup.source} (GET {lookup.path})" for lookup in listing.lookups]
    return "\n\n".join(
        [
            *(textwrap.fill(" ".join(part.split()), 88) for part in head if part),
            *(_section(title, entries) for title, entries in sections.items()),
            textwrap.fill(f"Source: {'; '.join(calls)}.", 88) + "\n",
        ]
    )


def _arguments(table: Table, children: Sequence[Table], siblings: Sequence[Table]) -> Iterator[tuple[str, str]]:
    root = table.listing.root
    options = options_of(table, children, siblings)
    if root.walks or root.days:
        yield "since", f"{_PERIOD['since']} Default: {_default_start(root)}."
        yield "until", _PERIOD["until"]
    else:
        yield "since", "Taken for the sake of other tables: this one has no time, and all rows come."
        yield "until", "As since."
    if "by" in options:
        of = f" of the {root.one}" if root is not table.listing else ""
        yield "by", f"Which time{of} has to be in the period: {_either(root.walks)}."
    if "status" in options:
        yield "status", f'A status or several of the {root.one}, such as "{root.statuses[-1]}". Default: all.'
    yield "shops", _COMMON["shops"]
    if "detail" in options:
        yield "detail", "Also make the detail calls, which adds columns."
    if "items" in options:
        yield "items", _about_items(table, children, siblings)
    yield from ((name, text) for name, text in _COMMON.items() if name != "shops")


def _default_start(root: Listing) -> str:
    if root.everything:
        return "all there is"
    return f"30 days before until{_LASTING if root.lasting else ''}"


def _about_items(table: Table, children: Sequence[Table], siblings: Sequence[Table]) -> str:
    named = ", ".join(each.name for each in siblings)
    if not children:
        return f"Tables to return besides, from the same pull, by name: {named}."
    both = ", ".join((table.name, *(child.name for child in children)))
    further = f" Or the tables to return besides, by name: {named}." if len(siblings) > len(children) else ""
    return f"True returns ({both}) from the same pull.{further}"


def _either(words: Iterable[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _section(title: str, entries: Iterable[str]) -> str:
    lines = [textwrap.fill(entry, 88, initial_indent="    ", subsequent_indent="        ") for entry in entries]
    return "\n".join([title, *lines])


def _signature(root: Listing, options: dict[str, Any]) -> inspect.Signature:
    types = {**_TYPES, "by": f"Literal[{', '.join(map(repr, root.walks))}]"}
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("self", positional)]
    for name, default in options.items():
        kind = positional if name in ("since", "until") else inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(name, kind, default=default, annotation=types[name]))
    return inspect.Signature(parameters, return_annotation=Any)


def _unknown(table: str, name: str, options: Iterable[str]) -> InputError:
    close = difflib.get_close_matches(name, list(options), n=1)
    hint = f"Did you mean {close[0]}?" if close else f"It takes: {', '.join(options)}."
    return InputError(f"{table} has no option {name}.", next_step=hint)
