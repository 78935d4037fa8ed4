"""%tiktok_pull TABLE: a table as a DataFrame, into a variable if one is named."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from tts_notebook.errors import InputError, LoginRequired
from tts_notebook.notebook.command_line import Parser, closest, refuse_unknown_options, split_line, words_before
from tts_notebook.notebook.magics import AuthMagics

_OPTIONS = {
    "--since": "start, included: a date, or how long ago, such as 30d or 12h; all for everything",
    "--until": "end, not included",
    "--by": "which time has to be in the period: create_time or update_time",
    "--status": "one or several, with commas",
    "--shops": "one or several by id, code, name or region, with commas",
    "--tz": "zone of dates without one and of the times in the table",
}
_SEVERAL = ("status", "shops")


def build_parser() -> Parser:
    """The parser of the line after %tiktok_pull."""
    parser = Parser(prog="%tiktok_pull", description="Pull a table as a DataFrame.", add_help=False)
    parser.add_argument("table", metavar="TABLE", help="such as orders, statements, products; Tab lists them")
    for option, words in _OPTIONS.items():
        parser.add_argument(option, help=words)
    parser.add_argument("-o", dest="name", metavar="NAME", help="the variable that the table goes into")
    return parser


def help_text() -> str:
    """What %tiktok_pull? shows."""
    return build_parser().format_help()


def pull(magics: AuthMagics, line: str) -> Any:
    """Run a line: return the table, or None when it went into a variable.

    Raises:
        InputError: no such table or option, or the table does not know the option.
        LoginRequired: nobody is logged in.
    """
    from tts_notebook.data.catalogue import find_table  # pandas' declarations: not at %load_ext

    arguments = _parse(line)
    entry = find_table(arguments.table)
    asked = _asked(arguments)
    known = entry.options
    for option in asked:
        if option not in known:
            raise InputError(f"{entry.name} has no option --{option}.{closest(option, sorted(known))}")
    if arguments.name is not None and not arguments.name.isidentifier():
        raise InputError(f"-o {arguments.name!r} cannot be a variable's name.")
    session = magics.session()
    if session is None:
        raise LoginRequired("There is no login to pull with.")
    table = getattr(session, entry.name)(**asked)
    if arguments.name is None:
        return table
    magics.shell.push({arguments.name: table})
    return None


def complete(text_until_cursor: str, symbol: str) -> list[str]:
    """What Tab offers after %tiktok_pull."""
    from tts_notebook.data.catalogue import TABLES

    words = words_before(text_until_cursor, symbol)
    if not words:
        return [name for name in TABLES if name.startswith(symbol)]
    entry = TABLES.get(words[0])
    if entry is None:
        return []
    if words[-1] == "--by":
        return [value for value in entry.by if value.startswith(symbol)]
    if words[-1] == "--status":
        return [value for value in entry.statuses if value.startswith(symbol)]
    offered = [option for option in _OPTIONS if option.removeprefix("--") in entry.options]
    return [option for option in [*offered, "-o"] if option.startswith(symbol) and option not in words]


def _parse(line: str) -> Namespace:
    words = split_line(line)
    if not words:
        raise InputError("Name a table, such as %tiktok_pull orders --since 30d -o orders.")
    refuse_unknown_options("%tiktok_pull", words[1:], [*_OPTIONS, "-o"])
    return build_parser().parse_args(words)


def _asked(arguments: Namespace) -> dict[str, Any]:
    names = [option.removeprefix("--") for option in _OPTIONS]
    asked = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    for name in _SEVERAL:
        if name in asked:
            asked[name] = [part.strip() for part in asked[name].split(",") if part.strip()]
    return asked
