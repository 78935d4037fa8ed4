"""Session against a web server that answers as TikTok Shop does on its good and on its odd days."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from tests.auth.tokens import NOW, SECRET, SECRETS, Endpoint, app, everything_shown, secrets_in, token
from tests.auth.web import Reply, Seen, Web, serving
from tts_notebook.api.session import Session
from tts_notebook.api.signer import TOKEN_HEADER
from tts_notebook.api.signing import sign
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import MemoryStore
from tts_notebook.errors import (
    APIError,
    ConfigError,
    InputError,
    LoginRequired,
    PermissionMissing,
    RateLimited,
    TokenError,
    TokenRejected,
    TransportError,
    TTSError,
)

TOO_MANY = "Too many requests."
ORDERS, SEARCH, SHOPS = "/order/202309/orders", "/order/202309/orders/search", "/authorization/202309/shops"
GB = {"id": "7495", "name": "Maple", "region": "GB", "seller_type": "LOCAL", "cipher": "GCP_ci/ph+er=", "code": "GBL1"}
DE = GB | {"id": "7496", "name": "Ahorn", "region": "DE", "cipher": "GCP_de", "code": "DEL1"}


def ok(data: Any = None) -> Reply:
    return Reply({"code": 0, "message": "Success", "request_id": "R", "data": {"rows": 1} if data is None else data})


def no(code: int, message: str = "No.", status: int = 200, **headers: str) -> Reply:
    body = {"code": code, "message": message, "request_id": "R", "data": None}
    return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


EXPIRED = "Expired credentials. The `access_token` or `x-tts-access-token` header has expired."
SCOPES = ["seller.order.info", "seller.authorization.info", "seller.product.basic", "seller.logistics"]


class TikTokShop:
    """Answers what a test queued, else success; it knows the shops by itself."""

    def __init__(self) -> None:
        self.queue: list[Reply | Callable[[Seen], Reply]] = []
        self.shops: list[dict[str, str]] = [GB]
        self.web: Web

    def __call__(self, seen: Seen) -> Reply:
        if seen.path == SHOPS:
            return ok({"shops": self.shops})
        reply = self.queue.pop(0) if self.queue else ok()
        return reply(seen) if callable(reply) else reply

    @property
    def calls(self) -> list[Seen]:
        return [seen for seen in self.web.seen if seen.path != SHOPS]


@pytest.fixture
def tiktok_shop() -> Iterator[TikTokShop]:
    shop = TikTokShop()
    with serving(shop) as shop.web:
        yield shop


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def open_session(tiktok_shop, endpoint, slept) -> Iterator[Callable[..., Session]]:
    """Opens a session that is logged in; the fields are the token's."""
    with ExitStack() as opened:

        def open_session(api_base_url: str = "", **fields: Any) -> Session:
            keeper = TokenKeeper(endpoint, MemoryStore(), clock=lambda: NOW)
            keeper.adopt(token(**{"granted_scopes": SCOPES} | fields))
            session = Session(
                app(api_base_url or tiktok_shop.web.url),
                keeper,
                clock=NOW.timestamp,
                sleep=slept.append,
                jitter=lambda: 0.5,
            )
            return opened.enter_context(session)

        yield open_session


@pytest.fixture
def session(open_session) -> Session:
    return open_session()


def header(seen: Seen, name: str) -> str | None:
    return {key.lower(): value for key, value in seen.headers.items()}.get(name)


# -- what is sent ------------------------------------------------------------------------------


def test_a_path_is_enough_and_the_call_is_signed_with_token_and_cipher(session, tiktok_shop):
    answer = session.get(ORDERS, params={"ids": ["1", "2"]})

    assert answer.json()["data"] == {"rows": 1}
    (seen,) = tiktok_shop.calls
    assert seen.path == ORDERS
    assert seen.query["ids"] == "1,2"
    assert seen.query["shop_cipher"] == GB["cipher"]
    assert header(seen, TOKEN_HEADER) == token().access_token
    assert is_signed(seen)


def is_signed(seen: Seen) -> bool:
    query = seen.query
    return query.pop("sign") == sign(seen.path, query, seen.body, SECRET)


def test_an_absolute_address_of_the_api_host_is_the_same(session, tiktok_shop):
    session.get(f"{tiktok_shop.web.url}{ORDERS}?ids=1")

    assert tiktok_shop.calls[0].query["ids"] == "1"
    assert is_signed(tiktok_shop.calls[0])


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"a": True, "b": False, "c": None, "d": 7, "e": 1.5}, {"a": "true", "b": "false", "d": "7", "e": "1.5"}),
        (
            {"a": [1, True, "x"], "b": (), "c": {"one"}, "d": iter("xy")},
            {"a": "1,true,x", "b": "", "c": "one", "d": "x,y"},
        ),
        ([("a", "1"), ("a", "2"), ("b", True)], {"a": "1,2", "b": "true"}),
        ("a=1&b=%C3%BC", {"a": "1", "b": "ü"}),
        ({"a": "ü +&=%/?#😀"}, {"a": "ü +&=%/?#😀"}),
    ],
)
def test_every_form_of_parameters_is_sent_in_tiktok_shops_form_and_signed(session, tiktok_shop, params, sent):
    session.get(ORDERS, params=params)

    query = tiktok_shop.calls[0].query
    ours = ("app_key", "timestamp", "sign", "shop_cipher")
    assert {name: value for name, value in query.items() if name not in ours} == sent
    assert is_signed(tiktok_shop.calls[0])


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"b": "ü 😀", "a": [1, 2.5, None, True]}},
        {"data": '{"a" :  "ü"}', "headers": {"Content-Type": "application/json"}},
        {"data": b'{"a":1}'},
    ],
)
def test_the_json_bytes_that_arrive_are_the_ones_that_were_signed(session, tiktok_shop, options):
    session.post(SEARCH, params={"page_size": 100}, **options)

    assert len(tiktok_shop.calls[0].body) > 5
    assert is_signed(tiktok_shop.calls[0])


def test_an_empty_body_of_a_call_is_not_sent(session, tiktok_shop):
    session.call("POST", SEARCH, json={})

    assert tiktok_shop.calls[0].body == b""


def test_an_upload_is_sent_whole_and_its_bytes_are_not_signed(session, tiktok_shop):
    session.post("/product/202309/images/upload", files={"data": ("a.png", b"PNG bytes")}, data={"use_case": "MAIN"})

    (seen,) = tiktok_shop.calls
    assert b"PNG bytes" in seen.body
    assert b"MAIN" in seen.body
    assert header(seen, "content-type").startswith("multipart/form-data; boundary=")
    query = seen.query
    assert query.pop("sign") == sign(seen.path, query, b"", SECRET)
    assert "shop_cipher" not in seen.query


def test_a_stream_is_refused_and_nothing_is_sent(session, tiktok_shop):
    with pytest.raises(InputError, match="streamed cannot be signed"):
        session.post(SEARCH, data=iter([b"a"]))
    assert tiktok_shop.calls == []


def test_a_body_that_is_no_json_is_a_sentence(session):
    with pytest.raises(InputError, match="cannot be written as JSON"):
        session.post(SEARCH, json={"a": float("nan")})


def test_seller_level_calls_carry_no_shop_cipher(session, tiktok_shop):
    session.get("/product/202309/listing_schemas")

    assert "shop_cipher" not in tiktok_shop.calls[0].query
    assert SHOPS not in tiktok_shop.web.paths


def test_a_cipher_that_the_caller_gives_is_kept(session, tiktok_shop):
    session.get(ORDERS, params={"shop_cipher": "GCP_mine"})

    assert tiktok_shop.calls[0].query["shop_cipher"] == "GCP_mine"
    assert tiktok_shop.web.paths == [ORDERS]


def test_every_call_has_a_timeout_and_a_callers_own_wins(open_session, tiktok_shop):
    found: list[Any] = []

    class Recording(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
            found.append(options["timeout"])
            return super().send(request, *arguments, **options)

    with open_session() as session:
        session.mount("http://", Recording())
        session.get(ORDERS, params={"shop_cipher": "x"})
        session.get(ORDERS, params={"shop_cipher": "x"}, timeout=None)
        session.get(ORDERS, params={"shop_cipher": "x"}, timeout=3)

    assert found == [(10, 60), (10, 60), 3]


# -- to whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://evil.test/p", "talks to http"),
        ("http://127.0.0.1:1/p", "talks to http"),
        ("http://localhost:{port}/p", "talks to http"),
        ("https://127.0.0.1:{port}/p", "talks to http"),
        ("http://evil.test\\@127.0.0.1:{port}/p", "talks to http"),
        ("http://127.0.0.1:{port}@evil.test/p", "talks to http"),
        ("order/202309/orders", "starts with a slash"),
        ("http:///p", "starts with a slash"),
        ("", "starts with a slash"),
        ("http://[::1/p", "That is not an address"),
        ("http://127.0.0.1:99999/p", "That is not an address"),
    ],
)
def test_what_is_not_the_api_host_is_refused_before_anything_is_sent(session, tiktok_shop, url, sentence):
    with pytest.raises(InputError, match=sentence):
        session.get(url.replace("{port}", str(tiktok_shop.web.server_port)))
    assert tiktok_shop.web.seen == []


def test_a_prepared_request_to_another_host_is_refused_too(session, tiktok_shop):
    request = requests.Request("GET", "https://evil.test/p").prepare()

    with pytest.raises(InputError, match=r"evil\.test would receive the seller's token"):
        session.send(request)
    assert TOKEN_HEADER not in request.headers


def test_two_slashes_at_the_start_are_a_path_and_not_a_host(session, tiktok_shop):
    session.get("//evil.test/p", params={"shop_cipher": "x"})

    assert tiktok_shop.web.seen[0].path.endswith("/p")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("allow", [None, True])
def test_a_redirect_to_another_host_is_not_followed_and_carries_no_token(session, tiktok_shop, status, allow):
    with serving(lambda seen: ok()) as elsewhere:
        tiktok_shop.queue = [Reply(b"", status, {"Location": f"{elsewhere.url}/p"})]
        answer = session.get(ORDERS, **({} if allow is None else {"allow_redirects": allow}))

    assert elsewhere.seen == []
    assert answer.status_code == status
    assert answer.next is None
    assert answer.history == []
    assert secrets_in(repr(vars(answer)) + repr(vars(answer.request))) == []


def test_the_answer_keeps_no_token_nor_does_its_pickle(session):
    answer = session.get(ORDERS)
    again = pickle.loads(pickle.dumps(answer))

    for each in (answer, again):
        assert TOKEN_HEADER not in each.request.headers
        assert secrets_in(repr(vars(each)) + repr(vars(each.request))) == []
    assert not any(secret.encode() in pickle.dumps(answer) for secret in SECRETS)
    assert again.json() == answer.json()


# -- which shop --------------------------------------------------------------------------------


def test_several_shops_without_a_choice_are_a_sentence_that_names_them(session, tiktok_shop):
    tiktok_shop.shops = [GB, DE]

    with pytest.raises(InputError, match=rf"{ORDERS} is about one shop.*Maple \(GB\), Ahorn \(DE\).*tts\.use_shop"):
        session.get(ORDERS)
    assert tiktok_shop.calls == []


def test_no_shop_at_all_is_a_sentence(session, tiktok_shop):
    tiktok_shop.shops = []

    with pytest.raises(InputError, match="this login covers none"):
        session.get(ORDERS)


def test_the_chosen_shop_is_the_one_that_calls_are_about_until_it_is_taken_back(session, tiktok_shop):
    tiktok_shop.shops = [GB, DE]

    assert session.use_shop("de").id == DE["id"]
    session.get(ORDERS)
    assert session.use_shop(None) is None

    assert tiktok_shop.calls[0].query["shop_cipher"] == "GCP_de"
    with pytest.raises(InputError, match="is about one shop"):
        session.get(ORDERS)


def test_a_call_may_name_its_shop(session, tiktok_shop):
    tiktok_shop.shops = [GB, DE]

    session.call("GET", ORDERS, shop=session.shops[1])

    assert tiktok_shop.calls[0].query["shop_cipher"] == "GCP_de"


def test_the_shops_are_asked_for_once_by_sixteen_threads_and_again_after_a_login(session, tiktok_shop):
    start, found = threading.Barrier(16), []

    def ask() -> None:
        start.wait()
        found.append(session.shops)

    run_all(ask)
    assert len(set(found)) == 1
    assert tiktok_shop.web.paths == [SHOPS]

    tiktok_shop.shops = [DE]
    session._keeper.adopt(token(7))
    assert [shop.region for shop in session.shops] == ["DE"]


@pytest.mark.parametrize("data", [{}, {"shops": None}, {"shops": [None, 7]}, []])
def test_odd_answers_about_shops_are_no_shops(open_session, tiktok_shop, data):
    with serving(lambda seen: ok(data)) as web:
        assert open_session(web.url).shops == ()


def run_all(work: Callable[[], None], count: int = 16) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


# -- scopes ------------------------------------------------------------------------------------


def test_a_missing_scope_is_refused_before_the_network_and_named(session, tiktok_shop):
    with pytest.raises(PermissionMissing, match=r"needs the scope seller\.finance\.info, which this login") as refused:
        session.get("/finance/202309/statements")

    assert refused.value.scope == "seller.finance.info"
    assert tiktok_shop.web.seen == []


@pytest.mark.parametrize(
    ("shops", "named"),
    [
        (None, ""),
        ([GB], ", for Maple (GB)"),
        ([GB, DE], ", for Maple (GB), Ahorn (DE)"),
        ([GB | {"id": str(number)} for number in range(300)], f", for {', '.join(['Maple (GB)'] * 5)}, 295 more"),
    ],
)
def test_a_missing_scope_says_whose_login_lacks_it_without_asking(open_session, tiktok_shop, shops, named):
    session = open_session(seller_name="Maple Ltd")
    if shops:
        tiktok_shop.shops = shops
        assert len(session.shops) == len(shops)
    asked = len(tiktok_shop.web.seen)

    with pytest.raises(PermissionMissing) as refused:
        session.get("/finance/202309/statements")

    assert str(refused.value) == (
        "/finance/202309/statements needs the scope seller.finance.info, which this login does not have: it is that "
        f"of Maple Ltd{named}. Enable it in Partner Center, then run %tiktok_auth login --force."
    )
    assert len(tiktok_shop.web.seen) == asked


def test_a_missing_scope_of_a_nameless_seller_makes_a_sentence_too(open_session):
    with pytest.raises(PermissionMissing, match=r"does not have\. Enable"):
        open_session(seller_name="").get("/finance/202309/statements")


def test_a_login_that_does_not_say_its_scopes_is_asked_about_at_tiktok_shop(open_session, tiktok_shop):
    tiktok_shop.queue = [no(105005, "Access denied.", 401)]

    with pytest.raises(PermissionMissing, match="code 105005"):
        open_session(granted_scopes=[]).call("GET", "/finance/202309/statements")


# -- tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("code", [105002, 36009005])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_rejected_token_is_renewed_once_and_the_call_repeated(session, tiktok_shop, endpoint, status, code, method):
    tiktok_shop.queue = [no(code, EXPIRED, status), ok()]

    answer = session.request(method, "/fulfillment/202309/packages", json={"a": 1} if method == "POST" else None) \
        if method == "POST" else session.get(ORDERS)  # fmt: skip

    assert answer.json()["code"] == 0
    assert endpoint.spent == [token().refresh_token]
    first, second = tiktok_shop.calls
    assert header(first, TOKEN_HEADER) == token().access_token
    assert header(second, TOKEN_HEADER) == token(1).access_token
    assert first.body == second.body
    assert is_signed(second)


def test_a_token_that_stays_rejected_is_renewed_only_once(session, tiktok_shop, endpoint, slept):
    tiktok_shop.queue = [no(105002, EXPIRED, 401)] * 10

    with pytest.raises(TokenRejected, match="105002") as refused:
        session.call("GET", ORDERS)

    assert len(endpoint.spent) == 1
    assert len(tiktok_shop.calls) == 2
    assert slept == []
    assert "login --force" in str(refused.value)


def test_a_token_that_another_kernel_renewed_is_read_from_the_store_and_none_is_spent(session, tiktok_shop, endpoint):
    session._keeper.store.save(token(5, age=-60))
    tiktok_shop.queue = [no(36009005, "access_token invalid", 401), ok()]

    session.get(ORDERS)

    assert endpoint.spent == []
    assert header(tiktok_shop.calls[1], TOKEN_HEADER) == token(5).access_token


def test_sixteen_calls_that_are_rejected_at_once_spend_one_refresh_token(session, tiktok_shop, endpoint):
    session.shops  # noqa: B018
    answers: list[int] = []

    def by_token(seen: Seen) -> Reply:
        return no(105002, EXPIRED, 401) if header(seen, TOKEN_HEADER) == token().access_token else ok()

    tiktok_shop.queue = [by_token] * 100
    run_all(lambda: answers.append(session.get(ORDERS).json()["code"]))

    assert answers == [0] * 16
    assert len(endpoint.spent) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (106001, "Invalid credentials. The 'sign' query parameter is invalid."),
        (105005, "Access denied."),
        (36009043, "shop inactive"),
        (36009044, "seller inactive"),
        (36009033, "IP address"),
        (101000, "The `x-tts-access-token` header is invalid."),
    ],
)
def test_other_refusals_never_spend_a_refresh_token_and_are_not_repeated(session, tiktok_shop, endpoint, code, message):
    tiktok_shop.queue = [no(code, message, 401)]

    with pytest.raises(APIError, match=str(code)):
        session.call("GET", ORDERS)

    assert endpoint.spent == []
    assert len(tiktok_shop.calls) == 1


def test_a_refused_renewal_is_what_the_caller_hears(session, tiktok_shop, endpoint):
    endpoint.failure = TokenError("The seller has revoked the app.", code=36004005)
    tiktok_shop.queue = [no(105002, EXPIRED, 401)]

    with pytest.raises(TokenError, match="revoked"):
        session.get(ORDERS)


def test_before_a_login_a_session_says_so_and_is_not_ready(tiktok_shop, endpoint):
    with Session(app(tiktok_shop.web.url), TokenKeeper(endpoint, MemoryStore()), profile="uk") as session:
        assert not session.ready
        assert repr(session) == "<Session of profile uk: not logged in yet>"
        with pytest.raises(LoginRequired, match="not logged in"):
            session.get(ORDERS)
    assert tiktok_shop.web.seen == []


def test_the_login_can_be_read_from_the_session(session):
    assert session.ready
    assert (session.seller, session.region, session.open_id, session.user_type) == (
        "Maple and Wren Ltd",
        "GB",
        "open-1",
        0,
    )
    assert session.granted_scopes == tuple(sorted(SCOPES))
    assert session.expires_at == NOW + timedelta(days=7)
    assert session.refresh_expires_at == NOW + timedelta(days=90)
    assert session.profile == "default"
    assert session.shop.name == "Maple"


def test_a_session_whose_authorization_has_ended_is_not_ready(open_session):
    assert not open_session(refresh_token_expire_in=int(NOW.timestamp())).ready


# -- trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        (no(36009002, TOO_MANY, 429), [1.25, 2.25]),
        (no(36009002, TOO_MANY, 429, Retry_After="7"), [7.25, 7.25]),
        (no(36009002, TOO_MANY, 429, Retry_After="soon"), [1.25, 2.25]),
        (no(36009002, TOO_MANY, 429, Retry_After="inf"), [1.25, 2.25]),
        (no(36009002, TOO_MANY, 429, Retry_After="nan"), [1.25, 2.25]),
        (
            no(
                36009002,
                TOO_MANY,
                429,
                Retry_After=format_datetime(NOW + timedelta(seconds=9), usegmt=True),
            ),
            [9.25] * 2,
        ),
        (no(36009002, TOO_MANY, 429, Retry_After="-5"), [0.25, 0.25]),
        (Reply(b"<html>", 503), [1.25, 2.25]),
        (Reply(b"", 500), [1.25, 2.25]),
        (no(36009003, "Internal error.", 500), [1.25, 2.25]),
        (no(10002014, "Failed to get orders."), [1.25, 2.25]),
        (Reply(b"half", 200, {"Content-Length": "100"}), [1.25, 2.25]),
        (Reply(b"x" * 30, 200, {"Content-Encoding": "gzip"}), [1.25, 2.25]),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", ORDERS), ("POST", SEARCH)])
def test_a_read_is_repeated_after_jittered_waits_until_it_succeeds(
    session, tiktok_shop, slept, reply, waits, method, path
):
    tiktok_shop.queue = [reply, reply, ok()]

    assert session.call(method, path) == {"rows": 1}

    assert slept == pytest.approx(waits)
    assert all(is_signed(seen) for seen in tiktok_shop.calls)


@pytest.mark.parametrize(
    "reply",
    [
        no(36009002, TOO_MANY, 429),
        Reply(b"", 503),
        no(36009003, "Internal error."),
        Reply(b"half", 200, {"Content-Length": "100"}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_call_that_may_change_something_is_never_repeated(session, tiktok_shop, slept, reply, method):
    tiktok_shop.queue = [reply, ok()]

    with pytest.raises(TTSError):
        session.call(method, "/fulfillment/202309/packages", json={"a": 1})

    assert len(tiktok_shop.calls) == 1
    assert slept == []


def test_trouble_that_stays_is_given_up_after_five_repeats(session, tiktok_shop, slept):
    tiktok_shop.queue = [no(36009002, TOO_MANY, 429)] * 20

    with pytest.raises(RateLimited, match=r"36009002.*Wait a minute"):
        session.call("GET", ORDERS)
    assert slept == [1.25, 2.25, 4.25, 8.25, 16.25]


def test_a_wait_of_more_than_a_minute_is_said_and_not_slept(session, tiktok_shop, slept):
    tiktok_shop.queue = [no(36009002, TOO_MANY, 429, Retry_After="3600")]

    with pytest.raises(RateLimited, match="in 3600 seconds"):
        session.call("GET", ORDERS)
    assert slept == []


def test_an_hourly_quota_is_not_waited_for(session, tiktok_shop, slept):
    tiktok_shop.queue = [no(36009037, "Quota.", 429)]

    with pytest.raises(RateLimited, match="in an hour"):
        session.call("GET", ORDERS)
    assert slept == []


def test_a_host_that_cannot_be_reached_is_a_sentence_after_two_short_waits(open_session, slept, free_port):
    session = open_session(f"http://127.0.0.1:{free_port}")

    with pytest.raises(TransportError, match=r"127\.0\.0\.1 refused the connection. Check the connection") as failed:
        session.get(ORDERS, params={"shop_cipher": "x"})

    assert failed.value.unsent
    assert slept == [1.25, 2.25]
    assert secrets_in(everything_shown(failed.value)) == []


def test_no_answer_in_time_is_a_sentence(session, tiktok_shop, slept):
    enough = threading.Event()
    session.shops  # noqa: B018
    tiktok_shop.queue = [lambda seen: (enough.wait(5), ok())[1]]
    try:
        with pytest.raises(TransportError, match=r"127\.0\.0\.1 did not answer within") as failed:
            session.post("/fulfillment/202309/packages", json={"a": 1}, timeout=0.2)
    finally:
        enough.set()
    assert not failed.value.unsent


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>"), Reply(b""), Reply(b"[]"), Reply({"code": "0"}), Reply(b"<html>" * 9000)]
)
def test_what_is_no_json_is_a_sentence_about_what_stands_between(session, tiktok_shop, reply):
    tiktok_shop.queue = [reply] * 10

    with pytest.raises(TransportError, match=rf"{ORDERS} was answered with something.*a proxy or firewall may answer"):
        session.call("GET", ORDERS)


def test_success_without_data_is_refused_for_a_read_and_fine_for_a_write(session, tiktok_shop):
    tiktok_shop.queue = [Reply({"code": 0, "data": None}), Reply({"code": 0, "data": None})]

    with pytest.raises(TransportError, match=f"{ORDERS} said success but sent no data"):
        session.call("GET", ORDERS)
    assert session.call("POST", "/fulfillment/202309/packages", json={"a": 1}) is None


@pytest.mark.parametrize(("minutes", "words"), [(10, "about 10 minutes slow"), (-10, "about 10 minutes fast")])
def test_a_clock_that_is_wrong_is_told_by_the_answers_date(session, tiktok_shop, minutes, words):
    date = format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)
    message = "Invalid timestamp. The value of the `timestamp` query parameter must not be earlier than 5 minutes."
    tiktok_shop.queue = [no(36009004, message, 400, Date=date)]

    with pytest.raises(APIError, match=rf"This computer's clock is {words}: switch on automatic time"):
        session.call("GET", ORDERS)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT", "\x00", "Fri, 20 Nov 2026 12:00:00 +9999"]
)
def test_a_date_that_is_none_is_no_trouble(session, tiktok_shop, date):
    tiktok_shop.queue = [no(36009004, "Invalid timestamp. `timestamp`", 400, Date=date, Retry_After=date)]

    with pytest.raises(APIError, match="Set this computer's clock"):
        session.call("GET", ORDERS)


def test_a_large_success_is_handed_over_and_not_read_twice(session, tiktok_shop):
    rows = [{"id": str(number)} for number in range(5000)]
    tiktok_shop.queue = [ok({"orders": rows})]

    assert session.call("GET", ORDERS) == {"orders": rows}


def test_a_streamed_answer_can_be_read_by_the_caller(session, tiktok_shop):
    tiktok_shop.queue = [Reply(b"x" * 100_000)]

    with session.get(ORDERS, stream=True) as answer:
        assert sum(map(len, answer.iter_content(1000))) == 100_000


def test_pages_are_walked_with_the_same_filters_and_tokens_passed_back_unchanged(session, tiktok_shop):
    odd = "b2Zm+c2V0/PTAK=="
    tiktok_shop.queue = [ok({"orders": [1], "next_page_token": odd}), ok({"orders": [2], "next_page_token": ""})]

    pages = list(session.pages("POST", SEARCH, params={"page_size": 1}, json={"order_status": "X"}))

    assert [page["orders"] for page in pages] == [[1], [2]]
    first, second = tiktok_shop.calls
    assert "page_token" not in first.query
    assert second.query["page_token"] == odd
    assert first.body == second.body
    assert first.query["page_size"] == second.query["page_size"] == "1"


def test_pages_stop_where_the_caller_says(session, tiktok_shop):
    tiktok_shop.queue = [ok({"next_page_token": str(number)}) for number in range(9)]

    with pytest.raises(TransportError, match="still has more after 2 pages"):
        list(session.pages("POST", SEARCH, max_pages=2))


# -- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_refuses_to_be_pickled_or_copied_in_a_sentence(session, act):
    with pytest.raises(TypeError, match="Session holds secrets of a login and cannot be pickled or copied"):
        act(session)


def test_a_session_shows_no_secret(session):
    session.get(ORDERS)

    assert secrets_in(f"{session!r} {session} {vars(session)} {session.headers} {session.cookies} {session.auth}") == []
    assert repr(session).startswith("<Session of Maple and Wren Ltd, authorized until 2027-02-18")
    assert GB["cipher"] not in f"{vars(session)}"


@pytest.mark.parametrize(
    "reply",
    [
        no(106001, "sign", 401),
        no(105002, EXPIRED, 401),
        Reply(b"<html>"),
        Reply(b"half", 200, {"Content-Length": "9"}),
        Reply(b"", 302, {"Location": "http://["}),
    ],
)
def test_no_failure_holds_a_secret_in_any_frame_context_or_log(session, tiktok_shop, endpoint, caplog, reply):
    caplog.set_level(logging.DEBUG)
    endpoint.failure = TransportError("No.")
    tiktok_shop.queue = [reply] * 20

    with pytest.raises(TTSError) as failed:
        session.call("GET", ORDERS)

    assert secrets_in(everything_shown(failed.value) + caplog.text) == []


def test_an_interrupt_leaves_no_token_in_the_frames(session, tiktok_shop):
    import signal

    session.shops  # noqa: B018
    enough = threading.Event()

    def interrupt(seen: Seen) -> Reply:
        time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        enough.wait(5)
        return ok()

    tiktok_shop.queue = [interrupt]
    try:
        with pytest.raises(KeyboardInterrupt) as stopped:
            session.get(ORDERS)
    finally:
        enough.set()

    assert secrets_in(everything_shown(stopped.value)) == []


def test_the_proxy_of_the_app_is_used_for_the_api(endpoint, slept, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with serving(lambda seen: Reply(b"", 403)) as proxy:
        keeper = TokenKeeper(endpoint, MemoryStore(), clock=lambda: NOW)
        keeper.adopt(token())
        with (
            Session(app("https://api.test", proxy=proxy.url), keeper, sleep=slept.append) as session,
            pytest.raises(TransportError, match=r"The proxy did not let the call to api\.test through"),
        ):
            session.get(ORDERS, params={"shop_cipher": "x"})

    assert {seen.target for seen in proxy.seen} == {"api.test:443"}
    assert not any(TOKEN_HEADER in seen.headers for seen in proxy.seen)


def test_a_held_lock_of_the_store_is_what_a_caller_with_an_ended_token_hears(tiktok_shop, endpoint):
    class Held(MemoryStore):
        def lock(self):
            raise ConfigError("Another program has been renewing this login.")

    keeper = TokenKeeper(endpoint, Held(), clock=lambda: datetime(2027, 1, 1, tzinfo=UTC))
    keeper.adopt(token())
    with Session(app(tiktok_shop.web.url), keeper) as session, pytest.raises(ConfigError, match="has been renewing"):
        session.get(ORDERS)


def test_the_json_of_a_post_is_the_callers(session, tiktok_shop):
    session.post(SEARCH, json={"order_status": "UNPAID"})

    assert json.loads(tiktok_shop.calls[0].body) == {"order_status": "UNPAID"}
    assert header(tiktok_shop.calls[0], "content-type") == "application/json"
