from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tts_notebook.auth.flow import Stage
from tts_notebook.notebook.view import (
    Situation,
    connected_page,
    denied_page,
    distance,
    moment,
    stray_page,
    text_of,
    view_of,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
URL = "http://127.0.0.1:1/open/authorize?service_id=7&state=st4te-canary"
WAITING = Situation(
    profile="default", stage=Stage.AWAITING_REDIRECT, url=URL, ends_at=NOW + timedelta(seconds=247), where="in a file"
)
CONNECTED = Situation(
    profile="default",
    stage=Stage.AUTHORIZED,
    seller="Maple and Wren",
    region="GB",
    scopes=("seller.order.info", "seller.brand_new"),
    expires_at=NOW + timedelta(days=7),
    refresh_expires_at=NOW + timedelta(days=84),
    where="in the file token.json",
)


def test_a_waiting_login_shows_its_link_and_a_countdown():
    view = view_of(WAITING, NOW)

    assert view.link == URL
    assert "4:07 left" in view.headline
    assert (view.can_cancel, view.can_paste, view.can_refresh) == (True, True, False)


def test_a_connected_login_shows_seller_scopes_and_both_dates_but_no_link():
    view = view_of(CONNECTED, NOW, ZoneInfo("Europe/London"))
    facts = dict(view.facts)

    assert view.headline == "Connected as Maple and Wren"
    assert view.link is None
    assert facts["May read"] == "orders; seller.brand_new"
    assert facts["Access token until"] == "Sat 28 Nov 2026, 12:00 (in 7 days), renewed by itself"
    assert facts["Authorized until"] == "Sat 13 Feb 2027, 12:00 (in 84 days)"
    assert (view.can_cancel, view.can_paste, view.can_refresh) == (False, False, True)


def test_times_are_shown_in_the_local_zone():
    assert moment(NOW, NOW, ZoneInfo("Asia/Jakarta")).startswith("Sat 21 Nov 2026, 19:00")


def test_an_authorization_without_end_is_not_a_date_in_2125():
    view = view_of(replace(CONNECTED, refresh_expires_at=datetime(2125, 5, 25, tzinfo=UTC)), NOW)

    assert dict(view.facts)["Authorized until"] == "no end set"


@pytest.mark.parametrize("stage", [Stage.DENIED, Stage.FAILED, Stage.CANCELLED, Stage.TIMED_OUT])
def test_an_ended_login_says_why_and_that_the_earlier_one_goes_on(stage):
    view = view_of(replace(CONNECTED, stage=stage, failure="Because of this."), NOW)

    assert "Because of this." in view.lines
    assert "The earlier login of Maple and Wren goes on serving this notebook." in view.lines
    assert view.link is None


def test_a_redirect_uri_elsewhere_asks_for_the_pasted_address():
    assert "paste it below" in " ".join(view_of(replace(WAITING, listening=False), NOW).lines)


@pytest.mark.parametrize("situation", [WAITING, CONNECTED])
def test_the_text_keeps_the_link_to_itself(situation):
    assert "canary" not in text_of(view_of(situation, NOW))
    assert "canary" not in repr(view_of(situation, NOW))
    assert "canary" not in repr(situation)


def test_a_terminal_is_given_the_link_in_words():
    assert f"Open this address to sign in: {URL}" in text_of(view_of(WAITING, NOW), link=True)


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_a_headline_and_a_mark_that_is_not_a_colour(stage):
    view = view_of(replace(CONNECTED if stage is Stage.AUTHORIZED else WAITING, stage=stage), NOW)

    assert view.headline
    assert view.mark


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(days=6, hours=23), "in 6 days"),
        (timedelta(hours=1), "in 1 hour"),
        (timedelta(minutes=-3, seconds=-5), "3 minutes ago"),
        (timedelta(0), "now"),
    ],
)
def test_a_distance_is_told_in_its_largest_unit(delta, words):
    assert distance(delta) == words


def test_the_pages_of_the_tab_tell_the_outcome():
    assert connected_page("Maple", sandbox=True).headline == "Connected as Maple"
    assert denied_page("The seller did not approve the app.").headline == "Not connected"
    assert "Seller Center" in " ".join(stray_page(without_state=True).lines)
    assert "another sign-in" in stray_page(without_state=False).headline
