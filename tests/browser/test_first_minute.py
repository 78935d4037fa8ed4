"""The first minute in JupyterLab and Chromium: each test is a seller's sentence and leaves a picture."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.harness.places import REPOSITORY

LINK = "Sign in to TikTok Shop (opens a new tab)"
ORDERS = (
    'orders = tts.orders(since="30d")\norders[["order_id", "created_at", "status", "currency", "total_amount"]].head()'
)


@pytest.fixture
def login_cell(free_port) -> str:
    return f"%load_ext tts_notebook\n%tiktok_auth login --sandbox --port {free_port}"


def authorize(notebook, *, press: str = "Authorize"):
    """Click the sign-in link and press a button of the consent page in the new tab."""
    tab = notebook.open_tab(notebook.link(LINK))
    tab.get_by_role("button", name=press, exact=True).click()
    return tab


def test_i_click_authorize_and_my_orders_are_there(open_notebook, login_cell):
    notebook = open_notebook(login_cell, ORDERS)
    notebook.run(0)
    notebook.screenshot("1-waiting")
    tab = notebook.open_tab(notebook.link(LINK))
    notebook.screenshot("2-consent", of=tab)

    tab.get_by_role("button", name="Authorize", exact=True).click()

    expect(tab.get_by_role("heading", name="Connected as")).to_be_visible()
    notebook.screenshot("3-callback", of=tab)
    expect(notebook.html("Connected as")).to_be_visible()
    expect(notebook.html("Authorized until")).to_be_visible()
    expect(notebook.link(LINK)).to_have_count(0)
    notebook.run(1)
    expect(notebook.output(1).locator("table.dataframe tbody tr")).to_have_count(5)
    notebook.screenshot("4-orders")
    notebook.screenshot("4-panel", of=notebook.page.locator(".tts-panel"))
    assert notebook.errors == []


def test_i_press_cancel_and_tab_and_panel_say_so(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    notebook.run(0)

    tab = authorize(notebook, press="Cancel")

    expect(tab.get_by_role("heading", name="Not connected")).to_be_visible()
    notebook.screenshot("5-denied-tab", of=tab)
    expect(notebook.html("The seller did not authorize the app")).to_be_visible()
    notebook.screenshot("5-denied")


@pytest.mark.parametrize("version", ["6.31", "7.4"])
def test_run_all_waits_for_my_click_and_goes_on_by_itself(open_notebook, login_cell, version):
    notebook = open_notebook(login_cell, ORDERS, "print('the last cell ran')", kernel=version)
    notebook.run_all()
    expect(notebook.output(1)).to_contain_text("Waiting for the sign-in in the panel")
    assert notebook.prompt(1) == "[*]:"

    authorize(notebook)

    notebook.wait_for_cell(2)
    assert notebook.output_text(2) == "the last cell ran"
    expect(notebook.html("Connected as")).to_be_visible()
    notebook.screenshot(f"6-run-all-{version}")


def test_i_reload_the_page_while_it_waits_and_the_link_still_works(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    notebook.run(0)
    expect(notebook.link(LINK)).to_be_visible()

    notebook.save()
    notebook.reload()

    expect(notebook.link(LINK)).to_be_visible()
    authorize(notebook)
    expect(notebook.html("Connected as")).to_be_visible()


def test_i_cancel_in_the_panel(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    notebook.run(0)

    notebook.button("Cancel sign-in").click()

    expect(notebook.html("The sign-in was cancelled")).to_be_visible()
    expect(notebook.link(LINK)).to_have_count(0)
    notebook.screenshot("7-cancelled")


def test_i_paste_the_address_into_the_panel(open_notebook, login_cell, context):
    notebook = open_notebook(login_cell)
    notebook.run(0)
    url = notebook.link(LINK).get_attribute("href")
    answer = context.request.post(url, form={"decision": "authorize"}, max_redirects=0)

    notebook.page.get_by_label("Address", exact=True).fill(answer.headers["location"])
    notebook.button("Use address").click()

    expect(notebook.html("Connected as")).to_be_visible()
    expect(notebook.page.get_by_label("Address", exact=True)).to_be_hidden()


def test_the_dark_theme_is_readable(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    notebook.use_dark_theme()
    notebook.run(0)
    expect(notebook.link(LINK)).to_be_visible()
    notebook.screenshot("8-dark-waiting")

    authorize(notebook)

    expect(notebook.html("Connected as")).to_be_visible()
    notebook.screenshot("8-dark-connected")
    text, background = notebook.page.evaluate(
        """() => {
            const headline = document.querySelector('.tts-headline');
            const panel = document.querySelector('.tts-panel');
            return [getComputedStyle(headline).color, getComputedStyle(panel).backgroundColor];
        }"""
    )
    assert contrast(text, background) >= 4.5


def test_the_keyboard_alone_reaches_link_and_buttons(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    notebook.run(0)
    notebook.link(LINK).focus()

    notebook.page.keyboard.press("Tab")

    focused = notebook.page.evaluate("document.activeElement.textContent")
    assert focused == "Cancel sign-in"
    notebook.page.keyboard.press("Enter")
    expect(notebook.html("The sign-in was cancelled")).to_be_visible()


def test_the_saved_notebook_holds_no_state_code_token_or_secret(open_notebook, login_cell):
    canaries = "import json\nk = tts._keeper\nopen('canaries.json', 'w').write(json.dumps([k.token.access_token, k.token.refresh_token, k.endpoint.app_secret]))"  # noqa: E501
    notebook = open_notebook(login_cell, canaries + ";", "%tiktok_auth status", ORDERS)
    notebook.run(0)
    pending = json.dumps(notebook.save())
    state = parse_qs(urlsplit(notebook.link(LINK).get_attribute("href")).query)["state"][0]
    tab = authorize(notebook)
    expect(tab.get_by_role("heading", name="Connected as")).to_be_visible()
    code = parse_qs(urlsplit(tab.url).query)["code"][0]
    for number in (1, 2, 3):
        notebook.run(number)

    connected = json.dumps(notebook.save())

    secrets = json.loads((notebook.path.parent / "canaries.json").read_text())
    assert state not in pending
    assert "TikTok Shop sign-in panel" in pending
    for secret in (state, code, *secrets):
        assert secret not in connected


def test_the_quickstart_notebook_runs_from_the_first_to_the_last_cell(open_notebook, free_port):
    cells = [
        "".join(cell["source"])
        for cell in json.loads((REPOSITORY / "notebooks" / "quickstart.ipynb").read_text())["cells"]
        if cell["cell_type"] == "code"
    ]
    # only the port differs: another login may hold the default one on this machine
    cells[0] = cells[0].replace("--sandbox", f"--sandbox --port {free_port}")
    notebook = open_notebook(*cells)
    notebook.run_all()

    authorize(notebook)

    notebook.wait_for_cell(len(cells) - 1, timeout=60)
    expect(notebook.output(2).locator("img")).to_be_visible()
    expect(notebook.output(3).locator("table tbody tr")).to_have_count(10)
    notebook.output(2).scroll_into_view_if_needed()
    notebook.screenshot("9-quickstart-chart")
    notebook.output(3).scroll_into_view_if_needed()
    notebook.screenshot("9-quickstart-best-sellers")


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two CSS colours."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)
