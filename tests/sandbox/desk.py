"""One shop as a caller sees it: every answer is held against the official OpenAPI."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tests.sandbox.official import disagreements
from tests.sandbox.visitor import Answer, Visitor


class Desk:
    """Asks about one shop. `data` and `rows` fail when an answer leaves the official description."""

    def __init__(self, visitor: Visitor, shop: dict[str, str]) -> None:
        self.visitor, self.shop = visitor, shop
        self.region, self.cipher = shop["region"], shop["cipher"]

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Answer:
        return self.visitor.ask(method, path, body, **{"shop_cipher": self.cipher, **query})

    def data(self, method: str, path: str, body: object = None, **query: str) -> Any:
        answer = self.ask(method, path, body, **query)
        data = answer.data
        assert disagreements(method, path, answer.json) == []
        return data

    def rows(self, method: str, path: str, name: str, body: object = None, **query: str) -> list[dict[str, Any]]:
        """Return the rows of all pages."""
        found: list[dict[str, Any]] = []
        for answer in self.visitor.pages(method, path, body, **{"shop_cipher": self.cipher, **query}):
            found += answer.data[name]
            assert disagreements(method, path, answer.json) == []
        return found

    @cached_property
    def orders(self) -> list[dict[str, Any]]:
        """Every order, oldest first, asked for once."""
        return self.rows("POST", "/order/202309/orders/search", "orders", page_size="100", sort_order="ASC")
