"""No secret is found anywhere: one set of canaries, looked for wherever Python, Jupyter write things down."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import requests

from tests.auth.tokens import ACCESS, CODE, REFRESH, SECRET, envelope
from tests.auth.web import Reply, Seen, Web, serving
from tests.harness.kernels import NEWEST, Kernel, write_kernelspec
from tests.harness.secrets import SNOOP, Canaries

pytestmark = pytest.mark.kernel

PASSWORD = "pa55word+of/the=proxy"
KEPT_ON_PURPOSE = ("token.json", "app.json")

EVERYTHING_IS_LOGGED = """
import http.client, logging, sys, urllib3, warnings
sys.path.insert(0, "")
from snoop import look
logging.basicConfig(level=1, stream=sys.stdout, force=True)
for name in ("matplotlib", "asyncio", "Comm", "traitlets"):
    logging.getLogger(name).setLevel(20)
http.client.HTTPConnection.debuglevel = 1  # the well-known recipe to see all traffic
urllib3.add_stderr_logger(1)
warnings.simplefilter("always")
import requests
# proof that all this shows something
requests.get(f"{__import__('os').environ['TTS_API_BASE_URL']}/hello?canary=seen-in-the-log", timeout=5)
%load_ext tts_notebook
%xmode Verbose
"""


@dataclass
class Shop:
    """TikTok Shop's part: what the token endpoint and the API answer is changed while the test runs."""

    tokens: str = "ok"
    api: str = "ok"
    asked: threading.Event = field(default_factory=threading.Event)
    number: int = 0

    def __call__(self, seen: Seen) -> Reply:
        self.asked.set()
        if seen.path.startswith("/api/v2/token/"):
            return self._token(seen)
        if seen.path.startswith("/authorization"):
            return self._shops(seen)
        return Reply({"hello": "you"})

    def _token(self, seen: Seen) -> Reply:
        if self.tokens == "slow":
            time.sleep(1.2)
        if self.tokens == "refuse":
            return Reply({"code": 98001004, "message": f"bad request {seen.target}"})
        if self.tokens == "html":
            return Reply(f"<html>{seen.target}".encode())
        self.number += 1
        return Reply(envelope(self.number, now=datetime.now(UTC)))

    def _shops(self, seen: Seen) -> Reply:
        sent = json.dumps(dict(seen.headers))
        if self.api == "slow":
            time.sleep(1.2)
        if self.api == "refuse":
            return Reply({"code": 106001, "message": f"Invalid credentials {sent}", "request_id": "1"}, 401)
        if self.api == "html":
            return Reply(f"<html>{sent}".encode(), 502)
        return Reply({"code": 0, "message": "Success", "request_id": "1", "data": {"shops": []}})


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def web(shop) -> Iterator[Web]:
    with serving(shop) as serving_now:
        yield serving_now


@pytest.fixture
def settings(web, free_port) -> dict[str, str]:
    return {
        "TTS_APP_KEY": "6kcdemo",
        "TTS_APP_SECRET": SECRET,
        "TTS_SERVICE_ID": "7000000000000000001",
        "TTS_AUTHORIZE_URL": f"{web.url}/open/authorize",
        "TTS_AUTH_BASE_URL": web.url,
        "TTS_API_BASE_URL": web.url,
        "TTS_REDIRECT_URI": f"http://localhost:{free_port}/",
    }


@pytest.fixture
def talkative(start_kernel, settings, tmp_path) -> Kernel:
    """A kernel in which everything that can be logged is."""
    (tmp_path / "kernel-0").mkdir()
    (tmp_path / "kernel-0" / "snoop.py").write_text(SNOOP)
    kernel = start_kernel(env=settings)
    said = kernel.run(EVERYTHING_IS_LOGGED)
    assert "canary=seen-in-the-log" in said.stdout
    return kernel


def pending_state(kernel: Kernel) -> str:
    """The `state` of the login that the panel shows."""
    kernel.wait_until(lambda: kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v)), what="the link")
    (model,) = kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v))
    link = unescape(re.search(r'href="([^"]+)"', kernel.widgets()[model]["value"])[1])
    return parse_qs(urlsplit(link).query)["state"][0]


def stop_once_asked(kernel: Kernel, shop: Shop) -> threading.Thread:
    """Press ■ as soon as TikTok Shop has been asked something; it must be in no hurry to answer."""

    def press() -> None:
        assert shop.asked.wait(10)
        time.sleep(0.2)
        os.killpg(kernel.pid, signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    return pressing


def address(settings, state: str) -> str:
    return f"{settings['TTS_REDIRECT_URI']}?app_key=6kcdemo&code={CODE}&state={state}"


def outputs_of(kernel: Kernel) -> str:
    """Everything published but the panel's own traffic, which alone may hold the link of a pending login."""
    kernel.listen(0.2)
    return json.dumps([m for m in kernel.messages if not m["type"].startswith("comm_")], default=repr)


def assert_clean(canaries: Canaries, what: str, content: str) -> None:
    assert canaries.found_in(content) == [], f"{what}: {canaries.around(content)}"


def assert_nothing_leaked(kernel: Kernel, canaries: Canaries, tmp_path: Path) -> None:
    assert_clean(canaries, "outputs", outputs_of(kernel))
    assert_clean(canaries, "widgets", json.dumps(list(kernel.widgets().values()), default=repr))
    assert_clean(canaries, "the kernel's own log", kernel.log())
    kernel.run("get_ipython().history_manager.writeout_cache()")
    assert list((tmp_path / "kernel-0" / "ipython").rglob("history.sqlite"))
    assert canaries.files_below(tmp_path, except_for=KEPT_ON_PURPOSE) == {}
    for path in (path for name in KEPT_ON_PURPOSE for path in tmp_path.rglob(name)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for process in psutil.process_iter(["cmdline"]):
        assert canaries.found_in(" ".join(process.info["cmdline"] or ())) == []


SHOW_EVERYTHING = """
import copy, io, pickle, pprint
objects = [tts, h, tts._keeper, tts._keeper.token, tts._keeper.endpoint, tts._app, tts._keeper.store]
for thing in objects:
    print(repr(thing), str(thing), f"{thing}", [thing], {"a": thing}, dir(thing))
    pprint.pprint(thing)
    display(thing) if thing is not h else None
    print(vars(thing) if hasattr(thing, "__dict__") else "")
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        try:
            print(write(thing))
        except TypeError as refusal:
            print(refusal)
r = tts.get("/authorization/202309/shops")
print(vars(r), vars(r.request), r.request.headers, r.text, pickle.dumps(r), r.raw.__dict__)
%tiktok_auth status
%tiktok_auth status --json
%tiktok_auth refresh
%tiktok_auth profiles
print(h.response(), tts._keeper.last_problem)
%whos
%who_ls
"""


def test_a_whole_login_its_use_and_its_end_leave_no_secret_anywhere(talkative, settings, shop, tmp_path):
    kernel = talkative
    kernel.run("h = %tiktok_auth login")
    state = pending_state(kernel)
    canaries = Canaries(secret=SECRET, access=ACCESS, refresh=REFRESH, code=CODE, state=state)
    pending = kernel.run("print(repr(h), str(h), vars(h), vars(h._reception), vars(h._keeper))\nh")
    assert pending.status == "ok", pending.error
    requests.get(address(settings, "forged"), timeout=10)
    requests.get(address(settings, state), timeout=10)
    kernel.run("%tiktok_auth wait")

    done = kernel.run(SHOW_EVERYTHING)

    assert done.status == "ok", done.error
    assert "cannot be pickled" in done.stdout
    (box,) = kernel.find_widgets(_model_name="TextModel")
    kernel.set_state(box, value=address(settings, state))
    kernel.run("import time; time.sleep(0.3)")
    assert_nothing_leaked(kernel, canaries, tmp_path)
    assert list((tmp_path / "tts-home" / "runtime").glob("*.json")) == []
    kernel.run("%tiktok_auth logout")
    kernel.run("%unload_ext tts_notebook")
    assert canaries.files_below(tmp_path) == {}, "logged out: nothing is left at all"


FAILURES: dict[str, Callable[[Shop], None]] = {
    "a token endpoint that quotes what it refuses": lambda shop: setattr(shop, "tokens", "refuse"),
    "a token endpoint that does not answer with JSON": lambda shop: setattr(shop, "tokens", "html"),
    "a token endpoint that does not answer in time": lambda shop: setattr(shop, "tokens", "slow"),
}


@pytest.mark.parametrize("break_it", FAILURES.values(), ids=FAILURES)
def test_a_login_that_fails_shows_no_secret_in_its_traceback_or_logs(talkative, settings, shop, tmp_path, break_it):
    kernel = talkative
    kernel.run("from tts_notebook.auth import endpoint; endpoint.TIMEOUT = (1, 0.5)")
    break_it(shop)
    kernel.run("h = %tiktok_auth login")
    state = pending_state(kernel)

    failed = kernel.run("%tiktok_auth paste", answers=[address(settings, state)])

    assert failed.error.ename in ("TokenError", "TransportError")
    looked = kernel.run("look()\n%tb Verbose\n%xmode Context\n%tb")
    assert "FRAME" in looked.stdout
    kernel.run("print(repr(h.failure), vars(h), vars(h.failure)); print(h.stage); h.wait()")
    kernel.run("look()")
    canaries = Canaries(secret=SECRET, access=ACCESS, refresh=REFRESH, code=CODE, state=state)
    assert_nothing_leaked(kernel, canaries, tmp_path)


def test_a_stop_while_the_pasted_address_is_exchanged_shows_no_secret(talkative, settings, shop, tmp_path):
    kernel = talkative
    kernel.run("h = %tiktok_auth login")
    state = pending_state(kernel)
    shop.tokens = "slow"
    shop.asked.clear()
    stop = stop_once_asked(kernel, shop)

    stopped = kernel.run("%tiktok_auth paste", answers=[address(settings, state)])

    stop.join()
    assert stopped.error.ename == "KeyboardInterrupt"
    kernel.run("look()\n%tb")
    canaries = Canaries(secret=SECRET, access=ACCESS, refresh=REFRESH, code=CODE, state=state)
    assert_nothing_leaked(kernel, canaries, tmp_path)


def test_pasted_rubbish_and_another_logins_address_are_not_repeated(talkative, settings, tmp_path):
    kernel = talkative
    kernel.run("h = %tiktok_auth login")
    state = pending_state(kernel)
    canaries = Canaries(code=CODE, state=state, pasted="n0t-an-address")

    for rubbish in (f"hello {CODE} n0t-an-address", address(settings, "n0t-an-address"), f"code={CODE}" * 900):
        assert kernel.run("%tiktok_auth paste", answers=[rubbish]).error.ename in ("InputError", "StateMismatch")
        kernel.run("look()\n%tb")

    assert_clean(canaries, "outputs", outputs_of(kernel))
    assert canaries.files_below(tmp_path, except_for=KEPT_ON_PURPOSE) == {}


def test_calls_that_fail_show_no_token_in_their_traceback_or_logs(talkative, settings, shop, tmp_path):
    kernel = talkative
    kernel.run("h = %tiktok_auth login")
    state = pending_state(kernel)
    requests.get(address(settings, state), timeout=10)
    kernel.run("%tiktok_auth wait")

    for mode in ("refuse", "html", "slow"):
        shop.api = mode
        call = "tts._sleep = lambda s: None\ntts.request('GET', '/authorization/202309/shops', timeout=0.4);"
        kernel.run(call)
        kernel.run("look()\n%tb Verbose")
        assert kernel.run("tts.call('GET', '/authorization/202309/shops')").error is not None or mode == "slow"
        kernel.run("look()")
    shop.asked.clear()
    stop = stop_once_asked(kernel, shop)
    assert kernel.run("tts.get('/authorization/202309/shops')").error.ename == "KeyboardInterrupt"
    stop.join()
    kernel.run("look()\n%tb Verbose")
    shop.api, shop.tokens = "ok", "refuse"
    assert kernel.run("%tiktok_auth refresh").error.ename == "TokenError"
    kernel.run("look()")
    broken_hook = "tts.get('/authorization/202309/shops', hooks={'response': lambda r, **_: 1 / 0})"
    assert kernel.run(broken_hook).error.ename == "ZeroDivisionError"
    kernel.run("look()")

    canaries = Canaries(secret=SECRET, access=ACCESS, refresh=REFRESH, code=CODE, state=state)
    assert_nothing_leaked(kernel, canaries, tmp_path)


PROXIED = """
import os, tts_notebook
for name in ("TTS_AUTH_BASE_URL", "TTS_API_BASE_URL", "TTS_AUTHORIZE_URL"):
    os.environ.pop(name)
secret, code, refresh = (os.environ.pop(n) for n in ("TTS_APP_SECRET", "CANARY_CODE", "CANARY_REFRESH"))
def attempt(work):
    try:
        work()
    except tts_notebook.TTSError:
        sys.last_value = sys.exc_info()[1]
        look()
"""


def test_a_proxy_that_refuses_or_is_not_there_shows_neither_its_password_nor_ours(
    start_kernel, settings, tmp_path, free_port
):
    (tmp_path / "kernel-0").mkdir()
    (tmp_path / "kernel-0" / "snoop.py").write_text(SNOOP)
    kernel = start_kernel(env=settings | {"CANARY_CODE": CODE, "CANARY_REFRESH": REFRESH})
    kernel.run(EVERYTHING_IS_LOGGED)
    canaries = Canaries(password=PASSWORD, login=f"user:{PASSWORD}", secret=SECRET, code=CODE, refresh=REFRESH)
    assert kernel.run(PROXIED).status == "ok"
    with serving(lambda seen: Reply(b"", 407)) as refusing:
        for port in (refusing.server_port, free_port):
            (tmp_path / "kernel-0" / "proxy").write_text(
                f"http://user:{requests.utils.quote(PASSWORD, safe='')}@127.0.0.1:{port}"
            )
            for call in (
                "tts_notebook.exchange_code(app_key='k', app_secret=secret, code=code, proxy=open('proxy').read())",
                "tts_notebook.refresh_token(app_key='k', app_secret=secret, refresh_token=refresh, proxy=open('proxy').read())",  # noqa: E501
            ):
                assert kernel.run(call).error.ename == "TransportError"
                assert "FRAME" in kernel.run("look()").stdout
        asked = [seen.target for seen in refusing.seen]
    assert asked == ["auth.tiktok-shops.com:443"] * 2
    (tmp_path / "kernel-0" / "proxy").unlink()
    assert_nothing_leaked(kernel, canaries, tmp_path)


DOCUMENT = [
    EVERYTHING_IS_LOGGED.replace('sys.path.insert(0, "")\nfrom snoop import look\n', ""),
    "%tiktok_auth login --sandbox",
    # nbclient counts as nobody at the front-end: here its widgets are kept in the file all the same
    "get_ipython().kernel._allow_stdin = True\n%tiktok_auth panel\nget_ipython().kernel._allow_stdin = True\n"
    "h = %tiktok_auth login --sandbox --force",
    "import requests\n"
    "answer = requests.Session().post(h.url, data={'decision': 'authorize'}, allow_redirects=False)\n"
    "panel, = get_ipython().tts_notebook_magics.panels.values()\n"
    "panel._address.value = pasted = answer.headers['Location']; None",
    "import json, time; h.wait(10); k = tts._keeper\n"
    "from urllib.parse import parse_qs, urlsplit\n"
    "query = parse_qs(urlsplit(pasted).query)\n"
    "json.dump({'secret': k.endpoint.app_secret, 'access': k.token.access_token, 'refresh': k.token.refresh_token,"
    " 'code': query['code'][0], 'state': query['state'][0]}, open('canaries', 'w')); None",
    "http.client.HTTPConnection.debuglevel = 0",
    "%tiktok_auth status",
    "tts.orders(since='3d', progress=False).head()",
    "tts",
]


def test_a_notebook_file_with_its_widgets_and_its_html_export_hold_no_secret(
    tmp_path, nbclient, nbformat, monkeypatch, free_port
):
    from nbconvert import HTMLExporter  # it takes a while

    write_kernelspec("python3", NEWEST, tmp_path / "kernels")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("TTS_REDIRECT_URI", f"http://localhost:{free_port}/")
    monkeypatch.setenv("TTS_API_BASE_URL", "http://127.0.0.1:1")  # the sandbox has its own
    cells = [cell.replace("requests.get(f", "0 and requests.get(f") for cell in DOCUMENT]
    # the test's own request shows its link in the log that it switched on
    cells[3] = "http.client.HTTPConnection.debuglevel = 0; logging.disable(50)\n" + cells[3]
    cells[4] += "\nhttp.client.HTTPConnection.debuglevel = 1; logging.disable(0)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])

    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()

    canaries = Canaries(**json.loads((tmp_path / "canaries").read_text()))
    assert "application/vnd.jupyter.widget-state+json" in str(notebook.metadata)
    assert "Use address" in str(notebook.metadata)
    assert_clean(canaries, "the file", nbformat.writes(notebook))
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "Connected as" in page
    assert_clean(canaries, "the page", page)


def test_the_scanner_finds_a_secret_in_every_spelling(tmp_path):
    canaries = Canaries(one="a+b/c=ü", two="plain-one")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".hidden").write_bytes(b"\x00\xff plain-one \x00")

    assert canaries.found_in("url?x=a%2Bb%2Fc%3D%C3%BC") == ["one"]
    assert canaries.found_in(json.dumps({"x": "a+b/c=ü"})) == ["one"]
    assert canaries.found_in("Basic cGxhaW4tb25l") == ["two"]
    assert canaries.files_below(tmp_path) == {"sub/.hidden": ["two"]}
    assert canaries.files_below(tmp_path, except_for=[".hidden"]) == {}
    assert canaries.found_in("nothing") == []


PENDING_WITH_DEBUG = """
import asyncio, logging, sys, requests, tts_notebook
logging.basicConfig(level=1, stream=sys.stdout)
logging.getLogger("urllib3").disabled = True
for name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(name).disabled = True
login = tts_notebook.login()
state = login.url.rpartition("=")[2]
open("state", "w").write(state)
requests.get(f"{sys.argv[1]}?code={sys.argv[2]}&state={state}".replace("CODE", open("code").read()), timeout=10)
print(repr(login.wait(5)))
"""


def test_pythons_development_mode_and_asyncios_debug_log_show_no_secret(settings, tmp_path):
    (tmp_path / "code").write_text(CODE)
    environment = {**os.environ, **settings, "PYTHONASYNCIODEBUG": "1", "TTS_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PENDING_WITH_DEBUG, settings["TTS_REDIRECT_URI"], "CODE"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    said = done.stdout + done.stderr
    assert "<ShopSession of Maple and Wren Ltd" in said, said
    assert "asyncio" in said
    state = (tmp_path / "state").read_text()
    canaries = Canaries(secret=SECRET, access=ACCESS, refresh=REFRESH, code=CODE, state=state)
    assert_clean(canaries, "what it said", said)
