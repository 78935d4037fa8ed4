"""The token endpoints as a client meets them."""

from __future__ import annotations

import re
import time

import pytest

from tts_notebook.sandbox.scopes import SCOPES


def test_a_code_becomes_tokens(seller):
    now = int(time.time())

    answer = seller.exchange(seller.consent(seller="us").redirect["code"])

    assert answer.json["message"] == "success"
    assert re.fullmatch(r"20\d{12}[0-9A-F]{20}", answer.json["request_id"])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    data = answer.data
    assert data["access_token"].startswith("TTP_")
    assert data["refresh_token"].startswith("TTP_")
    assert data["access_token_expire_in"] == pytest.approx(now + 7 * 86_400, abs=10)
    assert data["refresh_token_expire_in"] == pytest.approx(now + 90 * 86_400, abs=10)
    assert data["granted_scopes"] == list(SCOPES)
    assert (data["seller_name"], data["seller_base_region"], data["user_type"]) == ("Juniper Trail Co.", "US", 0)
    assert len(data["open_id"]) == 52


def test_a_code_is_spent_by_its_use(seller):
    code = seller.consent().redirect["code"]

    assert seller.exchange(code).json["code"] == 0
    again = seller.exchange(code)
    assert again.refusal == (200, 36004004)
    assert again.json["message"] == "invalid auth code"
    assert again.json["data"] is None


@pytest.mark.parametrize("operation", ["get", "refresh"])
def test_post_does_not_work(seller, operation):
    answer = seller.send("POST", f"/api/v2/token/{operation}", b"{}", content_type="application/json")

    assert (answer.status, answer.text) == (404, "404 page not found")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("operation", "query", "code"),
    [
        ("get", {"auth_code": "null", "grant_type": "authorized_code"}, 36004004),
        ("get", {"grant_type": "authorized_code"}, 36004004),
        ("get", {"auth_code": "x", "grant_type": "authorization_code"}, 98001004),
        ("get", {"auth_code": "x", "grant_type": "authorized_code", "app_key": "other"}, 36004002),
        ("get", {"auth_code": "x", "grant_type": "authorized_code", "app_secret": "wrong é"}, 36004003),
        ("refresh", {"refresh_token": "junk", "grant_type": "refresh_token"}, 36004005),
        ("refresh", {"refresh_token": "junk"}, 98001004),
        ("refresh", {"refresh_token": "junk", "grant_type": "refresh_token", "app_secret": ""}, 36004003),
    ],
)
def test_every_refusal_is_an_http_200(seller, operation, query, code):
    assert seller.token_call(operation, **query).refusal == (200, code)


def test_other_operations_do_not_exist(seller):
    assert seller.token_call("revoke").status == 404


def test_a_refresh_rotates_both_tokens_and_the_old_access_token_goes_on(visit):
    visitor = visit().sign_in()

    new = visitor.refresh(visitor.refresh_token).data

    assert new["refresh_token"] != visitor.refresh_token
    assert visitor.call("GET", "/seller/202309/shops").status == 200
    spent = visitor.refresh(visitor.refresh_token)
    assert spent.refusal == (200, 36004005)
    assert spent.json["message"] == "can not find related auth record"
    stats = visitor.stats()
    assert (stats["token_refreshes"], stats["rotations"], stats["spent_refresh_tokens_presented"]) == (1, 1, 1)


def test_lifetimes_scopes_and_the_clock_are_options(visit):
    visitor = visit(
        "--access-token-seconds", "60", "--refresh-token-seconds", "unlimited",
        "--clock-offset-seconds", "-1000", "--denied-scopes", "seller.order.info,seller.finance.info",
    )  # fmt: skip

    data = visitor.exchange(visitor.consent().redirect["code"]).data

    assert data["access_token_expire_in"] == pytest.approx(time.time() - 1000 + 60, abs=10)
    assert data["refresh_token_expire_in"] == 4903858076
    assert set(SCOPES) - set(data["granted_scopes"]) == {"seller.order.info", "seller.finance.info"}


def test_an_authorization_that_has_ended_is_told_so(visit):
    visitor = visit().sign_in()

    visitor.control(clock_offset_seconds=91 * 86_400)

    ended = visitor.refresh(visitor.refresh_token)
    assert ended.refusal == (200, 36004001)
    assert ended.json["message"] == "rt has expired"
