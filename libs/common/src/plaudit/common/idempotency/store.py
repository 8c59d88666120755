"""Every SQL statement about `idempotency_keys`, a table of each service's schema."""

from datetime import datetime

from plaudit.common.db import Tx
from plaudit.common.db.results import rows_changed
from plaudit.common.idempotency.domain import IdempotencyKey, StoredAnswer

_FIND = "SELECT fingerprint, answer::text FROM idempotency_keys WHERE tenant_id = $1 AND key = $2"
_INSERT = """
INSERT INTO idempotency_keys (tenant_id, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4::text::jsonb, $5)
"""
_DELETE = """
DELETE FROM idempotency_keys WHERE (tenant_id, key) IN
    (SELECT tenant_id, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)
"""


async def find(tx: Tx, tenant_id: str, key: str) -> StoredAnswer | None:
    """Return what is stored under a key, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, key)
    return None if row is None else StoredAnswer(**row)


async def insert(tx: Tx, tenant_id: str, key: IdempotencyKey, answer: str) -> None:
    """Store an answer, as JSON, under a key that has none."""
    await tx.raw.execute(_INSERT, tenant_id, key.key, key.fingerprint, answer, tx.now)


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete up to `max_rows` of the oldest keys that are older than a time; return how many were deleted."""
    return rows_changed(await tx.raw.execute(_DELETE, before, max_rows))
