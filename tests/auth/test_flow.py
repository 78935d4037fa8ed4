"""The authorization code grant as a state machine, in any order of events."""

from __future__ import annotations

import pickle
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.auth.tokens import CODE, STATE, app, secrets_in
from tts_notebook.auth.flow import AuthorizationFlow, Stage
from tts_notebook.errors import AuthorizationDenied, ConfigError, FlowMisuse, StateMismatch, TTSError

APP = app(service_id="7400000000000000001")

STEPS = [
    AuthorizationFlow.begin,
    AuthorizationFlow.receive_token,
    AuthorizationFlow.abandon,
    AuthorizationFlow.cancel,
    AuthorizationFlow.time_out,
    lambda flow: flow.receive_redirect({"state": STATE, "code": CODE}),
    lambda flow: flow.receive_redirect({"state": STATE, "code": "null", "error": "auth_denied"}),
    lambda flow: flow.receive_redirect({"state": STATE, "code": CODE, "app_key": "another"}),
    lambda flow: flow.receive_pasted({"code": CODE}),
]


@pytest.fixture
def flow() -> AuthorizationFlow:
    begun = AuthorizationFlow(APP, state=STATE)
    begun.begin()
    return begun


@given(steps=st.lists(st.sampled_from(STEPS), min_size=15), forged=st.text(st.characters(codec=None)))
@example(steps=[STEPS[0], STEPS[5], STEPS[1]], forged="ß\ud800")
@example(steps=[STEPS[0], STEPS[5], STEPS[3]], forged="")
def test_in_any_order_of_events_a_finished_login_stays_finished_and_a_forged_redirect_changes_nothing(steps, forged):
    assume(forged != STATE)
    flow, finished = AuthorizationFlow(APP, state=STATE), None
    for step in steps:
        with suppress(FlowMisuse, TTSError):
            step(flow)
        before = flow.stage
        with pytest.raises(StateMismatch, match="does not belong to this login"):
            flow.receive_redirect({"state": forged, "code": CODE})
        assert flow.stage is before
        assert finished in (None, before)
        if before.finished:
            finished = before


def test_the_numbers_of_the_stages_are_those_of_the_contract():
    assert [(stage.name, stage.value) for stage in Stage] == [
        ("READY", 0),
        ("AWAITING_REDIRECT", 1),
        ("AWAITING_TOKEN", 2),
        ("AUTHORIZED", 3),
        ("DENIED", 4),
        ("FAILED", 5),
        ("CANCELLED", 6),
        ("TIMED_OUT", 7),
    ]
    assert [stage for stage in Stage if stage.finished] == list(Stage)[3:]


def test_the_link_carries_service_id_and_state_and_nothing_else():
    link = urlsplit(AuthorizationFlow(APP, state=STATE).begin())

    assert link._replace(query="").geturl() == "https://services.tiktokshop.com/open/authorize"
    assert parse_qs(link.query) == {"service_id": ["7400000000000000001"], "state": [STATE]}


def test_without_a_service_id_there_is_no_link_and_the_login_has_not_begun():
    flow = AuthorizationFlow(app(), state=STATE)

    with pytest.raises(ConfigError, match=r"No service_id is set.*TTS_SERVICE_ID"):
        flow.begin()
    assert flow.stage is Stage.READY


def test_a_redirect_with_this_logins_state_gives_its_code(flow):
    assert flow.receive_redirect({"state": STATE, "code": CODE, "app_key": "6kcdemo", "locale": "en-GB"}) == CODE
    assert flow.stage is Stage.AWAITING_TOKEN

    flow.receive_token()

    assert flow.stage is Stage.AUTHORIZED


@pytest.mark.parametrize("query", [{"code": "null", "error": "auth_denied"}, {"code": "null"}, {"error": "x"}, {}])
def test_a_seller_who_presses_cancel_ends_in_denied(flow, query):
    with pytest.raises(AuthorizationDenied, match="The seller did not approve the app"):
        flow.receive_redirect({"state": STATE, **query})
    assert flow.stage is Stage.DENIED


def test_an_unknown_reason_of_a_denial_is_named_and_cut_short(flow):
    with pytest.raises(AuthorizationDenied, match="gave the reason 'server_error'"):
        flow.receive_redirect({"state": STATE, "error": "server_error"})

    another = AuthorizationFlow(APP, state=STATE)
    another.begin()
    with pytest.raises(AuthorizationDenied) as denied:
        another.receive_redirect({"state": STATE, "error": "x" * 10_000})
    assert len(str(denied.value)) < 300


def test_a_redirect_without_state_is_told_apart_from_a_wrong_one(flow):
    with pytest.raises(StateMismatch, match="or it was started in Seller Center") as without:
        flow.receive_redirect({"code": CODE})
    with pytest.raises(StateMismatch) as wrong:
        flow.receive_redirect({"code": CODE, "state": STATE + "x"})

    assert without.value.missing
    assert not wrong.value.missing
    assert flow.stage is Stage.AWAITING_REDIRECT


def test_a_redirect_for_another_app_fails_with_both_app_keys(flow):
    with pytest.raises(ConfigError, match=r"approved the app 'another'.*set up for '6kcdemo'"):
        flow.receive_redirect({"state": STATE, "code": CODE, "app_key": "another"})
    assert flow.stage is Stage.FAILED


def test_what_a_person_pastes_may_lack_the_state_but_not_carry_another(flow):
    with pytest.raises(StateMismatch, match="does not belong"):
        flow.receive_pasted({"code": CODE, "state": "another"})

    assert flow.receive_pasted({"code": CODE}) == CODE


def test_a_second_redirect_of_the_same_login_is_misuse_and_names_the_stage(flow):
    flow.receive_redirect({"state": STATE, "code": CODE})

    with pytest.raises(FlowMisuse, match="'code' is not possible while AWAITING_TOKEN"):
        flow.receive_redirect({"state": STATE, "code": CODE})
    assert flow.stage is Stage.AWAITING_TOKEN


def test_a_login_whose_code_came_in_the_last_second_is_not_timed_out(flow):
    flow.receive_redirect({"state": STATE, "code": CODE})

    with pytest.raises(FlowMisuse):
        flow.time_out()
    flow.cancel()
    assert flow.stage is Stage.CANCELLED


def test_neither_the_state_nor_the_secret_is_in_a_flows_repr_or_pickle(flow):
    assert secrets_in(repr(flow)) == []
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(flow)


@pytest.mark.parametrize("state", ["wrong", "", "ß"])
def test_no_refusal_of_a_redirect_repeats_its_code_or_the_expected_state(flow, state):
    with pytest.raises(StateMismatch) as refused:
        flow.receive_redirect({"state": state, "code": CODE})

    assert secrets_in(str(refused.value) + repr(refused.value)) == []
