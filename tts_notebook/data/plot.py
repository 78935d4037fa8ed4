"""Pictures of the tables: static images that stay in a saved notebook."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from tts_notebook.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tts_notebook.data.shop import ShopSession

# nothing was sold by these
_UNSOLD = ("UNPAID", "CANCELLED")
_STEPS = {
    "revenue_amount": "Revenue",
    "fee_amount": "Fees and taxes",
    "shipping_cost_amount": "Shipping",
    "adjustment_amount": "Adjustments",
}
_RISE, _FALL, _TOTAL = "#2a9d8f", "#c8553d", "#33658a"


class Plot:
    """The pictures that a session can draw; each takes what its table takes, or the table itself."""

    def __init__(self, session: ShopSession) -> None:
        self._session = session

    def daily_sales(self, orders: pd.DataFrame | None = None, **options: Any) -> Figure:
        """Draw what was sold on each day, a chart per shop and currency.

        Args:
            orders: A table that tts.orders() returned; else it is asked for.
            options: As for orders: since, until, by, status, shops, progress, tz, max_rate.

        Returns:
            The figure; a notebook shows it as the result of a cell. UNPAID and CANCELLED
            orders are left out; a day is that of the table's time zone.
        """
        make = _figure()
        table = self._session.orders(**options) if orders is None else orders
        sold = table[~table["status"].isin(_UNSOLD)]
        days = sold.groupby(["shop_name", "currency", sold["created_at"].dt.date])["total_amount"].sum()
        shops = list(days.groupby(level=[0, 1])) if len(days) else []
        figure = make(figsize=(9, 2.6 * max(1, len(shops))), layout="constrained")
        axes = figure.subplots(max(1, len(shops)), 1, squeeze=False, sharex=True)[:, 0]
        for axis, ((shop, currency), values) in zip(axes, shops, strict=False):
            axis.bar(values.index.get_level_values(2), values.to_numpy(dtype=float), color=_TOTAL, width=0.8)
            axis.set_title(str(shop), loc="left")
            axis.set_ylabel(f"sales a day, {currency}")
        if not shops:
            axes[0].set_title("No sales in this period", loc="left")
        return _tidied(figure)

    def settlement_waterfall(self, statements: pd.DataFrame | None = None, **options: Any) -> Figure:
        """Draw how the revenue of the statements of a period becomes what the seller gets.

        Args:
            statements: A table that tts.statements() returned; else it is asked for.
            options: As for statements: since, until, status, shops, progress, tz, max_rate.

        Returns:
            The figure, a chart per shop and currency.
        """
        make = _figure()
        table = self._session.statements(**options) if statements is None else statements
        names = [*_STEPS, "settlement_amount"]
        sums = table.groupby(["shop_name", "currency"])[names].sum().astype(float)
        figure = make(figsize=(9, 3.2 * max(1, len(sums))), layout="constrained")
        axes = figure.subplots(max(1, len(sums)), 1, squeeze=False)[:, 0]
        for axis, ((shop, currency), row) in zip(axes, sums.iterrows(), strict=False):
            _draw_waterfall(axis, [float(row[name]) for name in names])
            axis.set_title(str(shop), loc="left")
            axis.set_ylabel(str(currency))
        if not len(sums):
            axes[0].set_title("No statements in this period", loc="left")
        return _tidied(figure)


def _draw_waterfall(axis: Any, amounts: list[float]) -> None:
    *steps, total = amounts
    level, levels = 0.0, [0.0, total]
    for place, step in enumerate(steps):
        bar = axis.bar(place, step, bottom=level, color=_RISE if step >= 0 else _FALL, width=0.6)
        axis.bar_label(bar, [f"{step:,.2f}"], padding=3)
        level += step
        levels.append(level)
    axis.bar_label(axis.bar(len(steps), total, color=_TOTAL, width=0.6), [f"{total:,.2f}"], padding=3)
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xticks(range(len(amounts)), [*_STEPS.values(), "Settlement"])
    room = 0.12 * (max(levels) - min(levels)) or 1.0  # for the labels
    axis.set_ylim(min(levels) - (room if min(levels) < 0 else 0), max(levels) + room)


def _tidied(figure: Figure) -> Figure:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.yaxis.set_major_formatter("{x:,.0f}")
    return figure


def _figure() -> type[Figure]:
    try:
        # without pyplot: nothing is kept open, and a cell shows the figure once, as its result
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(
            "Pictures need matplotlib, which is not installed.",
            next_step="Install it with: pip install 'tts-notebook[quickstart]'",
        ) from None

    class Picture(Figure):
        """A figure that a notebook shows although pyplot does not know it."""

        def _repr_png_(self) -> bytes:
            image = BytesIO()
            self.savefig(image, format="png", dpi=100)
            return image.getvalue()

    return Picture
