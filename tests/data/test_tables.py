"""Products, logistics, returns, insights and the seller: how each is asked for, and what becomes of it."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.api import DAY, NOW, SECOND, FakeAPI, fetch, listed, within
from tests.data.shops import GB, MY, order
from tests.data.test_declarations import TABLES
from tests.data.test_frames import json_values, patient
from tests.harness.examples import examples
from tts_notebook.api.shops import Shop
from tts_notebook.data.answer import Asked, TTSWarning, answer
from tts_notebook.data.frames import schema
from tts_notebook.data.harvest import Harvest
from tts_notebook.data.output import to_output
from tts_notebook.data.period import Period
from tts_notebook.data.plan import Span, cut_days
from tts_notebook.data.rows import Found
from tts_notebook.data.shop import ShopSession
from tts_notebook.data.tables import Walk
from tts_notebook.errors import APIError, InputError, TransportError

US = Shop("7494000000000000001", "Fern", "US", "LOCAL", "TTP_secret_us", "USLC1")
PRODUCTS = "/product/202502/products/search"
GET_PRODUCT = "/product/202309/products/{id}"
RETURNS = "/return_refund/202309/returns/search"
ORDERS = "/order/202309/orders/search"


def product(number, created=SECOND - 5000, **fields):
    name = str(1_729_592_969_712_207_000 + number)
    return {
        "id": name,
        "title": f"Apron {number}",
        "status": "ACTIVATE",
        "sales_regions": ["GB"],
        "create_time": created,
        "update_time": created + 5,
        "audit": {"status": "APPROVED", "pre_approved_reasons": []},
        "skus": [
            {
                "id": f"{name}1",
                "seller_sku": "APR",
                "price": {"currency": "GBP", "tax_exclusive_price": "24.99", "sale_price": "24.99"},
                "inventory": [{"warehouse_id": "7", "quantity": 120}, {"warehouse_id": "8", "quantity": 3}],
                "status_info": {"status": "NORMAL"},
            }
        ],
        **fields,
    }


# -- products ------------------------------------------------------------------------------


def test_since_all_asks_for_every_product_without_a_lower_bound():
    session = FakeAPI({PRODUCTS: listed("products", [product(n, created=1000 + n) for n in range(150)])})

    frame, skus = fetch(session, "products", since="all", items=True)

    assert len(frame) == len(skus) == 150
    assert session.bodies[0] == {"create_time_le": SECOND - 1}
    assert skus["quantity"].tolist() == [123] * 150
    assert skus["warehouse_count"].tolist() == [2] * 150
    assert frame["extra"].isna().all()
    assert skus["extra"].isna().all()


def test_both_ends_of_a_products_period_are_inclusive_on_the_wire_and_half_open_here():
    session = FakeAPI(
        {PRODUCTS: listed("products", [product(n, SECOND - n) for n in range(4)], keep=within("create_time"))}
    )

    until = datetime.fromtimestamp(SECOND - 1, UTC)
    frame = fetch(session, "products", since=datetime.fromtimestamp(SECOND - 3, UTC), until=until)

    assert session.bodies[0] == {"create_time_ge": SECOND - 3, "create_time_le": SECOND - 2}
    assert frame["title"].tolist() == ["Apron 3", "Apron 2"]


@pytest.mark.parametrize("name", ["products", "skus", "sku_stock", "product_categories"])
def test_a_catalogue_without_new_products_tells_how_to_get_all_of_it(name):
    old = listed("products", [product(1, created=1000)], keep=within("create_time"))
    session = FakeAPI({PRODUCTS: old, GET_PRODUCT: {"id": "1", "category_chains": [{"id": "7"}]}})
    hint = (
        "Without since= the last 30 days are asked for, and no product is of that time. "
        'since="all" asks for the whole catalogue.'
    )

    recent, everything = fetch(session, name), fetch(session, name, since="all")

    assert (len(recent), recent.attrs["notes"]) == (0, [hint])
    assert (len(everything) > 0, everything.attrs["notes"]) == (True, [])
    assert fetch(session, name, since="30d").attrs["notes"] == []
    assert '"all" for the whole of it' in " ".join(getattr(ShopSession, name).__doc__.split())


def test_an_empty_table_of_products_that_are_there_needs_no_hint():
    session = FakeAPI({PRODUCTS: listed("products", [product(1)])})

    families = fetch(session, "product_families")

    assert (len(families), families.attrs["notes"]) == (0, [])


def test_stock_is_that_of_the_whole_catalogue_and_needs_no_hint():
    session = FakeAPI({PRODUCTS: {}})

    assert fetch(session, "inventory").attrs["notes"] == []
    assert "create_time_ge" not in session.bodies[0]


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    times=st.lists(st.integers(SECOND - 3000, SECOND - 1), max_size=60),
    by=st.sampled_from(["create_time", "update_time"]),
)
def test_more_products_than_one_question_gives_come_exactly_once(times, by):
    many = [product(n, time, update_time=time) for n, time in enumerate(times)]
    crowd = max((times.count(time) for time in times), default=0)
    cap = max(4, crowd + 1)
    serve = listed("products", many, keep=within(by))

    def capped(asked, shop):
        page = serve(asked, shop)
        return {**page, "total_count": min(page["total_count"], cap)}

    session = FakeAPI({PRODUCTS: capped})
    listing = replace(TABLES_BY_NAME["products"].listing, cap=cap)
    table = replace(TABLES_BY_NAME["products"], listing=listing)
    (frame,) = answer(with_cap(session, cap), [table], Asked(by=by, progress=False), now=NOW)

    assert sorted(frame["product_id"]) == sorted(each["id"] for each in many)


def with_cap(session, cap):
    """Refuses what lies beyond the cap, as TikTok Shop does."""
    serve = session.answers[PRODUCTS]

    def refuse_beyond(asked, shop):
        assert int(asked.get("page_token") or 0) < cap
        return serve(asked, shop)

    session.answers[PRODUCTS] = refuse_beyond
    return session


TABLES_BY_NAME = {table.name: table for table in TABLES}


def test_a_server_that_counts_too_many_for_ever_is_an_error_in_the_end():
    session = FakeAPI({PRODUCTS: {"total_count": 10_000, "products": [product(1)]}})

    with pytest.raises(TransportError, match="too many records for every period"):
        fetch(session, "products", since="all")
    assert len(session.asked) <= 2100


def test_spans_side_by_side_hold_every_second_once():
    whole = Span(None, SECOND)
    parts, cut = [whole], []
    while parts:
        part = parts.pop(0)
        halves = part.halves() if len(cut) + len(parts) < 40 else ()
        parts[:0] = halves
        cut += [] if halves else [part]
    walk = Walk(None, "ge", "le", inclusive=True, open_end=True)

    assert cut[0].since is None
    assert [a.until for a in cut[:-1]] == [b.since for b in cut[1:]]
    assert [part.last for part in cut] == [False] * (len(cut) - 1) + [True]
    assert cut[0].filters(walk) == {"le": cut[0].until - 1}
    assert cut[-1].filters(walk) == {"ge": cut[-1].since}
    assert Span(5, 6).halves() == ()


def test_detail_tells_more_about_products_and_their_skus():
    listing = [product(1), product(2)]

    def detail(asked, shop, name):
        told = next(each for each in listing if each["id"] == name)
        skus = [{**sku, "sales_attributes": [{"id": "1", "name": "Colour"}], "new": 1} for sku in told["skus"]]
        brand = {"id": "99", "name": "Wren"}
        return {
            **told,
            "skus": skus,
            "description": "<p>Linen</p>",
            "brand": brand,
            "package_weight": {"value": "0.25"},
        }

    gone = product(3, status="DELETED")
    session = FakeAPI({PRODUCTS: listed("products", [*listing, gone]), GET_PRODUCT: detail})

    everything = fetch(session, "products", items=True, detail=True)
    frame, skus = (frame.iloc[:2] for frame in everything)

    assert everything[0]["description"].isna().tolist() == [False, False, True]

    assert frame["description"].tolist() == ["<p>Linen</p>"] * 2
    assert frame["brand_id"].tolist() == ["99"] * 2
    assert frame["package_weight"].tolist() == [0.25] * 2
    assert skus["attribute_count"].tolist() == [1, 1]
    assert json.loads(skus["extra"][0]) == {"detail.new": 1}
    assert everything[0].attrs["misfits"] == {}
    assert everything[0].attrs["notes"] == []


COUNTS = {
    "product_families": "product_family_count",
    "recommended_categories": "recommended_category_count",
    "inventory": "warehouse_count",
}
FAMILY = {"id": "5", "products": [{"id": "1"}, {"id": "2"}]}
LEAVES = [{"id": "7", "local_name": "Mugs"}, {"id": "8", "local_name": "Cups"}]
PLACES = [{"warehouse_id": "W", "quantity": 3, "backorder_quantity": 1}, {"warehouse_id": "V", "quantity": 4}]


@pytest.mark.parametrize(
    ("name", "listed_as", "again", "kept"),
    [
        ("product_families", [FAMILY], [FAMILY], False),
        ("recommended_categories", LEAVES, LEAVES[::-1], False),  # in another order
        ("inventory", PLACES, [{"warehouse_id": "W", "quantity": 3}, PLACES[1]], False),  # without backorders
        ("inventory", PLACES, None, False),
        ("inventory", None, [], False),
        ("product_families", [FAMILY], [FAMILY | {"id": "6"}], True),
        ("product_families", [FAMILY], [FAMILY | {"products": [{"id": "1"}, {"id": "3"}]}], True),
        ("recommended_categories", LEAVES, [LEAVES[0], LEAVES[0]], True),
        ("recommended_categories", None, LEAVES, True),
        ("inventory", PLACES, [PLACES[0], {"warehouse_id": "V", "quantity": 5}], True),
        ("inventory", PLACES, [*PLACES, {"new": 1}], True),
        ("inventory", PLACES, [], True),
        ("inventory", PLACES, "none", True),
    ],
)
def test_lists_that_the_detail_repeats_are_kept_where_any_element_differs(name, listed_as, again, kept):
    of_sku = name == "inventory"
    found = product(1)
    told = {"id": found["id"], "skus": [{"id": found["skus"][0]["id"]}]}
    (found["skus"][0] if of_sku else found)[name] = listed_as
    (told["skus"][0] if of_sku else told)[name] = again
    session = FakeAPI({PRODUCTS: listed("products", [found]), GET_PRODUCT: told})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TTSWarning)
        products, skus = fetch(session, "products", items=True, detail=True)

    row = (skus if of_sku else products).iloc[0]
    assert json.loads("{}" if pd.isna(row["extra"]) else row["extra"]) == ({f"detail.{name}": again} if kept else {})
    assert products.attrs["misfits"] == ({f"detail.{name}": 1} if kept else {})
    count = row[COUNTS[name]]
    assert (None if pd.isna(count) else count) == (None if listed_as is None else len(listed_as))


def test_stock_is_asked_for_a_hundred_products_at_a_time():
    many = [product(n) for n in range(150)]

    def stock(asked, shop):
        return {
            "inventory": [
                {
                    "product_id": name,
                    "skus": [
                        {
                            "id": f"{name}1",
                            "seller_sku": "APR",
                            "total_available_quantity": 7,
                            "total_available_inventory_distribution": {
                                "in_shop_inventory": {"quantity": 5},
                                "campaign_inventory": [{"campaign_name": "Sale", "quantity": 2}],
                            },
                            "warehouse_inventory": [
                                {"warehouse_id": "7", "available_quantity": 4, "committed_quantity": 1},
                                {"warehouse_id": "8", "available_quantity": 3},
                            ],
                        },
                        {"id": f"{name}2", "total_available_quantity": 0},
                    ],
                }
                for name in asked["product_ids"]
            ]
        }

    session = FakeAPI({PRODUCTS: listed("products", many), "/product/202309/inventory/search": stock})

    frame = fetch(session, "inventory")

    assert sorted(len(body["product_ids"]) for body in session.bodies[2:]) == [50, 100]
    assert len(frame) == 150 * 3
    assert frame["available_quantity"].sum() == 150 * 7
    assert frame["campaign_quantity"].dropna().unique().tolist() == [2]
    assert frame["warehouse_id"].isna().sum() == 150
    assert frame["extra"].isna().all()


def test_categories_of_the_united_states_are_another_tree():
    session = FakeAPI(
        {"/product/202309/categories": {"categories": [{"id": "600001", "parent_id": "0", "local_name": "Home"}]}},
        shops=(GB, US),
    )

    frame = fetch(session, "categories")

    assert [asked.get("category_version") for _, asked in session.asked] == [None, "v2"]
    assert frame[["category_id", "region"]].to_numpy().tolist() == [["600001", "GB"], ["600001", "US"]]


def test_brands_come_page_by_page_in_their_own_spelling():
    brands = [{"id": str(n), "name": f"B{n}", "authorized_status": "UNAUTHORIEZD"} for n in range(120)]

    frame = fetch(FakeAPI({"/product/202309/brands": listed("brands", brands)}), "brands")

    assert len(frame) == 120
    assert frame["authorized_status"].unique().tolist() == ["UNAUTHORIEZD"]


# -- logistics -----------------------------------------------------------------------------

WAREHOUSE = {
    "id": "7068517275539719942",
    "name": "Leeds main",
    "address": {
        "region": "United Kingdom",
        "distict": "Holbeck",
        "geolocation": {"latitude": "53.79", "longitude": "-1.54"},
    },
}
LOGISTICS = {
    "/logistics/202309/warehouses": {"warehouses": [WAREHOUSE, {**WAREHOUSE, "id": "7068517275539785478"}]},
    "/logistics/202309/warehouses/{id}/delivery_options": lambda asked, shop, name: {
        "delivery_options": [
            {
                "id": "55",
                "name": "Standard",
                "platform": ["TIKTOK_SHOP"],
                "weight_limit": {"max_weight": 30_000, "unit": "GRAM"},
            }
        ]
    },
    "/logistics/202309/delivery_options/{id}/shipping_providers": {
        "shipping_providers": [{"id": "1", "name": "Evri"}, {"id": "2", "name": "Royal Mail"}]
    },
}


def test_a_misspelt_field_has_a_clean_column():
    frame = fetch(FakeAPI(LOGISTICS), "warehouses").iloc[0]

    assert frame["district"] == "Holbeck"
    assert (frame["latitude"], frame["longitude"]) == (53.79, -1.54)
    assert pd.isna(frame["extra"])


def test_delivery_options_are_those_of_each_warehouse_and_providers_those_of_each_option():
    options = fetch(FakeAPI(LOGISTICS), "delivery_options")
    session = FakeAPI(LOGISTICS)
    providers = fetch(session, "shipping_providers")

    assert options[["warehouse_id", "delivery_option_id", "max_weight"]].to_numpy().tolist() == [
        ["7068517275539719942", "55", 30_000],
        ["7068517275539785478", "55", 30_000],
    ]
    assert providers["name"].tolist() == ["Evri", "Royal Mail"]
    assert session.paths.count("/logistics/202309/delivery_options/55/shipping_providers") == 1


PACKAGE = {
    "id": "1153",
    "status": "COMPLETED",
    "create_time": SECOND - 900,
    "update_time": SECOND - 800,
    "tracking_number": "H00Z",
    "order_line_item_ids": ["11", "12"],
    "orders": [
        {"id": "577", "skus": [{"id": "1", "quantity": 2, "name": "Olive"}, {"id": "2", "quantity": 1}]},
        {"id": "578", "skus": [{"id": "1", "quantity": 1}], "new": "x"},
    ],
}


def test_what_is_in_a_package_is_a_row_for_each_sku_of_each_order():
    session = FakeAPI({"/fulfillment/202309/packages/search": listed("packages", [PACKAGE])})

    packages, items = fetch(session, "packages", items=True)

    assert session.asked[0][1]["page_size"] == 50
    assert packages["order_ids"].tolist() == ["577,578"]
    assert packages["order_line_item_ids"].tolist() == ["11,12"]
    assert items[["order_id", "sku_id", "quantity"]].to_numpy().tolist() == [
        ["577", "1", 2],
        ["577", "2", 1],
        ["578", "1", 1],
    ]
    assert json.loads(items["extra"][2]) == {"above.new": "x"}


def test_package_detail_adds_sizes_and_addresses_and_repeats_nothing():
    told = {
        "package_id": "1153",
        "package_status": "COMPLETED",
        "create_time": SECOND - 900,
        "weight": {"value": "420", "unit": "GRAM"},
        "recipient_address": {"name": "A*** B"},
        "pickup_slot": {"start_time": SECOND, "end_time": SECOND + 3600},
        "orders": PACKAGE["orders"],
        "order_line_item_ids": ["11", "12"],
    }
    session = FakeAPI(
        {
            "/fulfillment/202309/packages/search": listed("packages", [PACKAGE]),
            "/fulfillment/202309/packages/{id}": told,
        }
    )

    frame = fetch(session, "packages", detail=True).iloc[0]

    assert (frame["weight"], frame["weight_unit"], frame["recipient_name"]) == (420, "GRAM", "A*** B")
    assert frame["pickup_start_at"] == NOW
    assert pd.isna(frame["extra"])


def test_events_carry_milliseconds_and_their_order():
    placed = [order(1, SECOND - 5 * DAY, tracking_number="H00Z"), order(2, SECOND - 4 * DAY, status="UNPAID")]
    events = [
        {"description": "Your package was delivered!", "update_time_millis": (SECOND - DAY) * 1000 + 250},
        {"description": "Collected.", "update_time_millis": (SECOND - 2 * DAY) * 1000},
    ]
    session = FakeAPI(
        {ORDERS: listed("orders", placed), "/fulfillment/202309/orders/{id}/tracking": {"tracking": events}}
    )

    frame = fetch(session, "tracking")

    assert frame["order_id"].tolist() == [placed[0]["id"]] * 2
    assert frame["description"].tolist() == [event["description"] for event in events]
    assert frame["happened_at"][0] == pd.Timestamp((SECOND - DAY) * 1000 + 250, unit="ms", tz="UTC")


# -- returns and cancellations -------------------------------------------------------------


def returned(number, **fields):
    refund = {"currency": "GBP", "refund_total": "8.5", "refund_subtotal": "8.5"}
    return {
        "return_id": str(4_035_318_504_086_604_000 + number),
        "order_id": "577086614418520388",
        "return_status": "AWAITING_BUYER_SHIP",
        "create_time": SECOND - number,
        "update_time": SECOND - number,
        "refund_amount": refund,
        "discount_amount": [{"currency": "GBP", "product_seller_discount": "1.25"}],
        "shipping_fee_amount": [],
        "seller_next_action_response": [{"action": "SELLER_RESPOND_RETURN", "deadline": SECOND + 60}],
        "return_line_items": [{"return_line_item_id": f"9{number}", "sku_id": "3", "refund_amount": refund}],
        **fields,
    }


def test_returns_come_fifty_at_a_time_with_their_items():
    session = FakeAPI({RETURNS: listed("return_orders", [returned(n) for n in range(1, 71)])})

    frame, items = fetch(session, "returns", items=True, status="AWAITING_BUYER_SHIP")

    assert [asked["page_size"] for _, asked in session.asked] == [50, 50]
    assert session.bodies[0]["return_status"] == ["AWAITING_BUYER_SHIP"]
    assert len(frame) == len(items) == 70
    assert frame["refund_total"].sum() == 595
    assert frame["product_seller_discount"].unique().tolist() == [1.25]
    assert frame["seller_next_action_due_at"][0] == pd.Timestamp(SECOND + 60, unit="s", tz="UTC")
    assert items["return_id"].tolist() == frame["return_id"].tolist()
    assert frame["extra"].isna().all()


def test_a_second_amount_in_a_list_of_one_is_told():
    odd = returned(1, discount_amount=[{"currency": "GBP", "product_seller_discount": "1"}] * 2)

    with pytest.warns(TTSWarning, match=r"discount_amount \(1\)"):
        frame = fetch(FakeAPI({RETURNS: {"return_orders": [odd]}}), "returns")

    assert frame["product_seller_discount"].tolist() == [1.0]
    assert json.loads(frame["extra"][0])["discount_amount"] == odd["discount_amount"]


def test_deadlines_that_differ_are_kept_and_the_earliest_is_shown():
    actions = [{"action": "A", "deadline": SECOND + 90}, {"action": "B", "deadline": SECOND + 60}]
    odd = returned(1, seller_next_action_response=actions)

    frame = fetch(FakeAPI({RETURNS: {"return_orders": [odd]}}), "returns").iloc[0]

    assert frame["seller_next_actions"] == "A,B"
    assert frame["seller_next_action_due_at"] == pd.Timestamp(SECOND + 60, unit="s", tz="UTC")
    assert json.loads(frame["extra"]) == {"seller_next_action_response": actions}


def test_cancellations_by_their_last_change_are_closed_at_the_end_here():
    some = [
        {"cancel_id": str(n), "cancel_status": "CANCELLATION_REQUEST_COMPLETE", "update_time": SECOND - n * 60 + 1}
        for n in range(3)
    ]
    session = FakeAPI({"/return_refund/202309/cancellations/search": listed("cancellations", some)})

    frame = fetch(session, "cancellations", by="update_time", since="1d")

    assert session.bodies[0] == {"create_time_lt": SECOND, "update_time_ge": SECOND - DAY}
    assert sorted(frame["cancel_id"]) == ["1", "2"]


# -- insights ------------------------------------------------------------------------------

PERFORMANCE = "/analytics/202509/shop/performance"


def days(asked, shop):
    """A day after the other, as asked for."""
    start, end = date.fromisoformat(asked["start_date_ge"]), date.fromisoformat(asked["end_date_lt"])
    money = {"amount": "53.48", "currency": "GBP"}
    intervals = [
        {
            "start_date": day.date().isoformat(),
            "end_date": (day + pd.Timedelta(days=1)).date().isoformat(),
            "sales": {
                "gmv": {
                    "overall": money,
                    "breakdowns": [
                        {"type": "LIVE", "gmv": money},
                        {"type": "VIDEO", "gmv": {"amount": "0", "currency": "GBP"}},
                    ],
                },
                "gross_revenue": {"overall": money, "breakdowns": [{"type": "ADS", "percentage": "0.2500"}]},
                "refunds": {"amount": "0", "currency": "GBP"},
                "orders_count": 1,
            },
            "traffic": {"avg_visitors": 148, "avg_conversation_rate": "0.0068"},
        }
        for day in pd.date_range(start, end, inclusive="left")
    ]
    return {"latest_available_date": "2026-11-20", "performance": {"intervals": intervals}}


def test_performance_is_a_row_a_day_and_its_windows_have_no_seam():
    session = FakeAPI({PERFORMANCE: days})

    frame = fetch(session, "performance", since="2026-08-01", until="2026-11-01")

    asked = [(each["start_date_ge"], each["end_date_lt"]) for _, each in session.asked]
    assert asked == [
        ("2026-08-01", "2026-08-31"),
        ("2026-08-31", "2026-09-30"),
        ("2026-09-30", "2026-10-30"),
        ("2026-10-30", "2026-11-01"),
    ]
    assert frame["date"].tolist() == [day.date().isoformat() for day in pd.date_range("2026-08-01", "2026-10-31")]
    assert frame["start_at"][0] == pd.Timestamp("2026-08-01", tz="Europe/London")
    assert frame["end_at"].tolist()[:-1] == frame["start_at"].tolist()[1:]
    one = frame.iloc[0]
    assert (one["gmv"], one["gmv_live"], one["gmv_video"], one["currency"]) == (53.48, 53.48, 0, "GBP")
    assert (one["avg_conversion_rate"], one["gross_revenue_ads_share"]) == (0.0068, 0.25)
    assert one["latest_available_date"] == "2026-11-20"
    assert frame["extra"].isna().all()


def test_a_date_means_that_day_in_each_shop():
    session = FakeAPI({PERFORMANCE: days}, shops=(GB, US))

    frame = fetch(session, "performance", since="2026-11-02", until="2026-11-03", tz="Asia/Tokyo")

    assert {(asked["start_date_ge"], asked["end_date_lt"]) for _, asked in session.asked} == {
        ("2026-11-02", "2026-11-03")
    }
    by_region = frame.set_index("region")["start_at"]
    assert by_region["US"] == pd.Timestamp("2026-11-02", tz="America/Los_Angeles")
    assert by_region["GB"] == pd.Timestamp("2026-11-02", tz="Europe/London")


def test_the_current_day_is_not_asked_for():
    session = FakeAPI({PERFORMANCE: days})

    assert fetch(session, "performance", since="3d")["date"].tolist() == ["2026-11-18", "2026-11-19", "2026-11-20"]
    with pytest.raises(InputError, match=r"no day from 2026-11-21 on is over.*starts on 2026-11-20 or earlier"):
        fetch(session, "performance", since="2026-11-21")


def test_all_there_is_of_insights_is_a_year_and_that_is_told():
    with pytest.warns(TTSWarning, match="All there is means the last 365 days here"):
        frame = fetch(FakeAPI({PERFORMANCE: days}, shops=(GB, US)), "performance", since="all")

    assert len(frame) == 2 * 365
    assert len(frame.attrs["notes"]) == 1


moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 20), timezones=st.just(UTC))  # noqa: DTZ001


@given(ends=st.tuples(moments, moments).filter(lambda two: two[0] < two[1]), most=st.integers(1, 40))
def test_days_are_cut_without_gap_or_overlap(ends, most):
    cut = cut_days(Period(*ends), "America/Los_Angeles", today=date(2026, 11, 21), most=most)

    assert all(0 < (each.end - each.start).days <= most for each in cut)
    assert [each.end for each in cut[:-1]] == [each.start for each in cut[1:]]
    assert cut[0].start == pd.Timestamp(ends[0]).tz_convert("America/Los_Angeles").date()
    assert cut[-1].end > pd.Timestamp(ends[1]).tz_convert("America/Los_Angeles").date() - pd.Timedelta(days=1)


def test_products_are_listed_once_for_each_window():
    one = {
        "id": "1",
        "overall_performance": {"gmv": {"amount": "9.5", "currency": "GBP"}, "orders": 2, "items_sold": 3},
    }
    session = FakeAPI(
        {"/analytics/202509/shop_products/performance": {"products": [one], "latest_available_date": "x"}}
    )

    frame = fetch(session, "product_performance", since="45d")

    assert frame[["product_id", "start_date", "end_date"]].to_numpy().tolist() == [
        ["1", "2026-10-07", "2026-11-06"],
        ["1", "2026-11-06", "2026-11-21"],
    ]
    assert frame["gmv"].sum() == 19


def test_ids_that_come_as_numbers_stay_ids():
    one = {"id": 1729592969712207012, "product_id": 1729592969712207008, "gmv": {"amount": "1", "currency": "GBP"}}

    frame = fetch(FakeAPI({"/analytics/202509/shop_skus/performance": {"skus": [one]}}), "sku_performance").iloc[0]

    assert (frame["sku_id"], frame["product_id"]) == ("1729592969712207012", "1729592969712207008")


def test_videos_know_their_products_and_when_they_were_posted():
    one = {
        "id": "71",
        "video_post_time": "2026-07-01 09:00:00",
        "click_through_rate": "0.0528",
        "hash_tags": ["linen", "oak"],
        "products": [{"id": "5", "name": "Apron, olive"}, {"id": "6", "name": "Spoon"}],
        "gmv": {"amount": "9.5", "currency": "GBP"},
        "gpm": {"amount": "1.5", "currency": "GBP"},
    }
    session = FakeAPI({"/analytics/202509/shop_videos/performance": {"videos": [one]}})

    frame, products = fetch(session, "video_performance", items=True)

    assert frame["posted_at"][0] == pd.Timestamp("2026-07-01 09:00", tz="Europe/London")
    assert (frame["product_ids"][0], frame["hash_tags"][0]) == ("5,6", "linen,oak")
    assert products["product_name"].tolist() == ["Apron, olive", "Spoon"]
    assert products["video_id"].tolist() == ["71", "71"]


def live(asked, shop):
    if shop is MY:
        return APIError("/analytics", 36009003, "Internal error", "R1")
    money = {"amount": "99", "currency": "GBP"}
    one = {
        "id": "8",
        "start_time": str(SECOND - 900),
        "end_time": str(SECOND),
        "sales_performance": {"gmv": money, "24h_live_gmv": money, "avg_price": money, "click_to_order_rate": "13.99%"},
        "interaction_performance": {"avg_viewing_duration": "41.5", "click_through_rate": "7%"},
    }
    return {"live_stream_sessions": [one]}


def test_percentages_are_ratios_and_a_shop_without_live_is_told():
    session = FakeAPI({"/analytics/202509/shop_lives/performance": live}, shops=(GB, MY))

    with pytest.warns(TTSWarning, match=r"shops that have had no LIVE; is Maple and Wren MY \(MY\) one"):
        frame = fetch(session, "live_performance", money="decimal")

    one = frame.iloc[0]
    assert (one["click_to_order_rate"], one["click_through_rate"]) == (Decimal("0.1399"), Decimal("0.07"))
    assert one["gmv_24h"] == 99
    assert one["ended_at"] == NOW
    assert list(frame.attrs["partial"]) == [MY.id]


# -- seller --------------------------------------------------------------------------------

SELLER = {
    "/authorization/202309/shops": {"shops": [{"id": GB.id, "name": GB.name, "cipher": GB.cipher}, {"id": MY.id}]},
    "/seller/202309/permissions": {"permissions": ["MANAGE_GLOBAL_PRODUCT"]},
    "/seller/202508/status": {
        "seller_status_data": {"seller_status": "2", "shop_statuses": [{"shop_id": GB.id, "shop_status": "2"}]}
    },
}


def test_the_seller_is_asked_about_without_a_shop():
    session = FakeAPI(SELLER, shops=(GB, MY))

    shops = fetch(session, "authorized_shops")
    permissions, status = fetch(session, "seller_permissions"), fetch(session, "seller_status")

    assert shops["shop_id"].tolist() == [GB.id, MY.id]
    assert permissions["permission"].tolist() == ["MANAGE_GLOBAL_PRODUCT"]
    assert status[["shop_id", "shop_status", "seller_status"]].to_numpy().tolist() == [[GB.id, "2", "2"]]
    assert fetch(session, "authorized_shops", shops="MY")["shop_id"].tolist() == [MY.id]
    assert permissions["extra"].isna().all()


def test_the_key_to_a_shop_is_in_no_table():
    assert "GCP_secret" not in fetch(FakeAPI(SELLER), "authorized_shops", to="arrow").to_pandas().to_json()


def test_a_table_without_a_time_accepts_a_period_and_returns_all():
    assert len(fetch(FakeAPI(SELLER), "authorized_shops", since="1d", until="2026-11-21")) == 2
    with pytest.raises(InputError, match="is not a time"):
        fetch(FakeAPI(SELLER), "authorized_shops", since=5)


# -- every table ---------------------------------------------------------------------------


def around(table, rows):
    """The record in whose list these rows are."""
    for path in reversed(table.each):
        record = rows
        for name in reversed(path.split(".")):
            record = {name: record}
        rows = [record]
    return rows[0]


def harvested(table, records, *, detail=False):
    harvest = Harvest([table], detail=detail)
    beside = {"page": {"status": "SETTLED"}, "parent": {"id": "1"}, "window": {"start_date": "2026-11-01"}}
    harvest.add(GB, [Found(record, str(n), beside) for n, record in enumerate(records)])
    return harvest.finish()[table.name]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_none_one_and_many_rows_have_the_same_dtypes(table):
    record = around(table, [{}])
    kinds = []
    for rows in (0, 1, 300):
        made = harvested(table, [record] * rows, detail=True)
        pandas, polars = (
            to_output(made, form=form, money="float", tz="UTC", attrs={}) for form in ("pandas", "polars")
        )
        assert made.num_rows == len(pandas) == len(polars) == rows
        kinds.append((pandas.dtypes.to_dict(), polars.schema, made.schema))

    assert kinds[0] == kinds[1] == kinds[2]


FIELDS = {
    table.name: sorted({step for column in table.columns for step in re.findall(r"\w+", column.path)})
    for table in TABLES
}


@settings(patient, max_examples=examples(100))
@given(name=st.sampled_from(sorted(TABLES_BY_NAME)), data=st.data())
def test_whatever_comes_becomes_rows_of_the_same_types_and_no_field_is_lost(name, data):
    table = TABLES_BY_NAME[name]
    fields = st.sampled_from(FIELDS[table.name] + ["new"])
    rows = data.draw(st.lists(st.dictionaries(fields, json_values | st.dictionaries(fields, json_values)), max_size=3))

    made = harvested(table, [around(table, rows)] if table.each else rows)

    assert made.schema == schema(table.columns)
    if not (table.keep_childless and not rows):
        assert made.num_rows == (len(rows) if table.each or rows else 0)
    extras = [json.loads(told or "{}") for told in made["extra"].to_pylist()]
    assert sum("new" in extra for extra in extras) == sum("new" in row for row in rows)
    to_output(made, form="pandas", money="float", tz="UTC", attrs={})


def test_rows_come_as_they_were_sent_where_that_is_asked_for():
    session = FakeAPI({RETURNS: listed("return_orders", [returned(2), returned(1)])})

    frame, items = fetch(session, "returns", items=True, raw=True)
    arrow = fetch(session, "returns", raw=True, to="arrow")

    assert frame["raw"].tolist() == [returned(2), returned(1)]
    assert items["raw"].tolist() == [returned(n)["return_line_items"][0] for n in (2, 1)]
    assert json.loads(arrow["raw"][0].as_py()) == returned(2)
    assert fetch(FakeAPI({RETURNS: {}}), "returns", raw=True).dtypes.to_dict() == frame.dtypes.to_dict()


@pytest.mark.parametrize("name", sorted(TABLES_BY_NAME))
def test_an_option_that_a_table_does_not_have_is_answered_with_the_closest(name):
    with pytest.raises(InputError, match=f"{name} has no option monye. Did you mean money"):
        getattr(ShopSession, name)(object(), monye="float")
