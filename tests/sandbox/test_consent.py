"""The authorize URLs: who asks for what, the decision, the way back."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest


def authorize(visitor, **query: str):
    return visitor.send("GET", "/open/authorize?" + urlencode({"service_id": visitor.sandbox.service_id, **query}))


def test_the_page_names_the_app_the_sellers_and_the_scopes(seller):
    answer = authorize(seller, state="s")

    assert answer.status == 200
    for text in (
        "Sales Notebook",
        "not the real TikTok Shop",
        "Wren &amp; Hazel Ltd",
        "Kembang Pagi",
        "Statements and payments",
    ):
        assert text in answer.text
    assert len(re.findall('<input type="radio" name="seller"', answer.text)) == 4
    assert re.findall('name="decision" value="(.*?)"', answer.text) == ["authorize", "cancel"]


def test_the_page_needs_nothing_from_elsewhere_and_is_kept_nowhere(seller):
    answer = authorize(seller)

    assert "<script" not in answer.text
    assert not re.findall(r"(?:src|href)=\"(?!data:)", answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action" not in policy


def test_authorize_leads_back_with_a_code_and_the_same_state(seller):
    state = "a b&c=d/%?é+☕"

    redirect = seller.consent({"service_id": seller.sandbox.service_id, "state": state}).redirect

    assert redirect.pop("code").startswith("GCP_")
    assert redirect == {
        "to": "http://localhost:3017/",
        "app_key": seller.sandbox.app_key,
        "locale": "en-GB",
        "shop_region": "GB",
        "state": state,
    }


@pytest.mark.parametrize(
    ("key", "prefix", "locale", "region"),
    [
        ("gb", "GCP_", "en-GB", "GB"),
        ("us", "TTP_", "en-US", "US"),
        ("xb", "GCP_", "zh-CN", "GB"),
        ("id", "ROW_", "id-ID", "ID"),
    ],
)
def test_each_seller_has_a_region_a_language_and_a_data_centre(seller, key, prefix, locale, region):
    redirect = seller.consent(seller=key).redirect

    assert redirect["code"].startswith(prefix)
    assert (redirect["locale"], redirect["shop_region"]) == (locale, region)
    assert "state" not in redirect


def test_cancel_leads_back_with_a_denial(seller):
    redirect = seller.consent(
        {"service_id": seller.sandbox.service_id, "state": "s"}, decision="cancel", seller="us"
    ).redirect

    assert redirect == {"to": "http://localhost:3017/", "code": "null", "error": "auth_denied", "state": "s"}


def test_a_redirect_uri_in_the_link_is_ignored(seller):
    query = {"service_id": seller.sandbox.service_id, "redirect_uri": "http://evil.example/"}

    assert seller.consent(query).redirect["to"] == "http://localhost:3017/"


@pytest.mark.parametrize("query", [{}, {"service_id": ""}, {"service_id": "6kappkey00000"}, {"app_key": "x"}])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_service_is_a_page_and_no_redirect(seller, method, query):
    answer = seller.send(
        method, "/open/authorize?" + urlencode(query), b"decision=authorize" if method == "POST" else None
    )

    assert answer.status == 404
    assert "This service does not exist" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("form", [{"decision": "maybe"}, {"decision": ""}, {"seller": "nobody"}])
def test_an_incomplete_form_decides_nothing(seller, form):
    assert seller.consent(**form).status == 400


def test_the_old_link_with_an_app_key_works_too(seller):
    target = f"/oauth/authorize?app_key={seller.sandbox.app_key}&state=s"

    assert seller.send("GET", target).status == 200
    assert seller.send("POST", target, b"decision=authorize").redirect["state"] == "s"
    assert seller.send("GET", "/oauth/authorize?app_key=other").status == 404


def test_from_seller_center_there_is_no_state(seller):
    page = seller.send("GET", "/seller-center")
    (action,) = re.findall('<form method="post" action="(.*?)"', page.text)

    redirect = seller.send("POST", action, b"decision=authorize&seller=us").redirect

    assert "state" not in redirect
    assert seller.exchange(redirect["code"]).data["seller_name"] == "Juniper Trail Co."


def test_auto_approve_needs_no_click_and_takes_the_chosen_seller(visit):
    visitor = visit("--auto-approve", "--seller", "id", "--redirect-uri", "https://app.example/back?from=tts")

    redirect = authorize(visitor, state="s").redirect

    assert redirect["shop_region"] == "ID"
    assert redirect["from"] == "tts"
    assert redirect["to"] == "https://app.example/back"
    assert visitor.exchange(redirect["code"]).data["seller_base_region"] == "ID"


def test_text_from_outside_is_never_markup(visit):
    visitor = visit("--redirect-uri", 'http://local"host<b>:3017/')

    assert "<b>:3017" not in authorize(visitor).text
