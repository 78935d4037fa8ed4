"""How many examples are tried: as many as a test says, or a quarter with `--hypothesis-profile=few`."""

from __future__ import annotations

from hypothesis import settings

ALL = settings.default.max_examples
settings.register_profile("few", max_examples=ALL // 4)


def examples(number: int) -> int:
    """Return how many examples this run tries of a property that is worth so many."""
    return max(number * settings.default.max_examples // ALL, 8)


def some(row: range) -> range:
    """Return the numbers of a row that this run tries: all of them, or each fourth."""
    return row[:: ALL // settings.default.max_examples]
