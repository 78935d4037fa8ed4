"""Further calls about records that were listed, merged into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls
from tts_notebook.data.tables import Listing, Lookup
from tts_notebook.errors import APIError


def add_details(
    records: Sequence[dict[str, Any]], listing: Listing, shop: Shop | None, calls: Calls, notes: list[str]
) -> list[dict[str, Any]]:
    """Return the records with what the listing's lookups tell about them.

    A record about which nothing is told stays as it is, and a note says how many did.
    """
    for lookup in listing.lookups:
        asked = [record for record in records if str(record.get("status")) not in lookup.skip]
        told, refusals = _look_up(asked, lookup, shop, calls)
        records = [_merged(record, told.get(_id(record)), lookup, listing.parts) for record in records]
        untold = sum(_id(record) not in told for record in asked)
        if untold:
            reason = f" ({refusals[0]})" if refusals else ""
            notes.append(f"{lookup.path} told nothing about {untold} of {len(asked)} rows{reason}.")
    return list(records)


def _look_up(
    records: Sequence[dict[str, Any]], lookup: Lookup, shop: Shop | None, calls: Calls
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    def ask(part: list[str]) -> Any:
        return calls.look_up(lookup.path, part[0], {"ids": ",".join(part)} if lookup.records else {}, shop)

    told: dict[str, dict[str, Any]] = {}
    refusals: list[str] = []
    ids = list(dict.fromkeys(filter(None, map(_id, records))))
    parts = [ids[start : start + lookup.per_call] for start in range(0, len(ids), lookup.per_call)]
    for part, answer in zip(parts, calls.side_by_side(ask, parts, lenient=True), strict=True):
        if isinstance(answer, APIError):
            refusals.append(str(answer))
        elif lookup.records:
            found = (answer.get(lookup.records) if isinstance(answer, dict) else None) or ()
            told.update((_id(each), each) for each in found if isinstance(each, dict))
        elif isinstance(answer, dict) and answer:
            told[part[0]] = answer
    return told, refusals


def _merged(record: dict[str, Any], told: dict[str, Any] | None, lookup: Lookup, parts: str) -> dict[str, Any]:
    if told is None:
        return record
    if not lookup.into:
        return {**record, **{name: value for name, value in told.items() if value is not None}}
    record, told = dict(record), dict(told)
    if isinstance(record.get(parts), list) and isinstance(told.get(parts), list):
        record[parts], told[parts] = _dealt_out(record[parts], told[parts], lookup.into)
        if not told[parts]:
            del told[parts]
    return {**record, lookup.into: told}


def _dealt_out(items: list[Any], told: list[Any], into: str) -> tuple[list[Any], list[Any]]:
    """Give each item what is told about it; return the items, and what is about none of them."""
    by_id = {_id(each): each for each in reversed(told) if isinstance(each, dict)}
    known = {_id(item) for item in items if isinstance(item, dict)} & by_id.keys()
    dealt = [
        {**item, into: {name: value for name, value in by_id[_id(item)].items() if name != "id"}}
        if isinstance(item, dict) and _id(item) in known
        else item
        for item in items
    ]
    left = [
        each for each in told if not (isinstance(each, dict) and by_id.get(_id(each)) is each and _id(each) in known)
    ]
    return dealt, left


def _id(record: Mapping[str, Any]) -> str:
    found = record.get("id")
    return "" if found is None else str(found)
