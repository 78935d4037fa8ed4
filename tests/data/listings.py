"""Random records of any list, as its tables declare them and otherwise, and pages that hold them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tts_notebook.data.catalogue import TABLES as ENTRIES
from tts_notebook.data.paths import Branch
from tts_notebook.data.rows import Found, make_rows
from tts_notebook.data.shapes import known
from tts_notebook.data.sheets import is_declared
from tts_notebook.data.tables import Column, Listing, Table

ALL = {table.name: table for entry in ENTRIES.values() for table in (entry.table, *entry.children)}
FAST: dict[str, list[Table]] = {}
for _table in ALL.values():
    if is_declared(_table.listing, [_table]):
        FAST.setdefault(_table.listing.path, []).append(_table)

PROPER: dict[str, list[Any]] = {
    "string": ["", "a", "COMPLETED", "สวัสดี", "🎁", 'quo"te', "a\\b", "a,b", "x\x00y", "2026-11-01", "line\nbreak"],
    "id": ["577086614418520388", "1", "", "0"],
    "integer": [0, 1, -7, 2**62],
    "boolean": [True, False],
    "money": ["0", "12.50", "-3.999999", "15000000", "", "00.1"],
    "rate": ["0.1", "0.0725", "1", ""],
    "time": [0, 1_793_614_530, 1_793_700_000, 1],
    "millis": [0, 1_793_614_530_123],
    "local": ["2026-11-01", "2026-11-01T10:00:00"],
    "json": [[], {}, "", [{"id": "1", "n": 2.50}], {"a": {"b": None}}, "text", 0, False, 12.5],
    "sum": [1, 2, 0, "3"],
}
ODD = ["", "text", " 7 ", "1e3", "5.1234567", "13.99%", "NaN", "true", "7", "1793614530", 7, -1, 0, 2.5, 1e300, 10**25,
       1793614530000, True, False, [], {}, [1], ["a"], [None], [{}], {"x": 1}, [[1]], "\ud800"]  # fmt: skip
NEW = ["x", 1, 2.5, None, [], {}, [1, 2], [{"a": "1"}], {"b": {"c": [None]}}, "2026-01-01", 10**25, "🎁", -0.0, 1e22]


class Maker:
    """Makes records; `odd` is how probable it is that a value is not as declared, `new` that a field is not."""

    def __init__(self, random: Random, *, odd: float, new: float) -> None:
        self.random, self.odd, self.new = random, odd, new

    def record(self, tables: list[Table]) -> dict[str, Any]:
        """A record with all that these tables read."""
        made: dict[str, Any] = {}
        if self.random.random() < 0.95:
            key = tables[0].listing.key
            made[key] = self.random.choice(["1", "2", "3", "4", ""]) if key and self.odd else str(self.random.random())
        for table in tables:
            self._rows(made, table, list(table.each))
        return self._shuffled(made)

    def _rows(self, record: dict[str, Any], table: Table, each: list[str]) -> None:
        source = "" if not each else "record" if len(each) == len(table.each) else "above"
        record.update(self._object(known(table, source), given=[*record, *each[:1]]))
        if not each or self._chance(0.1):
            return
        *above, name = each[0].split(".")
        for step in above:
            record = record.setdefault(step, {})
            if not isinstance(record, dict):
                return
        rows = record.setdefault(name, [{} for _ in range(self.random.randrange(3))])
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                self._rows(row, table, each[1:])
        if self._chance(self.odd):
            record[name] = self.random.choice([*ODD, None, rows])

    def _object(self, branch: Branch, given: Any = ()) -> dict[str, Any]:
        some = self.random.choice([0.1, 0.5, 0.9])
        made = {
            name: self._value(inner)
            for name, inner in branch.fields.items()
            if name not in given and self._chance(some)
        }
        if self._chance(self.new):
            made[self.random.choice(["new", "zz", "another.one", "ü"])] = self.random.choice(NEW)
        return self._shuffled(made)

    def _value(self, branch: Branch) -> Any:
        if self._chance(self.odd):
            return self.random.choice(ODD)
        if self._chance(0.05):
            return None
        if branch.picks:
            labels = self.random.sample(list(branch.picks), self.random.randrange(len(branch.picks) + 1))
            if self._chance(self.odd * 2):
                labels.append(self.random.choice([*branch.picks, "NEW", None, 5]))
            return [
                {branch.key: label, **self._object(next(iter(branch.picks.values())), [branch.key])} for label in labels
            ]
        if branch.first:
            return [self._object(branch.first) for _ in range(self.random.randrange(2))]
        inner = [leaf.inner for leaf in branch.leaves if leaf.inner is not None]
        if inner:
            return [self._element(inner[0], branch) for _ in range(self.random.randrange(3))]
        if branch.fields:
            return self._object(branch)
        return self._leaf(branch.leaves[0].column) if branch.leaves else self.random.choice(NEW)

    def _element(self, inner: str, branch: Branch) -> Any:
        kind = branch.leaves[0].column.kind
        value = self.random.choice(["1", "22", 3]) if self._chance(self.odd) else "22"
        if kind in ("sum", "time"):
            value = self.random.choice([1_793_614_530, 1])
        return {inner: value, **({"new": 1} if self._chance(self.new) else {})} if inner else value

    def _leaf(self, column: Column) -> Any:
        if column.kind == "count":
            return [{} for _ in range(self.random.randrange(3))]
        if column.kind == "json" and not (self.odd or self.new):
            return self.random.choice([[], [{"id": "1", "n": 2.5}]])
        return self.random.choice(PROPER[column.kind])

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _shuffled(self, made: dict[str, Any]) -> dict[str, Any]:
        names = list(made)
        self.random.shuffle(names)
        return {name: made[name] for name in names}


def body_of(
    listing: Listing, records: Any, *, ascii_only: bool = False, indent: int | None = None, **data: Any
) -> bytes:
    """An answer with these records."""
    inner: Any = records
    for name in reversed(listing.records.split(".")):
        inner = {name: inner}
    answer = {"code": 0, "message": "Success", "data": {**inner, **data}, "request_id": "20261101"}
    return json.dumps(answer, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")


def one_by_one(tables: list[Table], records: list[dict[str, Any]], shop: Any) -> dict[str, Any]:
    """What the same records give as Python objects."""
    return {
        table.name: make_rows(table, [Found(each) for each in records], shop, columns=table.columns) for table in tables
    }
