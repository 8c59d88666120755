"""Records what attempts have come to, how outlets stand, and what is sent again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.delivery.domain.message import Delivery, State
from plaudit.common.delivery.domain.outcomes import Circuit, Outcome
from plaudit.common.delivery.store.rows import OutletKey, columns

_CIRCUITS = """
SELECT o.tenant_id, o.outlet, o.failures, o.failing_since, o.rests_until FROM outlets o
JOIN unnest($1::text[], $2::text[]) AS k (tenant_id, outlet) USING (tenant_id, outlet)
ORDER BY o.tenant_id, o.outlet FOR UPDATE OF o
"""
_SAVE_CIRCUITS = """
UPDATE outlets o SET failures = k.failures, failing_since = k.failing_since, rests_until = k.rests_until
FROM unnest($1::text[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[])
    AS k (tenant_id, outlet, failures, failing_since, rests_until)
WHERE o.tenant_id = k.tenant_id AND o.outlet = k.outlet
"""
_FINISH = """
UPDATE message_deliveries d
SET state = k.state, reason = k.reason, next_attempt_at = coalesce(k.next_attempt_at, d.next_attempt_at),
    finished_at = CASE WHEN k.state IN ('pending', 'gathered') THEN NULL ELSE $1::timestamptz END,
    leased_until = '-infinity', attempts = d.attempts - CASE WHEN k.is_put_off THEN 1 ELSE 0 END,
    possible_repeat = d.possible_repeat OR k.may_have_arrived
FROM unnest($2::text[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::boolean[], $9::boolean[])
    AS k (tenant_id, id, attempts, state, reason, next_attempt_at, is_put_off, may_have_arrived)
WHERE d.tenant_id = k.tenant_id AND d.id = k.id AND d.state = 'sending' AND d.attempts = k.attempts
"""
# What a bundle holds ends as it does; while it is tried again, what may be there is marked.
_SETTLE = """
UPDATE message_deliveries m
SET possible_repeat = m.possible_repeat OR b.possible_repeat,
    state = CASE WHEN b.state = 'pending' THEN m.state ELSE b.state END,
    reason = CASE WHEN b.state = 'pending' THEN m.reason ELSE b.reason END,
    finished_at = CASE WHEN b.state = 'pending' THEN m.finished_at ELSE b.finished_at END
FROM message_deliveries b JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
WHERE m.tenant_id = b.tenant_id AND m.bundle_id = b.id AND m.state = 'gathered'
AND (b.state IN ('sent', 'withdrawn', 'failed') OR b.state = 'pending' AND b.possible_repeat AND NOT m.possible_repeat)
"""
_ADD_ATTEMPTS = """
INSERT INTO message_attempts
    (tenant_id, delivery_id, number, ended_at, duration_ms, kind, status, error, sent, answer)
SELECT k.tenant_id, k.delivery_id, k.number, $1::timestamptz, k.duration_ms, k.kind, k.status, k.error, k.sent, k.answer
FROM unnest(
    $2::text[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::int[], $8::text[], $9::bytea[], $10::bytea[]
) AS k (tenant_id, delivery_id, number, duration_ms, kind, status, error, sent, answer)
ON CONFLICT (tenant_id, delivery_id, number) DO UPDATE SET ended_at = excluded.ended_at,
    duration_ms = excluded.duration_ms, kind = excluded.kind, status = excluded.status, error = excluded.error,
    sent = excluded.sent, answer = excluded.answer
"""
# One that failed with others is sent again by itself when it is named, else with them.
_REDRIVE = """
UPDATE message_deliveries
SET state = 'pending', reason = '', next_attempt_at = $2, finished_at = NULL, attempts = 0, bundle_id = NULL
WHERE tenant_id = $1 AND state = 'failed' AND (id = $3 OR ($3::uuid IS NULL AND bundle_id IS NULL))
AND ($4::text IS NULL OR outlet = $4) AND ($5::text IS NULL OR thread = $5) RETURNING id
"""
_REDRIVE_MEMBERS = """
UPDATE message_deliveries SET state = 'gathered', reason = '', finished_at = NULL
WHERE tenant_id = $1 AND state = 'failed' AND bundle_id = ANY($2::uuid[])
"""
_WITHDRAW_OUTLET = """
UPDATE message_deliveries d SET state = 'failed', reason = $3, finished_at = $4
WHERE tenant_id = $1 AND outlet = $2 AND (state = 'pending' OR state = 'gathered' AND NOT EXISTS (
    SELECT FROM message_deliveries b WHERE b.tenant_id = d.tenant_id AND b.id = d.bundle_id AND b.state = 'sending'
))
"""
_RESTED = """
UPDATE outlets SET failures = 0, failing_since = NULL, rests_until = NULL WHERE tenant_id = $1 AND outlet = $2
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """What an attempt makes of its delivery."""

    delivery: Delivery
    outcome: Outcome | None
    """None where nothing was sent."""
    state: str
    reason: str
    next_attempt_at: datetime | None = None

    @property
    def is_put_off(self) -> bool:
        """Whether it is to leave later and nothing was sent: its lease was no attempt."""
        return self.outcome is None and self.state in {State.PENDING, State.GATHERED}

    @property
    def may_have_arrived(self) -> bool:
        """Whether the recipient may have got it though no answer came."""
        return self.outcome is not None and self.outcome.may_have_arrived


async def circuits(tx: Tx, outlets: Collection[OutletKey]) -> dict[OutletKey, Circuit]:
    """Return how outlets stand, locked in one order."""
    rows = await tx.raw.fetch(_CIRCUITS, *columns(sorted(outlets), 2))
    return {
        (row["tenant_id"], row["outlet"]): Circuit(row["failures"], row["failing_since"], row["rests_until"])
        for row in rows
    }


async def save_circuits(tx: Tx, standing: Mapping[OutletKey, Circuit]) -> None:
    """Record how outlets stand."""
    rows = [(*key, each.failures, each.failing_since, each.rests_until) for key, each in standing.items()]
    await tx.raw.execute(_SAVE_CIRCUITS, *columns(rows, 5))


async def record(tx: Tx, ended: Sequence[Ended]) -> None:
    """Record attempts, and what they make of their deliveries; one that this process does not hold stays as it is."""
    if not ended:
        return
    attempts = [
        (
            each.delivery.tenant_id,
            each.delivery.id,
            each.delivery.attempts,
            round(each.outcome.duration_seconds * 1_000),
            each.outcome.kind,
            each.outcome.status,
            each.outcome.error,
            each.outcome.sent,
            each.outcome.answer,
        )
        for each in ended
        if each.outcome is not None
    ]
    if attempts:
        await tx.raw.execute(_ADD_ATTEMPTS, tx.now, *columns(attempts, 9))
    finished = [
        (
            e.delivery.tenant_id,
            e.delivery.id,
            e.delivery.attempts,
            e.state,
            e.reason,
            e.next_attempt_at,
            e.is_put_off,
            e.may_have_arrived,
        )
        for e in ended
    ]
    await tx.raw.execute(_FINISH, tx.now, *columns(finished, 8))
    bundles = [(each.delivery.tenant_id, each.delivery.id) for each in ended if each.delivery.is_bundle]
    if bundles:
        await tx.raw.execute(_SETTLE, *columns(bundles, 2))


async def redrive(
    tx: Tx,
    tenant_id: str,
    *,
    delivery_id: UUID | None = None,
    outlet: str | None = None,
    thread: str | None = None,
) -> int:
    """Send failed deliveries again from the first attempt on; return how many."""
    found = [row["id"] for row in await tx.raw.fetch(_REDRIVE, tenant_id, tx.now, delivery_id, outlet, thread)]
    if found:
        await tx.raw.execute(_REDRIVE_MEMBERS, tenant_id, found)
    return len(found)


async def fail_outlet(tx: Tx, tenant_id: str, outlet: str, reason: str) -> None:
    """End what waits for an outlet that takes nothing any more; it can be sent again by hand."""
    await tx.raw.execute(_WITHDRAW_OUTLET, tenant_id, outlet, reason, tx.now)


async def close_circuit(tx: Tx, tenant_id: str, outlet: str) -> None:
    """Let an outlet take messages at once, as if it had never failed."""
    await tx.raw.execute(_RESTED, tenant_id, outlet)
