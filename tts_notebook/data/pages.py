"""Raw pages of a list -> typed columns: parsed once, together, without a Python object per record.

pyarrow reads many pages in one go, by the types that the tables declare. What it cannot
read goes through `rows`, value by value: a page that it refuses as a whole, otherwise only
the places that are not as declared. The tables come out the same either way.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from tts_notebook.api.shops import Shop
from tts_notebook.data.columnar import Sheet, as_text
from tts_notebook.data.excerpts import Excerpts, Refused, Steps, decoder_of
from tts_notebook.data.frames import schema
from tts_notebook.data.parsing import Parser
from tts_notebook.data.rows import Found, Record, make_rows, name_of, opened, seconds_in
from tts_notebook.data.shapes import Place, record_shape
from tts_notebook.data.sheets import Draft, TableReader, is_declared
from tts_notebook.data.tables import Listing, Table
from tts_notebook.data.values import LAST_SECOND
from tts_notebook.data.versions import latest

if TYPE_CHECKING:
    import pyarrow as pa

# the code of an answer that is not TikTok Shop's JSON
NO_ANSWER = -1


@dataclass(slots=True)
class Page:
    """An answer of the list: what its reader has to know at once, and the rest unread.

    Attributes:
        code: The envelope's code; NO_ANSWER if the body is no envelope.
        token: The next page's token; empty on the last page.
        total: How many records the list counts, if it tells.
        count: How many records are on this page.
        first: The earliest time among them, in seconds; None if there is none.
        last: The latest.
        ordered: Whether none of them is earlier than the one before it.
        body: The answer.
        fast: Whether it looks like what was declared.
    """

    code: int
    token: str = ""
    total: int | None = None
    count: int = 0
    first: int | None = None
    last: int | None = None
    ordered: bool = True
    body: bytes = field(default=b"", repr=False)
    fast: bool = False


Cut = tuple[Page, int | None, int | None]


@dataclass(slots=True)
class Batch:
    """What pages gave.

    Attributes:
        tables: The rows, by the name of the table.
        owners: For each table the number of each row's record, from 0.
        ids: What tells each record apart; null where it has nothing.
        updated: When it was updated, in seconds; 0 if that is not known.
        misfits: For each field, how many of its values did not fit.
        tolerant: How many pages had to be read value by value.
        careful: The declared places that were read so on other pages.
    """

    tables: dict[str, pa.Table]
    owners: dict[str, pa.Array]
    ids: pa.Array
    updated: pa.Array
    misfits: Counter[str] = field(default_factory=Counter)
    tolerant: int = 0
    careful: frozenset[str] = frozenset()

    @property
    def told(self) -> pa.Table:
        """Every record that came, as a harvest tells it."""
        import pyarrow as pa

        return pa.table([pa.repeat("", len(self.ids)), self.ids, self.updated], ["scope", "name", "updated"])

    def changed_before(self, until: int) -> Batch:
        """Leave out the rows of records that were updated in this second or later."""
        import pyarrow.compute as pc

        meant = pc.less(self.updated, until)
        if pc.all(meant).as_py() in (True, None):
            return self
        return self._with(meant)

    def latest(self) -> Batch:
        """Leave out the rows of records that came again; of equally new ones the later stay."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pc.count_distinct(self.ids).as_py() == len(self.ids) - self.ids.null_count:
            return self
        told = pa.table([self.ids, self.updated], ["id", "updated"])
        return self._with(pc.or_(pc.is_null(self.ids), pa.array(latest(told, ["id"]))))

    def _with(self, meant: pa.Array) -> Batch:
        """Keep the rows of some records."""
        import pyarrow.compute as pc

        kept = {name: pc.take(meant, owners) for name, owners in self.owners.items()}
        return replace(
            self,
            tables={name: table.filter(kept[name]) for name, table in self.tables.items()},
            owners={name: owners.filter(kept[name]) for name, owners in self.owners.items()},
        )


class PageReader:
    """Reads the pages of a list into tables.

    `parse` may be called in any thread; `tabulate` in one at a time.
    """

    def __init__(self, listing: Listing, tables: Sequence[Table], *, time_field: str | None) -> None:
        self._listing, self._tables, self._time = listing, tables, time_field
        self._steps = tuple(listing.records.split("."))
        self._fast = is_declared(listing, tables)
        self._parser = Parser(record_shape(listing, tables, time_field) if self._fast else Place(), self._steps)
        self._readers = [TableReader(table) for table in tables] if self._fast else []
        above = ("data", *self._steps)
        told = {("code",), ("data", "next_page_token"), ("data", "total_count")}
        if time_field:
            told.add((*above, time_field))
        self._header = decoder_of(frozenset(told), frozenset({above}))

    # -- one answer ------------------------------------------------------------------------

    def parse(self, body: bytes) -> Page:
        """Read what is needed to go on. Never fails, whatever came."""
        if self._fast:
            try:
                return self._page(self._header.decode(body), body, fast=True)
            # also JSON that msgspec does not take and Python does, such as NaN
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                pass
        try:
            return self._page(json.loads(body), body, fast=False)
        except (ValueError, RecursionError):
            return Page(NO_ANSWER, body=body)

    def _page(self, answer: Any, body: bytes, *, fast: bool) -> Page:
        code = answer.get("code") if isinstance(answer, dict) else None
        if not isinstance(code, int):
            return Page(NO_ANSWER, body=body)
        data = answer.get("data") or {}
        if not isinstance(data, dict):
            return Page(NO_ANSWER if code == 0 else code, body=body)
        total, records = data.get("total_count"), _records_in(data, self._steps)
        times = _times(records, self._time) if self._time else []
        return Page(
            code=code,
            token=str(data.get("next_page_token") or ""),
            total=total if isinstance(total, int) else None,
            count=len(records),
            first=min(times, default=None),
            last=max(times, default=None),
            ordered=times == sorted(times),
            body=body,
            fast=fast and code == 0,
        )

    # -- many pages ------------------------------------------------------------------------

    def tabulate(self, pages: Sequence[Cut], shop: Shop | None) -> Batch:
        """Turn pages into rows.

        Args:
            pages: Pages with code 0, in order, each with the seconds since which and until
                which its records are meant. A record whose time is not known is kept.
            shop: Whose they are.

        Raises:
            TransportError: there are no records where the list keeps them.
        """
        parts: list[Batch] = []
        for fast, run in groupby(pages, lambda cut: cut[0].fast):
            group = list(run)
            parts += self._together(group, shop) if fast else self._carefully(group, shop)
        return self._joined(parts)

    def _together(self, pages: list[Cut], shop: Shop | None) -> Iterator[Batch]:
        try:
            yield self._read(pages, shop)
        except Refused:
            if len(pages) == 1:
                yield from self._carefully(pages, shop)
                return
            half = len(pages) // 2
            yield from self._together(pages[:half], shop)
            yield from self._together(pages[half:], shop)

    def _read(self, pages: list[Cut], shop: Shop | None) -> Batch:
        import pyarrow.compute as pc

        bodies = [page.body for page, _, _ in pages]
        lists = self._parser.lists(bodies)
        records = Sheet(lists.flatten())
        if records.objects.null_count:
            raise Refused
        kept = self._kept(records, pages, pc.fill_null(pc.list_value_length(lists), 0).to_pylist())
        if kept is not None:
            records = Sheet(records.objects.filter(kept))
        batch = Batch({}, {}, self._ids(records), self._updated(records))
        drafts = [reader.draft(records, shop) for reader in self._readers]
        excerpts = Excerpts(bodies, self._steps, None if kept is None else kept.to_pylist())
        new = self._new(drafts, excerpts)
        for reader, draft in zip(self._readers, drafts, strict=True):
            batch.tables[reader.table.name] = reader.finish(draft, excerpts, shop, new if draft.only_new else None)
            batch.owners[reader.table.name] = draft.owners
            batch.misfits += draft.misfits
            batch.careful |= {".".join(place) for _, odd in draft.careful for place in odd.places}
        return batch

    def _new(self, drafts: list[Draft], excerpts: Excerpts) -> list[Record] | None:
        """Read the unknown places of several tables at once; None if they lie within each other."""
        both = [(reader, draft) for reader, draft in zip(self._readers, drafts, strict=True) if draft.only_new]
        places = set[Steps]().union(*(reader.places(draft) for reader, draft in both))
        lists = set[Steps]().union(*(reader.lists() for reader, _ in both))
        if not places or any(path[:depth] in places for path in places | lists for depth in range(1, len(path))):
            return None
        return None if places & lists else excerpts.read(places, lists)

    def _kept(self, records: Sheet, pages: list[Cut], lengths: list[int]) -> pa.Array | None:
        """Which records are meant, None if all are."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._time or all(_covers(cut) for cut in pages):
            return None
        times = records.at((self._time,))
        if times is None:
            return None
        if not pa.types.is_int64(times.type):
            raise Refused
        kept, start = [], 0
        for (_, since, until), length in zip(pages, lengths, strict=True):
            own = times.slice(start, length)
            known = pc.and_(pc.greater(own, 0), pc.less_equal(own, LAST_SECOND))
            before = pc.less(own, 0 if since is None else since)
            after = pc.greater_equal(own, LAST_SECOND + 1 if until is None else until)
            kept.append(pc.invert(pc.fill_null(pc.and_(known, pc.or_(before, after)), False)))
            start += length
        return pa.concat_arrays(kept)

    def _ids(self, records: Sheet) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        found = records.at((self._listing.key,)) if self._listing.key else None
        if found is None:
            return pa.nulls(len(records), pa.string())
        texts = as_text(found)
        nothing = "" if texts is found else "0"
        if texts is None:
            raise Refused
        return pc.if_else(pc.equal(texts, nothing), pa.scalar(None, pa.string()), texts)

    def _updated(self, records: Sheet) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        found = records.at(("update_time",))
        if found is None:
            return pa.repeat(pa.scalar(0, pa.int64()), len(records))
        if not pa.types.is_int64(found.type):
            raise Refused
        known = pc.and_(pc.greater(found, 0), pc.less_equal(found, LAST_SECOND))
        return pc.if_else(pc.fill_null(known, False), found, 0)

    # -- value by value --------------------------------------------------------------------

    def _carefully(self, pages: list[Cut], shop: Shop | None) -> Iterator[Batch]:
        import pyarrow as pa

        found = [each for cut in pages for each in self._found(cut)]
        names = [name_of(each.record, self._listing.key) for each in found]
        updated = [seconds_in(each.record, "update_time") for each in found]
        batch = Batch({}, {}, pa.array(names, pa.string()), pa.array(updated, pa.int64()), tolerant=len(pages))
        for table in self._tables:
            made = make_rows(table, found, shop, columns=table.columns)
            batch.tables[table.name], batch.owners[table.name] = made.table, pa.array(made.owners, pa.int64())
            batch.misfits += made.misfits
        yield batch

    def _found(self, cut: Cut) -> Iterator[Found]:
        page, since, until = cut
        records, around = opened(json.loads(page.body).get("data") or {}, self._listing)
        for record in records:
            at = seconds_in(record, self._time) if self._time else 0
            if not at or ((since is None or at >= since) and (until is None or at < until)):
                yield Found(record, beside={"page": around})

    def _joined(self, parts: list[Batch]) -> Batch:
        import pyarrow as pa
        import pyarrow.compute as pc

        if len(parts) == 1:
            return parts[0]
        starts = [sum(len(part.ids) for part in parts[:number]) for number in range(len(parts))]
        whole = Batch(
            {},
            {},
            pa.concat_arrays([part.ids for part in parts] or [pa.nulls(0, pa.string())]),
            pa.concat_arrays([part.updated for part in parts] or [pa.nulls(0, pa.int64())]),
            sum((part.misfits for part in parts), Counter()),
            sum(part.tolerant for part in parts),
            frozenset().union(*(part.careful for part in parts)),
        )
        for table in self._tables:
            empty = schema(table.columns).empty_table()
            whole.tables[table.name] = pa.concat_tables([empty, *(part.tables[table.name] for part in parts)])
            owners = [pc.add(part.owners[table.name], start) for part, start in zip(parts, starts, strict=True)]
            whole.owners[table.name] = pa.concat_arrays(owners or [pa.nulls(0, pa.int64())])
        return whole


def _covers(cut: Cut) -> bool:
    """Whether all times of a page are meant."""
    page, since, until = cut
    if page.first is None or page.last is None:
        return True
    return (since is None or since <= page.first) and (until is None or page.last < until)


def _times(records: list[Record], name: str) -> list[int]:
    """The times of records, without those that are missing or cannot be understood."""
    found: list[Any] = [each.get(name) for each in records]
    if all(type(at) is int and 0 < at <= LAST_SECOND for at in found):
        return found
    return [at for each in records if (at := seconds_in(each, name))]


def _records_in(data: Record, steps: Sequence[str]) -> list[Record]:
    """The records of a page, as far as there are some."""
    found: Any = data
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
