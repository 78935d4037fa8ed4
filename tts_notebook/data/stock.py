"""What is in stock, declared."""

from __future__ import annotations

from dataclasses import replace

from tts_notebook.data.columns import SHOP_COLUMNS, same
from tts_notebook.data.products import PRODUCT_SEARCH
from tts_notebook.data.tables import Column, Listing, Parent, Table

_STOCK_SEARCH = Listing(
    method="POST",
    path="/product/202309/inventory/search",
    scope=PRODUCT_SEARCH.scope,
    records="inventory",
    one="product in stock",
    source="Inventory Search, API version 202309",
    key="product_id",
    # stock has no time of its own: it is that of all products, however old they are
    parent=Parent(replace(PRODUCT_SEARCH, everything=True), into="product_ids", per_call=100),
)

INVENTORY = Table(
    name="inventory",
    row="SKU in a warehouse",
    title="what is in stock, by SKU and warehouse",
    about="""Stock is that of now; period, by and status choose the products. The columns from total_available
on are about the SKU in all warehouses and the same in each of its rows; a SKU in no warehouse has one row.""",
    listing=_STOCK_SEARCH,
    each=("skus", "warehouse_inventory"),
    keep_childless=True,
    keeps=("", "above", "record"),
    order=("product_id", "sku_id"),
    key=("sku_id", "warehouse_id"),
    columns=(
        Column("sku_id", "id", "id", "the SKU", of="above"),
        Column("product_id", "id", "product_id", "its product", of="record"),
        Column("warehouse_id", "id", "warehouse_id", "see warehouses"),
        *SHOP_COLUMNS,
        Column("seller_sku", "string", "seller_sku", "the seller's own code", of="above"),
        Column("available_quantity", "integer", "available_quantity", "for sale, in this warehouse"),
        Column("committed_quantity", "integer", "committed_quantity", "sold and not shipped yet"),
        *same("integer", "total_available_quantity total_committed_quantity", of="above", doc="in all warehouses"),
        Column(
            "in_shop_quantity",
            "integer",
            "total_available_inventory_distribution.in_shop_inventory.quantity",
            "available and not kept for campaigns or creators",
            of="above",
        ),
        Column(
            "campaign_quantity",
            "sum",
            "total_available_inventory_distribution.campaign_inventory[].quantity",
            "kept for campaigns",
            of="above",
        ),
        Column(
            "campaign_count",
            "count",
            "total_available_inventory_distribution.campaign_inventory",
            "each a row of inventory_campaigns",
            of="above",
        ),
        Column(
            "creator_quantity",
            "sum",
            "total_available_inventory_distribution.creator_inventory[].quantity",
            "kept for creators",
            of="above",
        ),
        Column(
            "creator_count",
            "count",
            "total_available_inventory_distribution.creator_inventory",
            "each a row of inventory_creators",
            of="above",
        ),
    ),
)


def _kept(name: str, field: str, whom: str) -> Table:
    """The part of a SKU's stock that is kept for somebody."""
    return Table(
        name=name,
        row=f"SKU and {whom}",
        title=f"what is kept of the stock for each {whom}",
        about="""Stock is that of now, in all warehouses; period, by and status choose the products.""",
        listing=_STOCK_SEARCH,
        each=("skus", f"total_available_inventory_distribution.{field}"),
        order=("product_id", "sku_id"),
        key=("sku_id", f"{whom}_name"),
        columns=(
            Column("sku_id", "id", "id", "the SKU", of="above"),
            Column("product_id", "id", "product_id", "its product", of="record"),
            *SHOP_COLUMNS,
            Column("seller_sku", "string", "seller_sku", "the seller's own code", of="above"),
            Column(f"{whom}_name", "string", f"{whom}_name", f"the {whom}"),
            Column("quantity", "integer", "quantity", "units"),
        ),
    )


INVENTORY_CAMPAIGNS = _kept("inventory_campaigns", "campaign_inventory", "campaign")
INVENTORY_CREATORS = _kept("inventory_creators", "creator_inventory", "creator")
