"""What holds for every endpoint, whichever family it belongs to."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.official import disagreements
from tts_notebook.sandbox.gateway import ENDPOINTS
from tts_notebook.sandbox.scopes import SCOPES

# What a call needs besides its shop, by path; ids in a path are looked up first.
QUERIES = {
    "/order/202309/orders/search": {"page_size": "10"},
    "/finance/202309/statements": {"sort_field": "statement_time"},
    "/finance/202309/payments": {"sort_field": "create_time"},
    "/finance/202309/withdrawals": {"types": "SETTLE"},
    "/finance/202507/orders/unsettled": {"sort_field": "order_create_time"},
    "/finance/202501/statements/{statement_id}/statement_transactions": {"sort_field": "order_create_time"},
    "/product/202502/products/search": {"page_size": "10"},
    "/product/202309/brands": {"page_size": "10"},
    "/fulfillment/202309/packages/search": {"page_size": "10"},
}
WINDOW = {"start_date_ge": "2026-10-01", "end_date_lt": "2026-10-08"}
BEHAVIOURS = [
    {"empty_list": "missing", "last_page": "missing", "total_count": "missing", "paging": "offset"},
    {"money": "padded", "absent_times": "zero", "total_count": "capped"},
]
pytestmark = pytest.mark.tools


def endpoint_id(endpoint) -> str:
    return endpoint.path


def ids_of(visitor) -> dict[str, str]:
    """Return one id of each kind that paths name."""
    statements = {"sort_field": "statement_time", "sort_order": "DESC"}
    package = visitor.ask("POST", "/fulfillment/202309/packages/search", page_size="1").data["packages"][0]
    warehouse = visitor.ask("GET", "/logistics/202309/warehouses").data["warehouses"][0]["id"]
    options = visitor.ask("GET", f"/logistics/202309/warehouses/{warehouse}/delivery_options").data
    return {
        "statement_id": visitor.ask("GET", "/finance/202309/statements", **statements).data["statements"][0]["id"],
        "order_id": package["orders"][0]["id"],
        "package_id": package["id"],
        "warehouse_id": warehouse,
        "delivery_option_id": options["delivery_options"][0]["id"],
        "product_id": product_of(visitor),
        "date": visitor.ask("GET", "/analytics/202509/shop/performance", **WINDOW).data["latest_available_date"],
    }


def product_of(visitor) -> str:
    rows = visitor.ask("POST", "/product/202502/products/search", {"status": "ACTIVATE"}, page_size="1").data
    return str(rows["products"][0]["id"])


@pytest.fixture(scope="module")
def ids(seller) -> dict[str, str]:
    return ids_of(seller)


def call(visitor, endpoint, ids, **more):
    query = dict(QUERIES.get(endpoint.path, {}))
    body = None
    if endpoint.path.startswith("/analytics/202509"):
        query |= WINDOW
    if endpoint.path in ("/order/202309/orders", "/order/202507/orders"):
        query["ids"] = ids["order_id"]
    if endpoint.path.endswith("inventory/search"):
        body = {"product_ids": [ids["product_id"]]}
    if not endpoint.per_shop:
        query["shop_cipher"] = ""
    return visitor.ask(endpoint.method, endpoint.path.format(**ids), body, **{**query, **more})


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=endpoint_id)
def test_an_answer_is_official_and_needs_its_scope_and_its_shop(seller, ids, endpoint):
    answer = call(seller, endpoint, ids)

    assert answer.data
    assert disagreements(endpoint.method, endpoint.path.format(**ids), answer.json) == []
    assert endpoint.scope in SCOPES
    if endpoint.per_shop:
        assert call(seller, endpoint, ids, shop_cipher="").refusal == (400, 106013)
    other = "GET" if endpoint.method == "POST" else "POST"
    wrong = seller.ask(other, endpoint.path.format(**ids), shop_cipher="")
    assert wrong.refusal == (405, 36009010)


@pytest.fixture
def changed(visit):
    """A sandbox that may be changed."""
    return visit("--orders", "200").sign_in()


def test_unknown_fields_come_with_every_family(changed):
    ids = ids_of(changed)
    changed.control(faults=["unknown-fields"])

    for endpoint in ENDPOINTS:
        data = call(changed, endpoint, ids).data
        text = json.dumps(data)
        assert data["sandbox_number"] == 2**53 + 1
        assert text.count('"sandbox_text"') > text.count("[{")


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_other_ways_of_answering_are_official_as_well(changed, behaviour):
    ids = ids_of(changed)
    changed.control(behaviour=behaviour)

    for endpoint in ENDPOINTS:
        answer = call(changed, endpoint, ids)
        assert disagreements(endpoint.method, endpoint.path.format(**ids), answer.json) == []
        if "total_count" in behaviour and behaviour["total_count"] == "missing":
            assert "total_count" not in answer.data or "sku_transactions" in answer.data


def test_a_shop_without_orders_answers_with_nothing(visit, ids):
    visitor = visit("--orders", "0").sign_in()

    for endpoint in ENDPOINTS:
        if {"{order_id}", "{statement_id}", "{package_id}"} & set(endpoint.path.split("/")) or "ids" in [
            field.name for field in endpoint.query
        ]:
            continue
        known = ids | {"product_id": product_of(visitor)}
        answer = call(visitor, endpoint, known)
        assert disagreements(endpoint.method, endpoint.path.format(**known), answer.json) == []
        assert answer.json["code"] == 0


def test_scopes_that_were_not_granted_are_refused(visit, ids):
    visitor = visit("--denied-scopes", ",".join(scope for scope in SCOPES if "authorization" not in scope)).sign_in()

    for endpoint in ENDPOINTS:
        if "authorization" not in endpoint.scope:
            assert call(visitor, endpoint, ids).refusal == (401, 105005)
