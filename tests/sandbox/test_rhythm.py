"""How orders lie in time, and in how many shops."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from tests.sandbox.official import disagreements
from tts_notebook.sandbox.catalogue import AGENCY_KEY, MOST_SHOPS, Agency, agency_seller
from tts_notebook.sandbox.rhythm import DAY, HOUR, KINDS, Rhythm
from tts_notebook.sandbox.world import World

NOW = 1_794_000_000


def times(kind: str, days: int = 30, count: int = 5000, seed: int = 1) -> list[int]:
    return Rhythm(kind, days).times(random.Random(seed), count, NOW, 0)


def densest(made: list[int], seconds: int) -> float:
    """Return the share of all orders in the densest stretch of so many seconds."""
    return max(sum(start <= at < start + seconds for at in made) for start in made[::25]) / len(made)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("days", [1, 30, 90])
def test_orders_lie_within_the_days_oldest_first_and_the_same_for_one_seed(kind, days):
    made = times(kind, days)

    assert len(made) == 5000
    assert made == sorted(made) == times(kind, days) != times(kind, days, seed=2)
    assert NOW - days * DAY <= made[0]
    assert made[-1] < NOW
    assert any(one == other for one, other in itertools.pairwise(made))


def test_even_orders_know_no_hour_and_no_day():
    made = times("even")

    days, hours = Counter(at // DAY for at in made), Counter(at // HOUR % 24 for at in made)
    assert max(days.values()) < 1.5 * len(made) / 30
    assert max(hours.values()) < 1.3 * len(made) / 24


@pytest.mark.parametrize(("kind", "seconds"), [("skewed", 2 * HOUR), ("flash", 600)])
def test_nine_of_ten_orders_lie_in_the_rush(kind, seconds):
    made = times(kind)

    assert 0.88 < densest(made, seconds) < 0.93
    assert densest(made, seconds // 4) < 0.3
    assert len({at // DAY for at in made}) == 31


@pytest.mark.parametrize("kind", KINDS)
def test_the_books_of_any_rhythm_have_unique_orders(kind):
    world = World(3, 3000, NOW, rhythm=Rhythm(kind, 30))
    books = world.books(world.sellers[0].shops[0])

    assert len({order.id for order in books.orders}) == 3000
    assert books.orders[0].created >= NOW - 30 * DAY


def test_finances_and_after_sales_follow_from_skewed_orders(visit):
    visitor = visit("--rhythm", "skewed", "--days", "30", "--orders", "300").sign_in()
    month = {"create_time_ge": 1, "create_time_lt": 2**31}

    orders = visitor.all_orders(month)
    days = {"sort_field": "statement_time", "page_size": "100"}
    statements = visitor.ask("GET", "/finance/202309/statements", **days).data["statements"]

    assert len(orders) == 300
    assert any(order["status"] == "COMPLETED" for order in orders)
    assert statements


@pytest.mark.parametrize("sizes", ["even", "power"])
def test_an_agencys_shops_share_its_orders_and_nothing_else(sizes):
    world = World(1, 3000, NOW, agency=Agency(40, sizes))
    shops = world.seller(AGENCY_KEY).shops
    orders = [world.books(shop).orders for shop in shops]

    assert sum(map(len, orders)) == 3000
    assert len({order.id for each in orders for order in each}) == 3000
    assert (len(orders[0]) > 3 * len(orders[-1])) == (sizes == "power")
    for unique in ("id", "cipher", "code", "name", "warehouses"):
        assert len({getattr(shop, unique) for shop in shops}) == 40


def test_the_ids_of_the_last_of_many_shops_are_as_long_as_any():
    shop = agency_seller(1, Agency(MOST_SHOPS)).shops[-1]
    world = World(1, 2000, NOW, agency=Agency(MOST_SHOPS))
    books = world.books(world.seller(AGENCY_KEY).shops[-1])

    identifiers = [shop.id, *shop.warehouses, *(str(order.id + 1_050_000_000_000_000_000) for order in books.orders)]
    assert {len(identifier) for identifier in identifiers} == {19}
    assert max(map(int, identifiers)) < 2**63


@pytest.fixture(scope="module")
def agency_answers(tmp_path_factory):
    from tests.harness.sandboxes import Sandbox
    from tests.sandbox.visitor import Visitor

    sandbox = Sandbox("--shops", "300", "--orders", "3000", log=tmp_path_factory.mktemp("agency") / "log")
    yield Visitor(sandbox).sign_in(AGENCY_KEY)
    sandbox.stop()


def test_an_agency_signs_in_to_all_of_its_shops(agency_answers):
    visitor = agency_answers

    found = [visitor.search(shop_cipher=shop["cipher"]).data["orders"] for shop in visitor.shops[::60]]

    assert len(visitor.shops) == 300
    assert all(len(orders) == 10 for orders in found)
    assert len({order["id"] for orders in found for order in orders}) == 50


def test_every_shop_of_an_agency_has_a_limit_of_its_own(agency_answers):
    visitor = agency_answers
    visitor.control(rate_limit=0.001, rate_burst=1, reset_stats=True)
    try:
        statuses = [visitor.search(shop_cipher=shop["cipher"]).status for shop in visitor.shops[:3] for _ in range(2)]
    finally:
        visitor.control(rate_limit=0, rate_burst=0)

    assert statuses == [200, 429] * 3


@pytest.mark.tools
@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/authorization/202309/shops", {"shop_cipher": ""}),
        ("POST", "/order/202309/orders/search", {"page_size": "10"}),
        ("GET", "/logistics/202309/warehouses", {}),
    ],
)
def test_what_an_agencys_last_shop_answers_is_official(agency_answers, method, path, query):
    answer = agency_answers.ask(method, path, **{"shop_cipher": agency_answers.shops[-1]["cipher"], **query})

    assert answer.data
    assert disagreements(method, path, answer.json) == []
