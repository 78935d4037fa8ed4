"""tts.sync: tables kept up to date in directories of Parquet files, on this machine or on many."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.answer import misfits_told
from tts_notebook.data.calls import Calls
from tts_notebook.data.catalogue import find_table
from tts_notebook.data.choice import choose_rate, choose_shops
from tts_notebook.data.disk import choose_directory
from tts_notebook.data.ending import Ending
from tts_notebook.data.memory import lean
from tts_notebook.data.period import parse_period
from tts_notebook.data.progress import start_progress
from tts_notebook.data.store import Store
from tts_notebook.data.synced import GOES_ON, MOST_NAMED, NOTHING_READ, Reference, SyncAsked, Synced, SyncSession
from tts_notebook.data.syncing import Syncing
from tts_notebook.data.tables import Table
from tts_notebook.data.workers import check_executor, hand_out, reference_for
from tts_notebook.errors import InputError


def sync(session: SyncSession, asked: SyncAsked, *, now: datetime, executor: Executor | None = None) -> Synced:
    """Bring directories up to date, and say what was read.

    Everything that can be refused without the network is refused first.
    """
    tables = _tables(asked.table)
    listing = tables[0].listing
    choose_rate(asked.max_rate)
    since = _start(asked, now)
    root = choose_directory("into", asked.into)
    if executor is not None:
        check_executor(executor)
    # what is of the seller as a whole is one call, and no worker's
    reference = None if executor is None or listing.seller_level else reference_for(session, executor)
    for each in listing.chain:
        session.require_scope(each.scope, each.path)
    with Ending(lambda: NOTHING_READ) as ending, ExitStack() as stack:
        shops = (None,) if listing.seller_level else choose_shops(session.shops, asked.shops)
        stores = _stores(stack, Store.open, session, tables, root)
        if executor is None or listing.seller_level:
            return _sync_here(session, asked, tables, stores, shops, ending, since=since, now=now)
        ending.kept = lambda: GOES_ON  # errors say themselves what is kept: they come from the workers
        places = {name: store.directory for name, store in stores.items()}
        task = ShopTask(reference, tuple(places), str(root), "", since, asked.max_rate, session=session)
        tasks = {shop: replace(task, shop_id=shop.id) for shop in shops if shop}
        return hand_out(tasks, places, executor, asked.progress)


def _sync_here(
    session: SyncSession,
    asked: SyncAsked,
    tables: Sequence[Table],
    stores: Mapping[str, Store],
    shops: Sequence[Shop | None],
    ending: Ending,
    *,
    since: int | None,
    now: datetime,
) -> Synced:
    calls = Calls(session, choose_rate(asked.max_rate))
    syncing = Syncing(
        calls, start_progress(tables[0].name, asked.progress), tables, stores, since, int(now.timestamp())
    )
    # what records did not tell is not asked again where they are old: a later sync would not say it
    ending.kept = lambda: " ".join(
        [GOES_ON if any(syncing.rows.values()) else NOTHING_READ, *syncing.notes[:MOST_NAMED]]
    )
    ending.rows = lambda: syncing.count
    try:
        with lean():
            syncing.run(shops)
        syncing.progress.finish()
    finally:
        calls.close()
        syncing.progress.close()
    places = {name: store.directory for name, store in stores.items()}
    notes = [*syncing.notes, *misfits_told(syncing.misfits)]
    return Synced(
        places,
        syncing.rows,
        calls.count,
        calls.throttles,
        syncing.refused,
        syncing.resumed,
        tuple(notes),
        syncing.tolerant,
    )


def _tables(wanted: Any) -> list[Table]:
    names = [wanted] if isinstance(wanted, str) else list(wanted) if isinstance(wanted, Iterable) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"{wanted!r} is not the name of a table, nor a list of names.")
    tables = list({table.name: table for table in (find_table(name).table for name in names)}.values())
    for table in tables[1:]:
        if table.listing is not tables[0].listing:
            raise InputError(
                f"{tables[0].name} and {table.name} do not come from one pull.", next_step="Sync them one by one."
            )
    return tables


def _stores(
    stack: ExitStack, opened: Callable[..., Store], session: SyncSession, tables: Sequence[Table], root: Path
) -> dict[str, Store]:
    """Open each table's directory until the stack ends: the one that was named, or one in it for each of several."""
    identity, alone = {"seller": session.open_id}, len(tables) == 1
    return {
        table.name: stack.enter_context(opened(root if alone else root / table.name, table, identity=identity))
        for table in tables
    }


def _start(asked: SyncAsked, now: datetime) -> int | None:
    period = parse_period("all" if asked.since is None else asked.since, None, now=now, tz=asked.tz)
    return period.seconds[0]


# -- beyond one machine --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShopTask:
    """One shop's part of a sync, for a worker anywhere: what is sent of it holds names and no secret.

    Attributes:
        since: Where the data starts, in seconds: the same for all shops, whenever their turn comes.
        number: Tells this sync's tasks from those of any other, because Dask does not do equal tasks twice.
        session: Serves the workers that are threads of this process; it is not sent.
    """

    reference: Reference | None
    table: tuple[str, ...]
    into: str
    shop_id: str
    since: int | None
    max_rate: float | None
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    session: SyncSession | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the session out."""
        sent = self.reference, self.table, self.into, self.shop_id, self.since, self.max_rate, self.number
        return ShopTask, sent

    def __call__(self) -> Synced:
        """Bring the shop's part up to date."""
        session = self.session or self._opened()
        since = None if self.since is None else datetime.fromtimestamp(self.since, UTC)
        asked = SyncAsked(self.table, self.into, since, self.shop_id, False, self.max_rate)
        return sync_part(session, asked, now=datetime.now(UTC))

    def _opened(self) -> SyncSession:
        assert self.reference, "a task without it never leaves the process of its session"
        return self.reference.open()


def sync_part(session: SyncSession, asked: SyncAsked, *, now: datetime) -> Synced:
    """Bring one shop's part of a directory up to date that somebody else keeps open."""
    tables = _tables(asked.table)
    with Ending(lambda: NOTHING_READ) as ending, ExitStack() as stack:
        stores = _stores(stack, Store.join, session, tables, choose_directory("into", asked.into))
        shops = choose_shops(session.shops, asked.shops)
        return _sync_here(session, asked, tables, stores, shops, ending, since=_start(asked, now), now=now)
