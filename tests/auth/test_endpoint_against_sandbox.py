"""Becoming authorized against a TikTok Shop that shares no code with us."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from tests.auth.tiktok_shop import app_of, control, fetch_redirect, stats
from tests.auth.tokens import secrets_in
from tts_notebook import exchange_code, refresh_token
from tts_notebook.app import App
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.auth.flow import AuthorizationFlow, Stage
from tts_notebook.auth.keeper import TokenKeeper
from tts_notebook.auth.store import FileStore
from tts_notebook.errors import AuthorizationDenied, TokenError


@pytest.fixture
def app(sandbox) -> App:
    return app_of(sandbox)


@pytest.fixture
def code(app) -> str:
    return fetch_redirect(app)["code"]


def test_from_the_link_to_the_token(app):
    flow = AuthorizationFlow(app, state="of this login")
    flow.begin()

    token = TokenEndpoint.of(app).exchange(flow.receive_redirect(fetch_redirect(app, "of this login")))
    flow.receive_token()

    assert flow.stage is Stage.AUTHORIZED
    assert token.seller_name
    assert "seller.order.info" in token.granted_scopes
    assert timedelta(days=6.9) < token.access_expires_at - datetime.now(UTC) <= timedelta(days=7)
    assert token.refresh_expires_at > token.access_expires_at
    assert token.renew_at == token.access_expires_at - timedelta(minutes=5)


def test_the_cancel_button_is_a_denial(app):
    flow = AuthorizationFlow(app, state="of this login")
    flow.begin()

    with pytest.raises(AuthorizationDenied, match="did not approve"):
        flow.receive_redirect(fetch_redirect(app, "of this login", "cancel"))


def test_a_code_works_once_without_any_notebook(sandbox, code):
    given = {"app_key": sandbox.app_key, "app_secret": sandbox.app_secret, "auth_base_url": sandbox.auth_base_url}

    assert exchange_code(code=code, **given).access_token
    with pytest.raises(TokenError, match=r"was used already, or is older than 30 minutes \(code 36004004") as refused:
        exchange_code(code=code, **given)
    assert code not in str(refused.value)


def test_a_refresh_token_works_once_and_its_successor_works(sandbox, code):
    given = {"app_key": sandbox.app_key, "app_secret": sandbox.app_secret, "auth_base_url": sandbox.auth_base_url}
    first = exchange_code(code=code, **given)

    second = refresh_token(refresh_token=first.refresh_token, **given)

    assert second.access_token != first.access_token
    with pytest.raises(TokenError, match=r"does not know this refresh token.*36004005"):
        refresh_token(refresh_token=first.refresh_token, **given)
    assert refresh_token(refresh_token=second.refresh_token, **given).open_id == first.open_id


def test_a_wrong_secret_is_refused_and_not_repeated(app, code):
    wrong = dataclasses.replace(TokenEndpoint.of(app), app_secret="5ecretOfTheApp0123456789")

    with pytest.raises(TokenError, match="code") as refused:
        wrong.exchange(code)
    assert secrets_in(str(refused.value)) == []
    assert code not in str(refused.value)


def test_an_authorization_without_end_ends_in_the_year_2125(start_sandbox):
    app = app_of(start_sandbox("--orders", "1", "--refresh-token-seconds", "unlimited"))

    assert TokenEndpoint.of(app).exchange(fetch_redirect(app)["code"]).refresh_expires_at.year == 2125


def test_two_kernels_of_a_shop_with_short_tokens_present_no_spent_refresh_token(start_sandbox, tmp_path):
    sandbox = start_sandbox("--orders", "1", "--access-token-seconds", "1000")
    endpoint = TokenEndpoint.of(app_of(sandbox))
    now = [datetime.now(UTC)]
    kernels = [
        TokenKeeper(endpoint, FileStore(tmp_path / "token.json", lock_path=tmp_path / "a.lock"), clock=lambda: now[0])
        for _ in range(2)
    ]
    kernels[0].adopt(endpoint.exchange(fetch_redirect(app_of(sandbox))["code"]))
    kernels[1].restore()

    # the first stays awake for five lives of a token, the second only looks in at the end
    for _ in range(5):
        now[0] = kernels[0].token.renew_at
        kernels[0].current()
    now[0] = kernels[0].token.access_expires_at

    late = kernels[1].current()
    now[0] = datetime.now(UTC)

    assert kernels[0].renew(kernels[0].token) == late
    assert stats(sandbox)["token_refreshes"] == 6
    assert stats(sandbox)["spent_refresh_tokens_presented"] == 0


def test_a_revoked_authorization_is_a_definite_no_and_the_stored_token_stays(start_sandbox, tmp_path):
    sandbox = start_sandbox("--orders", "1")
    app = app_of(sandbox)
    store = FileStore(tmp_path / "token.json", lock_path=tmp_path / "a.lock")
    keeper = TokenKeeper(TokenEndpoint.of(app), store)
    keeper.adopt(keeper.endpoint.exchange(fetch_redirect(app)["code"]))
    control(sandbox, revoke_grants=True)

    with pytest.raises(TokenError, match=r"36004005.*login --force"):
        keeper.renew(keeper.token)
    assert store.load() == keeper.token
