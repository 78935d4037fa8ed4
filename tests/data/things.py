"""Small tables to sync, and nothing that takes long to import: children of tests need them."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from tts_notebook.data.frames import schema
from tts_notebook.data.tables import Column, Listing, Table

JANUARY = 1_767_225_600  # 2026-01-01
DAY = 86_400
SHOP = "7494000000000000001"
COLUMNS = (
    Column("shop_id", "id", "id", of="shop"),
    Column("order_id", "id", "id"),
    Column("created_at", "time", "create_time"),
    Column("updated_at", "time", "update_time"),
    Column("status", "string", "status"),
)
LISTING = Listing(method="POST", path="/things", scope="things", records="things", one="thing")
THINGS = Table("things", "thing", "things", LISTING, COLUMNS, order=("created_at", "order_id"), key=("order_id",))
EVENTS = Table("events", "event", "events", LISTING, COLUMNS, order=("created_at", "order_id"))
PLACES = Table("places", "place", "places", LISTING, COLUMNS[:2], key=("order_id",))


def rows(*found: tuple[str, int | None, int | None, str], shop: str = SHOP) -> pa.Table:
    """Rows of an id, the seconds of creation and change, and a status."""
    records = [
        {"shop_id": shop, "order_id": name, "created_at": _at(made), "updated_at": _at(changed), "status": status}
        for name, made, changed, status in found
    ]
    return pa.Table.from_pylist(records, schema=schema(COLUMNS))


def _at(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
