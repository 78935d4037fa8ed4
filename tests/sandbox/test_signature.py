"""The sandbox's signature check: known vectors, its limits, and ByteDance's own verdict."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.oracle import SignatureOracle
from tts_notebook.sandbox.signature import is_signed, sign

WEBHOOKS = "/event/202309/webhooks"
WEBHOOK_QUERY = {
    "app_key": "68xu9ks5p4i8",
    "shop_cipher": "ROW_xkMbgAAAeVAQra0eZWebFQq5aIK",
    "timestamp": "1696909648",
}
SHOPS = "/authorization/202309/shops"
PRODUCT_QUERY = {"app_key": "app-key", "shop_cipher": "GCP_cipher", "timestamp": "1711929600"}
# The first is the worked example of TikTok Shop's signing page, the others come from clients' tests.
VECTORS = [
    ("e59af819cc", SHOPS, {"app_key": "29a39d", "timestamp": "1623812664"}, "",
     "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"),
    ("e59af819cc", WEBHOOKS, WEBHOOK_QUERY, "",
     "ed58e1b5e59865c22a7b828c1cab65007441f43cc91a6cb2f2cdc638e0995a37"),
    ("e59af819cc", WEBHOOKS, WEBHOOK_QUERY,
     '{"event_type":"PACKAGE_UPDATE","address":"https://partner.tiktokshop.com"}',
     "701dd6deb2389fe4c469b89bd37fc56f96a6da6afeb4d01c9077a65169752fa7"),
    ("e59af819cc", WEBHOOKS, WEBHOOK_QUERY,
     '{"address":"https://partner.tiktokshop.com","event_type":"PACKAGE_UPDATE"}',
     "cd0d6268252f4ba293bf7ea4c0a2873bf9beec600d22530638564ab301435f7a"),
    ("app_secret", "/test-api", {"foo": "bar"}, "",
     "d3cb7fe11ecae942802ceeca67e7cf10120cc12f1517d45fbc1c8cfe5413c80f"),
    ("app-secret", SHOPS, {"app_key": "app-key", "timestamp": "1711929600"}, "",
     "3c83382abff88dc68360eb1c7edfa19904878b28c1da5089fb1598d83a99b8a6"),
    ("app-secret", "/product/202309/products", PRODUCT_QUERY,
     '{"description":"<p>Cotton socks</p>","category_id":"600001"}',
     "eeb004427981debaed3ca2e7deb6837085aafd58df26edc4bec077ee40578133"),
]  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(("secret", "path", "query", "body", "expected"), VECTORS)
def test_every_published_vector_holds(secret, path, query, body, expected):
    assert sign(secret, path, query, body.encode()) == expected


@given(query=st.dictionaries(texts, texts, max_size=6), body=st.binary(max_size=30))
def test_neither_the_order_of_the_query_nor_sign_nor_access_token_changes_a_signature(query, body):
    backwards = {**dict(reversed(query.items())), "sign": "x", "access_token": "y"}
    plain = {name: text for name, text in query.items() if name not in ("sign", "access_token")}

    assert sign("s", "/p", backwards, body) == sign("s", "/p", plain, body)


def accepts(query: dict[str, str], body: bytes = b"", content_type: str = "", empty_body: str = "either") -> bool:
    return is_signed("s", "/p", query, body, content_type=content_type, empty_body=empty_body)


def test_upper_case_hexadecimal_is_refused():
    right = sign("s", "/p", {"a": "1"})

    assert accepts({"a": "1", "sign": right})
    assert not accepts({"a": "1", "sign": right.upper()})


@pytest.mark.parametrize(
    ("empty_body", "signed_body", "accepted"),
    [
        ("either", b"{}", True),
        ("either", b"", True),
        ("signed", b"{}", True),
        ("signed", b"", False),
        ("unsigned", b"{}", False),
        ("unsigned", b"", True),
    ],
)
def test_a_body_of_two_braces_is_signed_as_the_switch_says(empty_body, signed_body, accepted):
    query = {"sign": sign("s", "/p", {}, signed_body)}

    assert accepts(query, b"{}", empty_body=empty_body) is accepted


def test_a_multipart_body_is_not_signed():
    assert accepts({"sign": sign("s", "/p", {})}, b"--x--", content_type="multipart/form-data")


REQUESTS = [
    ("GET", "/authorization/202309/shops", {}, b""),
    ("GET", "/order/202309/orders", {"ids": "577086614418520388,577087614418599999"}, b""),
    ("GET", "/product/202309/categories", {"keyword": "naïve ☕ 茶 a&b=c+d/%20 ~*'()"}, b""),
    ("POST", "/order/202309/orders/search", {"page_size": "20", "page_token": "a+b/c=="}, b'{"order_status":"UNPAID"}'),
    ("POST", "/order/202309/orders/search", {"page_size": "20"}, '{"note":"Zoë 🎁"}'.encode()),
    ("POST", "/order/202309/orders/search", {"page_size": "20"}, b""),
]


@pytest.mark.tools
@pytest.mark.parametrize(("method", "path", "query", "body"), REQUESTS)
@pytest.mark.parametrize("spoiled", ["", "sign", "value", "body", "path", "key"])
def test_bytedances_own_check_agrees(signature_oracle: SignatureOracle, method, path, query, body, spoiled):
    query = {
        **query,
        "app_key": signature_oracle.app_key,
        "shop_cipher": signature_oracle.shop_cipher,
        "timestamp": str(int(time.time())),
    }
    query["sign"] = sign(signature_oracle.app_secret, path, query, body)
    if spoiled == "sign":
        query["sign"] = query["sign"][:-1] + ("0" if query["sign"][-1] != "0" else "1")
    elif spoiled == "value":
        query["timestamp"] = str(int(query["timestamp"]) - 1)
    elif spoiled == "key":
        query["page_sizes"] = "1"
    elif spoiled == "path":
        path += "/more"
    elif spoiled == "body":
        method, body = "POST", body + b" "

    ours = is_signed(
        signature_oracle.app_secret, path, query, body, content_type="application/json", empty_body="signed"
    )

    assert ours is signature_oracle(method, f"{path}?{urlencode(query)}", body)
    assert ours is (spoiled == "")
