"""A seller's books that add up: orders, transactions, statements, payments, in the API's own JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.data.api import DAY, SECOND, FakeAPI, listed, within
from tests.data.shops import order

NAMES = ("revenue_amount", "fee_tax_amount", "shipping_cost_amount", "adjustment_amount")


class Books:
    """`days` days with `per_day` orders each; those of the last days are not settled yet."""

    def __init__(self, *, days: int = 12, per_day: int = 3, waiting_days: int = 2) -> None:
        self.orders: list[dict[str, Any]] = []
        self.statements: dict[str, dict[str, Any]] = {}
        self.transactions: dict[str, list[dict[str, Any]]] = {}
        self.unsettled: list[dict[str, Any]] = []
        self.payments: list[dict[str, Any]] = []
        for day in range(days, 0, -1):
            placed = [self._place(day, number) for number in range(per_day)]
            if day <= waiting_days:
                self.unsettled += [self._estimate(each) for each in placed]
            else:
                self._settle(placed, SECOND - SECOND % DAY - (day - 1) * DAY)
        self._pay()

    def _place(self, day: int, number: int) -> dict[str, Any]:
        price = Decimal("20.10") + day + number
        payment = {
            "currency": "GBP",
            "original_total_product_price": str(price),
            "seller_discount": "1.05",
            "platform_discount": "0.50",
            "total_amount": str(price - Decimal("1.55")),
        }
        placed = order(100 * day + number, SECOND - day * DAY - number * 60 - 1, payment=payment)
        self.orders.append(placed)
        return placed

    def _settle(self, placed: list[dict[str, Any]], time: int) -> None:
        name = f"72388{time}"
        self.transactions[name] = [self.transaction(each, f"{name}{n}") for n, each in enumerate(placed)]
        self.statements[name] = {"id": name, "statement_time": time, "currency": "GBP", "payment_status": "PAID"}
        self.close(name)

    def transaction(self, placed: dict[str, Any], name: str) -> dict[str, Any]:
        """What is settled of an order."""
        price = Decimal(placed["payment"]["original_total_product_price"])
        revenue = price - Decimal("1.05")
        return {
            "id": name,
            "type": "ORDER",
            "order_id": placed["id"],
            "order_create_time": placed["create_time"],
            "revenue_amount": str(revenue),
            "fee_tax_amount": "-2.37",
            "shipping_cost_amount": "-1.20",
            "adjustment_amount": "0",
            "reserve_amount": "0",
            "settlement_amount": str(revenue - Decimal("3.57")),
            "revenue_breakdown": {"subtotal_before_discount_amount": str(price), "seller_discount_amount": "-1.05"},
        }

    def close(self, name: str) -> None:
        """Make a statement say what its transactions come to."""
        rows = self.transactions[name]
        sums = {each: str(sum(Decimal(row[each]) for row in rows)) for each in (*NAMES, "settlement_amount")}
        sums["fee_amount"] = sums.pop("fee_tax_amount")
        self.statements[name].update(sums)

    def _pay(self) -> None:
        """Two statements make a payment."""
        names = list(self.statements)
        for start in range(0, len(names), 2):
            paid = [self.statements[name] for name in names[start : start + 2]]
            payment_id = f"34592{start}"
            for each in paid:
                each["payment_id"] = payment_id
            amount = {"value": str(sum(Decimal(each["settlement_amount"]) for each in paid)), "currency": "GBP"}
            none = {"value": "0", "currency": "GBP"}
            self.payments.append(
                {
                    "id": payment_id,
                    "create_time": paid[-1]["statement_time"] + 3600,
                    "status": "PAID",
                    "amount": amount,
                    "settlement_amount": amount,
                    "reserve_amount": none,
                }
            )

    def _estimate(self, placed: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"16{placed['id']}",
            "order_id": placed["id"],
            "order_create_time": placed["create_time"],
            "search_time": placed["create_time"],
            "currency": "GBP",
            "est_settlement_amount": "10",
            "unsettled_reason": "waiting for delivery",
        }

    def session(self, **options: Any) -> FakeAPI:
        """A session that reads these books."""

        def parts(asked: dict[str, Any], shop: Any, name: str) -> dict[str, Any]:
            about = {"id": name, "create_time": self.statements[name]["statement_time"], "currency": "GBP"}
            return {**about, **listed("transactions", self.transactions[name])(asked, shop)}

        statements = list(self.statements.values())
        return FakeAPI(
            {
                "/order/202309/orders/search": listed("orders", self.orders, keep=within("create_time")),
                "/finance/202309/statements": listed("statements", statements, keep=within("statement_time")),
                "/finance/202501/statements/{id}/statement_transactions": parts,
                "/finance/202309/payments": listed("payments", self.payments, keep=within("create_time")),
                "/finance/202507/orders/unsettled": listed("transactions", self.unsettled),
            },
            **options,
        )
