"""Faults: how they are written, whom they strike, what they leave of an answer."""

from __future__ import annotations

import json

import pytest

from tts_notebook.sandbox.faults import NAMES, Fault, FaultPlan, instead_of_answer, parse_fault, spoil
from tts_notebook.sandbox.refusals import Refusal
from tts_notebook.sandbox.wire import Response

API = "/order/202309/orders/search"
ANSWER = Response(
    200, b'{"code":0,"data":{"orders":[{"id":"1"}],"total_count":7},"message":"Success","request_id":"r"}'
)


def struck(text: str, path: str = API, count: int = 12) -> list[int]:
    fault = parse_fault(text)
    return [number for number in range(1, count + 1) if fault.strikes(path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("429", list(range(1, 13))),
        ("429:every=5", [5, 10]),
        ("429:first=3", [1, 2, 3]),
        ("429:after=10", [11, 12]),
        ("429:times=2", [1, 2]),
        ("429:after=2,every=3,times=2", [5, 8]),
        ("429:after=2,first=2", [3, 4]),
        ("429:path=/finance", []),
        (f"429:path={API},first=1", [1]),
    ],
)
def test_a_fault_strikes_whom_its_selectors_name(text, expected):
    assert struck(text) == expected


def test_a_bad_page_token_strikes_later_pages_only():
    fault = parse_fault("bad-page-token:every=2")

    assert [fault.strikes(API, later_page=later) for later in (False, True, False, True, False)] == [
        False, False, False, True, False]  # fmt: skip


@pytest.mark.parametrize("path", ["/open/authorize", "/api/v2/token/get", "/seller-center"])
def test_without_a_path_only_the_signed_api_is_struck(path):
    assert struck("500", path) == []
    assert struck(f"500:path={path},first=1", path) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "418",
        "429:",
        "429:every=x",
        "429:often",
        "429:path=order",
        "slow:seconds=x",
        "slow:seconds=9999",
        "slow:seconds=nan",
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_a_sentence(text):
    if text == "429:":
        assert parse_fault(text) == Fault("429")
        return
    with pytest.raises(ValueError, match=r"\.$"):
        parse_fault(text)


def test_too_many_faults_are_refused():
    with pytest.raises(ValueError, match="At most"):
        FaultPlan(["429"] * 51)


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_changes_something(name):
    fault = parse_fault(name)
    fault.strikes(API)

    said = instead_of_answer([fault], 401)

    assert said is not None or spoil(ANSWER, [fault]) != ANSWER


def test_a_refusal_takes_the_place_of_the_answer():
    said = instead_of_answer([parse_fault("429-retry-after:seconds=3")], 401)

    assert isinstance(said, Refusal)
    assert (said.status, said.code, said.retry_after) == (429, 36009002, 3)


def test_an_expired_token_comes_with_the_status_that_is_set():
    said = instead_of_answer([parse_fault("105002")], 200)

    assert isinstance(said, Refusal)
    assert (said.status, said.code) == (200, 105002)


def test_unknown_fields_come_at_every_level_and_nothing_is_lost():
    answer = json.loads(spoil(ANSWER, [parse_fault("unknown-fields")]).body)

    assert {"orders", "total_count", "sandbox_text", "sandbox_object"} <= set(answer["data"])
    assert {"id", "sandbox_number"} <= set(answer["data"]["orders"][0])
    assert set(answer) == {"code", "data", "message", "request_id"}


def test_totals_move_from_answer_to_answer():
    fault, totals = parse_fault("moving-totals"), []
    for _ in range(3):
        fault.strikes(API)
        totals.append(json.loads(spoil(ANSWER, [fault]).body)["data"]["total_count"])

    assert totals == [8, 9, 10]


def test_an_error_is_not_spoiled_further():
    error = Response(401, b'{"code":106001,"data":null}')

    assert spoil(error, [parse_fault("data-null"), parse_fault("unknown-fields")]) == error
