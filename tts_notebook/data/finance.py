"""Finance: statements, what they consist of, payments and withdrawals, declared."""

from __future__ import annotations

from datetime import date

from tts_notebook.data.breakdowns import OF_ESTIMATE, OF_SKU, OF_TRANSACTION
from tts_notebook.data.columns import SHOP_COLUMNS, same
from tts_notebook.data.orders import ORDER_SEARCH
from tts_notebook.data.tables import Column, Listing, Parent, Reason, Table, Walk

_SCOPE = "seller.finance.info"
_SOUTH_EAST_ASIA = frozenset({"ID", "MY", "PH", "SG", "TH", "VN"})
_CURRENCY = "ISO 4217, of every amount in the row"
# days after which a statement is paid and an order settled, with a wide margin
_SETTLES = 60

STATEMENT_LIST = Listing(
    method="GET",
    path="/finance/202309/statements",
    scope=_SCOPE,
    records="statements",
    one="statement",
    source="Get Statements, API version 202309",
    page_size=100,
    walks={"statement_time": Walk(("statement_time", "ASC"), "statement_time_ge", "statement_time_lt")},
    settles=_SETTLES,
    filters="query",
    earliest=date(2023, 7, 1),
    statuses=("PROCESSING", "FAILED", "PAID"),
    status_filter="payment_status",
)

STATEMENTS = Table(
    name="statements",
    row="statement",
    title="the statements of a period, oldest first",
    about="""A statement says what a day's settlements come to; costs are negative, and settlement_amount =
revenue_amount + fee_amount + shipping_cost_amount + adjustment_amount. status is that of its payment.""",
    listing=STATEMENT_LIST,
    order=("statement_at", "statement_id"),
    key=("statement_id",),
    columns=(
        Column("statement_id", "id", "id", "the statement"),
        *SHOP_COLUMNS,
        Column("statement_at", "time", "statement_time", "it was made: 00:00 UTC, for the day before"),
        Column("payment_status", "string", "payment_status", "PROCESSING, PAID or FAILED"),
        Column("payment_id", "id", "payment_id", "the payment that paid it; see payments"),
        Column("payment_at", "time", "payment_time", "it was paid"),
        Column("currency", "string", "currency", _CURRENCY),
        Column("settlement_amount", "money", "settlement_amount", "what the seller gets"),
        Column("revenue_amount", "money", "revenue_amount", "products after seller discounts and refunds"),
        Column("net_sales_amount", "money", "net_sales_amount", "local sellers outside South East Asia"),
        Column("fee_amount", "money", "fee_amount", "fees and taxes, negative"),
        Column("shipping_cost_amount", "money", "shipping_cost_amount", "negative"),
        Column("adjustment_amount", "money", "adjustment_amount", "without an order, or to an earlier one"),
    ),
)

TRANSACTIONS = Table(
    name="transactions",
    row="transaction",
    title="what the statements of a period consist of",
    about="""Orders, reserves and adjustments; the period is that of their statement, so that adjustments
without an order are there, too. Costs are negative, and settlement_amount = revenue_amount + fee_tax_amount +
shipping_cost_amount + adjustment_amount.""",
    listing=Listing(
        method="GET",
        path="/finance/202501/statements/{id}/statement_transactions",
        scope=_SCOPE,
        records="transactions",
        one="transaction",
        source="Get Transactions by Statement, API version 202501",
        page_size=100,
        filters="query",
        sort=("order_create_time", "ASC"),
        parent=Parent(STATEMENT_LIST),
    ),
    order=("statement_at", "statement_id"),
    key=("transaction_id",),
    keeps=("", "page"),
    columns=(
        Column("transaction_id", "id", "id", "the transaction"),
        *SHOP_COLUMNS,
        Column("statement_id", "id", "id", "its statement", of="page"),
        Column("statement_at", "time", "create_time", "the statement was made", of="page"),
        Column("statement_status", "string", "status", "such as SETTLED", of="page"),
        Column("type", "string", "type", "ORDER, RESERVE, or the kind of adjustment; new ones come"),
        Column("order_id", "id", "order_id", "empty for an adjustment"),
        Column("order_created_at", "time", "order_create_time", "the order was placed"),
        Column("currency", "string", "currency", _CURRENCY, of="page"),
        Column("settlement_amount", "money", "settlement_amount", "what the seller gets"),
        Column("revenue_amount", "money", "revenue_amount", "products after seller discounts and refunds"),
        Column("fee_tax_amount", "money", "fee_tax_amount", "fees and taxes, negative"),
        Column("shipping_cost_amount", "money", "shipping_cost_amount", "negative"),
        Column("adjustment_amount", "money", "adjustment_amount", "of an adjustment"),
        Column("adjustment_id", "id", "adjustment_id", "the adjustment"),
        Column("adjustment_order_id", "id", "adjustment_order_id", "the order that it is about"),
        Column("associated_order_id", "id", "associated_order_id", "a further order that it is about"),
        Column("reserve_id", "id", "reserve_id", "money kept back for a time"),
        Column("reserve_status", "string", "reserve_status", "COLLECTED or RELEASED, in any case"),
        Column("reserve_amount", "money", "reserve_amount", "kept back (negative) or released"),
        Column("estimated_release_at", "time", "estimated_release_time", "a reserve ends; sent as text"),
        *OF_TRANSACTION,
        *same(
            "money",
            "total_settlement_amount total_reserve_amount payable_amount",
            prefix="statement_",
            doc="of the whole statement, the same in each of its rows",
            of="page",
        ),
        *same(
            "money",
            "total_revenue_amount total_fee_tax_amount total_shipping_cost_amount total_adjustment_amount",
            inside="total_settlement_breakdown.",
            prefix="statement_",
            doc="of the whole statement, the same in each of its rows",
            of="page",
        ),
    ),
)

_ORDER_TRANSACTION_LIST = Listing(
    method="GET",
    path="/finance/202501/orders/{id}/statement_transactions",
    settles=_SETTLES,
    scope=_SCOPE,
    records="",
    one="settled order",
    source="Get Transactions by Order, API version 202501",
    filters="query",
    key="order_id",
    # nothing of an order that was not paid or not shipped is settled
    parent=Parent(ORDER_SEARCH, skip=frozenset({"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"}), lenient=True),
)

ORDER_TRANSACTIONS = Table(
    name="order_transactions",
    row="order",
    title="what was settled of the orders of a period",
    about="""A call per order: slow. The period, by and status are those of the order. settlement_amount =
revenue_amount + fee_and_tax_amount + shipping_cost_amount. items=True adds sku_transactions, one row per SKU and
statement with all fees.""",
    listing=_ORDER_TRANSACTION_LIST,
    order=("order_created_at", "order_id"),
    key=("order_id",),
    columns=(
        Column("order_id", "id", "order_id", "the order"),
        *SHOP_COLUMNS,
        Column("order_created_at", "time", "order_create_time", "the order was placed"),
        Column("order_status", "string", "status", "of the order", of="parent"),
        Column("currency", "string", "currency", _CURRENCY),
        *same("money", "settlement_amount revenue_amount fee_and_tax_amount shipping_cost_amount"),
        Column("sku_transaction_count", "count", "sku_transactions", "each a row of sku_transactions"),
    ),
    left_out={"page:total_count": "the number of sku_transactions, which sku_transaction_count is"},
)

SKU_TRANSACTIONS = Table(
    name="sku_transactions",
    row="SKU of an order in a statement",
    title="what was settled of each SKU of the orders of a period",
    about="""A call per order: slow. The period, by and status are those of the order.""",
    listing=_ORDER_TRANSACTION_LIST,
    each=("sku_transactions",),
    order=("order_created_at", "order_id"),
    columns=(
        Column("order_id", "id", "order_id", "the order", of="record"),
        *SHOP_COLUMNS,
        Column("order_created_at", "time", "order_create_time", "the order was placed", of="record"),
        *same("id", "statement_id sku_id"),
        *same("string", "sku_name product_name"),
        Column("quantity", "integer", "quantity", "units; sent as text"),
        Column("currency", "string", "currency", _CURRENCY, of="record"),
        *same("money", "settlement_amount revenue_amount fee_tax_amount shipping_cost_amount"),
        *OF_SKU,
    ),
)

PAYMENTS = Table(
    name="payments",
    row="payment",
    title="the payments to the seller in a period, oldest first",
    about="""Not available to shops in South East Asia: those are left out, and told.""",
    listing=Listing(
        method="GET",
        path="/finance/202309/payments",
        scope=_SCOPE,
        records="payments",
        one="payment",
        source="Get Payments, API version 202309",
        page_size=100,
        walks={"create_time": Walk(("create_time", "ASC"), "create_time_ge", "create_time_lt")},
        settles=_SETTLES,
        filters="query",
        earliest=date(2023, 7, 1),
        reasons=(
            Reason(
                "TikTok Shop has no payments for shops in South East Asia, such as {shop}: see tts.withdrawals().",
                regions=_SOUTH_EAST_ASIA,
            ),
        ),
    ),
    order=("created_at", "payment_id"),
    key=("payment_id",),
    columns=(
        Column("payment_id", "id", "id", "the payment"),
        *SHOP_COLUMNS,
        Column("created_at", "time", "create_time", "it was made"),
        Column("paid_at", "time", "paid_time", "it arrived"),
        Column("status", "string", "status", "such as PAID, PROCESSING or FAILED"),
        Column(
            "currency",
            "string",
            "amount.currency",
            "ISO 4217, of the amounts but the one before exchange",
            same=("settlement_amount.currency", "reserve_amount.currency"),
        ),
        Column("amount", "money", "amount.value", "what was paid"),
        Column("settlement_amount", "money", "settlement_amount.value", "of the statements that it pays"),
        Column("reserve_amount", "money", "reserve_amount.value", "kept back for a time"),
        Column("amount_before_exchange", "money", "payment_amount_before_exchange.value", "in its own currency"),
        Column("currency_before_exchange", "string", "payment_amount_before_exchange.currency", "ISO 4217"),
        Column("exchange_rate", "rate", "exchange_rate", "from the one to the other"),
        Column("bank_account", "string", "bank_account", "masked"),
    ),
)

WITHDRAWALS = Table(
    name="withdrawals",
    row="withdrawal",
    title="the movements of the seller's balance in a period, oldest first",
    listing=Listing(
        method="GET",
        path="/finance/202309/withdrawals",
        scope=_SCOPE,
        records="withdrawals",
        one="withdrawal",
        source="Get Withdrawals, API version 202309",
        page_size=100,
        walks={"create_time": Walk(None, "create_time_ge", "create_time_lt")},
        settles=_SETTLES,
        filters="query",
        fixed={"types": "WITHDRAW,SETTLE,TRANSFER,REVERSE"},
        earliest=date(2023, 7, 1),
    ),
    order=("created_at", "withdrawal_id"),
    key=("withdrawal_id",),
    columns=(
        Column("withdrawal_id", "id", "id", "the movement"),
        *SHOP_COLUMNS,
        Column("created_at", "time", "create_time", "it was made"),
        Column("type", "string", "type", "WITHDRAW, SETTLE, TRANSFER or REVERSE"),
        Column("status", "string", "status", "PROCESSING, SUCCESS or FAILED"),
        Column("currency", "string", "currency", _CURRENCY),
        Column("amount", "money", "amount", "what was moved"),
    ),
)

_SUM = "the sum of the column over all rows of the shop"

UNSETTLED = Table(
    name="unsettled",
    row="transaction",
    title="what is still to be settled",
    about="""Estimates: a transaction leaves this table when it is settled. est_settlement_amount =
est_revenue_amount + est_fee_tax_amount + est_shipping_cost_amount + est_adjustment_amount.""",
    listing=Listing(
        method="GET",
        path="/finance/202507/orders/unsettled",
        scope=_SCOPE,
        records="transactions",
        one="unsettled transaction",
        source="Get Unsettled Transactions, API version 202507",
        page_size=100,
        walks={"search_time": Walk(("order_create_time", "ASC"), "search_time_ge", "search_time_lt")},
        fleeting=True,
        filters="query",
        earliest=date(2025, 1, 1),
    ),
    order=("order_created_at", "transaction_id"),
    key=("transaction_id",),
    columns=(
        Column("transaction_id", "id", "id", "the transaction"),
        *SHOP_COLUMNS,
        Column("type", "string", "type", "ORDER or the kind of adjustment"),
        Column("status", "string", "status", "UNSETTLED"),
        Column("order_id", "id", "order_id", "empty for an adjustment"),
        Column("order_created_at", "time", "order_create_time", "the order was placed"),
        Column("order_delivered_at", "time", "order_delivery_time", "it was delivered"),
        Column("currency", "string", "currency", _CURRENCY),
        *same(
            "money",
            "est_settlement_amount est_revenue_amount est_fee_tax_amount est_shipping_cost_amount "
            "est_adjustment_amount",
        ),
        *same("id", "adjustment_id adjustment_order_id"),
        *same("string", "estimated_settlement unsettled_reason", doc="in words"),
        *OF_ESTIMATE,
    ),
    left_out={f"page:sum_est_{name}_amount": _SUM for name in ("revenue", "fee", "adjustment", "settlement")},
)
