"""Read every page of a period, all shops side by side, and make tables of them.

A pull is all or nothing for each shop: what a shop refuses is told and leaves the other
shops' rows, but an interrupted walk is an error and never a table with a silent gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls
from tts_notebook.data.cursor import Cursor, Question
from tts_notebook.data.detail import add_details
from tts_notebook.data.harvest import Harvest
from tts_notebook.data.pages import Batch
from tts_notebook.data.progress import Progress
from tts_notebook.data.reading import Piece, Reading, stretch
from tts_notebook.data.rows import Found, seconds_in
from tts_notebook.data.tables import Listing, Table
from tts_notebook.errors import APIError, RateLimited, TokenRejected


@dataclass(slots=True)
class Pull:
    """A pull that runs, and what there is to say about it.

    Attributes:
        refused: What each shop that refused said, by its id.
        answered: The ids of the records whose children were told, as far as they were asked for.
        read: How many records have come.
    """

    calls: Calls
    question: Question
    progress: Progress
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    read: int = 0

    def run(self, tables: Sequence[Table], shops: Sequence[Shop | None]) -> Harvest:
        """Read all shops and return their rows.

        Raises:
            APIError: every shop refused; the first refusal.
            RateLimited, TokenRejected, TransportError: the pull broke off.
        """
        gathered = self._harvest(tables)
        refusals: list[APIError] = []
        read = self._side_by_side if self._along else self._in_turn
        for shop, result in read(tables, shops):
            if isinstance(result, Harvest):
                gathered.merge(result)
            else:
                explain(result, self.question.listing, shop)
                refusals.append(result.with_traceback(None))  # it would keep the reader, and that a file open
                if shop:
                    self.refused[shop.id] = f"{shop}: {result}"
        if refusals and len(refusals) == len(shops):
            raise refusals[0]
        return gathered

    def _harvest(self, tables: Sequence[Table]) -> Harvest:
        return Harvest(tables, detail=self.question.detail, raw=self.question.raw)

    # -- one list after the other ----------------------------------------------------------

    def _in_turn(
        self, tables: Sequence[Table], shops: Sequence[Shop | None]
    ) -> Iterator[tuple[Shop | None, Harvest | APIError]]:
        for shop in shops:
            result = self._harvest_or_refusal(tables, shop)
            self.calls.release(shop)
            yield shop, result

    def _harvest_or_refusal(self, tables: Sequence[Table], shop: Shop | None) -> Harvest | APIError:
        cursor = Cursor(self.calls, self.question, self.progress, self.notes, self.answered)
        harvest = self._harvest(tables)
        try:
            for batch in cursor.batches(self.question.listing, shop):
                self.read += len(batch)
                harvest.add(shop, self._finished(batch, shop))
        except (RateLimited, TokenRejected):
            raise
        except APIError as refusal:
            return refusal
        return harvest

    # -- side by side ----------------------------------------------------------------------

    @property
    def _along(self) -> str:
        """The time along which the list may be cut into windows; empty if it may not."""
        # records leave a status while its list is read, which a cursor knows how to see
        return "" if self.question.statuses else self.question.listing.steady(self.question.by)

    def _side_by_side(
        self, tables: Sequence[Table], shops: Sequence[Shop | None]
    ) -> Iterator[tuple[Shop | None, Harvest | APIError]]:
        question = self.question
        since, until = question.period.seconds
        whole = question.detail or question.raw
        reading = Reading(self.calls, self.progress, question.listing, tables, self._along, whole=whole)
        harvests = {shop: self._harvest(tables) for shop in shops}
        wanted = ((shop, stretch(question.listing, question.by, since, until)) for shop in shops)
        for piece in reading.pieces(wanted):
            if piece.pages:
                self._take_in(harvests[piece.shop], reading, piece)
            elif piece.failure is None:
                yield piece.shop, harvests.pop(piece.shop)
            elif isinstance(piece.failure, APIError) and not isinstance(piece.failure, RateLimited | TokenRejected):
                yield piece.shop, piece.failure
            else:
                raise piece.failure

    def _take_in(self, harvest: Harvest, reading: Reading, piece: Piece) -> None:
        if reading.whole:
            found = [each for arrived in piece.pages for each in arrived.page.within(arrived.since, arrived.until)]
            harvest.add(piece.shop, self._finished(found, piece.shop))
            self._note(len(found))
        else:
            batch = reading.columns(piece)
            harvest.add_batch(piece.shop, self._closed(batch))
            self._note(len(batch.ids))

    def _closed(self, batch: Batch) -> Batch:
        """Leave out what changed after the period, where its end must stay open for the walk."""
        _, until = self.question.period.seconds
        return batch if self._along == self.question.by else batch.changed_before(until)

    def _finished(self, batch: list[Found], shop: Shop | None) -> list[Found]:
        listing = self.question.listing
        walk = listing.walks.get(self.question.by)
        if walk and walk.open_end:
            # where the end must stay open for the walk, it is closed here
            _, until = self.question.period.seconds
            batch = [found for found in batch if seconds_in(found.record, self.question.by) < until]
        if self.question.detail and batch:
            told = add_details([found.record for found in batch], listing, shop, self.calls, self.notes)
            batch = [Found(record, found.scope, found.beside) for record, found in zip(told, batch, strict=True)]
        return batch

    # -- telling ---------------------------------------------------------------------------

    def _note(self, rows: int) -> None:
        self.read += rows
        self.progress.advance(rows)

    def kept(self) -> str:
        """Say what is kept of a pull that breaks off."""
        return not_kept(self.read)


def not_kept(rows: int) -> str:
    """Say that rows were read in vain, and how they would not have been."""
    if not rows:
        return "No row had been read."
    return (
        f"{rows:,} rows had been read; they are not kept. "
        "tts.sync(TABLE, into=DIR) keeps what it has read, and goes on from there."
    )


def explain(error: APIError, listing: Listing, shop: Shop | None) -> None:
    """Say in the error what the shop's refusal means, where TikTok Shop's words do not."""
    region = shop.region if shop else ""
    for reason in listing.reasons:
        if (not reason.codes or error.code in reason.codes) and (not reason.regions or region in reason.regions):
            error.next_step = reason.sentence.format(shop=shop)
            return
