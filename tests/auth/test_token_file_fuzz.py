"""Whatever a token file holds, it is a token or a sentence of ours."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.auth.tokens import NOW, envelope
from tests.harness.examples import examples
from tts_notebook.auth.store import FileStore, read_json
from tts_notebook.auth.token import Token
from tts_notebook.errors import TTSError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = sorted(envelope()["data"])
# a real response in which some things are something else
ODD = st.builds(
    lambda outer, data: {**envelope(), **outer, "data": {**envelope()["data"], **data}} if "data" not in outer
    else {**envelope(), **outer},
    st.dictionaries(st.sampled_from(["code", "message", "request_id", "data", "tts_notebook"]), VALUES, max_size=3),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
)  # fmt: skip


@given(ODD | VALUES)
@example(envelope(access_token_expire_in=10**30))
@example(envelope(access_token_expire_in=float("nan")))
@example(envelope(refresh_token_expire_in="9" * 5000))
@example(envelope() | {"code": True})
@example({**envelope(), "code": 10**400})
@settings(max_examples=examples(200), deadline=None)
def test_any_json_is_a_token_or_one_of_our_errors(response):
    with suppress(TTSError):
        read = Token.from_response(response, obtained_at=NOW)

        assert read.response(reveal=False)
        assert read.renew_at
        read.is_dead(datetime.now(UTC))
        json.dumps(read.response(reveal=True))


@given(st.binary(max_size=300) | (ODD | VALUES).map(lambda value: json.dumps(value).encode()))
@example(b'{"code": 0, "data": ' + b"[" * 100_000)
@example(b"\xef\xbb\xbf{}")
@example(b'{"code":' + b"9" * 10_000 + b"}")
@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_the_file_are_a_token_or_one_of_our_errors(tmp_path, content):
    path = tmp_path / "token.json"
    path.write_bytes(content)
    store = FileStore(path, lock_path=tmp_path / "a.lock")

    with suppress(TTSError):
        store.load()
    with suppress(TTSError):
        read_json(path)
    assert path.read_bytes() == content
