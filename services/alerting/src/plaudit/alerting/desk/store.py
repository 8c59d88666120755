"""What the staff page reads: late clocks, clocks that are due next, and counts."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, Table, func, select

from plaudit.alerting.clocks.tables import clocks
from plaudit.alerting.mails.tables import mails
from plaudit.common.db import SqlTx, Tx

MAX_COUNTED: Final = 1_000
"""Counts on the page stop here: a larger figure says nothing more, and costs more."""


async def late_clocks(tx: SqlTx, tenant_id: str, limit: int) -> Sequence[RowMapping]:
    """Return clocks that are late and still wait for an answer, the latest first."""
    return await _clocks(tx, tenant_id, _late(tx), limit)


async def next_clocks(tx: SqlTx, tenant_id: str, limit: int) -> Sequence[RowMapping]:
    """Return running clocks, the one that is due next first."""
    return await _clocks(tx, tenant_id, _running(tx), limit)


async def counts(tx: SqlTx, tenant_id: str) -> dict[str, int]:
    """Return how many clocks are late, how many run, and how many mails could not be delivered; see `MAX_COUNTED`."""
    wanted: dict[str, tuple[Table, tuple[ColumnElement[bool], ...]]] = {
        "late": (clocks, _late(tx)),
        "running": (clocks, _running(tx)),
        "undelivered": (mails, (mails.c.state == "failed",)),
    }
    columns: list[Any] = []
    for name, (table, conditions) in wanted.items():
        bounded = select(table.c.id).where(table.c.tenant_id == tenant_id, *conditions).limit(MAX_COUNTED).subquery()
        columns.append(select(func.count()).select_from(bounded).scalar_subquery().label(name))
    return dict((await tx.sql.execute(select(*columns))).mappings().one())


async def _clocks(
    tx: SqlTx, tenant_id: str, conditions: tuple[ColumnElement[bool], ...], limit: int
) -> Sequence[RowMapping]:
    query = select(clocks).where(clocks.c.tenant_id == tenant_id, *conditions).order_by(clocks.c.due_at).limit(limit)
    return (await tx.sql.execute(query)).mappings().all()


def _late(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    # A clock past its due time whose breach is still being decided is late for whoever has to answer.
    return (clocks.c.state.in_(("running", "breached")), clocks.c.waiting, clocks.c.due_at < tx.now)


def _running(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    return (clocks.c.state == "running", clocks.c.due_at >= tx.now)
