"""What a table holds, told by the sandbox's world itself: plain rows to hold against what came over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from tts_notebook.sandbox.aftersale_json import Cancellation, cancellation_of
from tts_notebook.sandbox.basket import Basket, fill_basket
from tts_notebook.sandbox.catalogue import Seller, Shop
from tts_notebook.sandbox.categories import brands, categories, chain_of
from tts_notebook.sandbox.claims import Claim, claims_of
from tts_notebook.sandbox.contents import live_of, video_of
from tts_notebook.sandbox.goods import Product, goods_of
from tts_notebook.sandbox.ledger import Ledger, open_ledger
from tts_notebook.sandbox.money import DECIMALS
from tts_notebook.sandbox.order_json import carrier_of
from tts_notebook.sandbox.orders import Order
from tts_notebook.sandbox.packages import Package, packages_of, tracking
from tts_notebook.sandbox.places import delivery_options, providers, return_warehouse
from tts_notebook.sandbox.sales import Sale, day_of, day_text, has_live, sales_of
from tts_notebook.sandbox.settlement import Line, settle
from tts_notebook.sandbox.stock import stock_of
from tts_notebook.sandbox.withdrawals import withdrawals_of
from tts_notebook.sandbox.world import ShopBooks, World

Row = tuple[Any, ...]
SHIPPED = ("PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED", "CANCELLED")
SETTLED_LATER = ("AWAITING_SHIPMENT", *SHIPPED[:-1])
UNLISTED = ("DRAFT", "PENDING", "FAILED", "DELETED")


@dataclass(frozen=True)
class View:
    """One shop of a world."""

    world: World
    seller: Seller
    shop: Shop

    @property
    def moment(self) -> int:
        return self.world.now

    @cached_property
    def books(self) -> ShopBooks:
        return self.world.books(self.shop)

    @cached_property
    def ledger(self) -> Ledger:
        return open_ledger(self.books, self.moment)

    @cached_property
    def sales(self) -> list[Sale]:
        """The sales of the days that are over."""
        return [sale for sale in sales_of(self.books) if sale.day < day_of(self.moment, self.shop)]

    @property
    def goods(self) -> tuple[Product, ...]:
        return goods_of(self.shop, self.moment, 0)

    @property
    def told(self) -> list[Product]:
        """The products about which there is a detail."""
        return [product for product in self.goods if product.status not in ("FREEZE", "DELETED")]

    @property
    def orders(self) -> Iterator[tuple[Order, Basket]]:
        return ((order, fill_basket(order, self.shop)) for order in self.books.orders)

    def money(self, minor: int) -> Decimal:
        return Decimal(minor).scaleb(-DECIMALS[self.shop.market.currency])


Told = Callable[[View], Iterator[Row]]


def at(second: int) -> datetime | None:
    return datetime.fromtimestamp(second, UTC) if second else None


def of_orders(see: View) -> Iterator[Row]:
    for order, basket in see.orders:
        times = (order.created, order.updated, order.paid, order.shipped, order.delivered, order.cancelled)
        yield str(order.id), see.shop.id, order.status, *map(at, times), see.money(basket.total), len(basket.units)


def of_units(see: View) -> Iterator[Row]:
    for order, basket in see.orders:
        for unit in basket.units:
            amounts = (unit.sku.price, unit.sale_price, unit.seller_discount, unit.platform_discount)
            yield str(unit.id), str(order.id), unit.sku.id, *map(see.money, amounts)


def of_bundles_sold(see: View) -> Iterator[Row]:
    for order, basket in see.orders:
        for unit in basket.units:
            for part, count in unit.sku.bundle:
                yield str(unit.id), str(order.id), unit.sku.id, part.id, count


def of_statements(see: View) -> Iterator[Row]:
    for row in see.ledger.statements:
        paid = row.payment is not None and row.payment.created <= see.moment
        payment = str(row.payment.id) if paid and row.payment else None
        amounts = map(see.money, (row.settlement, row.revenue, row.adjustment))
        costs = (see.money(row.fee), see.money(row.shipping))
        if see.shop.market.southeast_asia:  # there the fees of a statement hold what shipping costs
            costs = (see.money(row.fee + row.shipping), None)
        yield str(row.id), see.shop.id, at(row.time), payment, *amounts, *costs


def of_transactions(see: View) -> Iterator[Row]:
    for statement in see.ledger.statements:
        for row in statement.transactions:
            amounts = (row.settlement, row.revenue, row.fee, row.shipping, row.adjustment, row.reserve)
            order = str(row.order.id) if row.order else None
            yield str(row.id), str(statement.id), row.type, order, *map(see.money, amounts)


def lines_of(see: View, order: Order) -> list[Line]:
    return settle(order, see.shop, order.completed).lines if order.id in see.ledger.settled else []


def of_order_transactions(see: View) -> Iterator[Row]:
    for order in see.books.orders:
        if order.status in SHIPPED:
            lines = lines_of(see, order)
            amounts = (
                sum(line.revenue for line in lines),
                sum(line.fee for line in lines),
                sum(line.shipping for line in lines),
            )
            yield str(order.id), order.status, len(lines), see.money(sum(amounts)), *map(see.money, amounts)


def of_sku_transactions(see: View) -> Iterator[Row]:
    for order in see.books.orders:
        for line in lines_of(see, order):
            amounts = (line.revenue, line.fee, line.shipping)
            yield (
                str(order.id),
                str(see.ledger.settled[order.id].id),
                line.sku.id,
                line.quantity,
                *map(see.money, amounts),
            )


def of_payments(see: View) -> Iterator[Row]:
    for row in see.ledger.payments if not see.shop.market.southeast_asia else ():
        if row.created <= see.moment:
            amounts = (row.settlement + row.reserve, row.settlement, row.reserve)
            arrived = at(row.paid) if row.paid <= see.moment else None
            yield str(row.id), at(row.created), arrived, row.status(see.moment), *map(see.money, amounts)


def of_withdrawals(see: View) -> Iterator[Row]:
    for row in withdrawals_of(see.ledger, see.moment):
        yield str(row.id), at(row.created), row.type, row.status(see.moment), see.money(row.amount)


def of_unsettled(see: View) -> Iterator[Row]:
    for order in see.books.orders:
        if order.status in SETTLED_LATER and order.id not in see.ledger.settled:
            lines = settle(order, see.shop, see.moment).lines
            amount = sum(line.revenue + line.fee + line.shipping for line in lines)
            yield str(order.id), at(order.created), at(order.delivered), see.money(amount)


def of_products(see: View) -> Iterator[Row]:
    for each in see.goods:
        yield str(each.id), see.shop.id, each.title, each.status, at(each.created), at(each.updated), len(each.skus)


def of_skus(see: View) -> Iterator[Row]:
    stock = stock_of(see.books)
    for product in see.goods:
        for sku in product.skus:
            left = sum(stock.of(sku.id, place)[0] for place in (0, 1)) if product.status not in UNLISTED else None
            yield sku.id, str(product.id), sku.seller_sku, see.money(sku.price), left


def of_stock_for_sale(see: View) -> Iterator[Row]:
    stock = stock_of(see.books)
    for product in see.goods:
        for sku in product.skus if product.status not in UNLISTED else ():
            for number, name in enumerate(see.shop.warehouses):
                yield sku.id, str(product.id), name, stock.of(sku.id, number)[0]


def of_inventory(see: View) -> Iterator[Row]:
    stock = stock_of(see.books)
    for product in see.goods:
        for sku in product.skus:
            for number, name in enumerate(see.shop.warehouses):
                yield sku.id, str(product.id), name, *stock.of(sku.id, number)


def of_product_categories(see: View) -> Iterator[Row]:
    for product in see.told:
        for each in chain_of(product.id, see.shop):
            yield str(product.id), str(each.id), str(each.parent), each.name, each.leaf


def of_families(see: View) -> Iterator[Row]:
    shelf = sorted({sku.product_id for sku in see.shop.skus}) if see.shop.region == "US" else []
    for first in range(0, len(shelf), 2):
        pair = shelf[first : first + 2]
        yield from ((one, other) for one in pair for other in pair)


def of_sku_attributes(see: View) -> Iterator[Row]:
    return ((sku.id, str(product.id), sku.name) for product in see.told for sku in product.skus)


def of_bundles(see: View) -> Iterator[Row]:
    for sku in see.shop.skus:
        for part, count in sku.bundle:
            yield sku.id, sku.product_id, part.id, count, see.money(part.price)


def of_global_skus(see: View) -> Iterator[Row]:
    for sku in see.shop.skus if see.shop.seller_type == "CROSS_BORDER" else ():
        yield sku.product_id, sku.id


def of_categories(see: View) -> Iterator[Row]:
    for each in categories(see.shop.region == "US"):
        yield see.shop.id, str(each.id), str(each.parent), each.name, each.leaf


def of_brands(see: View) -> Iterator[Row]:
    return ((see.shop.id, str(each.id), each.name, each.first_rank) for each in brands(see.shop))


def of_warehouses(see: View) -> Iterator[Row]:
    for name in see.shop.warehouses:
        yield see.shop.id, name, "SALES_WAREHOUSE"
    yield see.shop.id, return_warehouse(see.shop), "RETURN_WAREHOUSE"


def of_delivery_options(see: View) -> Iterator[Row]:
    for name in see.shop.warehouses:
        yield from ((name, option.id, option.name) for option in delivery_options(see.shop))


def of_providers(see: View) -> Iterator[Row]:
    for option in delivery_options(see.shop):
        yield from ((option.id, each["id"], each["name"]) for each in providers(option, see.shop))


def of_packages(see: View) -> Iterator[Row]:
    for package in packages_of(see.books):
        order = package.order
        number = carrier_of(order, see.shop.market)[2] if order.shipped else None
        yield str(package.id), str(order.id), package.status, at(package.created), at(package.updated), number


def packed(see: View, package: Package) -> Counter[str]:
    units = fill_basket(package.order, see.shop).units
    return Counter(unit.sku.id for unit in (units[:1] if package.order.status == "PARTIALLY_SHIPPING" else units))


def of_package_items(see: View) -> Iterator[Row]:
    for package in packages_of(see.books):
        for sku, count in packed(see, package).items():
            yield str(package.id), str(package.order.id), sku, count


def of_tracking(see: View) -> Iterator[Row]:
    for order in see.books.orders:
        for event in tracking(order) if order.status in SHIPPED else ():
            moment = datetime.fromtimestamp(event["update_time_millis"] / 1000, UTC)
            yield str(order.id), moment, event["description"]


def claims(see: View) -> list[Claim]:
    return [claim for claim in claims_of(see.books) if claim.opened <= see.moment]


def of_returns(see: View) -> Iterator[Row]:
    for claim in claims(see):
        units = claim.units(fill_basket(claim.order, see.shop))
        back = sum(unit.sale_price + unit.tax for unit in units) if claim.kind != "REPLACEMENT" else 0
        changed, status = claim.step_at(see.moment)
        times = (at(claim.opened), at(changed))
        yield str(claim.id), str(claim.order.id), claim.kind, status, *times, see.money(back), len(units)


def of_return_items(see: View) -> Iterator[Row]:
    for claim in claims(see):
        for unit in claim.units(fill_basket(claim.order, see.shop)):
            back = unit.sale_price if claim.kind != "REPLACEMENT" else 0
            yield str(claim.id), str(unit.id), unit.sku.id, see.money(back)


def cancellations(see: View) -> list[Cancellation]:
    return [found for order in see.books.orders if (found := cancellation_of(order, see.moment))]


def of_cancellations(see: View) -> Iterator[Row]:
    for row in cancellations(see):
        basket = fill_basket(row.order, see.shop)
        back = basket.total if row.order.paid else 0
        times = (at(row.created), at(row.updated))
        yield str(row.id), str(row.order.id), row.kind, row.status, *times, see.money(back)


def of_cancellation_items(see: View) -> Iterator[Row]:
    for row in cancellations(see):
        for unit in fill_basket(row.order, see.shop).units:
            yield str(row.id), str(unit.id), unit.sku.id, see.money(unit.sale_price if row.order.paid else 0)


def of_shops(see: View) -> Iterator[Row]:
    yield see.shop.id, see.shop.name, see.shop.region, see.shop.seller_type, see.shop.code


def of_standing(see: View) -> Iterator[Row]:
    yield see.shop.id, "2", "2"


# table -> the columns that the rows are about, and the rows
ROWS: dict[str, tuple[str, Told]] = {
    "orders": (
        "order_id shop_id status created_at updated_at paid_at rts_at delivered_at cancelled_at total_amount "
        "item_count",
        of_orders,
    ),
    "order_items": (
        "line_item_id order_id sku_id original_price sale_price seller_discount platform_discount",
        of_units,
    ),
    "order_bundle_skus": ("line_item_id order_id bundle_sku_id sku_id sku_count", of_bundles_sold),
    "statements": (
        "statement_id shop_id statement_at payment_id settlement_amount revenue_amount adjustment_amount "
        "fee_amount shipping_cost_amount",
        of_statements,
    ),
    "transactions": (
        "transaction_id statement_id type order_id settlement_amount revenue_amount fee_tax_amount "
        "shipping_cost_amount adjustment_amount reserve_amount",
        of_transactions,
    ),
    "order_transactions": (
        "order_id order_status sku_transaction_count settlement_amount revenue_amount fee_and_tax_amount "
        "shipping_cost_amount",
        of_order_transactions,
    ),
    "sku_transactions": (
        "order_id statement_id sku_id quantity revenue_amount fee_tax_amount shipping_cost_amount",
        of_sku_transactions,
    ),
    "payments": (
        "payment_id created_at paid_at status amount settlement_amount reserve_amount",
        of_payments,
    ),
    "withdrawals": ("withdrawal_id created_at type status amount", of_withdrawals),
    "unsettled": ("order_id order_created_at order_delivered_at est_settlement_amount", of_unsettled),
    "products": ("product_id shop_id title status created_at updated_at sku_count", of_products),
    "skus": ("sku_id product_id seller_sku sale_price quantity", of_skus),
    "sku_stock": ("sku_id product_id warehouse_id quantity", of_stock_for_sale),
    "inventory": ("sku_id product_id warehouse_id available_quantity committed_quantity", of_inventory),
    "product_categories": ("product_id category_id parent_id name is_leaf", of_product_categories),
    "product_families": ("product_id member_product_id", of_families),
    "sku_attributes": ("sku_id product_id value_name", of_sku_attributes),
    "sku_bundles": ("sku_id product_id part_sku_id sku_count sale_price", of_bundles),
    "global_skus": ("product_id sku_id", of_global_skus),
    "categories": ("shop_id category_id parent_id name is_leaf", of_categories),
    "brands": ("shop_id brand_id name is_t1_brand", of_brands),
    "warehouses": ("shop_id warehouse_id type", of_warehouses),
    "delivery_options": ("warehouse_id delivery_option_id name", of_delivery_options),
    "shipping_providers": ("delivery_option_id shipping_provider_id name", of_providers),
    "packages": ("package_id order_ids status created_at updated_at tracking_number", of_packages),
    "package_items": ("package_id order_id sku_id quantity", of_package_items),
    "tracking": ("order_id happened_at description", of_tracking),
    "returns": (
        "return_id order_id return_type status created_at updated_at refund_total item_count",
        of_returns,
    ),
    "return_items": ("return_id order_line_item_id sku_id refund_subtotal", of_return_items),
    "cancellations": (
        "cancel_id order_id cancel_type status created_at updated_at refund_total",
        of_cancellations,
    ),
    "cancellation_items": ("cancel_id order_line_item_id sku_id refund_subtotal", of_cancellation_items),
    "authorized_shops": ("shop_id name region seller_type code", of_shops),
    "seller_status": ("shop_id shop_status seller_status", of_standing),
}


def of_days(see: View) -> Iterator[Row]:
    for sale in see.sales:
        yield (see.shop.id, day_text(sale.day)), see.money(sale.amount), 1, sale.items


def by_product(see: View) -> Iterator[Row]:
    for sale in see.sales:
        for name in {part.sku.product_id for part in sale.parts}:
            parts = [part for part in sale.parts if part.sku.product_id == name]
            amount = see.money(sum(part.amount for part in parts))
            yield (see.shop.id, name), amount, 1, sum(part.units for part in parts)


def by_sku(see: View) -> Iterator[Row]:
    for sale in see.sales:
        for part in sale.parts:
            yield (see.shop.id, part.sku.id), see.money(part.amount), 1, part.units


def by_video(see: View) -> Iterator[Row]:
    for sale in see.sales:
        video = video_of(sale, see.shop, see.moment)
        if video:
            yield (see.shop.id, str(video.id)), see.money(sale.amount), len(sale.parts), sale.items


def by_live(see: View) -> Iterator[Row]:
    for sale in see.sales if has_live(see.shop) else ():
        live = live_of(sale, see.shop, see.moment)
        if live:
            yield (see.shop.id, str(live.id)), see.money(sale.amount), len(sale.parts), sale.items


# table -> the columns that tell its rows apart, those that add up, and what every sale adds to them
SUMS: dict[str, tuple[str, str, Told]] = {
    "performance": ("shop_id date", "gmv orders_count items_sold", of_days),
    "product_performance": ("shop_id product_id", "gmv orders items_sold", by_product),
    "sku_performance": ("shop_id sku_id", "gmv sku_orders units_sold", by_sku),
    "video_performance": ("shop_id video_id", "gmv sku_orders items_sold", by_video),
    "live_performance": ("shop_id live_id", "gmv sku_orders items_sold", by_live),
}
