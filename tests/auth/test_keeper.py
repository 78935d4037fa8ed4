"""TokenKeeper: one refresh for everybody, and nobody logged out by what passes."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from tests.auth.tokens import NOW, SECRET, Endpoint, envelope, everything_shown, secrets_in, token
from tests.auth.web import Reply, Seen, serving
from tests.harness.places import clean_environment
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import FileStore, MemoryStore
from tts_notebook.auth.token import Token
from tts_notebook.errors import ConfigError, LoginRequired, TokenError, TransportError

WEEK = timedelta(days=7)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "token.json", lock_path=tmp_path / "a.lock", lock_seconds=0.2)


@pytest.fixture
def make(endpoint, store, clock) -> Callable[..., TokenKeeper]:
    """Makes the keeper of one more kernel of the same profile."""

    def make(held: Token | None = None) -> TokenKeeper:
        own = FileStore(store.path, lock_path=store._lock_path, annotate=store._annotate, lock_seconds=0.2)
        keeper = TokenKeeper(endpoint, own, clock=clock)
        if held is not None:
            keeper.adopt(held)
        return keeper

    return make


@pytest.fixture
def keeper(make) -> TokenKeeper:
    return make(token())


def test_a_good_token_is_handed_out_without_asking_anybody(keeper, endpoint):
    assert keeper.current() == token()
    assert endpoint.spent == []


def test_before_its_end_a_token_is_renewed_and_the_new_pair_is_stored(keeper, endpoint, store, clock):
    clock.now = endpoint.now = NOW + WEEK - timedelta(minutes=5)

    renewed = keeper.current()

    assert renewed == token(1, now=clock.now) == store.load() == keeper.token
    assert endpoint.spent == [token().refresh_token]
    assert keeper.last_refresh == clock.now
    assert keeper.last_problem == ""


def test_without_login_a_token_is_asked_for_in_a_sentence(make):
    for ask in (make().current, make().granted):
        with pytest.raises(LoginRequired, match=r"not logged in to TikTok Shop. Run %tiktok_auth login"):
            ask()


def test_a_first_call_waits_for_the_pending_login(make):
    keeper = make()

    class Pending:
        def wait_for_use(self) -> None:
            keeper.adopt(token())

    keeper.pending = Pending()
    assert keeper.current() == token()


def test_a_token_that_is_there_goes_on_serving_while_another_login_is_pending(keeper):
    class Pending:
        def wait_for_use(self) -> None:
            pytest.fail("waited")

    keeper.pending = Pending()
    assert keeper.current() == token()


def test_sixteen_threads_at_the_end_of_a_token_spend_one_refresh_token(keeper, endpoint, clock):
    clock.now = endpoint.now = NOW + WEEK
    endpoint.meanwhile = lambda: time.sleep(0.05)
    start, got = threading.Barrier(16), []

    def call() -> None:
        start.wait()
        got.append(keeper.current())

    run_all(call, 16)

    assert got == [token(1, now=clock.now)] * 16
    assert len(endpoint.spent) == 1


def test_sixteen_threads_fail_once_when_the_endpoint_cannot_be_reached(keeper, endpoint, clock):
    clock.now = NOW + WEEK
    endpoint.failure = TransportError("No.")
    asked: list[int] = []
    endpoint.meanwhile = lambda: (asked.append(1), time.sleep(0.1))
    start, failures = threading.Barrier(16), []

    def call() -> None:
        start.wait()
        try:
            keeper.current()
        except TransportError as failure:
            failures.append(failure)

    run_all(call, 16)

    assert len(failures) == 16
    assert len(asked) == 1


def test_after_a_rejection_all_threads_get_the_one_new_token(keeper, endpoint):
    rejected = keeper.current()
    start, got = threading.Barrier(16), []

    def call() -> None:
        start.wait()
        got.append(keeper.renew(rejected))

    run_all(call, 16)

    assert got == [token(1)] * 16
    assert len(endpoint.spent) == 1


def test_a_passing_failure_keeps_a_token_that_is_still_good_and_asks_again_after_a_rest(keeper, endpoint, clock):
    clock.now = NOW + WEEK - timedelta(minutes=4)
    asked: list[int] = []
    endpoint.meanwhile = lambda: asked.append(1)
    endpoint.failure = TransportError("The name auth.test could not be found.")

    for _ in range(100):
        assert keeper.current() == token()

    assert len(asked) == 1
    assert "could not be found" in keeper.last_problem

    clock.now += timedelta(seconds=31)
    endpoint.now, endpoint.failure = clock.now, None
    assert keeper.current() == token(1, now=clock.now)
    assert keeper.last_problem == ""


def test_a_passing_failure_at_the_very_end_is_raised_and_the_token_is_not_forgotten(keeper, endpoint, store, clock):
    clock.now = NOW + WEEK
    endpoint.failure = TransportError("The name auth.test could not be found.")

    with pytest.raises(TransportError, match="could not be found"):
        keeper.current()
    assert keeper.token == token() == store.load()

    endpoint.failure = None
    endpoint.now = clock.now
    assert keeper.current().access_token == token(1).access_token


def test_a_refusal_is_raised_and_keeps_what_is_stored(keeper, endpoint, store, clock):
    clock.now = NOW + WEEK
    endpoint.failure = TokenError("The seller has revoked the app.", code=36004005)

    with pytest.raises(TokenError, match="revoked"):
        keeper.current()
    assert store.load() == token()


def test_another_kernels_token_is_adopted_without_spending_anything(make, endpoint, clock):
    first, second = make(token()), make()
    second.restore()
    clock.now = endpoint.now = NOW + WEEK - timedelta(minutes=1)

    assert first.current() == second.current()
    assert len(endpoint.spent) == 1
    assert second.last_refresh is None


def test_after_a_long_sleep_the_live_refresh_token_is_spent_and_not_the_used_one(make, endpoint, clock):
    sleeper, other = make(token()), make()
    other.restore()
    clock.now = endpoint.now = NOW + WEEK
    other.current()

    clock.now = endpoint.now = NOW + 3 * WEEK  # what the other one left in the store has ended too

    assert sleeper.current() == token(2, now=clock.now)
    assert endpoint.refused == 0


def test_refreshing_on_demand_spends_the_newest_refresh_token_of_the_store(make, endpoint, clock):
    first, second = make(token()), make()
    second.restore()
    clock.now = endpoint.now = NOW + timedelta(days=1)
    first.renew(first.token, look_first=False)

    second.renew(second.token, look_first=False)

    assert second.token == token(2, now=clock.now)
    assert endpoint.refused == 0


def test_a_shorter_lived_token_of_another_kernel_is_newer_all_the_same(make, endpoint, clock):
    first, second = make(token()), make()
    second.restore()
    clock.now = endpoint.now = NOW + timedelta(hours=1)
    endpoint.life = 600
    first.renew(first.token)

    assert second.renew(second.token) == first.token
    assert endpoint.refused == 0


def test_a_token_file_without_our_notes_is_renewed_like_any_other(make, endpoint, store, clock):
    store._annotate = False
    make(token(now=NOW))
    keeper = make()
    keeper.restore()
    known = keeper.current()

    renewed = keeper.renew(known)

    assert renewed.access_token == token(1).access_token
    assert len(endpoint.spent) == 1


def test_a_refusal_looks_into_the_store_once_more_and_adopts_what_came_meanwhile(keeper, endpoint, store, clock):
    def somebody_without_our_lock() -> None:
        endpoint.spent.append(token().refresh_token)
        store.save(token(9, now=NOW, age=3600))  # by a clock that is behind

    endpoint.meanwhile = somebody_without_our_lock

    assert keeper.renew(keeper.token) == token(9)
    assert endpoint.refused == 1


def test_a_session_does_not_change_its_seller_because_another_kernel_did(make, endpoint, store, clock):
    ours = make(token())
    make(token(50, open_id="open-2", seller_name="Other Ltd", age=-60))
    clock.now = endpoint.now = NOW + WEEK - timedelta(minutes=1)

    renewed = ours.current()

    assert renewed == token(1, now=clock.now)
    assert renewed.open_id == "open-1"
    assert store.load().open_id == "open-2"
    assert "logged this profile in as Other Ltd. This session stays with Maple and Wren Ltd" in ours.last_problem


def test_restoring_takes_the_stored_login_and_counts_as_a_new_grant(make):
    keeper = make(token())
    grants = keeper.grants
    make(token(50, open_id="open-2", age=-60))

    assert keeper.restore().open_id == "open-2"
    assert keeper.token.open_id == "open-2"
    assert keeper.grants > grants


def test_restoring_the_same_login_again_is_not_a_new_grant(keeper):
    grants = keeper.grants

    assert keeper.restore() == token()
    assert keeper.grants == grants


def test_an_authorization_that_has_ended_is_not_restored(make, clock):
    make(token())
    clock.now = NOW + timedelta(days=91)

    assert make().restore() is None


def test_a_new_login_that_cannot_be_saved_serves_and_says_so(make, store):
    store.path.mkdir()  # stands for a disk that takes nothing
    (store.path / "x").write_text("")
    keeper = make()
    keeper.store.save = refuse_to_save

    keeper.adopt(token())

    assert keeper.current() == token()
    assert "could not be saved" in keeper.last_problem


def refuse_to_save(token: Token) -> None:
    raise ConfigError("The login could not be saved.")


def test_a_renewed_token_that_cannot_be_saved_serves_says_so_and_survives_a_look_into_the_store(make, endpoint, clock):
    keeper = make(token())
    keeper.store.save = refuse_to_save
    clock.now = endpoint.now = NOW + WEEK

    assert keeper.current() == token(1, now=clock.now)
    assert "could not be saved" in keeper.last_problem

    keeper.restore()  # the stored one is older: its refresh token is spent
    clock.now = endpoint.now = NOW + 2 * WEEK
    assert keeper.current() == token(2, now=clock.now)
    assert endpoint.refused == 0


def test_a_damaged_file_does_not_stop_a_session_that_has_a_token(keeper, endpoint, store, clock):
    store.path.write_text("{")
    clock.now = endpoint.now = NOW + WEEK

    assert keeper.current() == token(1, now=clock.now) == store.load()


def test_while_another_process_holds_the_lock_a_good_token_serves_and_an_ended_one_says_why(keeper, store, clock):
    with FileLock(store._lock_path):
        clock.now = NOW + WEEK - timedelta(minutes=1)
        assert keeper.current() == token()
        assert "has been renewing this login" in keeper.last_problem

        clock.now = NOW + WEEK
        with pytest.raises(ConfigError, match=r"has been renewing this login for 0\.2 seconds"):
            keeper.current()


def test_a_new_login_is_served_although_another_process_holds_the_lock(make, store):
    keeper = make()
    with FileLock(store._lock_path):
        keeper.adopt(token())

    assert keeper.current() == token()
    assert "has been renewing this login" in keeper.last_problem


def test_forgetting_leaves_nothing_here_or_in_the_store(keeper, store):
    keeper.forget()

    assert keeper.token is None
    assert store.load() is None
    with pytest.raises(LoginRequired, match="not logged in"):
        keeper.current()


def test_a_renewal_that_comes_after_a_logout_does_not_undo_it(keeper, endpoint, store):
    held = keeper.current()
    keeper.forget()

    for look_first in (True, False):
        with pytest.raises(LoginRequired, match="has been logged out"):
            keeper.renew(held, look_first=look_first)
    assert endpoint.spent == []
    assert store.load() is None


def test_a_newer_token_of_another_kernel_is_followed_without_asking_anybody(make, endpoint):
    first, second = make(token()), make()
    second.restore()
    told: list[int] = []
    second.subscribe(lambda: told.append(1))
    endpoint.now = NOW + timedelta(hours=1)

    second.follow_store()
    first.renew(first.token)
    second.follow_store()
    second.follow_store()

    assert second.token == first.token
    assert told == [1]
    assert len(endpoint.spent) == 1


def test_a_logout_in_another_kernel_is_followed_and_said(make, endpoint, clock):
    first, second, third = make(token()), make(), make()
    second.restore()
    third.restore()
    first.forget()

    second.follow_store()
    assert second.token is None
    assert second.last_problem == "The profile was logged out in another notebook."

    clock.now = NOW + WEEK  # the third did not look before its token ended
    with pytest.raises(LoginRequired, match="was logged out in another notebook"):
        third.current()
    assert endpoint.spent == []


def test_a_token_that_was_never_stored_is_not_logged_out_by_an_empty_store(make):
    keeper = make()
    keeper.store.save = refuse_to_save
    keeper.adopt(token())

    keeper.follow_store()

    assert keeper.current() == token()


def test_a_store_that_is_away_for_a_moment_is_no_logout(keeper, store, tmp_path):
    tmp_path.rename(tmp_path.with_name("away"))
    tmp_path.write_text("")  # stat answers "Not a directory", as a drive that is away answers with its own
    try:
        keeper.follow_store()
    finally:
        tmp_path.unlink()
        tmp_path.with_name("away").rename(tmp_path)

    assert keeper.current() == token()


def test_saving_over_a_damaged_file_looks_like_no_logout_to_others(keeper, store):
    store.path.write_text("{")
    missing: list[bool] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            missing.append(store.version() is None)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(20):
        store.save(token(number))
        store.path.write_text("{")
    done.set()
    watcher.join()

    assert not any(missing)


def test_the_owner_of_a_profile_is_the_seller_served_or_else_the_one_stored(make, store):
    assert make().owner() is None
    make(token())
    assert make().owner() == token()
    store.path.write_text("{")
    assert make().owner() is None


def test_what_the_store_cannot_remove_is_forgotten_here_all_the_same(keeper, store):
    store.path.unlink()
    (store.path / "x").mkdir(parents=True)
    told: list[int] = []
    keeper.subscribe(lambda: told.append(1))

    with pytest.raises(ConfigError, match="could not be removed"):
        keeper.forget()
    assert keeper.token is None
    assert told == [1]


def test_observers_are_told_of_every_change_until_they_stop(keeper):
    told: list[str] = []
    stop = keeper.subscribe(lambda: told.append(keeper.token.access_token if keeper.token else "none"))

    keeper.renew(keeper.token)
    keeper.forget()
    stop()
    stop()
    keeper.adopt(token(5))

    assert told == [token(1).access_token, "none"]


def test_an_interrupt_does_not_lose_the_new_pair(keeper, endpoint, store):
    main = threading.main_thread().ident
    endpoint.meanwhile = lambda: (interrupt(main), time.sleep(0.2))

    with pytest.raises(KeyboardInterrupt):
        keeper.renew(keeper.token)

    wait_until(lambda: keeper.token == token(1))
    assert keeper.current() == token(1) == store.load()
    assert endpoint.refused == 0


def interrupt(thread: int) -> None:
    import signal

    signal.pthread_kill(thread, signal.SIGINT)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline, "It did not become so within 5 s."
        time.sleep(0.01)


def run_all(call: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def test_a_keeper_shows_no_secret_and_cannot_be_pickled(keeper):
    real = TokenKeeper(TokenEndpoint("6kcdemo", SECRET, "https://auth.test"), MemoryStore())
    real.adopt(token())

    assert secrets_in(f"{real!r} {vars(real)} {vars(keeper)}") == []
    with pytest.raises(TypeError, match="cannot"):
        pickle.dumps(real)


def test_a_failed_renewal_holds_no_secret_in_any_frame_or_context(clock):
    def answer(seen: Seen) -> Reply:
        return Reply({"code": 36004005, "message": f"bad {seen.query['refresh_token']}"})

    with serving(answer) as web:
        keeper = TokenKeeper(TokenEndpoint("6kcdemo", SECRET, web.url), MemoryStore(), clock=clock)
        keeper.adopt(token())
        with pytest.raises(TokenError, match="36004005") as failed:
            keeper.renew(keeper.token)

    assert secrets_in(everything_shown(failed.value)) == []


WORKER = """
import sys, threading, time
from pathlib import Path
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import FileStore

folder, url, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
store = FileStore(folder / "token.json", lock_path=folder / "a.lock", annotate=sys.argv[4] == "annotate")
keeper = TokenKeeper(TokenEndpoint("6kcdemo", "s", url), store)
keeper.restore()
seen = set()

def work():
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen.add(keeper.current().access_token)
        time.sleep(0.01)

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(seen))
"""


class RotatingEndpoint:
    """Answers over HTTP; the access tokens last two seconds, and a refresh token is good for one use."""

    def __init__(self) -> None:
        self.number = 0
        self.presented: list[str] = []
        self.lock = threading.Lock()

    def next_pair(self) -> dict[str, object]:
        self.number += 1
        return envelope(self.number, now=datetime.now(NOW.tzinfo), ends_in=2)

    def __call__(self, seen: Seen) -> Reply:
        with self.lock:
            self.presented.append(seen.query["refresh_token"])
            if seen.query["refresh_token"] != f"{token().refresh_token}-{self.number}":
                return Reply({"code": 36004005, "message": "can not find related auth record"})
            return Reply(self.next_pair())


@pytest.mark.patient
def test_two_processes_over_several_expiries_never_present_a_spent_refresh_token(tmp_path):
    kinds = ("annotate", "plain")  # a profile's own file, and a --token-file
    endpoints = {kind: RotatingEndpoint() for kind in kinds}
    with serving(endpoints["annotate"]) as one, serving(endpoints["plain"]) as other:
        workers = []
        for kind, web in zip(kinds, (one, other), strict=True):
            folder = tmp_path / kind
            folder.mkdir()
            (folder / "token.json").write_text(json.dumps(endpoints[kind].next_pair()))
            command = [sys.executable, "-c", WORKER, str(folder), web.url, "4", kind]
            workers += [
                subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) for _ in range(2)
            ]
        pairs = [int(worker.communicate(timeout=30)[0]) for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0, 0, 0]
    for endpoint in endpoints.values():
        assert len(endpoint.presented) >= 2  # it did expire, more than once
        assert len(set(endpoint.presented)) == len(endpoint.presented) == endpoint.number - 1
    assert min(pairs) >= 3  # and each process had every pair, whoever asked for it
