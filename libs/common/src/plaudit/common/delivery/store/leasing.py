"""Takes deliveries that are due, for one process alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.delivery.domain.message import Content, Delivery
from plaudit.common.delivery.store.rows import DELIVERY, columns

ANY_DUE: Final = """
SELECT EXISTS (
    SELECT FROM outlets o WHERE (o.rests_until IS NULL OR o.rests_until <= {now}) AND EXISTS (
        SELECT FROM message_deliveries d WHERE d.tenant_id = o.tenant_id AND d.outlet = o.outlet
        AND d.state = 'pending' AND d.next_attempt_at <= {now}
    )
) OR EXISTS (SELECT FROM message_deliveries WHERE state = 'sending' AND leased_until < now())
"""
"""Whether there is anything to lease; for `Database.holds`."""

# A lease runs by the wall clock, not by the clock port: a test that moves time must not make a second sender.
_GIVE_BACK = """
WITH ended AS (
    SELECT tenant_id, id FROM message_deliveries WHERE state = 'sending' AND leased_until < now()
    FOR UPDATE SKIP LOCKED
), given AS (
    UPDATE message_deliveries d SET state = 'pending', possible_repeat = true, leased_until = '-infinity'
    FROM ended WHERE d.tenant_id = ended.tenant_id AND d.id = ended.id
    RETURNING d.tenant_id, d.id, d.attempts, d.is_bundle
), members AS (
    UPDATE message_deliveries m SET possible_repeat = true FROM given
    WHERE given.is_bundle AND m.tenant_id = given.tenant_id AND m.bundle_id = given.id AND m.state = 'gathered'
)
INSERT INTO message_attempts
    (tenant_id, delivery_id, number, ended_at, duration_ms, kind, error, sent, answer)
SELECT tenant_id, id, attempts, $1::timestamptz, 0, 'unrecorded', $2::text, '', '' FROM given
ON CONFLICT (tenant_id, delivery_id, number) DO NOTHING
"""
# Locked in a statement of its own: the next one counts what is being sent after any other process has committed.
_LOCK_OUTLETS = """
SELECT o.tenant_id, o.outlet FROM outlets o
WHERE (o.rests_until IS NULL OR o.rests_until <= $1) AND EXISTS (
    SELECT FROM message_deliveries d WHERE d.tenant_id = o.tenant_id AND d.outlet = o.outlet
    AND d.state = 'pending' AND d.next_attempt_at <= $1
) AND o.tenant_id <> ALL($3::text[])
ORDER BY o.leased_at, o.tenant_id, o.outlet LIMIT $2 FOR UPDATE OF o SKIP LOCKED
"""
_LEASE = f"""
WITH free AS (
    SELECT o.tenant_id, o.outlet, greatest(0, (
        CASE WHEN o.failures > 0 OR o.channel = ANY($5::text[]) THEN 1 ELSE $4::int END
    ) - (
        SELECT count(*)::int FROM message_deliveries s
        WHERE s.tenant_id = o.tenant_id AND s.outlet = o.outlet AND s.state = 'sending'
    )) AS room
    FROM outlets o JOIN unnest($2::text[], $3::text[]) AS k (tenant_id, outlet) USING (tenant_id, outlet)
), found AS (
    SELECT d.tenant_id, d.id,
        row_number() OVER (PARTITION BY d.tenant_id ORDER BY d.next_attempt_at, d.id) AS nth
    FROM free CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.id, d.next_attempt_at FROM message_deliveries d
        WHERE d.tenant_id = free.tenant_id AND d.outlet = free.outlet
        AND d.state = 'pending' AND d.next_attempt_at <= $1
        ORDER BY d.next_attempt_at, d.id LIMIT free.room FOR UPDATE OF d SKIP LOCKED
    ) AS d
), due AS (
    SELECT found.tenant_id, found.id
    FROM found LEFT JOIN unnest($8::text[], $9::int[]) AS k (tenant_id, share) USING (tenant_id)
    WHERE found.nth <= coalesce(k.share, $10::int) ORDER BY found.nth LIMIT $6
)
UPDATE message_deliveries m
SET state = 'sending', leased_until = now() + make_interval(secs => $7), attempts = m.attempts + 1
FROM due WHERE m.tenant_id = due.tenant_id AND m.id = due.id
RETURNING {DELIVERY.of("m")}
"""
_TAKE = f"""
UPDATE message_deliveries m
SET state = 'sending', leased_until = now() + make_interval(secs => $3), attempts = m.attempts + 1
WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'pending' RETURNING {DELIVERY.of("m")}
"""
_NOTE_LEASE = """
UPDATE outlets o SET leased_at = clock_timestamp()
FROM unnest($1::text[], $2::text[]) AS k (tenant_id, outlet)
WHERE o.tenant_id = k.tenant_id AND o.outlet = k.outlet
"""
_CONTENTS = """
SELECT m.tenant_id, m.id, m.content FROM messages m
JOIN unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) USING (tenant_id, id)
"""


async def lease(
    tx: Tx,
    *,
    limit: int,
    per_outlet: int,
    one_at_a_time: Iterable[str],
    seconds: float,
    unrecorded: str,
    shares: Mapping[str, int],
    share_of_others: int,
) -> list[Delivery]:
    """Take deliveries that are due, for this process alone; each counts as one more attempt.

    Args:
        tx: the open transaction.
        limit: how many at most.
        per_outlet: how many of one outlet are sent at a time, by all processes together.
        one_at_a_time: channels of which one is.
        seconds: until others may take them, if this process does not record what became of them.
        unrecorded: what is noted of those whose process did not.
        shares: tenant → how many of it at most.
        share_of_others: how many at most of each tenant that is not among them.
    """
    await tx.raw.execute(_GIVE_BACK, tx.now, unrecorded)
    full = [tenant for tenant, share in shares.items() if share < 1]
    outlets = [tuple(row) for row in await tx.raw.fetch(_LOCK_OUTLETS, tx.now, limit, full)]
    if not outlets:
        return []
    keys = columns(outlets, 2)
    fair = list(shares), list(shares.values()), share_of_others
    found = await tx.raw.fetch(_LEASE, tx.now, *keys, per_outlet, list(one_at_a_time), limit, seconds, *fair)
    await tx.raw.execute(_NOTE_LEASE, *keys)
    return [Delivery(**row) for row in found]


async def take(tx: Tx, tenant_id: str, delivery_id: UUID, seconds: float) -> Delivery | None:
    """Take one delivery that waits, whatever its outlet does; None where it does not wait."""
    row = await tx.raw.fetchrow(_TAKE, tenant_id, delivery_id, seconds)
    return None if row is None else Delivery(**row)


async def contents(tx: Tx, deliveries: Sequence[Delivery]) -> dict[UUID, Content]:
    """Return what deliveries say, by their ids."""
    rows = await tx.raw.fetch(
        _CONTENTS, [each.tenant_id for each in deliveries], [each.message_id for each in deliveries]
    )
    found = {(row["tenant_id"], row["id"]): msgspec.json.decode(row["content"], type=Content) for row in rows}
    return {each.id: found[each.tenant_id, each.message_id] for each in deliveries}
