"""The seller: shops, permissions and status, declared."""

from __future__ import annotations

from tts_notebook.data.tables import Column, Listing, Table

_STATUSES = "0 new, 1 pending, 2 active, 3 deactivated, 4 rejected, 6 withdrawn"

AUTHORIZED_SHOPS = Table(
    name="authorized_shops",
    row="shop",
    title="the shops that this login covers",
    listing=Listing(
        method="GET",
        path="/authorization/202309/shops",
        scope="seller.authorization.info",
        records="shops",
        one="shop",
        source="Get Authorized Shops, API version 202309",
        filters="query",
        seller_level=True,
    ),
    key=("shop_id",),
    columns=(
        Column("shop_id", "id", "id", "the shop"),
        Column("name", "string", "name", "its name in Seller Center"),
        Column("region", "string", "region", "two letters"),
        Column("seller_type", "string", "seller_type", "LOCAL or CROSS_BORDER"),
        Column("code", "id", "code", "the short code in Seller Center"),
    ),
    left_out={"cipher": "a key for calls, which the session adds by itself; it does not belong into a saved notebook"},
)

SELLER_PERMISSIONS = Table(
    name="seller_permissions",
    row="permission",
    title="what the seller may do",
    listing=Listing(
        method="GET",
        path="/seller/202309/permissions",
        scope="seller.shop.info",
        records="permissions",
        shape="texts",
        one="permission",
        source="Get Seller Permissions, API version 202309",
        filters="query",
        key="value",
        seller_level=True,
    ),
    key=("permission",),
    columns=(Column("permission", "string", "value", "such as MANAGE_GLOBAL_PRODUCT; an element of permissions"),),
)

SELLER_STATUS = Table(
    name="seller_status",
    row="shop of the seller",
    title="the status of the seller and of each shop",
    listing=Listing(
        method="GET",
        path="/seller/202508/status",
        scope="seller.shop.info",
        records="seller_status_data",
        shape="object",
        one="seller",
        source="Get Seller Status, API version 202508",
        filters="query",
        key="",
        seller_level=True,
    ),
    each=("shop_statuses",),
    keep_childless=True,
    keeps=("", "record"),
    key=("shop_id",),
    columns=(
        Column("shop_id", "id", "shop_id", "the shop"),
        Column("shop_status", "string", "shop_status", _STATUSES),
        Column("seller_status", "string", "seller_status", _STATUSES, of="record"),
        Column("partner_channel", "string", "partner_channel", "1 organic, 2 Woo, 3 Shopify, …", of="record"),
        Column("tax_form_status", "string", "tax_form_status", "1 under audit, 2 approved, 3 rejected", of="record"),
    ),
)
