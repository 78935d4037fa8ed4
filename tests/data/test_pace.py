from __future__ import annotations

import threading
import time

import pytest

from tests.data.api import FakeAPI, fetch, listed
from tests.data.books import Books
from tts_notebook.data.pace import WORKERS, Pace, side_by_side


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

    assert list(side_by_side(make, range(30))) == [number * number for number in range(30)]
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
        list(side_by_side(make, range(500)))
    assert len(made) < 500


def test_calls_of_several_threads_keep_one_pace():
    slept, lock = [], threading.Lock()

    def sleep(seconds):
        with lock:
            slept.append(seconds)

    pace = Pace(2.0, clock=lambda: 100.0, sleep=sleep)
    list(side_by_side(lambda _: pace.wait(), range(9)))

    assert pace.calls == 9
    assert sorted(slept) == pytest.approx([0.5 * number for number in range(1, 9)])


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


def test_a_rate_holds_for_what_is_asked_side_by_side():
    orders = [{"id": str(n), "status": "DELIVERED", "create_time": 1_793_614_530 + n} for n in range(6)]
    session = FakeAPI(
        {
            "/order/202309/orders/search": listed("orders", orders),
            "/fulfillment/202309/orders/{id}/tracking": {"tracking": [{"description": "x", "update_time_millis": 1}]},
        }
    )
    start = time.monotonic()

    frame = fetch(session, "tracking", since="all", max_rate=20)

    assert len(frame) == 6
    assert time.monotonic() - start >= 6 / 20
