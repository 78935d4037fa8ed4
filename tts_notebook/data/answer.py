"""From an accessor's arguments to its tables: check, pull, convert, tell."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.choice import choose_rate, choose_shops, choose_statuses, one_of
from tts_notebook.data.harvest import Harvest
from tts_notebook.data.output import check_output, to_output
from tts_notebook.data.period import parse_period
from tts_notebook.data.progress import start_progress
from tts_notebook.data.pull import Pace, Pull, Question, Session
from tts_notebook.data.tables import Table


class TTSWarning(UserWarning):
    """A table is there, but not all of it is as it was asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of an accessor, as they were given."""

    since: Any = None
    until: Any = None
    by: Any = "create_time"
    status: Any = None
    shops: Any = None
    detail: bool = False
    progress: bool | None = None
    to: Any = "pandas"
    money: Any = None
    tz: Any = "UTC"
    max_rate: Any = None


def answer(session: Session, tables: Sequence[Table], asked: Asked, *, now: datetime) -> list[Any]:
    """Return the tables that one pull makes, in the form that was asked for.

    Everything that can be refused without the network is refused first.
    """
    listing = tables[0].listing
    form, money = check_output(asked.to, asked.money)
    question = Question(
        listing=listing,
        period=parse_period(asked.since, asked.until, now=now, tz=asked.tz),
        by=one_of("by", asked.by, tuple(listing.walks)),
        statuses=choose_statuses(asked.status, listing.statuses),
        detail=bool(asked.detail),
    )
    pace = Pace(choose_rate(asked.max_rate))
    session.require_scope(listing.scope, listing.path)
    shops = choose_shops(session.shops, asked.shops)
    pull = Pull(session, question, pace, start_progress(tables[0].name, asked.progress))
    try:
        harvest = pull.run(tables, shops)
    finally:
        pull.progress.close()
    made = harvest.finish()
    _tell(pull, harvest)
    attrs = _attrs(pull, harvest, shops, now)
    return [
        to_output(made[table.name], form=form, money=money, tz=asked.tz, attrs={"table": table.name, **attrs})
        for table in tables
    ]


def _attrs(pull: Pull, harvest: Harvest, shops: Sequence[Shop], now: datetime) -> dict[str, Any]:
    """What is kept with a table: plain JSON values, and nothing that opens a door."""
    period = pull.question.period
    return {
        "since": period.since.isoformat() if period.since else None,
        "until": period.until.isoformat(),
        "by": pull.question.by,
        "status": list(pull.question.statuses),
        "shops": [{"id": shop.id, "name": shop.name, "region": shop.region} for shop in shops],
        "pulled_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "calls": pull.pace.calls,
        "partial": dict(pull.refused),
        "misfits": dict(harvest.misfits),
        "notes": list(pull.notes),
    }


def _tell(pull: Pull, harvest: Harvest) -> None:
    told = [f"This shop's rows are missing: {reason}" for reason in pull.refused.values()] + pull.notes
    if harvest.misfits:
        fields = ", ".join(f"{name} ({count})" for name, count in harvest.misfits.most_common())
        told.append(f"Some values were not of the expected kind and are kept in the column extra: {fields}.")
    for sentence in told:
        # 4: the cell that called tts.orders(), three calls up
        warnings.warn(sentence, TTSWarning, stacklevel=4)
