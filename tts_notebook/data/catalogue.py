"""Every table by name: what its accessor is called and what it can be asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tts_notebook.data import (
    categories,
    finance,
    logistics,
    orders,
    performance,
    product_parts,
    products,
    returns,
    seller,
    stock,
)
from tts_notebook.data.accessor import Method, accessor, options_of
from tts_notebook.data.tables import Table
from tts_notebook.errors import InputError


@dataclass(frozen=True, slots=True)
class Entry:
    """A table that a session can be asked for.

    Attributes:
        table: Its declaration.
        children: What the same pull gives besides, with `items=True`.
        siblings: Every other table of that pull, which `items` can name.
    """

    table: Table
    children: tuple[Table, ...] = ()
    siblings: tuple[Table, ...] = ()

    @property
    def name(self) -> str:
        """The name of the table and of the session's method."""
        return self.table.name

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return f"{self.table.title}, one row per {self.table.row}"

    @property
    def options(self) -> dict[str, Any]:
        """The method's options and their defaults."""
        return options_of(self.table, self.children, self.siblings)

    @property
    def by(self) -> tuple[str, ...]:
        """What the option `by` can be; empty if there is no such option."""
        return tuple(self.table.listing.root.walks)

    @property
    def statuses(self) -> tuple[str, ...]:
        """What the option `status` can be; empty if there is no such option."""
        return self.table.listing.root.statuses


def _entries() -> Iterator[Entry]:
    tables = [table for table, *_ in _TABLES]
    for table, *children in _TABLES:
        siblings = (each for each in tables if each.listing is table.listing and each is not table)
        yield Entry(table, tuple(children), tuple(siblings))


_TABLES: tuple[tuple[Table, ...], ...] = (
    (orders.ORDERS, orders.ORDER_ITEMS),
    (orders.ORDER_ITEMS,),
    (orders.ORDER_BUNDLE_SKUS,),
    (finance.STATEMENTS,),
    (finance.TRANSACTIONS,),
    (finance.ORDER_TRANSACTIONS, finance.SKU_TRANSACTIONS),
    (finance.SKU_TRANSACTIONS,),
    (finance.PAYMENTS,),
    (finance.WITHDRAWALS,),
    (finance.UNSETTLED,),
    (products.PRODUCTS, products.SKUS),
    (products.SKUS,),
    *((part,) for part in product_parts.PARTS),
    (stock.INVENTORY,),
    (stock.INVENTORY_CAMPAIGNS,),
    (stock.INVENTORY_CREATORS,),
    (categories.CATEGORIES,),
    (categories.BRANDS,),
    (logistics.WAREHOUSES,),
    (logistics.DELIVERY_OPTIONS,),
    (logistics.SHIPPING_PROVIDERS,),
    (logistics.PACKAGES, logistics.PACKAGE_ITEMS),
    (logistics.PACKAGE_ITEMS,),
    (logistics.TRACKING,),
    (returns.RETURNS, returns.RETURN_ITEMS),
    (returns.RETURN_ITEMS,),
    (returns.CANCELLATIONS, returns.CANCELLATION_ITEMS),
    (returns.CANCELLATION_ITEMS,),
    (performance.PERFORMANCE,),
    (performance.PRODUCT_PERFORMANCE,),
    (performance.SKU_PERFORMANCE,),
    (performance.VIDEO_PERFORMANCE, performance.VIDEO_PRODUCTS),
    (performance.VIDEO_PRODUCTS,),
    (performance.LIVE_PERFORMANCE,),
    (seller.AUTHORIZED_SHOPS,),
    (seller.SELLER_PERMISSIONS,),
    (seller.SELLER_STATUS,),
)


TABLES: dict[str, Entry] = {entry.name: entry for entry in _entries()}


def find_table(name: str) -> Entry:
    """Return the table of that name, in whatever case and with - for _.

    Raises:
        InputError: there is none; with the closest name, or all of them.
    """
    wanted = name.strip().casefold().replace("-", "_")
    if wanted in TABLES:
        return TABLES[wanted]
    close = difflib.get_close_matches(wanted, TABLES, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(TABLES)}."
    raise InputError(f"There is no table {name!r}.", next_step=hint)


def fetched(stub: Method) -> Method:
    """Make the method that fetches the table of its name."""
    entry = TABLES[stub.__name__]
    return accessor(entry.table, *entry.children, siblings=entry.siblings)(stub)
