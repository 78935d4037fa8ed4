from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.listings import FAST, Maker, body_of, one_by_one
from tests.data.shops import GB, order
from tests.harness.examples import examples
from tts_notebook.data.harvest import Harvest
from tts_notebook.data.orders import ORDER_ITEMS, ORDER_SEARCH, ORDERS
from tts_notebook.data.pages import NO_ANSWER, PageReader
from tts_notebook.data.rows import Found, seconds_in
from tts_notebook.errors import TransportError

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(30))
BOTH = [ORDERS, ORDER_ITEMS]
START = 1_793_614_530


def reader(tables=BOTH, time_field="create_time"):
    return PageReader(tables[0].listing, tables, time_field=time_field)


def read(bodies, tables=BOTH, time_field="create_time", since=None, until=None, shop=GB):
    pages = reader(tables, time_field)
    return pages.tabulate([(pages.parse(body), since, until) for body in bodies], shop)


def orders_read(*pages, **cut):
    return read([body_of(ORDER_SEARCH, page) for page in pages], **cut)


def assert_same(batch, tables, records, shop=GB):
    there = one_by_one(tables, records, shop)
    for table in tables:
        ours, theirs = batch.tables[table.name], there[table.name].table
        assert ours.schema.equals(theirs.schema)
        odd = [name for name in theirs.column_names if not ours[name].equals(theirs[name])]
        assert {name: ours[name].to_pylist() for name in odd} == {name: theirs[name].to_pylist() for name in odd}
        assert not odd
        assert batch.owners[table.name].to_pylist() == there[table.name].owners
    assert batch.misfits == sum((made.misfits for made in there.values()), Counter())


def sent(bodies, tables):
    found = []
    for body in bodies:
        inner = json.loads(body)["data"]
        for name in tables[0].listing.records.split("."):
            inner = inner.get(name) or []
        found += inner
    return found


@patient
@pytest.mark.parametrize("path", sorted(FAST))
@given(
    seed=st.integers(0, 2**32),
    odd=st.sampled_from([0, 0, 0.01, 0.1]),
    new=st.sampled_from([0, 0.2]),
    alone=st.booleans(),
)
def test_pages_give_the_tables_that_their_records_give_one_by_one(path, seed, odd, new, alone):
    random = Random(seed)
    tables = FAST[path][: 1 if alone else None]
    maker = Maker(random, odd=odd, new=new)
    bodies = [
        body_of(
            tables[0].listing,
            random.choice([[], None])
            if random.random() < 0.05
            else [maker.record(tables) for _ in range(random.randrange(4))],
            ascii_only=random.random() < 0.5,
            indent=random.choice([None, None, 2]),
        )
        for _ in range(random.randrange(5))
    ]

    batch = read(bodies, tables, time_field=None)

    records = sent(bodies, tables)
    assert_same(batch, tables, records)
    assert batch.ids.to_pylist() == [readable(each.get(tables[0].listing.key)) for each in records]
    assert batch.updated.to_pylist() == [seconds_in(each, "update_time") for each in records]


def readable(name):
    text = str(name or "")
    return (text if text.isprintable() else json.dumps(text, ensure_ascii=True)) or None


@patient
@given(seed=st.integers(0, 2**32))
def test_declared_records_are_never_read_one_by_one(seed):
    maker = Maker(Random(seed), odd=0, new=0)
    records = [maker.record(BOTH) for _ in range(5)]

    batch = orders_read(records)

    assert batch.tolerant == 0
    assert batch.careful <= {"combined_listing_skus", "sub_item_info", "unboxing_case_list"}


def test_large_tables_of_a_list_of_its_own_go_the_fast_way():
    assert {
        "orders", "order_items", "statements", "payments", "withdrawals", "unsettled", "products", "skus",
        "categories", "brands", "packages", "package_items", "returns", "return_items", "cancellations",
        "cancellation_items",
    } <= {table.name for tables in FAST.values() for table in tables}  # fmt: skip


@patient
@given(
    seed=st.integers(0, 2**32), cuts=st.lists(st.tuples(*[st.none() | st.integers(0, 6)] * 2), min_size=1, max_size=4)
)
def test_only_records_of_the_period_are_kept_and_those_without_a_time(seed, cuts):
    random = Random(seed)
    times = [START + number for number in range(6)] + ([0, None, "text"] if seed % 2 else [])
    bodies = [
        body_of(ORDER_SEARCH, [{**order(n), "create_time": random.choice(times)} for n in range(random.randrange(5))])
        for _ in cuts
    ]
    cuts = [
        (None if since is None else START + since, None if until is None else START + until) for since, until in cuts
    ]

    pages = reader()
    batch = pages.tabulate([(pages.parse(body), *cut) for body, cut in zip(bodies, cuts, strict=True)], GB)

    meant = [
        each
        for body, (since, until) in zip(bodies, cuts, strict=True)
        for each in sent([body], BOTH)
        if not (at := seconds_in(each, "create_time")) or ((since or 0) <= at and (until is None or at < until))
    ]
    assert_same(batch, BOTH, meant)
    assert len(batch.ids) == len(meant)


@settings(deadline=None)
@given(
    body=st.binary()
    | st.recursive(
        st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["code", "data", "orders"]), x)
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_is_answered_can_be_told_from_a_page(body):
    page = reader().parse(body)

    assert page.code == NO_ANSWER
    assert page.body == body


@pytest.mark.parametrize("end", [1, 30, -1])
def test_half_an_answer_is_no_page(end):
    assert reader().parse(body_of(ORDER_SEARCH, [order(1)])[:end]).code == NO_ANSWER


def test_the_head_of_a_page_is_known_at_once():
    body = body_of(ORDER_SEARCH, [order(1), order(2, START + 5), order(3, 0)], next_page_token="abc", total_count=7)

    page = reader().parse(body)

    assert (page.code, page.token, page.total, page.count) == (0, "abc", 7, 3)
    assert (page.first, page.last) == (START, START + 5)


def test_the_head_of_an_odd_page_is_known_too():
    body = (
        b'{"code":0,"data":{"orders":[{"id":"1","create_time":"5","x":NaN}],"next_page_token":null,"total_count":"9"}}'
    )

    page = reader().parse(body)

    assert (page.code, page.token, page.total, page.count, page.first) == (0, "", None, 1, 5)
    assert read([body]).tables["orders"]["extra"].to_pylist() == ['{"x": NaN}']


@pytest.mark.parametrize(
    "body", [b'{"code":0,"data":null}', b'{"code":0}', b'{"code":0,"data":{}}', b'{"code":0,"data":{"orders":null}}']
)
def test_an_answer_without_records_is_an_empty_page(body):
    assert reader().parse(body).count == 0
    assert read([body, body]).tables["orders"].num_rows == 0
    assert read([]).tables["order_items"].num_rows == 0


def test_a_refusal_keeps_its_code():
    assert reader().parse(b'{"code":36009002,"message":"too many requests","data":null}').code == 36009002


@pytest.mark.parametrize("records", [{"id": "1"}, [1], [None], "text"])
def test_a_page_without_a_list_of_objects_is_an_error_when_its_rows_are_made(records):
    with pytest.raises(TransportError, match="whose orders is not a list of objects"):
        orders_read(records)


ODDITIES = {
    "an id as a number": {"id": 577086614418520388},
    "a number where text is declared": {"status": 5},
    "an empty amount": {"payment": {"total_amount": ""}},
    "an amount as a number": {"payment": {"total_amount": 12.5}},
    "more than six decimals": {"payment": {"total_amount": "1.1234567"}},
    "a time as text": {"paid_time": "1793614530"},
    "a time that is no time": {"paid_time": "soon"},
    "a time of 0": {"paid_time": 0},
    "a time in milliseconds": {"paid_time": 1793614530000},
    "text where an object is declared": {"payment": "none"},
    "half of a surrogate pair": {"buyer_nickname": "\ud83c"},
    "a list of texts": {"line_items": ["a"]},
    "nothing in a list": {"line_items": [None]},
    "an area twice": {"recipient_address": {"district_info": [{"address_level": "L0"}, {"address_level": "L0"}]}},
    "an area of another level": {
        "recipient_address": {"district_info": [{"address_level": "L9", "address_name": "x"}]}
    },
    "a new field of an area": {"recipient_address": {"district_info": [{"address_level": "L0", "new": 1}]}},
    "a comma in an id": {"packages": [{"id": "1,2"}, {"id": "3"}]},
    "a new field of a package": {"packages": [{"id": "1", "weight": "3"}]},
    "a new field whose name is not ASCII": {"größe": 1},
    "a number without end": {"new": float("inf")},
    "one new field of two kinds": {"new": "text"},
    "a new object without fields": {"new": {}},
    "an update that is no time": {"update_time": "yesterday"},
}


@pytest.mark.parametrize("name", ODDITIES)
def test_among_pages_as_declared_one_that_is_not_gives_what_its_records_give(name):
    pages = [[order(number, new=1)] for number in range(7)]
    pages[3] = [order(3, **{"new": 1, **ODDITIES[name]}), order(30)]

    batch = orders_read(*pages)

    assert_same(batch, BOTH, [each for page in pages for each in page])
    assert batch.tolerant <= 1


def test_a_number_where_text_is_declared_is_learned_and_costs_no_second_page():
    pages = reader()
    for _ in range(2):
        made = pages.tabulate([(pages.parse(body_of(ORDER_SEARCH, [order(1, status=5)])), None, None)], GB)

        assert made.tables["orders"]["status"].to_pylist() == ["5"]
        assert made.tolerant == 0


@patient
@given(seed=st.integers(0, 2**32), odd=st.sampled_from([0, 0, 0.05]))
def test_what_a_reader_has_not_seen_before_it_reads_as_if_it_had(seed, odd):
    random = Random(seed)
    pages, maker = reader(), Maker(random, odd=odd, new=0.05)
    for share in (0, 0.1, 0.5, 1):
        records = [maker.record(BOTH) for _ in range(3)]
        some = [{name: value for name, value in each.items() if random.random() < share} for each in records]

        batch = pages.tabulate([(pages.parse(body_of(ORDER_SEARCH, some)), None, None)], GB)

        assert_same(batch, BOTH, some)


@pytest.mark.parametrize("name", ODDITIES)
def test_what_no_page_had_so_far_may_come_otherwise_than_declared(name):
    pages = reader()
    for records in ([{"id": "1"}], [{"id": "2", **ODDITIES[name]}], [order(3)], [order(4, **ODDITIES[name])]):
        batch = pages.tabulate([(pages.parse(body_of(ORDER_SEARCH, records)), None, None)], GB)

        assert_same(batch, BOTH, records)


def test_a_text_that_looks_like_a_date_stays_a_text_when_it_comes_late():
    pages = reader()
    for note in ({}, {"seller_note": "2026-11-21"}, {"seller_note": "2026-11-21T10:00:00Z"}):
        made = pages.tabulate([(pages.parse(body_of(ORDER_SEARCH, [{"id": "1", **note}])), None, None)], GB)

        assert made.tables["orders"]["seller_note"].to_pylist() == [note.get("seller_note")]
        assert made.tolerant == 0
        assert not made.careful


@patient
@given(seed=st.integers(0, 2**32))
def test_a_harvest_takes_pages_and_records_alike(seed):
    random = Random(seed)
    maker = Maker(random, odd=random.choice([0, 0.02]), new=0.1)
    harvests = Harvest(BOTH), Harvest(BOTH)
    for _ in range(3):
        bodies = [body_of(ORDER_SEARCH, [maker.record(BOTH) for _ in range(random.randrange(4))]) for _ in range(2)]
        harvests[0].add_batch(GB, read(bodies))
        harvests[1].add(GB, [Found(each) for each in sent(bodies, BOTH)])

    ours, theirs = (harvest.finish() for harvest in harvests)

    assert harvests[0].misfits == harvests[1].misfits
    for table in BOTH:
        assert ours[table.name].equals(theirs[table.name])


versions = st.lists(st.tuples(st.sampled_from(["1", "2", "3", "", None]), st.integers(0, 2)), max_size=8)


@patient
@given(shops=st.lists(versions, min_size=1, max_size=3))
def test_of_each_record_the_newest_version_stays_and_of_equals_the_last(shops):
    gathered, there, number = Harvest([ORDERS]), {}, 0
    for place, seen in enumerate(shops):
        shop = GB if place else None
        harvest = Harvest([ORDERS])
        for name, updated in seen:
            number += 1
            body = body_of(ORDER_SEARCH, [{"id": name, "update_time": updated, "seller_note": str(number)}])
            harvest.add_batch(shop, read([body], [ORDERS], shop=shop))
            key = (bool(place), place, name or f"row {number}")
            if updated >= there.get(key, (0, ""))[0]:
                there[key] = updated, str(number)
        gathered.merge(harvest)

    made = gathered.finish()["orders"]

    if len(shops) < 3:  # beyond, two harvests are of the same shop
        assert sorted(made["seller_note"].to_pylist()) == sorted(note for _, note in there.values())


def test_many_small_batches_give_the_same_tables_as_one():
    orders = [order(number % 37, update_time=START + number % 5, seller_note=str(number)) for number in range(90)]
    many, one, pages = Harvest(BOTH), Harvest(BOTH), reader()

    for each in orders:
        many.add_batch(GB, pages.tabulate([(pages.parse(body_of(ORDER_SEARCH, [each])), None, None)], GB))
    one.add(GB, [Found(each) for each in orders])

    ours, theirs = many.finish(), one.finish()
    assert ours["orders"].num_rows == 37
    for table in BOTH:
        assert ours[table.name].equals(theirs[table.name])
