"""The panel: shows a view with ipywidgets, and reports clicks. What is shown is its hands' to know."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from html import escape
from typing import Any, Protocol

import ipywidgets
from IPython.display import display, publish_display_data
from traitlets import Unicode

from tts_notebook.errors import TTSError
from tts_notebook.notebook.view import Situation, View, text_of, view_of

# kept in saved files beside the widget: it names no link, no state and nobody
TEXT_TWIN = "TikTok Shop sign-in panel. Run %tiktok_auth status to see where the login stands."
SETTLED_HINT = "As of the moment of the sign-in. %tiktok_auth panel shows what is the case now, with its buttons."
_TICK_SECONDS = 1.0
_FACTS_EVERY = 30  # ticks; a countdown moves each second, "in 6 days" does not

_STYLE = """<style>
.tts-panel { border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 8px; padding: 12px 16px;
  max-width: 46rem; color: var(--jp-ui-font-color1, inherit); background: var(--jp-layout-color1, transparent) }
.tts-panel .tts-headline { font-size: 15px; font-weight: 600; line-height: 1.5 }
.tts-panel .tts-line { line-height: 1.5; margin: 2px 0 }
.tts-panel a.tts-link { display: inline-block; margin: 8px 0 4px; padding: 6px 16px; border-radius: 6px;
  background: #0b57d0; color: #fff !important; text-decoration: none; font-weight: 600 }
.tts-panel a.tts-link:focus-visible { outline: 3px solid var(--jp-ui-font-color1, #000); outline-offset: 2px }
.tts-panel a.tts-cancel { color: inherit; text-decoration: underline }
.tts-panel .tts-fact { display: grid; grid-template-columns: 9.5rem 1fr; gap: 12px; line-height: 1.4; margin: 5px 0 }
.tts-panel .tts-fact span:first-child { color: var(--jp-ui-font-color2, inherit) }
</style>"""


class _PasteBox(ipywidgets.Text):  # type: ignore[misc]  # ipywidgets is untyped
    """Takes an address that holds a code: not echoed to other front-ends, sent when it is complete."""

    value = Unicode("").tag(sync=True, echo_update=False)


class Hands(Protocol):
    """What a panel sees and does for one connection. Every method may be called from any thread."""

    def situation(self) -> Situation: ...
    def cancel(self) -> None: ...
    def paste(self, text: str) -> None: ...
    def refresh(self) -> None: ...
    def keep_fresh(self, on: bool) -> None: ...
    def switch_seller(self) -> None: ...
    def logout(self) -> None: ...
    def use_shop(self, shop_id: str) -> None: ...
    def load_shops(self) -> None: ...
    def of_profile(self, profile: str, on_change: Callable[[], None]) -> Hands: ...


class Panel:
    """One panel. It shows what its hands see, and reports clicks to them."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._lock = threading.Lock()  # one writer at a time, from whichever thread
        self._writer: int | None = None  # the thread that sets traits now: what it changes is nobody's click
        self._busy: dict[str, threading.Lock] = {}  # by control: Cancel must not wait for a paste
        self._closed = threading.Event()
        self._shown: list[str] = []  # display ids of what is on screen and alive
        self._ticks = 0
        self._said = ""
        self._style = ipywidgets.HTML(_STYLE)
        self._headline, self._link, self._cancel_link, self._facts, self._message = (
            ipywidgets.HTML() for _ in range(5)
        )
        self._make_buttons()
        self._make_paste_box()
        self._make_choices()
        self._box = ipywidgets.VBox(
            [
                self._style,
                self._headline,
                self._link,
                self._facts,
                ipywidgets.HBox([self._cancel, self._cancel_link, self._switch, self._refresh, self._logout]),
                self._choices,
                self._paste,
                self._message,
            ]
        )
        self._box.add_class("tts-panel")
        _answer_in_any_shell(_with_children(self._box))
        self._ticker = threading.Thread(target=self._tick, name="tts_notebook panel", daemon=True)
        self.update()

    def _make_buttons(self) -> None:
        self._cancel = self._button("Cancel sign-in", "End this sign-in and free its port", "cancel")
        self._switch = self._button(
            "Switch seller", "Hand this profile over to the seller who signed in", "switch_seller"
        )
        self._refresh = self._button("Refresh now", "Renew the access token now", "refresh")
        self._logout = self._button("Log out", "Forget the tokens of this profile on this machine", "logout")

    def _make_paste_box(self) -> None:
        self._address = _PasteBox(
            placeholder="https://…?code=…&state=…",
            description="Address",
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "26rem"},
            tooltip="The address of the page that the browser shows after Authorize, if the panel does not react",
        )
        self._address.observe(self._pasted, "value")
        # a click leaves the box, and that is what sends its text
        use = ipywidgets.Button(description="Use address", tooltip="Finish the sign-in with the pasted address")
        hint = (
            "If the page after Authorize does not load, copy its address and paste it here. "
            "Should nothing happen while a cell is running, stop that cell."
        )
        self._paste = ipywidgets.VBox(
            [ipywidgets.HTML(f'<div class="tts-line">{hint}</div>'), ipywidgets.HBox([self._address, use])]
        )

    def _make_choices(self) -> None:
        wide = {"description_width": "initial"}
        self._fresh = ipywidgets.Checkbox(description="Keep renewed while idle", indent=False, layout={"width": "auto"})
        self._shop = ipywidgets.Dropdown(description="Shop for calls", style=wide)
        self._profile = ipywidgets.Dropdown(description="Profile", style=wide)
        self._fresh.observe(self._chosen("fresh", lambda value: self._hands.keep_fresh(value)), "value")
        self._shop.observe(self._chosen("shop", lambda value: self._hands.use_shop(value)), "value")
        self._profile.observe(self._chosen("profile", self._use_profile), "value")
        self._choices = ipywidgets.HBox([self._fresh, self._shop, self._profile])

    def show(self) -> None:
        """Display it in the cell that runs now, and follow the login from now on."""
        # not before: a stop while the panel is made would leave a thread that nobody knows to end
        if self._ticker.ident is None:
            self._ticker.start()
        view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        # the text is given here, because a widget's own would spell its link out in the saved file
        bundle = {"application/vnd.jupyter.widget-view+json": view, "text/plain": TEXT_TWIN}
        shown = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython is partly typed
        self._shown.append(shown.display_id)
        self.update()
        if self._hands.situation().connected:
            threading.Thread(target=self._load_shops, name="tts_notebook shops", daemon=True).start()

    def settle(self) -> None:
        """Replace what was shown by a picture of it that needs no kernel: a reopened notebook stays readable.

        By display id, so any thread may call it.
        """
        view = view_of(self._hands.situation(), datetime.now(UTC))
        bundle = {"text/html": _settled_html(view), "text/plain": text_of(view)}
        while self._shown:
            publish_display_data(bundle, transient={"display_id": self._shown.pop()}, update=True)  # type: ignore[no-untyped-call]

    def update(self) -> None:
        """Show what is the case now. Any thread may call it: traits are set, and nothing else is done."""
        with self._lock:
            if not self._closed.is_set():
                situation = self._hands.situation()
                self._writer = threading.get_ident()
                try:
                    self._write(view_of(situation, datetime.now(UTC)))
                    self._write_choices(situation)
                finally:
                    self._writer = None

    def close(self) -> None:
        """Stop following the login, and leave a last, linkless state behind. Safe to call twice."""
        self.update()
        self._closed.set()
        if self._ticker.is_alive() and threading.current_thread() is not self._ticker:
            self._ticker.join(2)
        with self._lock:
            self._link.value = self._cancel_link.value = ""
            for widget in _with_children(self._box):
                widget.close()

    def _write(self, view: View) -> None:
        _set(self._headline, _headline_html(view))
        _set(self._link, _link_html(view.link))
        _set(self._cancel_link, _cancel_html(view.cancel_link))
        _set(self._facts, _facts_html(view))
        _set(self._message, f'<div class="tts-line" role="alert">{escape(self._said)}</div>' if self._said else "")
        for widget, shown in (
            (self._cancel, view.can_cancel),
            (self._refresh, view.can_refresh),
            (self._logout, view.can_refresh),
            (self._choices, view.can_refresh),
            (self._switch, bool(view.can_switch)),
            (self._paste, view.can_paste),
        ):
            _show_or_hide(widget, shown)
        if view.can_switch:
            self._switch.description = f"Use {view.can_switch} in this profile"

    def _write_choices(self, situation: Situation) -> None:
        if self._fresh.value != situation.auto_refresh:
            self._fresh.value = situation.auto_refresh
        shops = [("none chosen", ""), *((words, shop_id) for shop_id, words in situation.shops)]
        _choose(self._shop, shops, situation.shop)
        _show_or_hide(self._shop, len(situation.shops) > 1)
        names = sorted({*situation.profiles, situation.profile})
        _choose(self._profile, [(name, name) for name in names], situation.profile)
        _show_or_hide(self._profile, len(names) > 1 and not situation.sandbox)

    def _tick(self) -> None:
        while not self._closed.wait(_TICK_SECONDS):
            self._ticks += 1
            if self._hands.situation().url or self._ticks % _FACTS_EVERY == 0:
                self.update()

    def _pasted(self, change: Any) -> None:
        text = change["new"]
        if not text:
            return
        self._address.value = ""  # at once: what a front-end shows is saved with the notebook
        self._work("paste", lambda: self._hands.paste(text))

    def _chosen(self, control: str, act: Callable[[Any], object]) -> Callable[[Any], None]:
        """The observer of a choice: what this panel itself wrote is not a choice."""

        def observe(change: Any) -> None:
            if self._writer != threading.get_ident():
                self._work(control, lambda: act(change["new"]))

        return observe

    def _use_profile(self, profile: str) -> None:
        self._hands = self._hands.of_profile(profile, self.update)

    def _load_shops(self) -> None:
        with suppress(TTSError):  # without the scope for it there is nothing to choose from
            self._hands.load_shops()
            self.update()

    def _work(self, control: str, action: Callable[[], object]) -> None:
        """Do what a click asks in a thread, once however often it is clicked; ipywidgets would hide errors."""
        threading.Thread(target=self._do, args=(control, action), name="tts_notebook click", daemon=True).start()

    def _do(self, control: str, action: Callable[[], object]) -> None:
        busy = self._busy.setdefault(control, threading.Lock())
        if not busy.acquire(blocking=False):
            return
        try:
            self._said = ""
            action()
        except TTSError as problem:
            self._said = str(problem)
        finally:
            busy.release()
            self.update()

    def _button(self, words: str, explained: str, action: str) -> Any:
        button = ipywidgets.Button(description=words, tooltip=explained, layout={"width": "auto"})
        button.on_click(lambda _: self._work(action, getattr(self._hands, action)))
        return button


def _with_children(widget: Any) -> Iterator[Any]:
    for child in getattr(widget, "children", ()):
        yield from _with_children(child)
    yield widget


def _answer_in_any_shell(widgets: Iterator[Any]) -> None:
    """Let clicks through while a cell runs on ipykernel 7.4, as 7.3 does where the front-end has a subshell.

    7.4 hands what the front-end says to the shell that last wrote to the widget, whatever the front-end asked
    for. That is the main shell, which the running cell blocks. The handlers here may run in any thread.
    """
    for widget in widgets:
        if hasattr(widget.comm, "_reply_subshell_for"):
            widget.comm._reply_subshell_for = None


def _show_or_hide(widget: Any, shown: bool) -> None:
    display_now = None if shown else "none"
    if widget.layout.display != display_now:
        widget.layout.display = display_now


def _choose(dropdown: Any, options: list[tuple[str, str]], value: str) -> None:
    if list(dropdown.options) != options:
        dropdown.options = options
    if dropdown.value != value and value in {key for _, key in options}:
        dropdown.value = value


def _set(widget: Any, value: str) -> None:
    if widget.value != value:
        widget.value = value


def _headline_html(view: View) -> str:
    lines = "".join(f'<div class="tts-line">{escape(line)}</div>' for line in view.lines)
    mark = f'<span aria-hidden="true">{escape(view.mark)}</span>'
    return f'<div class="tts-headline" role="status">{mark} {escape(view.headline)}</div>{lines}'


def _link_html(link: str | None) -> str:
    if link is None:
        return ""
    # a plain prepared link: needs no comm, no pop-up permission and no browser on the kernel's machine
    return f'<a class="tts-link" {_new_tab(link)}>Sign in to TikTok Shop (opens a new tab)</a>'


def _cancel_html(link: str | None) -> str:
    return "" if link is None else f'or <a class="tts-cancel" {_new_tab(link)}>cancel by link</a> if a cell is running'


def _new_tab(link: str) -> str:
    return f'href="{escape(link, quote=True)}" target="_blank" rel="noopener noreferrer"'


def _settled_html(view: View) -> str:
    """The panel without controls, in the classes of the live one; readable also where a front-end drops its style."""
    hint = f'<div class="tts-line">{escape(SETTLED_HINT)}</div>'
    content = f"{_headline_html(view)}{_facts_html(view)}{hint}"
    return f'{_STYLE}<div class="tts-panel"><div class="widget-html-content">{content}</div></div>'


def _facts_html(view: View) -> str:
    # plain blocks: front-ends give tables and definition lists a dress of their own
    return "".join(
        f'<div class="tts-fact"><span>{escape(label)}:</span> <span>{escape(value)}</span></div>'
        for label, value in view.facts
    )
