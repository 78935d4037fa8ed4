"""The command line: options in, one JSON line out, serving until standard input closes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import math
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any
from urllib.parse import urlsplit

from .catalogue import AGENCY_KEY, AGENCY_SIZES, MOST_SHOPS, SELLER_KEYS
from .faults import NAMES, parse_faults
from .parts import Parts, assemble
from .rhythm import DAYS, KINDS
from .router import Router
from .scopes import SCOPES
from .server import Server
from .settings import Behaviour, Settings

MAX_ORDERS = 1_000_000
MAX_DAYS = 3650
_ABOUT = """A TikTok Shop of its own, on this machine: consent page, token endpoints, signed API.

It prints one JSON line with its addresses and its app's credentials as soon as it listens, and
serves until its standard input closes (at once if it is closed already), SIGTERM or SIGINT."""
_CONTROL = """control (for tests; no key, as it listens on loopback and its data is made up):
  GET  /sandbox/stats      counters: requests by path, statuses, faults, token refreshes, throttled;
                           limits: let through and throttled by path, and the room there was since the first
  GET  /sandbox/discrepancies  the mistakes planted in the finances of each shop
  POST /sandbox/control    JSON object, content-type application/json, any of:
       rate_limit, rate_burst, rate_limit_moves, latency_ms, clock_offset_seconds, access_token_seconds,
       refresh_token_seconds (null: unlimited), refresh_grace_seconds, rotate, auto_approve, seller,
       redirect_uri, denied_scopes, inactive (list of SELLER or SELLER:REGION), ip_allow_list (list),
       hourly_quota (calls a shop, 0: none), faults (list as --fault), behaviour (object),
       expire_access_tokens (true), revoke_grants (true, or a seller's key), reset_stats (true),
       discrepancies (mistakes in the finances of each shop; the answer lists them),
       touch_orders and add_orders ({"count": N, "seller": KEY, "region": REGION})"""


def parser() -> argparse.ArgumentParser:
    """Return the parser; the switches of `Behaviour` become options of their own."""
    faults = "".join(f"\n  {name:<16} {what}" for name, what in NAMES.items())
    made = argparse.ArgumentParser(
        prog="python -m tts_notebook.sandbox",
        description=_ABOUT,
        epilog=f"faults, as NAME[:path=/…,every=N,first=N,after=N,times=N,seconds=S]:{faults}\n\n{_CONTROL}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add(
        "--port",
        type=int,
        choices=range(65_536),
        metavar="PORT",
        default=0,
        help="port to listen on; 0 picks a free one",
    )
    add("--redirect-uri", type=_address, default="http://localhost:3017/", help="the app's registered redirect URI")
    _add_world(made.add_argument_group("the world"))
    _add_authorization(made.add_argument_group("authorization"))
    _add_trouble(made.add_argument_group("limits and faults"))
    _add_behaviour(made.add_argument_group("open questions: what nobody could verify, the default first"))
    return made


def _add_world(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--orders", type=_orders, default=5000, help="orders of each seller, spread over its shops (default: 5000)")
    add("--days", type=_days, default=DAYS, metavar="N", help="the days over which they lie (default: %(default)s)")
    add("--rhythm", choices=KINDS, default=KINDS[0],
        help="how they lie there: daily with evenings, weekends and a sale; even; skewed: nine of ten "
        "within two hours; flash: within ten minutes (default: daily)")  # fmt: skip
    add("--shops", type=_shops, default=0, metavar="N",
        help="let there be a seller 'agency' with so many shops, which share its orders")  # fmt: skip
    add("--shop-sizes", choices=AGENCY_SIZES, default=AGENCY_SIZES[0], help="how its shops share them (default: even)")
    add("--products", type=_orders, default=0, metavar="N", help="products of each shop that never sold (default: 0)")
    add("--discrepancies", type=_whole, default=0, metavar="N",
        help="mistakes in the finances of each shop, told at GET /sandbox/discrepancies (default: 0)")  # fmt: skip
    add("--seed", type=_whole, default=1, help="the world and the app's credentials follow from it")
    add("--warm", action="store_true", help="encode the default seller's orders before listening (4 KB each)")
    add("--now", type=_whole, default=0, metavar="EPOCH",
        help="the moment at which the orders end (default: the start)")  # fmt: skip


def _add_authorization(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--auto-approve", action="store_true", help="answer the authorize URL with the redirect at once")
    add("--seller", default="", choices=("", *SELLER_KEYS, AGENCY_KEY), help="the default seller (default: gb)")
    add("--denied-scopes", type=_scopes, default=(), metavar="A,B", help="scopes left out of the grant")
    add("--rotate", action=argparse.BooleanOptionalAction, default=True, help="whether a refresh token is spent by use")
    add("--refresh-grace-seconds", type=_whole, default=0, help="how long a spent refresh token still works")
    add("--access-token-seconds", type=_whole, default=7 * 86_400, help="lifetime of access tokens (7 days)")
    add("--refresh-token-seconds", type=_seconds_or_unlimited, default=90 * 86_400,
        help="lifetime of authorizations (90 days), or 'unlimited': they end in the year 2125")  # fmt: skip
    add("--clock-offset-seconds", type=_number, default=0.0, help="how far the server's clock is ahead")


def _add_trouble(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--latency-ms", type=_number, default=0.0, help="added to every answer")
    add(
        "--rate-limit",
        type=_number,
        default=0.0,
        metavar="R",
        help="calls a second for each shop and endpoint; 0: none",
    )
    add("--rate-burst", type=_number, default=0.0, metavar="B", help="calls at once (default: one second's worth)")
    add("--rate-limit-moves", type=_seconds, default=0.0, metavar="S",
        help="let the limit halve after so many seconds, double after as many, and so on")  # fmt: skip
    add("--fault", action="append", default=[], dest="faults", help="a fault, see below; may be given again")


def _add_behaviour(group: argparse._ArgumentGroup) -> None:
    for switch in fields(Behaviour):
        if switch.name != "cipher":
            group.add_argument(_option(switch), choices=switch.metadata["choices"], default=switch.default,
                               help=switch.metadata["what"])  # fmt: skip
    add = group.add_argument
    add("--strict-cipher", dest="cipher", action="store_const", const="strict", default="strict",
        help="seller-level GETs refuse a shop_cipher, shop-level calls need one")  # fmt: skip
    add("--lenient-cipher", dest="cipher", action="store_const", const="lenient",
        help="neither, as long as the seller has one shop")  # fmt: skip


def _option(switch: Field[Any]) -> str:
    return "--" + switch.name.replace("_", "-")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _orders(text: str) -> int:
    if (orders := _whole(text)) > MAX_ORDERS:
        raise argparse.ArgumentTypeError(f"at most {MAX_ORDERS}")
    return orders


def _days(text: str) -> int:
    if not 1 <= (days := _whole(text)) <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"from 1 to {MAX_DAYS}")
    return days


def _shops(text: str) -> int:
    if (shops := _whole(text)) > MOST_SHOPS:
        raise argparse.ArgumentTypeError(f"at most {MOST_SHOPS}")
    return shops


def _seconds(text: str) -> float:
    if (seconds := _number(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return seconds


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number


def _address(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).netloc or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is not an address like http://localhost:3017/")
    return text


def _seconds_or_unlimited(text: str) -> int | None:
    return None if text == "unlimited" else _whole(text)


def _scopes(text: str) -> tuple[str, ...]:
    scopes = tuple(filter(None, text.split(",")))
    if unknown := set(scopes) - set(SCOPES):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(SCOPES)}")
    return scopes


def read_settings(arguments: Sequence[str] | None) -> Settings:
    """Return the settings of a command line; a mistake in it ends the program with a sentence."""
    made = parser()
    given = vars(made.parse_args(arguments))
    behaviour = Behaviour(**{switch.name: given.pop(switch.name) for switch in fields(Behaviour)})
    try:
        parse_faults(given["faults"])
        if given["seller"] == AGENCY_KEY and not given["shops"]:
            raise ValueError(f"--seller {AGENCY_KEY} needs --shops N")
    except ValueError as error:
        made.error(str(error))
    return Settings(**given | {"faults": tuple(given["faults"])}, behaviour=behaviour)


def description(parts: Parts, port: int) -> dict[str, str]:
    """Return what the one JSON line says."""
    host = parts.settings.host
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return {
        "authorize_url": f"{base}/open/authorize",
        "auth_base_url": base,
        "api_base_url": base,
        "app_key": parts.app.app_key,
        "app_secret": parts.app.app_secret,
        "service_id": parts.app.service_id,
    }


async def _run(parts: Parts) -> None:
    loop = asyncio.get_running_loop()
    server = Server(Router(parts), loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: there, Ctrl-C is a KeyboardInterrupt
            loop.add_signal_handler(number, server.stop)

    def announce(port: int) -> None:
        sys.stdout.write(json.dumps(description(parts, port)) + "\n")
        sys.stdout.flush()
        # a daemon thread that reads the descriptor itself: at exit it holds no lock of the interpreter
        threading.Thread(target=_watch_input, args=(loop, server), daemon=True).start()

    await server.serve(parts.settings.host, parts.settings.port, announce)


def _watch_input(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop may have ended first
        loop.call_soon_threadsafe(server.stop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until standard input closes or a signal arrives. Return the exit status."""
    settings = read_settings(arguments)
    # orders live as long as the process: with the usual thresholds a million of them is looked at again and again
    gc.set_threshold(100_000, 50, 100)
    try:
        asyncio.run(_run(assemble(settings)))
    except (KeyboardInterrupt, BrokenPipeError):  # Ctrl-C on Windows; nobody reads the one line
        return 0
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot listen on {settings.host}:{settings.port}: {error.strerror}.\n")
        return 1
    return 0
