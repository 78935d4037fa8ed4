"""Returns and cancellations. Their page_size is typed as text, and their lists start with the oldest."""

from __future__ import annotations

from .aftersale_json import Cancellation, arbitration, cancellation_json, cancellation_of, return_json
from .claims import Claim, claims_of
from .endpoints import Answer, Call, Endpoint
from .finance_json import writer
from .listing import page_of
from .order_json import buyer_id
from .parameters import Field, Values

SCOPE = "seller.return_refund.basic"
_FOREVER = 2**62
_STATUSES = (
    "RETURN_OR_REFUND_REQUEST_PENDING", "REFUND_OR_RETURN_REQUEST_REJECT", "AWAITING_BUYER_SHIP",
    "BUYER_SHIPPED_ITEM", "REJECT_RECEIVE_PACKAGE", "RETURN_OR_REFUND_REQUEST_SUCCESS",
    "RETURN_OR_REFUND_REQUEST_CANCEL", "RETURN_OR_REFUND_REQUEST_COMPLETE", "AWAITING_BUYER_RESPONSE",
    "REPLACEMENT_REQUEST_PENDING", "REPLACEMENT_REQUEST_REJECT", "REPLACEMENT_REQUEST_REFUND_SUCCESS",
    "REPLACEMENT_REQUEST_CANCEL", "REPLACEMENT_REQUEST_COMPLETE",
)  # fmt: skip
_CANCEL_STATUSES = ("PENDING", "SUCCESS", "CANCEL", "COMPLETE")


def search_returns(call: Call) -> Answer:
    body, moment, books = call.body, call.moment, call.books
    write = writer(books.shop, call.behaviour.money == "padded")
    by_update = call.query["sort_field"] == "update_time"

    def key(claim: Claim) -> tuple[int, int]:
        return (claim.step_at(moment)[0] if by_update else claim.opened), claim.id

    def wanted(claim: Claim) -> bool:
        if claim.opened > moment:
            return False
        at, status = claim.step_at(moment)
        return (
            _inside(body, claim.opened, at)
            and _chosen(body["return_status"], status)
            and _chosen(body["return_types"], claim.kind)
            and _chosen(body["return_ids"], str(claim.id))
            and _chosen(body["order_ids"], str(claim.order.id))
            and _chosen(body["buyer_user_ids"], buyer_id(books.shop, claim.order.buyer))
            and _chosen(body["arbitration_status"], arbitration(status))
        )

    return page_of(
        call,
        "return_orders",
        sorted(filter(wanted, claims_of(books)), key=key),
        key=key,
        write=lambda claim: return_json(claim, books.shop, moment, write),
        asked=_asked(body),
    )


def search_cancellations(call: Call) -> Answer:
    body, books = call.body, call.books
    write = writer(books.shop, call.behaviour.money == "padded")
    by_update = call.query["sort_field"] == "update_time"

    def key(row: Cancellation) -> tuple[int, int]:
        return (row.updated if by_update else row.created), row.id

    def wanted(row: Cancellation) -> bool:
        return (
            _inside(body, row.created, row.updated)
            and _chosen(body["cancel_status"], row.status)
            and _chosen(body["cancel_types"], row.kind)
            and _chosen(body["cancel_ids"], str(row.id))
            and _chosen(body["order_ids"], str(row.order.id))
            and _chosen(body["buyer_user_ids"], buyer_id(books.shop, row.order.buyer))
        )

    every = books.derived(
        ("cancellations", call.moment),
        lambda: [row for order in books.orders if (row := cancellation_of(order, call.moment))],
    )
    return page_of(
        call,
        "cancellations",
        sorted(filter(wanted, every), key=key),
        key=key,
        write=lambda row: cancellation_json(row, books.shop, write),
        asked=_asked(body),
    )


def _inside(body: Values, created: int, updated: int) -> bool:
    times = {"create_time": created, "update_time": updated}
    return all(body[f"{name}_ge"] <= at < (body[f"{name}_lt"] or _FOREVER) for name, at in times.items())


def _chosen(choice: list[str] | None, value: str) -> bool:
    """Whether a filter lets a value through: no filter, and an empty one, let everything through."""
    return not choice or value in choice


def _asked(body: Values) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in body.items())


def _query(smallest: int) -> tuple[Field, ...]:
    return (
        Field("page_size", "number", default=10, low=smallest, high=50),
        Field("page_token", default=""),
        Field("sort_field", choices=("create_time", "update_time"), default="create_time"),
        Field("sort_order", choices=("ASC", "DESC"), default="ASC"),
    )


_BODY = (
    Field("create_time_ge", "number", default=0),
    Field("create_time_lt", "number", default=0),
    Field("update_time_ge", "number", default=0),
    Field("update_time_lt", "number", default=0),
    Field("order_ids", "texts", high=1000),
    Field("buyer_user_ids", "texts", high=1000),
    Field("locale"),
)
RETURNS_BODY = (
    *_BODY,
    Field("return_ids", "texts", high=1000),
    Field("return_types", "texts", high=3, choices=("REFUND", "RETURN_AND_REFUND", "REPLACEMENT")),
    Field("return_status", "texts", high=len(_STATUSES), choices=_STATUSES),
    Field("arbitration_status", "texts", high=4, choices=("IN_PROGRESS", "SUPPORT_BUYER", "SUPPORT_SELLER", "CLOSED")),
    Field("seller_proposed_return_type", "texts", high=1, choices=("PARTIAL_REFUND",)),
)
CANCELLATIONS_BODY = (
    *_BODY,
    Field("cancel_ids", "texts", high=1000),
    Field("cancel_types", "texts", high=2, choices=("CANCEL", "BUYER_CANCEL")),
    Field("cancel_status", "texts", high=4, choices=tuple(f"CANCELLATION_REQUEST_{name}" for name in _CANCEL_STATUSES)),
)

ENDPOINTS = (
    Endpoint("POST", "/return_refund/202309/returns/search", SCOPE, search_returns, _query(10), RETURNS_BODY),
    Endpoint(
        "POST", "/return_refund/202309/cancellations/search", SCOPE, search_cancellations, _query(1), CANCELLATIONS_BODY
    ),
)
