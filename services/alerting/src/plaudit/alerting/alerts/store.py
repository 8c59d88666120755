"""Alerts that people should look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, select, tuple_

from plaudit.alerting.alerts.domain import Alert
from plaudit.alerting.alerts.tables import alerts
from plaudit.alerting.clocks.store import filtered
from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns

_ALERT: Final = Columns(alerts)

_RAISE = f"""
INSERT INTO alerts ({_ALERT.listed}) SELECT * FROM {_ALERT.unnest()} ON CONFLICT (tenant_id, id) DO NOTHING
"""

_RESOLVE = f"""
UPDATE alerts a SET state = 'resolved', resolved_at = $4, reason = k.reason
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS k (tenant_id, id, reason)
WHERE a.tenant_id = k.tenant_id AND a.id = k.id AND a.state <> 'resolved'
RETURNING {_ALERT.of("a")}
"""

# An alert never leaves the state `resolved`.
_ACKNOWLEDGE = """
UPDATE alerts SET state = 'acknowledged', acknowledged_at = $3, acknowledged_by = $4
WHERE tenant_id = $1 AND id = $2 AND state = 'open'
"""

RaisedKey = tuple[datetime, UUID]
"""(time, alert id): the sort key of alerts, newest first."""


async def raise_all(tx: Tx, raised: Sequence[Alert]) -> None:
    """Write new alerts; one that exists already stays as it is."""
    if raised:
        await tx.raw.execute(_RAISE, *_ALERT.arrays(raised))


async def resolve(tx: Tx, reasons: Mapping[tuple[str, UUID], str]) -> list[Alert]:
    """Resolve those of the alerts, (tenant, id) → reason, that are not resolved yet; return them."""
    if not reasons:
        return []
    rows = await tx.raw.fetch(
        _RESOLVE, [tenant_id for tenant_id, _ in reasons], [alert for _, alert in reasons], [*reasons.values()], tx.now
    )
    return [Alert(**row) for row in rows]


async def acknowledge(tx: Tx, tenant_id: str, alert_id: UUID, acknowledged_by: str) -> None:
    """Record who looks at an alert, if it is open."""
    await tx.raw.execute(_ACKNOWLEDGE, tenant_id, alert_id, tx.now, acknowledged_by)


async def list_alerts(
    tx: SqlTx,
    tenant_id: str,
    *,
    subject: str | None = None,
    state: str | None = None,
    after: RaisedKey | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return alerts, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: only those of this subject and what is below it.
        state: only those in this state.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    newest_first = (alerts.c.raised_at.desc(), alerts.c.id.desc())
    query = select(alerts).where(alerts.c.tenant_id == tenant_id).order_by(*newest_first).limit(limit)
    query = filtered(query, alerts, subject=subject, state=state)
    if after is not None:
        query = query.where(tuple_(alerts.c.raised_at, alerts.c.id) < after)
    return (await tx.sql.execute(query)).mappings().all()


async def read_alert(tx: SqlTx, tenant_id: str, alert_id: UUID) -> RowMapping | None:
    """Return one alert."""
    query = select(alerts).where(alerts.c.tenant_id == tenant_id, alerts.c.id == alert_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()
