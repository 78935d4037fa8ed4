"""Shops that are given to workers: the threads, processes or machines of an executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

from tts_notebook.api.shops import Shop
from tts_notebook.data.progress import start_progress
from tts_notebook.data.synced import GOES_ON, Reference, Synced, SyncSession
from tts_notebook.errors import InputError, PullStopped, SyncError, TTSError

Task: TypeAlias = Callable[[], Synced]


def check_executor(executor: Any) -> None:
    """Refuse what is none.

    Raises:
        InputError: it is none.
    """
    if not isinstance(executor, Executor):  # a Dask client submits, too, but what it returns is another kind of future
        raise InputError(
            f"executor={executor!r} is not an executor.",
            next_step="Give a concurrent.futures.Executor; of a Dask client it is client.get_executor().",
        )


def reference_for(session: SyncSession, executor: Executor) -> Reference | None:
    """Return what the workers are told of the login; None if they are threads, which can have the session itself.

    Raises:
        InputError: they could not use it.
    """
    if session.reference is None and not isinstance(executor, ThreadPoolExecutor):
        raise InputError(
            "This login is kept in the memory of this process only, so no worker in another one could use it.",
            next_step="Leave executor= out, or log in with a profile that is stored.",
        )
    return session.reference


def hand_out(
    tasks: Mapping[Shop, Task], places: Mapping[str, Path], executor: Executor, progress: bool | None
) -> Synced:
    """Give each shop to a worker: one shop is one task, so that its rate has one owner.

    Args:
        tasks: What brings each shop up to date, for a worker anywhere.
        places: Where each table is.
        executor: Has the workers.
        progress: Show a bar.

    Raises:
        TTSError: every shop failed; the first failure.
        PullStopped: somebody pressed stop.
    """
    bar = start_progress(f"{', '.join(places)}: shops", progress)
    bar.expect(len(tasks))
    results: dict[Shop, Synced | TTSError] = {}
    futures: dict[Future[Synced], Shop] = {}
    # as_completed would wait for ever for what a pool cancels while it is shut down
    ended: SimpleQueue[Future[Synced]] = SimpleQueue()
    try:
        for shop, task in tasks.items():
            future = _submitted(executor, task)
            futures[future] = shop
            future.add_done_callback(ended.put)
        for _ in tasks:
            future = ended.get()
            results[futures[future]] = _outcome(future)
            bar.advance(1)
    except KeyboardInterrupt:
        raise PullStopped(
            f"Stopped after {len(results)} of {len(tasks)} shops; workers may still finish those they have begun. "
            "Run the same line again and it goes on from there."
        ) from None
    finally:
        for future in futures:  # those that are done do not mind
            future.cancel()
        bar.close()
    return _summed(places, {shop: results[shop] for shop in tasks})


def _submitted(executor: Executor, task: Task) -> Future[Synced]:
    try:
        return executor.submit(task)
    except Exception as failure:  # noqa: BLE001 - an executor's own: a pool that broke takes no more tasks
        refused: Future[Synced] = Future()
        refused.set_exception(failure)
        return refused


def _outcome(future: Future[Synced]) -> Synced | TTSError:
    try:
        done = future.result()
        if not isinstance(done, Synced):
            raise TypeError(f"it returned {done!r}")
        return done
    except TTSError as error:
        return error
    except Exception as failure:  # noqa: BLE001 - an executor's own, such as a worker that died again and again
        said = f"{type(failure).__name__}: {failure}".rstrip(": ")
        return SyncError(f"The worker or its executor failed ({said}).", next_step=GOES_ON)


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
        sum(each.tolerant_pages for each in done),
    )
