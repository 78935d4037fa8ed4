"""Rows that are held compressed come back as they went in, and Arrow's allocator is put back afterwards."""

import platform
import threading
import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts_notebook.data import memory
from tts_notebook.data.held import Held

SCHEMA = pa.schema(
    [
        *[(f"text_{number}", pa.string()) for number in range(9)],
        ("amount", pa.decimal128(38, 6)),
        ("at", pa.timestamp("us", tz="UTC")),
        ("flag", pa.bool_()),
    ]
)
texts = st.none() | st.text(max_size=4)
rows = st.fixed_dictionaries(
    {
        **{f"text_{number}": texts if number < 7 else st.none() for number in range(9)},
        "amount": st.none() | st.decimals(-1000, 1000, places=2),
        "at": st.none() | st.datetimes(timezones=st.just(None)),
        "flag": st.none() | st.booleans(),
    }
)
pieces = st.lists(st.lists(rows, max_size=5), max_size=5)


def table_of(found):
    return pa.Table.from_pylist([row | {"at": row["at"] and row["at"].replace(tzinfo=None)} for row in found], SCHEMA)


def held(found):
    made = Held(SCHEMA)
    for piece in found:
        made.add(table_of(piece))
    return made


@settings(deadline=None)
@given(pieces, pieces, st.sampled_from([0, 20_000]), st.data())
def test_what_is_held_comes_back_in_the_order_that_is_asked_for(first, second, many, data):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tts_notebook.data.held._MANY", many)
        check(first, second, data)


def check(first, second, data):
    ours = held(first)
    ours.merge(held(second))
    whole = pa.concat_tables([SCHEMA.empty_table(), *map(table_of, first + second)])
    assert ours.rows == whole.num_rows
    assert ours.table().equals(whole)
    places = data.draw(st.lists(st.integers(0, whole.num_rows - 1))) if whole.num_rows else []
    assert ours.table(pa.array(places, pa.int64())).equals(whole.take(pa.array(places, pa.int64())))


def test_a_piece_of_several_chunks_is_held_whole():
    one = table_of([{"text_0": "a", "at": None}])
    ours = Held(SCHEMA)
    ours.add(pa.concat_tables([one, one, one]))
    assert ours.table()["text_0"].to_pylist() == ["a", "a", "a"]


def test_what_repeats_takes_a_fifth_while_it_is_held():
    many = pa.table([pa.repeat("what every row says", 10_000)], ["text_0"])
    ours = Held(pa.schema([("text_0", pa.string())]))
    before = pa.total_allocated_bytes()
    ours.add(many)
    assert sum(piece.file.size for piece in ours._pieces) < many.nbytes / 5
    assert pa.total_allocated_bytes() - before < many.nbytes / 5


def test_the_allocator_is_put_back_however_it_ends():
    before = pa.default_memory_pool().backend_name

    @memory.lean()
    def fail():
        assert pa.default_memory_pool().backend_name == "system"
        with memory.lean():
            pass
        assert pa.default_memory_pool().backend_name == "system"
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        fail()
    assert pa.default_memory_pool().backend_name == before


def test_the_allocator_is_put_back_by_the_last_of_two_threads():
    before = pa.default_memory_pool().backend_name
    inside, go = threading.Event(), threading.Event()

    def other():
        with memory.lean():
            inside.set()
            go.wait(10)

    thread = threading.Thread(target=other)
    with memory.lean():
        thread.start()
        assert inside.wait(10)
    assert pa.default_memory_pool().backend_name == "system"
    go.set()
    thread.join(10)
    assert pa.default_memory_pool().backend_name == before


@pytest.fixture
def given(monkeypatch):
    """When memory was given back: nothing has been for a while."""
    moments = []
    monkeypatch.setattr(memory, "_trim", lambda: lambda _: moments.append(time.monotonic()))
    time.sleep(memory.PAUSE)
    return moments


def test_memory_is_given_back_at_once_and_then_now_and_then_however_often_it_is_asked_for(given):
    begin = time.monotonic()
    memory.give_back()
    assert len(given) == 1
    calls = 0
    while time.monotonic() < begin + 2.5 * memory.PAUSE:
        memory.give_back()
        calls += 1
    assert calls > 100
    assert 2 <= len(given) <= 1 + (time.monotonic() - begin) / memory.PAUSE


def test_memory_is_given_back_at_the_end_of_a_pull_also_just_after_it_was(given):
    with memory.lean():
        memory.give_back()
        memory.give_back()
        assert len(given) == 1
    assert len(given) == 2


def test_memory_can_be_given_back_where_the_system_does_not_take_it_by_itself():
    memory.give_back()
    assert (memory._trim() is not None) == (platform.libc_ver()[0] == "glibc")
