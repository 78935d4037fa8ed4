"""App: what a seller's developer registered in Partner Center, and which setting wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from tts_notebook.errors import ConfigError, InputError

AUTHORIZE_URLS = {  # Partner Center names exactly these two seller domains
    "global": "https://services.tiktokshop.com/open/authorize",
    "us": "https://services.us.tiktokshop.com/open/authorize",
}
AUTH_BASE_URL = "https://auth.tiktok-shops.com"
API_BASE_URL = "https://open-api.tiktokglobalshop.com"
DEFAULT_PORT = 3017
DEFAULT_REDIRECT_URI = f"http://localhost:{DEFAULT_PORT}/"

VARIABLES = {
    "app_key": "TTS_APP_KEY",
    "app_secret": "TTS_APP_SECRET",
    "service_id": "TTS_SERVICE_ID",
    "authorize_url": "TTS_AUTHORIZE_URL",
    "auth_base_url": "TTS_AUTH_BASE_URL",
    "api_base_url": "TTS_API_BASE_URL",
    "redirect_uri": "TTS_REDIRECT_URI",
    "proxy": "TTS_PROXY",
}
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


class NotPicklable:
    """Refuses to be pickled or copied, so that a secret is never written with other objects."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds secrets of a login and cannot be pickled or copied. "
            "Log in again where it is needed."
        )


@dataclass(frozen=True, slots=True)
class App(NotPicklable):
    """The app's settings, checked: what is wrong with them is said when they are made.

    Attributes:
        app_key: The app's key, about 13 characters.
        app_secret: The key of every signature; part of no repr.
        service_id: The long number of the service, part of the authorization URL. Empty
            is allowed for a session that only uses a token that is already there.
        authorize_url: The authorization endpoint that the seller's browser opens.
        auth_base_url: Where the token endpoint is.
        api_base_url: The one host that is ever sent a token.
        redirect_uri: As registered in Partner Center.
        proxy: URL of a proxy, or None for what requests finds in the environment.
    """

    app_key: str
    app_secret: str = field(repr=False)
    service_id: str = ""
    authorize_url: str = AUTHORIZE_URLS["global"]
    auth_base_url: str = AUTH_BASE_URL
    api_base_url: str = API_BASE_URL
    redirect_uri: str = DEFAULT_REDIRECT_URI
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_credentials(self.app_key, self.app_secret)
        if self.service_id == self.app_key:
            raise ConfigError(
                "service_id is the same as app_key. The service_id is the long number that Partner Center "
                "shows for the service, and it stands in the authorization link."
            )
        for name in ("authorize_url", "auth_base_url", "api_base_url"):
            check_endpoint(name, getattr(self, name))
        _check_redirect_uri(self.redirect_uri)
        check_proxy(self.proxy)

    def authorization_url(self, state: str) -> str:
        """Return the link that the seller has to open, for one login's `state`."""
        if not self.service_id:
            raise ConfigError(
                "No service_id is set, and the sign-in link needs it.",
                next_step="Set TTS_SERVICE_ID, or run %tiktok_auth configure.",
            )
        joint = "&" if urlsplit(self.authorize_url).query else "?"
        return f"{self.authorize_url}{joint}{urlencode({'service_id': self.service_id, 'state': state})}"

    @property
    def loopback_port(self) -> int | None:
        """The port of a redirect URI that this machine can serve, or None."""
        parts = urlsplit(self.redirect_uri)
        if parts.scheme == "http" and is_loopback(parts.hostname):
            return parts.port or 80
        return None


def resolve_app(
    given: Mapping[str, str | None],
    environ: Mapping[str, str],
    configured: Mapping[str, str],
    *,
    market: str | None = None,
    port: int | None = None,
) -> App:
    """Return the app after argument > environment > configured profile > default.

    Raises:
        ConfigError: app_key or app_secret is missing, or a setting is malformed.
        InputError: `market` or `port` is not one that exists.
    """
    values: dict[str, str] = {}
    for name, variable in VARIABLES.items():
        value = given.get(name) or environ.get(variable) or configured.get(name)
        if value:
            values[name] = value.strip()
    market = market or configured.get("market") or "global"
    if market not in AUTHORIZE_URLS:
        raise InputError(f"There is no market {market!r}. Choose global or us.")
    values.setdefault("authorize_url", AUTHORIZE_URLS[market])
    if port is not None:
        values["redirect_uri"] = _with_port(values.get("redirect_uri", DEFAULT_REDIRECT_URI), port)
    return App(**{"app_key": "", "app_secret": "", **values})


def require_credentials(app_key: str, app_secret: str) -> None:
    """Refuse a missing app_key or app_secret, each with its own sentence."""
    for name, value in (("app_key", app_key), ("app_secret", app_secret)):
        if not value or not value.strip():
            raise ConfigError(
                f"No {name} is set.",
                next_step=f"Set {VARIABLES[name]}, run %tiktok_auth configure, or try --sandbox.",
            )
        if not (value.isascii() and value.strip().isprintable()):
            raise ConfigError(
                f"The {name} holds a character that no {name} has, perhaps an invisible one that was copied along.",
                next_step=f"Type it again: set {VARIABLES[name]} or run %tiktok_auth configure.",
            )


def check_endpoint(name: str, url: str) -> None:
    """Refuse an address that would send secrets in the clear to another machine."""
    parts = _split(name, url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return
    raise ConfigError(
        f"{name} is {without_password(url)!r}: it must start with https:// (http:// is allowed for this machine only)."
    )


def check_proxy(proxy: str | None) -> None:
    """Refuse a proxy that is not a URL with a known scheme and a host."""
    if proxy is None:
        return
    advice = f"A proxy looks like http://host:8080 ({', '.join(_PROXY_SCHEMES)} are known)."
    parts = _split("proxy", proxy, advice)
    if parts.scheme not in _PROXY_SCHEMES:
        raise ConfigError(f"The proxy {without_password(proxy)!r} is not a proxy address. {advice}")


def check_port(port: int) -> int:
    """Return the port, or say what a port is."""
    if not 1 <= port <= 65535:
        raise InputError(f"{port} is not a port. A port is a number from 1 to 65535.")
    return port


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address means this machine."""
    if host is None:
        return False
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def without_password(url: str) -> str:
    """The address as it may be shown: a proxy's user and password are left out."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at and "://" in head else tail


def _check_redirect_uri(uri: str) -> None:
    parts = _split("redirect_uri", uri)
    if parts.scheme not in ("http", "https"):
        raise ConfigError(f"redirect_uri is {uri!r}: it must start with http:// or https://.")


def _split(name: str, url: str, advice: str = "") -> SplitResult:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or not parts.hostname or any(c.isspace() for c in url):
        raise ConfigError(f"{name} is {without_password(url)!r}, which is not a complete address. {advice}".rstrip())
    return parts


def _with_port(uri: str, port: int) -> str:
    parts = urlsplit(uri)
    if not is_loopback(parts.hostname):
        raise InputError(
            f"--port has no effect: the redirect URI {uri} is not on this machine, so nothing listens here."
        )
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return urlunsplit(parts._replace(netloc=f"{host}:{check_port(port)}"))
