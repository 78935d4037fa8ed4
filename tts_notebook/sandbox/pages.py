"""The pages people see: plain HTML without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .catalogue import Seller
from .scopes import SCOPES
from .settings import RegisteredApp

_STYLE = """
:root { color-scheme: light dark; --back: #f3f4f6; --card: #fff; --text: #14171c; --soft: #59616e;
  --line: #d9dde3; --brand: #0b6b74; --on-brand: #fff; --mark: #fff3cf; --on-mark: #5c4300; --pick: #e8f4f5; }
@media (prefers-color-scheme: dark) { :root { --back: #101317; --card: #1a1e24; --text: #eceff3;
  --soft: #a6afbb; --line: #353c46; --brand: #5cc4cf; --on-brand: #06282c; --mark: #3a2f10;
  --on-mark: #ffdf8c; --pick: #17313a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--back); color: var(--text);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.note { margin: 0; padding: .5rem 1rem; background: var(--mark); color: var(--on-mark); text-align: center;
  font-size: .9rem; }
main { max-width: 43rem; margin: 1.5rem auto; padding: 0 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.5rem 1.75rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .05), 0 10px 30px rgb(0 0 0 / .06); }
.who { display: flex; align-items: center; gap: .9rem; }
.badge { flex: none; width: 2.75rem; height: 2.75rem; border-radius: 12px; background: var(--brand);
  color: var(--on-brand); display: grid; place-items: center; font-weight: 700; font-size: 1.2rem; }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0; }
h2, legend { font-size: .95rem; font-weight: 650; margin: 0 0 .5rem; padding: 0; }
p { margin: .5rem 0 0; }
.soft { color: var(--soft); font-size: .9rem; }
fieldset { border: 0; margin: 1.2rem 0 0; padding: 0; min-width: 0; }
.sellers { display: grid; grid-template-columns: 1fr 1fr; gap: .6rem; }
.sellers label { display: flex; gap: .7rem; align-items: flex-start; padding: .55rem .8rem;
  border: 1px solid var(--line); border-radius: 10px; cursor: pointer; }
.sellers label:has(:checked) { border-color: var(--brand); background: var(--pick); }
.sellers input { margin: .3rem 0 0; accent-color: var(--brand); }
.sellers b { display: block; font-weight: 600; }
section { margin-top: 1.2rem; }
ul { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: 1fr 1fr; gap: .3rem 1.2rem; }
li { padding-left: 1.4rem; position: relative; font-size: .93rem; }
li::before { content: "✓"; position: absolute; left: .1rem; color: var(--brand); font-weight: 700; }
.buttons { display: flex; gap: .75rem; margin-top: 1.4rem; }
button { font: inherit; font-weight: 650; padding: .65rem 1.6rem; border-radius: 10px; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: inherit; }
button.yes { flex: 1; background: var(--brand); border-color: var(--brand); color: var(--on-brand); }
button:hover { filter: brightness(1.06); }
:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }
@media (max-width: 36rem) { ul, .sellers { grid-template-columns: 1fr; } .buttons { flex-direction: column; }
  main { margin: 1rem auto; } .card { padding: 1.25rem; } }
"""


def consent_page(
    app: RegisteredApp, sellers: Iterable[Seller], chosen: str, scopes: Iterable[str], redirect_host: str
) -> str:
    """Return the page on which a seller says yes or no. The form posts to the page's own URL."""
    wishes = "".join(f"<li>{escape(SCOPES[scope])}</li>" for scope in scopes)
    return _page(
        f"Authorize {app.name}",
        f"""<div class="who"><span class="badge" aria-hidden="true">{escape(app.name[:1])}</span>
<h1>{escape(app.name)} asks to read your shop's data</h1></div>
<form method="post">
{_seller_choice(sellers, chosen, "Sign in as")}
<section><h2 id="wishes">It will be able to read</h2>
<ul aria-labelledby="wishes">{wishes}</ul></section>
<div class="buttons">
<button class="yes" name="decision" value="authorize">Authorize</button>
<button name="decision" value="cancel">Cancel</button>
</div>
</form>
<p class="soft">Either way you go back to <b>{escape(redirect_host)}</b>. You can end an authorization at any time
in Seller Center.</p>""",
    )


def seller_center_page(app: RegisteredApp, sellers: Iterable[Seller], chosen: str) -> str:
    """Return the page from which a seller starts without the app: its redirect has no state."""
    action = escape(f"/open/authorize?service_id={app.service_id}")
    return _page(
        "Seller Center",
        f"""<h1>Seller Center</h1>
<p class="soft">Authorize an app from here, without starting in the app. The app then gets no
<code>state</code>, as from the real Seller Center.</p>
<form method="post" action="{action}">
{_seller_choice(sellers, chosen, "Signed in as")}
<section><h2>{escape(app.name)}</h2><p class="soft">Service {escape(app.service_id)}</p></section>
<div class="buttons"><button class="yes" name="decision" value="authorize">Authorize {escape(app.name)}</button></div>
</form>""",
    )


def message_page(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def _seller_choice(sellers: Iterable[Seller], chosen: str, legend: str) -> str:
    rows = "".join(
        f'<label><input type="radio" name="seller" value="{escape(seller.key)}"'
        f"{' checked' if seller.key == chosen else ''}><span><b>{escape(seller.name)}</b>"
        f'<span class="soft">{escape(seller.about)}</span></span></label>'
        for seller in sellers
    )
    return f'<fieldset><legend>{escape(legend)}</legend><div class="sellers">{rows}</div></fieldset>'


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Sandbox</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<p class="note" role="note"><b>Sandbox</b> · not the real TikTok Shop. Every seller and order here is made up.</p>
<main><div class="card">
{content}
</div></main>
</body>
</html>
"""
