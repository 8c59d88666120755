"""Alerts that people should look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from plaudit.alerting.domain.promises import Alert
from plaudit.common.db import Tx

_RAISE = """
INSERT INTO alerts (tenant_id, id, clock_id, review_id, subject, kind, severity, summary, owner, raised_at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::timestamptz[])
ON CONFLICT (tenant_id, id) DO NOTHING
"""

_RESOLVE = """
UPDATE alerts a SET state = 'resolved', resolved_at = $4, reason = k.reason
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS k (tenant_id, id, reason)
WHERE a.tenant_id = k.tenant_id AND a.id = k.id AND a.state <> 'resolved'
RETURNING a.tenant_id, a.id, a.clock_id, a.review_id, a.subject, a.kind, a.severity, a.summary, a.owner, a.raised_at
"""

# Never out of the state `resolved`: whoever comes too late finds nothing to acknowledge.
_ACKNOWLEDGE = """
UPDATE alerts SET state = 'acknowledged', acknowledged_at = $3, acknowledged_by = $4
WHERE tenant_id = $1 AND id = $2 AND state = 'open'
"""


async def raise_all(tx: Tx, alerts: Sequence[Alert]) -> None:
    """Write alerts; one that is there already stays as it is."""
    if alerts:
        rows = [
            (a.tenant, a.id, a.clock_id, a.review_id, a.subject, a.kind, a.severity, a.summary, a.owner, a.raised_at)
            for a in alerts
        ]
        await tx.raw.execute(_RAISE, *zip(*rows, strict=True))


async def resolve(tx: Tx, reasons: Mapping[tuple[str, UUID], str], at: datetime) -> list[Alert]:
    """Resolve those of the alerts, (tenant, id) → reason, that are not yet, and return them."""
    if not reasons:
        return []
    rows = await tx.raw.fetch(
        _RESOLVE, [tenant for tenant, _ in reasons], [alert for _, alert in reasons], list(reasons.values()), at
    )
    return [Alert(*row) for row in rows]


async def acknowledge(tx: Tx, tenant: str, alert_id: UUID, key_id: str) -> None:
    """Note who looks at an alert, if it is open."""
    await tx.raw.execute(_ACKNOWLEDGE, tenant, alert_id, tx.now, key_id)
