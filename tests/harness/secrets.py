"""Canaries: the secrets of a test by name, and every place where one of them is found."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

# put into a kernel's folder and imported there: shows the newest error as its most talkative readers would
SNOOP = '''
import sys, traceback
from IPython import get_ipython

def look():
    """Print the last error and all that led to it: tracebacks with variables, and each frame's locals."""
    tracebacks, waiting, seen = get_ipython().InteractiveTB, [sys.last_value], set()
    tracebacks.set_mode("Verbose")
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        waiting += [error.__cause__, error.__context__]
        print(repr(error), str(error), vars(error), error.args, getattr(error, "__notes__", ()))
        print("\\n".join(tracebacks.structured_traceback(type(error), error, error.__traceback__)))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            print("FRAME", frame.f_code.co_name)
            for name, value in frame.f_locals.items():
                if frame.f_globals is not get_ipython().user_global_ns:
                    print("  ", name, repr(value)[:5000], str(getattr(value, "headers", "")))
'''


class Canaries:
    """Named secrets, looked for in every spelling in which programs write them down."""

    def __init__(self, **secrets: str) -> None:
        self._spellings = {name: _spellings_of(secret) for name, secret in secrets.items()}

    def found_in(self, content: str | bytes) -> list[str]:
        """Return the names of the secrets that the content holds."""
        data = content.encode(errors="surrogatepass") if isinstance(content, str) else content
        return [name for name, spellings in self._spellings.items() if any(s in data for s in spellings)]

    def around(self, content: str, width: int = 150) -> list[str]:
        """Return what stands around each first find, for a failing test's message."""
        places = []
        for spellings in self._spellings.values():
            for spelling in spellings:
                at = content.find(spelling.decode())
                if at >= 0:
                    places.append(content[max(0, at - width) : at + width])
        return places

    def files_below(self, folder: Path, *, except_for: Iterable[str] = ()) -> dict[str, list[str]]:
        """Return the files that hold a secret, with the names of those; databases and dot files included."""
        found = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in set(except_for) and (names := self.found_in(path.read_bytes())):
                found[str(path.relative_to(folder))] = names
        return found


def _spellings_of(secret: str) -> set[bytes]:
    plain = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {spelling.encode() for spelling in plain} | {b64encode(secret.encode()).rstrip(b"=")}
