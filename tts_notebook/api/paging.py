"""Walk a list page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tts_notebook.errors import TransportError

MAX_PAGES = 100_000  # ten million orders: far more than a shop has, and an end for a server that never stops


def walk(fetch_page: Callable[[str], Any], path: str, *, max_pages: int = MAX_PAGES) -> Iterator[dict[str, Any]]:
    """Yield each page's `data` until TikTok Shop names no next page.

    Args:
        fetch_page: Gets the page for a page_token, the first for an empty one.
        path: For the message when something is wrong.
        max_pages: How many pages are asked for at the most.

    Raises:
        TransportError: a page holds no data, a page_token comes twice, or there are too many pages.
    """
    token, seen = "", {""}
    for number in range(1, max_pages + 1):
        data = fetch_page(token)
        if not isinstance(data, dict):
            raise TransportError(
                f"{path} said success but sent no data for page {number}, so the list would have a gap."
            )
        yield data
        token = data.get("next_page_token") or ""
        if not token:
            return
        if token in seen:
            raise TransportError(f"{path} named the same next page twice (after page {number}).")
        seen.add(token)
    raise TransportError(f"{path} still has more after {max_pages} pages.", next_step="Ask for a shorter period.")
