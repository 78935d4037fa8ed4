"""The control endpoint: what tests may change while the sandbox runs."""

from __future__ import annotations

import pytest


def test_settings_change_at_once(visit):
    visitor = visit().sign_in()

    assert visitor.control(latency_ms=1, faults=["500:path=/seller"], denied_scopes=["seller.order.info"]).status == 200

    assert visitor.call("GET", "/seller/202309/shops").status == 500
    assert visitor.control(faults=[]).json == {"faults": []}
    assert visitor.call("GET", "/seller/202309/shops").status == 200
    shown = visitor.send("GET", "/sandbox/control").json
    assert (shown["latency_ms"], shown["denied_scopes"]) == (1, ["seller.order.info"])
    visitor.sign_in()
    assert visitor.search().refusal == (401, 105005)


def test_behaviour_changes_at_once_even_for_orders_that_were_written_before(visit):
    visitor = visit().sign_in()
    before = visitor.search(page_size="1").data["orders"][0]["payment"]

    visitor.control(behaviour={"money": "padded", "expired_status": "200"})

    after = visitor.search(page_size="1").data["orders"][0]["payment"]
    assert "0.00" not in before.values()
    assert "0.00" in after.values()


def test_counters_tell_what_happened_and_start_again(visit):
    visitor = visit().sign_in()
    visitor.search()
    visitor.call("GET", "/no/such/path/1")
    visitor.call("GET", "/no/such/path/2")

    requests = visitor.stats()["requests"]
    visitor.control(reset_stats=True)

    assert requests == {
        "/open/authorize": 1,
        "/api/v2/token/get": 1,
        "/authorization/202309/shops": 1,
        "/order/202309/orders/search": 1,
        "other": 2,
    }
    assert visitor.stats() == {
        "requests": {},
        "statuses": {},
        "faults": {},
        "token_refreshes": 0,
        "rotations": 0,
        "spent_refresh_tokens_presented": 0,
        "throttled": 0,
        "limits": {},
    }


def test_what_became_of_each_endpoints_calls_is_told(visit):
    visitor = visit("--rate-limit", "0.001", "--rate-burst", "2").sign_in()
    visitor.control(reset_stats=True)

    statuses = [visitor.search().status for _ in range(5)]

    limits = visitor.stats()["limits"]
    assert statuses == [200, 200, 429, 429, 429]
    assert limits == {"/order/202309/orders/search": {"passed": 2, "throttled": 3, "room": 2.0}}


@pytest.mark.parametrize(
    "wishes",
    [
        {"colour": "red"},
        {"rate_limit": "fast"},
        {"rate_limit": -1},
        {"rotate": 1},
        {"faults": ["418"]},
        {"faults": "429"},
        {"behaviour": {"paging": "sideways"}},
        {"behaviour": {"colour": "red"}},
        {"denied_scopes": ["everything"]},
        {"touch_orders": 5},
        {"touch_orders": {"count": 0}},
        {"add_orders": {"count": 1, "seller": "nobody"}},
        {"add_orders": {"count": 1, "seller": "xb", "region": "US"}},
        {"seller": "nobody"},
        {"seller": "agency"},
        {"inactive": ["gb:US"]},
        {"rate_limit_moves": -1},
        {"revoke_grants": "nobody"},
        {"redirect_uri": "x\r\ny: z"},
    ],
)
def test_a_wish_that_makes_no_sense_changes_nothing(shop_server, seller, wishes):
    before = seller.send("GET", "/sandbox/control").json

    answer = seller.control(latency_ms=50, **wishes)

    assert answer.status == 400
    assert answer.json["error"].endswith(".")
    assert seller.send("GET", "/sandbox/control").json == before


def test_orders_can_be_added_to_any_shop(visit):
    visitor = visit().sign_in("xb")
    malaysian = visitor.shops[1]["cipher"]
    before = visitor.search(shop_cipher=malaysian).data["total_count"]

    visitor.control(add_orders={"count": 4, "seller": "xb", "region": "MY"})

    assert visitor.search(shop_cipher=malaysian).data["total_count"] == before + 4


def test_a_page_in_a_browser_cannot_send_it(seller):
    body = b'{"latency_ms": 1}'

    assert seller.send("POST", "/sandbox/control", body, content_type="text/plain").status == 400
    foreign = seller.send("POST", "/sandbox/control", body, content_type="application/json", host="evil.example")
    assert foreign.status == 403
    assert seller.send("GET", "/sandbox/control").json["latency_ms"] == 0


def test_other_paths_and_methods_are_told_what_there_is(seller):
    assert seller.send("GET", "/sandbox/other").status == 404
    assert seller.send("DELETE", "/sandbox/control").status == 404
