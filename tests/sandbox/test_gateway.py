"""The gateway: which check comes first, and what each refusal looks like to the byte."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator

import pytest

from tests.harness.sandboxes import Sandbox
from tests.sandbox.visitor import Visitor, signature

SHOPS = "/authorization/202309/shops"
SEARCH = "/order/202309/orders/search"
SUFFIX = "For more details: https://m.tiktok.shop/s/AIu6dbFhs2XW"


def test_a_refusal_is_the_live_services_to_the_byte(seller):
    answer = seller.call("GET", SHOPS, sign="0" * 64)

    assert answer.status == 401
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(answer.body) == 204
    assert re.sub(r'"request_id":".{34}"', '"request_id":""', answer.text) == (
        '{"code":106001,"data":null,"message":"Invalid credentials. The \'sign\' query parameter is invalid. '
        f'{SUFFIX}","request_id":""}}'
    )


def test_request_ids_carry_the_time_in_utc_plus_8(seller):
    identifier = seller.call("GET", SHOPS).json["request_id"]

    assert re.fullmatch(r"\d{14}[0-9A-F]{20}", identifier)
    zone = dt.timezone(dt.timedelta(hours=8))
    told = dt.datetime.strptime(identifier[:14], "%Y%m%d%H%M%S").replace(tzinfo=zone)
    assert abs((dt.datetime.now(zone) - told).total_seconds()) < 10


def test_a_success_is_compact_with_keys_in_alphabetical_order(seller):
    text = seller.call("GET", SHOPS).text

    assert text.startswith('{"code":0,"data":{"shops":[{"cipher":"GCP_')
    assert '"message":"Success","request_id":"' in text


def test_the_checks_come_in_the_gateways_order(seller):
    everything_wrong = {"app_key": "x", "timestamp": "1", "sign": "bad", "shop_cipher": "x", "page_size": "0"}
    steps = [
        ("/nowhere", {}, (404, 36009009), "Invalid path"),
        (SEARCH, {}, (400, 36009004), "Invalid 'app_key'"),
        (SEARCH, {"app_key": seller.sandbox.app_key}, (400, 36009004), "earlier than 5 minutes"),
        (SEARCH, {"timestamp": str(int(time.time()))}, (401, 106001), "'sign'"),
        (SEARCH, {"sign": None}, (401, 36009005), "access_token"),
        (SEARCH, {"token": seller.token}, (400, 36009004), "'shop_cipher' query parameter is invalid"),
        (SEARCH, {"shop_cipher": seller.cipher}, (400, 36009004), "invalid param"),
        (SEARCH, {"page_size": "1"}, (200, 0), "Success"),
    ]
    token, query = "junk", dict(everything_wrong)
    for path, change, refusal, words in steps:
        token = change.pop("token", token)
        query |= change
        sent = {name: text for name, text in query.items() if text is not None}
        answer = seller.send("POST", seller.signed(path, sent), x_tts_access_token=token)

        assert answer.refusal == refusal
        assert words in answer.json["message"]


def test_a_scope_is_checked_after_the_token_and_before_the_parameters(visit):
    visitor = visit("--denied-scopes", "seller.order.info").sign_in()

    answer = visitor.call("POST", SEARCH)

    assert answer.refusal == (401, 105005)
    assert "access scopes granted" in answer.json["message"]
    visitor.token = "junk"
    assert visitor.call("POST", SEARCH).refusal == (401, 36009005)


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [
        (-301, "earlier than 5 minutes"),
        (-290, None),
        (25, None),
        (40, "exceed the current time by more than 30 seconds"),
    ],
)
def test_the_timestamp_may_be_five_minutes_old_and_half_a_minute_ahead(seller, timestamp, words):
    answer = seller.call("GET", SHOPS, timestamp=str(int(time.time()) + timestamp))

    assert (answer.status == 200) is (words is None)
    assert words is None or words in answer.json["message"]


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [
        ("-5", "lesser than 0"),
        ("1794000000000", "exceed the current time"),
        ("soon", "invalid param"),
        ("1e9", "invalid param"),
        ("9" * 5000, "exceed the current time"),
        ("٣", "invalid param"),
    ],
)
def test_a_timestamp_that_is_none_is_refused(seller, timestamp, words):
    answer = seller.call("GET", SHOPS, timestamp=timestamp)

    assert answer.refusal == (400, 36009004)
    assert words in answer.json["message"]


def test_the_servers_clock_may_differ(visit):
    visitor = visit("--clock-offset-seconds", "3600").sign_in
    with pytest.raises(AssertionError, match="earlier than 5 minutes"):
        visitor()


def test_a_missing_signature_is_told_apart_from_a_wrong_one(seller):
    query = {"app_key": seller.sandbox.app_key, "timestamp": str(int(time.time()))}

    answer = seller.send("GET", SHOPS + "?" + "&".join(f"{name}={text}" for name, text in query.items()))

    assert answer.json["code"] == 36009004
    assert "does not include a required signature" in answer.json["message"]


def test_the_token_counts_only_in_the_header(seller):
    stranger = Visitor(seller.sandbox)

    assert stranger.call("GET", SHOPS).refusal == (401, 36009004)
    assert stranger.call("GET", SHOPS, access_token=seller.token).refusal == (401, 36009004)
    assert seller.call("GET", SHOPS, access_token=seller.token).status == 200


def test_a_signature_covers_the_decoded_values(seller):
    assert seller.call("GET", SHOPS, note="naïve ☕ a+b&c=d/%20").status == 200


def test_a_repeated_parameter_is_not_what_a_joined_list_is(seller):
    query = {"app_key": seller.sandbox.app_key, "timestamp": str(int(time.time())), "ids": "1,2"}
    sign = signature(seller.sandbox.app_secret, "/order/202309/orders", query)
    target = f"/order/202309/orders?app_key={query['app_key']}&timestamp={query['timestamp']}&ids=1&ids=2&sign={sign}"

    assert seller.send("GET", target).refusal == (401, 106001)


@pytest.mark.parametrize(("options", "status"), [([], 405), (["--wrong-method-status", "400"], 400)])
def test_a_wrong_method_is_told_so(visit, options, status):
    answer = visit(*options).call("DELETE", SHOPS)

    assert answer.refusal == (status, 36009010)


@pytest.mark.parametrize(("status", "options"), [(401, []), (200, ["--expired-status", "200"])])
def test_an_expired_token_is_told_so(visit, status, options):
    visitor = visit(*options).sign_in()

    assert visitor.control(expire_access_tokens=True).json == {"expire_access_tokens": 1}

    answer = visitor.call("GET", SHOPS)
    assert answer.refusal == (status, 105002)
    assert "has expired" in answer.json["message"]


def test_a_revoked_grant_is_an_unknown_token(visit):
    visitor = visit().sign_in()

    assert visitor.control(revoke_grants="gb").json == {"revoke_grants": 1}

    assert visitor.call("GET", SHOPS).refusal == (401, 36009005)
    assert visitor.refresh(visitor.refresh_token).refusal == (200, 36004005)


def test_shop_level_calls_need_the_right_cipher_and_seller_level_calls_none(seller):
    other = Visitor(seller.sandbox).sign_in("us")

    assert seller.call("POST", SEARCH, page_size="1").refusal == (400, 106013)
    assert seller.call("POST", SEARCH, page_size="1", shop_cipher=other.cipher).refusal == (400, 36009004)
    needless = seller.call("GET", SHOPS, shop_cipher=seller.cipher)
    assert needless.refusal == (400, 36009004)
    assert needless.json["message"].startswith("Unexpected identifier. The 'shop_cipher' query parameter")


def test_a_lenient_gateway_asks_for_a_cipher_only_where_there_is_a_choice(visit):
    visitor = visit("--lenient-cipher", "--wrong-cipher-code", "106011").sign_in()

    assert visitor.call("GET", SHOPS, shop_cipher=visitor.cipher).status == 200
    assert visitor.call("POST", SEARCH, page_size="1").status == 200
    assert visitor.call("POST", SEARCH, page_size="1", shop_cipher="x").refusal == (400, 106011)
    assert visitor.sign_in("xb").call("POST", SEARCH, page_size="1").refusal == (400, 106013)


@pytest.mark.parametrize(("options", "tells"), [([], False), (["--retry-after", "yes"], True)])
def test_too_many_calls_are_throttled_per_shop_and_endpoint(visit, options, tells):
    visitor = visit("--rate-limit", "0.01", "--rate-burst", "3", *options).sign_in()

    answers = [visitor.search(page_size="1") for _ in range(5)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].refusal == (429, 36009002)
    assert (answers[-1].headers["retry-after"] is not None) is tells
    assert visitor.call("GET", "/seller/202309/shops").status == 200
    assert visitor.stats()["throttled"] == 2


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A seller signed in to a sandbox whose faults these tests set, one after the other."""
    sandbox = Sandbox("--orders", "50", log=tmp_path_factory.mktemp("faulty") / "log")
    yield Visitor(sandbox).sign_in()
    sandbox.stop()


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("429", 429, '"code":36009002'),
        ("429-retry-after", 429, '"code":36009002'),
        ("500", 500, "<html>"),
        ("503", 503, "<html>"),
        ("not-json", 200, "<html>"),
        ("36009003", 500, '"code":36009003'),
        ("105002", 401, '"code":105002'),
        ("105005", 401, '"code":105005'),
        ("data-null", 200, '"data":null'),
        ("unknown-fields", 200, '"sandbox_text"'),
        ("moving-totals", 200, '"total_count":51'),
        ("slow:seconds=0.1", 200, '"orders"'),
    ],
)
def test_faults_happen_on_request(faulty, fault, status, words):
    visitor = faulty
    visitor.control(reset_stats=True, faults=[f"{fault}{',' if ':' in fault else ':'}path=/order,times=1"])

    answer = visitor.search()

    assert answer.status == status
    assert words in answer.text
    assert answer.headers["retry-after"] == ("1" if fault == "429-retry-after" else None)
    assert words not in visitor.search().text or fault.startswith("slow")
    assert visitor.stats()["faults"] == {fault.partition(":")[0]: 1}
