"""What a person reads: a login's situation -> headline, link and facts; and the browser's last page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from tts_notebook.auth.flow import Stage
from tts_notebook.auth.page import Page

SCOPES_IN_WORDS = {  # in the order in which they are shown
    "seller.order.info": "orders",
    "seller.finance.info": "finance (statements, payments, withdrawals)",
    "seller.product.basic": "products and stock",
    "seller.fulfillment.basic": "packages and tracking",
    "seller.logistics": "warehouses and delivery options",
    "seller.return_refund.basic": "returns and cancellations",
    "seller.promotion.info": "promotions",
    "data.shop_analytics.public.read": "shop analytics",
    "data.bestselling.public.read": "bestselling lists",
    "seller.shop.info": "shop and seller status",
    "seller.authorization.info": "the list of shops",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that is shown about one profile, gathered at one moment.

    Attributes:
        url: The sign-in link while a login is pending, else empty.
        listening: Whether the redirect is received here; else its address must be pasted.
        notice: What happened meanwhile that did not end the login.
        problem: Why the last refresh or save failed.
        remote: The kernel's place, if the browser may be on another machine.
        other_seller: Who signed in although the profile belongs to somebody else.
        shops: Pairs of id and words of the shops that are known by now; `shop` is the chosen id.
        profiles: The profiles of this machine.
    """

    profile: str
    sandbox: bool = False
    stage: Stage = Stage.READY
    url: str = field(default="", repr=False)
    cancel_url: str = field(default="", repr=False)
    ends_at: datetime | None = None
    listening: bool = True
    failure: str = ""
    notice: str = ""
    seller: str = ""
    region: str = ""
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    where: str = ""
    last_refresh: datetime | None = None
    problem: str = ""
    remote: str = ""
    auto_refresh: bool = True
    other_seller: str = ""
    shops: tuple[tuple[str, str], ...] = ()
    shop: str = ""
    profiles: tuple[str, ...] = ()

    @property
    def connected(self) -> bool:
        """Whether there is a token, whatever a newer login is doing."""
        return self.expires_at is not None


@dataclass(frozen=True, slots=True)
class View:
    """What the panel shows, in words.

    Attributes:
        mark: A sign that repeats the headline's mood without colour.
        link: The address behind the sign-in link, None when there is nothing to open.
        facts: Pairs of label and value.
    """

    mark: str
    headline: str
    lines: tuple[str, ...] = ()
    link: str | None = field(default=None, repr=False)
    cancel_link: str | None = field(default=None, repr=False)
    facts: tuple[tuple[str, str], ...] = ()
    can_cancel: bool = False
    can_paste: bool = False
    can_refresh: bool = False
    can_switch: str = ""  # the seller that may take the profile over


def view_of(situation: Situation, now: datetime, zone: tzinfo | None = None) -> View:
    """Return what to show now, times in `zone` (default: this machine's)."""
    pending = situation.stage in (Stage.AWAITING_REDIRECT, Stage.AWAITING_TOKEN)
    facts = _facts(situation, now, zone) if situation.connected else ()
    headline, mark = _headline(situation, now)
    return View(
        mark=mark,
        headline=headline,
        lines=tuple(line for line in (*_lines(situation), situation.notice, situation.problem) if line),
        link=situation.url if situation.stage is Stage.AWAITING_REDIRECT and situation.url else None,
        cancel_link=situation.cancel_url or None,
        facts=facts,
        can_cancel=pending,
        can_paste=situation.stage is Stage.AWAITING_REDIRECT,
        can_refresh=situation.connected and not pending,
        can_switch=situation.other_seller,
    )


def text_of(view: View, *, link: bool = False) -> str:
    """The view as plain text; the link is left out unless asked for, because text is kept in files."""
    rows = [f"{view.mark} {view.headline}", *view.lines]
    if link and view.link:
        rows.append(f"Open this address to sign in: {view.link}")
    width = max((len(label) for label, _ in view.facts), default=0)
    rows += [f"  {label.ljust(width)}  {value}" for label, value in view.facts]
    return "\n".join(rows)


def moment(when: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """A time as people say it: local date and time, and how far away it is."""
    if when - now > timedelta(days=365 * 50):  # TikTok Shop writes "unlimited" as the year 2125
        return "no end set"
    local = when.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} ({distance(when - now)})"


def distance(delta: timedelta) -> str:
    """A span in its largest unit: "in 6 days", "3 minutes ago"."""
    seconds = abs(delta.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = int(seconds // size)
            words = f"{count} {unit}{'s' if count != 1 else ''}"
            return f"in {words}" if delta > timedelta(0) else f"{words} ago"
    return "now"


def countdown(left: timedelta) -> str:
    """Minutes and seconds that are left, "4:07"."""
    seconds = max(0, round(left.total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02}"


def scopes_in_words(scopes: Sequence[str]) -> str:
    """What the scopes allow, in a seller's words; one that we do not know keeps its name."""
    known = [words for scope, words in SCOPES_IN_WORDS.items() if scope in scopes]
    return "; ".join(known + [scope for scope in scopes if scope not in SCOPES_IN_WORDS]) or "nothing"


def _headline(situation: Situation, now: datetime) -> tuple[str, str]:
    of_sandbox = " (sandbox)" if situation.sandbox else ""
    match situation.stage:
        case Stage.AWAITING_REDIRECT:
            left = f" · {countdown(situation.ends_at - now)} left" if situation.ends_at else ""
            return f"Waiting for you to authorize the app{of_sandbox}{left}", "○"
        case Stage.AWAITING_TOKEN:
            return f"Authorized. Fetching the token{of_sandbox} …", "◔"
        case Stage.DENIED:
            return "The seller did not authorize the app", "✕"
        case Stage.FAILED:
            return "The sign-in failed", "✕"
        case Stage.CANCELLED:
            return "The sign-in was cancelled", "✕"
        case Stage.TIMED_OUT:
            return "Nobody answered the sign-in link in time", "✕"
    if not situation.connected:
        return f"Not signed in (profile {situation.profile})", "○"
    if situation.refresh_expires_at and situation.refresh_expires_at <= now:
        return f"The authorization of {situation.seller} has ended", "✕"
    return f"Connected as {situation.seller or 'a seller'}{of_sandbox}", "✓"


def _lines(situation: Situation) -> tuple[str, ...]:
    still = (f"The earlier login of {situation.seller} goes on serving this notebook.",) if situation.connected else ()
    match situation.stage:
        case Stage.AWAITING_REDIRECT if situation.listening and situation.remote:
            return (
                f"Open the link, choose your shop and press Authorize. This kernel runs {situation.remote}: if "
                "the page after Authorize does not load, use the box below.",
                *still,
            )
        case Stage.AWAITING_REDIRECT if situation.listening:
            return ("Open the link, choose your shop and press Authorize. Then come back here.", *still)
        case Stage.AWAITING_REDIRECT:
            return (
                "Open the link and press Authorize. Your app sends the browser to a page elsewhere: copy that "
                "page's address and paste it below.",
                *still,
            )
        case Stage.DENIED | Stage.FAILED | Stage.TIMED_OUT | Stage.CANCELLED:
            return (situation.failure, *still)
    if not situation.connected:
        return ("Run %tiktok_auth login, or %tiktok_auth login --sandbox to try without an account.",)
    return ()


def _facts(situation: Situation, now: datetime, zone: tzinfo | None) -> tuple[tuple[str, str], ...]:
    facts = [("Seller", f"{situation.seller} ({situation.region})" if situation.region else situation.seller)]
    facts.append(("May read", scopes_in_words(situation.scopes)))
    if situation.expires_at:
        renewed = "renewed by itself" if situation.expires_at > now else "renewed at the next call"
        facts.append(("Access token until", f"{moment(situation.expires_at, now, zone)}, {renewed}"))
    if situation.refresh_expires_at:
        facts.append(("Authorized until", moment(situation.refresh_expires_at, now, zone)))
    if situation.last_refresh:
        facts.append(("Last renewed", moment(situation.last_refresh, now, zone)))
    facts.append(("Token kept", situation.where))
    facts.append(("Profile", situation.profile))
    return tuple(facts)


# -- the page that the browser tab shows after the redirect ---------------------------------


def connected_page(seller: str, *, sandbox: bool) -> Page:
    """The tab's page once the token is there."""
    where = "the sandbox, a TikTok Shop of made-up data on this computer" if sandbox else "TikTok Shop"
    return Page(
        200,
        f"Connected as {seller or 'a seller'}",
        (f"Your notebook is signed in to {where}.", "You can close this tab and go back to the notebook."),
        mark="✓",
    )


def cancelled_page() -> Page:
    """The tab's page after the cancel link."""
    return Page(200, "The sign-in was cancelled", ("You can close this tab.",), mark="✕")


def denied_page(reason: str) -> Page:
    """The tab's page after Cancel."""
    return Page(
        200,
        "Not connected",
        (reason, "Nothing was shared with the notebook. To try again, run %tiktok_auth login there."),
        mark="✕",
    )


def failed_page(reason: str) -> Page:
    """The tab's page when the token could not be had."""
    return Page(200, "The sign-in failed", (reason, "Your notebook says the same."), mark="✕")


def finished_page(stage: Stage) -> Page:
    """The tab's page when it is reloaded, or comes too late."""
    if stage is Stage.AWAITING_TOKEN:
        return Page(200, "One moment", ("Your notebook is already fetching the token.",), mark="◔")
    if stage is Stage.AUTHORIZED:
        return Page(200, "Already connected", ("You can close this tab and go back to your notebook.",), mark="✓")
    return Page(
        200,
        "This sign-in has ended",
        ("It was cancelled, or it waited too long. Run %tiktok_auth login in your notebook for a new link.",),
        mark="✕",
    )


def stray_page(*, without_state: bool) -> Page:
    """The tab's page for a redirect that is not this login's."""
    if without_state:
        return Page(
            400,
            "One more step",
            (
                "This sign-in was started in Seller Center, so we cannot tell that it belongs to your notebook.",
                "Go back to the notebook and open the sign-in link in its panel; or, if you have just authorized "
                "the app yourself, copy this page's address and paste it into the panel.",
            ),
            mark="!",
        )
    return Page(
        400,
        "This belongs to another sign-in",
        ("Your notebook goes on waiting. Open the sign-in link that its panel shows now.",),
        mark="!",
    )
