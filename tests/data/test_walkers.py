from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.data.unpaced import reader
from tts_notebook.api.reader import read_data
from tts_notebook.data import walkers
from tts_notebook.data.walkers import BATCH, MOST_THREADS, Lane, Walkers
from tts_notebook.data.windows import Windows
from tts_notebook.errors import APIError, RateLimited, TransportError

SIZE = 10


@dataclass
class Page:
    rows: list[int]
    token: str
    total: int | None

    @property
    def count(self):
        return len(self.rows)

    @property
    def first(self):
        return min(self.rows, default=None)

    @property
    def last(self):
        return max(self.rows, default=None)

    @property
    def ordered(self):
        return self.rows == sorted(self.rows)


@dataclass
class Server:
    """Lists numbers, each its own time, and answers after a while."""

    rows: list[int]
    latency: float = 0.002
    trouble: list[Exception] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    asked: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path, params, body):
        with self.lock:
            self.asked += 1
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            trouble = self.trouble.pop() if self.trouble and params.get("page_token") else None
        time.sleep(self.latency)
        with self.lock:
            self.under_way -= 1
        if trouble:
            raise trouble
        found = [row for row in self.rows if (body["since"] or 0) <= row < body["until"]]
        start = int(params.get("page_token") or 0)
        more = start + SIZE < len(found)
        return {"rows": found[start : start + SIZE], "token": str(start + SIZE) if more else "", "total": len(found)}


def lane(server, *, until=10_000, stop=None, **more):
    return Lane(
        shop=None,
        path="/list",
        windows=Windows(0, until, page_size=SIZE, **more),
        reader=reader(server.answer, stop),
        ask=lambda window: (
            {"page_token": window.token} if window.token else {},
            {"since": window.since, "until": window.asked_until},
        ),
        parse=lambda answer: Page(**{**read_data(answer)}),
    )


def rows_of(lanes, stop=None):
    """All rows by lane, and the failures."""
    got = {each: [] for each in lanes}
    ended = []
    for which, pages in Walkers(lanes, stop=stop or threading.Event()):
        if not pages:
            ended.append(which)
        for each in pages:
            got[which] += [row for row in each.page.rows if (each.since or 0) <= row < each.until]
    assert set(ended) == set(lanes)
    return got


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "tts-pull"]


def test_every_row_of_every_list_comes_once_and_no_thread_is_left():
    rows = sorted({(n * n) % 9_973 for n in range(3_000)})
    lanes = [lane(Server(rows[part::3])) for part in range(3)]

    got = rows_of(lanes)

    for part, each in enumerate(lanes):
        assert sorted(got[each]) == rows[part::3]
        assert each.failure is None
    assert not threads()


def test_a_list_is_read_side_by_side_by_a_bounded_number_of_threads():
    server = Server(list(range(10_000)), latency=0.02)

    rows_of([lane(server)])

    assert 8 < server.most <= MOST_THREADS
    assert server.asked < 1_150


def test_an_empty_list_takes_one_look_at_each_window():
    server = Server([])

    assert rows_of([lane(server, seeds=1)]).popitem()[1] == []
    assert server.asked == 1


def test_pages_come_some_at_a_time():
    sizes = [len(pages) for _, pages in Walkers([lane(Server(list(range(3_000))))], stop=threading.Event())]

    assert max(sizes) == BATCH
    assert sizes[-1] == 0


def test_what_ends_one_list_leaves_the_others():
    refused = APIError("/list", 36009043, "inactive", "r")
    bad, good = lane(Server([])), lane(Server(list(range(100))))
    bad.reader = reader(lambda *asked: (_ for _ in ()).throw(refused), None)

    got = rows_of([bad, good])

    assert bad.failure is refused
    assert sorted(got[good]) == list(range(100))


def test_a_refused_page_token_is_asked_anew_and_nothing_is_missing():
    refusal = APIError("/list", 36009004, "page_token is invalid", "r")
    server = Server(list(range(2_000)), trouble=[refusal] * 3)

    got = rows_of([each := lane(server)])

    assert each.failure is None
    assert set(got[each]) == set(range(2_000))


def test_a_list_whose_page_tokens_are_never_taken_is_read_all_the_same():
    refusal = APIError("/list", 1, "no", "r")
    server = Server(list(range(2_000)), trouble=[refusal] * 5_000)

    got = rows_of([each := lane(server)])

    assert set(got[each]) == set(range(2_000))
    assert server.asked < 1_000


@pytest.mark.parametrize("kind", ["refused", "throttled"])
def test_a_page_that_nobody_gets_past_ends_the_list(kind):
    refusal = APIError("/list", 1, "no", "r") if kind == "refused" else RateLimited("/list", 36009002, "no")
    server = Server([5] * 200, trouble=[refusal] * 5_000)

    rows_of([each := lane(server)])

    assert each.failure is refusal
    assert server.asked < 100


def test_a_server_that_names_the_same_page_for_ever_is_told():
    each = lane(Server([]), seeds=1)
    each.reader = reader(lambda *asked: {"rows": [1], "token": "again", "total": 1}, None)

    rows_of([each])

    assert isinstance(each.failure, TransportError)
    assert "same next page twice" in str(each.failure)


def test_pages_wait_for_their_consumer_in_a_bounded_number():
    server = Server(list(range(10_000)), latency=0)
    which = lane(server)
    running = iter(Walkers([which], stop=threading.Event()))
    next(running)
    time.sleep(0.3)

    assert server.asked <= walkers.BACKLOG + MOST_THREADS + BATCH + 1
    running.close()


def test_leaving_the_loop_does_not_wait_for_a_request_that_hangs():
    hang = threading.Event()
    server = Server(list(range(1_000)))

    def answer(path, params, body):
        if server.asked > 20:
            hang.wait(30)
        return server.answer(path, params, body)

    each = lane(server)
    each.reader = reader(answer, stop := threading.Event())
    running = iter(Walkers([each], stop=stop))
    next(running)

    started = time.monotonic()
    running.close()
    assert time.monotonic() - started < 1.0

    hang.set()
    for thread in threads():
        thread.join(5)
    assert not threads()


def test_an_interrupt_of_the_consumer_ends_the_threads():
    server, stop = Server(list(range(5_000))), threading.Event()

    def consume():
        for _ in Walkers([lane(server)], stop=stop):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert stop.is_set()
    for thread in threads():
        thread.join(2)
    assert not threads()
    asked = server.asked
    time.sleep(0.05)
    assert server.asked == asked
