"""The kernel harness tells the truth about cells, widgets and prompts, on every ipykernel."""

from __future__ import annotations

import time

import pytest

from tests.harness.kernels import VERSIONS, Kernel

pytestmark = pytest.mark.kernel

PANEL = """
import threading, ipywidgets
ipywidgets.Widget.close_all()
log, box = ipywidgets.HTML("fresh"), ipywidgets.Text()
button = ipywidgets.Button(description="Go")
def clicked(_):
    log.value = f"clicked with {box.value}"
button.on_click(clicked)
display(ipywidgets.VBox([button, box, log]))
"""


@pytest.fixture(scope="module", params=VERSIONS)
def kernel(request, tmp_path_factory):
    """One kernel of each version for all tests here: each of them starts from a state it sets up itself."""
    with Kernel.start(request.param, directory=tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


def test_a_kernel_runs_the_version_it_was_started_as(kernel):
    said = kernel.run("import ipykernel; print(ipykernel.__version__)")

    assert said.stdout.startswith(f"{kernel.version}.")
    assert kernel.run("import sys; sys.version_info[:2]").result["text/plain"].startswith("(3, ")


def test_a_result_holds_everything_a_cell_put_out(kernel):
    result = kernel.run(
        "import sys\n"
        "shown = display('one', display_id=True)\n"
        "print('out'); print('err', file=sys.stderr)\n"
        "shown.update('two')\n"
        "1 / 0"
    )

    assert (result.stdout, result.stderr, result.status) == ("out\n", "err\n", "error")
    assert [bundle["text/plain"] for bundle in result.displays] == ["'two'"]
    assert (result.error.ename, result.error.evalue) == ("ZeroDivisionError", "division by zero")


def test_a_click_and_a_typed_text_reach_python(kernel):
    kernel.run(PANEL)

    kernel.set_state(kernel.find_widgets(_model_name="TextModel")[0], value="abc")
    kernel.click("Go")

    kernel.wait_until(lambda: kernel.find_widgets(value="clicked with abc"), what="the handler")


def test_a_thread_reaches_the_front_end_while_a_cell_blocks_the_kernel(kernel):
    kernel.run(PANEL)

    running = kernel.start_run(
        "import time\n"
        "def work():\n"
        "    log.value = 'from a thread'\n"
        "threading.Thread(target=work).start()\n"
        "while True:\n"
        "    time.sleep(0.05)"
    )
    kernel.wait_until(lambda: kernel.find_widgets(value="from a thread"), what="the thread")
    assert kernel.partial(running).status == ""

    kernel.interrupt()
    assert kernel.finish(running).error.ename == "KeyboardInterrupt"


def test_a_prompt_gets_the_answer_of_the_test(kernel):
    result = kernel.run("import getpass; print(getpass.getpass('Secret? ')[::-1])", answers=["abc"])

    assert result.stdout == "cba\n"
    assert [(prompt.text, prompt.password) for prompt in kernel.prompts] == [("Secret? ", True)]


def test_a_headless_kernel_cannot_ask(start_kernel):
    headless = start_kernel(interactive=False)

    assert headless.run("input('Name? ')").error.ename == "StdinNotImplementedError"


def test_a_click_in_a_subshell_is_answered_while_a_cell_blocks_ipykernel_7_3(start_kernel):
    kernel = start_kernel("7.3")
    kernel.run(PANEL)

    running = kernel.start_run("import time; print('begun', flush=True); time.sleep(60)")
    kernel.wait_until(lambda: kernel.partial(running).stdout, what="the cell")  # no stop ends one that has not begun
    kernel.click("Go", subshell=kernel.create_subshell())
    kernel.wait_until(lambda: kernel.find_widgets(value="clicked with "), what="the handler")

    kernel.interrupt()
    kernel.finish(running)


def test_tab_offers_what_the_kernel_knows(start_kernel):
    kernel = start_kernel()
    kernel.run("a_name_of_ours = 1")

    assert "a_name_of_ours" in kernel.complete("a_name_of")


def test_a_stopped_kernel_leaves_no_process(start_kernel):
    kernel = start_kernel()
    kernel.run("import subprocess; child = subprocess.Popen(['sleep', '300'])")
    assert len(kernel.processes()) == 2

    kernel.stop()

    deadline = time.monotonic() + 5
    while kernel.processes() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert kernel.processes() == []
