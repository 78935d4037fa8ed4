"""Seller insights: the shop's performance, and that of products, SKUs, videos and LIVEs, declared."""

from __future__ import annotations

from tts_notebook.data.columns import SHOP_COLUMNS, same
from tts_notebook.data.tables import Column, Listing, Reason, Source, Table

_SCOPE = "data.shop_analytics.public.read"
# longer windows are refused or empty; the documentation asks for "about a month"
_DAYS = 30
_SETTLES = 14  # days in which figures are still corrected, with a margin
_CURRENCY = "ISO 4217, of every amount in the row"


def _window(source: Source) -> tuple[Column, ...]:
    """The days that a row is about, as the shop's calendar names them and as moments."""
    return (
        Column("start_date", "string", "start_date", "first day, in the shop's calendar", of=source),
        Column("end_date", "string", "end_date", "the day after the last", of=source),
    )


def _moments(source: Source) -> tuple[Column, ...]:
    return (
        Column("start_at", "local", "start_date", "the first day begins in the shop's time zone", of=source),
        Column("end_at", "local", "end_date", "the last day ends there", of=source),
    )


_LATEST = Column("latest_available_date", "string", "latest_available_date", "newest day with figures", of="page")

PERFORMANCE = Table(
    name="performance",
    row="day of a shop",
    title="the performance of the shop day by day",
    listing=Listing(
        method="GET",
        path="/analytics/202509/shop/performance",
        scope=_SCOPE,
        records="performance.intervals",
        one="day of a shop",
        source="Get Shop Performance, API version 202509",
        filters="query",
        fixed={"granularity": "1D"},
        key="start_date",
        days=_DAYS,
        settles=_SETTLES,
    ),
    order=("start_at", "shop_id"),
    key=("shop_id", "date"),
    columns=(
        Column("date", "string", "start_date", "the day, in the shop's calendar"),
        *SHOP_COLUMNS,
        Column("start_at", "local", "start_date", "it begins in the shop's time zone", same=()),
        Column("end_at", "local", "end_date", "it ends there"),
        Column(
            "currency",
            "string",
            "sales.gmv.overall.currency",
            _CURRENCY,
            same=(
                "sales.gross_revenue.overall.currency",
                "sales.refunds.currency",
                *(f"sales.gmv.breakdowns[type={kind}].gmv.currency" for kind in ("LIVE", "VIDEO", "PRODUCT_CARD")),
            ),
        ),
        Column("gmv", "money", "sales.gmv.overall.amount", "gross merchandise value"),
        *(
            Column(f"gmv_{kind.lower()}", "money", f"sales.gmv.breakdowns[type={kind}].gmv.amount", f"of it {kind}")
            for kind in ("LIVE", "VIDEO", "PRODUCT_CARD")
        ),
        Column("gross_revenue", "money", "sales.gross_revenue.overall.amount", "before discounts by the platform"),
        *(
            Column(
                f"gross_revenue_{kind.lower()}_share",
                "rate",
                f"sales.gross_revenue.breakdowns[type={kind}].percentage",
                f"part of it that is {kind}: 0.25 is a quarter",
            )
            # South East Asia tells paid from unpaid in the second pair
            for kind in ("ADS", "ORGANIC", "GMV_MAX", "NON_GMV_MAX")
        ),
        Column("refunds", "money", "sales.refunds.amount", "positive"),
        *same("integer", "orders_count sku_orders_count items_sold avg_customers_count", inside="sales."),
        *same("integer", "avg_page_views avg_visitors", inside="traffic."),
        Column("avg_conversion_rate", "rate", "traffic.avg_conversation_rate", "spelt conversation by TikTok Shop"),
        _LATEST,
    ),
)


def _list(path: str, records: str, one: str, source: str, reasons: tuple[Reason, ...] = ()) -> Listing:
    return Listing(
        method="GET",
        path=f"/analytics/202509/{path}/performance",
        scope=_SCOPE,
        records=records,
        one=one,
        source=f"{source}, API version 202509",
        page_size=100,
        filters="query",
        days=_DAYS,
        settles=_SETTLES,
        reasons=reasons,
    )


_ABOUT = """A row is about at most 30 days, those of its columns start_date and end_date: a longer period
gives several rows, whose sums are right and whose averages and numbers of customers do not add up."""

PRODUCT_PERFORMANCE = Table(
    name="product_performance",
    row="product and window",
    title="how each product performed in a period",
    about=_ABOUT,
    listing=_list("shop_products", "products", "product", "Get Shop Product Performance List"),
    order=("start_at", "product_id"),
    key=("product_id", "start_date"),
    columns=(
        Column("product_id", "id", "id", "the product"),
        *SHOP_COLUMNS,
        *_window("window"),
        Column("currency", "string", "overall_performance.gmv.currency", _CURRENCY),
        Column("gmv", "money", "overall_performance.gmv.amount", "gross merchandise value"),
        *same("integer", "orders items_sold", inside="overall_performance."),
        *_moments("window"),
        _LATEST,
    ),
)

SKU_PERFORMANCE = Table(
    name="sku_performance",
    row="SKU and window",
    title="how each SKU performed in a period",
    about=_ABOUT,
    listing=_list("shop_skus", "skus", "SKU", "Get Shop SKU Performance List"),
    order=("start_at", "sku_id"),
    key=("sku_id", "start_date"),
    columns=(
        Column("sku_id", "id", "id", "the SKU; sent as a number"),
        Column("product_id", "id", "product_id", "its product; sent as a number"),
        *SHOP_COLUMNS,
        *_window("window"),
        Column("currency", "string", "gmv.currency", _CURRENCY),
        Column("gmv", "money", "gmv.amount", "gross merchandise value"),
        *same("integer", "sku_orders units_sold"),
        *_moments("window"),
        _LATEST,
    ),
)

_VIDEO_LIST = _list("shop_videos", "videos", "video", "Get Shop Video Performance List")

VIDEO_PERFORMANCE = Table(
    name="video_performance",
    row="video and window",
    title="how each video performed in a period",
    about=f"{_ABOUT} items=True adds video_products.",
    listing=_VIDEO_LIST,
    order=("start_at", "video_id"),
    key=("video_id", "start_date"),
    columns=(
        Column("video_id", "id", "id", "the video"),
        *SHOP_COLUMNS,
        *_window("window"),
        *same("string", "title username"),
        Column("posted_at", "local", "video_post_time", "read as the shop's local time, which no one documents"),
        Column("currency", "string", "gmv.currency", _CURRENCY, same=("gpm.currency",)),
        Column("gmv", "money", "gmv.amount", "gross merchandise value"),
        Column("gpm", "money", "gpm.amount", "gmv of 1,000 views"),
        *same("integer", "views sku_orders items_sold avg_customers"),
        Column("click_through_rate", "rate", "click_through_rate", "product clicks by views: 0.05 is 5 %"),
        Column("duration", "integer", "duration", "seconds"),
        Column("hash_tags", "string", "hash_tags[]", "joined with commas"),
        Column("product_ids", "string", "products[].id", "joined with commas"),
        Column("product_count", "count", "products", "each a row of video_products"),
        *_moments("window"),
        _LATEST,
    ),
)

VIDEO_PRODUCTS = Table(
    name="video_products",
    row="product of a video in a window",
    title="the products that the videos of a period promote",
    listing=_VIDEO_LIST,
    each=("products",),
    order=("start_date", "video_id"),
    key=("video_id", "start_date", "product_id"),
    columns=(
        Column("video_id", "id", "id", "the video", of="record"),
        Column("product_id", "id", "id", "the product"),
        *SHOP_COLUMNS,
        *_window("window"),
        Column("product_name", "string", "name", "its name"),
    ),
)

_NO_LIVE = Reason(
    "TikTok Shop also answers so, every time, about shops that have had no LIVE; is {shop} one of them?",
    codes=frozenset({36009003}),
)

LIVE_PERFORMANCE = Table(
    name="live_performance",
    row="LIVE and window",
    title="how each LIVE performed in a period",
    about=f"{_ABOUT} A shop without any LIVE is left out, and told.",
    listing=_list("shop_lives", "live_stream_sessions", "LIVE", "Get Shop LIVE Performance List", reasons=(_NO_LIVE,)),
    order=("start_at", "live_id"),
    key=("live_id", "start_date"),
    columns=(
        Column("live_id", "id", "id", "the LIVE"),
        *SHOP_COLUMNS,
        *_window("window"),
        *same("string", "title username"),
        Column("started_at", "time", "start_time", "sent as text"),
        Column("ended_at", "time", "end_time", "sent as text"),
        Column(
            "currency",
            "string",
            "sales_performance.gmv.currency",
            _CURRENCY,
            same=("sales_performance.24h_live_gmv.currency", "sales_performance.avg_price.currency"),
        ),
        Column("gmv", "money", "sales_performance.gmv.amount", "gross merchandise value"),
        Column("gmv_24h", "money", "sales_performance.24h_live_gmv.amount", "paid within 24 hours of viewing it"),
        Column("avg_price", "money", "sales_performance.avg_price.amount", "of an item sold"),
        *same(
            "integer",
            "customers items_sold sku_orders created_sku_orders products_added different_products_sold",
            inside="sales_performance.",
        ),
        Column("click_to_order_rate", "rate", "sales_performance.click_to_order_rate", "0.05 is 5 %"),
        *same(
            "integer",
            "viewers views acu pcu likes comments shares new_followers product_impressions product_clicks",
            inside="interaction_performance.",
            doc="official and marketing accounts only",
        ),
        Column("avg_viewing_duration", "rate", "interaction_performance.avg_viewing_duration", "seconds"),
        Column("click_through_rate", "rate", "interaction_performance.click_through_rate", "0.05 is 5 %"),
        *_moments("window"),
        _LATEST,
    ),
)
