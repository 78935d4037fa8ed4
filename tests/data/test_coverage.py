"""The declarations against TikTok Shop's official OpenAPI description."""

from __future__ import annotations

import pytest

from tests.data.coverage import HEADING, PAGE, PAGING, coverage, endpoints
from tests.sandbox import official

pytestmark = pytest.mark.tools


# the list and the detail of orders are described in different years, and columns read both
IN_ONE_OF_LIST_AND_DETAIL = {"orders.recommended_shipping_time", "orders.fulfillment_priority_level"}


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda each: f"{each.method} {each.path}")
def test_every_official_field_reaches_a_column_or_is_left_out_for_a_reason(endpoint):
    missing = {name for name in endpoint.official if not endpoint.reaches(name)}

    assert missing - PAGING - endpoint.left_out.keys() == set()


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda each: f"{each.method} {each.path}")
def test_what_is_left_out_is_official(endpoint):
    assert endpoint.left_out.keys() <= endpoint.official


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda each: f"{each.method} {each.path}")
def test_columns_read_official_fields_or_say_that_theirs_are_newer(endpoint):
    assert endpoint.read - endpoint.official <= IN_ONE_OF_LIST_AND_DETAIL
    assert endpoint.newer & endpoint.official == set()


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda each: f"{each.method} {each.path}")
def test_what_is_asked_for_is_official(endpoint):
    known = official.operation(endpoint.method, endpoint.concrete)
    body = known.get("requestBody", {"content": {"application/json": {"schema": {}}}})
    fields = body["content"]["application/json"]["schema"].get("properties", {})
    query = {each["name"] for each in known["parameters"] if each["in"] == "query"}

    assert endpoint.query <= query
    assert endpoint.body <= fields.keys()


def test_the_coverage_in_the_page_about_tables_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")

    assert HEADING + page.partition(HEADING)[2] == coverage(), "python -m tests.data.coverage"
