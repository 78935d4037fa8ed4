"""Page: what the seller's browser tab shows after the redirect, and how it is written as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Page:
    """What the seller's browser tab shows after the redirect.

    Attributes:
        status: HTTP status.
        headline: One short sentence.
        lines: What we know and what to do next, a paragraph each.
        mark: A sign beside the headline, so that the outcome is not told by colour alone.
    """

    status: int
    headline: str
    lines: tuple[str, ...] = ()
    mark: str = ""


def render(page: Page) -> str:
    """The page as HTML: no script, nothing loaded, light and dark."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in page.lines)
    mark = f'<span class="mark" aria-hidden="true">{escape(page.mark)}</span> ' if page.mark else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{escape(page.headline)}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; display: grid; place-items: center; min-height: 100vh;
  background: light-dark(#f6f6f7, #17181a); color: light-dark(#1c1d1f, #ececee) }}
main {{ max-width: 34rem; margin: 1rem; padding: 2rem 2.25rem; border-radius: 12px;
  background: light-dark(#fff, #222326); border: 1px solid light-dark(#dcdde0, #3a3b3f) }}
h1 {{ font-size: 1.4rem; line-height: 1.3; margin: 0 0 .75rem }}
p {{ margin: .5rem 0 }}
footer {{ margin-top: 1.5rem; font-size: .85rem; opacity: .75 }}
</style></head><body><main><h1>{mark}{escape(page.headline)}</h1>{lines}
<footer>tts_notebook, on this computer</footer></main></body></html>"""
