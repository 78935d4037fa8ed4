"""The lists of several shops, read side by side along a time that never changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tts_notebook.api.envelope import Answer
from tts_notebook.api.reader import read_data
from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls
from tts_notebook.data.memory import give_back
from tts_notebook.data.pages import Batch, PageReader
from tts_notebook.data.parts import Part, RecordPage
from tts_notebook.data.plan import Span
from tts_notebook.data.progress import Progress
from tts_notebook.data.tables import Listing, Table
from tts_notebook.data.walkers import BATCH, Arrived, Lane, Walkers
from tts_notebook.data.windows import Window, Windows


@dataclass(frozen=True, slots=True)
class Piece:
    """Pages of one shop, or its end.

    Attributes:
        pages: What came; empty at the end.
        failure: What ended it before its time.
        windows: How far the shop's period is read.
    """

    shop: Shop | None
    pages: Sequence[Arrived]
    failure: BaseException | None
    windows: Windows


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is read of one shop.

    Attributes:
        by: The time that has to be in a period.
        since: The period's start, None for no bound.
        windows: What is to be read, cut along a time that never changes.
    """

    by: str
    since: int | None
    windows: Windows


def stretch(
    listing: Listing,
    by: str,
    since: int | None,
    until: int,
    *,
    done: Sequence[tuple[int | None, int]] = (),
    ascending: bool = True,
) -> Stretch:
    """Cut a period into the windows that are asked for first.

    Args:
        listing: The list.
        by: The time that has to be in the period.
        since: Its start, None for no bound.
        until: Its end, not included.
        done: What need not be read any more, of the time along which the list is cut.
        ascending: The list keeps to the order that is asked for.
    """
    # what changed of late may have been created at any time
    start = since if listing.steady(by) == by else None
    windows = Windows(start, until, page_size=listing.page_size, done=done, ascending=ascending)
    return Stretch(by, since, windows)


@dataclass(slots=True)
class Reading:
    """Reads a list of each shop in windows.

    Attributes:
        along: The time along which they are cut.
        whole: Keep the records as JSON objects, not as columns.
    """

    calls: Calls
    progress: Progress
    listing: Listing
    tables: Sequence[Table]
    along: str
    whole: bool = False
    reader: PageReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = PageReader(self.listing, self.tables, time_field=self.along)

    def pieces(self, stretches: Iterable[tuple[Shop | None, Stretch]]) -> Iterator[Piece]:
        """Yield the pages of all shops as they come, and each shop's end.

        A shop's stretch is taken when its turn has come.
        """
        running: set[Windows] = set()
        ended = 0

        def tell() -> None:
            expected = ended + sum(each.expected for each in running)
            self.progress.show(expected, self.calls.rate, self.calls.throttles)

        for lane, pages in Walkers(self._lanes(stretches, running), stop=self.calls.stop, look=tell):
            if not pages:  # of thousands of shops only those count that are being read
                running.remove(lane.windows)
                ended += lane.windows.expected
                self.calls.release(lane.shop)
            yield Piece(lane.shop, pages, lane.failure, lane.windows)
            give_back(at_once=len(pages) >= BATCH)

    def _lanes(self, stretches: Iterable[tuple[Shop | None, Stretch]], running: set[Windows]) -> Iterator[Lane]:
        for shop, mine in stretches:
            running.add(mine.windows)
            yield self._lane(shop, mine)

    def columns(self, piece: Piece) -> Batch:
        """Make columns of the pages of a piece."""
        return self.reader.tabulate([(each.page, each.since, each.until) for each in piece.pages], piece.shop)

    def _lane(self, shop: Shop | None, mine: Stretch) -> Lane:
        return Lane(
            shop=shop,
            path=self.listing.path,
            windows=mine.windows,
            reader=self.calls.reader(self.listing.method, self.listing.path, shop),
            ask=lambda window: self._question(shop, mine, window),
            parse=self._records if self.whole else self._page,
        )

    def _question(self, shop: Shop | None, mine: Stretch, window: Window) -> Any:
        span = Span(window.since, window.asked_until)
        along = "" if self.along == mine.by else self.along
        return Part(self.listing, shop, span, mine.by, along=along, since=mine.since).question(window.token)

    def _records(self, answer: Answer) -> RecordPage:
        return RecordPage(Part(self.listing, None), read_data(answer), self.along)

    def _page(self, answer: Answer) -> Any:
        page = self.reader.parse(answer.body)
        if page.code or not page.count:
            read_data(answer)  # says what is wrong, if anything is
        return page
