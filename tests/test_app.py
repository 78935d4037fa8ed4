"""App: which setting wins, and what is refused before anything is sent."""

from __future__ import annotations

import copy
import pickle
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.auth.tokens import SECRET, STATE, app, secrets_in
from tts_notebook.app import (
    App,
    check_port,
    check_proxy,
    is_loopback,
    require_credentials,
    resolve_app,
    without_password,
)
from tts_notebook.errors import ConfigError, InputError, TTSError

ENVIRON = {"TTS_APP_KEY": "from environment", "TTS_APP_SECRET": SECRET}
CONFIGURED = {"app_key": "from profile", "app_secret": "profile's", "service_id": "74"}


def test_an_argument_wins_over_the_environment_over_the_profile_over_the_default():
    assert resolve_app({"app_key": "given"}, ENVIRON, CONFIGURED).app_key == "given"
    assert resolve_app({}, ENVIRON, CONFIGURED).app_key == "from environment"
    assert resolve_app({}, {}, CONFIGURED).app_key == "from profile"
    assert resolve_app({}, ENVIRON, CONFIGURED).service_id == "74"
    assert resolve_app({}, ENVIRON, {}).redirect_uri == "http://localhost:3017/"
    assert resolve_app({"app_key": None}, ENVIRON | {"TTS_APP_KEY": ""}, CONFIGURED).app_key == "from profile"


def test_settings_are_taken_without_the_spaces_around_them():
    assert resolve_app({}, ENVIRON | {"TTS_APP_SECRET": f" {SECRET}\n"}, {}).app_secret == SECRET


def test_every_setting_has_its_variable():
    environ = ENVIRON | {
        "TTS_SERVICE_ID": "75",
        "TTS_AUTHORIZE_URL": "https://a.test/x",
        "TTS_AUTH_BASE_URL": "https://b.test",
        "TTS_API_BASE_URL": "http://127.0.0.1:1",
        "TTS_REDIRECT_URI": "https://c.test/cb",
        "TTS_PROXY": "socks5h://p.test:1080",
    }

    made = resolve_app({}, environ, {})

    assert (made.service_id, made.authorize_url, made.auth_base_url) == ("75", "https://a.test/x", "https://b.test")
    assert (made.api_base_url, made.redirect_uri) == ("http://127.0.0.1:1", "https://c.test/cb")
    assert made.proxy == "socks5h://p.test:1080"


@pytest.mark.parametrize(
    ("market", "configured", "host"),
    [
        (None, {}, "services.tiktokshop.com"),
        ("global", {"market": "us"}, "services.tiktokshop.com"),
        ("us", {}, "services.us.tiktokshop.com"),
        (None, {"market": "us"}, "services.us.tiktokshop.com"),
    ],
)
def test_the_market_chooses_the_authorization_endpoint(market, configured, host):
    made = resolve_app({}, ENVIRON, configured, market=market)

    assert urlsplit(made.authorize_url).hostname == host
    assert made.api_base_url == "https://open-api.tiktokglobalshop.com"
    assert made.auth_base_url == "https://auth.tiktok-shops.com"


def test_an_unknown_market_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"There is no market 'eu'. Choose global or us"):
        resolve_app({}, ENVIRON, {}, market="eu")


@pytest.mark.parametrize("name", ["app_key", "app_secret"])
@pytest.mark.parametrize("value", ["", "  ", None])
def test_a_missing_credential_is_named_with_the_ways_to_give_it(name, value):
    with pytest.raises(
        ConfigError, match=rf"No {name} is set. Set TTS_{name.upper()}, run %tiktok_auth configure, or try"
    ):
        require_credentials(**{"app_key": "k", "app_secret": "s"} | {name: value})


@pytest.mark.parametrize("invisible", ["\u200b", "\ufeff", "\u00a0", "\x00", "\udcff"])
def test_a_credential_with_an_invisible_character_is_refused_and_not_repeated(invisible):
    with pytest.raises(ConfigError, match="The app_secret holds a character that no app_secret has") as refused:
        app(app_secret=SECRET + invisible + "x")
    assert secrets_in(str(refused.value)) == []


def test_a_service_id_that_is_the_app_key_is_explained():
    with pytest.raises(ConfigError, match=r"service_id is the same as app_key.*long number"):
        app(service_id="6kcdemo")


@pytest.mark.parametrize("name", ["authorize_url", "auth_base_url", "api_base_url"])
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://shop.test", "must start with https://"),
        ("http://localhost.shop.test", "must start with https://"),
        ("http://127.0.0.1.shop.test", "must start with https://"),
        ("ftp://127.0.0.1", "must start with https://"),
        ("//shop.test", "must start with https://"),
        ("shop.test", "not a complete address"),
        ("https://", "not a complete address"),
        ("https://shop.test:99999", "not a complete address"),
        ("https://shop.test:0", "not a complete address"),
        ("https://[::1", "not a complete address"),
        ("https://shop .test", "not a complete address"),
    ],
)
def test_an_endpoint_that_would_send_secrets_in_the_clear_or_nowhere_is_refused(name, url, sentence):
    with pytest.raises(ConfigError, match=rf"{name} is .*{sentence}"):
        app(**{name: url})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:1", "http://shop.localhost"]
)
def test_plain_http_is_allowed_for_this_machine(url):
    assert app(url).api_base_url == url


@pytest.mark.parametrize(
    "proxy", ["proxy.test", "proxy.test:8080", "http://", "http://:80", "ftp://p.test", "http://p:x", ""]
)
def test_a_malformed_proxy_is_refused_with_an_example(proxy):
    with pytest.raises(ConfigError, match=r"http://host:8080"):
        check_proxy(proxy)


@pytest.mark.parametrize(
    "proxy", ["ftp://user:pa55@p.test", "http://user:pa55@:80", "user:pa55@p.test", "http://user:pa55@p:x"]
)
def test_a_refused_proxy_keeps_its_password(proxy):
    with pytest.raises(ConfigError) as refused:
        check_proxy(proxy)
    assert "pa55" not in str(refused.value)


@pytest.mark.parametrize(
    "proxy", [None, "http://p.test:8080", "https://u:p@p.test", "socks5://p.test", "socks5h://p.test"]
)
def test_a_proper_proxy_is_taken(proxy):
    assert app(proxy=proxy).proxy == proxy


@given(user=st.text(), password=st.text(min_size=5), host=st.text())
def test_a_password_is_never_shown(user, password, host):
    shown = without_password(f"http://{user}:{password}@{host}")

    assert password not in shown or password in f"http://…@{host}"


@pytest.mark.parametrize(
    ("uri", "port"),
    [
        ("http://localhost:3017/", 3017),
        ("http://localhost/", 80),
        ("http://127.0.0.1:8080/callback", 8080),
        ("http://[::1]:9/", 9),
        ("https://localhost:3017/", None),
        ("https://seller.test/callback", None),
        ("http://seller.test/callback", None),
    ],
)
def test_only_a_plain_redirect_uri_of_this_machine_is_listened_on(uri, port):
    assert app(redirect_uri=uri).loopback_port == port


@pytest.mark.parametrize("uri", ["localhost:3017", "ftp://localhost/", "http://", "http://localhost:x/"])
def test_a_malformed_redirect_uri_is_refused(uri):
    with pytest.raises(ConfigError, match="redirect_uri is"):
        app(redirect_uri=uri)


@pytest.mark.parametrize(
    ("uri", "changed"),
    [
        (None, "http://localhost:4000/"),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:4000/cb?x=1"),
        ("http://[::1]/", "http://[::1]:4000/"),
    ],
)
def test_a_port_replaces_the_redirect_uris(uri, changed):
    assert resolve_app({"redirect_uri": uri}, ENVIRON, {}, port=4000).redirect_uri == changed


def test_a_port_for_a_redirect_uri_elsewhere_is_refused():
    with pytest.raises(InputError, match=r"--port has no effect.*nothing listens here"):
        resolve_app({"redirect_uri": "https://seller.test/"}, ENVIRON, {}, port=4000)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(InputError, match=rf"{port} is not a port"):
        check_port(port)
    with pytest.raises(InputError, match="is not a port"):
        resolve_app({}, ENVIRON, {}, port=port)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("localhost.test", False),
        ("alocalhost", False),
        ("192.168.0.1", False),
        ("", False),
        (None, False),
    ],
)
def test_what_counts_as_this_machine(host, is_ours):
    assert is_loopback(host) is is_ours


def test_the_link_keeps_the_parameters_that_its_endpoint_has():
    link = app(service_id="7 4", authorize_url="https://a.test/x?lang=de").authorization_url(STATE + "&=")

    assert parse_qs(urlsplit(link).query) == {"lang": ["de"], "service_id": ["7 4"], "state": [STATE + "&="]}


def test_an_app_shows_neither_its_secret_nor_its_proxys_password():
    shown = app(proxy="http://user:pa55word@p.test")

    assert secrets_in(f"{shown!r} {shown}") == []
    assert "pa55word" not in repr(shown)


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_an_app_refuses_to_be_pickled_or_copied(act):
    with pytest.raises(TypeError, match="App holds secrets of a login and cannot be pickled or copied"):
        act(app())


@given(
    st.dictionaries(
        st.sampled_from(["authorize_url", "auth_base_url", "api_base_url", "redirect_uri", "proxy"]), st.text()
    )
)
def test_whatever_is_set_is_an_app_or_a_sentence(settings):
    try:
        made: object = app(**settings)
    except TTSError as refused:
        made = str(refused)
    assert isinstance(made, App) or made.endswith((".", ")"))
