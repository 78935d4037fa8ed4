"""tts.sync over answers that a test makes: the rows of the newest versions, whole periods, clear endings."""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.data.api import DAY, NOW, SECOND, FakeAPI, fetch, listed, within
from tests.data.live_shop import synced
from tests.data.shops import GB, MY, FakeSession, order
from tts_notebook import APIError, InputError, RateLimited, SyncError, TransportError
from tts_notebook.api.shops import Shop
from tts_notebook.data import store
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.disk import Disk
from tts_notebook.data.manifest import earlier, shop_directory
from tts_notebook.data.runs import OVERLAP
from tts_notebook.data.store import Store
from tts_notebook.data.sync import sync
from tts_notebook.data.synced import SyncAsked
from tts_notebook.data.walkers import LANES_AT_ONCE
from tts_notebook.errors import PullStopped

STATEMENTS = "/finance/202309/statements"
TRANSACTIONS = "/finance/202501/statements/{id}/statement_transactions"


@pytest.fixture
def data(tmp_path):
    """A directory that is not there yet."""
    return tmp_path / "data"


class Seller(FakeAPI):
    """An API whose tables can be synced."""

    open_id, reference = "seller", None


class OrderSeller(FakeSession):
    """A shop whose orders can be synced."""

    open_id, reference = "seller", None


def run(session, table, data, *, now=NOW, **asked):
    return sync(session, SyncAsked(table, data, **{"progress": False, **asked}), now=now)


def values(directory, *columns):
    table = synced(directory)
    return sorted(zip(*(table[name].to_pylist() for name in columns), strict=True))


# -- records that have no rows any more ----------------------------------------------------------------


def test_an_order_whose_items_are_gone_has_none_in_the_data(data):
    orders = {GB.id: [order(1), order(2), order(3)]}
    session = OrderSeller(orders)
    run(session, ["orders", "order_items"], data)
    for changed, lines in ((orders[GB.id][0], None), (orders[GB.id][2], [])):
        changed.update(update_time=SECOND, line_items=lines)

    run(session, ["orders", "order_items"], data)

    assert len(values(data / "orders", "order_id")) == 3
    assert {name for (name,) in values(data / "order_items", "order_id")} == {orders[GB.id][1]["id"]}


def test_a_product_whose_skus_are_gone_has_none_in_the_data(data):
    products = [
        {"id": str(number), "create_time": SECOND - 50, "update_time": SECOND - 50, "skus": [{"id": f"{number}1"}]}
        for number in (1, 2)
    ]
    session = Seller({"/product/202502/products/search": listed("products", products, keep=within("create_time"))})
    run(session, "skus", data)
    products[0].update(skus=[], update_time=SECOND - 9)

    run(session, "skus", data)

    assert values(data, "product_id", "sku_id") == [("2", "21")]


def test_a_statement_whose_transactions_are_gone_has_none_in_the_data(data):
    statements = [{"id": str(number), "statement_time": SECOND - DAY} for number in (1, 2)]
    told = {each["id"]: [{"id": f"{each['id']}{number}", "type": "ORDER"} for number in (1, 2)] for each in statements}
    session = Seller(
        {
            "/finance/202309/statements": listed("statements", statements, keep=within("statement_time")),
            "/finance/202501/statements/{id}/statement_transactions": lambda asked, shop, name: {
                "id": name,
                "transactions": told[name],
            },
        }
    )
    run(session, "transactions", data)
    told["1"], told["2"] = [], told["2"][1:]

    run(session, "transactions", data)

    assert values(data, "statement_id", "transaction_id") == [("2", "22")]


def test_a_video_whose_products_are_gone_has_none_in_the_windows_that_are_read_again(data):
    videos = [{"id": "7", "products": [{"id": "70"}]}, {"id": "8", "products": [{"id": "80"}]}]
    session = Seller({"/analytics/202509/shop_videos/performance": {"videos": videos}})
    run(session, "video_products", data, since="70d")
    before = values(data, "video_id", "start_date", "product_id")
    videos[0]["products"] = []
    session.asked.clear()

    run(session, "video_products", data)

    again = {asked["start_date_ge"] for _, asked in session.asked}
    assert 0 < len(again) < len(before) / 2
    left = [(video, start, product) for video, start, product in before if video == "8" or start not in again]
    assert values(data, "video_id", "start_date", "product_id") == left


def refusing(session, refuses):
    """Let a seller refuse to tell the transactions of some statements."""
    served = session.answers[TRANSACTIONS]

    def told(asked, shop, name):
        return APIError(TRANSACTIONS, 36009003, "Internal error") if refuses(shop, name) else served(asked, shop, name)

    session.answers[TRANSACTIONS] = told
    return session


def statements_of(*days, shops=(GB,)):
    statements = [{"id": f"{day}{number}", "statement_time": SECOND - day * DAY} for day in days for number in range(3)]
    return Seller(
        {
            STATEMENTS: listed("statements", statements, keep=within("statement_time")),
            TRANSACTIONS: lambda asked, shop, name: {"id": name, "transactions": [{"id": f"{shop.region}{name}"}]},
        },
        shops=shops,
    )


@pytest.mark.parametrize("since", ["20d", None], ids=["week by week", "at once"])
def test_a_shop_whose_statements_are_refused_leaves_the_others_in_the_data_and_is_named(data, since):
    session = refusing(statements_of(3, 4, 15, shops=(GB, MY)), lambda shop, name: shop is GB)

    done = run(session, "transactions", data, since=since)

    assert list(done.partial) == [GB.id]
    assert len(values(data, "transaction_id")) == 9


@pytest.mark.parametrize("table", ["transactions", "statements"])
def test_of_many_shops_only_the_readers_of_those_that_are_being_read_are_kept(data, table):
    shops = tuple(Shop(str(number), "", "GB", "LOCAL", "", "") for number in range(24))
    session = statements_of(3, shops=shops)
    served = session.answers[STATEMENTS]

    def told(asked, shop):
        return APIError(STATEMENTS, 36009003, "Internal error") if int(shop.id) % 2 else served(asked, shop)

    session.answers[STATEMENTS] = told

    done = run(session, table, data, since="20d")

    assert (len(done.partial), done.rows) == (12, {table: 36})
    assert done.calls == len(session.asked)
    assert session.most_readers <= 2 * LANES_AT_ONCE


def test_a_statement_that_is_refused_for_a_time_leaves_no_gap_and_the_weeks_that_were_read_are_not_read_again(data):
    session = statements_of(15, 8, 3)
    answers = dict(session.answers)
    refusing(session, lambda shop, name: name == "30")
    with pytest.raises(APIError, match=r"36009003.*What was read is kept: run the same line again and it goes on"):
        run(session, "transactions", data, since="20d")
    session.answers = answers
    session.asked.clear()

    done = run(session, "transactions", data, since="20d")

    assert done.resumed
    assert {path.split("/")[-2] for path in session.paths if path != STATEMENTS} == {"30", "31", "32"}
    assert len(values(data, "transaction_id")) == 9


def settled_orders(*days, tell):
    """A seller whose orders of so many days ago tell what `tell` makes of their names, and their names."""
    orders = [{"id": str(day), "create_time": SECOND - day * DAY, "status": "COMPLETED"} for day in days]
    listing = listed("orders", orders, keep=within("create_time"))
    path = "/finance/202501/orders/{id}/statement_transactions"

    def told(asked, shop, name):
        return tell(name) or {"order_id": name}

    return Seller({"/order/202309/orders/search": listing, path: told})


NOT_TOLD = APIError("/orders", 36009003, "Internal error")


def test_a_week_of_orders_that_tell_nothing_is_told_and_the_others_are_in_the_data(data):
    session = settled_orders(3, 4, 15, tell=lambda name: NOT_TOLD if name == "15" else None)

    done = run(session, "order_transactions", data, since="20d")

    assert any("told nothing about any record of a week" in note for note in done.notes)
    assert values(data, "order_id") == [("3",), ("4",)]


def test_what_was_not_told_is_also_said_by_a_sync_that_breaks_off_later(data):
    asked = Counter()

    def tell(name):
        asked[name] += 1
        return NOT_TOLD if name == "15" else TransportError("gone") if asked[name] == 2 else None

    session = settled_orders(3, 15, tell=tell)
    run(session, "order_transactions", data, since="1h")

    with pytest.raises(TransportError, match=r"gone.*is kept.*told nothing about any record of a week"):
        run(session, "order_transactions", data, since="20d")


# -- data that is to start earlier ---------------------------------------------------------------------


def days_ago(days):
    return SECOND - days * DAY


def orders_of(*days):
    return {GB.id: [order(number, days_ago(each)) for number, each in enumerate(days)]}


def test_an_earlier_start_fills_in_what_is_older_and_asks_for_nothing_else_twice(data):
    session = OrderSeller(orders_of(300, 200, 100, 50, 5, 1))
    run(session, ["orders", "order_items"], data, since="60d")
    assert len(values(data / "orders", "order_id")) == 3
    session.asked.clear()

    told = run(session, ["orders", "order_items"], data, since="250d")

    assert [asked["create_time_lt"] for _, asked in session.asked if "create_time_ge" in asked] == [days_ago(60)]
    assert told.rows["orders"] == 2
    assert told.notes == ("What is from before 2026-09-22 was missing and is there now, from 2026-03-16 on.",)
    assert len(values(data / "orders", "order_id")) == 5
    assert len(values(data / "order_items", "order_id")) == 10

    told = run(session, ["orders", "order_items"], data)

    assert len(values(data / "orders", "order_id")) == 6
    assert told.notes == ("What is from before 2026-03-16 was missing and is there now, from the beginning on.",)
    assert run(session, ["orders", "order_items"], data, since="2020-01-01").notes == ()


def test_what_changed_meanwhile_is_read_beside_what_is_filled_in(data):
    session = OrderSeller(orders_of(300, 5, 1))
    run(session, "orders", data, since="60d")
    changed = session.orders[GB.id][1]
    changed.update(status="RETURNED", update_time=SECOND + 60)

    told = run(session, "orders", data, since="365d", now=NOW + timedelta(hours=1))

    assert sorted(status for (status,) in values(data, "status")) == ["DELIVERED", "DELIVERED", "RETURNED"]
    assert told.rows == {"orders": 2}


def test_a_filling_in_that_broke_off_goes_on(data):
    session = OrderSeller(orders_of(300, 250, 200, 5), page_size=1)
    run(session, "orders", data, since="60d")
    refusals = iter([None, None, TransportError("gone")])
    session.refuse = lambda path, shop: next(refusals, None) if path.endswith("search") else None
    with pytest.raises(TransportError):
        run(session, "orders", data)
    assert len(values(data, "order_id")) == 1

    told = run(session, "orders", data)

    assert told.resumed
    assert len(values(data, "order_id")) == 4


def test_a_run_that_broke_off_is_ended_before_something_older_is_read(data):
    session = OrderSeller(orders_of(300, 250, 5, 4, 3), page_size=1)
    run(session, "orders", data, since="60d")
    for each in session.orders[GB.id][2:]:
        each.update(update_time=SECOND + 5)
    refusals = iter([None, None, TransportError("gone")])
    session.refuse = lambda path, shop: next(refusals, None) if path.endswith("search") else None
    with pytest.raises(TransportError):
        run(session, "orders", data, since="60d", now=NOW + timedelta(hours=1))

    told = run(session, "orders", data, now=NOW + timedelta(hours=1))

    assert told.resumed
    assert len(values(data, "order_id")) == 5


def test_transactions_of_older_statements_are_filled_in_week_by_week(data):
    statements = [{"id": str(each), "statement_time": days_ago(each)} for each in (300, 200, 5)]
    session = Seller(
        {
            "/finance/202309/statements": listed("statements", statements, keep=within("statement_time")),
            "/finance/202501/statements/{id}/statement_transactions": lambda asked, shop, name: {
                "id": name,
                "transactions": [{"id": f"{name}1"}],
            },
        }
    )
    run(session, "transactions", data, since="60d")

    run(session, "transactions", data, since="250d")

    assert values(data, "statement_id") == [("200",), ("5",)]
    asked = [path for path in session.paths if "/200/" in path or "/300/" in path]
    assert len(asked) == 1


def test_windows_of_days_that_are_filled_in_are_whole(data):
    def serve(asked, shop):
        return {"videos": [{"id": "7", "gmv": {"amount": asked["end_date_lt"][-2:], "currency": "GBP"}}]}

    session = Seller({"/analytics/202509/shop_videos/performance": serve})
    run(session, "video_performance", data / "late", since="45d")
    run(session, "video_performance", data / "late", since="200d")
    run(session, "video_performance", data / "whole", since="200d")

    names = ("start_date", "end_date", "gmv")
    assert values(data / "late", *names) == values(data / "whole", *names)


def test_a_later_start_leaves_what_is_there(data):
    session = OrderSeller(orders_of(300, 5))
    run(session, "orders", data)

    run(session, "orders", data, since="1d")

    assert len(values(data, "order_id")) == 2


# -- tables that were not begun together -----------------------------------------------------------------

TOGETHER = ["orders", "order_items"]
AGO = NOW - timedelta(days=100)


def rows(directory):
    return {str(row) for row in synced(directory).to_pylist()}


def grown_shop(data, held, began):
    """A shop whose first table was read a hundred days ago; orders have come and changed since."""
    session = OrderSeller(orders_of(200, 150, 90, 5))
    if held:
        run(session, held, data if len(held) > 1 else data / held[0], since=began, now=AGO)
    for changed in session.orders[GB.id][:2]:
        changed.update(status="RETURNED", update_time=days_ago(80))
        changed["line_items"][0]["display_status"] = "RETURNED"
    return session


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """The rows of that shop as one who begins today reads them."""
    whole = tmp_path_factory.mktemp("truth")
    run(grown_shop(whole, [], None), TOGETHER, whole)
    return {name: rows(whole / name) for name in TOGETHER}


def starting_at(since):
    return None if since is None else days_ago(int(since[:-1]))


@pytest.mark.parametrize("since", ["7d", "170d", None])
@pytest.mark.parametrize("began", ["60d", None])
@pytest.mark.parametrize(("held", "removed"), [(["orders"], ""), (["order_items"], ""), (TOGETHER, "orders")])
def test_a_table_that_joins_another_leaves_no_gap_in_either(data, truth, held, removed, began, since):
    session = grown_shop(data, held, began)
    if removed:  # as an error about a damaged file advises
        shutil.rmtree(data / removed / shop_directory(GB.id))
    start = {name: starting_at(since) for name in TOGETHER}
    (old,) = {*held} - {removed}
    before = starting_at(began) and starting_at(began) - 100 * DAY  # since was told a hundred days ago
    start[old] = earlier(start[old], before)

    run(session, TOGETHER, data, since=since)

    for name in TOGETHER:
        there = rows(data / name)
        assert there <= truth[name]
        assert set(begun_since(session, name, start[name])) <= {*identities(data / name)}

    session.asked.clear()
    run(session, TOGETHER, data, since=since)
    assert len(session.asked) == 1, "everything is there from the start that was asked for"
    for name in TOGETHER:  # now one by one, as either may be later on
        run(session, name, data / name)
        assert rows(data / name) == truth[name]


def begun_since(session, name, start):
    found = [each for each in session.orders[GB.id] if start is None or each["create_time"] >= start]
    return [each["id"] if name == "orders" else line["id"] for each in found for line in each["line_items"]]


def identities(directory):
    return synced(directory)["order_id" if directory.name == "orders" else "line_item_id"].to_pylist()


def test_a_table_that_joins_another_is_read_from_its_start_and_of_the_other_only_what_changed(data):
    session = grown_shop(data, ["orders"], None)
    session.asked.clear()

    run(session, TOGETHER, data, since="7d")

    first, then = ({name: asked[name] for name in asked if name.endswith("_ge")} for _, asked in session.asked)
    assert first == {"create_time_ge": days_ago(7)}
    assert then == {"update_time_ge": days_ago(100) - OVERLAP}


@pytest.mark.parametrize("stopped", TOGETHER)
@pytest.mark.parametrize("alone", [None, *TOGETHER])
def test_a_stop_while_a_table_joins_another_leaves_no_gap_in_either(data, truth, monkeypatch, stopped, alone):
    commit = Store.commit

    def stop(self, *shop, **options):
        if self.directory.name == stopped:
            raise KeyboardInterrupt
        commit(self, *shop, **options)

    session = grown_shop(data, ["orders"], None)
    monkeypatch.setattr(Store, "commit", stop)
    with pytest.raises(PullStopped):
        run(session, TOGETHER, data, since="7d")
    monkeypatch.undo()
    if alone:
        run(session, alone, data / alone, since="7d")

    run(session, TOGETHER, data, since="7d")

    assert rows(data / "orders") == truth["orders"]
    run(session, TOGETHER, data)
    assert rows(data / "order_items") == truth["order_items"]


def test_of_two_tables_the_one_that_starts_earlier_is_kept_up_to_date_from_there(data):
    session = Seller({"/order/202309/orders/search": {"orders": []}})
    tables, yesterday = ["order_transactions", "sku_transactions"], NOW - timedelta(days=1)
    for table, since in zip(tables, ("90d", "3d"), strict=True):
        run(session, table, data / table, since=since, now=yesterday)
    session.asked.clear()

    run(session, tables, data, since="3d")

    assert min(asked["create_time_ge"] for _, asked in session.asked) == days_ago(1 + 60)


# -- tables of what is there now -----------------------------------------------------------------------


def test_what_is_there_now_is_read_whole_whatever_start_is_asked_for(data):
    old, new = ({"id": name, "order_create_time": days_ago(ago)} for name, ago in (("1", 90), ("2", 1)))

    def asked_for(record, asked):
        return record["order_create_time"] >= asked.get("search_time_ge", 0)

    session = Seller({"/finance/202507/orders/unsettled": listed("transactions", [old, new], keep=asked_for)})
    run(session, "unsettled", data)

    run(session, "unsettled", data, since="30d")

    assert values(data, "transaction_id") == [("1",), ("2",)]


# -- lists in no order -----------------------------------------------------------------------------------


class Unsorted(OrderSeller):
    """A shop that lists its orders as they lie."""

    def _matching(self, shop, filters, params):
        lies = self.orders[shop.id]
        return sorted(super()._matching(shop, filters, params), key=lies.index)


def until_there(data, pattern):
    """Wait until a file is there, so many seconds at the most."""
    ends = time.monotonic() + 10
    while not list(data.rglob(pattern)):
        assert time.monotonic() < ends, "no part was kept"
        time.sleep(0.01)


def test_a_list_in_no_order_that_breaks_off_is_read_whole_by_the_next_sync(data):
    def refuse(path, shop):
        pages[path] += 1
        if pages[path] == 3:  # it is the first that is out of order
            until_there(data, "*.part")
        return TransportError("gone") if pages[path] == 4 else None

    pages = Counter()
    session = Unsorted(orders_of(100, 60, 50, 40, 300, 250, 5, 3), page_size=2, refuse=refuse)
    with pytest.raises(TransportError):
        run(session, "orders", data)

    told = run(session, "orders", data)

    assert len(values(data, "order_id")) == 8
    assert not told.resumed


def test_a_shop_whose_list_is_in_no_order_and_that_then_refuses_is_not_asked_again(data):
    def refuse(path, shop):
        pages[path] += 1
        return APIError(path, 105005, "no", request_id="1") if pages[path] in (4, 5) else None  # and from its beginning

    pages = Counter()
    session = Unsorted(orders_of(100, 60, 50, 40, 300, 250, 5, 3), page_size=2, refuse=refuse)

    with pytest.raises(APIError, match="105005"):
        run(session, "orders", data)

    assert pages["/order/202309/orders/search"] == 5


# -- endings -------------------------------------------------------------------------------------------

KEPT = "What was read is kept: run the same line again and it goes on from there."
NOTHING = "No row had been read this time, and what is there is kept: run the same line again and it goes on."
QUOTA = RateLimited("/order", 36009037, "hourly quota", next_step="Wait, and run the cell again in an hour.")


class Stoppable(Disk):
    """A disk before whose k-th operation somebody presses stop."""

    left = 0

    def _count(self):
        Stoppable.left -= 1
        if Stoppable.left == -1:
            raise KeyboardInterrupt

    def create(self, path):
        self._count()
        return super().create(path)

    def finish(self, file):
        with file:
            self._count()

    def replace(self, source, target):
        self._count()
        super().replace(source, target)

    def remove(self, path):
        self._count()
        super().remove(path)

    def settle(self, directory):
        self._count()


def test_a_stop_at_any_file_operation_says_what_is_kept_and_the_next_sync_is_exact(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "Disk", Stoppable)
    session, said = OrderSeller(orders_of(300, 5)), []
    for operations in range(0, 300, 3):
        data = tmp_path / str(operations)
        Stoppable.left = operations
        try:
            run(session, "orders", data)
        except PullStopped as stopped:
            said.append(str(stopped))
        else:
            break
        run(session, "orders", data)
        assert len(values(data, "order_id")) == 2
        assert not [path for path in data.rglob("*") if path.suffix in (".tmp", ".part", ".merged")]

    assert 25 < operations == 3 * len(said) < 300
    assert list(dict.fromkeys(said)) == [f"Stopped. {NOTHING}", f"Stopped after 2 rows. {KEPT}"]


@pytest.mark.parametrize("stopped", ["orders", "order_items", "both"])
def test_a_stop_while_tables_are_merged_is_made_good_without_reading_again(data, monkeypatch, stopped):
    commit = Store.commit

    def stop(self, *shop, **options):
        if stopped in ("both", self.directory.name):
            raise KeyboardInterrupt
        commit(self, *shop, **options)

    session = OrderSeller(orders_of(*range(1, 30)), page_size=1)
    monkeypatch.setattr(Store, "commit", stop)
    with pytest.raises(PullStopped, match=re.escape(KEPT)):
        run(session, ["orders", "order_items"], data)
    monkeypatch.undo()
    first = len(session.asked)
    session.asked.clear()

    done = run(session, ["orders", "order_items"], data)

    assert done.resumed
    assert len(session.asked) < 3 < 29 <= first
    assert len(values(data / "orders", "order_id")) == 29
    assert len({name for (name,) in values(data / "order_items", "order_id")}) == 29


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), QUOTA], ids=["stop", "quota"])
def test_whoever_is_ended_before_the_shops_are_known_is_told_that_nothing_was_read(data, trouble):
    class Shopless(OrderSeller):
        @property
        def shops(self):
            raise type(trouble)(*trouble.args) if isinstance(trouble, KeyboardInterrupt) else QUOTA

        @shops.setter
        def shops(self, shops): ...

    with pytest.raises((PullStopped, RateLimited), match=re.escape(NOTHING)):
        run(Shopless({}), "orders", data)
    QUOTA.next_step, QUOTA.kept = "", ""
    with pytest.raises((PullStopped, RateLimited), match=r"No row had been read\.$"):
        fetch(Shopless({}), "orders")


def inactive():
    return APIError("/order", 36009043, "inactive")


def out_of_quota():
    return RateLimited("/order", 36009037, "hourly quota", next_step="Wait an hour.")


@pytest.mark.parametrize(("refusal", "said"), [(inactive, "inactive."), (out_of_quota, " Wait an hour.")])
def test_a_refusal_that_ends_a_sync_says_what_is_kept_once(data, refusal, said):
    session = OrderSeller(
        orders_of(300, 250, 5), page_size=1, refuse=lambda path, shop: next(refusals, None) and refusal()
    )
    for before, kept in ((0, NOTHING), (2, KEPT)):
        # the list, and before that its scope
        refusals = iter([False] * (before + 1) + [True] * 9)
        with pytest.raises(type(refusal())) as error:
            run(session, "orders", data)
        assert str(error.value).endswith(f"{said} {kept}")
        assert error.value.kept == kept


def test_a_refusal_that_ends_a_sync_by_workers_says_what_is_kept_once(data):
    session = OrderSeller(
        orders_of(300, 250, 5), page_size=1, refuse=lambda path, shop: next(refusals, None) and out_of_quota()
    )
    refusals = iter([False] + [True] * 9)
    asked = SyncAsked("orders", data, progress=False)
    with ThreadPoolExecutor(1) as threads, pytest.raises(RateLimited) as error:
        sync(session, asked, now=NOW, executor=threads)
    assert str(error.value).endswith(f" Wait an hour. {NOTHING}")


@pytest.mark.parametrize("last", ["tts_notebook.data.harvest.Harvest.table", "tts_notebook.data.answer.to_output"])
def test_a_stop_while_the_last_table_is_made_says_what_had_been_read(monkeypatch, last):
    def stopped(*which, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(last, stopped)

    with pytest.raises(PullStopped, match=r"^Stopped\. 3 rows had been read; they are not kept\. tts\.sync"):
        fetch(OrderSeller(orders_of(3, 2, 1)), "orders")


class Stuck(Disk):
    """A disk on which a new file stays where it was made."""

    def replace(self, source, target):
        if target.suffix == ".parquet":
            raise OSError(errno.EACCES, "Permission denied")
        super().replace(source, target)


def test_a_file_that_cannot_be_moved_into_place_is_part_of_the_data_and_the_error_says_so(data, monkeypatch):
    session = OrderSeller(orders_of(300, 5))
    monkeypatch.setattr(store, "Disk", Stuck)
    with pytest.raises(SyncError, match=r"\(Permission denied\)\. What this sync has read is part of the data already"):
        run(session, "orders", data)
    assert len(values(data, "order_id")) == 2
    monkeypatch.undo()

    assert run(session, "orders", data).rows == {"orders": 0}
    assert len(values(data, "order_id")) == 2


# -- logins that are kept in memory --------------------------------------------------------------------


def test_a_login_in_memory_serves_threads_and_what_is_of_the_seller_as_a_whole(data):
    session = OrderSeller(orders_of(3, 2, 1))
    with ThreadPoolExecutor(1) as threads:
        sync(session, SyncAsked("orders", data / "orders", progress=False), now=NOW, executor=threads)
    shops = Seller({"/authorization/202309/shops": {"shops": [{"id": GB.id, "name": GB.name}]}})
    with ProcessPoolExecutor(1) as processes:
        sync(shops, SyncAsked("authorized_shops", data / "shops", progress=False), now=NOW, executor=processes)
        with pytest.raises(InputError, match=r"memory of this process only, so no worker in another one .*stored"):
            sync(session, SyncAsked("orders", data / "more", progress=False), now=NOW, executor=processes)

    assert len(values(data / "orders", "order_id")) == 3
    assert values(data / "shops", "shop_id") == [(GB.id,)]


# -- executors that do not do what they are given -------------------------------------------------------


def handed_out(data, executor):
    session = OrderSeller({shop.id: [order(number)] for number, shop in enumerate((GB, MY))}, shops=(GB, MY))
    return sync(session, SyncAsked("orders", data, progress=False), now=NOW, executor=executor)


def test_shops_that_a_pool_cancels_while_it_is_shut_down_are_named_and_nobody_waits_for_them(data):
    class ShutDown(ThreadPoolExecutor):
        """Begins one task, and is shut down with the other one waiting."""

        given = 0

        def submit(self, task, /, *arguments, **named):
            future = super().submit(task, *arguments, **named)
            self.given += 1
            if self.given == 1:
                future.result()
                super().submit(time.sleep, 0.1)
            else:
                self.shutdown(wait=False, cancel_futures=True)
            return future

    done = handed_out(data, ShutDown(1))

    assert list(done.partial) == [MY.id]
    assert "executor failed (CancelledError)" in done.partial[MY.id]
    assert done.rows == {"orders": 1}


def test_a_shop_whose_task_ends_without_a_result_is_named(data):
    class Forgetful(ThreadPoolExecutor):
        """Ends the task of one shop without doing it."""

        def submit(self, task, /, *arguments, **named):
            return super().submit(*((str,) if task.shop_id == GB.id else (task, *arguments)), **named)

    with Forgetful(1) as threads:
        done = handed_out(data, threads)

    assert list(done.partial) == [GB.id]
    assert "executor failed (TypeError: it returned '')" in done.partial[GB.id]
    assert len(values(data, "order_id")) == 1


def test_what_submits_without_being_an_executor_is_refused_before_anything_is_made(data):
    class Client:  # as Dask's
        def submit(self, task): ...

    with pytest.raises(InputError, match=r"is not an executor.*of a Dask client it is client\.get_executor"):
        handed_out(data, Client())

    assert not data.exists()


@pytest.mark.parametrize("given", [None, b"data", "a\0b", "~nobody-of-that-name/data", "\udce4"])
def test_what_no_directory_can_be_called_is_refused_before_anything_is_asked(given):
    session = OrderSeller({})

    with pytest.raises(InputError, match=re.escape(f"into={given!r} is not a directory, and cannot become one")):
        run(session, "orders", given)

    assert session.asked == []


# -- pages that are not as declared --------------------------------------------------------------------


def test_a_page_that_must_be_read_value_by_value_is_told_by_a_pull_and_by_a_sync_and_its_rows_are_there(data):
    session = OrderSeller(orders_of(30, 20, 10), page_size=1)
    session.orders[GB.id][1]["update_time"] = "yesterday"

    with pytest.warns(TTSWarning, match="update_time"):
        orders, items = fetch(session, "orders", since="all", items=True, to="arrow")
    told = run(session, ["orders", "order_items"], data)

    assert json.loads(orders.schema.metadata[b"tts_notebook"])["tolerant_pages"] == 1
    assert told.tolerant_pages == 1
    assert "1 pages read value by value" in repr(told)
    assert '"yesterday"' in orders["extra"].to_pylist()[1]
    for table, name in ((orders, "order_id"), (items, "line_item_id")):
        there = synced(data / ("orders" if table is orders else "order_items"))
        assert there.sort_by(name).equals(table.replace_schema_metadata().sort_by(name))
