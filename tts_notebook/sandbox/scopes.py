"""The scopes an app may ask a seller for, with what they mean in plain words."""

from __future__ import annotations

SCOPES = {
    "seller.authorization.info": "See which shops you authorize",
    "seller.shop.info": "See your active shops and your account's status",
    "seller.order.info": "Read your orders, including what was bought and where it goes",
    "seller.finance.info": "Read your statements, payments and withdrawals",
    "seller.product.basic": "Read your products, prices and stock",
    "seller.logistics": "Read your warehouses and delivery options",
    "seller.fulfillment.basic": "Read your packages and their tracking",
    "seller.return_refund.basic": "Read your returns, refunds and cancellations",
    "data.shop_analytics.public.read": "Read your shop's performance figures",
}
