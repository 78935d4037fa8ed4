"""What is new of each shop goes into directories of Parquet files, exactly once per id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING

from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls
from tts_notebook.data.cursor import Question
from tts_notebook.data.manifest import earlier
from tts_notebook.data.period import Period
from tts_notebook.data.plan import ALL_THERE_IS
from tts_notebook.data.progress import Progress
from tts_notebook.data.pull import Pull, explain
from tts_notebook.data.reading import Piece, Reading, Stretch, stretch
from tts_notebook.data.runs import NextRun, next_run, older_run, weeks
from tts_notebook.data.shelf import Standing, Unfinished
from tts_notebook.data.store import Store
from tts_notebook.data.tables import Listing, Table
from tts_notebook.data.versions import rowless
from tts_notebook.data.windows import Interval, without
from tts_notebook.errors import APIError, RateLimited, TokenRejected

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Syncing:
    """One sync of tables that one pull gives, while it runs.

    Attributes:
        stores: Where each table goes, by its name.
        since: Where the data is to start, in seconds; None for everything there is.
        rows: How many rows have come, by table.
        refused: What each shop that refused said, by its id.
        notes: What there is to say about the answers.
        resumed: Whether a run went on that had not ended.
        misfits: For each field, how many of its values were not of the kind that was declared.
        tolerant: How many pages were read value by value.
    """

    calls: Calls
    progress: Progress
    tables: Sequence[Table]
    stores: Mapping[str, Store]
    since: int | None
    now: int
    rows: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    resumed: bool = False
    misfits: Counter[str] = field(default_factory=Counter)
    tolerant: int = 0
    _behind: list[Shop | None] = field(default_factory=list)
    _further: frozenset[Shop | None] = frozenset()  # those of which one run is not all

    @property
    def listing(self) -> Listing:
        """The list that the tables are made of."""
        return self.tables[0].listing

    def run(self, shops: Sequence[Shop | None]) -> None:
        """Read what is new of each shop, and end its run.

        Raises:
            APIError: every shop refused; the first refusal.
            RateLimited, TokenRejected, TransportError: it broke off; what was read is kept.
        """
        self.rows = dict.fromkeys((table.name for table in self.tables), 0)
        refusals: dict[Shop | None, APIError] = {}
        left = list(shops)
        while left:  # ends: a run that begins now goes to the end, and what is older is read once
            left = self._runs(left, refusals)
        if refusals and len(refusals) == len(shops):
            raise next(iter(refusals.values()))

    @property
    def count(self) -> int:
        """How many rows of the first table have come."""
        return self.rows.get(self.tables[0].name, 0)

    @property
    def along(self) -> str:
        """The time along which the list is cut into windows; empty if it is read as a whole."""
        return self.listing.steady(next(iter(self.listing.root.walks), "")) if not self.listing.parent else ""

    # -- runs ------------------------------------------------------------------------------

    def _runs(self, shops: Sequence[Shop | None], refusals: dict[Shop | None, APIError]) -> list[Shop | None]:
        """End a run of each shop; return those whose run was an earlier one, so that there may be more since."""
        self._behind = []
        if self.along:
            self._side_by_side(shops, refusals)
        else:
            for shop in shops:
                self._in_turn(shop, refusals)
        return self._behind

    def _begin(self, shop: Shop | None) -> tuple[NextRun, list[Interval]]:
        """Start a shop's run, or go on with the one that has not ended; return what of it is there already."""
        self._end_complete(shop)
        standings = [store.state(_id(shop)) for store in self.stores.values()]
        wanted = self._wanted(standings)
        # a first run leaves out what changed, outside of its period, in a table that was there before
        grown = wanted[0].kind == "first" and any(each.watermark is not None for each in standings)
        self._further = self._further - {shop} | ({shop} if grown or len(wanted) > 1 else set())
        unfinished = [each.unfinished for each in standings if each.unfinished]
        for run in wanted if len(unfinished) == len(standings) else ():
            if self._goes_on(run, unfinished):
                since, until = unfinished[0].since, unfinished[0].until
                self.resumed = True
                missing = [gap for each in unfinished for gap in each.missing]
                run = replace(run, until=until, since=since if self._along_is(run.by) else run.since)
                return run, without(since, until, missing)
        self._anew(shop, wanted[0])
        return wanted[0], []

    def _anew(self, shop: Shop | None, run: NextRun) -> None:
        for store in self.stores.values():
            store.begin(_id(shop), since=self._bound(run), until=run.until, kind=run.kind)

    def _end_complete(self, shop: Shop | None) -> None:
        """End runs that only a crash kept from their end, while they were merged or one before the other."""
        found = [(store, store.state(_id(shop)).unfinished) for store in self.stores.values()]
        left = [(store, run) for store, run in found if run]
        if left and all(run.proven and not run.missing for _, run in left):
            self.resumed = True
            for store, run in left:
                store.commit(_id(shop), watermark=run.until)

    def _wanted(self, standings: Sequence[Standing]) -> list[NextRun]:
        """Return the runs that bring a shop up to date, the first one first."""
        listing, since = self.listing, self.since
        watermarks = [each.watermark for each in standings]
        watermark = None if None in watermarks else min(filter(None, watermarks), default=None)
        starts = [each.start for each in standings if each.watermark is not None]
        earliest = reduce(earlier, starts) if starts else None
        latest = max((start for start in starts if start is not None), default=None)
        run = next_run(listing, since=since, start=earliest, watermark=watermark, now=self.now)
        older = older_run(listing, since=since, start=latest, watermark=watermark)
        if since is None and watermark is None and listing.root.days and ALL_THERE_IS not in self.notes:
            self.notes.append(ALL_THERE_IS)
        return [older, run] if older else [run]

    def _goes_on(self, run: NextRun, unfinished: Sequence[Unfinished]) -> bool:
        """Tell whether runs that have not ended are worth to be ended: not if more is wanted now."""
        bounds = {(each.since, each.until, each.kind) for each in unfinished}
        since, until, kind = bounds.pop()
        begins = self._bound(run)
        covered = since is None or (begins is not None and begins >= since)
        meant = kind == run.kind and (kind in ("first", "changes") or (kind == "older" and until == run.until))
        return not bounds and covered and meant and any(each.proven for each in unfinished)

    def _along_is(self, by: str) -> bool:
        return not self.along or self.along == by

    def _bound(self, run: NextRun) -> int | None:
        """The start of what has to be complete: what changed of late may be of any age."""
        return run.since if self._along_is(run.by) else None

    def _end(self, shop: Shop | None, run: NextRun) -> None:
        for store in self.stores.values():
            store.commit(_id(shop), watermark=run.until)
        if run.kind == "older":
            self._note_older(run)
        if run.until < self.now or shop in self._further:
            self._behind.append(shop)

    def _note_older(self, run: NextRun) -> None:
        since = "the beginning" if run.since is None else _day(run.since)
        note = f"What is from before {_day(run.until)} was missing and is there now, from {since} on."
        if note not in self.notes:
            self.notes.append(note)

    def _refuse(self, shop: Shop | None, error: APIError, refusals: dict[Shop | None, APIError]) -> None:
        explain(error, self.listing, shop)
        refusals[shop] = error.with_traceback(None)  # it would keep the reader, and that a file open
        for store in self.stores.values():
            store.leave(_id(shop))
        if shop:
            self.refused[shop.id] = f"{shop}: {error}"

    # -- lists that are cut into windows ---------------------------------------------------

    def _side_by_side(self, shops: Sequence[Shop | None], refusals: dict[Shop | None, APIError]) -> None:
        unsorted = self._read(shops, refusals, ascending=True)
        if unsorted:  # then no part of a period is complete before the whole is
            self._read(unsorted, refusals, ascending=False)

    def _read(
        self, shops: Sequence[Shop | None], refusals: dict[Shop | None, APIError], *, ascending: bool
    ) -> list[Shop | None]:
        """Read shops, and return those whose list is not in the order that was asked for."""
        reading = Reading(self.calls, self.progress, self.listing, self.tables, self.along)
        runs: dict[Shop | None, NextRun] = {}
        unsorted: list[Shop | None] = []
        for piece in reading.pieces(self._stretches(shops, runs, ascending=ascending)):
            run = runs[piece.shop]
            out_of_order = ascending and piece.windows.unsorted
            if out_of_order and piece.shop not in unsorted:
                unsorted.append(piece.shop)
                self._anew(piece.shop, run)  # at once: what was proven is not, should this one break off
            if piece.pages:
                if not out_of_order:
                    self._keep(reading, piece, proven=ascending)
            elif piece.failure is None:
                if out_of_order:
                    continue
                if not ascending:  # only now is any part of the period complete
                    self._stage(piece.shop, {}, (self._bound(run), run.until))
                self._end(piece.shop, run)
            elif isinstance(piece.failure, APIError) and not isinstance(piece.failure, RateLimited | TokenRejected):
                self._refuse(piece.shop, piece.failure, refusals)
            else:
                raise piece.failure
        return [shop for shop in unsorted if shop not in refusals]

    def _stretches(
        self, shops: Sequence[Shop | None], runs: dict[Shop | None, NextRun], *, ascending: bool
    ) -> Iterator[tuple[Shop | None, Stretch]]:
        for shop in shops:
            run, done = self._begin(shop)
            runs[shop] = run
            there = done if ascending else ()
            yield shop, stretch(self.listing, run.by, run.since, run.until, done=there, ascending=ascending)

    def _keep(self, reading: Reading, piece: Piece, *, proven: bool) -> None:
        batch = reading.columns(piece).latest()  # or a record would have the rows of two
        intervals = [interval for each in piece.pages for interval in each.proven] if proven else []
        self.misfits += batch.misfits
        self.tolerant += batch.tolerant
        self._stage(piece.shop, batch.tables, *intervals, told=batch.told)
        self.progress.advance(len(batch.ids))

    def _stage(
        self, shop: Shop | None, made: Mapping[str, pa.Table], *proven: Interval, told: pa.Table | None = None
    ) -> int:
        """Keep rows, and say what is complete with them and which records came."""
        for table in self.tables:
            store = self.stores[table.name]
            rows = made[table.name] if made else store.schema.empty_table()
            store.stage(_id(shop), rows, proven, None if told is None else rowless(table, told, rows))
            self.rows[table.name] += rows.num_rows
        return sum(rows.num_rows for rows in made.values())

    # -- lists that are read one page after the other ---------------------------------------

    def _in_turn(self, shop: Shop | None, refusals: dict[Shop | None, APIError]) -> None:
        """Read a shop, what takes a call for each record in pieces that are kept one by one."""
        run, done = self._begin(shop)
        walk = self.listing.root.walks.get(run.by)
        in_pieces = self.listing.parent and run.kind != "all" and walk and not walk.open_end
        # else every record has something to tell, and a week kept without it would be a gap that nobody fills
        lenient = bool(in_pieces and self.listing.parent and self.listing.parent.lenient)
        left = [piece for gap in without(run.since, run.until, done) for piece in (weeks(*gap) if in_pieces else [gap])]
        untold: list[tuple[Interval, APIError]] = []
        rows = 0
        for piece in left:
            try:
                rows += self._piece(shop, run, piece)
            except (RateLimited, TokenRejected):
                raise
            except APIError as error:
                if error.path == self.listing.root.path or not lenient:
                    self._refuse(shop, error, refusals)
                    return
                untold.append((piece, error))
        if untold and not rows:  # whatever weeks without any record say
            self._refuse(shop, untold[0][1], refusals)
            return
        for piece, refusal in untold:  # as when a few records of many have nothing to tell
            self._stage(shop, {}, piece)
            self.notes.append(f"{refusal.path} told nothing about any record of a week: {refusal}")
        self._end(shop, run)

    def _piece(self, shop: Shop | None, run: NextRun, piece: Interval) -> int:
        since, until = piece
        start = datetime.fromtimestamp(since, UTC) if since is not None else None
        period = Period(start, datetime.fromtimestamp(until, UTC))
        now = datetime.fromtimestamp(self.now, UTC)
        question = Question(self.listing, period, lambda _: period, now, by=run.by, fixed_days=True)
        pull = Pull(self.calls, question, self.progress, self.notes)
        harvest = pull.run(self.tables, [shop])
        self.misfits += harvest.misfits
        told = _answered(pull.answered) if self.listing.parent else harvest.told
        return self._stage(shop, harvest.finish(), piece, told=told)


def _answered(names: Sequence[str]) -> pa.Table:
    """Tell records of which the children came, like a harvest."""
    import pyarrow as pa

    count = len(names)
    told = [pa.nulls(count, pa.string()), pa.array(names, pa.string()), pa.nulls(count, pa.int64())]
    return pa.table(told, ["scope", "name", "updated"])


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _id(shop: Shop | None) -> str | None:
    return shop.id if shop else None
