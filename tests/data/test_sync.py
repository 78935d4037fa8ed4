"""tts.sync against a TikTok Shop in a process of its own: exact after everything that may happen to it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.data.api import NOW
from tests.data.live_shop import SEARCH, LiveShop, assert_same_rows, rows_of, synced
from tests.data.shops import GB, FakeSession, order
from tests.data.unpaced import UnpacedShopSession
from tests.harness.places import REPOSITORY
from tts_notebook import APIError, InputError, RateLimited, SyncError, TransportError
from tts_notebook.api.budget import _budgets
from tts_notebook.data.shop import ShopSession
from tts_notebook.data.sync import SyncAsked, sync

DAY = 86_400


@pytest.fixture
def start_shop(start_sandbox):
    started = []

    def start(*options: str, kind: type[ShopSession] = ShopSession) -> LiveShop:
        started.append(LiveShop(start_sandbox("--auto-approve", "--access-token-seconds", "31536000", *options), kind))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def data(tmp_path):
    """A directory that is not there yet."""
    return tmp_path / "data"


def assert_same(directory, table):
    assert_same_rows(synced(directory), table)


# -- what a sync leaves --------------------------------------------------------------------------------


def test_a_first_sync_holds_what_a_pull_gives(start_shop, data):
    shop = start_shop("--orders", "400")

    told = shop.tts.sync(["orders", "order_items"], into=data)

    orders, items = shop.tts.orders(since="all", items=True, to="arrow")
    assert_same(data / "orders", orders)
    assert_same(data / "order_items", items)
    assert told.rows == {"orders": orders.num_rows, "order_items": items.num_rows}
    assert told.calls <= orders.num_rows // 100 + 14
    assert (told.throttled, told.partial, told.resumed) == (0, {}, False)
    assert repr(told) == (
        f"Synced {orders.num_rows:,} orders, {items.num_rows:,} order_items into "
        f"{data / 'orders'}, {data / 'order_items'} with {told.calls:,} requests."
    )


def test_a_later_sync_reads_what_changed_and_is_exact(start_shop, data):
    shop = start_shop("--orders", "400")
    shop.tts.sync(["orders", "order_items"], into=data)

    for hours in (1, 30, 200):
        shop.let_pass(hours * 3600)
        shop.control(touch_orders={"count": 20})
        shop.control(add_orders={"count": 15})
        shop.let_pass(2)
        with shop.counted() as asked:
            told = shop.tts.sync(["orders", "order_items"], into=data)

        orders, items = shop.tts.orders(since="all", items=True, to="arrow")
        assert_same(data / "orders", orders)
        assert_same(data / "order_items", items)
        assert 35 <= told.rows["orders"] < orders.num_rows // 2
        assert asked.total() == told.calls <= told.rows["orders"] // 100 + 14


def test_statements_that_are_paid_later_are_paid_in_the_data(start_shop, data):
    shop = start_shop("--orders", "600", kind=UnpacedShopSession)
    shop.tts.sync("statements", into=data / "statements")
    shop.tts.sync("transactions", into=data / "transactions")
    before = dict(rows_of(synced(data / "statements"), ("statement_id", "payment_status")))

    shop.let_pass(9 * DAY)
    shop.tts.sync("statements", into=data / "statements")
    shop.tts.sync("transactions", into=data / "transactions")

    assert_same(data / "statements", shop.tts.statements(since="all", to="arrow"))
    assert_same(data / "transactions", shop.tts.transactions(since="all", to="arrow"))
    after = dict(rows_of(synced(data / "statements"), ("statement_id", "payment_status")))
    assert {(was, after[name]) for name, was in before.items()} >= {("PROCESSING", "PAID"), ("PAID", "PAID")}


def test_days_that_are_settled_are_not_read_again(start_shop, data):
    shop = start_shop("--orders", "300", kind=UnpacedShopSession)
    first = shop.tts.sync("performance", into=data)

    shop.let_pass(3 * DAY)
    second = shop.tts.sync("performance", into=data)

    assert second.calls < first.calls / 4


@pytest.mark.parametrize("table", ["performance", "product_performance", "video_products"])
def test_windows_of_several_days_add_up_however_often_they_are_synced(start_shop, data, table):
    shop = start_shop("--orders", "300", kind=UnpacedShopSession)
    for _ in range(4):
        shop.tts.sync(table, into=data)
        shop.let_pass(11 * DAY)
    shop.tts.sync(table, into=data)

    first = min(synced(data)["date" if table == "performance" else "start_date"].to_pylist())
    fresh = getattr(shop.tts, table)(since=first, to="arrow")
    names = tuple(name for name in fresh.column_names if name != "latest_available_date")
    assert_same_rows(synced(data), fresh.select(names))


@pytest.mark.parametrize("table", ["warehouses", "delivery_options", "inventory", "unsettled", "seller_status"])
def test_what_is_there_now_replaces_what_was_there(start_shop, data, table):
    shop = start_shop("--orders", "200", kind=UnpacedShopSession)
    shop.tts.sync(table, into=data)

    shop.let_pass(5 * DAY)
    shop.tts.sync(table, into=data)

    assert_same(data, getattr(shop.tts, table)(to="arrow", **({"since": "all"} if table == "unsettled" else {})))


@pytest.mark.parametrize(
    "table", ["tracking", "sku_transactions", "package_items", "return_items", "product_categories"]
)
def test_what_records_have_several_of_comes_with_them(start_shop, data, table):
    shop = start_shop("--orders", "60", kind=UnpacedShopSession)
    shop.tts.sync(table, into=data)

    shop.let_pass(3 * DAY)
    shop.control(touch_orders={"count": 10})
    shop.let_pass(2)
    told = shop.tts.sync(table, into=data)

    fresh = getattr(shop.tts, table)(since="all", to="arrow")
    assert_same(data, fresh)
    assert told.rows[table] < fresh.num_rows


def test_what_a_newer_version_of_an_order_does_not_list_any_more_goes(data):
    orders = {GB.id: [order(1), order(2)]}
    session = FakeSession(orders)
    session.open_id, session.reference = "seller", None
    asked = SyncAsked(["orders", "order_items"], data, progress=False)
    sync(session, asked, now=NOW)
    changed = orders[GB.id][0]
    changed["update_time"] = int(NOW.timestamp())
    del changed["line_items"][1]

    sync(session, asked, now=NOW)

    items = [record["order_id"] for record in synced(data / "order_items").to_pylist()]
    assert sorted(items) == [changed["id"], *[orders[GB.id][1]["id"]] * 2]


# -- several shops -------------------------------------------------------------------------------------


def test_shops_lie_side_by_side_and_one_that_refuses_is_named_and_left_as_it_was(start_shop, data):
    shop = start_shop("--orders", "300", "--seller", "xb")
    uk, my = shop.tts.shops
    shop.control(inactive=[f"xb:{my.region}"])

    told = shop.tts.sync("orders", into=data)

    assert list(told.partial) == [my.id]
    assert str(my) in told.partial[my.id]
    assert "not active" in told.partial[my.id]
    assert f"missing {my}" in repr(told)
    assert_same(data, shop.tts.orders(since="all", to="arrow", shops=uk))

    shop.control(inactive=[])
    told = shop.tts.sync("orders", into=data)

    assert (told.partial, told.resumed) == ({}, False)
    assert_same(data, shop.tts.orders(since="all", to="arrow"))


def test_shops_can_be_synced_one_by_one(start_shop, data):
    shop = start_shop("--orders", "300", "--seller", "xb")

    for each in shop.tts.shops:
        shop.tts.sync("orders", into=data, shops=each)

    assert_same(data, shop.tts.orders(since="all", to="arrow"))


def test_if_every_shop_refuses_that_is_an_error_and_the_data_stays(start_shop, data):
    shop = start_shop("--orders", "300")
    shop.tts.sync("orders", into=data)
    before = synced(data)
    shop.control(inactive=["gb"])

    with pytest.raises(APIError, match="not active"):
        shop.tts.sync("orders", into=data)

    assert synced(data).equals(before)


# -- what breaks it off --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "error", "said"),
    [
        ({"faults": [f"429:path={SEARCH},after=12"]}, RateLimited, "Wait a minute"),
        ({"faults": [f"drop:path={SEARCH},after=12"]}, TransportError, "Check the connection"),
        ({"hourly_quota": 12}, RateLimited, "run the cell again in an hour"),
    ],
    ids=["throttled", "dropped", "quota"],
)
def test_what_was_read_before_an_error_is_not_read_again(start_shop, data, monkeypatch, trouble, error, said):
    monkeypatch.setattr("tts_notebook.api.retry._FIRST_WAIT", 0.01)
    monkeypatch.setattr("tts_notebook.api.retry._JITTER", 0.0)
    monkeypatch.setattr("tts_notebook.api.reader.MAX_SILENCE", 0.5)
    shop = start_shop("--orders", "1500")
    shop.tts.shops  # noqa: B018 - so that only the list is counted
    shop.control(**trouble)

    with pytest.raises(error, match=f"{said}.*What was read is kept: run the same line again and it goes on"):
        shop.tts.sync(["orders", "order_items"], into=data)
    shop.control(faults=[], hourly_quota=0)
    monkeypatch.setenv("TTS_HOME", str(data.parent / "another"))  # where nobody has learned how slow it was
    _budgets.clear()
    shop.control(touch_orders={"count": 10})
    shop.let_pass(120)
    with shop.counted() as asked:
        told = shop.tts.sync(["orders", "order_items"], into=data)

    orders, items = shop.tts.orders(since="all", items=True, to="arrow")
    assert_same(data / "orders", orders)
    assert_same(data / "order_items", items)
    assert told.resumed
    assert "went on where the last one ended" in repr(told)
    assert asked[SEARCH] <= 12


CHILD = """
import json, sys
from types import SimpleNamespace
from tests.data.live_shop import LiveShop
shop = LiveShop(SimpleNamespace(**json.loads(sys.argv[1])))
print("ready", flush=True)
try:
    shop.tts.sync(["orders", "order_items"], into=sys.argv[2], progress=False)
except BaseException as stopped:
    import threading, time
    begin = time.monotonic()
    while any(thread.name.startswith("tts-pull") for thread in threading.enumerate()):
        time.sleep(0.01)
    print(json.dumps([type(stopped).__name__, str(stopped), time.monotonic() - begin]), flush=True)
"""


def start_child(shop, data, **options):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(shop.sandbox.description), str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        **options,
    )
    assert child.stdout.readline() == b"ready\n"
    return child


@pytest.mark.patient
def test_a_sync_that_is_killed_again_and_again_is_exact_in_the_end(start_shop, data):
    shop = start_shop("--orders", "3000", "--latency-ms", "40")
    shop.let_pass(0)
    for delay in random.Random(5).sample([0.15, 0.3, 0.45, 0.6], 3):
        child = start_child(shop, data)
        time.sleep(delay)
        child.kill()
        child.communicate(timeout=10)
    shop.control(touch_orders={"count": 30})
    shop.let_pass(120)

    shop.tts.sync(["orders", "order_items"], into=data)

    orders, items = shop.tts.orders(since="all", items=True, to="arrow")
    assert_same(data / "orders", orders)
    assert_same(data / "order_items", items)


@pytest.mark.patient
def test_an_interrupt_ends_a_sync_within_a_second_and_it_can_go_on(start_shop, data):
    shop = start_shop("--orders", "3000", "--latency-ms", "200")
    child = start_child(shop, data)
    while not list(data.glob("order_items/*/_staging/run-*.part")):
        time.sleep(0.01)

    pressed = time.monotonic()
    child.send_signal(signal.SIGINT)
    kind, said, lingering = json.loads(child.stdout.readline())
    took = time.monotonic() - pressed - lingering

    child.communicate(timeout=10)
    assert (kind, took < 1, lingering < 2) == ("PullStopped", True, True)
    assert said.endswith("rows. What was read is kept: run the same line again and it goes on from there.")
    shop.control(latency_ms=0)
    assert shop.tts.sync(["orders", "order_items"], into=data).resumed
    shop.let_pass(1)
    assert_same(data / "orders", shop.tts.orders(since="all", to="arrow"))


@pytest.mark.patient
def test_two_syncs_of_one_directory_exclude_each_other(start_shop, data):
    shop = start_shop("--orders", "300", "--latency-ms", "500")
    child = start_child(shop, data)
    while not (data / "orders" / "_tts_notebook.lock").exists():
        time.sleep(0.01)

    with pytest.raises(SyncError, match=r"Another sync is writing into .* Wait until it ends"):
        shop.tts.sync("orders", into=data / "orders")

    shop.control(latency_ms=0)
    assert child.communicate(timeout=20) == (b"", b"")
    assert_same(data / "orders", shop.tts.orders(since="all", to="arrow"))


def test_a_directory_that_is_not_ours_is_refused_before_anything_is_asked(start_shop, data):
    shop = start_shop("--orders", "300")
    data.mkdir()
    (data / "notes.txt").write_text("mine")

    with shop.counted() as asked, pytest.raises(InputError, match=r"was not made by a sync: it has notes\.txt"):
        shop.tts.sync("orders", into=data)

    assert asked[SEARCH] == 0
    assert [path.name for path in data.iterdir()] == ["notes.txt"]


def test_another_sellers_directory_is_refused(start_shop, data):
    shop, other = start_shop("--orders", "300"), start_shop("--orders", "300", "--seller", "us")
    shop.tts.sync("orders", into=data)
    before = synced(data)

    with pytest.raises(InputError, match="was synced with seller="):
        other.tts.sync("orders", into=data)

    assert synced(data).equals(before)


FULL = """
import resource, signal
from tts_notebook.data.disk import Disk
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
replace = Disk.replace
def full_after_two_parts_of_both_tables(disk, source, target):
    replace(disk, source, target)
    if target.name.endswith("000002.part") and "order_items" in target.parts:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
Disk.replace = full_after_two_parts_of_both_tables
"""


@pytest.mark.patient
def test_a_full_disk_is_told_and_the_next_sync_goes_on(start_shop, data):
    shop = start_shop("--orders", "3000")
    script = CHILD.replace('print("ready", flush=True)', FULL)
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(shop.sandbox.description), str(data)],
        capture_output=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=30,
    )

    kind, said, _ = json.loads(done.stdout)
    assert kind == "SyncError"
    assert "There is no room left" in said
    assert said.endswith("Make room and run the cell again: it goes on where this sync ended.")
    with shop.counted() as asked:
        told = shop.tts.sync(["orders", "order_items"], into=data)
    assert told.resumed
    assert asked[SEARCH] < 25  # instead of 30 pages and more: what was kept is not asked again
    orders, items = shop.tts.orders(since="all", items=True, to="arrow")
    assert_same(data / "orders", orders)
    assert_same(data / "order_items", items)
