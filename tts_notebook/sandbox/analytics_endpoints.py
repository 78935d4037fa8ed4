"""Analytics: the shop day by day, its products, SKUs, videos and LIVEs, and both overviews.

Dates are the shop's own; figures end with the day before today. Shops that never went LIVE get
an internal error from both LIVE endpoints, as TikTok Shop answers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .analytics_json import interval, live_json, product_json, shop_interval, sku_json, video_clicks, video_json
from .categories import chain_of
from .contents import ACCOUNTS, Live, Video, live_of, lives_of, video_of, videos_of
from .endpoints import Answer, Call, Endpoint
from .figures import Money, Sums, grouped, money_writer, ratio, summed, views
from .goods import Product, goods_of
from .listing import page_of
from .parameters import Field
from .refusals import Refusal, Why
from .sales import Sale, day_of, day_text, has_live, hour_of, read_day, refunds_by_day, sales_between

SCOPE = "data.shop_analytics.public.read"
MOST_DAYS = 400
Json = dict[str, Any]
Days = tuple[int, int]
_HIDDEN = ("DRAFT", "PENDING", "FAILED", "DELETED")


def _asked_days(call: Call) -> Days:
    """Return the days a call asks for, the last one not included."""
    try:
        low, high = read_day(call.query["start_date_ge"]), read_day(call.query["end_date_lt"])
    except ValueError:
        raise Refusal(Why.INVALID, "dates are written YYYY-MM-DD") from None
    if not 0 < high - low <= MOST_DAYS:
        raise Refusal(Why.INVALID, f"end_date_lt must be 1 to {MOST_DAYS} days after start_date_ge")
    return low, high


def _today(call: Call) -> int:
    return day_of(call.moment, call.books.shop)


def _sales(call: Call, days: Days) -> list[Sale]:
    """Return the sales of the days that have figures already."""
    return sales_between(call.books, (days[0], min(days[1], _today(call))))


def _counted(call: Call, days: Days) -> int:
    return max(0, min(days[1], _today(call)) - days[0])


def _money(call: Call) -> Money:
    return money_writer(call.books.shop, call.query["currency"], call.behaviour.money == "padded")


def _latest(call: Call) -> Json:
    return {"latest_available_date": day_text(_today(call) - 1)}


def _intervals(call: Call, write: Callable[[Days], Json]) -> Answer:
    """Return one interval, or with granularity 1D one for each day that has figures."""
    days = _asked_days(call)
    if call.query["granularity"] == "1D":
        rows = [write((day, day + 1)) for day in range(days[0], days[0] + _counted(call, days))]
    else:
        rows = [write(days)]
    return _latest(call) | {"performance": {"intervals": rows}}


def shop_performance(call: Call) -> Answer:
    shop, money = call.books.shop, _money(call)
    refunds = refunds_by_day(call.books, call.moment)
    return _intervals(
        call, lambda days: shop_interval(days, _counted(call, days), _sales(call, days), refunds, shop, money)
    )


def shop_performance_per_hour(call: Call) -> Answer:
    """Return 24 hours of one day, out of the last 30; today is among them."""
    shop, money, today = call.books.shop, _money(call), _today(call)
    try:
        day = read_day(call.path["date"])
    except ValueError:
        raise Refusal(Why.INVALID, "the date is written YYYY-MM-DD") from None
    if not today - 30 < day <= today:
        raise Refusal(Why.INVALID, "the date is one of the last 30 days")
    sales = [sale for sale in sales_between(call.books, (day, day + 1)) if sale.at <= call.moment]

    def written(some: list[Sale]) -> Json:
        sums = summed(some)
        seen = sums.customers * 30
        return {"gmv": money(sums.amount), "items_sold": sums.items, "customers": sums.customers, "visitors": seen}

    hours = [{"index": hour, **written([sale for sale in sales if hour_of(sale, shop) == hour])} for hour in range(24)]
    return {
        "performance": {
            "latest_available_timestamp": call.moment,
            "overall": written(sales),
            "intervals": hours,
        }
    }


def product_performance(call: Call) -> Answer:
    days, money = _asked_days(call), _money(call)
    sums = grouped(_sales(call, days), lambda _, part: int(part.sku.product_id))
    rows = [(product.id, sums.get(product.id, Sums())) for product in _products(call)]
    return _list(call, "products", rows, lambda row: product_json(row[0], row[1], money))


def sku_performance(call: Call) -> Answer:
    days, money, chosen = _asked_days(call), _money(call), call.query["product_ids"]
    sums = grouped(_sales(call, days), lambda _, part: int(part.sku.id))
    skus = [sku for product in _products(call) if not chosen or str(product.id) in chosen for sku in product.skus]
    product_ids = {int(sku.id): int(sku.product_id) for sku in skus}
    rows = [(identifier, sums.get(identifier, Sums())) for identifier in product_ids]
    return _list(call, "skus", rows, lambda row: sku_json(row[0], product_ids[row[0]], row[1], money))


def _products(call: Call) -> list[Product]:
    """Return the products that the filters on status and category leave."""
    shop, status, chosen = call.books.shop, call.query["product_status_filter"], call.query["category_filter"]
    found = [each for each in goods_of(shop, call.world.now, call.world.unsold) if each.status not in _HIDDEN]
    if status != "ALL":
        found = [each for each in found if (each.status == "ACTIVATE") is (status == "LIVE")]
    if chosen:
        found = [each for each in found if any(str(level.id) in chosen for level in chain_of(each.id, shop))]
    return found


def video_performance(call: Call) -> Answer:
    days, shop, money, now = _asked_days(call), call.books.shop, _money(call), call.world.now
    sums = grouped(_sales(call, days), lambda sale, _: video_of(sale, shop, now))
    counted = _counted(call, days)
    found: dict[int, Video] = {
        video.id: video
        for video in videos_of(shop, now)
        if _is_of(call, video.account) and day_of(video.posted, shop) < days[1]
    }
    rows = [(identifier, sums.get(video, Sums())) for identifier, video in found.items()]

    def written(row: tuple[int, Sums]) -> Json:
        posted = found[row[0]].posted
        local = datetime.fromtimestamp(posted + shop.market.utc_offset(posted), UTC)
        return video_json(found[row[0]], counted, row[1], f"{local:%Y-%m-%d %H:%M:%S}", money)

    return _list(call, "videos", rows, written, counted=counted)


def video_overview(call: Call) -> Answer:
    shop, money, now = call.books.shop, _money(call), call.world.now

    def written(days: Days) -> Json:
        sales = [
            sale for sale in _sales(call, days) if (video := video_of(sale, shop, now)) and _is_of(call, video.account)
        ]
        sums = summed(sales)
        clicks = len(sums.orders) * 9 + _counted(call, days)
        return interval(
            days,
            {
                "gmv": money(sums.amount),
                "sku_orders": sums.sku_orders,
                "avg_customers": len(sums.buyers) // max(1, _counted(call, days)),
                "product_clicks": clicks,
                "product_impressions": clicks * 11,
                "click_through_rate": ratio(1, 11),
            },
        )

    return _intervals(call, written)


def live_performance(call: Call) -> Answer:
    _refuse_without_live(call)
    days, shop, money, now = _asked_days(call), call.books.shop, _money(call), call.world.now
    found: dict[int, Live] = {
        live.id: live
        for live in lives_of(shop, now)
        if _is_of(call, live.account) and days[0] <= day_of(live.starts, shop) < min(days[1], _today(call))
    }
    # what came through a session may be bought until the next one begins, beyond the days asked for
    sales = _sales(call, (days[0], days[1] + 7))
    sums = grouped(sales, lambda sale, _: live_of(sale, shop, now))
    early = grouped(
        sales, lambda sale, _: live if (live := live_of(sale, shop, now)) and sale.at < live.ends + 86_400 else None
    )
    rows = [(identifier, sums.get(live, Sums())) for identifier, live in found.items()]

    def written(row: tuple[int, Sums]) -> Json:
        return live_json(found[row[0]], row[1], early.get(found[row[0]], Sums()), money)

    # the one measure that a row's sums do not hold
    first_day = call.query["sort_field"] == "24h_live_gmv"
    in_a_day = {identifier: early.get(live, Sums()).amount for identifier, live in found.items()}
    return _list(call, "live_stream_sessions", rows, written, measured=in_a_day if first_day else None)


def live_overview(call: Call) -> Answer:
    _refuse_without_live(call)
    shop, money, now = call.books.shop, _money(call), call.world.now

    def written(days: Days) -> Json:
        sums = summed(
            sale for sale in _sales(call, days) if (live := live_of(sale, shop, now)) and _is_of(call, live.account)
        )
        return interval(
            days,
            {
                "gmv": money(sums.amount),
                "sku_orders": sums.sku_orders,
                "items_sold": sums.items,
                "customers": sums.customers,
                "click_through_rate": ratio(1, 9),
                "click_to_order_rate": ratio(1, 6),
            },
        )

    return _intervals(call, written)


def _refuse_without_live(call: Call) -> None:
    if not has_live(call.books.shop):
        raise Refusal(Why.INTERNAL, "this shop was never LIVE")


def _is_of(call: Call, account: str) -> bool:
    return call.query["account_type"] in ("ALL", account)


def _list(
    call: Call, name: str, rows: list[tuple[int, Sums]], write: Callable[[tuple[int, Sums]], Json], *,
    counted: int = 0, measured: dict[int, int] | None = None,
) -> Answer:  # fmt: skip
    measure = _MEASURES[call.query["sort_field"]]

    def key(row: tuple[int, Sums]) -> tuple[int, int]:
        return (measured[row[0]] if measured else measure(row[0], row[1], counted)), row[0]

    return page_of(
        call,
        name,
        sorted(rows, key=key),
        key=key,
        write=write,
        asked=sorted((field, str(value)) for field, value in call.query.items() if field != "page_token"),
        beside=_latest(call),
    )


# sort_field -> what a row is sorted by: its id, its sums and the number of days are known
_MEASURES: dict[str, Callable[[int, Sums, int], int]] = {
    "gmv": lambda _id, sums, _days: sums.amount,
    "items_sold": lambda _id, sums, _days: sums.items,
    "units_sold": lambda _id, sums, _days: sums.items,
    "orders": lambda _id, sums, _days: len(sums.orders),
    "sku_orders": lambda _id, sums, _days: sums.sku_orders,
    "customers": lambda _id, sums, _days: sums.customers,
    "avg_customers": lambda _id, sums, days: len(sums.buyers) // max(1, days),
    "different_products_sold": lambda _id, sums, _days: len(sums.products),
    "products_added": lambda _id, sums, _days: max(6, len(sums.products)),
    "24h_live_gmv": lambda _id, sums, _days: sums.amount,
    "views": lambda id_, sums, days: views(id_, days, len(sums.orders)),
    "gpm": lambda id_, sums, days: sums.amount * 1000 // max(1, views(id_, days, len(sums.orders))),
    "click_through_rate": lambda id_, sums, days: int(
        float(video_clicks(id_, views(id_, days, len(sums.orders)), sums)) * 10_000
    ),
}
DATES = (Field("start_date_ge", required=True), Field("end_date_lt", required=True))
CURRENCY = Field("currency", choices=("LOCAL", "USD"), default="LOCAL")
PERIOD = (*DATES, CURRENCY)
GRANULARITY = Field("granularity", choices=("ALL", "1D"), default="ALL")
ACCOUNT = Field("account_type", choices=("ALL", *ACCOUNTS), default="ALL")
PRODUCTS = (
    Field("category_filter", "texts", high=1000),
    Field("product_status_filter", choices=("LIVE", "INACTIVE", "ALL"), default="ALL"),
)


def _page(*sort_fields: str) -> tuple[Field, ...]:
    return (
        *PERIOD,
        Field("page_size", "number", default=10, low=1, high=100),
        Field("page_token", default=""),
        Field("sort_field", choices=sort_fields, default="gmv"),
        Field("sort_order", choices=("ASC", "DESC"), default="DESC"),
    )


_VIDEO_SORTS = ("gmv", "gpm", "avg_customers", "sku_orders", "items_sold", "views", "click_through_rate")
_LIVE_SORTS = (
    "gmv", "products_added", "different_products_sold", "sku_orders", "items_sold", "customers", "24h_live_gmv",
)  # fmt: skip
_AT = "/analytics/202509"


def _get(path: str, answer: Callable[[Call], Answer], *query: Field) -> Endpoint:
    return Endpoint("GET", path, SCOPE, answer, query)


ENDPOINTS = (
    _get(f"{_AT}/shop/performance", shop_performance, *PERIOD, GRANULARITY),
    _get("/analytics/202510/shop/performance/{date}/performance_per_hour", shop_performance_per_hour, CURRENCY),
    _get(f"{_AT}/shop_products/performance", product_performance, *_page("gmv", "items_sold", "orders"), *PRODUCTS),
    _get(
        f"{_AT}/shop_skus/performance",
        sku_performance,
        *_page("gmv", "sku_orders", "units_sold"),
        *PRODUCTS,
        Field("product_ids", "texts", high=1000),
    ),
    _get(f"{_AT}/shop_videos/performance", video_performance, *_page(*_VIDEO_SORTS), ACCOUNT),
    _get(f"{_AT}/shop_videos/overview_performance", video_overview, *PERIOD, GRANULARITY, ACCOUNT),
    _get(f"{_AT}/shop_lives/performance", live_performance, *_page(*_LIVE_SORTS), ACCOUNT),
    _get(f"{_AT}/shop_lives/overview_performance", live_overview, *PERIOD, GRANULARITY, ACCOUNT),
)
