"""Long pulls in JupyterLab and Chromium: what somebody sees who waits, stops and goes on."""

from __future__ import annotations

import re
import time

import requests
from playwright.sync_api import expect

LOGIN = "%load_ext tts_notebook\nh = %tiktok_auth login\nprint(h.url)\ntts = h.session"


def signed_in(open_notebook, start_sandbox, free_port, *cells):
    """A notebook that is connected to a TikTok Shop far away, which gives ten answers a second."""
    options = ("--auto-approve", "--orders", "9000", "--latency-ms", "300", "--rate-limit", "10", "--days", "30")
    sandbox = start_sandbox(*options, "--redirect-uri", f"http://localhost:{free_port}/")
    notebook = open_notebook(LOGIN, *cells, env=sandbox.environment(free_port))
    notebook.run(0)
    requests.get(re.search(r"http\S+", notebook.output_text(0))[0], timeout=10)
    expect(notebook.html("Connected as")).to_be_visible()
    return notebook


def test_i_see_how_far_a_long_pull_is_stop_it_and_am_told_what_is_kept(open_notebook, start_sandbox, free_port):
    sync = 'tts.sync("orders", into="data/orders")'
    notebook = signed_in(open_notebook, start_sandbox, free_port, sync, sync)

    notebook.run(1, wait=False)
    shown = re.compile(r"orders:\s+\d+%\s+[1-9]\d*/\d{4}\s.*rows/s,\s\d+\srequests/s")
    expect(notebook.output(1)).to_contain_text(shown, timeout=15_000)
    notebook.screenshot("20-long-pull")
    pressed = time.monotonic()
    notebook.interrupt()
    expect(notebook.output(1)).to_contain_text("What was read is kept")
    stopped = time.monotonic() - pressed
    notebook.screenshot("21-stopped")
    notebook.run(2, timeout=60)

    expect(notebook.output(2)).to_contain_text("went on where the last one ended")
    expect(notebook.output(2).get_by_text("requests/s")).to_have_count(0)  # the bar of what went well goes
    notebook.screenshot("22-went-on")
    assert "Traceback" not in notebook.output_text(1)
    assert stopped < 3  # the browser's own way to the kernel and back included
