"""What must not break a sign-in in the browser: a second notebook, Cancel, a restart, a keyboard, other front-ends."""

from __future__ import annotations

import re

import pytest
import requests
from playwright.sync_api import Page, expect

LINK = "Sign in to TikTok Shop (opens a new tab)"
CANCEL_LINK = "cancel by link"
KERNELS = "@jupyterlab/apputils-extension/kernels-settings"
HEADLINE = ".tts-headline"


@pytest.fixture
def login_cell(free_port) -> str:
    return f"%load_ext tts_notebook\nh = %tiktok_auth login --sandbox --port {free_port}"


def authorize(notebook) -> Page:
    tab = notebook.open_tab(notebook.link(LINK))
    tab.get_by_role("button", name="Authorize", exact=True).click()
    expect(tab.get_by_role("heading", name="Connected as")).to_be_visible()
    return tab


def test_two_notebooks_sign_in_on_one_port_in_crossed_order(open_notebook, start_sandbox, free_port):
    own = start_sandbox("--orders", "10", "--redirect-uri", f"http://localhost:{free_port}/")
    cell = "%load_ext tts_notebook\n%tiktok_auth login --profile {}"
    one = open_notebook(cell.format("one"), env=own.environment(free_port))
    other = open_notebook(cell.format("other"), env=own.environment(free_port))
    one.run(0)
    other.run(0)

    for notebook in (other, one):
        notebook.page.bring_to_front()
        authorize(notebook)
        expect(notebook.output(0)).to_contain_text("Connected as")

    assert one.errors == other.errors == []


# where each kernel lets a click through while a cell waits; the link works everywhere
WAYS = {
    "6.31": [("%tiktok_auth wait", "button")],
    "7.4": [("%tiktok_auth wait", "button"), ("%tiktok_auth wait", "link"), ("await h", "button")],
}


@pytest.mark.parametrize("version", WAYS)
def test_i_cancel_while_a_cell_waits(open_notebook, login_cell, version):
    notebook = open_notebook(
        login_cell, *(f"print('running')\n{waiting}" for waiting, _ in WAYS[version]), kernel=version
    )

    for number, (_, way) in enumerate(WAYS[version], start=1):
        notebook.run(0)
        expect(notebook.link(LINK)).to_be_visible()
        notebook.run(number, wait=False)
        expect(notebook.output(number)).to_contain_text("running")
        assert notebook.prompt(number) == "[*]:"
        if way == "button":
            notebook.button("Cancel sign-in").click()
        else:
            tab = notebook.open_tab(notebook.link(CANCEL_LINK))
            expect(tab.get_by_text("The sign-in was cancelled")).to_be_visible()
            tab.close()
        notebook.wait_for_cell(number)
        expect(notebook.output(number)).to_contain_text("LoginCancelled")


def test_i_paste_the_address_while_a_cell_waits(open_notebook, login_cell):
    notebook = open_notebook(login_cell, "orders = tts.orders(since='7d', progress=False)\nlen(orders) > 0")
    notebook.run(0)
    url = notebook.link(LINK).get_attribute("href")
    answer = requests.post(url, data={"decision": "authorize"}, timeout=10, allow_redirects=False)
    notebook.run(1, wait=False)
    expect(notebook.output(1)).to_contain_text("Waiting for the sign-in")

    notebook.page.get_by_role("textbox", name="Address").fill(answer.headers["Location"])
    notebook.button("Use address").click()

    expect(notebook.output(0)).to_contain_text("Connected as")
    notebook.wait_for_cell(1)
    expect(notebook.output(1)).to_contain_text("True")


def test_a_restart_while_it_waits_frees_the_port_and_a_new_sign_in_works(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    notebook.run(0)
    expect(notebook.link(LINK)).to_be_visible()

    notebook.restart_kernel()
    notebook.run(0)
    notebook.button("Cancel sign-in").click()
    expect(notebook.html("The sign-in was cancelled")).to_be_visible()
    notebook.run(0)
    expect(notebook.output(0)).to_contain_text("Waiting for you to authorize")  # its failure says what stands there
    authorize(notebook)
    expect(notebook.output(0)).to_contain_text("Connected as")


def test_a_saved_notebook_reads_well_when_it_is_opened_without_its_kernel(open_notebook, login_cell, lab, context):
    notebook = open_notebook(login_cell, 'tts.orders(since="7d", progress=False)[["order_id"]].head(3)')
    notebook.run(0)
    authorize(notebook)
    expect(notebook.output(0)).to_contain_text("Connected as")
    notebook.run(1)
    notebook.save()
    notebook.page.close()
    lab.end_kernels()

    reopened = lab.open_file(context, notebook.path)

    expect(reopened.output(0)).to_contain_text("Connected as")
    expect(reopened.output(0)).to_contain_text("Authorized until")
    expect(reopened.output(1).locator("table tbody tr")).to_have_count(3)
    for trouble in ("Error displaying widget", "Loading widget", "model not found"):
        expect(reopened.page.get_by_text(trouble)).to_have_count(0)
    reopened.screenshot("10-reopened")


def names_of_controls(notebook) -> dict[str, list[str]]:
    """What a screen reader says of each control in the outputs, by role."""
    found: dict[str, list[str]] = {}
    for area in notebook._outputs.all():
        for role, name in re.findall(r'- (button|link|textbox|checkbox|combobox)(?: "([^"]*)")?', area.aria_snapshot()):
            found.setdefault(role, []).append(name)
    return found


def test_every_control_has_a_role_and_a_name(open_notebook, login_cell):
    notebook = open_notebook(login_cell, "%tiktok_auth panel")
    notebook.run(0)
    expect(notebook.link(LINK)).to_be_visible()

    waiting = names_of_controls(notebook)
    authorize(notebook)
    expect(notebook.output(0)).to_contain_text("Connected as")
    notebook.run(1)
    expect(notebook.button("Refresh now")).to_be_visible()
    connected = names_of_controls(notebook)

    assert waiting["link"] == [LINK, CANCEL_LINK]
    assert waiting["button"] == ["Cancel sign-in", "Use address"]
    assert waiting["textbox"] == ["Address"]
    assert {"Refresh now", "Log out"} <= set(connected["button"])
    assert all(name for names in (*waiting.values(), *connected.values()) for name in names)
    expect(notebook.page.get_by_role("status").first).to_contain_text("Connected as")


def test_the_keyboard_alone_signs_in(open_notebook, login_cell):
    notebook = open_notebook(login_cell)
    page = notebook.page

    page.keyboard.press("Shift+Enter")  # a notebook that opens has its first cell in focus
    expect(notebook.link(LINK)).to_be_visible()
    page.keyboard.press("Escape")  # from writing in the new cell below to moving about
    tab_to(page, LINK, "Shift+Tab")
    with notebook.context.expect_page() as opened:
        page.keyboard.press("Enter")
    consent = opened.value
    consent.wait_for_load_state()
    tab_to(consent, "Authorize", "Tab")
    consent.keyboard.press("Enter")

    expect(consent.get_by_role("heading", name="Connected as")).to_be_visible()
    expect(notebook.output(0)).to_contain_text("Connected as")


def tab_to(page: Page, text: str, key: str) -> None:
    for _ in range(80):
        if page.evaluate("document.activeElement?.textContent?.trim()") == text:
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not reach {text!r}.")


def test_without_subshells_for_widgets_buttons_and_sign_in_work(open_notebook, login_cell, lab):
    # a front-end that sends widget messages to the kernel's main shell, as most others than JupyterLab do
    lab._write_setting(KERNELS, {"commsOverSubshells": "disabled"})
    try:
        notebook = open_notebook(login_cell)
    finally:
        lab._write_setting(KERNELS, {})
    notebook.run(0)
    notebook.button("Cancel sign-in").click()
    expect(notebook.html("The sign-in was cancelled")).to_be_visible()

    notebook.run(0)
    waiting = notebook.append("%tiktok_auth wait")
    notebook.run(waiting, wait=False)
    expect(notebook.output(waiting)).to_contain_text("Waiting for the sign-in")
    authorize(notebook)

    notebook.wait_for_cell(waiting)
    expect(notebook.output(0)).to_contain_text("Connected as")


def test_in_notebook_7_i_sign_in_and_see_my_orders(login_cell, lab, context, tmp_path, request):
    request.addfinalizer(lab.end_kernels)
    notebook = lab.write(
        [login_cell, 'tts.orders(since="7d", progress=False)[["order_id"]].head(3)'],
        env={"TTS_HOME": str(tmp_path / "tts-home")},
    )
    page = context.new_page()
    page.goto(f"{lab.url}/notebooks/{notebook.name}?token={lab._token}")
    cells = page.locator(".jp-Notebook-cell")
    expect(cells).to_have_count(2, timeout=30_000)
    expect(page.locator(".jp-NotebookKernelStatus-error")).to_have_count(0)

    cells.nth(0).locator(".cm-content").click()
    link = page.get_by_role("link", name=LINK, exact=True)
    for _ in range(5):  # a first command may come before the kernel is there
        page.keyboard.press("Control+Enter")
        try:
            expect(link).to_be_visible(timeout=5000)
        except AssertionError:
            continue
        break
    with context.expect_page() as opened:
        link.click()
    opened.value.get_by_role("button", name="Authorize", exact=True).click()
    expect(cells.nth(0)).to_contain_text("Connected as")
    cells.nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")

    expect(cells.nth(1).locator("table tbody tr")).to_have_count(3)
