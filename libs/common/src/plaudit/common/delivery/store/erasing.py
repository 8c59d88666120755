"""Empties and deletes messages, with what became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.delivery.domain.message import ERASED, ERASED_CONTENT, Delivery
from plaudit.common.delivery.store.rows import columns

_OF_THREAD = "SELECT id, message_id, bundle_id FROM message_deliveries WHERE tenant_id = $1 AND thread = $2"
_OF_BOTH = """
SELECT id, message_id, bundle_id FROM message_deliveries WHERE tenant_id = $1 AND person_key = $2 AND thread = $3
"""
_OF_PERSON = "SELECT id, message_id, bundle_id FROM message_deliveries WHERE tenant_id = $1 AND person_key = $2"
# In the order in which `_ERASED` locks them: two that lock the same messages wait for each other, and never both.
_LOCK_MESSAGES = "SELECT id FROM messages WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE"
_EMPTY_MESSAGES = """
UPDATE messages SET content = $3, person_key = CASE WHEN $4::boolean THEN '' ELSE person_key END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
# What has failed is withdrawn too: nobody sends it again. What is being sent is found by its content, if it comes back.
_EMPTY_DELIVERIES = """
UPDATE message_deliveries SET
    state = CASE WHEN state IN ('pending', 'gathered', 'failed') THEN 'withdrawn' ELSE state END,
    reason = CASE WHEN state IN ('pending', 'gathered', 'failed') THEN $3::text
        WHEN state = 'sending' THEN '' ELSE reason END,
    finished_at = CASE WHEN state IN ('pending', 'gathered') THEN $4::timestamptz ELSE finished_at END,
    recipient = CASE WHEN $5::boolean AND channel = 'email' THEN 'erased' ELSE recipient END,
    person_key = CASE WHEN $5::boolean THEN '' ELSE person_key END
WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
_EMPTY_ATTEMPTS = """
UPDATE message_attempts SET sent = '', answer = '', error = CASE WHEN error = '' THEN '' ELSE 'erased' END
WHERE tenant_id = $1 AND delivery_id = ANY($2::uuid[])
"""
# Held until the record commits: an erasure that is under way is waited for, and one that begins finds this record.
_ERASED = """
WITH k AS (SELECT * FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, id)), named AS (
    SELECT k.tenant_id, k.id, d.message_id FROM k JOIN message_deliveries d USING (tenant_id, id)
    UNION ALL
    SELECT k.tenant_id, k.id, d.message_id FROM k
    JOIN message_deliveries d ON d.tenant_id = k.tenant_id AND d.bundle_id = k.id
)
SELECT named.id, m.content = $3 AS is_erased
FROM messages m JOIN named ON (m.tenant_id, m.id) = (named.tenant_id, named.message_id)
ORDER BY m.tenant_id, m.id FOR SHARE OF m
"""
_PURGE = """
WITH old AS (
    SELECT tenant_id, id FROM message_deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2
    FOR UPDATE SKIP LOCKED
), tries AS (
    DELETE FROM message_attempts a USING old WHERE a.tenant_id = old.tenant_id AND a.delivery_id = old.id
)
DELETE FROM message_deliveries d USING old WHERE d.tenant_id = old.tenant_id AND d.id = old.id
"""
_PURGE_MESSAGES = """
DELETE FROM messages m USING (
    SELECT tenant_id, id FROM messages m WHERE created_at < $1 AND NOT EXISTS (
        SELECT FROM message_deliveries d WHERE d.tenant_id = m.tenant_id AND d.message_id = m.id
    ) LIMIT $2
) AS old WHERE m.tenant_id = old.tenant_id AND m.id = old.id
"""

_EMPTY_CONTENT: Final = msgspec.json.encode(ERASED_CONTENT).decode()


async def erased_meanwhile(tx: Tx, deliveries: Sequence[Delivery]) -> set[UUID]:
    """Return those deliveries of which a message, or one that they hold, was erased while they were being sent.

    Until this transaction ends, no erasure begins that would not find what it records.
    """
    keys = columns([(each.tenant_id, each.id) for each in deliveries], 2)
    rows = await tx.raw.fetch(_ERASED, *keys, _EMPTY_CONTENT)
    return {row["id"] for row in rows if row["is_erased"]}


async def erase(tx: Tx, tenant_id: str, *, thread: str = "", person_key: str = "") -> int:
    """Empty messages of a thread, to a person, or both, and what became of them; return how many deliveries."""
    if thread and person_key:
        found = await tx.raw.fetch(_OF_BOTH, tenant_id, person_key, thread)
    else:
        query, name = (_OF_THREAD, thread) if thread else (_OF_PERSON, person_key)
        found = await tx.raw.fetch(query, tenant_id, name)
    ids, message_ids = [row["id"] for row in found], list({row["message_id"] for row in found})
    if ids:
        await tx.raw.execute(_LOCK_MESSAGES, tenant_id, message_ids)
        await tx.raw.execute(_EMPTY_MESSAGES, tenant_id, message_ids, _EMPTY_CONTENT, bool(person_key))
        await tx.raw.execute(_EMPTY_DELIVERIES, tenant_id, ids, ERASED, tx.now, bool(person_key))
        bundles = {row["bundle_id"] for row in found if row["bundle_id"] is not None}
        await tx.raw.execute(_EMPTY_ATTEMPTS, tenant_id, [*ids, *bundles])
    return len(ids)


async def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Delete deliveries that ended before an instant, and messages of which none is left; return how many."""
    deliveries = rows_changed(await tx.raw.execute(_PURGE, before, limit))
    return deliveries + rows_changed(await tx.raw.execute(_PURGE_MESSAGES, before - timedelta(days=1), limit))
