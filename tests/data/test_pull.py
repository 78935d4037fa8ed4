from __future__ import annotations

import io
import json
import os
import re
import sys
import warnings
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.shops import GB, MY, FakeSession, order
from tests.harness.examples import examples
from tts_notebook.data.answer import Asked, TTSWarning, answer
from tts_notebook.data.orders import ORDER_ITEMS, ORDERS
from tts_notebook.errors import APIError, InputError, PermissionMissing, RateLimited, TransportError

START = 1_793_614_530
NOW = datetime.fromtimestamp(START + 100_000, UTC)


def pull(session, *, tables=(ORDERS,), **asked):
    return answer(session, tables, Asked(**{"since": "2d", "progress": False, **asked}), now=NOW)


def orders(session, **asked):
    return pull(session, **asked)[0]


def some(count, **fields):
    return [order(number, START + number, **fields) for number in range(count)]


def test_every_page_is_read_and_rows_come_oldest_first(monkeypatch):
    monkeypatch.setattr("tts_notebook.data.walkers.MOST_THREADS", 1)  # a second one may cut the list into more pages
    session = FakeSession({GB.id: some(250)[::-1]})

    frame, items = pull(session, tables=(ORDERS, ORDER_ITEMS))

    assert frame["order_id"].tolist() == [each["id"] for each in some(250)]
    assert items["line_item_id"].tolist() == [item["id"] for each in some(250) for item in each["line_items"]]
    assert len(session.asked) == frame.attrs["calls"] == 3
    assert session.asked[0] == (
        "/order/202309/orders/search",
        {
            "page_size": 100,
            "sort_field": "create_time",
            "sort_order": "ASC",
            "create_time_ge": START + 100_000 - 2 * 86_400,
            "create_time_lt": START + 100_000,
        },
    )


def test_no_orders_make_the_same_columns_and_types():
    empty, full = orders(FakeSession({})), orders(FakeSession({GB.id: some(1)}))

    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_everything_still_ends_at_the_moment_of_asking():
    session = FakeSession({GB.id: some(1)})

    orders(session, since="all")

    assert "create_time_ge" not in session.asked[0][1]
    assert session.asked[0][1]["create_time_lt"] == START + 100_000


@st.composite
def movements(draw):
    """Which order changes after each page, and when."""
    return draw(st.lists(st.tuples(st.integers(0, 29), st.integers(1, 50_000)), max_size=12))


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(movements=movements(), by=st.sampled_from(["create_time", "update_time"]))
def test_every_order_comes_once_whatever_moves_between_pages(movements, by):
    listed = some(30)
    moved, moves = set(), iter(movements)

    def move(session):
        number, later = next(moves, (None, 0))
        if number is not None:
            changed = {**session.orders[GB.id][number], "update_time": START + 100_000 + later, "status": "COMPLETED"}
            session.orders[GB.id] = [changed if each["id"] == changed["id"] else each for each in session.orders[GB.id]]
            moved.add(changed["id"])

    frame = orders(FakeSession({GB.id: listed}, between=move, page_size=4), by=by)

    got = frame["order_id"].tolist()
    assert got == sorted(set(got))
    # an order that changed after the moment of asking is no longer one that changed last before it
    missing = {each["id"] for each in listed} - set(got)
    assert missing <= (moved if by == "update_time" else set())


def test_an_order_that_comes_twice_is_there_in_its_latest_state():
    earlier, later = order(1), {**order(1), "update_time": START + 900, "status": "COMPLETED"}
    for twice in ([earlier, later], [later, earlier]):
        session = FakeSession({GB.id: twice})

        frame, items = pull(session, tables=(ORDERS, ORDER_ITEMS))

        assert frame["status"].tolist() == ["COMPLETED"]
        assert items["status"].tolist() == ["COMPLETED"] * 2


def test_what_changed_is_walked_by_the_time_that_never_changes_with_an_open_end_that_is_closed_here():
    session = FakeSession({GB.id: [order(1), order(2, START + 50_000), order(3, START + 99_999)]})

    frame = orders(session, by="update_time", until=datetime.fromtimestamp(START + 50_060, UTC))

    filters = session.asked[0][1]
    assert (filters["sort_field"], filters["sort_order"]) == ("create_time", "ASC")
    assert filters["update_time_ge"] == START + 100_000 - 2 * 86_400
    assert "update_time_lt" not in filters
    assert frame["order_id"].tolist() == [order(1)["id"]]


def test_statuses_are_asked_for_one_by_one():
    listed = [order(1, status="UNPAID"), order(2, status="CANCELLED"), order(3)]
    session = FakeSession({GB.id: listed})

    frame = orders(session, status=["cancelled", "UNPAID"])

    assert frame["status"].tolist() == ["UNPAID", "CANCELLED"]
    assert [asked["order_status"] for _, asked in session.asked] == ["CANCELLED", "UNPAID"]


def test_an_order_that_leaves_its_status_while_it_is_read_does_not_hide_another():
    def ship(session):
        session.orders[GB.id][0]["status"] = "IN_TRANSIT"

    session = FakeSession({GB.id: some(10, status="AWAITING_SHIPMENT")}, between=ship, page_size=3)

    assert len(orders(session, status="AWAITING_SHIPMENT")) == 10


def test_units_of_all_shops_carry_their_shop():
    session = FakeSession({GB.id: [order(2)], MY.id: [order(1)]}, shops=(GB, MY))

    frame = orders(session)

    assert frame[["order_id", "shop_id", "shop_name", "region"]].to_numpy().tolist() == [
        [order(1)["id"], MY.id, MY.name, "MY"],
        [order(2)["id"], GB.id, GB.name, "GB"],
    ]


@pytest.mark.parametrize("wanted", ["my", MY.id, MY.code.lower(), MY.name, MY, [MY, "MY"]])
def test_shops_are_chosen_by_id_code_name_or_region(wanted):
    session = FakeSession({GB.id: [order(2)], MY.id: [order(1)]}, shops=(GB, MY))

    frame = orders(session, shops=wanted)

    assert frame["region"].tolist() == ["MY"]
    assert frame.attrs["shops"] == [{"id": MY.id, "name": MY.name, "region": "MY"}]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"shops": "FR"}, r"FR is not a shop .*Maple and Wren \(GB\) id 7495810293847561203"),
        ({"shops": []}, "shops is empty"),
        ({"shops": 7495810293847561203}, "is not a shop. Give its id"),
        ({"status": "CANCELED"}, "status='CANCELED' is not known. Did you mean 'CANCELLED'?"),
        ({"status": "xyz"}, "It can be: UNPAID, ON_HOLD"),
        ({"status": []}, "status is empty"),
        ({"by": "paid_time"}, "by='paid_time' is not known"),
        ({"to": "excel"}, "to='excel' is not known. It can be: pandas, polars, arrow"),
        ({"money": 5}, "money=5 is not known"),
        ({"max_rate": 0}, "max_rate=0 is not a number of requests per second"),
        ({"max_rate": True}, "max_rate=True"),
        ({"max_rate": 1e-300}, "max_rate=1e-300 is not a number of requests per second"),
        ({"max_rate": 10**400}, "max_rate=1000"),
        ({"tz": "Mars"}, "tz='Mars' is not a time zone"),
        ({"since": 5}, "since=5 is not a time"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_network(asked, sentence):
    session = FakeSession({GB.id: some(1)})

    with pytest.raises(InputError, match=sentence):
        orders(session, **asked)
    assert session.asked == []


def test_a_missing_scope_is_refused_before_the_network():
    session = FakeSession({}, refuse=lambda path, shop: PermissionMissing(path, scope="seller.order.info"))

    with pytest.raises(PermissionMissing, match=r"seller\.order\.info"):
        orders(session)
    assert session.asked == []


def inactive(path, shop):
    return APIError(path, 36009043, "The shop is inactive.", "R1") if shop is MY else None


def test_a_shop_that_refuses_leaves_the_others_and_is_named():
    session = FakeSession({GB.id: some(2), MY.id: some(2)}, shops=(GB, MY), refuse=inactive)

    with pytest.warns(TTSWarning, match=r"rows are missing: Maple and Wren MY \(MY\).*36009043"):
        frame = orders(session)

    assert frame["region"].unique().tolist() == ["GB"]
    assert list(frame.attrs["partial"]) == [MY.id]


def test_a_shop_without_the_scope_leaves_the_others_and_is_named_with_it():
    def refuse(path, shop):
        return PermissionMissing(path, scope="seller.order.info", code=105005) if shop is MY else None

    session = FakeSession({GB.id: some(2), MY.id: some(2)}, shops=(GB, MY), refuse=refuse)

    with pytest.warns(TTSWarning, match=r"rows are missing: Maple and Wren MY \(MY\).*scope seller\.order\.info"):
        frame = orders(session)

    assert frame["region"].unique().tolist() == ["GB"]
    assert list(frame.attrs["partial"]) == [MY.id]


def test_a_warning_names_the_line_that_called_the_accessor():
    session = FakeSession({GB.id: [order(1, paid_time="soon")]})

    with pytest.warns(TTSWarning) as told:
        exec(compile("accessor(session)", "a cell", "exec"), {"accessor": pull, "session": session})
    assert told[0].filename == "a cell"


def test_a_shop_that_refuses_midway_leaves_none_of_its_rows():
    asked = Counter()

    def refuse(path, shop):
        asked[shop] += 1
        return inactive(path, shop) if asked[MY] > 1 else None

    session = FakeSession({GB.id: some(2), MY.id: some(9)}, shops=(GB, MY), refuse=refuse, page_size=5)

    with pytest.warns(TTSWarning, match="rows are missing"):
        frame = orders(session)

    assert frame["region"].unique().tolist() == ["GB"]


def test_if_every_shop_refuses_that_is_an_error():
    session = FakeSession({}, shops=(MY,), refuse=inactive)

    with pytest.raises(APIError, match="36009043"):
        orders(session)


@pytest.mark.parametrize(
    "error",
    [TransportError("The line went dead."), RateLimited("/order/202309/orders/search", 36009002, "Too many requests")],
)
def test_a_pull_that_breaks_off_is_an_error_that_says_how_far_it_came(error):
    session = FakeSession({GB.id: some(9)}, refuse=lambda path, shop: error if len(session.asked) > 1 else None)
    session.page_size = 5

    with pytest.raises(type(error), match="5 rows had been read; they are not kept"):
        orders(session)


@pytest.mark.parametrize("sent", [None, [], "", "none", 0, False])
def test_a_pull_that_breaks_off_for_want_of_data_says_one_thing_about_what_is_kept(monkeypatch, sent):
    monkeypatch.setattr("tts_notebook.api.retry._FIRST_WAIT", 0.01)
    monkeypatch.setattr("tts_notebook.api.retry._JITTER", 0.0)
    session = FakeSession({GB.id: some(9)}, page_size=5)
    answer = session._answer
    session._answer = lambda *asked: answer(*asked) if len(session.asked) < 1 else sent

    with pytest.raises(TransportError) as error:
        orders(session)

    assert re.search(r"sent no data\. Run the cell again\. 5 rows had been read; they are not kept", str(error.value))


def test_a_page_that_holds_no_objects_is_an_error_and_not_a_gap():
    session = FakeSession({GB.id: ["oops"]})
    session._matching = lambda *_: ["oops"]

    with pytest.raises(TransportError, match="not a list of objects"):
        orders(session)


def test_an_interrupt_stops_the_pull_and_takes_the_bar_away(capsys):
    def stop(session):
        raise KeyboardInterrupt

    session = FakeSession({GB.id: some(9)}, between=stop, page_size=5)

    with pytest.raises(KeyboardInterrupt):
        orders(session, progress=True)
    assert "orders" in capsys.readouterr().err


def test_a_quick_pull_shows_no_bar(capsys):
    orders(FakeSession({GB.id: some(9)}), progress=None)

    assert capsys.readouterr().err == ""


def test_a_bar_grows_with_the_shops_and_with_rows_that_were_not_announced(capsys, monkeypatch):
    monkeypatch.setattr("tts_notebook.data.progress._REDRAW", -1.0)  # draw at each step, however soon it comes
    shops = {GB.id: some(300), MY.id: some(200)}
    session = FakeSession(shops, shops=(GB, MY), page_size=20)

    frame = orders(session, progress=True)

    assert len(frame) == 500
    assert "/500" in capsys.readouterr().err


class Gone(io.StringIO):
    """Standard error of which nobody reads the other end any more."""

    def write(self, text):
        raise BrokenPipeError("Broken pipe")

    def flush(self):
        self.write("")


@pytest.mark.parametrize("stream", [None, Gone()], ids=["none", "broken"])
def test_a_bar_that_cannot_be_drawn_breaks_nothing_off(monkeypatch, stream):
    monkeypatch.setattr("tts_notebook.data.progress._REDRAW", -1.0)
    monkeypatch.setattr("sys.stderr", stream)

    assert len(orders(FakeSession({GB.id: some(9)}), progress=True)) == 9


def detailed(listed):
    """Order detail and price detail of orders, as TikTok Shop tells them."""
    details = {
        each["id"]: {**each, "payment_method_code": "CCDC", "new": 1, "fulfillment_priority_level": None}
        for each in listed
    }
    prices = {
        each["id"]: {
            "currency": "GBP",
            "total": "50.00",
            "voucher_deduction_seller": "1020000",
            "line_items": [{"id": item["id"], "total": "25.00"} for item in each["line_items"]],
        }
        for each in listed
    }
    return {"details": details, "prices": prices}


def test_detail_adds_what_two_further_endpoints_tell():
    listed = [{**each, "fulfillment_priority_level": 100} for each in some(120)]
    session = FakeSession({GB.id: listed}, **detailed(some(120)))

    frame, items = pull(session, tables=(ORDERS, ORDER_ITEMS), detail=True)

    assert frame["payment_method_code"].unique().tolist() == ["CCDC"]
    assert frame["price_total"].sum() == 6000
    assert frame["price_voucher_deduction_seller"].unique().tolist() == ["1020000"]
    assert items["price_total"].tolist() == [25.0] * 240
    assert frame["fulfillment_priority_level"].unique().tolist() == [100]
    assert frame["extra"].unique().tolist() == ['{"new": 1}']
    assert items["extra"].isna().all()
    assert frame.attrs["calls"] == 2 + 3 + 120


def test_detail_always_has_the_same_columns():
    empty = orders(FakeSession({}), detail=True)
    full = orders(FakeSession({GB.id: some(1)}, **detailed(some(1))), detail=True)

    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert len(empty.columns) == len(ORDERS.columns) + len(ORDERS.detail) + 1


def test_a_shop_whose_details_need_another_scope_leaves_the_others_and_is_named():
    def refuse(path, shop):
        return PermissionMissing(path, scope="seller.order.info") if shop is MY and "/price_detail" in path else None

    shops = {MY.id: [order(number) for number in (1, 2, 3)], GB.id: [order(number) for number in (4, 5, 6)]}
    session = FakeSession(shops, shops=(MY, GB), refuse=refuse, **detailed(shops[GB.id] + shops[MY.id]))

    with pytest.warns(TTSWarning, match=r"rows are missing: Maple and Wren MY \(MY\).*price_detail needs the scope"):
        frame = orders(session, status="DELIVERED", detail=True)

    assert frame["region"].tolist() == ["GB"] * 3


def test_an_order_without_price_detail_keeps_its_row_and_is_told():
    session = FakeSession({GB.id: some(3)}, **detailed(some(3)))
    session.refuse = lambda path, shop: (
        APIError(path, 1, "no price yet", "R1") if path.endswith(f"{some(1)[0]['id']}/price_detail") else None
    )

    with pytest.warns(TTSWarning, match=r"told nothing about 1 of 3 rows .*no price yet"):
        frame = orders(session, detail=True)

    assert frame["price_total"].isna().tolist() == [True, False, False]


def test_what_is_kept_with_a_table_is_plain_and_holds_no_secret():
    frame = orders(FakeSession({GB.id: some(1)}), status="DELIVERED")

    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    assert "GCP_secret" not in json.dumps(frame.attrs)
    assert frame.attrs == {
        "table": "orders",
        "since": "2026-11-01T14:02:10+00:00",
        "until": "2026-11-03T14:02:10+00:00",
        "by": "create_time",
        "status": ["DELIVERED"],
        "shops": [{"id": GB.id, "name": GB.name, "region": "GB"}],
        "pulled_at": "2026-11-03T14:02:10+00:00",
        "calls": 1,
        "throttled": 0,
        "tolerant_pages": 0,
        "partial": {},
        "misfits": {},
        "notes": [],
    }


def test_values_of_the_wrong_kind_are_told():
    session = FakeSession({GB.id: [order(1, paid_time="soon", buyer_message={"text": "hi"})]})

    with pytest.warns(TTSWarning, match=r"kept in the column extra: paid_time \(1\), buyer_message \(1\)|buyer_m"):
        frame = orders(session)

    assert json.loads(frame["extra"][0]) == {"paid_time": "soon", "buyer_message": {"text": "hi"}}
    assert frame.attrs["misfits"] == {"paid_time": 1, "buyer_message": 1}


def test_orders_of_every_sort_become_rows():
    listed = [
        order(1, payment={"currency": "IDR", "total_amount": "1575000"}, buyer_message="terima kasih 🎁"),
        order(2, status="UNPAID", paid_time=0, line_items=[]),
        order(3, status="CANCELLED", cancel_time=START + 60, recipient_address=None, payment=None),
    ]
    frame = orders(FakeSession({GB.id: listed}))

    assert frame["total_amount"].iloc[0] == 1_575_000
    assert frame["currency"].iloc[0] == "IDR"
    assert frame["buyer_message"].iloc[0] == "terima kasih 🎁"
    assert frame["paid_at"].isna().all()
    assert frame["recipient_name"].isna().all()
    assert frame["item_count"].tolist() == [2, 0, 2]
    assert frame["cancelled_at"].iloc[2] == pd.Timestamp(START + 60, unit="s", tz="UTC")
    assert frame["extra"].isna().all()


def test_other_forms_hold_exact_money():
    session = FakeSession({GB.id: some(3)})

    arrow, polars = orders(session, to="arrow"), orders(session, to="polars", tz="Europe/London")

    assert sum(arrow["total_amount"].to_pylist()) == polars["total_amount"].sum() == Decimal("160.44")
    assert pa.types.is_decimal(arrow.schema.field("total_amount").type)
    assert str(polars["created_at"].dtype.time_zone) == "Europe/London"
    assert orders(session, money="decimal")["total_amount"].sum() == Decimal("160.44")


def test_the_table_room_loads_no_table_library_until_it_makes_a_table():
    script = (
        "import sys, tts_notebook.data.shop; print(sorted({'pandas', 'pyarrow', 'polars', 'tqdm'} & set(sys.modules)))"
    )
    with warnings.catch_warnings(), os.popen(f'{sys.executable} -c "{script}"') as said:
        assert said.read().strip() == "[]"
