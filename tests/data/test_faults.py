"""Pulls and syncs while TikTok Shop fails: the exact result, or an error that says what is kept."""

from __future__ import annotations

import pytest

from tests.data.live_shop import SEARCH, LiveShop, synced
from tts_notebook import APIError, RateLimited

ORDERS = 700


@pytest.fixture
def start_shop(start_sandbox, monkeypatch):
    monkeypatch.setattr("tts_notebook.api.retry._FIRST_WAIT", 0.01)
    monkeypatch.setattr("tts_notebook.api.retry._JITTER", 0.0)
    started = []

    def start(*options: str) -> LiveShop:
        started.append(LiveShop(start_sandbox("--auto-approve", "--orders", str(ORDERS), *options)))
        assert started[-1].tts.shops
        return started[-1]

    yield start
    for each in started:
        each.close()


PASSING = [
    "drop:every=5",
    "half-answer:every=5",
    "500:every=4",
    "503:every=4",
    # twice and no more: such answers are tried three times, and one question might meet all of them
    "not-json:times=2,after=4",
    "data-null:times=2,after=4",
    "36009003:times=2,after=4",
    "429:times=2,after=4",
    "429-retry-after:times=1,after=4",
    "105002:times=1,after=4",
    "bad-page-token:every=3",
    "moving-totals",
    "unknown-fields",
]


@pytest.mark.parametrize("fault", PASSING)
def test_trouble_that_passes_costs_a_few_requests_and_no_row(start_shop, tmp_path, fault):
    shop = start_shop("--fault", f"{fault}{',' if ':' in fault else ':'}path={SEARCH}")

    with shop.counted() as asked:
        frame = shop.tts.orders(since="all")
        shop.tts.sync("orders", into=tmp_path / "data")

    assert len(frame) == ORDERS
    assert frame["order_id"].is_unique
    assert sorted(synced(tmp_path / "data")["order_id"].to_pylist()) == sorted(frame["order_id"])
    assert asked[SEARCH] <= 120


class Restless:
    """Changes orders and adds new ones while others read.

    Attributes:
        known: Every id of the world.
    """

    def __init__(self, shop: LiveShop) -> None:
        self.shop, self.known = shop, set(versions(shop))

    def change(self) -> None:
        self.shop.control(touch_orders={"count": 20})
        self.known.update(self.shop.control(add_orders={"count": 5})["add_orders"])


def versions(shop: LiveShop) -> dict[str, int]:
    """Each order of the world and when it was changed, read page by page while nothing moves."""
    asked = {"page_size": 100, "sort_field": "create_time", "sort_order": "ASC"}
    pages = shop.tts.pages("POST", SEARCH, params=asked, json={}, shop=shop.tts.shops[0])
    return {order["id"]: order["update_time"] for page in pages for order in page["orders"] or ()}


@pytest.mark.parametrize("paging", ["keyset", "offset"])
def test_orders_that_change_and_come_meanwhile_make_no_gap(start_shop, paging):
    shop = start_shop("--paging", paging, "--latency-ms", "30")
    world = Restless(shop)
    before = set(world.known)

    with shop.restless(world.change, every=0.05, times=40):
        frame = shop.tts.orders(since="all")

    assert frame["order_id"].is_unique
    assert before <= set(frame["order_id"]) <= world.known


@pytest.mark.patient
@pytest.mark.parametrize("paging", ["keyset", "offset"])
def test_syncs_while_orders_change_and_come_are_exact_once_nothing_moves(start_shop, tmp_path, paging):
    shop = start_shop("--paging", paging, "--latency-ms", "15", "--orders", "300")
    world, data = Restless(shop), tmp_path / "data"
    for _ in range(2):
        before = set(world.known)
        with shop.restless(world.change, every=0.03, times=15):
            shop.tts.sync(["orders", "order_items"], into=data)
        there = synced(data / "orders")["order_id"].to_pylist()
        assert len(there) == len(set(there))
        assert before <= set(there) <= world.known
        shop.let_pass(600)
    shop.control(latency_ms=0)

    shop.tts.sync(["orders", "order_items"], into=data)

    orders, items = synced(data / "orders"), synced(data / "order_items")
    changed = (int(at.timestamp()) for at in orders["updated_at"].to_pylist())
    assert sorted(zip(orders["order_id"].to_pylist(), changed, strict=True)) == sorted(versions(shop).items())
    assert set(orders["order_id"].to_pylist()) == world.known == set(items["order_id"].to_pylist())
    assert len(set(items["line_item_id"].to_pylist())) == items.num_rows


def test_tokens_that_end_while_a_list_is_read_are_renewed_and_no_row_is_missing(start_shop):
    shop = start_shop("--latency-ms", "30")

    with shop.restless(lambda: shop.control(expire_access_tokens=True), every=0.6, times=3):
        frame = shop.tts.orders(since="all")

    assert (len(frame), frame["order_id"].is_unique) == (ORDERS, True)


def test_an_hourly_quota_is_asked_once_and_told(start_shop):
    shop = start_shop()
    shop.control(hourly_quota=1)
    with pytest.raises(RateLimited):
        shop.tts.orders(since="all")

    with shop.counted() as asked, pytest.raises(RateLimited, match="run the cell again in an hour") as error:
        shop.tts.orders(since="1d")

    assert asked[SEARCH] == 1
    assert error.value.code == 36009037


def test_an_internal_error_that_stays_is_told_after_a_few_requests(start_shop):
    shop = start_shop("--fault", f"36009003:path={SEARCH}")

    with shop.counted() as asked, pytest.raises(APIError, match="36009003"):
        shop.tts.orders(since="1d")

    assert asked[SEARCH] <= 3


def test_neither_a_synced_directory_nor_the_rate_files_hold_a_secret(start_shop, tmp_path):
    shop = start_shop()
    shop.tts.sync(["orders", "order_items"], into=tmp_path / "data")
    token = shop.tts._keeper.current()
    ciphers = [each.cipher for each in shop.tts.shops]

    files = [path for root in ("data", "tts-home") for path in (tmp_path / root).rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)

    assert any(path.suffix == ".slots" for path in files)
    for secret in (token.access_token, token.refresh_token, shop.sandbox.app_secret, shop.sandbox.app_key, *ciphers):
        assert secret.encode() not in content
