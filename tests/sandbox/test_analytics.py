"""Analytics: the figures are sums over the same orders, on the shop's own calendar."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.sandbox.desk import Desk
from tts_notebook.sandbox.contents import live_of, lives_of, video_of
from tts_notebook.sandbox.markets import MARKETS
from tts_notebook.sandbox.sales import refunds_by_day, sales_of
from tts_notebook.sandbox.world import World

SHOP = "/analytics/202509/shop/performance"
PRODUCTS = "/analytics/202509/shop_products/performance"
SKUS = "/analytics/202509/shop_skus/performance"
VIDEOS = "/analytics/202509/shop_videos/performance"
VIDEO_OVERVIEW = "/analytics/202509/shop_videos/overview_performance"
LIVES = "/analytics/202509/shop_lives/performance"
LIVE_OVERVIEW = "/analytics/202509/shop_lives/overview_performance"
LISTS = ((PRODUCTS, "products"), (SKUS, "skus"), (VIDEOS, "videos"))
NOW = 1_794_500_000
official = pytest.mark.tools


def local_day(at: int, desk: Desk) -> str:
    return f"{datetime.fromtimestamp(at + MARKETS[desk.region].utc_offset(at), UTC):%Y-%m-%d}"


def amount(money) -> Decimal:
    return Decimal(money["amount"])


def period(desk: Desk, days: int = 96) -> dict[str, str]:
    """All days that can have sales, up to the last one with figures."""
    today = desk.data("GET", SHOP, start_date_ge="2026-01-01", end_date_lt="2026-01-02")["latest_available_date"]
    end = datetime.fromisoformat(today).replace(tzinfo=UTC) + timedelta(days=1)
    return {"start_date_ge": f"{end - timedelta(days=days):%Y-%m-%d}", "end_date_lt": f"{end:%Y-%m-%d}"}


def intervals(desk: Desk, path: str, **query: str):
    return desk.data("GET", path, **query)["performance"]["intervals"]


@pytest.fixture(scope="module")
def figures(desks):
    """For each shop its paid orders until yesterday, the period of all of them, and its days."""
    found = []
    for desk in desks:
        days = period(desk)
        orders = [
            order
            for order in desk.orders
            if ("paid_time" in order or order["is_cod"])
            and local_day(order.get("paid_time", order["create_time"]), desk) < days["end_date_lt"]
        ]
        found.append((desk, orders, days, intervals(desk, SHOP, granularity="1D", **days)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_in_any_world_a_sale_is_shared_among_its_skus_without_a_remainder(seed):
    world = World(seed, 200, NOW)
    for shop in [shop for seller in world.sellers for shop in seller.shops]:
        books = world.books(shop)
        sales = sales_of(books)
        assert [sale.at for sale in sales] == sorted(sale.at for sale in sales)
        assert all(sum(part.amount for part in sale.parts) == sale.amount for sale in sales)
        assert all(sale.items == sale.order.units for sale in sales)
        assert sum(refunds_by_day(books, NOW).values()) > 0


def test_a_sale_comes_through_the_last_session_before_it_or_a_video_that_was_there():
    world, found = World(1, 300, NOW), Counter()
    for shop in [shop for seller in world.sellers for shop in seller.shops]:
        sessions = lives_of(shop, NOW)
        for sale in sales_of(world.books(shop)):
            found[sale.channel] += 1
            live, video = live_of(sale, shop, NOW), video_of(sale, shop, NOW)
            assert (live is not None, video is not None) == (sale.channel == "LIVE", sale.channel == "VIDEO")
            if live:
                assert live == max((each for each in sessions if each.starts <= sale.at), key=lambda each: each.starts)
            if video:
                assert video.posted <= sale.at
                assert video.product_id in {part.sku.product_id for part in sale.parts}
    assert min(found.values()) > 50


@official
def test_a_day_is_the_sum_of_the_orders_that_were_paid_on_it(figures):
    for desk, orders, _, days in figures:
        sold, items, placed, revenue, buyers = Counter(), Counter(), Counter(), Counter(), {}
        for order in orders:
            day = local_day(order.get("paid_time", order["create_time"]), desk)
            sold[day] += Decimal(order["payment"]["total_amount"])
            items[day] += len(order["line_items"])
            placed[day] += 1
            pay = order["payment"]
            revenue[day] += Decimal(pay["total_amount"]) + Decimal(pay["platform_discount"]) - Decimal(pay["tax"])
            buyers.setdefault(day, set()).add(order["user_id"])

        assert len(days) == 96
        for row in days:
            day, sales = row["start_date"], row["sales"]
            assert amount(sales["gmv"]["overall"]) == sold[day]
            assert (sales["items_sold"], sales["orders_count"]) == (items[day], placed[day])
            assert amount(sales["gross_revenue"]["overall"]) == revenue[day]
            assert sales["avg_customers_count"] == len(buyers.get(day, ()))
            assert sum(amount(each["gmv"]) for each in sales["gmv"]["breakdowns"]) == sold[day]
            assert row["traffic"]["avg_visitors"] > sales["avg_customers_count"]
        assert sum(placed.values()) == len(orders)


@official
def test_all_days_at_once_come_to_the_sum_of_the_days(figures):
    for desk, _, when, days in figures:
        (whole,) = intervals(desk, SHOP, **when)

        assert (whole["start_date"], whole["end_date"]) == (when["start_date_ge"], when["end_date_lt"])
        for name in ("items_sold", "orders_count", "sku_orders_count"):
            assert whole["sales"][name] == sum(row["sales"][name] for row in days)
        assert amount(whole["sales"]["gmv"]["overall"]) == sum(amount(row["sales"]["gmv"]["overall"]) for row in days)
        customers = sum(row["sales"]["avg_customers_count"] for row in days)
        assert whole["sales"]["avg_customers_count"] == customers // len(days)
        assert amount(whole["sales"]["refunds"]) == sum(amount(row["sales"]["refunds"]) for row in days)


@official
def test_refunds_are_those_of_cancellations_and_returns(figures):
    for desk, _, when, days in figures:
        cancelled = desk.rows("POST", "/return_refund/202309/cancellations/search", "cancellations", page_size="50")
        returned = desk.rows("POST", "/return_refund/202309/returns/search", "return_orders", page_size="50")
        orders = {order["id"]: order for order in desk.orders}
        expected = sum(
            (
                Decimal(row["refund_amount"]["refund_total"])
                for row in cancelled
                if orders[row["order_id"]]["status"] == "CANCELLED"
                and local_day(orders[row["order_id"]]["cancel_time"], desk) < when["end_date_lt"]
            ),
            Decimal(),
        )
        for row in returned:
            done = row["return_status"] == "RETURN_OR_REFUND_REQUEST_COMPLETE"
            if done and local_day(row["update_time"], desk) < when["end_date_lt"]:
                expected += Decimal(row["refund_amount"]["refund_total"])

        assert sum(amount(row["sales"]["refunds"]) for row in days) == expected


@official
def test_products_and_skus_come_to_what_the_shop_sold(figures):
    for desk, orders, when, days in figures:
        total = sum(amount(row["sales"]["gmv"]["overall"]) for row in days)
        units = Counter(item["sku_id"] for order in orders for item in order["line_items"])
        products = desk.rows("GET", PRODUCTS, "products", page_size="100", **when)
        skus = desk.rows("GET", SKUS, "skus", page_size="100", **when)

        assert sum(amount(row["overall_performance"]["gmv"]) for row in products) == total
        assert sum(amount(row["gmv"]) for row in skus) == total
        assert sum(row["sku_orders"] for row in skus) == sum(row["sales"]["sku_orders_count"] for row in days)
        assert {row["id"]: row["units_sold"] for row in skus if row["units_sold"]} == {
            int(sku): count for sku, count in units.items()
        }
        one = products[0]["id"]
        assert {str(row["product_id"]) for row in desk.data("GET", SKUS, product_ids=one, **when)["skus"]} == {one}


@official
def test_videos_and_lives_come_to_their_part_of_what_the_shop_sold(figures):
    for desk, _, when, days in figures:
        parts = Counter()
        for each in [each for row in days for each in row["sales"]["gmv"]["breakdowns"]]:
            parts[each["type"]] += amount(each["gmv"])
        videos = desk.rows("GET", VIDEOS, "videos", page_size="100", **when)
        overview = intervals(desk, VIDEO_OVERVIEW, granularity="1D", **when)

        assert sum(amount(row["gmv"]) for row in videos) == parts["VIDEO"]
        assert sum(amount(row["gmv"]) for row in overview) == parts["VIDEO"]
        if desk.region in ("MY", "ID"):
            assert parts["LIVE"] == 0
            continue
        lives = desk.rows("GET", LIVES, "live_stream_sessions", page_size="100", **when)
        assert sum(amount(row["gmv"]) for row in intervals(desk, LIVE_OVERVIEW, **when)) == parts["LIVE"]
        assert sum(amount(row["sales_performance"]["gmv"]) for row in lives) == parts["LIVE"]
        assert all(row["start_time"].isdecimal() for row in lives)
        for row in lives:
            sales = row["sales_performance"]
            assert amount(sales["24h_live_gmv"]) <= amount(sales["gmv"])


@pytest.mark.parametrize("path", [LIVES, LIVE_OVERVIEW])
def test_a_shop_that_was_never_live_gets_an_internal_error(desks, path):
    for desk in desks:
        answer = desk.ask("GET", path, start_date_ge="2026-01-01", end_date_lt="2026-01-08")
        assert answer.status == (500 if desk.region in ("MY", "ID") else 200)
        assert answer.json["code"] == (36009003 if desk.region in ("MY", "ID") else 0)


@official
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_lists_are_sorted_as_asked_and_pages_give_every_row_once(figures, order):
    desk, _, when, _ = figures[0]
    for path, name in LISTS:
        for field in ("gmv",) if name == "products" else ("gmv", "sku_orders"):
            query = {"sort_field": field, "sort_order": order, **when}
            rows = desk.rows("GET", path, name, page_size="100", **query)
            values = [
                amount(row.get("overall_performance", row)["gmv"]) if field == "gmv" else row[field] for row in rows
            ]
            assert values == sorted(values, reverse=order == "DESC")
            assert desk.rows("GET", path, name, page_size="7", **query) == rows
    assert len(desk.data("GET", PRODUCTS, **when)["products"]) == 10


@official
def test_accounts_statuses_and_dollars(figures):
    desk, _, when, _ = figures[0]
    everything = desk.rows("GET", VIDEOS, "videos", page_size="100", **when)
    kinds = ("OFFICIAL_ACCOUNTS", "MARKETING_ACCOUNTS", "AFFILIATE_ACCOUNTS")
    parts = [desk.rows("GET", VIDEOS, "videos", page_size="100", account_type=kind, **when) for kind in kinds]
    live = desk.rows("GET", PRODUCTS, "products", page_size="100", product_status_filter="LIVE", **when)
    inactive = desk.rows("GET", PRODUCTS, "products", page_size="100", product_status_filter="INACTIVE", **when)
    (local,), (dollars,) = intervals(desk, SHOP, **when), intervals(desk, SHOP, currency="USD", **when)

    assert sum(len(part) for part in parts) == len(everything)
    assert not {row["id"] for row in live} & {row["id"] for row in inactive}
    assert dollars["sales"]["gmv"]["overall"]["currency"] == "USD"
    assert amount(dollars["sales"]["gmv"]["overall"]) > amount(local["sales"]["gmv"]["overall"])


@official
def test_figures_end_yesterday_and_hours_end_now(desks):
    for desk in desks:
        when = period(desk, 1)
        yesterday = when["start_date_ge"]
        later = f"{datetime.fromisoformat(yesterday) + timedelta(days=30):%Y-%m-%d}"
        rows = intervals(desk, SHOP, start_date_ge=yesterday, end_date_lt=later, granularity="1D")
        hours = desk.data("GET", f"/analytics/202510/shop/performance/{yesterday}/performance_per_hour")["performance"]

        assert [row["start_date"] for row in rows] == [yesterday]
        (whole,) = intervals(desk, SHOP, start_date_ge=yesterday, end_date_lt=later)
        assert whole["sales"]["gmv"]["overall"] == rows[0]["sales"]["gmv"]["overall"]
        assert [row["index"] for row in hours["intervals"]] == list(range(24))
        assert sum(amount(row["gmv"]) for row in hours["intervals"]) == amount(hours["overall"]["gmv"])
        assert amount(hours["overall"]["gmv"]) == amount(rows[0]["sales"]["gmv"]["overall"])


@pytest.mark.parametrize("path", [SHOP, PRODUCTS, SKUS, VIDEOS, VIDEO_OVERVIEW, LIVES, LIVE_OVERVIEW])
@pytest.mark.parametrize(
    "query",
    [
        {"start_date_ge": ""},
        {"end_date_lt": ""},
        {"start_date_ge": "2026-10-1"},
        {"start_date_ge": "1794500000"},
        {"end_date_lt": "2026-10-01"},
        {"end_date_lt": "2028-01-01"},
        {"currency": "GBP"},
    ],
)
def test_a_wrong_period_is_refused(seller, path, query):
    given = {"start_date_ge": "2026-10-01", "end_date_lt": "2026-10-08", **query}

    assert seller.ask("GET", path, **given).refusal == (400, 36009004)


@pytest.mark.parametrize("query", [{"page_size": "101"}, {"page_size": "0"}, {"sort_field": "name"}])
@pytest.mark.parametrize("path", [PRODUCTS, SKUS, VIDEOS, LIVES])
def test_a_wrong_page_is_refused(seller, path, query):
    given = {"start_date_ge": "2026-10-01", "end_date_lt": "2026-10-08", **query}

    assert seller.ask("GET", path, **given).refusal == (400, 36009004)


@pytest.mark.parametrize("day", ["2020-01-01", "yesterday", "2026-13-01"])
def test_hours_are_known_for_thirty_days(seller, day):
    assert seller.ask("GET", f"/analytics/202510/shop/performance/{day}/performance_per_hour").refusal == (
        400,
        36009004,
    )
