from __future__ import annotations

import sys

import pytest

from tests.data.api import FakeAPI, fetch
from tests.data.books import Books
from tts_notebook.data.plot import Plot
from tts_notebook.errors import ConfigError


class Seller:
    """A session with the two tables that pictures are drawn of."""

    def __init__(self, api):
        self.api = api

    def orders(self, **options):
        return fetch(self.api, "orders", **options)

    def statements(self, **options):
        return fetch(self.api, "statements", **options)


@pytest.fixture
def plot():
    return Plot(Seller(Books().session()))


def test_daily_sales_are_a_bar_for_each_day_with_sales(plot):
    figure = plot.daily_sales(since="20d")

    (axis,) = figure.axes
    assert axis.get_title(loc="left") == "Maple and Wren"
    assert len(axis.patches) == len(set(fetch(plot._session.api, "orders")["created_at"].dt.date))
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_waterfall_ends_at_the_settlement(plot):
    table = plot._session.statements(since="20d")

    (axis,) = plot.settlement_waterfall(table).axes

    steps, total = axis.patches[:-1], axis.patches[-1]
    assert sum(step.get_height() for step in steps) == pytest.approx(total.get_height())
    assert total.get_height() == pytest.approx(table["settlement_amount"].sum())
    assert [label.get_text() for label in axis.get_xticklabels()][-1] == "Settlement"


def test_a_period_without_sales_is_a_picture_that_says_so():
    empty = {"/order/202309/orders/search": {"orders": []}, "/finance/202309/statements": {"statements": []}}
    nothing = Plot(Seller(FakeAPI(empty)))

    assert nothing.daily_sales().axes[0].get_title(loc="left") == "No sales in this period"
    assert nothing.settlement_waterfall().axes[0].get_title(loc="left") == "No statements in this period"


def test_without_matplotlib_a_sentence_says_how_to_get_it(plot, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(ConfigError, match=r"pip install 'tts-notebook\[quickstart\]'"):
        plot.daily_sales()


def test_no_window_is_opened_and_nothing_is_kept_open(plot):
    plot.daily_sales()

    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
