"""Walking a list page by page."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_notebook.api.paging import walk
from tts_notebook.errors import RateLimited, TransportError

PATH = "/order/202309/orders/search"


def pages_of(pages: list[dict]):
    """A server of these pages, under tokens that need quoting; the last names none."""
    tokens = ["", *(f"t+/={number}" for number in range(1, len(pages)))]

    def fetch(token: str) -> dict:
        number = tokens.index(token)
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        return pages[number] | {"next_page_token": following}

    return fetch


@given(st.lists(st.lists(st.integers()), min_size=1))
def test_pages_give_every_row_once_and_in_order(rows):
    fetch = pages_of([{"rows": page} for page in rows])

    found = [row for page in walk(fetch, PATH) for row in page["rows"]]

    assert found == list(itertools.chain(*rows))


@pytest.mark.parametrize("end", [{}, {"next_page_token": ""}, {"next_page_token": None}])
def test_every_form_of_the_end_is_an_end(end):
    assert list(walk(lambda token: end, PATH)) == [end]


@pytest.mark.parametrize("data", [None, [], "text"])
def test_a_page_without_data_is_a_gap_and_is_said(data):
    pages = iter([{"next_page_token": "a"}, data])

    with pytest.raises(
        TransportError, match=f"{PATH} said success but sent no data for page 2, so the list would have"
    ):
        list(walk(lambda token: next(pages), PATH))


def test_a_server_that_names_the_same_page_twice_is_stopped():
    pages = iter(["a", "b", "a"])

    with pytest.raises(TransportError, match=r"named the same next page twice \(after page 3\)"):
        list(walk(lambda token: {"next_page_token": next(pages)}, PATH))


def test_a_server_that_never_ends_is_stopped():
    numbers = itertools.count()

    with pytest.raises(TransportError, match=r"still has more after 50 pages. Ask for a shorter period"):
        list(walk(lambda token: {"next_page_token": str(next(numbers))}, PATH, max_pages=50))


def test_a_list_that_ends_on_the_last_allowed_page_is_whole():
    assert len(list(walk(pages_of([{}] * 5), PATH, max_pages=5))) == 5


def test_the_next_page_is_not_asked_for_before_it_is_wanted():
    asked: list[str] = []

    def fetch(token: str) -> dict:
        asked.append(token)
        return {"next_page_token": token + "x"}

    next(walk(fetch, PATH))

    assert asked == [""]


def test_a_failure_of_a_page_passes_through():
    def fetch(token: str) -> dict:
        raise RateLimited(PATH, 36009002, "Too many requests.")

    with pytest.raises(RateLimited, match="Too many requests"):
        list(walk(fetch, PATH))
