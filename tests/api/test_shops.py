"""Shops: which ones a grant covers, and the one that somebody means."""

from __future__ import annotations

import pytest

from tts_notebook.api.shops import Shop, find_shop
from tts_notebook.errors import InputError

GB = Shop("749580001", "Maple and Wren", "GB", "LOCAL", "GCP_cipher-gb", "GBLC1")
DE = Shop("749580002", "Maple and Wren", "DE", "CROSS_BORDER", "GCP_cipher-de", "DECB2")
FR = Shop("749580003", "gb", "FR", "CROSS_BORDER", "GCP_cipher-fr", "FRCB3")


@pytest.mark.parametrize("wanted", ["749580002", "DECB2", "decb2", " de ", "DE", DE])
def test_a_shop_is_found_by_id_code_or_region_in_any_case_or_as_itself(wanted):
    assert find_shop([GB, DE], wanted) is DE


def test_a_name_means_its_shop_and_comes_before_a_region():
    assert find_shop([GB, FR], "maple and wren") is GB
    assert find_shop([GB, FR], "gb") is FR


def test_a_name_of_two_shops_is_refused_with_their_ids():
    with pytest.raises(InputError, match=r"means more than one of your shops.*749580001.*749580002"):
        find_shop([GB, DE], "Maple and Wren")


@pytest.mark.parametrize("wanted", ["US", "", FR])
def test_a_shop_that_the_login_does_not_cover_is_refused_with_those_it_covers(wanted):
    with pytest.raises(
        InputError, match=r"is not a shop that this login covers. It covers: Maple and Wren \(GB\) id 7"
    ):
        find_shop([GB], wanted)


def test_without_shops_the_refusal_says_none():
    with pytest.raises(InputError, match="It covers: none"):
        find_shop([], "GB")


def test_a_cipher_is_in_no_repr_str_or_refusal():
    with pytest.raises(InputError) as refused:
        find_shop([GB, DE], "Maple and Wren")

    assert "cipher" not in f"{GB!r} {GB} {refused.value}"


def test_what_tiktok_shop_leaves_out_becomes_an_empty_text():
    assert Shop.from_json({"id": 7, "name": None, "cipher": "c"}) == Shop("7", "", "", "", "c", "")
