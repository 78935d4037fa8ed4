"""What every request of ours has in common: words for failures, proxies, silence in the log."""

from __future__ import annotations

import logging
import threading

import pytest
import requests

from tests.auth.web import Reply, serving
from tts_notebook.auth.transport import DirectSession, transport_error, unlogged, use_proxy

URL = "urllib3.connectionpool"


@pytest.mark.parametrize(
    ("failure", "sentence", "unsent"),
    [
        (requests.ConnectTimeout("x"), "h did not take the call within 10 s", True),
        (requests.ReadTimeout("x"), "h did not answer within 60 s", False),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), "could not be trusted", False),
        (requests.exceptions.ProxyError("Connection refused"), "The proxy did not let the call to h through", True),
        (requests.exceptions.ChunkedEncodingError("x"), "The answer of h broke off halfway", False),
        (requests.exceptions.ContentDecodingError("x"), "The answer of h could not be unpacked", False),
        (requests.ConnectionError("NameResolutionError: x"), "The name h could not be found", True),
        (requests.ConnectionError("NewConnectionError: Connection refused"), "h refused the connection", True),
        (requests.ConnectionError("NewConnectionError: Network is unreachable"), "h cannot be reached from here", True),
        (requests.ConnectionError("Connection aborted"), r"The connection to h failed \(ConnectionError\)", False),
        (requests.TooManyRedirects("x"), r"The connection to h failed \(TooManyRedirects\)", False),
    ],
)
def test_each_kind_of_failure_has_its_own_words_and_says_whether_anything_was_sent(failure, sentence, unsent):
    problem = transport_error(failure, "h")

    with pytest.raises(type(problem), match=sentence):
        raise problem
    assert problem.unsent is unsent


def test_no_failures_own_text_is_repeated():
    assert "app_secret" not in str(transport_error(requests.ConnectionError("/token?app_secret=s"), "h"))


@pytest.fixture
def log():
    """What urllib3 says, as a person sees it who has switched DEBUG on."""
    messages: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, handler = logging.getLogger(URL), Keep()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.parametrize("log_threads", [True, False])
def test_a_thread_is_silenced_for_a_while_and_the_others_are_not(log, monkeypatch, log_threads):
    monkeypatch.setattr(logging, "logThreads", log_threads)
    logger = logging.getLogger(URL)
    with unlogged():
        logger.debug("secret")
        other = threading.Thread(target=logger.debug, args=["another thread's"])
        other.start()
        other.join()
    logger.debug("later")

    assert log == ["another thread's", "later"]
    assert logger.filters == []


def test_a_thread_stays_silenced_while_another_comes_and_goes(log):
    logger = logging.getLogger(URL)
    walked = iter_filters_while_another_thread_leaves(logger)

    assert walked == 2
    assert log == []


def iter_filters_while_another_thread_leaves(logger: logging.Logger) -> int:
    """Walk the filters as logging does, with another thread's filter taken out halfway."""
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with unlogged():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(5)
    walked = 0
    with unlogged():
        for _ in logger.filters:
            walked += 1
            leave.set()
            thread.join()
    return walked


def test_a_redirect_is_neither_followed_nor_prepared():
    elsewhere = Reply(b"", 302, {"Location": "http://127.0.0.1:9/elsewhere"})
    with serving(lambda seen: elsewhere) as web, DirectSession() as session:
        use_proxy(session, web.url, None)
        answer = session.get(web.url, headers={"x-tts-access-token": "t"}, timeout=5)

    assert answer.status_code == 302
    assert answer.next is None
    assert answer.history == []
    assert len(web.seen) == 1


@pytest.mark.parametrize("location", ["http://[", "\udcff", "//", "http://h:99999/"])
def test_a_redirect_to_no_address_is_no_failure(location):
    reply = Reply(b"", 302, {"Location": location.encode("utf-8", "surrogateescape").decode("latin-1")})
    with serving(lambda seen: reply) as web, DirectSession() as session:
        use_proxy(session, web.url, None)

        assert session.get(web.url, timeout=5).status_code == 302


def test_the_proxy_given_wins_over_the_environments(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(lambda seen: Reply(b"", 403)) as proxy, DirectSession() as session:
        use_proxy(session, "https://auth.test", proxy.url)
        with pytest.raises(requests.exceptions.ProxyError):
            session.get("https://auth.test/", timeout=5)

    assert [(seen.method, seen.target) for seen in proxy.seen] == [("CONNECT", "auth.test:443")]


def test_without_a_proxy_given_the_environments_is_used(monkeypatch):
    with serving(lambda seen: Reply(b"", 403)) as proxy, DirectSession() as session:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        use_proxy(session, "https://auth.test", None)
        with pytest.raises(requests.exceptions.ProxyError):
            session.get("https://auth.test/", timeout=5)

    assert len(proxy.seen) == 1


def test_loopback_is_never_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(lambda seen: Reply(b"here")) as web, DirectSession() as session:
        use_proxy(session, web.url, "http://127.0.0.1:9")

        assert session.get(web.url, timeout=5).content == b"here"
