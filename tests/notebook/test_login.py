"""tts_notebook.login(...) against the sandbox, without a notebook."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import socket
import threading
import time
from html import escape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import tts_notebook
from tts_notebook import (
    AuthorizationDenied,
    ConfigError,
    InputError,
    LoginCancelled,
    LoginRequired,
    LoginTimedOut,
    Stage,
    StateMismatch,
)
from tts_notebook.notebook.connections import connections

STATELESS = "This sign-in was started in Seller Center"


@pytest.fixture(autouse=True)
def app(sandbox, free_port, monkeypatch):
    """Every login here is a real app's, whose TikTok Shop happens to be the sandbox."""
    for name, value in sandbox.environment(free_port).items():
        monkeypatch.setenv(name, value)
    yield
    connections.close()


@pytest.fixture
def pending():
    return tts_notebook.login(timeout=30)


def press(url: str, decision: str = "authorize") -> str:
    """Press a button of the consent page, and return the address that the browser is sent to.

    The tests share a sandbox with one registered redirect URI, and each has a port of its own.
    """
    answer = requests.post(url, data={"decision": decision}, timeout=10, allow_redirects=False)
    return answer.headers["Location"].replace("http://localhost:3017/", os.environ["TTS_REDIRECT_URI"])


def is_free(port: int) -> bool:
    with socket.socket() as v4, socket.socket(socket.AF_INET6) as v6:
        return v4.connect_ex(("127.0.0.1", port)) != 0 and v6.connect_ex(("::1", port)) != 0


def test_a_login_returns_at_once_with_a_link_and_stage_1(pending, sandbox):
    assert pending.stage is Stage.AWAITING_REDIRECT
    assert pending.stage == 1
    assert pending.url.startswith(f"{sandbox.authorize_url}?service_id={sandbox.service_id}&state=")
    assert not pending.session.ready


def test_authorize_makes_the_session_ready_before_the_browser_gets_its_page(pending):
    page = requests.get(press(pending.url), timeout=10)

    assert pending.session.ready
    assert pending.stage is Stage.AUTHORIZED
    assert f"Connected as {escape(pending.session.seller)}" in page.text
    assert pending.wait() is pending.session
    assert "seller.order.info" in pending.session.granted_scopes


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_both_loopback_addresses_take_the_redirect(pending, host):
    redirect = press(pending.url).replace("localhost", host)

    assert "Connected as" in requests.get(redirect, timeout=10).text


def test_a_denial_is_told_apart_from_a_failure(pending):
    page = requests.get(press(pending.url, "cancel"), timeout=10)

    with pytest.raises(AuthorizationDenied, match="did not approve"):
        pending.wait()
    assert pending.stage is Stage.DENIED
    assert isinstance(pending.failure, AuthorizationDenied)
    assert "Not connected" in page.text


def test_a_code_that_tiktok_shop_refuses_is_a_failure_that_page_and_error_name(pending, free_port):
    state = parse_qs(urlsplit(pending.url).query)["state"][0]

    page = requests.get(f"http://localhost:{free_port}/?code=ROW_never_issued&state={state}", timeout=10)

    assert pending.stage is Stage.FAILED
    assert "The sign-in failed" in page.text
    with pytest.raises(tts_notebook.TokenError, match="36004004"):
        pending.wait()


def test_a_redirect_from_seller_center_is_told_what_to_do_and_the_login_goes_on(pending, free_port):
    stateless = requests.get(f"http://localhost:{free_port}/?code=ROW_x&app_key=k", timeout=10)
    forged = requests.get(f"http://localhost:{free_port}/?code=ROW_x&state=forged", timeout=10)

    assert STATELESS in stateless.text
    assert "another sign-in" in forged.text
    assert pending.stage is Stage.AWAITING_REDIRECT
    assert "Connected as" in requests.get(press(pending.url), timeout=10).text


def test_cancel_frees_the_port_within_a_second_and_a_new_login_takes_it(pending, free_port):
    begin = time.monotonic()

    pending.cancel()

    assert is_free(free_port)
    assert time.monotonic() - begin < 1
    with pytest.raises(LoginCancelled, match="was cancelled"):
        pending.wait()
    pending.cancel()
    again = tts_notebook.login(timeout=30)
    assert again.session is pending.session
    assert "Connected as" in requests.get(press(again.url), timeout=10).text


def test_nobody_answering_ends_the_login_and_frees_its_port(free_port):
    login = tts_notebook.login(timeout=0.3)

    with pytest.raises(LoginTimedOut, match=r"within 0\.3 seconds"):
        login.wait()
    assert login.stage is Stage.TIMED_OUT
    assert is_free(free_port)


def test_waiting_for_a_shorter_time_does_not_end_the_login(pending):
    with pytest.raises(LoginTimedOut, match=r"not answered within 0\.05 s"):
        pending.wait(0.05)

    assert pending.stage is Stage.AWAITING_REDIRECT


def test_a_login_can_be_awaited(pending):
    threading.Timer(0.1, lambda: requests.get(press(pending.url), timeout=10)).start()

    assert asyncio.run(_awaited(pending)) is pending.session


async def _awaited(login):
    return await login


def test_a_first_call_waits_for_the_pending_login(pending):
    threading.Timer(0.2, lambda: requests.get(press(pending.url), timeout=10)).start()

    assert len(pending.session.shops) >= 1


def test_a_first_call_of_a_cancelled_login_raises(pending):
    pending.cancel()

    with pytest.raises(LoginCancelled):
        pending.session.shops  # noqa: B018


@pytest.mark.parametrize("cut", [lambda url: url, lambda url: urlsplit(url).query])
def test_a_pasted_address_or_query_string_finishes_the_login(pending, cut):
    assert pending.paste(cut(press(pending.url))) is pending.session
    assert pending.session.ready


def test_a_pasted_code_finishes_the_login(pending):
    code = parse_qs(urlsplit(press(pending.url)).query)["code"][0]

    assert pending.paste(f"  {code}\n").ready


@pytest.mark.parametrize("rubbish", ["", "   ", "rubbish", "https://example.invalid/", "\x00" * 50, "x" * 20_000])
def test_pasted_rubbish_is_a_sentence_and_the_login_goes_on(pending, rubbish):
    with pytest.raises(InputError, match="Paste the whole address"):
        pending.paste(rubbish)

    assert pending.stage is Stage.AWAITING_REDIRECT


def test_the_pasted_sign_in_link_is_recognised(pending):
    with pytest.raises(InputError, match="sign-in link itself"):
        pending.paste(pending.url)


def test_another_logins_address_is_refused_and_the_login_goes_on(pending, free_port):
    with pytest.raises(StateMismatch, match="belongs to another login"):
        pending.paste(f"http://localhost:{free_port}/?code=ROW_abc&state=another")

    assert pending.stage is Stage.AWAITING_REDIRECT


def test_listener_and_paste_race_and_the_first_wins(pending):
    redirect = press(pending.url)
    pending.paste(redirect)

    with pytest.raises(InputError, match="does not wait for an address any more"):
        pending.paste(redirect)


@pytest.mark.parametrize("_round", range(5))
def test_listener_and_paste_at_the_same_moment_exchange_the_code_once(pending, _round):
    redirect = press(pending.url)
    start, outcomes = threading.Barrier(2), []

    def paste() -> None:
        start.wait()
        try:
            outcomes.append(pending.paste(redirect).ready)
        except InputError as late:
            outcomes.append("not wait for an address any more" in str(late))

    def browse() -> None:
        start.wait()
        try:
            page = requests.get(redirect, timeout=10)
        except requests.ConnectionError:  # the paste was faster, and the listener is closed
            return
        outcomes.append(any(words in page.text for words in ("Connected", "connected", "One moment")))

    racers = [threading.Thread(target=racer) for racer in (paste, browse)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(10)

    assert pending.wait(5).ready
    assert outcomes[0] is True
    assert len(outcomes) <= 2


def test_a_busy_port_is_named_and_nothing_is_left_running(free_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()

        with pytest.raises(ConfigError, match=rf"Port {free_port} is in use by .*another port with --port"):
            tts_notebook.login()
    assert is_free(free_port)
    assert tts_notebook.login(timeout=5).stage is Stage.AWAITING_REDIRECT


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "soon", None])
def test_a_timeout_that_makes_no_sense_is_refused(timeout):
    with pytest.raises(InputError, match="number of seconds above 0"):
        tts_notebook.login(timeout=timeout)


@pytest.mark.parametrize("port", [0, -5, 65536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(InputError, match="from 1 to 65535"):
        tts_notebook.login(port=port)


def test_an_unknown_profile_names_the_known_ones(monkeypatch):
    monkeypatch.delenv("TTS_APP_KEY")

    with pytest.raises(ConfigError, match=r"no profile 'shop-b' here \(known: none yet\)"):
        tts_notebook.login(profile="shop-b")


@pytest.mark.parametrize("profile", ["../x", "a/b", ".hidden", "", "a" * 65])
def test_a_profile_cannot_leave_its_folder(profile, monkeypatch):
    monkeypatch.setenv("TTS_PROFILE", "../up")

    with pytest.raises(InputError, match="cannot be a profile's name"):
        tts_notebook.login(profile=profile)


def test_missing_settings_are_named_one_by_one(monkeypatch):
    monkeypatch.delenv("TTS_SERVICE_ID")
    with pytest.raises(ConfigError, match="No service_id is set"):
        tts_notebook.login()
    monkeypatch.setenv("TTS_APP_SECRET", " ")
    with pytest.raises(ConfigError, match="No app_secret is set"):
        tts_notebook.login()


def test_the_second_login_adopts_the_stored_token_and_force_starts_a_new_one(pending):
    requests.get(press(pending.url), timeout=10)
    connections.close()

    adopted = tts_notebook.login()

    assert adopted.stage is Stage.AUTHORIZED
    assert adopted.url == ""
    assert adopted.wait().ready
    forced = tts_notebook.login(force=True, timeout=5)
    assert forced.stage is Stage.AWAITING_REDIRECT
    assert forced.session.ready, "the old token goes on serving while the new login is pending"


def test_a_token_file_is_tiktok_shops_own_response_and_is_read_back(tmp_path):
    path = tmp_path / "token.json"
    login = tts_notebook.login(token_file=path, timeout=30)
    requests.get(press(login.url), timeout=10)

    written = json.loads(path.read_text())

    assert set(written) == {"code", "message", "request_id", "data"}
    assert written == login.response(reveal=True)
    assert os.stat(path).st_mode & 0o777 == 0o600
    connections.close()
    assert tts_notebook.login(token_file=path).stage is Stage.AUTHORIZED


def test_a_damaged_token_file_is_reported_and_left_as_it_is(tmp_path):
    path = tmp_path / "token.json"
    path.write_text("not a token")

    with pytest.raises(ConfigError, match="does not hold a TikTok Shop token response"):
        tts_notebook.login(token_file=path)
    assert path.read_text() == "not a token"


def test_the_response_is_redacted_unless_asked(pending):
    requests.get(press(pending.url), timeout=10)
    revealed, shown = pending.response(reveal=True), pending.response()

    assert revealed["data"]["access_token"] not in json.dumps(shown)
    assert shown["data"]["access_token"] == "…"
    assert shown["data"]["granted_scopes"] == revealed["data"]["granted_scopes"]


def test_there_is_no_response_before_the_end(pending):
    with pytest.raises(InputError, match="AWAITING_REDIRECT"):
        pending.response()


def test_login_session_and_token_refuse_to_be_pickled_and_hide_their_secrets(pending):
    state = parse_qs(urlsplit(pending.url).query)["state"][0]
    assert state not in repr(pending) + str(pending)
    requests.get(press(pending.url), timeout=10)
    token = pending.session._keeper.token

    for holder in (pending, pending.session, token):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(holder)
        assert token.access_token not in repr(holder)
        assert token.refresh_token not in repr(holder)


def test_the_environments_refresh_token_logs_in_twice_although_it_rotates(pending, monkeypatch, tmp_path):
    requests.get(press(pending.url), timeout=10)
    seed = pending.response(reveal=True)["data"]["refresh_token"]
    connections.close()
    monkeypatch.setenv("TTS_HOME", str(tmp_path / "another machine"))
    monkeypatch.setenv("TTS_REFRESH_TOKEN", seed)

    first = tts_notebook.login()
    connections.close()
    second = tts_notebook.login()

    assert (first.stage, second.stage) == (Stage.AUTHORIZED, Stage.AUTHORIZED)
    assert first.response(reveal=True) == second.response(reveal=True)
    assert len(second.session.shops) >= 1


def test_a_session_without_a_login_says_so_at_once(pending):
    pending.session._keeper.pending = None

    with pytest.raises(LoginRequired, match="not logged in"):
        pending.session.shops  # noqa: B018
