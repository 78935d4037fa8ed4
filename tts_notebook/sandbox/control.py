"""The sandbox's own endpoints under /sandbox/: for tests, not part of TikTok Shop.

They need no key. The sandbox listens on loopback and its data is made up; a control call
must be JSON and addressed to a loopback name, which a page in a browser cannot send.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from typing import Any

from .discrepancies import planted_at
from .envelope import encode
from .faults import parse_faults
from .parts import Parts
from .scopes import SCOPES
from .settings import Behaviour
from .wire import Request, Response
from .world import ShopBooks

MAX_ORDERS = 10_000
Json = dict[str, Any]


class ControlDesk:
    """Answers GET /sandbox/stats, /sandbox/discrepancies, /sandbox/control and POST /sandbox/control."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def answer(self, request: Request) -> Response:
        if not _is_loopback(request.headers.get("host", ""), self.parts.settings.host):
            return _json(403, {"error": "The sandbox is controlled under a loopback name only."})
        match request.method, request.path:
            case "GET", "/sandbox/stats":
                return _json(200, _stats(self.parts))
            case "GET", "/sandbox/control":
                return _json(200, asdict(self.parts.settings))
            case "GET", "/sandbox/discrepancies":
                return _json(200, {"discrepancies": _planted(self.parts)})
            case "POST", "/sandbox/control":
                return self._change(request)
        return _json(
            404, {"error": "There are GET /sandbox/stats, GET /sandbox/discrepancies, GET and POST /sandbox/control."}
        )

    def _change(self, request: Request) -> Response:
        try:
            wishes = _read(request)
            actions = list(_plan(self.parts, wishes))
        except ValueError as error:
            return _json(400, {"error": str(error)})
        return _json(200, {name: act() for name, act in actions})


def _is_loopback(host: str, own: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name.strip("[]").lower() in ("127.0.0.1", "localhost", "::1", own)


def _json(status: int, body: Json) -> Response:
    return Response(status, encode(body), headers=(("cache-control", "no-store"),))


def _stats(parts: Parts) -> Json:
    authorizations = parts.authorizations
    return parts.stats.as_dict() | {
        "token_refreshes": authorizations.refreshes,
        "rotations": authorizations.rotations,
        "spent_refresh_tokens_presented": authorizations.spent_presented,
        "throttled": parts.limiter.throttled,
        "limits": parts.limiter.as_dict(parts.clock.steady()),
    }


def _read(request: Request) -> Json:
    if request.content_type != "application/json":
        raise ValueError("The content type must be application/json.")
    try:
        wishes = json.loads(request.body)
    except (ValueError, RecursionError):
        raise ValueError("The body is not JSON.") from None
    if not isinstance(wishes, dict):
        raise ValueError("The body must be a JSON object.")
    return wishes


Action = Callable[[], object]


def _plan(parts: Parts, wishes: Json) -> Iterator[tuple[str, Action]]:
    """Yield what to do, having checked every wish; nothing is done when one is wrong."""
    for name, value in wishes.items():
        if name in SETTINGS:
            yield name, _set(parts, name, SETTINGS[name](value))
        elif name in ACTIONS:
            yield name, ACTIONS[name](parts, value)
        else:
            known = ", ".join(sorted((*SETTINGS, *ACTIONS)))
            raise ValueError(f"There is no control {name!r}. There are: {known}.")


def _set(parts: Parts, name: str, value: object) -> Action:
    def act() -> object:
        setattr(parts.settings, name, value)
        return value

    return act


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{value!r} is not a number from {low:g} to {high:g}.")
        return value

    return check


def _seconds_or_unlimited(value: Any) -> int | None:
    return None if value is None else int(_number(0, 2**31)(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(f"{value!r} is not a text.")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name.isprintable() for name in value):
        raise ValueError(f"{value!r} is not a list of texts.")
    return tuple(value)


def _scopes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not set(value) <= set(SCOPES):
        raise ValueError(f"{value!r} is not a list of scopes out of {', '.join(SCOPES)}.")
    return tuple(value)


SETTINGS: dict[str, Callable[[Any], Any]] = {
    "rate_limit": _number(0, 1_000_000),
    "rate_burst": _number(0, 1_000_000),
    "rate_limit_moves": _number(0, 86_400),
    "latency_ms": _number(0, 60_000),
    "clock_offset_seconds": _number(-(2**33), 2**33),
    "access_token_seconds": lambda value: int(_number(0, 2**31)(value)),
    "refresh_token_seconds": _seconds_or_unlimited,
    "refresh_grace_seconds": _number(0, 2**31),
    "hourly_quota": lambda value: int(_number(0, 1_000_000)(value)),
    "ip_allow_list": _names,
    "rotate": _flag,
    "auto_approve": _flag,
    "redirect_uri": _text,
    "denied_scopes": _scopes,
}


def _seller_key(parts: Parts, value: Any) -> str:
    known = [seller.key for seller in parts.world.sellers]
    if value not in ("", *known):
        raise ValueError(f"{value!r} is not one of {', '.join(known)}.")
    return str(value)


def _set_seller(parts: Parts, value: Any) -> Action:
    return _set(parts, "seller", _seller_key(parts, value))


def _set_inactive(parts: Parts, value: Any) -> Action:
    """Read sellers as KEY and shops as KEY:REGION."""
    sellers = parts.world.sellers
    known = {name for seller in sellers for name in (seller.key, *(f"{seller.key}:{s.region}" for s in seller.shops))}
    if unknown := set(_names(value)) - known:
        raise ValueError(f"{', '.join(sorted(unknown))}: there are {', '.join(sorted(known))}.")
    return _set(parts, "inactive", tuple(value))


def _set_faults(parts: Parts, value: Any) -> Action:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{value!r} is not a list of faults.")
    faults = parse_faults(value)

    def act() -> object:
        parts.faults.faults = faults
        return value

    return act


def _set_behaviour(parts: Parts, value: Any) -> Action:
    choices = {field.name: field.metadata["choices"] for field in fields(Behaviour)}
    if not isinstance(value, dict) or not set(value) <= set(choices):
        raise ValueError(f"{value!r} is not an object with some of {', '.join(choices)}.")
    for name, chosen in value.items():
        if chosen not in choices[name]:
            raise ValueError(f"{name} is one of {', '.join(choices[name])}, not {chosen!r}.")

    def act() -> object:
        for name, chosen in value.items():
            setattr(parts.settings.behaviour, name, chosen)
        parts.apply_style()
        return value

    return act


def _expire_access_tokens(parts: Parts, value: Any) -> Action:
    _flag(value)
    return lambda: parts.authorizations.expire_access_tokens(parts.clock.now()) if value else 0


def _revoke_grants(parts: Parts, value: Any) -> Action:
    key = _seller_key(parts, "" if value is True else value)
    return lambda: parts.authorizations.revoke(key)


def _reset_stats(parts: Parts, value: Any) -> Action:
    _flag(value)

    def act() -> object:
        parts.stats.clear()
        parts.authorizations.clear_counters()
        parts.limiter.clear_counters()
        return value

    return act


def _set_discrepancies(parts: Parts, value: Any) -> Action:
    count = int(_number(0, 1000)(value))

    def act() -> object:
        parts.settings.discrepancies = parts.world.discrepancies = count
        return _planted(parts)

    return act


def _planted(parts: Parts) -> list[Json]:
    """Return the mistakes in the finances of all shops."""
    moment, world = parts.world.moment(parts.clock.now()), parts.world
    shops = [shop for seller in world.sellers for shop in seller.shops] if world.discrepancies else []
    found = [
        planted for shop in shops for planted in planted_at(world.books(shop, moment), moment, world.discrepancies)
    ]
    return [planted.as_dict() for planted in found]


def _touch_orders(parts: Parts, value: Any) -> Action:
    books, count = _books(parts, value)
    return lambda: [str(order.id) for order in books().touch(count, int(parts.clock.now()))]


def _add_orders(parts: Parts, value: Any) -> Action:
    books, count = _books(parts, value)
    return lambda: [str(order.id) for order in books().add(count, int(parts.clock.now()))]


def _books(parts: Parts, value: Any) -> tuple[Callable[[], ShopBooks], int]:
    """Read {"count": N, "seller": KEY, "region": REGION}; the last two default to the first ones."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not an object with count, seller and region.")
    count = int(_number(1, MAX_ORDERS)(value.get("count", 1)))
    seller = parts.world.seller(_text(value.get("seller", "")))
    shops = [shop for shop in seller.shops if value.get("region", shop.region) == shop.region] if seller else []
    if not shops:
        raise ValueError(f"{value!r} names no shop.")
    return lambda: parts.world.books(shops[0], parts.world.moment(parts.clock.now())), count


ACTIONS: dict[str, Callable[[Parts, Any], Action]] = {
    "seller": _set_seller,
    "inactive": _set_inactive,
    "faults": _set_faults,
    "behaviour": _set_behaviour,
    "expire_access_tokens": _expire_access_tokens,
    "revoke_grants": _revoke_grants,
    "reset_stats": _reset_stats,
    "discrepancies": _set_discrepancies,
    "touch_orders": _touch_orders,
    "add_orders": _add_orders,
}
