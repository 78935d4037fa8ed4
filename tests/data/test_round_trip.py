"""Tables rebuilt over HTTP equal the sandbox's world, which is made a second time from the same seed."""

from __future__ import annotations

import time
import warnings
from collections import Counter, defaultdict

import pytest

from tests.data.test_orders_against_sandbox import logged_in
from tests.data.unpaced import UnpacedShopSession
from tests.data.worlds import ROWS, SUMS, View
from tests.harness.sandboxes import Sandbox
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.catalogue import TABLES
from tts_notebook.data.output import to_output
from tts_notebook.data.zones import zone_of
from tts_notebook.sandbox.world import World

# how many orders, whose, and the seed; one order cannot be shared by the two shops of xb
NOTHING, LARGEST = (0, "xb", 401), (10_000, "id", 31337)
SMALL = [NOTHING, (1, "gb", 52), (1, "us", 8613), (1, "id", 77), (300, "xb", 90210), (300, "us", 5)]
AS_ORDERS_GROW = (
    "orders",
    "statements",
    "transactions",
    "withdrawals",
    "unsettled",
    "packages",
    "returns",
    "cancellations",
)
# in South East Asia no shop has payments or was ever LIVE
NOT_THERE = {("payments", "id"), ("live_performance", "id")}


@pytest.fixture(scope="module")
def open_world(tmp_path_factory):
    """Opens a session on a sandbox, once for each world, and the shops of the same world made here."""
    opened = {}

    def open_one(size):
        if size not in opened:
            opened[size] = _open(*size, log=tmp_path_factory.mktemp("world") / "log")
        return opened[size][1:]

    yield open_one
    for sandbox, session, _ in opened.values():
        session.close()
        sandbox.stop()


def _open(orders, seller, seed, *, log):
    now = int(time.time()) // 3600 * 3600
    options = ("--orders", str(orders), "--seed", str(seed), "--seller", seller, "--now", str(now))
    sandbox = Sandbox("--auto-approve", *options, log=log)
    world = World(seed, orders, now)
    owner = world.seller(seller)
    session = logged_in(sandbox, UnpacedShopSession, sleep=lambda seconds: None)
    return sandbox, session, [View(world, owner, shop) for shop in owner.shops]


def ask(session, name, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TTSWarning)  # about shops in South East Asia, which another test is about
        return getattr(session, name)(progress=False, to="arrow", **options)


def rows_of(table, columns):
    return list(zip(*(table[name].to_pylist() for name in columns.split()), strict=True))


CASES = [(size, name) for size in SMALL for name in ROWS if (name, size[1]) not in NOT_THERE]


def named(case):
    return "-".join(map(str, case)) if isinstance(case, tuple) else case


@pytest.mark.parametrize(
    ("size", "name"), [case for case in CASES if (case[1], case[0][1]) not in NOT_THERE], ids=named
)
def test_a_table_equals_the_world_to_the_cent_and_its_ids_are_intact(open_world, size, name):
    session, shops = open_world(size)

    table = ask(session, name, since="all")

    assert_equal(table, name, shops)


def assert_equal(table, name, shops):
    columns, told = ROWS[name]
    assert Counter(rows_of(table, columns)) == Counter(row for see in shops for row in told(see))
    assert table["extra"].null_count == table.num_rows


@pytest.mark.parametrize("name", AS_ORDERS_GROW)
def test_tables_of_ten_thousand_orders_equal_the_world_and_one_pull_serves_those_of_a_list(open_world, name):
    session, shops = open_world(LARGEST)
    beside = [each.name for each in TABLES[name].siblings if each.name in ROWS]

    tables = ask(session, name, since="all", items=beside) if beside else [ask(session, name, since="all")]

    for each, table in zip([name, *beside], tables, strict=True):
        assert_equal(table, each, shops)


@pytest.mark.parametrize(
    ("size", "name"),
    [(size, name) for size in SMALL for name in SUMS if (name, size[1]) not in NOT_THERE],
    ids=named,
)
def test_insights_equal_the_sales_on_the_days_of_the_shops_calendar(open_world, size, name):
    session, shops = open_world(size)
    keys, measures, told = SUMS[name]

    table = ask(session, name, since="100d")

    expected, found = defaultdict(lambda: (0, 0, 0)), defaultdict(lambda: (0, 0, 0))
    for see in shops:
        for key, *amounts in told(see):
            expected[key] = tuple(map(sum, zip(expected[key], amounts, strict=True)))
    for row in rows_of(table, f"{keys} {measures}"):
        key, amounts = row[:2], row[2:]
        found[key] = tuple(map(sum, zip(found[key], amounts, strict=True)))
    assert {key: sums for key, sums in found.items() if any(sums)} == expected


def types_of(session, name, **period):
    """The types of a table in pandas, polars and Arrow."""
    arrow = ask(session, name, **period)
    frame = to_output(arrow, form="pandas", money="float", tz="UTC", attrs={})
    polars = to_output(arrow, form="polars", money="decimal", tz="UTC", attrs={})
    return arrow.num_rows, (frame.dtypes.to_dict(), polars.schema, arrow.schema.remove_metadata())


@pytest.mark.parametrize("name", TABLES)
def test_types_are_equal_for_no_row_one_and_many(open_world, name):
    root = TABLES[name].table.listing.root
    empty, single, many = NOTHING, (1, "us", 8613), (300, "us", 5)
    timed = root.walks or root.days
    since = {"since": "60d"} if root.days else {"since": "all"} if timed else {}
    past = {"since": "2025-02-01", "until": "2025-02-02"} if timed else {}
    live = name == "live_performance"

    none, no_types = types_of(open_world(many if live else empty)[0], name, **past)
    _, one_type = types_of(open_world(single)[0], name, **since)
    rows, types = types_of(open_world(many)[0], name, **since)

    assert rows > 0 or name in ("global_skus", "seller_permissions")  # those of sellers across borders
    assert none == 0 or not timed or root.days
    assert no_types == one_type == types


@pytest.mark.parametrize("size", [(300, "us", 5), (900, "gb", 11)], ids=named)
def test_each_day_of_performance_counts_what_was_paid_on_the_shops_own_day(open_world, size):
    session, _ = open_world(size)
    daily = session.performance(since="60d", progress=False)

    orders = session.orders(since="all", tz=zone_of(session.shops[0].region), progress=False)

    paid = orders.groupby(orders["paid_at"].dt.strftime("%Y-%m-%d")).size()
    told = daily.set_index(daily["date"].astype(str).str[:10])["orders_count"]
    assert {day: count for day, count in told.items() if count != paid.get(day, 0)} == {}
    assert told.sum() > 100
