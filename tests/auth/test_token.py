"""Token: what the token endpoint answers, and when it ends."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.auth.tokens import ACCESS, NOW, REFRESH, envelope, secrets_in, token
from tts_notebook.auth.token import Token, redacted
from tts_notebook.errors import TokenError, TransportError


def test_a_token_response_is_read_field_by_field():
    read = token()

    assert (read.access_token, read.refresh_token) == (ACCESS, REFRESH)
    assert (read.seller_name, read.seller_base_region, read.open_id, read.user_type) == (
        "Maple and Wren Ltd",
        "GB",
        "open-1",
        0,
    )
    assert read.granted_scopes == ("seller.authorization.info", "seller.order.info")


def test_an_expiry_is_an_absolute_time_although_its_name_says_in():
    read = Token.from_response(
        envelope(access_token_expire_in=1_794_442_212, refresh_token_expire_in=4_903_858_076), obtained_at=NOW
    )

    assert read.access_expires_at == datetime(2026, 11, 12, 0, 10, 12, tzinfo=UTC)
    assert read.refresh_expires_at == datetime(2125, 5, 25, 14, 47, 56, tzinfo=UTC)  # an unlimited authorization
    assert read.is_expired(NOW)
    assert not read.is_dead(NOW)


def test_expires_in_counts_down_by_this_machines_clock_and_stops_at_0():
    assert token(now=datetime.now(UTC), ends_in=100).expires_in in (98, 99, 100)
    assert token(ends_in=-100, now=datetime.now(UTC)).expires_in == 0


def test_expiries_as_text_are_read_too():
    assert token(access_token_expire_in="1794442212").access_expires_at.year == 2026


@pytest.mark.parametrize(
    "lacking", ["access_token", "refresh_token", "access_token_expire_in", "refresh_token_expire_in"]
)
@pytest.mark.parametrize("value", [None, "", [], {}, True, 0.5, float("nan")])
def test_a_response_without_a_token_or_an_expiry_names_what_is_missing(lacking, value):
    with pytest.raises(TransportError, match=rf"The token response cannot be used: {lacking} is"):
        token(**{lacking: value})


@pytest.mark.parametrize("huge", [10**30, -(10**30), "9" * 5000, "later"])
def test_an_expiry_that_no_calendar_holds_is_not_a_time(huge):
    with pytest.raises(TransportError, match="access_token_expire_in is not a time"):
        token(access_token_expire_in=huge)


@pytest.mark.parametrize("bad", ["GCP_a\nX-Other: b", "GCP_a b", "GCP_ä", "GCP_\u200b", "\ud83d"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_that_could_not_be_a_header_is_refused_without_being_repeated(name, bad):
    with pytest.raises(TransportError, match=f"{name} holds characters that no token has") as refused:
        token(**{name: bad})
    assert bad not in str(refused.value)


@pytest.mark.parametrize("answer", [None, [], "text", 7, {}, {"data": {}}, {"code": "0"}, {"code": True}])
def test_what_is_no_envelope_is_a_transport_error(answer):
    with pytest.raises(TransportError, match="The token response cannot be used"):
        Token.from_response(answer, obtained_at=NOW)


@pytest.mark.parametrize("data", [None, [], "text"])
def test_success_without_data_is_a_transport_error(data):
    with pytest.raises(TransportError, match="it says success but holds no data"):
        Token.from_response({"code": 0, "data": data}, obtained_at=NOW)


@pytest.mark.parametrize("scopes", [None, "seller.order.info", {}])
def test_scopes_of_a_wrong_type_are_no_scopes(scopes):
    assert token(granted_scopes=scopes).granted_scopes == ()


@pytest.mark.parametrize(
    ("code", "sentence", "step"),
    [
        (36004001, "The refresh token has expired", "seller can approve again"),
        (
            36004004,
            "does not accept this authorization code: it was used already, or is older than 30 min",
            "new sign-in",
        ),
        (36004005, "does not know this refresh token: it was used already, or the seller has revoked", "approve again"),
        (105004, "account cannot authorize this app yet", "Ask the shop's owner"),
        (98001004, "The token endpoint refused: Parameter x is invalid", "Check app_key and app_secret"),
    ],
)
def test_each_refusal_has_its_own_sentence_code_request_id_and_next_step(code, sentence, step):
    answer = {"code": code, "message": "Parameter x is invalid.", "request_id": "20261120X", "data": None}

    with pytest.raises(TokenError, match=sentence) as refused:
        Token.from_response(answer, obtained_at=NOW)

    assert (refused.value.code, refused.value.request_id) == (code, "20261120X")
    assert f"(code {code}, request_id 20261120X)." in str(refused.value)
    assert step in refused.value.next_step


def test_an_ip_allow_list_is_recognised_by_its_message_whatever_the_code():
    answer = {"code": 1, "message": "Your IP address is not in the IP allow list configured for this app."}

    with pytest.raises(TokenError, match=r"accepts calls only from certain addresses.*IP allow list in Partner Center"):
        Token.from_response(answer, obtained_at=NOW)


@pytest.mark.parametrize("message", [None, {"deep": ACCESS}, [ACCESS], ""])
def test_a_message_that_is_no_text_is_not_repeated(message):
    with pytest.raises(TokenError, match="no reason given") as refused:
        Token.from_response({"code": 5, "message": message}, obtained_at=NOW)
    assert secrets_in(str(refused.value)) == []


@pytest.mark.parametrize(
    ("life", "margin"), [(7 * 86_400, 300), (86_400, 300), (1500, 300), (1499, 299.8), (60, 12), (0, 0)]
)
def test_a_token_is_renewed_five_minutes_or_a_fifth_of_its_life_before_its_end(life, margin):
    read = token(ends_in=life)

    assert read.renew_at == read.access_expires_at - timedelta(seconds=margin)
    assert read.needs_refresh(read.renew_at)
    assert not read.needs_refresh(read.renew_at - timedelta(microseconds=1))


def test_a_token_received_after_its_end_is_renewed_at_once():
    assert token(ends_in=-100).needs_refresh(NOW)


@given(life=st.integers(0, 10**9), seconds=st.integers(-(10**9), 10**9))
def test_an_expired_token_always_needs_a_refresh(life, seconds):
    read, then = token(ends_in=life), NOW + timedelta(seconds=seconds)

    assert read.needs_refresh(then) or not read.is_expired(then)


def test_the_same_pair_is_the_same_token_whenever_it_was_read():
    assert token(age=0) == token(age=1000)
    assert token(1) != token(2)


def test_a_token_shows_no_secret_in_repr_str_or_response():
    shown = token(nested={"refresh_token": REFRESH, "list": [{"access_token_v2": ACCESS}]})

    assert secrets_in(f"{shown!r} {shown} {shown.response()}") == []
    assert shown.response()["data"]["seller_name"] == "Maple and Wren Ltd"
    assert shown.response()["data"]["access_token_expire_in"] == envelope()["data"]["access_token_expire_in"]


def test_asked_to_reveal_a_token_gives_the_response_as_it_came():
    came = envelope(unknown={"a": [1, None, "x"]}) | {"more": 1}

    assert Token.from_response(came, obtained_at=NOW).response(reveal=True) == came


def test_changing_a_response_does_not_change_the_token():
    read = token(unknown={"a": [1]})

    read.response(reveal=True)["data"]["unknown"]["a"].append(2)
    read.response()["data"]["unknown"]["a"].append(2)

    assert read.response(reveal=True)["data"]["unknown"] == {"a": [1]}


@given(
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
)
def test_redaction_blanks_the_secret_wherever_it_lies_and_nothing_else(rest):
    shown = redacted({"data": [{"deep": {"access_token": ACCESS, "rest": rest}}]})

    assert ACCESS not in repr(shown)
    assert redacted({"rest": rest}) == {"rest": redacted(rest)}


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_token_refuses_to_be_pickled_or_copied_in_a_sentence(act):
    with pytest.raises(TypeError, match="Token holds secrets of a login and cannot be pickled or copied"):
        act(token())
