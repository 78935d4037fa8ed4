"""What kernels of one person see of each other, through the store alone."""

from __future__ import annotations

import json
import os
import time

import pytest
import requests

import tts_notebook
from tests.harness.kernels import Kernel
from tts_notebook import LoginRequired, SellerMismatch, Stage
from tts_notebook.notebook.connections import Connections, connections
from tts_notebook.notebook.view import view_of
from tts_notebook.notebook.watch import Watch
from tts_notebook.notebook.whereabouts import remote_place


@pytest.fixture(autouse=True)
def app(sandbox, free_port, monkeypatch):
    for name, value in sandbox.environment(free_port).items():
        monkeypatch.setenv(name, value)
    yield
    connections.close()


def press(url: str, seller: str = "gb") -> str:
    form = {"decision": "authorize", "seller": seller}
    answer = requests.post(url, data=form, timeout=10, allow_redirects=False)
    return answer.headers["Location"].replace("http://localhost:3017/", os.environ["TTS_REDIRECT_URI"])


def logged_in(seller: str = "gb", **options):
    login = tts_notebook.login(timeout=30, **options)
    requests.get(press(login.url, seller), timeout=10)
    return login


def until(condition, seconds: float = 3.0) -> bool:
    ends_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def here():
    """This kernel's connection, logged in, and watched."""
    logged_in().wait()
    connection = connections.of_profile("default")
    watch = Watch(connections.by_key.values, every=0.2)
    yield connection
    watch.close()


@pytest.fixture
def there(here):
    """Another kernel's connection to the same profile."""
    others = Connections()
    connection = others.choose()
    assert others.adopt(connection).stage is Stage.AUTHORIZED
    watch = Watch(others.by_key.values, every=0.2)
    yield connection
    watch.close()
    others.close()


def test_a_token_renewed_in_one_kernel_is_the_other_ones_within_two_seconds(here, there):
    fresh = there.keeper.renew(there.keeper.token, look_first=False)

    assert until(lambda: here.keeper.token == fresh, 2)
    assert here.session.expires_at == fresh.access_expires_at


def test_a_logout_in_one_kernel_ends_the_other_within_two_seconds_and_it_says_so(here, there):
    connections.logout(here)

    assert until(lambda: there.keeper.token is None, 2)
    assert "logged out in another notebook" in there.situation().problem
    with pytest.raises(LoginRequired):
        there.session.shops  # noqa: B018


def test_a_logged_out_profile_is_not_refreshed_even_before_the_other_kernel_looks(here):
    others = Connections()
    connection = others.choose()
    others.adopt(connection)
    token = connection.keeper.token
    connections.logout(here)

    with pytest.raises(LoginRequired, match="logged out in another notebook"):
        connection.keeper.renew(token)


@pytest.mark.patient
def test_an_idle_notebook_renews_its_token_before_the_end(start_sandbox, free_port, monkeypatch):
    own = start_sandbox(
        "--access-token-seconds", "3", "--orders", "10", "--redirect-uri", f"http://localhost:{free_port}/"
    )
    for name, value in own.environment(free_port).items():
        monkeypatch.setenv(name, value)
    logged_in().wait()
    connection = connections.of_profile("default")
    first = connection.keeper.token
    watch = Watch(connections.by_key.values, every=0.1)

    try:
        assert until(lambda: connection.keeper.token != first, 4)
        connection.auto_refresh = False
        kept = connection.keeper.token
        assert not until(lambda: connection.keeper.token != kept, 3.5)
    finally:
        watch.close()
    assert len(connection.session.shops) == 1, "a call renews the token in any case"


def test_another_seller_changes_nothing_until_somebody_says_so():
    logged_in("gb").wait()
    other = logged_in("us", force=True)

    with pytest.raises(SellerMismatch, match=r"belongs to .* Nothing was changed.*--profile NAME.*--switch-seller"):
        other.wait()
    assert other.session.region == "GB"
    assert view_of(connections.of_profile("default").situation(), tts_now()).can_switch

    connections.accept_seller(connections.of_profile("default"))
    assert other.session.region == "US"
    assert connections.of_profile("default").login.stage is Stage.AUTHORIZED
    connections.close()
    assert tts_notebook.login().session.region == "US"


def tts_now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_two_profiles_serve_two_sellers_side_by_side():
    one, two = logged_in("gb", profile="uk").session, logged_in("us", profile="us").session

    assert (one.region, two.region) == ("GB", "US")
    assert (one.profile, two.profile) == ("uk", "us")
    assert one.shops[0].id != two.shops[0].id


@pytest.mark.parametrize(
    ("environ", "paths", "modules", "place"),
    [
        ({}, (), (), ""),
        ({"JUPYTERHUB_USER": "a"}, ("/.dockerenv",), (), "on a JupyterHub"),
        ({}, ("/.dockerenv",), (), "in a container"),
        ({"SSH_CONNECTION": "1"}, (), (), "on a machine that you reach through SSH"),
        ({"WSL_DISTRO_NAME": "Debian"}, (), (), "in Windows Subsystem for Linux"),
        ({"CODESPACES": "true"}, (), (), "in GitHub Codespaces"),
        ({}, (), ("google.colab",), "in Google Colab"),
    ],
)
def test_the_place_of_a_remote_kernel_is_named(environ, paths, modules, place):
    assert remote_place(environ, lambda path: path in paths, modules) == place


PANEL_SAYS = "Last renewed"


@pytest.mark.kernel
def test_panels_of_one_profile_in_two_kernels_agree_and_their_controls_work(sandbox, free_port, tmp_path):
    env = {**sandbox.environment(free_port), "TTS_HOME": str(tmp_path / "home")}

    def text(kernel) -> str:
        return " ".join(str(state.get("value", "")) for state in kernel.widgets().values())

    with (
        Kernel.start(directory=tmp_path / "a", env=env) as a,
        Kernel.start("6.31", directory=tmp_path / "b", env=env) as b,
    ):
        a.run("%load_ext tts_notebook")
        a.run("h = %tiktok_auth login")
        url = a.run("print(h.url)").stdout.strip()
        requests.get(press(url, "xb"), timeout=10)
        for kernel in (a, b):
            kernel.run("%load_ext tts_notebook")
            kernel.run("%tiktok_auth login")
            kernel.run("%tiktok_auth panel")
        a.wait_until(lambda: "Connected as" in text(a), what="panel a")

        a.click("Refresh now")
        a.wait_until(lambda: PANEL_SAYS in text(a), what="a's refresh")
        b.wait_until(lambda: PANEL_SAYS in text(b), timeout=2.5, what="b to agree")

        def shop_choices() -> list[str]:
            return b.find_widgets(_model_name="DropdownModel", description="Shop for calls")

        b.wait_until(lambda: len(b.widgets()[shop_choices()[0]]["_options_labels"]) == 3, what="the shops")
        b.set_state(shop_choices()[0], index=2)
        b.wait_until(lambda: b.run("tts.shop is not None").result["text/plain"] == "True", what="the choice")
        assert b.run("tts.shop.region").result["text/plain"] in ("'GB'", "'MY'")

        a.click("Log out")
        a.wait_until(lambda: "Not signed in" in text(a), what="a's logout")
        b.wait_until(lambda: "Not signed in" in text(b), timeout=2.5, what="b to agree")
        assert b.run("tts.shops").error.ename == "LoginRequired"


@pytest.mark.kernel
def test_clicking_refresh_now_three_times_spends_one_refresh_token(start_kernel, start_sandbox, free_port):
    own = start_sandbox("--orders", "10", "--latency-ms", "500", "--redirect-uri", f"http://localhost:{free_port}/")
    kernel = start_kernel(env=own.environment(free_port))
    kernel.run("%load_ext tts_notebook")
    kernel.run("h = %tiktok_auth login")
    requests.get(press(kernel.run("print(h.url)").stdout.strip()), timeout=10)
    kernel.run("%tiktok_auth panel")

    for _ in range(3):
        kernel.click("Refresh now")

    kernel.wait_until(lambda: "Last renewed" in str(list(kernel.widgets().values())), what="the refresh")
    kernel.listen(0.8)
    assert requests.get(f"{own.api_base_url}/sandbox/stats", timeout=10).json()["token_refreshes"] == 1


@pytest.mark.kernel
def test_profiles_are_listed_switched_renamed_and_configured(start_kernel, sandbox, free_port, tmp_path):
    kernel = start_kernel()
    kernel.run("%load_ext tts_notebook")
    answers = [sandbox.app_key, sandbox.app_secret, sandbox.service_id, "global"]

    configured = kernel.run("%tiktok_auth configure --profile shop-a", answers=answers)

    assert "readable by you only" in str(configured.displays), configured.error
    assert [prompt.password for prompt in kernel.prompts] == [False, True, False, False]
    assert sandbox.app_secret not in kernel.transcript()
    kernel.run("%tiktok_auth configure --profile shop-b", answers=answers)
    kernel.run("%tiktok_auth profiles --rename shop-b shop-c")
    listed = str(kernel.run("%tiktok_auth profiles --use shop-a").displays)
    assert "→ shop-a" in listed
    assert "shop-c" in listed
    assert "shop-b" not in listed
    assert "known: shop-a, shop-c" in kernel.run("%tiktok_auth status --profile shop-b").error.evalue
    kept = json.loads((tmp_path / "tts-home" / "profiles" / "shop-a" / "app.json").read_text())
    assert kept["service_id"] == sandbox.service_id
    assert "No app_key" not in str(kernel.run("%tiktok_auth status --profile shop-a").displays)


@pytest.mark.kernel
def test_status_and_logout_need_no_app_settings(start_kernel, sandbox, free_port):
    first = start_kernel(env=sandbox.environment(free_port))
    first.run("%load_ext tts_notebook")
    url = first.run("h = %tiktok_auth login\nprint(h.url)").stdout.strip()
    requests.get(press(url), timeout=10)
    first.run("%tiktok_auth wait")
    second = start_kernel()
    second.run("%load_ext tts_notebook")

    assert "Connected as" in str(second.run("%tiktok_auth status").displays)
    assert "Connected as" in str(second.run("%tiktok_auth").displays)
    assert "are forgotten" in str(second.run("%tiktok_auth logout").displays)
    assert "Not signed in" in str(second.run("%tiktok_auth").displays)


@pytest.mark.kernel
def test_a_chosen_profile_is_what_the_next_login_is_for(start_kernel, sandbox, free_port):
    kernel = start_kernel(env=sandbox.environment(free_port))
    kernel.run("%load_ext tts_notebook")
    kernel.run("h = %tiktok_auth login --profile shop-b --timeout 60\nh.cancel()")
    answers = [sandbox.app_key, sandbox.app_secret, sandbox.service_id, "global"]
    kernel.run("%tiktok_auth configure --profile shop-c", answers=answers)

    kernel.run("%tiktok_auth profiles --use shop-c")

    assert "profile shop-c" in kernel.run("h = %tiktok_auth login --timeout 60\nh.cancel(); print(h)").stdout


def test_adopting_the_stored_login_gives_a_pending_ones_port_back(free_port):
    logged_in().wait()
    pending = tts_notebook.login(force=True, timeout=30)

    adopted = tts_notebook.login()

    assert (pending.stage, adopted.stage) == (Stage.CANCELLED, Stage.AUTHORIZED)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://localhost:{free_port}/", timeout=5)
