"""Codes, tokens and grants, with the time in our hands."""

from __future__ import annotations

import itertools

import pytest

from tts_notebook.sandbox.catalogue import sellers
from tts_notebook.sandbox.oauth import CODE_SECONDS, MAX_TOKENS, Authorizations, TokenPair, TokenRefused
from tts_notebook.sandbox.settings import UNLIMITED_AUTHORIZATION_ENDS, Behaviour, Settings

NOW = 1_794_000_000.5
SELLER, OTHER = sellers(1)[:2]


def authorizations(**changes: object) -> Authorizations:
    count = itertools.count()
    return Authorizations(Settings(**changes), lambda prefix: f"{prefix}{next(count)}")


def grant(shop: Authorizations, now: float = NOW) -> TokenPair:
    return shop.exchange(shop.approve(SELLER, ("a", "b"), now), now)


def refused(call, *arguments: object) -> int:
    with pytest.raises(TokenRefused) as refusal:
        call(*arguments)
    return refusal.value.code


def test_a_code_is_good_for_thirty_minutes_and_once():
    shop = authorizations()
    late, used = shop.approve(SELLER, (), NOW), shop.approve(SELLER, (), NOW)

    assert shop.exchange(used, NOW + CODE_SECONDS - 1)
    assert refused(shop.exchange, used, NOW + CODE_SECONDS - 1) == 36004004
    assert refused(shop.exchange, late, NOW + CODE_SECONDS) == 36004004
    assert refused(shop.exchange, "null", NOW) == 36004004


def test_lifetimes_are_absolute_seconds():
    pair = grant(authorizations(access_token_seconds=60, refresh_token_seconds=100))

    assert pair.access_expires_at == int(NOW) + 60
    assert pair.grant.ends_at == int(NOW) + 100


def test_an_unlimited_authorization_ends_in_2125():
    assert grant(authorizations(refresh_token_seconds=None)).grant.ends_at == UNLIMITED_AUTHORIZATION_ENDS


def test_with_rotation_a_refresh_token_is_spent_by_its_use():
    shop = authorizations()
    old = grant(shop)

    new = shop.refresh(old.refresh_token, NOW)

    assert new.refresh_token != old.refresh_token
    assert new.grant.ends_at == old.grant.ends_at
    assert refused(shop.refresh, old.refresh_token, NOW) == 36004005
    assert (shop.refreshes, shop.rotations, shop.spent_presented) == (1, 1, 1)
    assert shop.refresh(new.refresh_token, NOW)


def test_a_spent_refresh_token_works_as_long_as_its_grace():
    shop = authorizations(refresh_grace_seconds=30)
    old = grant(shop)
    shop.refresh(old.refresh_token, NOW)

    assert shop.refresh(old.refresh_token, NOW + 29)
    assert refused(shop.refresh, old.refresh_token, NOW + 30) == 36004005


def test_without_rotation_a_refresh_token_stays():
    shop = authorizations(rotate=False)
    old = grant(shop)

    new = shop.refresh(old.refresh_token, NOW)

    assert new.refresh_token == old.refresh_token
    assert new.access_token != old.access_token
    assert shop.refresh(old.refresh_token, NOW)


@pytest.mark.parametrize(("after_refresh", "lives"), [("keep", True), ("revoke", False)])
def test_the_replaced_access_token_lives_on_as_the_switch_says(after_refresh, lives):
    shop = authorizations(behaviour=Behaviour(after_refresh=after_refresh))
    old = grant(shop)

    shop.refresh(old.refresh_token, NOW)

    assert (shop.access(old.access_token) is not None) is lives


def test_a_refresh_token_ends_with_its_authorization():
    shop = authorizations(refresh_token_seconds=100)
    pair = grant(shop)

    assert refused(shop.refresh, pair.refresh_token, NOW + 100) == 36004001


def test_a_revoked_grant_takes_its_tokens_along():
    shop = authorizations()
    pair = grant(shop)

    assert shop.revoke(OTHER.key) == 0
    assert shop.revoke(SELLER.key) == 1
    assert shop.access(pair.access_token) is None
    assert refused(shop.refresh, pair.refresh_token, NOW) == 36004005


def test_a_narrower_authorization_narrows_the_tokens_that_are_out():
    shop = authorizations()
    pair = grant(shop)

    shop.exchange(shop.approve(SELLER, ("a",), NOW), NOW)

    assert shop.access(pair.access_token).grant.scopes == ("a",)


def test_expiring_all_access_tokens_leaves_the_refresh_tokens_alone():
    shop = authorizations()
    pair = grant(shop)

    assert shop.expire_access_tokens(NOW) == 1
    assert shop.access(pair.access_token).expires_at <= NOW
    assert shop.refresh(pair.refresh_token, NOW)


def test_the_stores_are_bounded():
    shop = authorizations(rotate=False)
    pair = grant(shop)

    for _ in range(MAX_TOKENS):
        shop.refresh(pair.refresh_token, NOW)

    assert shop.access(pair.access_token) is None
    assert len(shop._access) == MAX_TOKENS


def test_no_secret_is_in_a_repr():
    shop = authorizations()
    code = shop.approve(SELLER, (), NOW)
    pair = shop.exchange(code, NOW)

    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)
