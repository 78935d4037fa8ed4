"""Tables rebuilt over HTTP equal the sandbox's world, which is made a second time from the same seed."""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal

import pytest

from tests.data.test_orders_against_sandbox import logged_in
from tts_notebook.data.catalogue import TABLES
from tts_notebook.data.zones import zone_of
from tts_notebook.sandbox.basket import fill_basket
from tts_notebook.sandbox.ledger import open_ledger
from tts_notebook.sandbox.money import DECIMALS
from tts_notebook.sandbox.world import World

SIZES = (0, 1, 10_000)
# one order cannot be shared by the two shops of xb
WORLDS = [(0, "xb", 401), (1, "gb", 52), (1, "us", 8613), (1, "id", 77), (300, "xb", 90210), (10_000, "id", 31337)]
FEW = ("orders", "order_items", "statements", "transactions", "packages", "returns", "cancellations", "products")


@pytest.fixture
def open_world(start_sandbox):
    """A session on a sandbox of a seed, and the same world made here."""
    sessions = []

    def open_one(orders: int, seller: str, seed: int):
        now = int(time.time()) // 3600 * 3600
        options = ("--orders", str(orders), "--seed", str(seed), "--seller", seller, "--now", str(now))
        sandbox = start_sandbox("--auto-approve", *options)
        sessions.append(logged_in(sandbox))
        world = World(seed, orders, now)
        return sessions[-1], world, world.seller(seller)

    yield open_one
    for session in sessions:
        session.close()


def exact(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-DECIMALS[currency])


@pytest.mark.parametrize(("size", "seller", "seed"), WORLDS)
def test_orders_and_units_equal_the_world_to_the_cent(open_world, size, seller, seed):
    tts, world, sold_by = open_world(size, seller, seed)

    orders, items = tts.orders(since="all", items=True, money="decimal", progress=False)

    told = {(o.order_id, o.shop_id, o.status, o.created_at.timestamp(), o.total_amount) for o in orders.itertuples()}
    units = Counter((i.order_id, i.line_item_id, i.sku_id, i.sale_price) for i in items.itertuples())
    there, there_units = set(), Counter()
    for shop in sold_by.shops:
        for order in world.books(shop).orders:
            basket, currency = fill_basket(order, shop), shop.market.currency
            total = exact(basket.total, currency)
            there.add((str(order.id), str(shop.id), order.status, float(order.created), total))
            there_units.update(
                (str(order.id), str(unit.id), str(unit.sku.id), exact(unit.sale_price, currency))
                for unit in basket.units
            )
    assert (len(orders), told, units) == (size, there, there_units), f"seed {seed}, seller {seller}"


@pytest.mark.parametrize(("size", "seller", "seed"), WORLDS)
def test_statements_and_transactions_equal_the_ledger_to_the_cent(open_world, size, seller, seed):
    tts, world, sold_by = open_world(size, seller, seed)

    statements = tts.statements(since="all", money="decimal", progress=False)
    transactions = tts.transactions(since="all", money="decimal", progress=False)

    told = {(row.statement_id, row.shop_id, row.settlement_amount) for row in statements.itertuples()}
    rows = Counter((row.statement_id, row.transaction_id, row.settlement_amount) for row in transactions.itertuples())
    there, there_rows = set(), Counter()
    for shop in sold_by.shops:
        for statement in open_ledger(world.books(shop), world.now).statements:
            amount = exact(statement.settlement, shop.market.currency)
            there.add((str(statement.id), str(shop.id), amount))
            there_rows.update(
                (str(statement.id), str(row.id), exact(row.settlement, shop.market.currency))
                for row in statement.transactions
            )
    assert (told, rows) == (there, there_rows), f"seed {seed}, seller {seller}"


def test_dtypes_are_equal_for_no_row_one_and_ten_thousand(open_world):
    kinds = []
    for size in SIZES:
        tts, _, _ = open_world(size, "gb", 7)
        frames = {name: getattr(tts, name)(since="30d" if size else "1d", progress=False) for name in FEW}
        kinds.append({name: frame.dtypes.to_dict() for name, frame in frames.items()})

    assert kinds[0] == kinds[1] == kinds[2]
    assert set(FEW) <= set(TABLES)


@pytest.mark.parametrize("seller", ["gb", "us"])
def test_each_day_of_performance_counts_what_was_paid_on_the_shops_own_day(open_world, seller):
    tts, _, _ = open_world(900, seller, 11)
    daily = tts.performance(since="60d", progress=False)

    orders = tts.orders(since="all", tz=zone_of(tts.shops[0].region), progress=False)

    paid = orders.groupby(orders["paid_at"].dt.strftime("%Y-%m-%d")).size()
    told = daily.set_index(daily["date"].astype(str).str[:10])["orders_count"]
    assert {day: count for day, count in told.items() if count != paid.get(day, 0)} == {}
    assert told.sum() > 100
