"""What the console's pages read: clocks that wait, counts, and the days around today."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, RowMapping, Select, Table, func, or_, select

from plaudit.alerting.alerts.domain import AlertState
from plaudit.alerting.alerts.tables import alerts, silences
from plaudit.alerting.audit import store as audit
from plaudit.alerting.audit.domain import About, Recorded
from plaudit.alerting.clocks.domain.filters import ClockFilters, Ownership
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.store import RUNNING_BY_DUE_TIME, DueColumn, DueKey, by_due_time, matching, owner_column
from plaudit.alerting.clocks.tables import clocks
from plaudit.alerting.desk.domain.wanted import Wanted
from plaudit.common.contracts import Answers
from plaudit.common.db import SqlTx, Tx
from plaudit.common.delivery.tables import message_deliveries

EVERYTHING: Final = Wanted()
MAX_COUNTED: Final = 1_000
"""Counts on the pages stop here: a larger figure says nothing more, and costs more."""

_UNDECIDED_OR_BREACHED = "breached_at IS NOT NULL OR state = 'running'"
# Where answers are not told, nobody knows: such a clock counts neither as in time nor as late.
_IS_KNOWN = "state <> 'unknown' AND NOT (state = 'running' AND answers = 'untold')"

# Each day is counted by itself, and so is each of its states: a flood costs no more than `MAX_COUNTED` rows of an
# index, and what is done already hides nothing that waits.
_IN_DAY = """
>= day.starts_at AT TIME ZONE 'UTC' AND {due_at} < (day.starts_at + interval '1 day') AT TIME ZONE 'UTC'
"""
_OF_DAY = (
    """
SELECT {due_at} AS due_at, c.breached_at, c.state, c.answers FROM {tables}
WHERE {whose}.tenant_id = $1 AND c.state {states} AND {due_at} """
    + _IN_DAY
    + f"LIMIT {MAX_COUNTED}"
)
_RUNNING = _OF_DAY.format(due_at="t.due_at", tables=RUNNING_BY_DUE_TIME, whose="t", states="= 'running'")
_PAUSED = _OF_DAY.format(due_at="c.due_at", tables="clocks AS c", whose="c", states="= 'paused'")
_SETTLED = _OF_DAY.format(due_at="c.settled_due_at", tables="clocks AS c", whose="c", states="<> 'cancelled'")
_DAYS = f"""
SELECT day.starts_at::date AS day, counted.*
FROM generate_series(
    date_trunc('day', $2::timestamptz AT TIME ZONE 'UTC') - $3::int * interval '1 day',
    date_trunc('day', $2::timestamptz AT TIME ZONE 'UTC') + $4::int * interval '1 day',
    interval '1 day'
) AS day (starts_at)
CROSS JOIN LATERAL (
    SELECT least(count(*), {MAX_COUNTED}) AS due, count(*) FILTER (WHERE due_at < $2 AND {_IS_KNOWN}) AS passed,
        count(*) FILTER (WHERE due_at < $2 AND ({_UNDECIDED_OR_BREACHED}) AND {_IS_KNOWN}) AS late,
        count(*) FILTER (WHERE state = 'running') AS running
    FROM (({_SETTLED}) UNION ALL ({_RUNNING}) UNION ALL ({_PAUSED})) AS found
) AS counted
ORDER BY day.starts_at
"""


async def waiting_clocks(
    tx: SqlTx,
    tenant_id: str,
    ownership: Ownership,
    wanted: Wanted = EVERYTHING,
    *,
    after: DueKey | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return clocks that wait, in the order of their due times, late ones first, each with its `owner`, an address.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        ownership: whose clocks are whose, unless an alert was given to another.
        wanted: only these; those that are unknown are among no others.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    query = _wanted(tx, tenant_id, ownership, wanted, after=after, limit=limit)
    found: Sequence[RowMapping] = (await tx.sql.execute(query)).mappings().all()
    return found


async def count_waiting(tx: SqlTx, tenant_id: str, ownership: Ownership, wanted: Wanted) -> int:
    """Return how many clocks `waiting_clocks` has in all, up to `MAX_COUNTED`."""
    found = _wanted(tx, tenant_id, ownership, wanted, limit=MAX_COUNTED).subquery()
    return int((await tx.sql.execute(select(func.count()).select_from(found))).scalar_one())


async def read_clock(tx: SqlTx, tenant_id: str, ownership: Ownership, clock_id: UUID) -> RowMapping | None:
    """Return one clock with its `owner`."""
    owner = _owner(tenant_id, ownership).label("owner")
    query = select(clocks, owner).where(clocks.c.tenant_id == tenant_id, clocks.c.id == clock_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()


async def alert_of(tx: SqlTx, tenant_id: str, clock_id: UUID) -> RowMapping | None:
    """Return the alert of a clock that is not resolved; none where there is none."""
    query = _open_alerts(tenant_id, alerts).where(alerts.c.clock_id == clock_id)
    found: RowMapping | None = (
        (await tx.sql.execute(query.order_by(alerts.c.raised_at.desc()).limit(1))).mappings().one_or_none()
    )
    return found


async def actions_of(tx: SqlTx, tenant_id: str, clock_id: UUID, limit: int) -> list[Recorded]:
    """Return the last things that people did about the alerts of a clock, and about silences of them."""
    about = select(alerts.c.id).where(alerts.c.tenant_id == tenant_id, alerts.c.clock_id == clock_id)
    of_alerts = (await tx.sql.execute(about)).scalars().all()
    held = select(silences.c.id).where(silences.c.tenant_id == tenant_id, silences.c.alert_id.in_(of_alerts))
    of_silences = (await tx.sql.execute(held)).scalars().all() if of_alerts else ()
    found = await audit.of_things(tx, tenant_id, About.ALERT, [str(each) for each in of_alerts], limit)
    return [*found, *await audit.of_things(tx, tenant_id, About.SILENCE, [str(each) for each in of_silences], limit)]


async def sources_of(tx: SqlTx, tenant_id: str) -> dict[str, str]:
    """Return the sources of the first `MAX_COUNTED` clocks that wait or are unknown: id → name, by name."""
    states = (*_WAITING.states, *_UNKNOWN.states)
    found = by_due_time(
        tenant_id, states, lambda _: [or_(clocks.c.waiting, clocks.c.state == State.UNKNOWN)], limit=MAX_COUNTED
    ).subquery()
    query = select(found.c.source_id, func.max(found.c.source_name)).where(found.c.source_id.is_not(None))
    rows = (await tx.sql.execute(query.group_by(found.c.source_id))).all()
    return dict(sorted(((row[0], row[1] or row[0]) for row in rows), key=lambda each: (each[1].lower(), each[0])))


async def counts(tx: SqlTx, tenant_id: str, soon: timedelta) -> dict[str, int]:
    """Return counts up to `MAX_COUNTED`: clocks late, unknown, running, paused, due soon; alerts; failed messages."""
    soonest = tx.now + soon
    wanted: dict[str, _Shown] = {
        "late": _LATE,
        "unknown": _UNKNOWN,
        "running": _NEXT,
        "paused": _PAUSED_ONES,
        "soon": _Shown(_NEXT.states, lambda now, due_at: (*_NEXT.conditions(now, due_at), due_at < soonest)),
    }
    found: dict[str, Select[Any]] = {
        name: by_due_time(tenant_id, shown.states, partial(shown.conditions, tx.now), limit=MAX_COUNTED)
        for name, shown in wanted.items()
    }
    others: dict[str, tuple[Table, ColumnElement[bool]]] = {
        "alerts": (alerts, alerts.c.state == "open"),
        "undelivered": (message_deliveries, message_deliveries.c.state == "failed"),
    }
    for name, (table, condition) in others.items():
        found[name] = select(table.c.id).where(table.c.tenant_id == tenant_id, condition).limit(MAX_COUNTED)
    columns = [
        select(func.count()).select_from(bounded.subquery()).scalar_subquery().label(name)
        for name, bounded in found.items()
    ]
    return dict((await tx.sql.execute(select(*columns))).mappings().one())


async def days(tx: Tx, tenant_id: str, past: int, coming: int) -> list[Record]:
    """Return for each day (UTC) around today how many answers were or are due, and how many were late.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        past: days before today.
        coming: days after today.

    Returns:
        Rows of `day`, `due` (at most `MAX_COUNTED`), and of these `passed` (due by now), `late` and `running`, the
        earliest day first. Of a day with `MAX_COUNTED` these are at least so many. Those of which nobody knows whether
        they were answered are among `due` alone.
    """
    return await tx.raw.fetch(_DAYS, tenant_id, tx.now, past, coming)


class _Shown(NamedTuple):
    """Which clocks are shown."""

    states: frozenset[State]
    conditions: Callable[[datetime, DueColumn], Sequence[ColumnElement[bool]]]
    """That they meet, too, by the present time and the column that holds their due times."""


def _are_late(now: datetime, due_at: DueColumn) -> Sequence[ColumnElement[bool]]:
    # A clock past its due time whose breach is still being decided is late for whoever has to answer, unless it will
    # be unknown.
    is_known = or_(clocks.c.state == State.BREACHED, clocks.c.answers != Answers.UNTOLD)
    return clocks.c.waiting, due_at < now, is_known


_WAITING: Final = _Shown(frozenset((State.RUNNING, State.PAUSED, State.BREACHED)), lambda *_: (clocks.c.waiting,))
_LATE: Final = _Shown(_WAITING.states, _are_late)
_NEXT: Final = _Shown(frozenset((State.RUNNING,)), lambda now, due_at: (due_at >= now,))
_PAUSED_ONES: Final = _Shown(frozenset((State.PAUSED,)), lambda *_: (clocks.c.waiting,))
_UNKNOWN: Final = _Shown(frozenset((State.UNKNOWN,)), lambda *_: ())
_SHOWN: Final = {"": _WAITING, "late": _LATE, "next": _NEXT, "paused": _PAUSED_ONES, "unknown": _UNKNOWN}


def _wanted(
    tx: Tx, tenant_id: str, ownership: Ownership, wanted: Wanted, *, after: DueKey | None = None, limit: int
) -> Select[Any]:
    """Return a query over what is wanted, in the order of due times, each clock with its `owner`."""
    filters = ClockFilters(
        subject=wanted.subject or None,
        severity=wanted.severity or None,
        source_id=wanted.source_id or None,
        metric=wanted.metric or None,
    )
    shown, owner = _SHOWN[wanted.show], _owner(tenant_id, ownership)

    def conditions(due_at: DueColumn) -> list[ColumnElement[bool]]:
        found = [*matching(filters, due_at), *shown.conditions(tx.now, due_at)]
        return [*found, owner == wanted.owner] if wanted.owner else found

    return by_due_time(tenant_id, shown.states, conditions, owner.label("owner"), after=after, limit=limit)


def _owner(tenant_id: str, ownership: Ownership) -> ColumnElement[str]:
    """Return whose a clock is: whoever its alert was given to, else whoever answers for its subject."""
    given = _open_alerts(tenant_id, alerts.c.owner).where(alerts.c.clock_id == clocks.c.id)
    newest = given.order_by(alerts.c.raised_at.desc()).limit(1).correlate(clocks).scalar_subquery()
    return func.coalesce(newest, owner_column(ownership))


def _open_alerts(tenant_id: str, *columns: Any) -> Select[Any]:
    return select(*columns).where(alerts.c.tenant_id == tenant_id, alerts.c.state != AlertState.RESOLVED)
