"""The log-in in real kernels: what the listener's thread does must not need a message from the front-end."""

from __future__ import annotations

import json
import re
import time
from html import unescape

import pytest
import requests

from tests.harness.kernels import VERSIONS, Kernel

pytestmark = pytest.mark.kernel

CONNECTED = re.compile(r"Connected as")


def sandbox_login(port: int, options: str = "") -> str:
    return f"%tiktok_auth login --sandbox --port {port} {options}"


def link_in(kernel) -> str:
    """The panel's sign-in link, as the front-end holds it."""
    kernel.wait_until(lambda: kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v)), what="the link")
    (model,) = kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v))
    return unescape(re.search(r'href="([^"]+)"', kernel.widgets()[model]["value"])[1])


def consent(url: str, decision: str, *, port: int = 3017) -> requests.Response:
    """Press a button of the consent page, as a browser does, and follow to the callback."""
    answer = requests.post(url, data={"decision": decision}, timeout=10, allow_redirects=False)
    return requests.get(answer.headers["Location"].replace(":3017/", f":{port}/"), timeout=10)


def panel_text(kernel) -> str:
    return " ".join(str(state.get("value", "")) for state in kernel.widgets().values())


@pytest.fixture(scope="module", params=VERSIONS)
def shared_kernel(request, tmp_path_factory):
    """One interactive kernel of each version; every test loads the extension anew."""
    directory = tmp_path_factory.mktemp("kernel")
    with Kernel.start(request.param, directory=directory, env={"TTS_HOME": str(directory / "home")}) as kernel:
        yield kernel


@pytest.fixture
def kernel(shared_kernel):
    shared_kernel.run("import ipywidgets; ipywidgets.Widget.close_all()")
    shared_kernel.messages.clear()
    shared_kernel.run("%load_ext tts_notebook")
    yield shared_kernel
    shared_kernel.run("%unload_ext tts_notebook")
    shared_kernel.run("%reset -f")


def test_a_cell_that_waits_on_tts_goes_on_by_itself_after_the_click(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    running = kernel.start_run("orders = tts.orders(since='7d', progress=False); print(type(orders).__name__)")
    url = link_in(kernel)
    kernel.wait_until(lambda: "Waiting for the sign-in" in str(kernel.partial(running).displays), what="the wait")

    page = consent(url, "authorize")

    assert "Connected as" in page.text
    assert kernel.finish(running).stdout == "DataFrame\n"
    kernel.wait_until(lambda: CONNECTED.search(panel_text(kernel)), what="the panel")
    assert kernel.find_widgets(value=lambda v: 'class="tts-link"' in str(v)) == []


def test_a_denial_reaches_tab_panel_and_the_waiting_cell(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    running = kernel.start_run("tts.orders(since='7d')")

    page = consent(link_in(kernel), "cancel")

    assert "Not connected" in page.text
    assert kernel.finish(running).error.ename == "AuthorizationDenied"
    kernel.wait_until(lambda: "did not authorize" in panel_text(kernel), what="the panel")


def test_cancel_in_the_idle_panel_frees_the_port_within_a_second(kernel, free_port):
    kernel.run(sandbox_login(free_port))

    kernel.click("Cancel sign-in")

    kernel.wait_until(lambda: "was cancelled" in panel_text(kernel), what="the panel")
    taken = kernel.run(
        "import socket, time\n"
        "time.sleep(0.5)\n"
        "for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):\n"
        "    with socket.socket(family) as probe:\n"
        f"        print(probe.connect_ex((host, {free_port})))"
    )
    assert "0" not in taken.stdout.split()


def test_the_stop_button_ends_the_waiting_cell_and_not_the_login(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    running = kernel.start_run("%tiktok_auth wait")
    kernel.wait_until(lambda: "Waiting for the sign-in" in str(kernel.partial(running).displays), what="the wait")

    kernel.interrupt()

    assert kernel.finish(running).error.ename == "KeyboardInterrupt"
    consent(link_in(kernel), "authorize")
    assert kernel.run("%tiktok_auth wait").status == "ok"


# the cells beside which a click gets through, and whether the front-end gives its widgets a subshell: on 6.31
# in the cell's own nested loop, on 7 in the subshell, on 7.4 also beside an await
WAITING = ("%tiktok_auth wait", "tts.shops")
ASLEEP = "import time; time.sleep(20)"
OPEN_TO_CLICKS = {
    "6.31": [(cell, False) for cell in WAITING],
    "7.3": [(cell, True) for cell in (*WAITING, ASLEEP, "await h")],
    "7.4": [*((cell, True) for cell in (*WAITING, ASLEEP, "await h")), ("await h", False)],
}


def start_beside(kernel, port: int, cell: str, has_subshell: bool) -> tuple[str, str | None]:
    """A pending login and a cell that runs beside its panel, in which nothing was clicked before."""
    subshell = kernel.create_subshell() if has_subshell else None
    kernel.run("import ipywidgets; ipywidgets.Widget.close_all()")
    kernel.run("%reload_ext tts_notebook")
    kernel.run(f"h = {sandbox_login(port)}")
    running = kernel.start_run(f"print('running')\n{cell}")
    kernel.wait_until(lambda: kernel.partial(running).stdout, what="the cell's start")
    return running, subshell


def end(kernel, running: str, cell: str) -> None:
    if cell == ASLEEP:  # the others end with the login
        kernel.interrupt()
    kernel.finish(running)


def test_a_first_click_on_cancel_gets_through_while_a_cell_runs(kernel, free_port):
    for cell, has_subshell in OPEN_TO_CLICKS[kernel.version]:
        running, subshell = start_beside(kernel, free_port, cell, has_subshell)

        kernel.click("Cancel sign-in", subshell=subshell)

        kernel.wait_until(lambda: "was cancelled" in panel_text(kernel), timeout=5, what=f"the panel beside {cell}")
        end(kernel, running, cell)


def test_an_address_pasted_while_a_cell_runs_connects_and_the_next_control_answers_too(kernel, free_port):
    for cell, has_subshell in OPEN_TO_CLICKS[kernel.version]:
        running, subshell = start_beside(kernel, free_port, cell, has_subshell)
        answer = requests.post(link_in(kernel), data={"decision": "authorize"}, timeout=10, allow_redirects=False)
        (box,) = kernel.find_widgets(_model_name="TextModel")

        kernel.set_state(box, subshell=subshell, value=answer.headers["Location"])

        kernel.wait_until(lambda: CONNECTED.search(panel_text(kernel)), timeout=5, what=f"the panel beside {cell}")
        if cell.startswith("import time"):  # the others end with the login
            kernel.click("Refresh now", subshell=subshell)
            kernel.wait_until(lambda: "Last renewed" in panel_text(kernel), timeout=5, what="the renewal")
            assert not kernel.partial(running).idle
        end(kernel, running, cell)


def test_where_no_click_gets_through_it_is_answered_when_the_stop_button_ends_the_cell(kernel, free_port):
    running, _ = start_beside(kernel, free_port, ASLEEP, False)

    kernel.click("Cancel sign-in")

    kernel.listen(0.5)
    assert "was cancelled" not in panel_text(kernel)
    assert "stop that cell" in panel_text(kernel)
    kernel.interrupt()
    assert kernel.finish(running).error.ename == "KeyboardInterrupt"
    kernel.wait_until(lambda: "was cancelled" in panel_text(kernel), what="the panel")


def test_after_a_click_beside_a_waiting_cell_the_stop_button_of_the_idle_kernel_does_not_end_it(kernel, free_port):
    cell, has_subshell = OPEN_TO_CLICKS[kernel.version][0]
    running, subshell = start_beside(kernel, free_port, cell, has_subshell)
    kernel.click("Cancel sign-in", subshell=subshell)
    assert kernel.finish(running).error.ename == "LoginCancelled"

    kernel.interrupt()

    kernel.listen(0.3)
    assert kernel.run("'alive'").result["text/plain"] == "'alive'"


def test_the_cancel_link_works_while_the_kernel_is_stuck(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    (model,) = kernel.find_widgets(value=lambda v: 'class="tts-cancel"' in str(v))
    link = unescape(re.search(r'"tts-cancel" href="([^"]+)"', kernel.widgets()[model]["value"])[1])
    stuck = kernel.start_run("import time; time.sleep(2)")

    forged = requests.get(link[:-4] + "xxxx", timeout=10)
    assert "another sign-in" in forged.text
    page = requests.get(link, timeout=10)

    assert "The sign-in was cancelled" in page.text
    kernel.wait_until(lambda: "was cancelled" in panel_text(kernel), what="the panel")
    assert kernel.partial(stuck).status == ""
    kernel.finish(stuck)


def test_cells_that_queue_behind_a_waiting_one_run_after_it_and_once(kernel, free_port):
    kernel.run(sandbox_login(free_port) + "\nran = []")
    waiting = kernel.start_run("tts.shops; ran.append(1)")
    queued = [kernel.start_run(f"ran.append({number})") for number in (2, 3)]
    (box,) = kernel.find_widgets(_model_name="TextModel")
    kernel.set_state(box, value="rubbish")
    kernel.listen(0.5)

    consent(link_in(kernel), "authorize")

    assert [kernel.finish(cell).status for cell in (waiting, *queued)] == ["ok"] * 3
    assert kernel.run("ran").result["text/plain"] == "[1, 2, 3]"


def test_an_address_pasted_at_the_hidden_prompt_finishes_the_login(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    answer = requests.post(link_in(kernel), data={"decision": "authorize"}, timeout=10, allow_redirects=False)

    done = kernel.run("%tiktok_auth paste", answers=[answer.headers["Location"]])

    assert done.status == "ok", done.error
    assert kernel.prompts[-1].password
    assert "Connected as" in str(done.displays)


def test_an_address_pasted_into_the_panel_finishes_the_login_and_is_blanked(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    answer = requests.post(link_in(kernel), data={"decision": "authorize"}, timeout=10, allow_redirects=False)
    (box,) = kernel.find_widgets(_model_name="TextModel")

    kernel.set_state(box, value=answer.headers["Location"])

    kernel.wait_until(lambda: CONNECTED.search(panel_text(kernel)), what="the panel")
    assert kernel.widgets()[box]["value"] == ""


def test_rubbish_pasted_into_the_panel_is_answered_there_and_the_login_goes_on(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    (box,) = kernel.find_widgets(_model_name="TextModel")

    kernel.set_state(box, value="rubbish")

    kernel.wait_until(lambda: "holds no authorization code" in panel_text(kernel), what="the sentence")
    assert kernel.run("h = %tiktok_auth status --json").status == "ok"
    assert "Connected as" in consent(link_in(kernel), "authorize").text


def test_await_gives_the_session_and_a_new_login_updates_the_same_one(kernel, free_port):
    kernel.run(sandbox_login(free_port, "--approve"))
    assert kernel.run("first = tts; tts.ready").result["text/plain"] == "True"

    kernel.run(f"h = {sandbox_login(free_port, '--force --approve')}")

    awaited = kernel.run("(await h) is first and tts is first")
    assert awaited.result["text/plain"] == "True", awaited.error


def test_a_variable_that_is_not_ours_is_kept_without_overwrite(kernel, free_port):
    kernel.run("tts = 'mine'")

    refused = kernel.run(sandbox_login(free_port, "--approve"))

    assert refused.error.ename == "InputError"
    assert "--overwrite" in refused.error.evalue
    assert refused.error.traceback == [f"InputError: {refused.error.evalue}"]
    assert kernel.run("tts").result["text/plain"] == "'mine'"
    kernel.run(sandbox_login(free_port, "--approve --overwrite"))
    assert kernel.run("tts.ready").result["text/plain"] == "True"


def test_unload_leaves_no_thread_socket_child_hook_magic_or_name(kernel, free_port):
    kernel.run("import threading, psutil; before = set(threading.enumerate())")
    kernel.run(sandbox_login(free_port, "--approve"))
    kernel.run(f"h = {sandbox_login(free_port, '--force')}")

    kernel.run("%unload_ext tts_notebook")

    left = kernel.run(
        "import time, json\n"
        "time.sleep(0.3)\n"
        "mine = psutil.Process()\n"
        "print(json.dumps({\n"
        "  'threads': [t.name for t in threading.enumerate() if t not in before and 'tts' in t.name],\n"
        f"  'ports': [c.laddr.port for c in mine.net_connections() if c.laddr and c.laddr.port == {free_port}"
        " and c.status == 'LISTEN'],\n"
        "  'children': [c.name() for c in mine.children() if 'python' in c.name()],\n"
        "  'name': 'tts' in globals(),\n"
        "  'magic': 'tiktok_auth' in get_ipython().magics_manager.magics['line'],\n"
        "}))"
    )
    assert json.loads(left.stdout) == {"threads": [], "ports": [], "children": [], "name": False, "magic": False}
    assert kernel.run("%reload_ext tts_notebook").status == "ok"
    assert kernel.run("%reload_ext tts_notebook").status == "ok"
    assert kernel.run("%tiktok_auth").status == "ok"


def test_tab_completes_verbs_and_options(kernel):
    assert {"login", "logout"} <= set(kernel.complete("%tiktok_auth lo"))
    assert "--sandbox" in kernel.complete("%tiktok_auth login --sa")


def test_a_wrong_verb_is_a_sentence_without_a_traceback(kernel):
    refused = kernel.run("%tiktok_auth lgoin")

    assert refused.error.traceback == [
        "InputError: There is no verb 'lgoin'. Did you mean login?",
    ]


def test_the_panel_shows_once_wherever_the_magic_stands(kernel, free_port):
    def panels(cell) -> int:
        return sum("application/vnd.jupyter.widget-view+json" in bundle for bundle in cell.displays)

    last = kernel.run(sandbox_login(free_port))
    assert (panels(last), last.result) == (1, None)

    middle = kernel.run(f"h = {sandbox_login(free_port, '--force')}\nprint('after')")
    assert (panels(middle), middle.stdout) == (1, "after\n")


def test_after_the_sign_in_a_picture_without_widgets_stands_in_the_notebook(kernel, free_port):
    shown = kernel.run(sandbox_login(free_port))

    consent(link_in(kernel), "authorize")
    kernel.run("%tiktok_auth wait")

    (bundle,) = shown.displays
    assert set(bundle) == {"text/html", "text/plain"}
    assert "Connected as" in bundle["text/html"]
    assert "Authorized until" in bundle["text/plain"]
    alive = kernel.run("%tiktok_auth panel")
    assert "application/vnd.jupyter.widget-view+json" in alive.displays[0]


def test_no_output_holds_a_secret_and_the_link_is_blanked_after_its_use(kernel, free_port):
    kernel.run(sandbox_login(free_port))
    url = link_in(kernel)
    state = re.search(r"state=([^&]+)", url)[1]
    consent(url, "authorize")
    kernel.run("%tiktok_auth wait")
    for line in ("%tiktok_auth status", "%tiktok_auth status --json", "tts", "%tiktok_auth refresh", "%tiktok_auth"):
        kernel.run(line)
    kernel.run("r = tts.get('/authorization/202309/shops'); print(r.request.headers, vars(r.request))")
    kernel.run("print(vars(tts)); import logging; logging.basicConfig(level=10)")
    secrets = kernel.run(
        "k = tts._keeper; print(k.token.access_token, k.token.refresh_token, k.endpoint.app_secret, sep='\\n')"
    ).stdout.split()
    shown = [m for m in kernel.messages if not m["content"].get("text", "").startswith(secrets[0])]

    outputs = json.dumps([m for m in shown if not m["type"].startswith("comm_")])
    widgets = json.dumps(list(kernel.widgets().values()))
    for secret in (*secrets, state):
        assert secret not in outputs
        assert secret not in widgets


def test_without_a_person_login_raises_within_a_second_and_names_the_remedies(start_kernel):
    kernel = start_kernel(
        interactive=False, env={"TTS_APP_KEY": "key", "TTS_APP_SECRET": "s3cret", "TTS_SERVICE_ID": "7"}
    )
    kernel.run("%load_ext tts_notebook\nimport tts_notebook.notebook.connections, pandas")
    begin = time.monotonic()

    refused = kernel.run("%tiktok_auth login")

    assert time.monotonic() - begin < 1
    assert refused.error.ename == "LoginRequired"
    assert "TTS_REFRESH_TOKEN" in refused.error.evalue
    assert "--sandbox" in refused.error.evalue


def test_without_a_person_the_sandbox_consents_by_itself(start_kernel, free_port):
    kernel = start_kernel(interactive=False)
    kernel.run("%load_ext tts_notebook")

    done = kernel.run(sandbox_login(free_port))

    assert done.status == "ok", done.error
    assert "Connected as" in str(done.displays)
    assert kernel.run("len(tts.orders(since='30d')) > 0").result["text/plain"] == "True"


def test_the_sandbox_ends_with_a_killed_kernel(start_kernel, free_port):
    kernel = start_kernel()
    kernel.run("%load_ext tts_notebook")
    kernel.run(sandbox_login(free_port, "--approve"))
    (own,) = [process for process in kernel.processes() if process.pid == kernel.pid]
    children = [p for p in own.children() if "tts_notebook.sandbox" in " ".join(p.cmdline())]

    kernel.kill()

    assert len(children) == 1
    children[0].wait(5)


def test_a_stored_login_is_adopted_by_the_next_kernel_and_nobody_is_asked(start_kernel, sandbox, free_port):
    env = sandbox.environment(free_port)
    first = start_kernel(env=env)
    first.run("%load_ext tts_notebook")
    first.run("%tiktok_auth login")
    consent(link_in(first), "authorize", port=free_port)
    first.run("%tiktok_auth wait")

    second = start_kernel(env=env, interactive=False)
    second.run("%load_ext tts_notebook")
    adopted = second.run("%tiktok_auth login")

    assert adopted.status == "ok", adopted.error
    assert second.run("tts.ready, len(tts.shops)").result["text/plain"] == "(True, 1)"
    assert "token.json" in str(second.run("%tiktok_auth status").displays)
    assert "forgotten" in str(first.run("%tiktok_auth logout").displays)
