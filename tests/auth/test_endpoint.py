"""The token endpoint: what is sent, what is refused before, and that the secret shows nowhere."""

from __future__ import annotations

import logging
import pickle
import socket
import threading
import traceback

import pytest

from tests.auth.tokens import ACCESS, CODE, REFRESH, SECRET, app, envelope, everything_shown, secrets_in
from tests.auth.web import Reply, Seen, serving
from tts_notebook import exchange_code, refresh_token
from tts_notebook.auth.endpoint import TokenEndpoint
from tts_notebook.errors import ConfigError, InputError, TokenError, TransportError, TTSError

OK = Reply(envelope())


def exchange(web, **given):
    return exchange_code(**{"app_key": "6kcdemo", "app_secret": SECRET, "code": CODE, "auth_base_url": web.url} | given)


def test_a_code_is_exchanged_with_one_get_in_tiktok_shops_words():
    with serving(lambda seen: OK) as web:
        token = exchange(web, code=f" {CODE}\n")

    assert token.access_token == ACCESS
    (seen,) = web.seen
    assert (seen.method, seen.path) == ("GET", "/api/v2/token/get")
    assert seen.query == {
        "app_key": "6kcdemo",
        "app_secret": SECRET,
        "auth_code": CODE,
        "grant_type": "authorized_code",
    }
    assert "x-tts-access-token" not in {name.lower() for name in seen.headers}


def test_a_refresh_token_is_spent_with_one_get_in_tiktok_shops_words(monkeypatch):
    with serving(lambda seen: OK) as web:
        monkeypatch.setenv("TTS_AUTH_BASE_URL", f"{web.url}/")
        token = refresh_token(app_key="6kcdemo", app_secret=SECRET, refresh_token="GCP_a+b/c==&x")

    assert token.refresh_token == REFRESH
    (seen,) = web.seen
    assert (seen.method, seen.path) == ("GET", "/api/v2/token/refresh")
    assert seen.query == {
        "app_key": "6kcdemo",
        "app_secret": SECRET,
        "refresh_token": "GCP_a+b/c==&x",
        "grant_type": "refresh_token",
    }


def test_an_apps_endpoint_is_asked():
    with serving(lambda seen: OK) as web:
        assert TokenEndpoint.of(app(web.url)).refresh(REFRESH).access_token == ACCESS


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        ({"app_key": ""}, ConfigError, "No app_key is set"),
        ({"app_key": " "}, ConfigError, "No app_key is set"),
        ({"app_secret": ""}, ConfigError, "No app_secret is set"),
        ({"app_secret": None}, ConfigError, "No app_secret is set"),
        ({"app_secret": SECRET + "\u200b"}, ConfigError, "The app_secret holds a character that no app_secret has"),
        ({"code": ""}, InputError, "No authorization code was given"),
        ({"code": None}, InputError, "No authorization code was given"),
        ({"code": "null"}, InputError, "No authorization code was given"),
        ({"proxy": "proxy.test:8080"}, ConfigError, "proxy"),
        ({"proxy": "ftp://proxy.test"}, ConfigError, "is not a proxy address"),
        ({"proxy": ""}, ConfigError, "not a complete address"),
        ({"proxy": "http://user:pa55@:80"}, ConfigError, "not a complete address"),
        ({"auth_base_url": "http://auth.test"}, ConfigError, "must start with https://"),
        ({"auth_base_url": "auth.test"}, ConfigError, "not a complete address"),
    ],
)
def test_what_is_missing_or_malformed_is_refused_before_the_network_with_its_own_sentence(given, kind, sentence):
    with serving(lambda seen: OK) as web, pytest.raises(kind, match=sentence) as refused:
        exchange(web, **given)

    assert web.seen == []
    assert "pa55" not in str(refused.value)
    assert secrets_in(str(refused.value)) == []


@pytest.mark.parametrize("value", ["", "  ", None])
def test_a_missing_refresh_token_is_refused_before_the_network(value):
    with pytest.raises(InputError, match="No refresh token was given"):
        refresh_token(app_key="6kcdemo", app_secret=SECRET, refresh_token=value)


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (Reply({"code": 36004004, "message": "invalid auth code", "data": None}), TokenError, "does not accept this"),
        (Reply(b"404 page not found", 404), TransportError, r"not JSON \(HTTP 404\)"),
        (Reply(b"<html>", 500), TransportError, r"not JSON \(HTTP 500\)"),
        (Reply(b"", 502), TransportError, r"not JSON \(HTTP 502\)"),
        (Reply(b'{"code": 0, "data": {"access_token": "GCP_access-Q7dQ2w'), TransportError, r"not JSON \(HTTP 200\)"),
        (Reply(b'{"code": ' + b"9" * 5000), TransportError, r"not JSON \(HTTP 200\)"),
        (Reply(b"[" * 100_000), TransportError, r"not JSON \(HTTP 200\)"),
        (Reply(b"\xff\xfe\x00"), TransportError, r"not JSON \(HTTP 200\)"),
        (Reply([]), TransportError, "it is not a JSON object"),
        (Reply({"code": 0, "data": None}), TransportError, "holds no data"),
        (Reply(b"", 302, {"Location": "http://127.0.0.1:9/"}), TransportError, r"not JSON \(HTTP 302\)"),
        (Reply(b"", 302, {"Location": "http://["}), TransportError, r"not JSON \(HTTP 302\)"),
        (Reply(b"x" * 20, 200, {"Content-Encoding": "gzip"}), TransportError, "could not be unpacked"),
        (Reply(b"half", 200, {"Content-Length": "100"}), TransportError, "broke off halfway"),
    ],
)
def test_odd_answers_are_a_sentence_and_no_secret_is_in_any_frame_context_or_log(caplog, reply, kind, sentence):
    caplog.set_level(logging.DEBUG)
    with serving(lambda seen: reply) as web, pytest.raises(kind, match=sentence) as failed:
        TokenEndpoint.of(app(web.url)).exchange(CODE)

    assert len(web.seen) == 1
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert secrets_in("".join(traceback.format_exception(failed.value)) + caplog.text) == []
    assert secrets_in(everything_shown(failed.value.with_traceback(None))) == []


def test_a_success_is_not_logged_either(caplog):
    caplog.set_level(logging.DEBUG)
    with serving(lambda seen: OK) as web:
        exchange(web)

    assert secrets_in(caplog.text) == []
    assert "/api/v2/token" not in caplog.text


@pytest.mark.parametrize("spelling", ["{}", "'{}'", "/get?app_secret={}&auth_code={}"])
def test_a_refusal_that_quotes_what_it_refuses_is_not_passed_on(spelling):
    quoted = spelling.format(f"{SECRET} {CODE}", f"{CODE} GCP_a%2Bb")
    answer = Reply({"code": 98001004, "message": quoted})
    with serving(lambda seen: answer) as web, pytest.raises(TokenError, match="endpoint refused") as refused:
        exchange(web)

    assert secrets_in(str(refused.value)) == []


def test_a_refusal_that_quotes_a_secret_in_an_urls_spelling_is_not_passed_on_either():
    def answer(seen: Seen) -> Reply:
        return Reply({"code": 1, "message": f"bad url {seen.target}"})

    with serving(answer) as web, pytest.raises(TokenError, match="bad url") as refused:
        TokenEndpoint.of(app(web.url)).refresh("GCP_a+b/c==")

    assert "GCP_a" not in str(refused.value)
    assert secrets_in(str(refused.value)) == []


def test_a_refused_connection_says_that_nothing_was_sent(free_port):
    with pytest.raises(TransportError, match=r"127\.0\.0\.1 refused the connection") as failed:
        TokenEndpoint.of(app(f"http://127.0.0.1:{free_port}")).exchange(CODE)

    assert failed.value.unsent
    assert failed.value.__context__ is None


def test_a_connection_that_breaks_off_does_not_say_so():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with pytest.raises(TransportError, match=r"connection to 127\.0\.0\.1 failed") as failed:
            TokenEndpoint.of(app(f"http://127.0.0.1:{server.getsockname()[1]}")).exchange(CODE)
        thread.join()

    assert not failed.value.unsent


def test_the_proxy_of_the_environment_is_used_and_its_password_is_not_repeated(monkeypatch):
    with serving(lambda seen: Reply(b"", 407)) as proxy:
        monkeypatch.setenv("TTS_PROXY", proxy.url.replace("//", "//user:pa55word@"))
        with pytest.raises(
            TransportError, match=r"The proxy did not let the call to auth\.tiktok-shops\.com"
        ) as failed:
            exchange_code(app_key="6kcdemo", app_secret=SECRET, code=CODE)

    assert [seen.target for seen in proxy.seen] == ["auth.tiktok-shops.com:443"]
    assert "pa55word" not in str(failed.value)


def test_an_interrupt_leaves_no_frames_that_hold_the_url():
    def interrupt(seen):
        import signal

        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        stop.wait(5)
        return OK

    stop = threading.Event()
    with serving(interrupt) as web:
        try:
            with pytest.raises(KeyboardInterrupt) as stopped:
                TokenEndpoint.of(app(web.url))._ask("get")
        finally:
            stop.set()

    assert secrets_in(everything_shown(stopped.value)) == []


def test_every_failure_is_one_of_ours_and_shows_one_line_in_a_notebook():
    with serving(lambda seen: Reply(b"<html>")) as web, pytest.raises(TTSError) as failed:
        exchange(web)

    assert failed.value._render_traceback_() == [f"TransportError: {failed.value}"]


def test_an_endpoint_shows_no_secret_and_refuses_to_be_pickled():
    endpoint = TokenEndpoint("6kcdemo", SECRET, "https://auth.test", proxy=f"http://u:{SECRET}@proxy.test")

    assert secrets_in(repr(endpoint)) == []
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(endpoint)
