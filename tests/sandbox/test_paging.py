"""Pages: every row once and in order, whatever the size and direction; tokens bound to their list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.sandbox.paging import Span, cut_page, open_token, seal_token
from tts_notebook.sandbox.refusals import Refusal

Row = tuple[int, int]


def key(row: Row) -> Row:
    return row


def walk(span: Span[Row], *, descending: bool, size: int, by_offset: bool) -> list[Row]:
    rows, token = [], ""
    for _ in range(len(span) + 2):
        page = cut_page(span, key=key, descending=descending, size=size, token=token, bound_to="x", by_offset=by_offset)
        assert len(page.rows) <= size
        rows += page.rows
        token = page.next_token
        if not token:
            return rows
    raise AssertionError("The pages do not end.")


@given(
    seconds=st.lists(st.integers(0, 5), max_size=40),
    bounds=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    descending=st.booleans(),
    size=st.integers(1, 12),
    by_offset=st.booleans(),
)
def test_pages_give_every_row_of_a_span_once_and_in_order(seconds, bounds, descending, size, by_offset):
    rows = sorted((second, number) for number, second in enumerate(seconds))
    low, high = (min(bound, len(rows)) for bound in bounds)
    span = Span(rows, low, high)

    found = walk(span, descending=descending, size=size, by_offset=by_offset)

    wanted = rows[low:high]
    assert found == (wanted[::-1] if descending else wanted)
    assert len(span) == len(wanted)


def test_by_keyset_a_new_first_row_moves_nothing_and_by_offset_it_does():
    def second_page(by_offset: bool) -> list[Row]:
        rows = [(at, at) for at in range(10)]
        first = cut_page(Span(rows, 0, 10), key=key, descending=True, size=4, token="", bound_to=1, by_offset=by_offset)
        rows.append((10, 10))
        token = first.next_token
        return list(
            cut_page(
                Span(rows, 0, 11), key=key, descending=True, size=4, token=token, bound_to=1, by_offset=by_offset
            ).rows
        )

    assert second_page(by_offset=False) == [(5, 5), (4, 4), (3, 3), (2, 2)]
    assert second_page(by_offset=True) == [(6, 6), (5, 5), (4, 4), (3, 3)]


@given(place=st.tuples(st.integers(0, 255), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)))
def test_a_token_leads_back_to_its_place(place):
    assert open_token(seal_token(place, "list"), "list") == place


@pytest.mark.parametrize(
    "token", ["", "x", "é", "b2Zmc2V0PTAK", seal_token((1, 2, 3), "another list"), "A" * 52, "A" * 9999]
)
def test_a_token_of_nothing_or_of_another_list_is_refused(token):
    with pytest.raises(Refusal) as refused:
        open_token(token, "list")

    assert "page_token" in refused.value.hint
