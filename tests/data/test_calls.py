from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from contextlib import suppress

import pytest

from tests.data.api import FakeAPI, fetch, listed
from tests.data.books import Books
from tests.data.shops import GB
from tests.data.test_orders_against_sandbox import logged_in
from tts_notebook.api.budget import Budget
from tts_notebook.api.shops import Shop
from tts_notebook.data.answer import TTSWarning
from tts_notebook.data.calls import WORKERS, Calls
from tts_notebook.data.walkers import LANES_AT_ONCE
from tts_notebook.errors import APIError, PermissionMissing, RateLimited, TokenRejected

REFUSED = APIError("/some/{id}", 36009003, "Internal error", "R1")


def test_things_are_made_several_at_a_time_and_come_in_their_order():
    running, most = [0], [0]
    lock = threading.Lock()

    def make(number):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return number * number

    assert list(Calls(FakeAPI({})).side_by_side(make, range(30))) == [number * number for number in range(30)]
    assert 1 < most[0] <= WORKERS


def test_an_error_ends_it_and_leaves_no_thread():
    made = []

    def make(number):
        made.append(number)
        time.sleep(0.005)
        if number == 3:
            raise OSError("no")
        return number

    with pytest.raises(OSError, match="no"):
        list(Calls(FakeAPI({})).side_by_side(make, range(500)))
    assert len(made) < 500


def test_a_refusal_ends_what_waits_and_others_may_ask_on():
    calls, begun, ended = Calls(FakeAPI({})), [], []

    def make(number):
        if not number:
            raise REFUSED
        begun.append(number)
        calls.stop.wait(5)
        time.sleep(0.01)
        ended.append(number)

    started = time.monotonic()
    with pytest.raises(APIError, match="36009003"):
        list(calls.side_by_side(make, range(500)))

    assert time.monotonic() - started < 1
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= 2 * WORKERS
    assert list(calls.side_by_side(str, range(3))) == ["0", "1", "2"]
    assert not calls.stop.is_set()


def refusing(error):
    def make(number):
        if number == 1:
            raise error
        return number

    return make


@pytest.mark.parametrize("count", [2, 30])
def test_a_refusal_of_one_thing_stands_in_its_place_if_that_is_wanted(count):
    refused = APIError("/some/{id}", 36009003, "Internal error", "R2")

    made = Calls(FakeAPI({})).side_by_side(refusing(refused), range(count), lenient=True)

    assert list(made) == [0, refused, *range(2, count)]


@pytest.mark.parametrize("things", [[1], range(30)], ids=["one", "many"])
@pytest.mark.parametrize(
    "error",
    [
        RateLimited("/some/{id}", 36009002, "Too many requests"),
        TokenRejected("/some/{id}", 105002, "Expired"),
        PermissionMissing("/some/{id}", scope="seller.order.info"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_refusal_that_is_about_everything_ends_it_all_the_same(error, things):
    with pytest.raises(type(error)):
        list(Calls(FakeAPI({})).side_by_side(refusing(error), things, lenient=True))


@pytest.fixture
def interruptible():
    """What starts tests in the background has SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("first", [REFUSED, 0], ids=["after a refusal", "while things are made"])
def test_a_stop_waits_for_no_request(first, interruptible):
    calls, main = Calls(FakeAPI({})), threading.get_ident()
    begun, answered = threading.Event(), threading.Event()

    def make(number):
        if not number and first:
            begun.wait(5)  # what has not begun by then is not made at all
            raise first
        if number == 1:
            begun.set()
            time.sleep(0.1)
            signal.pthread_kill(main, signal.SIGINT)
        answered.wait(5)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(calls.side_by_side(make, range(30)))

    took = time.monotonic() - started
    answered.set()
    assert took < 1
    assert calls.stop.is_set()


def test_several_threads_that_ask_one_endpoint_share_its_reader():
    both = threading.Barrier(2, timeout=0.3)

    class Slow(FakeAPI):
        def reader(self, *which, **options):
            with suppress(threading.BrokenBarrierError):  # only one comes here
                both.wait()
            return super().reader(*which, **options)

    session = Slow({"/some/{id}": {}})
    calls = Calls(session)

    list(calls.side_by_side(lambda number: calls.look_up("/some/{id}", str(number), {}, GB), range(2)))

    assert calls.count == len(session.asked) == 2


@pytest.mark.parametrize("asked", [{"status": "COMPLETED"}, {}], ids=["in turn", "side by side"])
def test_of_many_shops_only_the_readers_of_those_that_are_being_read_are_kept(asked):
    def orders(asked, shop, *ids):
        if int(shop.id) % 2:
            return APIError("/order", 36009003, "Internal error")
        return listed("orders", [{"id": f"{shop.id}{number}"} for number in (1, 2)])(asked, shop)

    answers = {
        "/order/202309/orders/search": orders,
        "/order/202507/orders": lambda asked, shop: {"orders": [{"id": name} for name in asked["ids"].split(",")]},
        "/order/202407/orders/{id}/price_detail": {"currency": "GBP"},
    }
    session = FakeAPI(answers, shops=tuple(Shop(str(n), "", "GB", "LOCAL", "", "") for n in range(60)))

    with pytest.warns(TTSWarning, match="rows are missing"):
        frame = fetch(session, "orders", detail=True, **asked)

    assert len(frame) == 60
    assert frame.attrs["calls"] == len(session.asked) >= 150
    assert session.most_readers <= 3 * LANES_AT_ONCE


def test_an_interrupt_between_the_calls_leaves_no_thread():
    books = Books()
    session = books.session()
    serve = session.answers["/finance/202501/statements/{id}/statement_transactions"]

    def interrupted(asked, shop, name):
        if name == list(books.statements)[4]:
            raise KeyboardInterrupt
        return serve(asked, shop, name)

    session.answers["/finance/202501/statements/{id}/statement_transactions"] = interrupted

    with pytest.raises(KeyboardInterrupt):
        fetch(session, "transactions", since="20d")


def test_a_rate_holds_for_what_is_asked_side_by_side(start_sandbox, monkeypatch):
    tts = logged_in(start_sandbox("--orders", "12", "--days", "5", "--auto-approve"))
    taken, take = defaultdict(list), Budget.take

    def noted(budget, stop):
        sent_at = take(budget, stop)
        taken[budget].append(sent_at)
        return sent_at

    monkeypatch.setattr(Budget, "take", noted)
    frame = tts.tracking(since="all", max_rate=25)

    orders = frame["order_id"].nunique()  # each asked for alone; the list is another endpoint, at a rate of its own
    sent_at = max(taken.values(), key=len)
    assert len(sent_at) >= orders > 5
    assert (len(sent_at) - 1) / (max(sent_at) - min(sent_at)) <= 25.1
