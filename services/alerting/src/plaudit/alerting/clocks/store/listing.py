"""Lists of clocks in the order of their due times."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    Select,
    Table,
    and_,
    case,
    literal,
    select,
    tuple_,
    union_all,
)

from plaudit.alerting.clocks.domain.filters import NO_FILTERS, ClockFilters, OwnerRule, Ownership
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.tables import breach_times, clocks
from plaudit.common.db import SqlTx
from plaudit.common.db.subjects import within

RUNNING_BY_DUE_TIME: Final = """
breach_times AS t JOIN clocks AS c ON (c.tenant_id, c.id, c.generation) = (t.tenant_id, t.clock_id, t.generation)
"""
"""Running clocks `c` with their due times `t.due_at`, in an order that an index has; for statements of other rooms."""

DueKey = tuple[datetime, UUID]
"""(due time, clock id): the sort key of clocks."""
DueColumn: TypeAlias = ColumnElement[datetime]
Conditions: TypeAlias = Callable[[DueColumn], Sequence[ColumnElement[bool]]]
"""Which clocks, by the column that holds their due times."""


class _Part(NamedTuple):
    """Clocks of some states, and the columns that an index has in the order of their due times."""

    states: frozenset[State]
    tables: FromClause
    tenant_id: ColumnElement[str]
    due_at: DueColumn
    id: ColumnElement[UUID]


_RUNNING: Final = _Part(
    frozenset((State.RUNNING,)),
    breach_times.join(
        clocks,
        and_(
            clocks.c.tenant_id == breach_times.c.tenant_id,
            clocks.c.id == breach_times.c.clock_id,
            clocks.c.generation == breach_times.c.generation,
        ),
    ),
    breach_times.c.tenant_id,
    breach_times.c.due_at,
    breach_times.c.clock_id,
)
# They are few. No time runs for them, and so no timer has theirs.
_PAUSED: Final = _Part(frozenset((State.PAUSED,)), clocks, clocks.c.tenant_id, clocks.c.due_at, clocks.c.id)
_SETTLED: Final = _Part(
    frozenset(State) - _RUNNING.states - _PAUSED.states,
    clocks,
    clocks.c.tenant_id,
    clocks.c.settled_due_at,
    clocks.c.id,
)


async def list_clocks(
    tx: SqlTx, tenant_id: str, filters: ClockFilters = NO_FILTERS, *, after: DueKey | None = None, limit: int
) -> Sequence[RowMapping]:
    """Return clocks in the order of their due times.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        filters: only these.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    states = tuple(State) if filters.state is None else (State(filters.state),)
    query = by_due_time(tenant_id, states, lambda due_at: matching(filters, due_at), after=after, limit=limit)
    found: Sequence[RowMapping] = (await tx.sql.execute(query)).mappings().all()
    return found


def by_due_time(
    tenant_id: str,
    states: Collection[State],
    conditions: Conditions,
    *more: ColumnElement[Any],
    after: DueKey | None = None,
    limit: int,
) -> Select[Any]:
    """Return a query over clocks of some states in the order of their due times, each part of it along an index.

    Args:
        tenant_id: whose.
        states: how they stand.
        conditions: that they meet, too.
        more: columns of each, beside those of the table.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    parts = []
    for part in (_RUNNING, _PAUSED, _SETTLED):
        wanted = part.states & frozenset(states)
        if not wanted:
            continue
        query = select(clocks, *more).select_from(part.tables).where(part.tenant_id == tenant_id)
        if part is _SETTLED:
            query = query.where(part.due_at.is_not(None))
        if part is not _SETTLED or wanted != part.states:
            query = query.where(clocks.c.state.in_(sorted(wanted)))
        if after is not None:
            query = query.where(tuple_(part.due_at, part.id) > after)
        query = query.where(*conditions(part.due_at))
        parts.append(query.order_by(part.due_at, part.id).limit(limit))
    found = union_all(*parts).subquery()
    return select(found).order_by(found.c.due_at, found.c.id).limit(limit)


def owner_column(ownership: Ownership) -> ColumnElement[str]:
    """Return whose each clock of a query is, by the address: as the rules say of its subject, source and severity."""
    if not ownership.rules:
        return literal(ownership.default)
    return case(*((_covered(rule), literal(rule.owner)) for rule in ownership.rules), else_=literal(ownership.default))


def _covered(rule: OwnerRule) -> ColumnElement[bool]:
    conditions = [within(clocks.c.subject, rule.subject_prefix)]
    if rule.sources:
        conditions.append(clocks.c.source_id.in_(rule.sources))
    if rule.severities:
        conditions.append(clocks.c.severity.in_(rule.severities))
    return and_(*conditions)


def matching(filters: ClockFilters, due_at: DueColumn) -> list[ColumnElement[bool]]:
    """Return the conditions that only the clocks that filters let through meet, but for that of the state.

    Args:
        filters: which clocks.
        due_at: the column that holds their due times.
    """
    column = clocks.c
    given = {name: getattr(filters, name) for name in ("review_id", "metric", "source_id", "severity")}
    found: list[ColumnElement[bool]] = [column[name] == value for name, value in given.items() if value is not None]
    if filters.subject is not None:
        found.append(within(column.subject, filters.subject))
    if filters.due_after is not None:
        found.append(due_at >= filters.due_after)
    if filters.due_before is not None:
        found.append(due_at < filters.due_before)
    if filters.owner is not None:
        ownership, address = filters.owner
        found.append(owner_column(ownership) == address)
    return found


async def read_clock(tx: SqlTx, tenant_id: str, clock_id: UUID) -> RowMapping | None:
    """Return one clock."""
    query = select(clocks).where(clocks.c.tenant_id == tenant_id, clocks.c.id == clock_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()


def filtered(query: Select[Any], table: Table, *, subject: str | None, state: str | None) -> Select[Any]:
    """Return a query over only those rows of a subject and what is below it, and in a state."""
    if subject is not None:
        query = query.where(within(table.c.subject, subject))
    return query if state is None else query.where(table.c.state == state)
