"""What an accessor's arguments may be, and sentences for what they may not be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from tts_notebook.api.shops import Shop, find_shop
from tts_notebook.errors import InputError

# what nobody means is refused rather than waited for: less than one request a day
_RATES = 1 / 86_400, 1_000_000.0


def one_of(name: str, given: Any, known: Sequence[str]) -> str:
    """Return the known word that was given, in whatever case.

    Raises:
        InputError: with the closest known word, or all of them.
    """
    folded = {word.casefold(): word for word in known}
    text = given.strip().casefold() if isinstance(given, str) else ""
    if text in folded:
        return folded[text]
    close = difflib.get_close_matches(text, folded, n=1)
    hint = f"Did you mean {folded[close[0]]!r}?" if close else f"It can be: {', '.join(known)}."
    raise InputError(f"{name}={given!r} is not known.", next_step=hint)


def choose_words(name: str, given: Any, known: Sequence[str]) -> tuple[str, ...]:
    """Return the known words that were given, one or several, each once."""
    return tuple(dict.fromkeys(one_of(name, value, known) for value in _several(name, given)))


def choose_statuses(given: Any, known: Sequence[str]) -> tuple[str, ...]:
    """Return the statuses asked for; none means all.

    A status that is not known is refused, because a misspelt one would look like a
    shop without such orders.
    """
    return () if given is None else choose_words("status", given, known)


def choose_shops(granted: Sequence[Shop], given: Any) -> tuple[Shop, ...]:
    """Return the shops asked for, each once; None means all that are granted.

    Raises:
        InputError: a shop is not among the granted ones, which are named.
    """
    if given is None:
        if not granted:
            raise InputError("This login covers no shop.", next_step="Run %tiktok_auth login --force.")
        return tuple(granted)
    values = [given] if isinstance(given, Shop) else _several("shops", given)
    for value in values:
        if not isinstance(value, Shop | str):
            raise InputError(f"shops={value!r} is not a shop. Give its id (as text), code, name or region.")
    return tuple(dict.fromkeys(find_shop(granted, value) for value in values))


def choose_rate(given: Any) -> float | None:
    """Return a cap of requests per second, or None for none."""
    if given is None:
        return None
    number = isinstance(given, int | float) and not isinstance(given, bool)
    least, most = _RATES
    if not number or not least <= given <= most:
        raise InputError(f"max_rate={given!r} is not a number of requests per second, such as 5 or 0.5.")
    return float(given)


def _several(name: str, given: Any) -> list[Any]:
    values = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    if not values:
        raise InputError(f"{name} is empty. Leave it out to get all.")
    return values
