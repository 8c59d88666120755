"""Alerts that people should look at."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from asyncpg import Record
from sqlalchemy import RowMapping, select, tuple_

from plaudit.alerting.alerts.domain import Alert, AlertState
from plaudit.alerting.alerts.domain.escalation import AlertStep, StepKind
from plaudit.alerting.alerts.tables import alert_steps, alerts
from plaudit.alerting.clocks.store import filtered
from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns

ALERT: Final = Columns(alerts)

_RAISE = f"""
INSERT INTO alerts ({ALERT.listed}) SELECT * FROM {ALERT.unnest()} ON CONFLICT (tenant_id, id) DO NOTHING
"""

_RESOLVE = f"""
UPDATE alerts a SET state = 'resolved', resolved_at = $4, reason = k.reason
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS k (tenant_id, id, reason)
WHERE a.tenant_id = k.tenant_id AND a.id = k.id AND a.state <> 'resolved'
RETURNING {ALERT.of("a")}
"""

# An alert never leaves the state `resolved`.
_SAVE = """
UPDATE alerts SET state = $3, acknowledged_at = $4, acknowledged_by = $5, owner = $6, generation = $7, remind_at = $8
WHERE tenant_id = $1 AND id = $2 AND state <> 'resolved'
"""
_LOAD = f"""
SELECT {ALERT.of("a")} FROM alerts a JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
"""
# What waits for the end of the same minute, to the same endpoint about the same request, and was queued later.
_OUTDATED_SCORES: Final = """
SELECT d.id FROM message_deliveries d JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
WHERE EXISTS (
    SELECT FROM message_deliveries later
    WHERE later.tenant_id = d.tenant_id AND later.thread = d.thread AND later.thread <> '' AND later.topic = d.topic
      AND later.outlet = d.outlet
      AND date_trunc('minute', later.next_attempt_at) = date_trunc('minute', d.next_attempt_at)
      AND (later.created_at, later.next_attempt_at) > (d.created_at, d.next_attempt_at)
)
"""
_LOCK = f"SELECT {ALERT.listed} FROM alerts WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
_KEEP_WORDS = """
UPDATE alerts a SET title = k.title, excerpt = k.excerpt
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS k (tenant_id, id, title, excerpt)
WHERE a.tenant_id = k.tenant_id AND a.id = k.id
"""

# Along the index of clocks: those that are about no clock are few.
_NOT_RESOLVED = f"""
SELECT {ALERT.listed} FROM alerts
WHERE tenant_id = ANY($1::text[]) AND clock_id IS NULL AND kind = $2 AND state <> 'resolved'
"""
_ABOUT_REVIEW = "SELECT id FROM alerts WHERE tenant_id = $1 AND review_id = $2"

_STEP: Final = Columns(alert_steps, without=("failed_at", "error"))
# One that was set aside is not to swallow the next.
_ADD_STEPS = f"""
INSERT INTO alert_steps AS t ({_STEP.listed}) SELECT * FROM {_STEP.unnest()}
ON CONFLICT (tenant_id, alert_id, kind, number) DO UPDATE SET generation = excluded.generation,
    target = excluded.target, due_at = excluded.due_at, failed_at = NULL, error = NULL
WHERE t.failed_at IS NOT NULL
"""
_STOP = "DELETE FROM alert_steps WHERE tenant_id = $1 AND alert_id = $2"
# What is late already comes so much later than now.
_POSTPONE = """
UPDATE alert_steps SET generation = $3, due_at = greatest(due_at, $4) + $5 WHERE tenant_id = $1 AND alert_id = $2
"""
_CARRY_ON = "UPDATE alert_steps SET generation = $3 WHERE tenant_id = $1 AND alert_id = $2"
SILENCED: Final = """
NOT a.is_statutory AND EXISTS (
    SELECT FROM silences s WHERE s.tenant_id = a.tenant_id AND s.told_at IS NULL AND s.ended_at IS NULL
    AND s.until > {now} AND (
        s.alert_id = a.id
        OR (
            starts_with(a.subject || '/', s.subject_prefix || '/')
            AND (s.source_id IS NULL OR s.source_id = a.source_id)
        )
    )
)
"""
"""Whether a silence holds for the alert `a`. What the law asks for is never silenced."""
ANY_STEP: Final = f"""
SELECT EXISTS (
    SELECT FROM alert_steps t JOIN alerts a ON a.tenant_id = t.tenant_id AND a.id = t.alert_id
    WHERE t.failed_at IS NULL AND t.due_at <= {{now}} AND NOT ({SILENCED})
)
"""
"""Whether anybody is to be told of an alert; for `Database.holds`."""
# Of a silenced alert the steps wait: they are late when it ends, and those for one target become one.
_DUE = f"""
SELECT {ALERT.of("a")} FROM alerts a
WHERE (a.tenant_id, a.id) IN (
    SELECT t.tenant_id, t.alert_id FROM alert_steps t JOIN alerts a ON a.tenant_id = t.tenant_id AND a.id = t.alert_id
    WHERE t.failed_at IS NULL AND t.due_at <= $1 AND NOT ({SILENCED.format(now="$1")})
    ORDER BY t.due_at LIMIT $2
)
"""
_LOCK_ALL = f"""
SELECT {ALERT.of("a")} FROM alerts a JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
WHERE NOT ({SILENCED.format(now="$3")})
ORDER BY a.tenant_id, a.id FOR UPDATE OF a SKIP LOCKED
"""
_CLAIM = f"""
DELETE FROM alert_steps t USING unnest($1::text[], $2::uuid[]) AS k (tenant_id, alert_id)
WHERE t.tenant_id = k.tenant_id AND t.alert_id = k.alert_id AND t.failed_at IS NULL AND t.due_at <= $3
RETURNING {_STEP.of("t")}
"""
_SET_ASIDE = """
UPDATE alert_steps SET failed_at = $4, error = $3
WHERE tenant_id = $1 AND alert_id = $2 AND failed_at IS NULL AND due_at <= $4
"""

AlertKey = tuple[str, UUID]
"""(tenant, alert id)."""
RaisedKey = tuple[datetime, UUID]
"""(time, alert id): the sort key of alerts, newest first."""


async def raise_all(tx: Tx, raised: Sequence[Alert]) -> None:
    """Write new alerts; one that exists already stays as it is."""
    if raised:
        await tx.raw.execute(_RAISE, *ALERT.arrays(raised))


async def resolve(tx: Tx, reasons: Mapping[tuple[str, UUID], str]) -> list[Alert]:
    """Resolve those of the alerts, (tenant, id) → reason, that are not resolved yet; return them."""
    if not reasons:
        return []
    rows = await tx.raw.fetch(
        _RESOLVE, [tenant_id for tenant_id, _ in reasons], [alert for _, alert in reasons], [*reasons.values()], tx.now
    )
    return [alert_of(row) for row in rows]


async def load(tx: Tx, keys: Collection[AlertKey]) -> dict[AlertKey, Alert]:
    """Return those of the alerts that exist."""
    rows = await tx.raw.fetch(_LOAD, [tenant for tenant, _ in keys], [each for _, each in keys]) if keys else ()
    return {(each.tenant_id, each.id): each for each in map(alert_of, rows)}


async def not_resolved(tx: Tx, tenants: Collection[str], kind: str) -> list[Alert]:
    """Return alerts of a kind that are about no clock and not resolved."""
    return [alert_of(row) for row in await tx.raw.fetch(_NOT_RESOLVED, [*tenants], kind)]


async def lock(tx: Tx, tenant_id: str, alert_id: UUID) -> Alert | None:
    """Return one alert, which nobody else changes until the transaction ends; None where there is none."""
    row = await tx.raw.fetchrow(_LOCK, tenant_id, alert_id)
    return None if row is None else alert_of(row)


async def save(tx: Tx, alert: Alert) -> None:
    """Write what people have done about an alert; one that is resolved stays as it is."""
    each = alert
    values = (each.state, each.acknowledged_at, each.acknowledged_by, each.owner, each.generation, each.remind_at)
    await tx.raw.execute(_SAVE, each.tenant_id, each.id, *values)


async def keep_words(tx: Tx, words: Mapping[AlertKey, tuple[str | None, str | None]]) -> None:
    """Write title and excerpt of the reviews that alerts are about."""
    if not words:
        return
    ordered = sorted(words)
    keys = [tenant_id for tenant_id, _ in ordered], [alert_id for _, alert_id in ordered]
    await tx.raw.execute(_KEEP_WORDS, *keys, *([words[key][part] for key in ordered] for part in (0, 1)))


async def about_review(tx: Tx, tenant_id: str, review_id: str) -> list[UUID]:
    """Return the ids of the alerts about a review."""
    return [row["id"] for row in await tx.raw.fetch(_ABOUT_REVIEW, tenant_id, review_id)]


async def add_steps(tx: Tx, steps: Sequence[AlertStep]) -> None:
    """Write who is told next; a step that waits already stays, one that was set aside is replaced."""
    if steps:
        by_key = {(each.tenant_id, each.alert_id, each.kind, each.number): each for each in reversed(steps)}
        await tx.raw.execute(_ADD_STEPS, *_STEP.arrays([*reversed(by_key.values())]))


async def stop(tx: Tx, keys: Collection[AlertKey]) -> None:
    """Delete all steps of these alerts."""
    if keys:
        await tx.raw.executemany(_STOP, sorted(keys))


async def postpone(tx: Tx, alert: Alert, by: timedelta) -> None:
    """Let the steps of an alert come so much later, under its present generation."""
    await tx.raw.execute(_POSTPONE, alert.tenant_id, alert.id, alert.generation, tx.now, by)


async def carry_on(tx: Tx, alert: Alert) -> None:
    """Let the steps of an alert go on under its present generation."""
    await tx.raw.execute(_CARRY_ON, alert.tenant_id, alert.id, alert.generation)


async def due(tx: Tx, limit: int) -> list[Alert]:
    """Return alerts of which somebody is to be told now. Locks nothing."""
    return [alert_of(row) for row in await tx.raw.fetch(_DUE, tx.now, limit)]


async def lock_all(tx: Tx, keys: Collection[AlertKey]) -> list[Alert]:
    """Return those of the alerts that no silence holds, locked; those that another process holds are left to it."""
    rows = await tx.raw.fetch(_LOCK_ALL, [tenant for tenant, _ in keys], [each for _, each in keys], tx.now)
    return [alert_of(row) for row in rows]


async def claim(tx: Tx, found: Sequence[Alert]) -> dict[AlertKey, list[AlertStep]]:
    """Delete and return the due steps of these alerts, which are locked."""
    rows = await tx.raw.fetch(_CLAIM, [each.tenant_id for each in found], [each.id for each in found], tx.now)
    steps: dict[AlertKey, list[AlertStep]] = {}
    for row in rows:
        step = AlertStep(**{**dict(row), "kind": StepKind(row["kind"])})
        steps.setdefault((step.tenant_id, step.alert_id), []).append(step)
    return steps


async def set_aside(tx: Tx, key: AlertKey, error: str) -> None:
    """Mark the due steps of an alert that cannot fire, so that they are not tried again."""
    await tx.raw.execute(_SET_ASIDE, *key, error, tx.now)


async def list_alerts(
    tx: SqlTx,
    tenant_id: str,
    *,
    subject: str | None = None,
    state: str | None = None,
    owner: str | None = None,
    severity: str | None = None,
    after: RaisedKey | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return alerts, the newest first.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: only those of this subject and what is below it.
        state: only those in this state.
        owner: only those of the person at this address.
        severity: only those about a review or an incident that is so bad.
        after: the sort key of the last one of the page before.
        limit: how many.
    """
    newest_first = (alerts.c.raised_at.desc(), alerts.c.id.desc())
    query = select(alerts).where(alerts.c.tenant_id == tenant_id).order_by(*newest_first).limit(limit)
    query = filtered(query, alerts, subject=subject, state=state)
    if owner is not None:
        query = query.where(alerts.c.owner == owner)
    if severity is not None:
        query = query.where(alerts.c.review_severity == severity)
    if after is not None:
        query = query.where(tuple_(alerts.c.raised_at, alerts.c.id) < after)
    return (await tx.sql.execute(query)).mappings().all()


async def read_alert(tx: SqlTx, tenant_id: str, alert_id: UUID) -> RowMapping | None:
    """Return one alert."""
    query = select(alerts).where(alerts.c.tenant_id == tenant_id, alerts.c.id == alert_id)
    return (await tx.sql.execute(query)).mappings().one_or_none()


def alert_of(row: Record) -> Alert:
    """Return the alert of a row."""
    return Alert(**{**dict(row), "state": AlertState(row["state"])})


async def outdated_scores(tx: Tx, deliveries: Collection[tuple[str, UUID]]) -> set[UUID]:
    """Return those of (tenant id, delivery id) after which figures of the same request were queued for that minute."""
    rows = await tx.raw.fetch(_OUTDATED_SCORES, *map(list, zip(*deliveries, strict=True))) if deliveries else ()
    return {row["id"] for row in rows}
