"""The seeded world: money that adds up, times in order, ids that are nobody else's."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from tts_notebook.sandbox.catalogue import SELLER_KEYS, sellers
from tts_notebook.sandbox.money import split
from tts_notebook.sandbox.order_json import Style
from tts_notebook.sandbox.orders import NEXT, STATUSES
from tts_notebook.sandbox.world import ShopBooks, World

NOW = 1_794_000_000
DAY = 86_400
SHOPS = range(5)
REACHED = ("create_time", "paid_time", "rts_time", "collection_time", "delivery_time", "update_time")


def books(seed: int, slot: int, count: int = 40, style: Style | None = None) -> ShopBooks:
    (shop,) = (shop for seller in sellers(seed) for shop in seller.shops if shop.slot == slot)
    made = ShopBooks(shop, seed, count, NOW)
    if style:
        made.use_style(style)
    return made


def written(made: ShopBooks) -> list[dict]:
    return [json.loads(made.json(order)) for order in made.orders]


worlds = st.builds(books, st.integers(0, 10**6), st.sampled_from(SHOPS))
few = settings(max_examples=examples(12), deadline=None)


@few
@given(made=worlds)
def test_every_payment_adds_up(made):
    for order in written(made):
        pay = {name: Decimal(text) for name, text in order["payment"].items() if name != "currency"}
        items = order["line_items"]

        assert (
            pay["sub_total"] == pay["original_total_product_price"] - pay["seller_discount"] - pay["platform_discount"]
        )
        assert pay["shipping_fee"] == (
            pay["original_shipping_fee"] - pay["shipping_fee_seller_discount"] - pay["shipping_fee_platform_discount"]
        )
        assert pay["tax"] == pay["product_tax"] + pay["shipping_fee_tax"]
        assert pay["total_amount"] == (
            pay["sub_total"] + pay["shipping_fee"] + pay["tax"] + pay.get("retail_delivery_fee", 0)
        )
        assert min(pay.values()) >= 0
        for part, whole in (
            ("original_price", "original_total_product_price"),
            ("seller_discount", "seller_discount"),
            ("platform_discount", "platform_discount"),
            ("sale_price", "sub_total"),
        ):
            assert sum(Decimal(item[part]) for item in items) == pay[whole]
        if order["payment"]["currency"] == "USD":
            taxes = [tax for item in items for tax in item.get("item_tax", ())]
            assert sum(Decimal(tax["tax_amount"]) for tax in taxes) == pay["product_tax"]


@few
@given(made=worlds)
def test_times_are_in_order_and_never_in_the_future(made):
    for order in written(made):
        times = [order[name] for name in REACHED if name in order]

        assert times == sorted(times)
        assert max(times) <= NOW
        assert order["create_time"] >= NOW - 90 * DAY
        if "cancel_time" in order:
            assert order["cancel_time"] == order["update_time"]
            assert order.get("request_cancel_time", 0) <= order["cancel_time"]


@few
@given(made=worlds)
def test_a_status_has_the_times_it_needs_and_no_later_ones(made):
    reached_by = {
        "AWAITING_COLLECTION": "rts_time",
        "IN_TRANSIT": "collection_time",
        "DELIVERED": "delivery_time",
        "COMPLETED": "delivery_time",
    }
    later = {"IN_TRANSIT": "delivery_time", "AWAITING_COLLECTION": "collection_time", "AWAITING_SHIPMENT": "rts_time"}
    for order in written(made):
        status = order["status"]

        assert status in STATUSES
        assert status not in reached_by or reached_by[status] in order
        assert status not in later or later[status] not in order
        assert ("cancel_time" in order) == ("cancel_reason" in order) == (status == "CANCELLED")
        assert ("recipient_address" in order) == (status not in ("UNPAID", "ON_HOLD"))
        assert ("tracking_number" in order) == ("rts_time" in order)
        assert ("paid_time" in order) or order["is_cod"] or status in ("UNPAID", "CANCELLED")
        assert order["is_buyer_request_cancel"] <= (status == "AWAITING_SHIPMENT")


@few
@given(seed=st.integers(0, 10**6))
def test_ids_are_long_and_unique_in_all_shops(seed):
    orders = [order for slot in SHOPS for order in written(books(seed, slot))]
    ids = [order["id"] for order in orders] + [item["id"] for order in orders for item in order["line_items"]]

    assert len(set(ids)) == len(ids)
    assert all(identifier.isdecimal() and 18 <= len(identifier) <= 19 for identifier in ids)


@few
@given(made=worlds)
def test_buyers_are_masked(made):
    for order in written(made):
        address = order.get("recipient_address")

        assert order["buyer_email"].endswith("@chat.seller.tiktok.com")
        if address:
            assert "***" in address["name"]
            assert "***" in address["phone_number"]
            assert "*" in address["address_line1"]


@few
@given(seed=st.integers(0, 10**6), slot=st.sampled_from(SHOPS))
def test_one_seed_gives_one_world(seed, slot):
    assert written(books(seed, slot)) == written(books(seed, slot))
    assert written(books(seed, slot)) != written(books(seed + 1, slot))


@few
@given(made=worlds, later=st.integers(0, DAY), count=st.integers(1, 60))
def test_touched_orders_move_on_and_no_others_do(made, later, count):
    before = {order.id: (order.status, order.updated, made.json(order)) for order in made.orders}

    touched = {order.id for order in made.touch(count, NOW + later)}

    assert len(touched) == min(count, len(made.orders))
    for order in made.orders:
        status, _, text = before[order.id]
        if order.id not in touched:
            assert made.json(order) == text
            continue
        assert order.updated == NOW + later
        assert made.json(order) != text
        assert order.status in (NEXT.get(status, status), "CANCELLED")


@few
@given(made=worlds, days=st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_orders_move_with_the_clock_and_it_does_not_matter_how_often_somebody_looks(made, days):
    again = ShopBooks(made.shop, 0, 0, NOW)
    again.orders = [replace(order) for order in made.orders]
    again._waiting = [order for order in again.orders if order.ahead]
    written(made)  # as they are before the clock moves

    for day in days:
        made.advance(NOW + day * DAY)
    again.advance(NOW + max(days) * DAY)

    assert written(made) == written(again)
    for order in made.orders:
        assert order.updated <= NOW + max(days) * DAY
        assert not order.ahead or order.ahead[0][0] > NOW + max(days) * DAY


def test_in_the_end_every_order_that_nobody_touched_is_completed_or_cancelled():
    made = books(3, 0, 400)
    kept_early = {order.id for order in made.orders[-20:] if order.status in ("UNPAID", "ON_HOLD")}
    moving = [order.id for order in made.orders if order.ahead]
    before = {order.id: order.updated for order in made.orders}

    made.advance(NOW + 90 * DAY)

    assert len(moving) > 30
    for order in made.orders:
        assert order.status in ("COMPLETED", "CANCELLED") or order.id in kept_early
        assert (order.updated > max(NOW, before[order.id])) is (order.id in moving)


def test_the_two_ways_of_writing_differ_only_in_zeros():
    short, padded = written(books(1, 1)), written(books(1, 1, style=Style(padded_money=True, zero_times=True)))

    for less, more in zip(short, padded, strict=True):
        assert {name: at for name, at in more.items() if name.endswith("_time") and at} == {
            name: at for name, at in less.items() if name.endswith("_time")
        }
        assert all("." in text and len(text.partition(".")[2]) == 2 for text in _amounts(more))
        assert [Decimal(text) for text in _amounts(less)] == [Decimal(text) for text in _amounts(more)]


def _amounts(order: dict) -> list[str]:
    return [text for name, text in order["payment"].items() if name != "currency"]


def test_rupiah_have_no_decimals():
    assert all("." not in text for order in written(books(1, 4)) for text in _amounts(order))


@pytest.mark.parametrize("slot", SHOPS)
def test_a_large_shop_has_every_status_and_looks_lived_in(slot):
    made = books(7, slot, count=2500)
    orders = written(made)
    days = Counter((order["create_time"] - NOW) // DAY for order in orders)
    best = Counter(item["sku_id"] for order in orders for item in order["line_items"]).most_common()

    expected = set(STATUSES) if made.shop.market.holds else set(STATUSES) - {"ON_HOLD"}
    assert {order["status"] for order in orders} == expected
    assert len(days) == 90
    assert max(days.values()) > 2 * sorted(days.values())[45]  # the flash sale
    assert best[0][1] > 5 * best[-1][1]
    assert any(a == b for a, b in itertools.pairwise(order["create_time"] for order in orders))
    assert any(len(order["line_items"]) > 1 for order in orders)
    assert any(not order["buyer_nickname"].isascii() for order in orders)
    assert any(not order["buyer_message"].isascii() for order in orders)
    if made.shop.region == "US":
        assert any(Decimal(order["payment"]["tax"]) > 0 for order in orders)
    if made.shop.region == "ID":
        assert {order["commerce_platform"] for order in orders} == {"TIKTOK_SHOP", "TOKOPEDIA"}
        assert any(order["is_cod"] for order in orders)


def test_sellers_are_found_by_their_keys():
    assert tuple(seller.key for seller in sellers(1)) == SELLER_KEYS


def test_orders_are_spread_over_a_sellers_shops():
    world = World(1, 1000, NOW)

    assert [[len(world.books(shop).orders) for shop in seller.shops] for seller in world.sellers] == [
        [1000],
        [1000],
        [600, 400],
        [1000],
    ]


def test_a_hundred_thousand_orders_are_made_in_seconds():
    started = time.process_time()

    made = books(3, 0, count=100_000)

    assert len({order.id for order in made.orders}) == 100_000
    assert time.process_time() - started < 10


@given(amount=st.integers(-(10**9), 10**9), weights=st.lists(st.integers(0, 10**6), max_size=12))
def test_parts_of_an_amount_add_up_to_it(amount, weights):
    parts = split(amount, weights)

    assert len(parts) == len(weights)
    assert sum(parts) == (amount if weights else 0)
