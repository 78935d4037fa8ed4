"""An in-memory TikTok Shop that a pull can ask: the protocol of a session, without HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.data.unpaced import reader
from tts_notebook.api.reader import Reader
from tts_notebook.api.shops import Shop

GB = Shop("7495810293847561203", "Maple and Wren", "GB", "LOCAL", "GCP_secret_gb", "GBLCX7K2MQ")
MY = Shop("7000714532876273977", "Maple and Wren MY", "MY", "CROSS_BORDER", "GCP_secret_my", "CNMYCBA7P2QX")


class FakeSession:
    """Serves orders by position, the harder of the two ways to cut pages.

    `between` is called after every page, so that a test can move orders meanwhile.
    """

    def __init__(
        self,
        orders: dict[str, list[dict[str, Any]]],
        *,
        shops: tuple[Shop, ...] = (GB,),
        between: Callable[[FakeSession], None] = lambda session: None,
        refuse: Callable[[str, Shop | None], Exception | None] = lambda path, shop: None,
        details: dict[str, dict[str, Any]] | None = None,
        prices: dict[str, dict[str, Any]] | None = None,
        page_size: int | None = None,
    ) -> None:
        self.orders, self.shops, self.between, self.refuse = orders, shops, between, refuse
        self.details, self.prices, self.page_size = details or {}, prices or {}, page_size
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.one_at_a_time = threading.Lock()

    def require_scope(self, scope: str, path: str) -> None:
        refusal = self.refuse(scope, None)
        if refusal:
            raise refusal

    def reader(self, method: str, path: str, *, shop: Any = None, stop: Any = None) -> Reader:
        return reader(lambda path, params, json: self._answer(method, path, params, json, shop), stop)

    def _answer(self, method: str, path: str, params: Any, json: Any, shop: Any) -> dict[str, Any]:
        if method == "GET":
            return self.call(method, path, params=params, json=json, shop=shop)
        with self.one_at_a_time:
            start = int(params.get("page_token", "after 0").removeprefix("after "))
            asked = {name: value for name, value in params.items() if name != "page_token"}
            self.asked.append((path, {**asked, **json}))
            refusal = self.refuse(path, shop)
            if refusal:
                raise refusal
            if start:
                self.between(self)
            size = self.page_size or params["page_size"]
            found = self._matching(shop, json, params)
            more = start + size < len(found)
            return {
                "orders": found[start : start + size] or None,
                "total_count": len(found),
                "next_page_token": f"after {start + size}" if more else "",
            }

    def _matching(self, shop: Shop, filters: dict[str, Any], params: dict[str, Any]) -> list[dict[str, Any]]:
        def matches(order: dict[str, Any]) -> bool:
            return all(
                order["status"] == limit
                if name == "order_status"
                else (order[name[:-3]] >= limit if name.endswith("_ge") else order[name[:-3]] < limit)
                for name, limit in filters.items()
            )

        found = self.orders.get(shop.id, [])
        if filters:
            found = [order for order in found if matches(order)]
            field = params["sort_field"]
            found.sort(key=lambda order: (order[field], order["id"]), reverse=params["sort_order"] == "DESC")
        return found

    def call(self, method: str, path: str, *, params: Any = None, json: Any = None, shop: Any = None) -> Any:
        self.asked.append((path, dict(params or {})))
        refusal = self.refuse(path, shop)
        if refusal:
            raise refusal
        if path == "/order/202507/orders":
            return {"orders": [self.details[name] for name in params["ids"].split(",") if name in self.details]}
        return self.prices[path.split("/")[4]]


def order(number: int, created: int = 1_793_614_530, **fields: Any) -> dict[str, Any]:
    """A small order; `fields` replace and add."""
    name = str(577086614418520388 + number)
    return {
        "id": name,
        "status": "DELIVERED",
        "create_time": created,
        "update_time": created + 60,
        "payment": {"currency": "GBP", "total_amount": "53.48", "tax": "0"},
        "line_items": [
            {"id": f"{name}{unit}", "sku_id": "1729592969712207012", "currency": "GBP", "sale_price": "22.49"}
            for unit in range(2)
        ],
        **fields,
    }
