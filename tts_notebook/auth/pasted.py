"""What a person pasted: a redirect's full address, its query string, or the bare code."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from tts_notebook.errors import InputError

_LONGEST = 8 * 1024
# the data centre's tag (ROW_, TTP_, GCP_) tells a code from any other word
_BARE_CODE = re.compile(r"[A-Z]{2,6}_[A-Za-z0-9_\-.~+/=%]{4,2000}")
_ADVICE = (
    "Paste the whole address of the page that the browser shows after Authorize; it contains code=… "
    "(the page itself may show an error)."
)


def parse_pasted(text: str) -> dict[str, str]:
    """Return the redirect's parameters.

    Raises:
        InputError: no redirect can be read from the text. The text itself is not repeated.
    """
    text = re.sub(r"\s*[\r\n]\s*", "", text.strip()).strip("<>\"'`").strip()  # mail and chat break long lines
    if not text:
        raise InputError(f"Nothing was pasted. {_ADVICE}")
    if len(text) > _LONGEST:
        raise InputError(f"The pasted text is too long for an address. {_ADVICE}")
    if _BARE_CODE.fullmatch(text):
        return {"code": text}
    query = dict(reversed(parse_qsl(_query_of(text), keep_blank_values=True, errors="replace")))
    if "code" in query or "error" in query:
        return query
    if "service_id" in query:
        raise InputError(f"That is the sign-in link itself. Open it and press Authorize first. {_ADVICE}")
    raise InputError(f"The pasted text holds no authorization code. {_ADVICE}")


def _query_of(text: str) -> str:
    text, _, fragment = text.partition("#")
    before, mark, after = text.partition("?")
    if mark and ("=" not in before or "://" in before):
        return after
    return text if "=" in text else fragment
