"""TikTok Shop's envelope: {code, data, message, request_id}, keys in alphabetical order."""

from __future__ import annotations

import json
import random
import time
from functools import lru_cache

_UTC_PLUS_8 = 8 * 3600
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def encode(value: object) -> bytes:
    """Return compact JSON with sorted keys, as UTF-8."""
    return _encode(value).encode("utf-8", "surrogatepass")


@lru_cache(maxsize=2)
def _local_second(second: int) -> str:
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(second + _UTC_PLUS_8))


def request_id(now: float, rng: random.Random) -> str:
    """Return 14 digits of local time in UTC+8 and 20 upper-case hexadecimal characters."""
    return f"{_local_second(int(now))}{rng.getrandbits(80):020X}"


def success(data: list[bytes], identifier: str) -> list[bytes]:
    """Wrap data that is encoded already. Pieces are joined once, when the answer is sent."""
    return [b'{"code":0,"data":', *data, b',"message":"Success","request_id":"%b"}' % identifier.encode()]


def failure(code: int, message: str, identifier: str) -> bytes:
    """Return an error's envelope; its data is null."""
    return encode({"code": code, "data": None, "message": message, "request_id": identifier})
