"""What is signed, and the signature."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

_UNSIGNED = frozenset({"sign", "access_token"})


def string_to_sign(path: str, parameters: Mapping[str, str], body: bytes, app_secret: str) -> bytes:
    """Return the bytes that are signed.

    Args:
        path: The path as requested, parameters of the path filled in, without host and query.
        parameters: The query with decoded values; a list is one comma-joined value.
        body: The bytes that are sent; empty for GET and for multipart/form-data.
        app_secret: Put around it.
    """
    joined = "".join(f"{name}{parameters[name]}" for name in sorted(parameters) if name not in _UNSIGNED)
    return b"".join((app_secret.encode(), path.encode(), joined.encode(), body, app_secret.encode()))


def sign(path: str, parameters: Mapping[str, str], body: bytes, app_secret: str) -> str:
    """Return the `sign` parameter: HMAC-SHA256 in lower-case hex (upper case is rejected)."""
    signed = string_to_sign(path, parameters, body, app_secret)
    return hmac.new(app_secret.encode(), signed, hashlib.sha256).hexdigest()
