"""The JupyterLab harness sees, clicks and saves what a person would."""

from __future__ import annotations

import http.server
import json
import threading

import pytest
from playwright.sync_api import expect

from tests.harness.kernels import VERSIONS

PANEL = """
import threading, ipywidgets
status = ipywidgets.HTML("fresh")
button = ipywidgets.Button(description="Go")
button.on_click(lambda _: setattr(status, "value", "clicked"))
link = ipywidgets.HTML('<a href="{url}" target="_blank" rel="noopener noreferrer">Sign in</a>')
ipywidgets.VBox([link, button, status])
"""
BLOCK = """
import time
threading.Timer(0.3, lambda: setattr(status, "value", "from a thread")).start()
while True:
    time.sleep(0.05)
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_clicks_threads_and_the_stop_button_work_on_every_ipykernel(open_notebook, version):
    notebook = open_notebook(PANEL, "import ipykernel; ipykernel.__version__", BLOCK, kernel=version)

    notebook.run(0)
    notebook.run(1)
    notebook.button("Go").click()

    expect(notebook.html("clicked")).to_be_visible()
    assert notebook.output_text(1).startswith(f"'{version}.")

    notebook.run(2, wait=False)
    expect(notebook.html("from a thread")).to_be_visible()
    assert notebook.prompt(2) == "[*]:"
    notebook.interrupt()
    notebook.wait_for_cell(2)
    expect(notebook.output(2)).to_contain_text("KeyboardInterrupt")
    assert notebook.errors == []


def test_a_link_opens_a_tab_and_a_reload_keeps_the_panel(open_notebook):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<title>Consent</title><h1>Hello</h1>")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        notebook = open_notebook(PANEL.format(url=f"http://127.0.0.1:{server.server_port}/"))
        notebook.run(0)

        tab = notebook.open_tab(notebook.link("Sign in"))

        assert tab.title() == "Consent"
        server.shutdown()
    saved = notebook.save()
    assert "".join(saved["cells"][0]["outputs"][0]["data"]["text/plain"]).startswith("VBox(")
    notebook.reload()
    expect(notebook.button("Go")).to_be_visible()
    assert notebook.errors == []


def test_run_all_a_restart_a_prompt_and_the_environment_of_a_notebook(open_notebook):
    notebook = open_notebook(
        "import os; os.environ['TTS_PROFILE']", "print(sorted(n for n in os.environ if n.startswith('TTS_')))",
        env={"TTS_PROFILE": "of-this-test"},
    )  # fmt: skip

    notebook.run_all()
    notebook.wait_until_idle()
    notebook.restart_kernel()
    added = notebook.append("print('os' in globals(), input('Name? '))")
    notebook.run(added, wait=False)
    notebook.answer("Ada")
    notebook.wait_for_cell(added)

    assert notebook.output_text(0) == "'of-this-test'"
    assert "TTS_HOME" in notebook.output_text(1)
    assert notebook.prompt(added) == "[1]:"
    assert notebook.output_text(added).count("False Ada") == 1


def test_a_picture_shows_the_dark_theme(open_notebook):
    notebook = open_notebook(PANEL)
    notebook.run(0)

    notebook.use_dark_theme()

    assert notebook.screenshot("harness-dark").stat().st_size > 10_000
    assert json.loads(notebook.path.read_text())["cells"][0]["outputs"] == []
