"""The signature: worked examples from elsewhere, and what never changes it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.api.signing import sign, string_to_sign

SHOPS, HOOKS = "/authorization/202309/shops", "/event/202309/webhooks"
ROW = {"app_key": "68xu9ks5p4i8", "shop_cipher": "ROW_xkMbgAAAeVAQra0eZWebFQq5aIK", "timestamp": "1696909648"}
DEMO = {"app_key": "app-key", "timestamp": "1711929600"}
GCP = DEMO | {"shop_cipher": "GCP_cipher"}
VECTORS = {
    "the signing page of TikTok Shop's documentation": (
        *("e59af819cc", SHOPS, {"app_key": "29a39d", "timestamp": "1623812664"}, b""),
        "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8",
    ),
    "a C# client's test": (
        *("e59af819cc", HOOKS, ROW, b""),
        "ed58e1b5e59865c22a7b828c1cab65007441f43cc91a6cb2f2cdc638e0995a37",
    ),
    "a C# client's test with a body": (
        *("e59af819cc", HOOKS, ROW),
        b'{"event_type":"PACKAGE_UPDATE","address":"https://partner.tiktokshop.com"}',
        "701dd6deb2389fe4c469b89bd37fc56f96a6da6afeb4d01c9077a65169752fa7",
    ),
    "the same body in another order": (
        *("e59af819cc", HOOKS, ROW),
        b'{"address":"https://partner.tiktokshop.com","event_type":"PACKAGE_UPDATE"}',
        "cd0d6268252f4ba293bf7ea4c0a2873bf9beec600d22530638564ab301435f7a",
    ),
    "a PHP client's test": (
        *("app_secret", "/test-api", {"foo": "bar"}, b""),
        "d3cb7fe11ecae942802ceeca67e7cf10120cc12f1517d45fbc1c8cfe5413c80f",
    ),
    "a Rust client's test": (
        *("app-secret", SHOPS, DEMO, b""),
        "3c83382abff88dc68360eb1c7edfa19904878b28c1da5089fb1598d83a99b8a6",
    ),
    "a Rust client's test with a body": (
        *("app-secret", "/product/202309/products", GCP),
        b'{"description":"<p>Cotton socks</p>","category_id":"600001"}',
        "eeb004427981debaed3ca2e7deb6837085aafd58df26edc4bec077ee40578133",
    ),
}
PARAMETERS = st.dictionaries(st.text(min_size=1), st.text())


@pytest.mark.parametrize(("secret", "path", "parameters", "body", "signature"), VECTORS.values(), ids=VECTORS)
def test_a_worked_example_is_reproduced(secret, path, parameters, body, signature):
    assert sign(path, parameters, body, secret) == signature


@given(parameters=PARAMETERS, seed=st.integers())
def test_the_order_of_the_query_does_not_change_a_signature(parameters, seed):
    shuffled = list(parameters.items())
    random.Random(seed).shuffle(shuffled)

    assert sign("/p", dict(shuffled), b"", "s") == sign("/p", parameters, b"", "s")


@given(parameters=PARAMETERS, value=st.text())
def test_sign_and_access_token_do_not_change_a_signature(parameters, value):
    rest = {name: each for name, each in parameters.items() if name not in ("sign", "access_token")}

    assert sign("/p", rest | {"sign": value, "access_token": value}, b"", "s") == sign("/p", rest, b"", "s")


def test_names_are_sorted_as_ascii_and_joined_with_nothing_between():
    assert string_to_sign("/p", {"b": "2", "a": "1", "B": "3", "a_": "4"}, b"{}", "s") == b"s/pB3a1a_4b2{}s"


def test_every_byte_of_a_body_is_signed_also_of_an_empty_object():
    assert len({sign("/p", {}, body, "s") for body in (b"", b"{}", b"{ }", b'{"a":1}', b'{"a": 1}')}) == 5
