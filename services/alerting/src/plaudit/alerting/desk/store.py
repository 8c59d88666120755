"""What the API and the page read: one tenant's promises and alerts, in pages by keyset."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, Table, func, or_, select, tuple_

from plaudit.alerting.tables import alerts, clocks, mails, policies
from plaudit.common.db import Tx

Row = RowMapping
MAX_COUNTED: Final = 1_000
"""Counts on the page stop here: beyond it a figure says nothing more, and costs."""

DueKey = tuple[datetime, UUID]
"""(due time, clock id): the sort key of clocks."""
RaisedKey = tuple[datetime, UUID]
"""(time, alert id): the sort key of alerts, newest first."""


async def list_clocks(
    tx: Tx,
    tenant: str,
    *,
    subject: str | None = None,
    state: str | None = None,
    review_id: str | None = None,
    after: DueKey | None = None,
    limit: int,
) -> Sequence[Row]:
    """Return clocks in the order of their due times.

    Args:
        tx: the open transaction.
        tenant: whose.
        subject: only those of this subject and what is below it.
        state: only those in this state.
        review_id: only those of this review.
        after: the sort key of the last one that is not wanted any more.
        limit: how many.
    """
    query = select(clocks).where(clocks.c.tenant_id == tenant).order_by(clocks.c.due_at, clocks.c.id).limit(limit)
    query = _filtered(query, clocks, subject=subject, state=state)
    if review_id is not None:
        query = query.where(clocks.c.review_id == review_id)
    if after is not None:
        query = query.where(tuple_(clocks.c.due_at, clocks.c.id) > after)
    return (await tx.sql.execute(query)).mappings().all()


async def read_clock(tx: Tx, tenant: str, clock_id: UUID) -> Row | None:
    """Return one clock."""
    query = select(clocks).where(clocks.c.tenant_id == tenant, clocks.c.id == clock_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()


async def list_alerts(
    tx: Tx,
    tenant: str,
    *,
    subject: str | None = None,
    state: str | None = None,
    after: RaisedKey | None = None,
    limit: int,
) -> Sequence[Row]:
    """Return alerts, the newest first; the arguments are as in `list_clocks`."""
    newest_first = (alerts.c.raised_at.desc(), alerts.c.id.desc())
    query = select(alerts).where(alerts.c.tenant_id == tenant).order_by(*newest_first).limit(limit)
    query = _filtered(query, alerts, subject=subject, state=state)
    if after is not None:
        query = query.where(tuple_(alerts.c.raised_at, alerts.c.id) < after)
    return (await tx.sql.execute(query)).mappings().all()


async def read_alert(tx: Tx, tenant: str, alert_id: UUID) -> Row | None:
    """Return one alert."""
    query = select(alerts).where(alerts.c.tenant_id == tenant, alerts.c.id == alert_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()


async def list_policies(tx: Tx, tenant: str) -> Sequence[Row]:
    """Return all revisions of the tenant's policies that are written down."""
    query = select(policies).where(policies.c.tenant_id == tenant).order_by(policies.c.id, policies.c.revision)
    return (await tx.sql.execute(query)).mappings().all()


async def late_clocks(tx: Tx, tenant: str, limit: int) -> Sequence[Row]:
    """Return promises that are late and still wait for an answer, the latest first."""
    query = select(clocks).where(clocks.c.tenant_id == tenant, *_late(tx)).order_by(clocks.c.due_at).limit(limit)
    return (await tx.sql.execute(query)).mappings().all()


async def next_clocks(tx: Tx, tenant: str, limit: int) -> Sequence[Row]:
    """Return running promises, the one that runs out next first."""
    query = select(clocks).where(clocks.c.tenant_id == tenant, *_running(tx)).order_by(clocks.c.due_at).limit(limit)
    return (await tx.sql.execute(query)).mappings().all()


async def counts(tx: Tx, tenant: str) -> dict[str, int]:
    """Return how many promises are late, how many run, and how many mails could not be delivered; see `MAX_COUNTED`."""
    wanted: dict[str, tuple[Table, tuple[ColumnElement[bool], ...]]] = {
        "late": (clocks, _late(tx)),
        "running": (clocks, _running(tx)),
        "undelivered": (mails, (mails.c.state == "failed",)),
    }
    columns: list[Any] = []
    for name, (table, conditions) in wanted.items():
        bounded = select(table.c.id).where(table.c.tenant_id == tenant, *conditions).limit(MAX_COUNTED).subquery()
        columns.append(select(func.count()).select_from(bounded).scalar_subquery().label(name))
    return dict((await tx.sql.execute(select(*columns))).mappings().one())


def _late(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    # A promise whose time is over, and whose breach is being decided, is late for whoever has to answer.
    return (clocks.c.state.in_(("running", "breached")), clocks.c.waiting, clocks.c.due_at < tx.now)


def _running(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    return (clocks.c.state == "running", clocks.c.due_at >= tx.now)


def _filtered(query: Select[Any], table: Table, *, subject: str | None, state: str | None) -> Select[Any]:
    if subject is not None:
        # '0' is the character after '/', so this range is exactly the paths below.
        below = (table.c.subject >= f"{subject}/") & (table.c.subject < f"{subject}0")
        query = query.where(or_(table.c.subject == subject, below))
    return query if state is None else query.where(table.c.state == state)
