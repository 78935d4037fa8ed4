"""How many examples hypothesis tries: as many as a test says, or a quarter with `--hypothesis-profile=few`."""

from __future__ import annotations

from hypothesis import settings

ALL = settings.default.max_examples
settings.register_profile("few", max_examples=ALL // 4)


def examples(number: int) -> int:
    """Return how many examples this run tries of a property that is worth so many."""
    return max(number * settings.default.max_examples // ALL, 8)
