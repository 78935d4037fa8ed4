"""TikTok Shop's envelope: its data, or the error that it stands for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.api.envelope import PASSING, Answer, parse_envelope, refusal_in
from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected, TransportError

PATH = "/order/202309/orders/search"
LINK = " For more details: https://m.tiktok.shop/s/AIu6dbFhs2XW"


def answer(code: object = 0, message: object = "Success", status: int = 200, **more) -> Answer:
    body = {"code": code, "data": None, "message": message, "request_id": "20261120R"}
    return Answer(PATH, status, json.dumps(body).encode(), **more)


def refused(*arguments, **named) -> APIError:
    with pytest.raises(APIError) as raised:
        parse_envelope(answer(*arguments, **named))
    return raised.value


def test_success_gives_the_envelope():
    assert parse_envelope(answer())["request_id"] == "20261120R"
    assert refusal_in(answer()) is None


def test_the_gateways_real_body_for_a_bad_signature_is_read_and_its_link_left_out():
    body = (
        b'{"code":106001,"data":null,"message":"Invalid credentials. The \'sign\' query parameter is invalid. '
        b'For more details: https://m.tiktok.shop/s/AIu6dbFhs2XW","request_id":"202606190151522272D4695E9B9043B79E"}'
    )

    with pytest.raises(APIError, match=r"was refused with code 106001: Invalid credentials.*app_secret") as raised:
        parse_envelope(Answer(PATH, 401, body))

    assert not isinstance(raised.value, TokenRejected)
    assert (raised.value.path, raised.value.code, raised.value.status) == (PATH, 106001, 401)
    assert raised.value.request_id == "202606190151522272D4695E9B9043B79E"
    assert "m.tiktok.shop" not in str(raised.value)


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (105002, "Expired credentials. The `access_token` or `x-tts-access-token` header has expired."),
        (36009005, "access_token invalid"),
        (36009004, "Invalid credentials. The `x-tts-access-token` header is invalid."),
        (36009004, "Invalid credentials. The 'access_token' header is invalid."),
    ],
)
def test_an_expired_or_unknown_token_is_a_rejected_one_whatever_the_status(code, message, status):
    assert isinstance(refused(code, message + LINK, status), TokenRejected)


@pytest.mark.parametrize(
    ("code", "message", "step"),
    [
        (106001, "Invalid credentials. The 'sign' query parameter is invalid.", "Check the app_secret"),
        (36009043, "shop inactive", "The shop is not active"),
        (36009044, "seller inactive", "The seller is not active"),
        (36009033, "Access denied. Your IP address is not in the IP allow list.", "IP allow list in Partner Center"),
        (36009004, "Invalid credentials. Invalid `app_key` query parameter.", "Check the app_key"),
        (36009004, "Unexpected identifier. The `shop_cipher` query parameter is not required.", "Check what was asked"),
        (36009004, "invalid param error", "with the request_id"),
        (106013, "Missing identifier. The `shop_cipher` query parameter is required.", "tts.use_shop"),
        (101000, "Invalid query or header. The `x-tts-access-token` header is invalid.", "different accounts"),
        (36009009, "Invalid path.", "Check the path"),
        (36009010, "Invalid method.", "POST"),
        (36009003, "Internal error.", "TikTok Shop's own trouble"),
        (21008111, "The order does not belong to the current seller.", "Check what was asked"),
    ],
)
def test_other_refusals_never_look_like_a_rejected_token_and_say_what_to_do(code, message, step):
    refusal = refused(code, message, 401)

    assert type(refusal) is APIError
    assert step in refusal.next_step


def test_a_missing_scope_has_its_own_kind():
    refusal = refused(105005, "Access denied. …", 401)

    assert isinstance(refusal, PermissionMissing)
    assert refusal.scope == ""
    assert "Partner Center" in str(refusal)
    assert "(code 105005, request_id 20261120R)" in str(refusal)


@pytest.mark.parametrize(
    ("code", "status", "retry_after", "step"),
    [
        (36009002, 429, None, "Wait a minute"),
        (36009002, 200, None, "Wait a minute"),
        (36009002, 429, 90.0, "in 90 seconds"),
        (36009037, 429, None, "in an hour"),
        (5, 429, None, "Wait a minute"),
    ],
)
def test_asking_too_soon_has_its_own_kind_and_says_how_long_to_wait(code, status, retry_after, step):
    refusal = refused(code, "Too many requests.", status, retry_after=retry_after)

    assert isinstance(refusal, RateLimited)
    assert step in str(refusal)


def test_a_429_that_is_no_envelope_is_asking_too_soon_too():
    with pytest.raises(RateLimited, match="too many requests"):
        parse_envelope(Answer(PATH, 429, b"<html>", retry_after=3.0))


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (600.0, "about 10 minutes slow"),
        (-600.0, "about 10 minutes fast"),
        (45.0, "45 seconds slow"),
        (-45.0, "45 seconds fast"),
        (None, "Set this computer's clock"),
        (5.0, "Set this computer's clock"),
    ],
)
def test_a_wrong_clock_is_told_by_how_much(difference, words):
    message = "Invalid timestamp. The value of the `timestamp` query parameter must not be earlier than 5 minutes."

    assert words in refused(36009004, message, 400, clock_difference=difference).next_step


@pytest.mark.parametrize("status", [200, 301, 404, 500, 503])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b"[]", b'"x"', b"{}", b'{"code": "0"}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_envelope_is_a_transport_error_with_its_status(body, status):
    answered = Answer(PATH, status, body)

    with pytest.raises(TransportError, match=rf"{PATH} was answered with something that is not .*\(HTTP {status}\)"):
        parse_envelope(answered)
    assert refusal_in(answered) is None


def test_success_with_a_status_of_failure_is_not_taken_for_success():
    with pytest.raises(TransportError, match="HTTP 500"):
        parse_envelope(answer(status=500))


@given(
    code=st.integers(),
    message=st.none() | st.text() | st.dictionaries(st.text(), st.text()),
    status=st.integers(200, 599),
)
def test_whatever_a_refusal_says_it_is_one_of_ours_in_a_bounded_sentence(code, message, status):
    refusal = refusal_in(answer(code, message, status))

    assert (refusal is None) == (code == 0 and status != 429)
    if refusal is not None:
        assert (refusal.code, refusal.status) == (code, status)
        assert len(str(refusal)) < 1200


def test_a_long_message_is_cut_short():
    assert len(str(refused(7, "x" * 100_000))) < 1000


def test_the_codes_that_pass_are_never_a_matter_of_token_or_scope():
    assert PASSING.isdisjoint({0, 105002, 105005, 106001, 36009002, 36009005, 36009037})
