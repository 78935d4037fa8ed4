"""How an API endpoint is declared, and how a path finds its endpoint.

A room of the API is a module with a tuple of endpoints; `gateway.ENDPOINTS` joins them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .catalogue import Seller
from .parameters import Field, Values
from .settings import Behaviour
from .world import ShopBooks, World


@dataclass(slots=True)
class Call:
    """One accepted call: who asks, when, about which shop, with which checked parameters."""

    seller: Seller
    world: World
    behaviour: Behaviour
    shop_books: ShopBooks | None
    query: Values = field(default_factory=dict)
    body: Values = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    moment: int = 0
    inactive: tuple[str, ...] = ()

    @property
    def books(self) -> ShopBooks:
        """The books of the shop that the call's shop_cipher names."""
        assert self.shop_books is not None, "only shop-level endpoints have books"
        return self.shop_books


# An answer is the envelope's data: something to encode, or JSON in pieces.
Answer = dict[str, object] | list[bytes]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: its scope, its parameters, and the function that answers a call."""

    method: str
    path: str
    scope: str
    answer: Callable[[Call], Answer]
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    per_shop: bool = True


class Routes:
    """Finds endpoints by path: fixed paths by name, paths with ids by pattern."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._fixed: dict[str, list[Endpoint]] = {}
        self._patterns: dict[re.Pattern[str], list[Endpoint]] = {}
        for endpoint in endpoints:
            if "{" in endpoint.path:
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,64})", endpoint.path))
                self._patterns.setdefault(pattern, []).append(endpoint)
            else:
                self._fixed.setdefault(endpoint.path, []).append(endpoint)

    def find(self, path: str) -> tuple[list[Endpoint], dict[str, str]]:
        """Return the endpoints of a path, one for each method, and the values in the path."""
        if path in self._fixed:
            return self._fixed[path], {}
        for pattern, endpoints in self._patterns.items():
            if match := pattern.fullmatch(path):
                return endpoints, match.groupdict()
        return [], {}
