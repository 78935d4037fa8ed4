"""What is new of each shop goes into directories of Parquet files, exactly once per id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls
from tts_notebook.data.cursor import Question
from tts_notebook.data.period import Period
from tts_notebook.data.progress import Progress
from tts_notebook.data.pull import Pull, explain
from tts_notebook.data.reading import Piece, Reading, Stretch, stretch
from tts_notebook.data.runs import NextRun, next_run
from tts_notebook.data.store import Store
from tts_notebook.data.tables import Listing, Table
from tts_notebook.data.windows import Interval, without
from tts_notebook.errors import APIError, PullStopped, RateLimited, TokenRejected, TransportError

_GOES_ON = "What was read is kept: run the same line again and it goes on from there."


@dataclass(slots=True)
class Syncing:
    """One sync of tables that one pull gives, while it runs.

    Attributes:
        stores: Where each table goes, by its name.
        since: Where the data is to start, in seconds; None for everything there is.
        rows: How many rows have come, by table.
        refused: What each shop that refused said, by its id.
        resumed: Whether a run went on that had not ended.
    """

    calls: Calls
    progress: Progress
    tables: Sequence[Table]
    stores: Mapping[str, Store]
    since: int | None
    now: int
    rows: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    resumed: bool = False

    @property
    def listing(self) -> Listing:
        """The list that the tables are made of."""
        return self.tables[0].listing

    def run(self, shops: Sequence[Shop | None]) -> None:
        """Read what is new of each shop, and end its run.

        Raises:
            APIError: every shop refused; the first refusal.
            RateLimited, TokenRejected, TransportError: it broke off; what was read is kept.
            PullStopped: somebody pressed stop; what was read is kept.
        """
        self.rows = dict.fromkeys((table.name for table in self.tables), 0)
        refusals: dict[Shop | None, APIError] = {}
        try:
            if self.along:
                self._side_by_side(shops, refusals)
            else:
                for shop in shops:
                    self._whole(shop, refusals)
        except (RateLimited, TokenRejected, TransportError) as error:
            error.next_step = f"{error.next_step} {_GOES_ON}".strip()
            raise
        except KeyboardInterrupt:
            raise PullStopped(f"Stopped after {self.rows[self.tables[0].name]:,} rows. {_GOES_ON}") from None
        if refusals and len(refusals) == len(shops):
            raise next(iter(refusals.values()))

    @property
    def along(self) -> str:
        """The time along which the list is cut into windows; empty if it is read as a whole."""
        return self.listing.steady(next(iter(self.listing.root.walks), "")) if not self.listing.parent else ""

    # -- runs ------------------------------------------------------------------------------

    def _begin(self, shop: Shop | None) -> tuple[NextRun, list[Interval]]:
        """Start a shop's run, or go on with the one that has not ended; return what of it is there already."""
        standings = [store.state(_id(shop)) for store in self.stores.values()]
        watermarks = [each.watermark for each in standings]
        watermark = None if None in watermarks else min(filter(None, watermarks), default=None)
        run = next_run(self.listing, since=self.since, watermark=watermark, now=self.now)
        unfinished = [each.unfinished for each in standings if each.unfinished]
        bounds = {(each.since, each.until, each.kind) for each in unfinished}
        if len(unfinished) == len(standings) and len(bounds) == 1 and self.along and run.kind == unfinished[0].kind:
            since, until, _ = bounds.pop()
            self.resumed = True
            missing = [gap for each in unfinished for gap in each.missing]
            run = replace(run, until=until, since=since if self._along_is(run.by) else run.since)
            return run, without(since, until, missing)
        for store in self.stores.values():
            store.begin(_id(shop), since=self._bound(run), until=run.until, kind=run.kind)
        return run, []

    def _along_is(self, by: str) -> bool:
        return not self.along or self.along == by

    def _bound(self, run: NextRun) -> int | None:
        """The start of what has to be complete: what changed of late may be of any age."""
        return run.since if self._along_is(run.by) else None

    def _end(self, shop: Shop | None, run: NextRun) -> None:
        for store in self.stores.values():
            store.commit(_id(shop), watermark=run.until)

    def _refuse(self, shop: Shop | None, error: APIError, refusals: dict[Shop | None, APIError]) -> None:
        explain(error, self.listing, shop)
        refusals[shop] = error
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
            if piece.pages:
                if not out_of_order:
                    self._keep(reading, piece, proven=ascending)
            elif piece.failure is None and out_of_order:
                unsorted.append(piece.shop)
                for store in self.stores.values():
                    store.begin(_id(piece.shop), since=self._bound(run), until=run.until, kind=run.kind)
            elif piece.failure is None:
                if not ascending:
                    self._stage_nothing(piece.shop, run)
                self._end(piece.shop, run)
            elif isinstance(piece.failure, APIError) and not isinstance(piece.failure, RateLimited | TokenRejected):
                self._refuse(piece.shop, piece.failure, refusals)
            else:
                raise piece.failure
        return unsorted

    def _stretches(
        self, shops: Sequence[Shop | None], runs: dict[Shop | None, NextRun], *, ascending: bool
    ) -> Iterator[tuple[Shop | None, Stretch]]:
        for shop in shops:
            run, done = self._begin(shop)
            runs[shop] = run
            there = done if ascending else ()
            yield shop, stretch(self.listing, run.by, run.since, run.until, done=there, ascending=ascending)

    def _keep(self, reading: Reading, piece: Piece, *, proven: bool) -> None:
        batch = reading.columns(piece)
        intervals = [interval for each in piece.pages for interval in each.proven] if proven else []
        for name, store in self.stores.items():
            store.stage(_id(piece.shop), batch.tables[name], intervals)
            self.rows[name] += batch.tables[name].num_rows
        self.progress.advance(len(batch.ids))

    def _stage_nothing(self, shop: Shop | None, run: NextRun) -> None:
        """Say that the whole period is complete now."""
        for store in self.stores.values():
            store.stage(_id(shop), store.schema.empty_table(), [(self._bound(run), run.until)])

    # -- lists that are read as a whole ----------------------------------------------------

    def _whole(self, shop: Shop | None, refusals: dict[Shop | None, APIError]) -> None:
        run, _ = self._begin(shop)
        since = datetime.fromtimestamp(run.since, UTC) if run.since is not None else None
        period = Period(since, datetime.fromtimestamp(run.until, UTC))
        now = datetime.fromtimestamp(self.now, UTC)
        pull = Pull(self.calls, Question(self.listing, period, lambda _: period, now, by=run.by), self.progress)
        try:
            made = pull.run(self.tables, [shop]).finish()
        except (RateLimited, TokenRejected):
            raise
        except APIError as error:
            self._refuse(shop, error, refusals)
            return
        for name, store in self.stores.items():
            store.stage(_id(shop), made[name], [(self._bound(run), run.until)])
            self.rows[name] += made[name].num_rows
        self._end(shop, run)


def _id(shop: Shop | None) -> str | None:
    return shop.id if shop else None
