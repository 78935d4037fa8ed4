"""From an accessor's arguments to its tables: check, pull, convert, tell."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tts_notebook.api.shops import Shop
from tts_notebook.data.calls import Calls, Session
from tts_notebook.data.choice import choose_rate, choose_shops, choose_statuses, one_of
from tts_notebook.data.cursor import Question
from tts_notebook.data.ending import Ending
from tts_notebook.data.harvest import Harvest
from tts_notebook.data.memory import lean
from tts_notebook.data.output import check_output, to_output
from tts_notebook.data.period import Period, parse_period
from tts_notebook.data.plan import check_earliest
from tts_notebook.data.progress import start_progress
from tts_notebook.data.pull import Pull, not_kept
from tts_notebook.data.tables import Listing, Table

if TYPE_CHECKING:
    import pyarrow as pa


class TTSWarning(UserWarning):
    """A table is there, but not all of it is as it was asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of an accessor, as they were given."""

    since: Any = None
    until: Any = None
    by: Any = None
    status: Any = None
    shops: Any = None
    detail: bool = False
    progress: bool | None = None
    to: Any = "pandas"
    money: Any = None
    tz: Any = "UTC"
    max_rate: Any = None
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pull gave.

    Attributes:
        attrs: What is kept with each table.
        told: Sentences about what is missing or odd.
        rows: How many records came.
    """

    attrs: dict[str, Any]
    told: list[str]
    rows: int
    _harvest: Harvest
    _shops: Sequence[Shop] = ()  # of these only, where an answer about the seller names shops

    def table(self, name: str) -> pa.Table:
        """Make a table, once: one after the other they need less memory than side by side."""
        made = self._harvest.table(name)
        return _of_shops(made, self._shops) if self._shops else made


def answer(session: Session, tables: Sequence[Table], asked: Asked, *, now: datetime) -> list[Any]:
    """Return the tables that one pull makes, in the form that was asked for.

    Everything that can be refused without the network is refused first.
    """
    form, money = check_output(asked.to, asked.money)
    with lean():
        given = ask(session, tables, asked, now=now)
        for sentence in given.told:
            # 3: the cell that called tts.orders(), two calls up
            warnings.warn(sentence, TTSWarning, stacklevel=3)
        with Ending(lambda: not_kept(given.rows)):
            return [_shown(given, table, asked, form=form, money=money) for table in tables]


def _shown(given: Answer, table: Table, asked: Asked, *, form: str, money: str) -> Any:
    attrs = {"table": table.name, **given.attrs}
    return to_output(given.table(table.name), form=form, money=money, tz=asked.tz, attrs=attrs)


def ask(session: Session, tables: Sequence[Table], asked: Asked, *, now: datetime) -> Answer:
    """Pull tables as they are, with exact amounts and times in UTC."""
    listing = tables[0].listing
    question = _question(listing, asked, now)
    calls = Calls(session, choose_rate(asked.max_rate))
    for each in listing.chain:
        session.require_scope(each.scope, each.path)
    pull = Pull(calls, question, start_progress(tables[0].name, asked.progress))
    with Ending(pull.kept):
        shops = () if listing.seller_level and asked.shops is None else choose_shops(session.shops, asked.shops)
        try:
            harvest = pull.run(tables, (None,) if listing.seller_level else shops)
            pull.progress.finish()
        finally:
            calls.close()
            pull.progress.close()
    attrs = _attrs(pull, harvest, shops, now)
    if asked.since is None and not pull.read:
        # no warning: nothing is missing of what the default asks for
        attrs["notes"] += _hints(listing.root)
    return Answer(attrs, _told(pull, harvest), pull.read, harvest, shops if listing.seller_level else ())


def _question(listing: Listing, asked: Asked, now: datetime) -> Question:
    root = listing.root
    timed = bool(root.walks or root.days)
    since = "all" if asked.since is None and (root.everything or not timed) else asked.since

    def period_in(zone: str) -> Period:
        return parse_period(since, asked.until, now=now, tz=zone)

    period = period_in(asked.tz)
    check_earliest(root, period)
    default = next(iter(root.walks), "")
    return Question(
        listing=listing,
        period=period,
        period_in=period_in,
        now=now,
        by=one_of("by", asked.by, tuple(root.walks)) if root.walks and asked.by is not None else default,
        statuses=choose_statuses(asked.status, root.statuses),
        detail=bool(asked.detail),
        raw=bool(asked.raw),
    )


def _of_shops(table: pa.Table, shops: Sequence[Shop]) -> pa.Table:
    """Keep the rows of these shops, where they are told apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "shop_id" not in table.column_names:
        return table
    return table.filter(pc.is_in(table["shop_id"], pa.array([shop.id for shop in shops])))


def _attrs(pull: Pull, harvest: Harvest, shops: Sequence[Shop], now: datetime) -> dict[str, Any]:
    """What is kept with a table: plain JSON values, and nothing that opens a door."""
    period = pull.question.period
    return {
        "since": period.since.isoformat() if period.since else None,
        "until": period.until.isoformat(),
        "by": pull.question.by or None,
        "status": list(pull.question.statuses),
        "shops": [{"id": shop.id, "name": shop.name, "region": shop.region} for shop in shops],
        "pulled_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "calls": pull.calls.count,
        "throttled": pull.calls.throttles,
        "tolerant_pages": harvest.tolerant,
        "partial": dict(pull.refused),
        "misfits": dict(harvest.misfits),
        "notes": list(pull.notes),
    }


def _hints(root: Listing) -> list[str]:
    """What to tell somebody who got nothing, for want of saying since when."""
    if root.everything or not root.lasting:
        return []
    asked = f"Without since= the last 30 days are asked for, and no {root.one} is of that time."
    return [f'{asked} since="all" asks for the whole catalogue.']


def _told(pull: Pull, harvest: Harvest) -> list[str]:
    told = [f"This shop's rows are missing: {reason}" for reason in pull.refused.values()] + pull.notes
    return told + misfits_told(harvest.misfits)


def misfits_told(misfits: Counter[str]) -> list[str]:
    """Say which values had to be kept apart, if there are any."""
    if not misfits:
        return []
    fields = ", ".join(f"{name} ({count})" for name, count in misfits.most_common())
    return [f"Some values were not of the expected kind and are kept in the column extra: {fields}."]
