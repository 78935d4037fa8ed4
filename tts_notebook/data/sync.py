"""tts.sync: tables kept up to date in directories of Parquet files, on this machine or on many."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tts_notebook.api.shops import Shop
from tts_notebook.data.answer import misfits_told
from tts_notebook.data.calls import Calls, Session
from tts_notebook.data.catalogue import find_table
from tts_notebook.data.choice import choose_rate, choose_shops
from tts_notebook.data.period import parse_period
from tts_notebook.data.progress import start_progress
from tts_notebook.data.store import Store
from tts_notebook.data.syncing import Syncing
from tts_notebook.data.tables import Table
from tts_notebook.errors import InputError, PullStopped, SyncError, TTSError

if TYPE_CHECKING:
    import os

_MOST_NAMED = 5  # shops that a summary says the reasons of
_AGAIN = "What was read is kept: run the same line again and it goes on from there."


class Reference(Protocol):
    """Names a stored login without holding anything of it; may be sent to other processes."""

    def open(self) -> SyncSession:
        """Return a session of that login, which renews its token with all others that use it."""


class SyncSession(Session, Protocol):
    """What a sync needs of a session besides."""

    @property
    def open_id(self) -> str:
        """Who granted."""

    @property
    def reference(self) -> Reference | None:
        """Names the stored login, None if it is in this process only."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did.

    Attributes:
        directories: Where each table is, by its name.
        rows: How many rows came, by table; most of a later sync's replace earlier versions.
        calls: How many requests were sent.
        throttled: How many of them were one too many.
        partial: What each shop that refused said, by its id: its data is as it was.
        resumed: An earlier sync that had not ended was continued.
        notes: What else there is to say, such as values of a kind that nobody has documented.
    """

    directories: Mapping[str, Path]
    rows: Mapping[str, int]
    calls: int
    throttled: int
    partial: Mapping[str, str]
    resumed: bool
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        read = ", ".join(f"{count:,} {name}" for name, count in self.rows.items())
        places = ", ".join(str(directory) for directory in self.directories.values())
        parts = [f"Synced {read} into {places} with {self.calls:,} requests"]
        parts += [f"{self.throttled} throttled"] if self.throttled else []
        parts += ["went on where the last one ended"] if self.resumed else []
        parts += [f"missing {reason}" for reason in list(self.partial.values())[:_MOST_NAMED]]
        more = len(self.partial) - _MOST_NAMED
        parts += [f"missing {more:,} more shops, see .partial"] if more > 0 else []
        told = list(self.notes[:_MOST_NAMED])
        told += [f"There are {len(self.notes):,} notes, see .notes."] if len(self.notes) > _MOST_NAMED else []
        return " ".join(["; ".join(parts).rstrip(".") + ".", *told])


@dataclass(frozen=True, slots=True)
class SyncAsked:
    """The arguments of a sync, as they were given."""

    table: Any
    into: str | os.PathLike[str]
    since: Any = None
    shops: Any = None
    progress: bool | None = None
    max_rate: Any = None
    tz: Any = "UTC"


def sync(session: SyncSession, asked: SyncAsked, *, now: datetime, executor: Executor | None = None) -> Synced:
    """Bring directories up to date, and say what was read.

    Everything that can be refused without the network is refused first.
    """
    tables = _tables(asked.table)
    listing = tables[0].listing
    choose_rate(asked.max_rate)
    since = _start(asked, now)
    wanted = _places(tables, asked.into)
    reference = None if executor is None else _reference(session, executor)
    for each in listing.chain:
        session.require_scope(each.scope, each.path)
    shops = (None,) if listing.seller_level else choose_shops(session.shops, asked.shops)
    identity = {"seller": session.open_id}
    with ExitStack() as stack:
        stores = {
            name: stack.enter_context(Store.open(where, table, identity=identity))
            for (name, where), table in zip(wanted.items(), tables, strict=True)
        }
        if executor is None or reference is None or listing.seller_level:
            return _sync_here(session, asked, tables, stores, shops, since=since, now=now)
        places = {name: store.directory for name, store in stores.items()}
        task = ShopTask(reference, tuple(places), str(_root(asked.into)), "", since, asked.max_rate, session=session)
        return _hand_out(task, places, [shop for shop in shops if shop], executor, asked.progress)


def _sync_here(
    session: SyncSession,
    asked: SyncAsked,
    tables: Sequence[Table],
    stores: Mapping[str, Store],
    shops: Sequence[Shop | None],
    *,
    since: int | None,
    now: datetime,
) -> Synced:
    calls = Calls(session, choose_rate(asked.max_rate))
    syncing = Syncing(
        calls, start_progress(tables[0].name, asked.progress), tables, stores, since, int(now.timestamp())
    )
    try:
        syncing.run(shops)
        syncing.progress.finish()
    finally:
        calls.close()
        syncing.progress.close()
    places = {name: store.directory for name, store in stores.items()}
    notes = [*syncing.notes, *misfits_told(syncing.misfits)]
    return Synced(places, syncing.rows, calls.count, calls.throttles, syncing.refused, syncing.resumed, tuple(notes))


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


def _places(tables: Sequence[Table], into: str | os.PathLike[str]) -> dict[str, Path]:
    """Return each table's directory: the one that was named, or one in it for each of several."""
    where = _root(into)
    return {table.name: where if len(tables) == 1 else where / table.name for table in tables}


def _root(into: str | os.PathLike[str]) -> Path:
    try:
        return Path(into).expanduser().absolute()
    except TypeError:
        raise InputError(f"into={into!r} is not a directory.") from None


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

    reference: Reference
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
        session = self.session or self.reference.open()
        since = None if self.since is None else datetime.fromtimestamp(self.since, UTC)
        asked = SyncAsked(self.table, self.into, since, self.shop_id, False, self.max_rate)
        return sync_part(session, asked, now=datetime.now(UTC))


def sync_part(session: SyncSession, asked: SyncAsked, *, now: datetime) -> Synced:
    """Bring one shop's part of a directory up to date that somebody else keeps open."""
    tables = _tables(asked.table)
    identity = {"seller": session.open_id}
    with ExitStack() as stack:
        stores = {
            name: stack.enter_context(Store.join(where, table, identity=identity))
            for (name, where), table in zip(_places(tables, asked.into).items(), tables, strict=True)
        }
        shops = choose_shops(session.shops, asked.shops)
        return _sync_here(session, asked, tables, stores, shops, since=_start(asked, now), now=now)


def _reference(session: SyncSession, executor: Any) -> Reference:
    if not callable(getattr(executor, "submit", None)):
        raise InputError(
            f"executor={executor!r} is not an executor.",
            next_step="Give a concurrent.futures.Executor; of a Dask client it is client.get_executor().",
        )
    if session.reference is None:
        raise InputError(
            "This login is kept in the memory of this process only, so no worker could use it.",
            next_step="Leave executor= out, or log in with a profile that is stored.",
        )
    return session.reference


def _hand_out(
    task: ShopTask, places: Mapping[str, Path], shops: Sequence[Shop], executor: Executor, progress: bool | None
) -> Synced:
    """Give each shop to a worker: one shop is one task, so that its rate has one owner."""
    bar = start_progress(f"{', '.join(places)}: shops", progress)
    bar.expect(len(shops))
    results: dict[Shop, Synced | TTSError] = {}
    futures: dict[Future[Synced], Shop] = {}
    try:
        for shop in shops:
            futures[_submitted(executor, replace(task, shop_id=shop.id))] = shop
        for future in as_completed(futures):
            results[futures[future]] = _outcome(future)
            bar.advance(1)
    except KeyboardInterrupt:
        raise PullStopped(
            f"Stopped after {len(results)} of {len(shops)} shops; workers may still finish those they have begun. "
            "Run the same line again and it goes on from there."
        ) from None
    finally:
        for future in futures:  # those that are done do not mind
            future.cancel()
        bar.close()
    return _summed(places, {shop: results[shop] for shop in shops})


def _submitted(executor: Executor, task: ShopTask) -> Future[Synced]:
    try:
        return executor.submit(task)
    except Exception as failure:  # noqa: BLE001 - an executor's own: a pool that broke takes no more tasks
        refused: Future[Synced] = Future()
        refused.set_exception(failure)
        return refused


def _outcome(future: Future[Synced]) -> Synced | TTSError:
    try:
        return future.result()
    except TTSError as error:
        return error
    except Exception as failure:  # noqa: BLE001 - an executor's own, such as a worker that died again and again
        said = f"{type(failure).__name__}: {failure}".rstrip(": ")
        return SyncError(f"The worker or its executor failed ({said}).", next_step=_AGAIN)


def _summed(places: Mapping[str, Path], results: Mapping[Shop, Synced | TTSError]) -> Synced:
    done = [each for each in results.values() if isinstance(each, Synced)]
    failed = {shop: each for shop, each in results.items() if isinstance(each, TTSError)}
    if failed and not done:
        raise next(iter(failed.values()))
    partial = {shop.id: f"{shop}: {error}" for shop, error in failed.items()}
    return Synced(
        places,
        {name: sum(each.rows[name] for each in done) for name in places},
        sum(each.calls for each in done),
        sum(each.throttled for each in done),
        partial,
        any(each.resumed for each in done),
        tuple(dict.fromkeys(note for each in done for note in each.notes)),
    )
