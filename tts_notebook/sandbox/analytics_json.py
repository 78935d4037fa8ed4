"""Performance figures as the analytics endpoints write them, with TikTok Shop's own spellings."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .catalogue import Shop
from .contents import Live, Video
from .figures import Money, Sums, ratio, summed, views, visitors
from .sales import CHANNELS, Sale, day_text

Json = dict[str, Any]
# How gross revenue is split: the United States have no such breakdown.
_SHARES = {"GB": ("ADS", "ORGANIC"), "MY": ("GMV_MAX", "NON_GMV_MAX"), "ID": ("GMV_MAX", "NON_GMV_MAX")}


def interval(days: tuple[int, int], body: Json) -> Json:
    return {"start_date": day_text(days[0]), "end_date": day_text(days[1]), **body}


def shop_interval(
    days: tuple[int, int], counted: int, sales: list[Sale], refunds: dict[int, int], shop: Shop, money: Money
) -> Json:
    """Return a shop's figures for some days, of which `counted` have figures; averages are per day."""
    sums, by_day = summed(sales), max(1, counted)
    buyers = Counter(day for day, _ in sums.buyers)
    seen = [visitors(shop, day, buyers[day]) for day in list(range(*days))[:counted]]
    sold_by = {channel: sum(sale.amount for sale in sales if sale.channel == channel) for channel in CHANNELS}
    paid_for = sum(sale.revenue for sale in sales if sale.order.dice % 4 == 0)
    first, second = _SHARES.get(shop.region, ("", ""))
    return interval(
        days,
        {
            "sales": {
                "gmv": {
                    "overall": money(sums.amount),
                    "breakdowns": [{"type": name, "gmv": money(amount)} for name, amount in sold_by.items()],
                },
                "gross_revenue": {
                    "overall": money(sums.revenue),
                    "breakdowns": [
                        {"type": first, "percentage": ratio(paid_for, sums.revenue)},
                        {"type": second, "percentage": ratio(sums.revenue - paid_for, sums.revenue)},
                    ]
                    if first
                    else [],
                },
                "refunds": money(sum(refunds.get(day, 0) for day in list(range(*days))[:counted])),
                "items_sold": sums.items,
                "orders_count": len(sums.orders),
                "sku_orders_count": sums.sku_orders,
                "avg_customers_count": len(sums.buyers) // by_day,
            },
            "traffic": {
                "avg_page_views": sum(pages for _, pages in seen) // by_day,
                "avg_visitors": sum(people for people, _ in seen) // by_day,
                # TikTok Shop's spelling
                "avg_conversation_rate": ratio(len(sums.buyers), sum(people for people, _ in seen)),
            },
        },
    )


def product_json(identifier: int, sums: Sums, money: Money) -> Json:
    performance = {"gmv": money(sums.amount), "items_sold": sums.items, "orders": len(sums.orders)}
    return {"id": str(identifier), "overall_performance": performance}


def sku_json(identifier: int, product_id: int, sums: Sums, money: Money) -> Json:
    """Return a SKU's figures; its ids are JSON numbers here, and nowhere else."""
    return {
        "id": identifier,
        "product_id": product_id,
        "gmv": money(sums.amount),
        "sku_orders": sums.sku_orders,
        "units_sold": sums.items,
    }


def video_json(video: Video, days: int, sums: Sums, posted: str, money: Money) -> Json:
    seen = views(video.id, days, len(sums.orders))
    return {
        "id": str(video.id),
        "title": f"{video.product_name} in {video.duration} seconds #{video.username}",
        "username": video.username,
        "video_post_time": posted,
        "duration": video.duration,
        "hash_tags": ["#fyp", "tiktokshop"],
        "products": [{"id": video.product_id, "name": video.product_name}],
        "views": seen,
        "click_through_rate": video_clicks(video.id, seen, sums),
        "gmv": money(sums.amount),
        "gpm": money(sums.amount * 1000 // max(1, seen)),
        "sku_orders": sums.sku_orders,
        "items_sold": sums.items,
        "avg_customers": len(sums.buyers) // max(1, days),
    }


def video_clicks(identifier: int, seen: int, sums: Sums) -> str:
    return ratio(len(sums.orders) * (3 + identifier % 5), seen)


def live_json(live: Live, sums: Sums, within_a_day: Sums, money: Money) -> Json:
    """Return a session: times are texts of epoch seconds, rates percentages with their sign."""
    seen = views(live.id, 3, len(sums.orders))
    clicks = len(sums.orders) * 6 + 40
    body: Json = {
        "id": str(live.id),
        "title": f"Evening LIVE № {live.id % 1000}",
        "username": live.username,
        "start_time": str(live.starts),
        "end_time": str(live.ends),
        "sales_performance": {
            "gmv": money(sums.amount),
            "24h_live_gmv": money(within_a_day.amount),
            "avg_price": money(sums.amount // max(1, sums.items)),
            "items_sold": sums.items,
            "sku_orders": sums.sku_orders,
            "created_sku_orders": sums.sku_orders,
            "customers": sums.customers,
            "different_products_sold": len(sums.products),
            "products_added": max(6, len(sums.products)),
            "click_to_order_rate": f"{100 * len(sums.orders) / clicks:.2f}%",
        },
    }
    if live.account != "AFFILIATE_ACCOUNTS":
        body["interaction_performance"] = {
            "views": seen,
            "viewers": seen * 2 // 3,
            "acu": seen // 40,
            "pcu": seen // 12,
            "likes": seen // 5,
            "comments": seen // 30,
            "shares": seen // 90,
            "new_followers": seen // 70,
            "product_clicks": clicks,
            "product_impressions": clicks * 7,
            "avg_viewing_duration": str(30 + live.id % 40),
            "click_through_rate": f"{100 * clicks / max(1, seen):.2f}%",
        }
    return body
