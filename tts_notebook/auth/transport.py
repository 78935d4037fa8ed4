"""What every request of ours has in common: proxy rules, silence about URLs, words for failures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from tts_notebook.app import is_loopback
from tts_notebook.errors import TransportError

CONNECT_SECONDS, READ_SECONDS = 10, 60
CONNECTIONS = 48  # kept open to one host: more than a pull has under way
TIMEOUT = (CONNECT_SECONDS, READ_SECONDS)

_KINDS: tuple[tuple[type[requests.RequestException], str, bool], ...] = (
    (requests.exceptions.SSLError, "The encrypted connection to {host} could not be trusted.", False),
    (requests.exceptions.ConnectTimeout, f"{{host}} did not take the call within {CONNECT_SECONDS} s.", True),
    (requests.exceptions.ReadTimeout, f"{{host}} did not answer within {READ_SECONDS} s.", False),
    (requests.exceptions.ChunkedEncodingError, "The answer of {host} broke off halfway.", False),
    (requests.exceptions.ContentDecodingError, "The answer of {host} could not be unpacked.", False),
)
_URL_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")
_changing_filters = threading.Lock()


class QuietAdapter(HTTPAdapter):
    """Prints nothing, also when somebody has set http.client.HTTPConnection.debuglevel to see other traffic.

    That well-known recipe would print every request line and header into the notebook, tokens included.
    """

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        """As requests does, with quiet connections."""
        super().init_poolmanager(*sizes, **options)
        _quieten(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """As requests does, with quiet connections: their first header is the proxy's password."""
        return _quieten(super().proxy_manager_for(proxy, **options))


class DirectSession(requests.Session):
    """A requests.Session that goes where it is told, past no redirect and through its own proxy, and silently."""

    def __init__(self) -> None:
        super().__init__()
        self.open_anew()

    def open_anew(self) -> None:
        """Use none of the connections that are open."""
        for scheme in ("https://", "http://"):
            self.mount(scheme, QuietAdapter(pool_maxsize=CONNECTIONS))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is followed, and none is prepared either: what is prepared carries the headers along."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As requests does, but self.proxies win over the environment's variables."""
        return super().merge_environment_settings(url, {**self.proxies, **(proxies or {})}, stream, verify, cert)


def use_proxy(session: requests.Session, base_url: str, proxy: str | None) -> None:
    """Set a session up for one host: the proxy given, else requests' own variables, for loopback none."""
    if is_loopback(urlsplit(base_url).hostname):
        session.trust_env = False
        session.proxies = {}
    elif proxy:
        session.proxies = {"http": proxy, "https": proxy}


def _quieten(manager: Any) -> Any:
    manager.pool_classes_by_scheme = {
        scheme: _quiet_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager


@cache
def _quiet_pool(pool: Any) -> Any:
    if getattr(pool.ConnectionCls, "debuglevel", None) == 0 and "debuglevel" in vars(pool.ConnectionCls):
        return pool  # a manager that was made quiet already
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"debuglevel": 0})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _SameThread(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - logging's signature
        # not record.thread, which logging.logThreads can switch off
        return threading.get_ident() != self._thread


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep urllib3's log of this thread's URLs empty: the token endpoint's URL holds the app_secret."""
    silence = _SameThread()
    loggers = [logging.getLogger(name) for name in _URL_LOGGERS]
    with _changing_filters:
        for logger in loggers:
            # a new list each time: a thread that walks the old one must not miss its own filter
            logger.filters = [*logger.filters, silence]
    try:
        yield
    finally:
        with _changing_filters:
            for logger in loggers:
                logger.filters = [kept for kept in logger.filters if kept is not silence]


def transport_error(failure: requests.RequestException, host: str | None) -> TransportError:
    """Say in words what went wrong; the exception's own text holds the URL, so it is not used."""
    # urllib3 wraps the reason several layers deep and only its class's name says what it was
    text = repr(failure)
    if isinstance(failure, requests.exceptions.ProxyError):  # whose text names a trouble that is the proxy's
        return TransportError(f"The proxy did not let the call to {host} through.", unsent=True)
    if "NameResolution" in text:
        return TransportError(f"The name {host} could not be found.", unsent=True)
    if "Connection refused" in text:
        return TransportError(f"{host} refused the connection.", unsent=True)
    if "NewConnectionError" in text:
        return TransportError(f"{host} cannot be reached from here.", unsent=True)
    for kind, sentence, unsent in _KINDS:
        if isinstance(failure, kind):
            return TransportError(sentence.format(host=host), unsent=unsent)
    return TransportError(f"The connection to {host} failed ({type(failure).__name__}).")
