from __future__ import annotations

import threading
import time
from collections import defaultdict

import pytest

from tests.data.api import FakeAPI, fetch
from tests.data.books import Books
from tests.data.test_orders_against_sandbox import logged_in
from tts_notebook.api.budget import Budget
from tts_notebook.data.calls import WORKERS, Calls


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
