"""What a person pastes, in the forms in which browsers, chats and mails hand it over."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.auth.tokens import CODE, STATE, secrets_in
from tts_notebook.auth.pasted import parse_pasted
from tts_notebook.errors import InputError

QUERY = f"app_key=6kcdemo&code={CODE}&locale=en-GB&shop_region=GB&state={STATE}"


@pytest.mark.parametrize(
    "text",
    [
        f"http://localhost:3017/?{QUERY}",
        f"  <http://localhost:3017/?{QUERY}>\n",
        f'"http://localhost:3017/?{QUERY}"',
        f"`http://[::1]:3017/?{QUERY}`",
        f"http://localhost:3017/?{QUERY}#_=_",
        f"https://example.test/callback?{QUERY}",
        f"localhost:3017/?{QUERY}",  # as an address bar shows it
        f"/?{QUERY}",
        f"?{QUERY}",
        QUERY,
        f"#{QUERY}",
        f"https://example.test/#{QUERY}",
        f"https://example.test/a=b?{QUERY}",
        f"http://localhost:3017/?{QUERY[:30]}\r\n  {QUERY[30:]}",  # broken by a mail
    ],
)
def test_every_form_of_the_redirects_address_is_read(text):
    query = parse_pasted(text)

    assert query["code"] == CODE
    assert query["state"] == STATE
    assert query["app_key"] == "6kcdemo"


@pytest.mark.parametrize("code", [CODE, "TTP_FeBoANmHP3yqdoUI9fZOCw", "GCP_a+b/c=="])
def test_a_bare_code_is_read(code):
    assert parse_pasted(f" {code}\n") == {"code": code}


def test_a_denial_is_read_as_one():
    assert parse_pasted(f"http://localhost:3017/?code=null&error=auth_denied&state={STATE}")["error"] == "auth_denied"


def test_the_first_of_repeated_parameters_counts():
    assert parse_pasted(f"?code={CODE}&code=forged")["code"] == CODE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Nothing was pasted"),
        ("  \n", "Nothing was pasted"),
        ("'\"", "Nothing was pasted"),
        ("hello", "holds no authorization code"),
        ("http://localhost:3017/", "holds no authorization code"),
        ("http://[::1/?a=b", "holds no authorization code"),
        (f"https://services.tiktokshop.com/open/authorize?service_id=7&state={STATE}", "the sign-in link itself"),
        ("x" * 9000, "too long for an address"),
    ],
)
def test_what_holds_no_redirect_is_refused_with_advice_and_without_being_repeated(text, sentence):
    with pytest.raises(InputError, match=f"{sentence}.*Paste the whole address") as refused:
        parse_pasted(text)
    assert secrets_in(str(refused.value)) == []


@given(st.text())
def test_whatever_is_pasted_is_read_or_refused_in_a_sentence(text):
    with suppress(InputError):
        query = parse_pasted(text)

        assert "code" in query or "error" in query
