"""Asking as a seller against a TikTok Shop that shares no code with us: it checks every signature."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.auth.tiktok_shop import app_of, control, fetch_redirect, stats
from tests.harness.sandboxes import Sandbox
from tts_notebook.api.session import Session
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import MemoryStore
from tts_notebook.errors import APIError, InputError, PermissionMissing, RateLimited, TokenError, TransportError

ORDERS, SEARCH, SHOPS = "/order/202309/orders", "/order/202309/orders/search", "/authorization/202309/shops"


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory) -> Iterator[Sandbox]:
    """A sandbox that these tests may change; each finds it as it was."""
    started = Sandbox("--orders", "120", log=tmp_path_factory.mktemp("sandbox") / "sandbox.log")
    yield started
    started.stop()


@pytest.fixture
def tiktok_shop(own_sandbox) -> Sandbox:
    control(own_sandbox, faults=[], rate_limit=0, denied_scopes=[], seller="", reset_stats=True)
    return own_sandbox


@pytest.fixture
def open_session(tiktok_shop) -> Iterator[object]:
    opened: list[Session] = []

    def open_session(*, seconds_slow: float = 0, **settings: str) -> Session:
        app = app_of(tiktok_shop)
        keeper = TokenKeeper(TokenEndpoint.of(app), MemoryStore())
        keeper.adopt(keeper.endpoint.exchange(fetch_redirect(app)["code"]))
        opened.append(
            Session(
                app_of(tiktok_shop, **settings),
                keeper,
                clock=lambda: time.time() - seconds_slow,
                sleep=slept.append,
                jitter=lambda: 0,
            )
        )
        return opened[-1]

    slept = open_session.slept = []
    yield open_session
    for session in opened:
        session.close()


@pytest.fixture
def session(open_session) -> Session:
    return open_session()


def test_shops_lists_and_details_are_signed_as_tiktok_shop_wants_it(session):
    (shop,) = session.shops
    found = session.call("POST", SEARCH, params={"page_size": 2, "sort_order": "ASC"}, json={"create_time_ge": 1})
    ids = [order["id"] for order in found["orders"]]
    details = session.call("GET", ORDERS, params={"ids": ids})

    assert shop.region == "GB"
    assert [order["id"] for order in details["orders"]] == ids


def test_pages_give_every_order_once(session):
    orders = [
        order["id"]
        for page in session.pages("POST", SEARCH, params={"page_size": 50}, json={"create_time_ge": 1})
        for order in page["orders"]
    ]

    assert len(orders) == len(set(orders)) == 120


@pytest.mark.parametrize(
    "body", [None, {}, {"order_status": "DELIVERED"}, {"buyer_user_id": 'ü 😀 "\\ <&>'}, {"create_time_ge": 1}]
)
def test_whatever_is_in_the_body_the_signature_is_accepted(session, body):
    answer = session.post(SEARCH, params={"page_size": 1}, json=body)

    assert answer.json()["code"] != 106001, answer.text


@pytest.mark.parametrize("value", ["ü 😀", "a+b c/d=?&%", "1,2", "~-._*'()!"])
def test_whatever_is_in_the_query_the_signature_is_accepted(session, value):
    answer = session.get(ORDERS, params={"ids": value})

    assert answer.json()["code"] != 106001, answer.text


def test_a_wrong_secret_is_said_and_spends_no_refresh_token(open_session, tiktok_shop):
    session = open_session(app_secret="wrong")

    with pytest.raises(APIError, match=r"106001.*Check the app_secret"):
        session.call("GET", SHOPS)
    assert stats(tiktok_shop)["token_refreshes"] == 0


def test_an_expired_token_is_renewed_once_for_sixteen_calls(session, tiktok_shop):
    shop = session.shops[0]
    control(tiktok_shop, expire_access_tokens=True)
    start, counts = threading.Barrier(16), []

    def ask() -> None:
        start.wait()
        counts.append(len(session.call("POST", SEARCH, params={"page_size": 3}, shop=shop)["orders"]))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert counts == [3] * 16
    assert stats(tiktok_shop)["token_refreshes"] == 1
    assert stats(tiktok_shop)["spent_refresh_tokens_presented"] == 0


def test_a_revoked_grant_asks_for_a_new_login(session, tiktok_shop):
    control(tiktok_shop, revoke_grants=True, expire_access_tokens=True)

    with pytest.raises(TokenError, match=r"revoked the app.*login --force"):
        session.call("GET", SHOPS)


def test_a_scope_that_was_not_granted_is_refused_before_the_network(tiktok_shop, open_session):
    control(tiktok_shop, denied_scopes=["seller.finance.info"])
    session = open_session()
    control(tiktok_shop, reset_stats=True)

    with pytest.raises(PermissionMissing, match=r"needs the scope seller\.finance\.info"):
        session.call("GET", "/finance/202309/statements")
    assert not any("finance" in path for path in str(stats(tiktok_shop)).split())


def test_a_cross_border_seller_chooses_a_shop(tiktok_shop, open_session):
    control(tiktok_shop, seller="xb")
    session = open_session()

    with pytest.raises(InputError, match=r"is about one shop, and this login covers .*, .*tts\.use_shop"):
        session.call("POST", SEARCH, params={"page_size": 1})
    for shop in session.shops:
        session.use_shop(shop.region)
        assert session.call("POST", SEARCH, params={"page_size": 1})["orders"]


@pytest.mark.parametrize(("seconds", "direction"), [(600, "slow"), (-600, "fast")])
def test_a_clock_that_is_ten_minutes_wrong_is_told(open_session, seconds, direction):
    with pytest.raises(APIError, match=rf"36009004.*This computer's clock is about 10 minutes {direction}"):
        open_session(seconds_slow=seconds).call("GET", SHOPS)


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        ("429:path=/order/,times=2", [1, 2]),
        ("429-retry-after:path=/order/,times=2,seconds=3", [3, 3]),
        ("500:path=/order/,times=2", [1, 2]),
        ("503:path=/order/,times=2", [1, 2]),
        ("36009003:path=/order/,times=2", [1, 2]),
        ("drop:path=/order/,times=2", [1, 2]),
        ("half-answer:path=/order/,times=2", [1, 2]),
        ("105002:path=/order/,times=1", []),
        ("unknown-fields:path=/order/", []),
    ],
)
def test_trouble_that_passes_is_ridden_out(session, tiktok_shop, open_session, fault, waits):
    control(tiktok_shop, faults=[fault])

    assert session.call("POST", SEARCH, params={"page_size": 1})["orders"]
    assert open_session.slept == waits


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        ("429:path=/order/", RateLimited, "Wait a minute"),
        ("36009003:path=/order/", APIError, "TikTok Shop's own trouble"),
        ("not-json:path=/order/", TransportError, "not TikTok Shop's JSON"),
        ("data-null:path=/order/", TransportError, "said success but sent no data"),
        ("105005:path=/order/", PermissionMissing, "Enable it in Partner Center"),
    ],
)
def test_trouble_that_stays_is_a_sentence(session, tiktok_shop, fault, kind, sentence):
    control(tiktok_shop, faults=[fault])

    with pytest.raises(kind, match=sentence):
        session.call("POST", SEARCH, params={"page_size": 1})


def test_a_token_that_stays_expired_is_renewed_only_once(session, tiktok_shop):
    control(tiktok_shop, faults=["105002:path=/order/"])

    with pytest.raises(APIError, match="105002"):
        session.call("POST", SEARCH, params={"page_size": 1})
    assert stats(tiktok_shop)["token_refreshes"] == 1
