"""RequestSigner: what is sent is what was signed, and the token goes nowhere else."""

from __future__ import annotations

import pickle
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.auth.tokens import ACCESS, app, secrets_in
from tests.auth.web import Reply, Seen, serving
from tts_notebook.api.signer import TOKEN_HEADER, RequestSigner, joined_parameters
from tts_notebook.api.signing import sign
from tts_notebook.app import App
from tts_notebook.errors import InputError

APP = app("https://api.test")
CLOCK = 1_711_929_600.9


def signer(of: App = APP, token: str = ACCESS) -> RequestSigner:
    return RequestSigner(of, lambda: token, clock=lambda: CLOCK)


def prepared(
    method: str = "GET", url: str = "https://api.test/order/202309/orders", **options
) -> requests.PreparedRequest:
    return signer()(requests.Request(method, url, **options).prepare())


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))


def expected(path: str, query: dict[str, str], body: bytes) -> str:
    return sign(path, query, body, APP.app_secret)


def is_signed(request: requests.PreparedRequest, body: bytes) -> bool:
    query = query_of(request)
    return query.pop("sign") == expected(urlsplit(request.url).path, query, body)


def test_a_request_carries_app_key_seconds_signature_and_the_token_in_its_header_only():
    request = prepared(params={"ids": "1,2"})

    query = query_of(request)
    assert query["app_key"] == "6kcdemo"
    assert query["timestamp"] == "1711929600"
    assert query["ids"] == "1,2"
    assert request.headers[TOKEN_HEADER] == ACCESS
    assert ACCESS not in request.url
    assert is_signed(request, b"")


@given(parameters=st.dictionaries(st.text(min_size=1), st.text()))
def test_the_decoded_query_is_what_was_signed_whatever_it_holds(parameters):
    request = prepared(params=parameters)

    assert is_signed(request, b"")
    assert "+" not in urlsplit(request.url).query  # a space is %20, for every server
    ours = ("app_key", "timestamp", "sign", "access_token")
    sent = {name: value for name, value in query_of(request).items() if name not in ours}
    assert sent == {name: value for name, value in parameters.items() if name not in ours}


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"json": {"a": "ü 😀", "b": [1, None]}}, None),
        ({"data": '{"a": "ü"}'}, '{"a": "ü"}'.encode()),
        ({"data": b"\x00\xff"}, b"\x00\xff"),
        ({"json": {}}, b"{}"),
        ({"files": {"data": ("a.png", b"bytes")}, "data": {"use_case": "MAIN_IMAGE"}}, b""),
        ({}, b""),
    ],
)
def test_the_body_bytes_that_are_signed_are_the_ones_that_are_sent(options, body):
    request = prepared("POST", **options)

    assert is_signed(request, request.body if body is None else body)
    if isinstance(request.body, bytes):
        assert request.headers["Content-Length"] == str(len(request.body))


@pytest.mark.parametrize("content_type", [None, "multipart/form-data; boundary=x"])
def test_a_streamed_body_is_refused_because_it_cannot_be_signed_or_sent_twice(content_type):
    request = requests.Request("POST", "https://api.test/p", data=iter([b"a"])).prepare()
    if content_type:
        request.headers["Content-Type"] = content_type

    with pytest.raises(InputError, match=r"streamed cannot be signed. Give the body as bytes"):
        signer()(request)
    assert TOKEN_HEADER not in request.headers


def test_signing_again_replaces_the_earlier_signature_and_token():
    request = prepared(params={"a": "1", "access_token": "old"})
    hooks = len(request.hooks["response"])

    again = signer(token="GCP_newer")(request)

    assert again.headers[TOKEN_HEADER] == "GCP_newer"
    assert sorted(name for name, _ in parse_qsl(urlsplit(again.url).query)) == ["a", "app_key", "sign", "timestamp"]
    assert is_signed(again, b"")
    assert len(again.hooks["response"]) == hooks


def test_a_repeated_name_becomes_one_comma_joined_value():
    request = prepared(url="https://api.test/p?ids=1&ids=2&b=", params=[("ids", "3")])

    assert query_of(request)["ids"] == "1,2,3"
    assert query_of(request)["b"] == ""
    assert joined_parameters("sign=x&app_key=y&timestamp=1&a=%2B") == {"a": "+"}


FOREIGN = [
    "https://evil.test/order/202309/orders",
    "http://api.test/order/202309/orders",
    "https://api.test:444/",
    "https://api.test.evil.test/",
    "https://evil.test/?https://api.test",
    "https://api.test@evil.test/",
    "https://evil.test#@api.test/",
    "https://evil.test\\@api.test/",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_any_other_origin_is_refused_before_a_token_is_added(url):
    request = requests.Request("GET", url).prepare()

    with pytest.raises(InputError, match=r"talks to https://api\.test only"):
        signer()(request)
    assert TOKEN_HEADER not in request.headers
    assert "sign=" not in request.url


@pytest.mark.parametrize("url", ["https://API.test/p", "https://api.test:443/p"])
def test_other_spellings_of_the_api_host_are_the_api_host(url):
    assert prepared(url=url).headers[TOKEN_HEADER] == ACCESS


def test_used_alone_the_token_reaches_the_api_and_no_host_that_it_redirects_to():
    with serving(lambda seen: Reply({"code": 0})) as elsewhere:
        redirect = Reply(b"", 302, {"Location": f"{elsewhere.url}/there"})
        with serving(lambda seen: redirect) as api, requests.Session() as own:
            own.trust_env = False
            answer = own.get(f"{api.url}/p", auth=signer(app(api.url)), timeout=5)

    assert headers_of(api.seen[0])[TOKEN_HEADER] == ACCESS
    assert TOKEN_HEADER not in headers_of(elsewhere.seen[0])
    for each in (answer, *answer.history):
        assert TOKEN_HEADER not in each.request.headers
        assert ACCESS.encode() not in pickle.dumps(each)


def headers_of(seen: Seen) -> dict[str, str]:
    return {name.lower(): value for name, value in seen.headers.items()}


def test_a_hook_of_the_callers_sees_no_token():
    found: list[bool] = []
    with serving(lambda seen: Reply({"code": 0})) as api, requests.Session() as own:
        own.trust_env = False
        hooks = {"response": lambda answer, **_: found.append(TOKEN_HEADER in answer.request.headers)}
        own.get(f"{api.url}/p", auth=signer(app(api.url)), hooks=hooks, timeout=5)

    assert found == [False]


def test_a_signer_shows_no_secret_and_refuses_to_be_pickled():
    assert secrets_in(f"{signer()!r} {vars(signer())}") == []
    with pytest.raises(TypeError, match="RequestSigner holds secrets of a login and cannot be pickled"):
        pickle.dumps(signer())
