"""Returns and cancellations: they are about orders, and their refunds are in the finances."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tests.sandbox.desk import Desk
from tts_notebook.sandbox.claims import REFUNDED, claim_of
from tts_notebook.sandbox.markets import DAY
from tts_notebook.sandbox.settlement import settle
from tts_notebook.sandbox.world import World

RETURNS = "/return_refund/202309/returns/search"
CANCELLATIONS = "/return_refund/202309/cancellations/search"
NOW = 1_794_500_000
official = pytest.mark.tools


def returns(desk: Desk, body: object = None, **query: str):
    return desk.rows("POST", RETURNS, "return_orders", body, **{"page_size": "50", **query})


def cancellations(desk: Desk, body: object = None, **query: str):
    return desk.rows("POST", CANCELLATIONS, "cancellations", body, **{"page_size": "50", **query})


def parts(amount) -> Decimal:
    names = ("refund_subtotal", "refund_shipping_fee", "refund_tax", "retail_delivery_fee", "buyer_service_fee")
    return sum((Decimal(amount.get(name, 0)) for name in names), Decimal())


@pytest.fixture(scope="module")
def rooms(desks):
    """For each shop its orders by id, its returns and its cancellations."""
    return [(desk, {order["id"]: order for order in desk.orders}, returns(desk), cancellations(desk)) for desk in desks]


@pytest.mark.parametrize("seed", range(5))
def test_in_any_world_a_claim_ends_before_its_order_completes_and_is_settled_with_it(seed):
    world, found = World(seed, 400, NOW), []
    for shop in [shop for seller in world.sellers for shop in seller.shops]:
        for order in world.books(shop).orders:
            claim = claim_of(order, shop)
            if claim is None:
                continue
            found.append(claim)
            times = [at for at, _ in claim.steps]
            assert order.delivered < times[0]
            assert times == sorted(times)
            if order.completed:
                assert times[-1] <= order.completed
                refund = settle(order, shop, order.completed).refund
                assert (refund > 0) <= (claim.steps[-1][1] == REFUNDED)
    assert len(found) > 40
    assert {claim.kind for claim in found} == {"REFUND", "RETURN_AND_REFUND", "REPLACEMENT"}


@pytest.mark.parametrize("seed", range(3))
def test_a_claim_ends_in_time_also_when_its_order_completes_early(seed):
    world = World(seed, 300, NOW)
    books = world.books(world.sellers[0].shops[0])
    for minutes in range(5):
        books.touch(300, NOW + 60 * minutes)

    claims = [claim for order in books.orders if order.completed and (claim := claim_of(order, books.shop))]

    assert claims
    assert all(claim.steps[-1][0] <= claim.order.completed for claim in claims)


@official
def test_a_return_is_about_items_of_a_delivered_order(rooms):
    assert sum(len(found) for _, _, found, _ in rooms) > 30
    for _, orders, found, _ in rooms:
        for row in found:
            order = orders[row["order_id"]]
            items = {item["id"]: item for item in order["line_items"]}
            assert row["create_time"] > order["delivery_time"]
            assert row["update_time"] >= row["create_time"]
            for line in row["return_line_items"]:
                item = items[line["order_line_item_id"]]
                assert (line["sku_id"], line["seller_sku"]) == (item["sku_id"], item["seller_sku"])
                if row["return_type"] != "REPLACEMENT":
                    assert line["refund_amount"]["refund_subtotal"] == item["sale_price"]
                assert parts(line["refund_amount"]) == Decimal(line["refund_amount"]["refund_total"])
            total = sum(Decimal(line["refund_amount"]["refund_total"]) for line in row["return_line_items"])
            assert total == Decimal(row["refund_amount"]["refund_total"]) == parts(row["refund_amount"])


@official
def test_a_refund_is_in_the_transaction_that_settles_its_order(rooms):
    compared = 0
    for desk, orders, found, _ in rooms:
        refunds = {row["order_id"]: row for row in found if row["return_status"] == REFUNDED}
        statements = desk.rows(
            "GET", "/finance/202309/statements", "statements", sort_field="statement_time", page_size="100"
        )
        for statement in statements:
            path = f"/finance/202501/statements/{statement['id']}/statement_transactions"
            for row in desk.rows("GET", path, "transactions", sort_field="order_create_time", page_size="100"):
                if row["type"] != "ORDER":
                    continue
                refunded = -Decimal(row["supplementary_component"]["customer_refund_amount"])
                refund = refunds.get(row["order_id"], {"refund_amount": {"refund_total": "0"}})
                assert refunded == Decimal(refund["refund_amount"]["refund_total"])
                compared += refunded > 0
                back = {line["order_line_item_id"] for line in refund.get("return_line_items", ())}
                items = [item for item in orders[row["order_id"]]["line_items"] if item["id"] in back]
                revenue = row["revenue_breakdown"]
                prices = sum(Decimal(item["original_price"]) for item in items)
                discounts = sum(Decimal(item["seller_discount"]) for item in items)
                assert Decimal(revenue["refund_subtotal_before_discount_amount"]) == -prices
                assert Decimal(revenue["seller_discount_refund_amount"]) == discounts
                if Decimal(row["revenue_amount"]) == 0:  # what was not sold costs no commission
                    fees = row["fee_tax_breakdown"]["fee"]
                    assert {name for name, fee in fees.items() if fee != "0"} <= {"refund_administration_fee_amount"}
    assert compared > 10


@official
def test_a_cancellation_is_about_an_order_that_is_cancelled_or_asks_for_it(rooms):
    for _, orders, _, found in rooms:
        wanted = {
            order["id"]
            for order in orders.values()
            if order["status"] == "CANCELLED" or order["is_buyer_request_cancel"]
        }

        assert {row["order_id"] for row in found} == wanted
        for row in found:
            order = orders[row["order_id"]]
            paid = Decimal(order["payment"]["total_amount"]) if "paid_time" in order else 0
            assert Decimal(row["refund_amount"]["refund_total"]) == paid == parts(row["refund_amount"])
            assert [line["order_line_item_id"] for line in row["cancel_line_items"]] == [
                item["id"] for item in order["line_items"]
            ]
            lines = sum(Decimal(line["refund_amount"]["refund_total"]) for line in row["cancel_line_items"])
            assert lines == paid
            if order["status"] == "CANCELLED":
                assert row["role"] == order["cancellation_initiator"]
                assert row["cancel_reason_text"] == order["cancel_reason"]
                assert row["update_time"] >= order["cancel_time"]
            else:
                assert row["cancel_status"] == "CANCELLATION_REQUEST_PENDING"
                assert row["seller_next_action_response"]


@official
@pytest.mark.parametrize("field", ["create_time", "update_time"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_both_are_sorted_as_asked_and_found_by_half_open_windows(rooms, field, order):
    desk, _, some, others = rooms[0]
    for ask, everything, key in [(returns, some, "return_id"), (cancellations, others, "cancel_id")]:
        found = ask(desk, None, sort_field=field, sort_order=order, page_size="10")
        times = [row[field] for row in found]
        assert times == sorted(times, reverse=order == "DESC")
        assert sorted(row[key] for row in found) == sorted(row[key] for row in everything)

        low, high = sorted(times)[1], sorted(times)[-2]
        inside = ask(desk, {f"{field}_ge": low, f"{field}_lt": high})
        assert sorted(row[field] for row in inside) == [at for at in sorted(times) if low <= at < high]


@official
def test_both_can_be_filtered(rooms):
    desk, orders, some, others = rooms[0]
    row, other = some[3], others[3]
    buyer = orders[row["order_id"]]["user_id"]

    for body, ask, matches in [
        ({"return_ids": [row["return_id"]]}, returns, lambda each: each["return_id"] == row["return_id"]),
        ({"order_ids": [row["order_id"]]}, returns, lambda each: each["order_id"] == row["order_id"]),
        ({"buyer_user_ids": [buyer]}, returns, lambda each: orders[each["order_id"]]["user_id"] == buyer),
        ({"return_types": ["REFUND"]}, returns, lambda each: each["return_type"] == "REFUND"),
        ({"return_status": [REFUNDED]}, returns, lambda each: each["return_status"] == REFUNDED),
        ({"cancel_ids": [other["cancel_id"]]}, cancellations, lambda each: each["cancel_id"] == other["cancel_id"]),
        ({"cancel_types": ["CANCEL"]}, cancellations, lambda each: each["cancel_type"] == "CANCEL"),
        (
            {"cancel_status": ["CANCELLATION_REQUEST_COMPLETE"]},
            cancellations,
            lambda each: each["cancel_status"] == "CANCELLATION_REQUEST_COMPLETE",
        ),
    ]:
        everything = some if ask is returns else others
        assert ask(desk, body) == [each for each in everything if matches(each)]


@official
def test_time_moves_returns_on(visit):
    visitor = visit("--orders", "900").sign_in()
    desk = Desk(visitor, visitor.shops[0])
    before = {row["return_id"]: row for row in returns(desk)}

    visitor.control(clock_offset_seconds=4 * DAY)
    after = {row["return_id"]: row for row in returns(desk, timestamp=str(int(time.time()) + 4 * DAY))}

    moved = [key for key, row in before.items() if after[key]["return_status"] != row["return_status"]]
    assert moved
    assert all(after[key]["update_time"] > before[key]["update_time"] for key in moved)


@pytest.mark.parametrize(("path", "sizes"), [(RETURNS, ("9", "51", "ten")), (CANCELLATIONS, ("0", "51"))])
def test_pages_have_their_limits(seller, path, sizes):
    name = "return_orders" if path == RETURNS else "cancellations"

    assert len(seller.ask("POST", path).data[name]) <= 10
    for size in sizes:
        assert seller.ask("POST", path, page_size=size).refusal == (400, 36009004)
    assert seller.ask("POST", path, sort_field="return_id").refusal == (400, 36009004)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RETURNS, {"return_status": ["DONE"]}),
        (RETURNS, {"return_types": "REFUND"}),
        (CANCELLATIONS, {"cancel_status": ["CANCELLED"]}),
        (CANCELLATIONS, {"cancel_types": ["BUYER"]}),
    ],
)
def test_a_wrong_filter_is_refused(seller, path, body):
    assert seller.ask("POST", path, body).refusal == (400, 36009004)
