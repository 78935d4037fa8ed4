"""TikTok Shop's request signature, checked from its description.

The canonical text is the app secret, the path as requested, every query parameter except
`sign` and `access_token` as key and decoded value in the order of their keys, the raw body
unless it is multipart, and the app secret again. The signature is the HMAC-SHA256 of that
text under the app secret, in lower-case hexadecimal.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

UNSIGNED = frozenset(("sign", "access_token"))


def sign(secret: str, path: str, query: Mapping[str, str], body: bytes = b"") -> str:
    """Return the signature that a request must carry."""
    pairs = "".join(key + query[key] for key in sorted(query) if key not in UNSIGNED)
    text = secret.encode() + path.encode() + pairs.encode("utf-8", "surrogatepass") + body + secret.encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def is_signed(
    secret: str, path: str, query: Mapping[str, str], body: bytes, *, content_type: str, empty_body: str
) -> bool:
    """Say whether a request's `sign` is right.

    `empty_body` says what is signed for a body of exactly `{}`: "signed" its bytes, "unsigned"
    nothing, "either" both are accepted. Clients disagree, and so do TikTok Shop's own samples.
    """
    if content_type.startswith("multipart/form-data"):
        body = b""
    bodies = [body]
    if body == b"{}":
        bodies = {"signed": [body], "unsigned": [b""]}.get(empty_body, [body, b""])
    given = query.get("sign", "").encode()
    matches = [hmac.compare_digest(given, sign(secret, path, query, signed).encode()) for signed in bodies]
    return any(matches)
