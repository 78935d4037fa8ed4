"""ShopSession, the object `tts` of a notebook: the API's session plus one method per table."""

from __future__ import annotations

from typing import Any, Unpack

from tts_notebook.api.session import Session
from tts_notebook.data.accessor import Moment, Options
from tts_notebook.data.catalogue import fetched


class ShopSession(Session):
    """A session that is logged in as a TikTok Shop seller, with its data as tables.

    What the methods do, their signatures and their docstrings come from the tables' declarations.
    """

    @fetched
    def orders(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def order_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def statements(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def transactions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def order_transactions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_transactions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def payments(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def withdrawals(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def unsettled(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def products(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def skus(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def inventory(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def categories(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def brands(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def warehouses(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def delivery_options(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def shipping_providers(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def packages(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def package_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def tracking(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def returns(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def return_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def cancellations(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def cancellation_items(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def product_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def sku_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def video_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def video_products(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def live_performance(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def authorized_shops(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def seller_permissions(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...

    @fetched
    def seller_status(self, since: Moment = None, until: Moment = None, **options: Unpack[Options]) -> Any: ...
