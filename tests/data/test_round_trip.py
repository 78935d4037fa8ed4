"""Tables rebuilt over HTTP equal the sandbox's world, which is made a second time from the same seed."""

from __future__ import annotations

import secrets
import time
import warnings
from collections import Counter, defaultdict
from contextlib import ExitStack
from functools import cache

import pytest

from tests.data.goods_world import PARTS
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
NOTHING, LARGEST = (0, "xb", 401), (4_000, "id", 31337)
SMALL = [NOTHING, (1, "us", 8613), (300, "xb", 90210), (300, "us", 5)]
# besides, each run draws a seed for every seller; one that fails is told and belongs here
SIZES = (0, 1, 100)
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
EVERY = {**ROWS, **PARTS}
# in South East Asia no shop has payments or was ever LIVE
NOT_THERE = {("payments", "id"), ("live_performance", "id")}


class Opened:
    """A sandbox with a session on it, and the shops of the same world made here."""

    def __init__(self, orders, seller, seed, *, log):
        now = int(time.time()) // 3600 * 3600
        options = ("--orders", str(orders), "--seed", str(seed), "--seller", seller, "--now", str(now))
        world = World(seed, orders, now)
        owner = world.seller(seller)
        self.shops = [View(world, owner, shop) for shop in owner.shops]
        self.sandbox = Sandbox("--auto-approve", *options, log=log)
        self.session = logged_in(self.sandbox, UnpacedShopSession, sleep=lambda seconds: None)
        self.size = orders, seller, seed
        self._pulled = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            error.add_note(f"This is the world {self.size}.")
        self.session.close()
        self.sandbox.stop()

    def table(self, name, **period):
        """Return a table; a pull is made once, with all tables that it can give."""
        key = name, *period.values()
        if key not in self._pulled:
            names = [name, *(each.name for each in TABLES[name].siblings)]
            besides = {"items": names[1:]} if names[1:] else {}
            tables = ask(self.session, name, **besides, **period)
            pulled = zip(names, tables if besides else [tables], strict=True)
            self._pulled.update(((each, *period.values()), table) for each, table in pulled)
        return self._pulled[key]


@pytest.fixture(scope="module")
def open_world(tmp_path_factory):
    """Opens a world, each once."""
    with ExitStack() as opened:
        yield cache(lambda size: opened.enter_context(Opened(*size, log=tmp_path_factory.mktemp("world") / "log")))


def ask(session, name, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TTSWarning)  # about shops in South East Asia, which another test is about
        return getattr(session, name)(progress=False, to="arrow", **options)


def period_of(name):
    if name == "video_products":
        return {"since": "20d"}  # one question: a video is listed again in the answer to each
    return {"since": "100d" if TABLES[name].table.listing.root.days else "all"}


def rows_of(table, columns):
    return list(zip(*(table[name].to_pylist() for name in columns.split()), strict=True))


def named(case):
    return "-".join(map(str, case)) if isinstance(case, tuple) else case


def there(names, seller):
    return [name for name in names if (name, seller) not in NOT_THERE]


def test_every_table_is_held_against_the_world():
    assert set(EVERY) | set(SUMS) == set(TABLES)


@pytest.mark.parametrize(
    ("size", "name"), [(size, name) for size in SMALL for name in there(EVERY, size[1])], ids=named
)
def test_a_table_equals_the_world_to_the_cent_and_its_ids_are_intact(open_world, size, name):
    world = open_world(size)

    table = world.table(name, **period_of(name))

    assert_equal(table, name, world.shops)


def assert_equal(table, name, shops):
    columns, told = EVERY[name]
    assert Counter(rows_of(table, columns)) == Counter(row for see in shops for row in told(see)), name
    assert table["extra"].null_count == table.num_rows


@pytest.mark.parametrize("seller", ["gb", "us", "id", "xb"])
def test_every_table_equals_the_world_whatever_its_seed(tmp_path, seller):
    seed = secrets.randbelow(2**31)

    with Opened(SIZES[seed % len(SIZES)], seller, seed, log=tmp_path / "log") as world:
        check_every_table(world, seller)


def check_every_table(world, seller):
    for name in there(EVERY, seller):
        assert_equal(world.table(name, **period_of(name)), name, world.shops)
    for name in there(SUMS, seller):
        assert_sums_equal(world.table(name, **period_of(name)), name, world.shops)


@pytest.mark.patient
@pytest.mark.parametrize("name", AS_ORDERS_GROW)
def test_tables_of_four_thousand_orders_equal_the_world_and_one_pull_serves_those_of_a_list(open_world, name):
    world = open_world(LARGEST)
    beside = [each.name for each in TABLES[name].siblings if each.name in ROWS]

    for each in [name, *beside]:
        assert_equal(world.table(each, since="all"), each, world.shops)


@pytest.mark.parametrize(("size", "name"), [(size, name) for size in SMALL for name in there(SUMS, size[1])], ids=named)
def test_insights_equal_the_sales_on_the_days_of_the_shops_calendar(open_world, size, name):
    world = open_world(size)

    table = world.table(name, **period_of(name))

    assert_sums_equal(table, name, world.shops)


def assert_sums_equal(table, name, shops):
    keys, measures, told = SUMS[name]
    expected, found = defaultdict(lambda: (0, 0, 0)), defaultdict(lambda: (0, 0, 0))
    for see in shops:
        for key, *amounts in told(see):
            expected[key] = tuple(map(sum, zip(expected[key], amounts, strict=True)))
    for row in rows_of(table, f"{keys} {measures}"):
        key, amounts = row[:2], row[2:]
        found[key] = tuple(map(sum, zip(found[key], amounts, strict=True)))
    assert {key: sums for key, sums in found.items() if any(sums)} == expected, name


def types_of(world, name, **period):
    """The types of a table in pandas, polars and Arrow."""
    arrow = world.table(name, **period)
    frame = to_output(arrow, form="pandas", money="float", tz="UTC", attrs={})
    polars = to_output(arrow, form="polars", money="decimal", tz="UTC", attrs={})
    return arrow.num_rows, (frame.dtypes.to_dict(), polars.schema, arrow.schema.remove_metadata())


@pytest.mark.parametrize("name", TABLES)
def test_types_are_equal_for_no_row_one_and_many(open_world, name):
    root = TABLES[name].table.listing.root
    empty, single, many = NOTHING, (1, "us", 8613), (300, "us", 5)
    timed = root.walks or root.days
    since = period_of(name)
    past = {"since": "2025-02-01", "until": "2025-02-02"} if timed else since
    live = name == "live_performance"

    none, no_types = types_of(open_world(many if live else empty), name, **past)
    _, one_type = types_of(open_world(single), name, **since)
    rows, types = types_of(open_world(many), name, **since)

    assert rows > 0 or name in ("global_skus", "seller_permissions")  # those of sellers across borders
    assert none == 0 or not timed or root.days
    assert no_types == one_type == types


@pytest.mark.parametrize("size", [(300, "us", 5), (900, "gb", 11)], ids=named)
def test_each_day_of_performance_counts_what_was_paid_on_the_shops_own_day(open_world, size):
    session = open_world(size).session
    daily = session.performance(since="60d", progress=False)

    orders = session.orders(since="all", tz=zone_of(session.shops[0].region), progress=False)

    paid = orders.groupby(orders["paid_at"].dt.strftime("%Y-%m-%d")).size()
    told = daily.set_index(daily["date"].astype(str).str[:10])["orders_count"]
    assert {day: count for day, count in told.items() if count != paid.get(day, 0)} == {}
    assert told.sum() > 100
