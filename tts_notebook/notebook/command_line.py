"""What may be written after %tiktok_auth: verbs, options, help, completion, and words for a slip."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from tts_notebook.app import AUTHORIZE_URLS, DEFAULT_PORT
from tts_notebook.errors import InputError

_PROFILE = "name of the login on this machine (TTS_PROFILE, else default)"

VERBS = {
    "login": "start a login, or adopt the stored one, and put the session into the notebook",
    "wait": "wait for the pending login",
    "cancel": "cancel the pending login and free its port",
    "paste": "finish a login with the address, query string or code that the browser shows",
    "status": "where the login stands; asks nobody",
    "refresh": "renew the access token now",
    "panel": "show the panel",
    "profiles": "list the profiles on this machine, or switch to one, or rename one",
    "configure": "set app_key, app_secret, service_id and market by prompts",
    "logout": "forget the tokens of a profile on this machine",
    "help": "show this help",
}


class Parser(argparse.ArgumentParser):
    """An argparse parser that answers a slip with a sentence, and never ends the kernel."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting."""
        raise InputError(f"{message[:1].upper()}{message[1:]}.", next_step="%tiktok_auth help lists what there is.")


def build_parser() -> Parser:
    """The parser of the whole line after %tiktok_auth."""
    parser = Parser(prog="%tiktok_auth", description="Log this notebook in to TikTok Shop.", add_help=False)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    made = {
        name: verbs.add_parser(name, help=words, description=words, add_help=False) for name, words in VERBS.items()
    }
    _add_login_options(made["login"])
    for name in ("wait", "cancel", "paste", "status", "refresh", "panel", "configure", "logout"):
        made[name].add_argument("--profile", metavar="P", help=_PROFILE)
    made["wait"].add_argument("--timeout", metavar="S", help="seconds to wait here at the most")
    made["profiles"].add_argument("--use", metavar="P", help="what the next lines without --profile are about")
    made["profiles"].add_argument("--rename", nargs=2, metavar=("OLD", "NEW"), help="give a profile another name")
    made["status"].add_argument("--json", action="store_true", help="as JSON, tokens left out")
    return parser


def _add_login_options(login: argparse.ArgumentParser) -> None:
    add = login.add_argument
    add("--sandbox", action="store_true", help="a TikTok Shop of our own on this machine, no account needed")
    add("--profile", metavar="P", help=_PROFILE)
    add("--as", dest="name", metavar="NAME", default="tts", help="name of the session's variable (tts)")
    add("--port", metavar="N", help=f"port of the redirect URI ({DEFAULT_PORT})")
    add("--timeout", metavar="S", default="300", help="seconds that the seller has (300)")
    add("--wait", action="store_true", help="block until done, raise on failure")
    add("--force", action="store_true", help="a new login although a token is stored")
    add("--switch-seller", action="store_true", help="hand the profile over if another seller signs in")
    add("--overwrite", action="store_true", help="replace a variable of that name that is not ours")
    add("--token-file", metavar="PATH", help="keep the token there, as TikTok Shop's own response JSON")
    add("--market", metavar="MARKET", help=f"which authorization page: {' or '.join(AUTHORIZE_URLS)}")
    add("--proxy", metavar="URL", help="proxy for our calls; never used for this machine")
    add("--approve", action="store_true", help="sandbox only: consents by itself")
    add("--browser", action="store_true", help="also open the system's browser: local desktop only")


def parse_line(line: str) -> argparse.Namespace:
    """Read the line after %tiktok_auth.

    Raises:
        InputError: with the closest verb or option to what was written.
    """
    words = split_line(line)
    if not words:
        return argparse.Namespace(verb="")
    verb, *options = words
    if verb not in VERBS:
        raise InputError(f"There is no verb {verb!r}.{closest(verb, list(VERBS))}")
    refuse_unknown_options(verb, options, options_of(verb))
    return build_parser().parse_args(words)


def split_line(line: str) -> list[str]:
    """The words of a magic's line; a quoted one may hold spaces."""
    try:
        return shlex.split(line, posix=os.name != "nt")
    except ValueError:
        raise InputError("A quotation mark is not closed.") from None


def refuse_unknown_options(what: str, words: Sequence[str], known: Sequence[str]) -> None:
    """Say which option is not known, and the closest one, before argparse calls it unrecognized."""
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("--") and name not in known:
            raise InputError(f"{what} has no option {name}.{closest(name, known)}")


def words_before(text_until_cursor: str, symbol: str) -> list[str]:
    """The complete words between the magic's name and the one that Tab is to complete."""
    words = text_until_cursor.split()[1:]
    return words[:-1] if symbol else words


def closest(word: str, known: Sequence[str]) -> str:
    """The hint behind a slip: the nearest known word, else all of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f" Did you mean {near[0]}?"
    return f" There are: {', '.join(known)}." if known else ""


def options_of(verb: str) -> list[str]:
    """The options of a verb, for completion and hints."""
    verbs = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return [option for action in verbs.choices[verb]._actions for option in action.option_strings]


def help_text(verb: str = "") -> str:
    """What %tiktok_auth? and %tiktok_auth help show."""
    parser = build_parser()
    verbs = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    if verb:
        return str(verbs.choices[verb].format_help())
    details = "\n".join(verbs.choices[name].format_help() for name in ("login", "status", "profiles"))
    return f"{parser.format_help()}\n{details}"


def whole_number(text: str | None, what: str) -> int | None:
    """Read an option that is a whole number."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{what} is {text!r}: give a whole number.") from None


def seconds(text: str) -> float:
    """Read an option that is a number of seconds; what range it may have is checked where it is used."""
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--timeout is {text!r}: give a number of seconds, such as 300.") from None


def complete(text_until_cursor: str, symbol: str, profiles: Sequence[str]) -> list[str]:
    """What Tab offers after %tiktok_auth."""
    words = words_before(text_until_cursor, symbol)
    if not words:
        return [verb for verb in VERBS if verb.startswith(symbol)]
    if words[0] not in VERBS:
        return []
    if words[-1] in ("--profile", "--use", "--rename"):
        return [name for name in profiles if name.startswith(symbol)]
    if words[-1] == "--market":
        return [market for market in AUTHORIZE_URLS if market.startswith(symbol)]
    return [option for option in options_of(words[0]) if option.startswith(symbol) and option not in words]
