from __future__ import annotations

import pytest

from tests.harness.kernels import Kernel
from tts_notebook.notebook.pull import complete, help_text

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    directory = tmp_path_factory.mktemp("kernel")
    with Kernel.start(directory=directory, env={"TTS_HOME": str(directory / "home")}) as kernel:
        kernel.run("%load_ext tts_notebook")
        yield kernel


@pytest.fixture
def logged_in(kernel, free_port):
    done = kernel.run(f"%tiktok_auth login --sandbox --approve --port {free_port}")
    assert done.status == "ok", done.error
    return kernel


def test_a_table_goes_into_the_variable_that_is_named(logged_in):
    done = logged_in.run("%tiktok_pull orders --since 7d --status CANCELLED,COMPLETED -o some\nprint(len(some) > 0)")

    assert done.stdout == "True\n", done.error
    assert done.result is None


def test_without_a_variable_the_table_is_the_cells_result(logged_in):
    shown = logged_in.run("%tiktok_pull order_items --since 2d")

    assert "text/html" in shown.result


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ordrs", "Did you mean orders"),
        ("orders --sinse 7d", "Did you mean --since"),
        ("orders --since 7d --until 2020-01-01", "until"),
        ("orders --status LOST", "LOST"),
        ("orders --shops XX", "XX is not a shop"),
        ("orders -o not-a-name", "cannot be a variable"),
        ("", "Name a table"),
        ("authorized_shops --status X", "has no option --status"),
    ],
)
def test_a_slip_is_a_sentence_without_a_traceback(logged_in, line, sentence):
    refused = logged_in.run(f"%tiktok_pull {line}")

    assert sentence in refused.error.evalue
    assert len(refused.error.traceback) == 1


def test_without_a_login_it_says_so(start_kernel):
    kernel = start_kernel()
    kernel.run("%load_ext tts_notebook")

    assert kernel.run("%tiktok_pull orders").error.ename == "LoginRequired"


def test_tab_offers_tables_and_the_options_of_the_table(kernel):
    assert {"orders", "order_items"} <= set(complete("%tiktok_pull or", "or"))
    assert complete("%tiktok_pull orders --st", "--st") == ["--status"]
    assert "CANCELLED" in complete("%tiktok_pull orders --status ", "")
    assert complete("%tiktok_pull nonsense --", "--") == []
    assert {"orders", "order_items"} <= set(kernel.complete("%tiktok_pull or"))


def test_help_names_every_option():
    for option in ("--since", "--until", "--by", "--status", "--shops", "--tz", "-o"):
        assert option in help_text()
