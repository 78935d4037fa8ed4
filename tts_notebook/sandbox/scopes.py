"""The scopes an app may ask a seller for, with what they let it read in plain words."""

from __future__ import annotations

SCOPES = {
    "seller.authorization.info": "Which shops you authorize",
    "seller.shop.info": "Your account and its status",
    "seller.order.info": "Orders and where they go",
    "seller.finance.info": "Statements and payments",
    "seller.product.basic": "Products, prices and stock",
    "seller.logistics": "Warehouses and delivery options",
    "seller.fulfillment.basic": "Packages and tracking",
    "seller.return_refund.basic": "Returns and cancellations",
    "data.shop_analytics.public.read": "Performance figures",
}
