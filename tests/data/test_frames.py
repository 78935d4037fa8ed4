from __future__ import annotations

import json
from decimal import Context, Decimal

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.shops import GB, order
from tests.harness.examples import examples
from tts_notebook.data.frames import extra_texts, schema, tabulate
from tts_notebook.data.harvest import Harvest
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS
from tts_notebook.data.output import to_floats, to_output
from tts_notebook.data.rows import Found
from tts_notebook.data.tables import Column
from tts_notebook.data.values import _FAST, _one_by_one, convert

# the machine may be busy: how long an example takes says nothing here
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

COLUMNS = (
    Column("order_id", "id", "id"),
    Column("text", "string", "text"),
    Column("number", "integer", "number"),
    Column("flag", "boolean", "flag"),
    Column("amount", "money", "payment.amount"),
    Column("tax_rate", "rate", "payment.rate"),
    Column("made_at", "time", "make_time"),
    Column("things", "json", "things"),
    Column("count", "count", "items"),
    Column("package_ids", "string", "packages[].id"),
    Column("rights", "string", "rights[]"),
    Column("area", "string", "areas[level=L0].name"),
    Column("area_code", "string", "areas[level=L0].code"),
)
PANDAS = {
    "order_id": "str", "text": "str", "number": "Int64", "flag": "boolean", "amount": "float64", "tax_rate": "float64",
    "made_at": "datetime64[us, UTC]", "things": "str", "count": "Int64", "package_ids": "str", "rights": "str",
    "area": "str", "area_code": "str", "extra": "str",
}  # fmt: skip

scalars = st.sampled_from(
    ["", "0", "12.50", "1793614530", "true", "5.1234567", "1e400", "NaN", " 7 ", "\ud800", "a,b", "🎁", "L0", "\x00",
     None, True, False, 0, -1, 7, 1793614530, 1793614530000, 2**63, 10**30, 1.0, 2.5, 1e300, float("nan")]
) | st.text(max_size=5)  # fmt: skip
names = st.sampled_from(["id", "level", "name", "code", "amount", "rate", "new"])
objects = st.dictionaries(names, scalars, max_size=4)
json_values = scalars | objects | st.lists(scalars | objects, max_size=3)
known_fields = st.sampled_from(
    ["id", "text", "number", "flag", "payment", "make_time", "things", "items", "packages", "rights", "areas", "new"]
)
records = st.lists(st.dictionaries(known_fields, json_values), max_size=4)


def frame(rows, *, money="float", form="pandas", tz="UTC"):
    return to_output(tabulate(COLUMNS, rows)[0], form=form, money=money, tz=tz, attrs={})


def one(**fields):
    table, misfits = tabulate(COLUMNS, [fields])
    row = table.to_pylist()[0]
    return row, json.loads(row["extra"] or "{}"), dict(misfits)


@patient
@given(rows=records)
def test_dtypes_do_not_depend_on_rows(rows):
    table, _ = tabulate(COLUMNS, rows)
    pandas, exact = frame(rows), frame(rows, money="decimal")

    assert table.schema == schema(COLUMNS)
    assert {name: str(dtype) for name, dtype in pandas.dtypes.items()} == PANDAS
    assert exact.dtypes["amount"] == "object"
    assert list(exact.columns) == list(PANDAS)
    assert len(pandas) == len(rows)


@patient
@given(rows=records)
def test_polars_and_arrow_have_the_same_types_for_any_rows(rows):
    assert frame(rows, form="polars", money="decimal").schema == frame([], form="polars", money="decimal").schema
    assert frame(rows, form="arrow", money="float").schema.equals(frame([], form="arrow", money="float").schema)


def leaves(value):
    """Everything in a JSON value that could be lost, as text."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value not in (None, "", 0):
        yield value if isinstance(value, str) else json.dumps(value)


def places(kept):
    """Every text under which a row holds something."""
    row = dict(kept)
    for name in ("extra", "things"):
        yield from leaves(json.loads(row.pop(name) or "null"))
    for name in ("package_ids", "rights"):
        yield from (row.pop(name) or "").split(",")
    yield from map(str, row.values())


@patient
@given(rows=records)
def test_no_value_is_lost_whatever_it_is(rows):
    table, _ = tabulate(COLUMNS, rows)

    for sent, kept in zip(rows, table.to_pylist(), strict=True):
        found = set(places(kept))
        # of items only the number is this table's business
        for text in leaves({name: value for name, value in sent.items() if name != "items"}):
            assert text in found or stands_as_a_number(text, kept)


def stands_as_a_number(text, kept):
    """A number, a truth value or a time may stand in a column in that column's own form."""
    if text.strip().lower() in ("true", "false", "1", "0", "", "l0"):
        return True
    made_at = Decimal(int(kept["made_at"].timestamp())) if kept["made_at"] else None
    return Decimal(text.strip()) in (kept["amount"], kept["tax_rate"], kept["number"], made_at, Decimal(0))


@patient
@given(number=st.integers(0, 10**25))
def test_no_id_ever_becomes_a_float(number):
    for sent in (number, str(number)):
        table, _ = tabulate(COLUMNS, [{"id": sent, "packages": [{"id": sent}]}, {}])

        assert table["order_id"].to_pylist() == [str(number), None]
        assert table["package_ids"].to_pylist() == [str(number), None]


def test_an_id_that_json_rounded_is_kept_as_it_came_and_not_as_an_id():
    row, extra, misfits = one(id=5.770866144185204e17)

    assert row["order_id"] is None
    assert extra == {"id": 5.770866144185204e17}
    assert misfits == {"id": 1}


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2) | st.decimals(0, 10**15, places=0)


@patient
@given(sent=st.lists(amounts, min_size=1))
def test_money_is_exact(sent):
    rows = [{"payment": {"amount": str(amount)}} for amount in sent]

    exact, rounded = frame(rows, money="decimal"), frame(rows)

    assert exact["amount"].sum() == sum(sent)
    assert rounded["amount"].tolist() == [float(amount) for amount in sent]


def test_decimals_can_be_calculated_with_although_some_are_missing():
    column = frame([{"payment": {"amount": "405.85"}}, {}], money="decimal")["amount"]

    assert (column * 2 - column)[0] == Decimal("405.85")
    assert column.sum() == Decimal("405.85")
    assert column.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ("53.48", "53.48"),
        (53.48, "53.48"),
        (5, "5"),
        ("", None),
        (None, None),
        ("1500000", "1500000"),
        ("-2.5", "-2.5"),
    ],
)
def test_money_is_read_from_its_text(sent, amount):
    row, extra, _ = one(payment={"amount": sent})

    assert row["amount"] == (Decimal(amount) if amount else None)
    assert extra == {}


@pytest.mark.parametrize("sent", ["5.1234567", "1,234.50", "GBP 5", True, [5], {"value": "5"}, "1" * 40, "NaN", "5_0"])
def test_money_that_cannot_be_read_is_kept_and_reported(sent):
    row, extra, misfits = one(payment={"amount": sent})

    assert row["amount"] is None
    assert extra == {"payment.amount": sent}
    assert misfits == {"payment.amount": 1}


@pytest.mark.parametrize("sent", [0, None, "", "0"])
def test_a_time_that_was_not_reached_is_null(sent):
    row, extra, _ = one(make_time=sent)

    assert row["made_at"] is None
    assert extra == {}


def test_a_time_as_text_is_read_and_one_in_milliseconds_is_not_guessed():
    assert one(make_time="1793614530")[0]["made_at"].isoformat() == "2026-11-02T10:15:30+00:00"
    assert one(make_time=1793614530000)[1] == {"make_time": 1793614530000}


def test_times_are_shown_in_the_zone_asked_for():
    made = frame([{"make_time": 1793614530}], tz="Asia/Jakarta")["made_at"]

    assert str(made.dtype) == "datetime64[us, Asia/Jakarta]"
    assert made[0].isoformat() == "2026-11-02T17:15:30+07:00"


def test_unknown_fields_are_kept_with_their_path():
    _, extra, misfits = one(new={"a": [1]}, payment={"amount": "1", "kind": "gift"}, empty=None)

    assert extra == {"new": {"a": [1]}, "payment.kind": "gift", "empty": None}
    assert misfits == {}


def test_extra_is_null_where_there_is_nothing_to_keep_and_readable_where_there_is():
    table, _ = tabulate(COLUMNS, [{"id": "1"}, {"new": "สวัสดี 🎁"}])

    assert table["extra"].to_pylist() == [None, '{"new": "สวัสดี 🎁"}']


def test_lists_are_joined_and_their_new_fields_kept():
    row, extra, misfits = one(packages=[{"id": "1"}, {"id": "2", "weight": "3"}], rights=[1, 2])

    assert (row["package_ids"], row["rights"]) == ("1,2", "1,2")
    assert extra == {"packages": [{"id": "1"}, {"id": "2", "weight": "3"}]}
    assert misfits == {}


def test_an_element_is_picked_by_its_kind_and_the_others_are_kept():
    areas = [{"level": "L9", "name": "new"}, {"level": "L0", "name": "Indonesia", "code": "ID"}, {"level": "L0"}]
    row, extra, misfits = one(areas=areas)

    assert (row["area"], row["area_code"]) == ("Indonesia", "ID")
    assert extra == {"areas": [areas[0], areas[2]]}
    assert misfits == {"areas": 1}


@patient
@given(values=st.lists(json_values, min_size=1), kind=st.sampled_from(sorted(_FAST)))
def test_the_fast_way_reads_what_the_careful_way_reads(values, kind):
    for sent in ([value] for value in values):
        assert convert(sent, kind)[0].equals(_one_by_one(sent, kind)[0])
        assert list(convert(sent, kind)[1]) == list(_one_by_one(sent, kind)[1])


order_fields = st.sampled_from([*order(1), *(column.path.split(".")[0].split("[")[0] for column in ORDERS.columns)])


@settings(patient, max_examples=examples(40))
@given(changes=st.lists(st.dictionaries(order_fields, json_values), max_size=3))
def test_orders_with_anything_in_any_field_become_tables(changes):
    harvest = Harvest([ORDERS, ORDER_ITEMS])
    harvest.add(GB, [Found({**order(number), **change}) for number, change in enumerate(changes)])
    tables = harvest.finish()

    assert tables["orders"].schema == schema(ORDERS.columns)
    assert tables["order_items"].schema == schema(ORDER_ITEMS.columns)
    for table in tables.values():
        to_output(table, form="pandas", money="float", tz="UTC", attrs={})


def test_arrow_carries_what_is_known_about_the_table():
    table = to_output(tabulate(COLUMNS, [])[0], form="arrow", money="decimal", tz="UTC", attrs={"table": "orders"})

    assert json.loads(table.schema.metadata[b"tts_notebook"]) == {"table": "orders"}
    assert isinstance(frame([], form="polars"), pl.DataFrame)


scaled = st.integers(-(10**9), 10**9) | st.integers(-(2**54), 2**54) | st.integers(-(10**37), 10**37)


@patient
@given(numbers=st.lists(st.none() | scaled, max_size=8), scale=st.sampled_from([6, 18]), start=st.integers(0, 3))
def test_a_float_is_the_one_nearest_to_its_decimal(numbers, scale, start):
    exact = [None if number is None else Decimal(number).scaleb(-scale, Context(prec=76)) for number in numbers]
    decimals = pa.array(exact, pa.decimal128(38, scale)).slice(start)

    floats = to_floats(decimals)

    assert floats.type == pa.float64()
    assert floats.to_pylist() == [None if each is None else float(str(each)) for each in exact[start:]]


def test_columns_without_a_value_can_be_written_to_one_by_one():
    made = frame([{"id": "1"}, {"id": "2"}])

    made.loc[0, "text"] = "mine"

    assert made["text"].fillna("").to_list() == ["mine", ""]
    assert made["area"].isna().all()
    assert made["extra"].isna().all()


def test_what_rows_keep_is_told_apart_where_python_takes_it_for_equal():
    rests = [{"a": value} for value in (1, True, 1.0, "1", 0.0, -0.0, False, [1], [True], None)]
    rests += [{"b": 1, "a": 2}, {"a": 2, "b": 1}, {}]

    assert extra_texts(rests) == extra_texts(rests[:1]) + [text for each in rests[1:] for text in extra_texts([each])]
    assert extra_texts(rests[:4]) == ['{"a": 1}', '{"a": true}', '{"a": 1.0}', '{"a": "1"}']
    assert extra_texts(rests[-3:]) == ['{"a": 2, "b": 1}'] * 2 + [None]
