from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.errors import InputError
from tts_notebook.notebook.command_line import VERBS, complete, help_text, options_of, parse_line


def test_a_wrong_verb_names_the_closest_one():
    with pytest.raises(InputError, match=r"no verb 'logn'\. Did you mean login\?"):
        parse_line("logn --sandbox")


def test_a_wrong_verb_that_is_like_no_other_lists_them_all():
    with pytest.raises(InputError, match=r"no verb 'xyzzy'.*There are: login, wait, cancel"):
        parse_line("xyzzy")


def test_a_wrong_option_names_the_closest_one():
    with pytest.raises(InputError, match=r"login has no option --sandbx\. Did you mean --sandbox\?"):
        parse_line("login --sandbx")


def test_an_option_of_another_verb_is_refused():
    with pytest.raises(InputError, match="cancel has no option --sandbox"):
        parse_line("cancel --sandbox")


def test_an_option_without_its_value_says_so():
    with pytest.raises(InputError, match=r"Argument --profile: expected one argument.*help lists"):
        parse_line("login --profile")


def test_an_unclosed_quotation_mark_is_a_sentence():
    with pytest.raises(InputError, match="quotation mark is not closed"):
        parse_line("login --token-file 'a b")


def test_a_quoted_path_keeps_its_space():
    assert parse_line("login --token-file 'a b.json'").token_file == "a b.json"


def test_the_defaults_are_the_documented_ones():
    login = parse_line("login")

    assert (login.name, login.timeout, login.sandbox, login.force) == ("tts", "300", False, False)


def test_help_names_every_verb_and_every_login_option():
    text = help_text()

    for word in (*VERBS, *options_of("login")):
        assert word in text


@given(line=st.text())
def test_no_line_ends_the_kernel_or_shows_a_traceback(line):
    with suppress(InputError):
        parse_line(line)


@pytest.mark.parametrize(
    ("line", "symbol", "offered"),
    [
        ("%tiktok_auth lo", "lo", ["login", "logout"]),
        ("%tiktok_auth login --sa", "--sa", ["--sandbox"]),
        ("%tiktok_auth login --sandbox --sa", "--sa", []),
        ("%tiktok_auth login --profile ", "", ["default", "shop-b"]),
        ("%tiktok_auth status --profile sh", "sh", ["shop-b"]),
        ("%tiktok_auth login --market ", "", ["global", "us"]),
        ("%tiktok_auth nonsense --", "--", []),
    ],
)
def test_tab_offers_verbs_options_and_profiles(line, symbol, offered):
    assert complete(line, symbol, ["default", "shop-b"]) == offered
