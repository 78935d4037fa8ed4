"""Who may call at all: active sellers and shops, known addresses, within the hourly quota."""

from __future__ import annotations

import pytest

from tests.sandbox.desk import Desk
from tests.sandbox.official import disagreements

STATUS = "/seller/202508/status"
WAREHOUSES = "/logistics/202309/warehouses"


def statuses(visitor):
    answer = visitor.call("GET", STATUS)
    assert disagreements("GET", STATUS, answer.json) == []
    data = answer.data["seller_status_data"]
    return data["seller_status"], [shop["shop_status"] for shop in data["shop_statuses"]]


@pytest.mark.tools
def test_sellers_and_their_shops_are_active(visitors):
    for visitor in visitors.values():
        assert statuses(visitor) == ("2", ["2"] * len(visitor.shops))
        shops = visitor.call("GET", STATUS).data["seller_status_data"]["shop_statuses"]
        assert [shop["shop_id"] for shop in shops] == [shop["id"] for shop in visitor.shops]
    assert visitors["gb"].ask("GET", STATUS).refusal == (400, 36009004)


@pytest.mark.tools
def test_an_inactive_shop_is_refused_and_its_sister_is_not(visit):
    visitor = visit().sign_in("xb")
    one, other = [Desk(visitor, shop) for shop in visitor.shops]

    visitor.control(inactive=["xb:MY"])

    assert one.ask("GET", WAREHOUSES).status == 200
    assert other.ask("GET", WAREHOUSES).refusal == (401, 36009043)
    assert statuses(visitor) == ("2", ["2", "3"])
    assert [shop["region"] for shop in visitor.call("GET", "/seller/202309/shops").data["shops"]] == ["GB"]
    visitor.control(inactive=[])
    assert other.ask("GET", WAREHOUSES).status == 200


@pytest.mark.tools
def test_an_inactive_seller_is_refused_and_others_are_not(visit):
    visitor, us = visit(), None
    visitor.sign_in("gb")
    us = type(visitor)(visitor.sandbox).sign_in("us")

    visitor.control(inactive=["gb"])

    assert visitor.ask("GET", WAREHOUSES).refusal == (401, 36009044)
    assert us.ask("GET", WAREHOUSES).status == 200
    assert statuses(visitor) == ("3", ["3"])


def test_a_seller_that_takes_its_grant_back_is_unknown(visit):
    visitor = visit().sign_in("gb")

    visitor.control(revoke_grants="gb")

    assert visitor.ask("GET", WAREHOUSES).status == 401


def test_only_addresses_on_the_allow_list_may_call(visit):
    visitor = visit().sign_in()

    visitor.control(ip_allow_list=["203.0.113.7"])
    assert visitor.ask("GET", WAREHOUSES).refusal == (401, 36009033)
    visitor.control(ip_allow_list=["203.0.113.7", "127.0.0.1"])
    assert visitor.ask("GET", WAREHOUSES).status == 200


def test_a_test_shop_has_an_hourly_quota(visit):
    visitor = visit().sign_in()
    visitor.control(hourly_quota=3)

    seen = [visitor.ask("GET", WAREHOUSES).refusal for _ in range(5)]

    assert seen == [(200, 0)] * 3 + [(429, 36009037)] * 2
    visitor.control(hourly_quota=0)
    assert visitor.ask("GET", WAREHOUSES).status == 200


@pytest.mark.parametrize(
    "wish", [{"inactive": ["fr"]}, {"inactive": "gb"}, {"ip_allow_list": [1]}, {"hourly_quota": -1}]
)
def test_a_wrong_wish_changes_nothing(seller, wish):
    answer = seller.control(**wish)

    assert answer.status == 400
    assert answer.json["error"].endswith(".")
