"""Reconciling a world in which the sandbox has planted mistakes finds each of them, and no other."""

from __future__ import annotations

import warnings

import pytest
import requests

from tests.data.test_orders_against_sandbox import logged_in
from tests.data.unpaced import UnpacedShopSession
from tts_notebook.data.answer import TTSWarning

PLACES = ("statement_id", "payment_id", "order_id")


@pytest.mark.parametrize("seller", ["gb", "us", "xb", "id"])
def test_every_planted_discrepancy_is_found_and_no_other(start_sandbox, seller):
    options = ("--orders", "600", "--seller", seller, "--discrepancies", "7")
    sandbox = start_sandbox("--auto-approve", *options)
    told = requests.get(f"{sandbox.api_base_url}/sandbox/discrepancies", timeout=30).json()["discrepancies"]
    with logged_in(sandbox, UnpacedShopSession) as tts, warnings.catch_warnings():
        warnings.simplefilter("ignore", TTSWarning)  # shops without payments, which another test is about
        shops = {shop.id for shop in tts.shops}
        differences = tts.reconcile(since="120d").differences
    planted = [each for each in told if each["shop_id"] in shops]
    wrong = differences[differences["reason"].isin(["missing", "mismatch"])]

    def is_about(row, mistake) -> bool:
        return any(mistake[place] and getattr(row, place) == mistake[place] for place in PLACES)

    rows = list(wrong.itertuples())
    assert len(planted) >= 7
    assert [mistake for mistake in planted if not any(is_about(row, mistake) for row in rows)] == []
    assert [row for row in rows if not any(is_about(row, mistake) for mistake in planted)] == []
