"""The activity log, idempotency keys, budgets, marks for a recount, and what is asked of `common`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.feedback_board.domain.activity import Entry, Kind

_APPEND = """
INSERT INTO activity (tenant_id, request_id, type, at, actor, person, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb)
"""

_NEWEST = """
SELECT id, request_id, type, at, actor, person, detail::text FROM activity
WHERE tenant_id = $1 AND request_id = $2 AND id < $3 AND type = ANY($4::text[])
ORDER BY id DESC LIMIT $5
"""

_FIND_KEY = "SELECT fingerprint, answer::text FROM idempotency_keys WHERE tenant_id = $1 AND key = $2"

_KEEP_KEY = """
INSERT INTO idempotency_keys (tenant_id, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4::text::jsonb, $5)
"""

_SPEND = """
INSERT INTO rate_limits AS held (tenant_id, kind, network, hour, used) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (tenant_id, kind, network, hour) DO UPDATE SET used = held.used + 1 WHERE held.used < $5
RETURNING used
"""

_MARKED = """
SELECT tenant_id, request_id, array_agg(id) AS marks FROM (SELECT * FROM recounts ORDER BY id LIMIT $1) AS oldest
GROUP BY tenant_id, request_id
"""

_DUE = """
SELECT tenant_id, id AS request_id FROM requests WHERE recount_at <= $1 ORDER BY recount_at LIMIT $2
"""

_CLEAR = "DELETE FROM recounts WHERE id = ANY($1::bigint[])"

_FORGET_KEYS = """
DELETE FROM idempotency_keys WHERE (tenant_id, key) IN
    (SELECT tenant_id, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)
"""

_FORGET_BUDGETS = """
DELETE FROM rate_limits WHERE (tenant_id, kind, network, hour) IN
    (SELECT tenant_id, kind, network, hour FROM rate_limits WHERE hour < $1 ORDER BY hour LIMIT $2)
"""

MAX_BIGINT = 2**63 - 1


class StoredAnswer(NamedTuple):
    """What a request under an idempotency key was answered, and what that request was."""

    fingerprint: bytes
    answer: str


async def append(tx: Tx, tenant: str, entry: Entry) -> None:
    """Append an entry to the log."""
    detail = msgspec.json.encode(entry.detail).decode()
    await tx.raw.execute(_APPEND, tenant, entry.request_id, entry.kind, entry.at, entry.actor, entry.person, detail)


async def activity(
    tx: Tx, tenant: str, request_id: UUID, *, kinds: Sequence[Kind] = tuple(Kind), before: int = MAX_BIGINT, limit: int
) -> list[Entry]:
    """Return up to `limit` entries about a wish, newest first, those of some kinds, from before an entry on."""
    rows = await tx.raw.fetch(_NEWEST, tenant, request_id, before, list(kinds), limit)
    return [_entry(dict(row)) for row in rows]


def _entry(fields: dict[str, Any]) -> Entry:
    return Entry(kind=Kind(fields.pop("type")), detail=msgspec.json.decode(fields.pop("detail")), **fields)


async def find_answer(tx: Tx, tenant: str, key: str) -> StoredAnswer | None:
    """Return what is kept under an idempotency key, or None."""
    row = await tx.raw.fetchrow(_FIND_KEY, tenant, key)
    return None if row is None else StoredAnswer(**row)


async def keep_answer(tx: Tx, tenant: str, key: str, answer: StoredAnswer) -> None:
    """Keep an answer under an idempotency key."""
    await tx.raw.execute(_KEEP_KEY, tenant, key, answer.fingerprint, answer.answer, tx.now)


async def spend(tx: Tx, tenant: str, kind: str, network: bytes, hour: datetime, limit: int) -> bool:
    """Take one off a network's budget of that hour; False when nothing is left of it."""
    return await tx.raw.fetchval(_SPEND, tenant, kind, network, hour, limit) is not None


async def recounts_due(tx: Tx, limit: int) -> dict[tuple[str, UUID], list[int]]:
    """Return (tenant, wish) → its marks, for wishes that are marked or whose window has moved on. No locks taken."""
    due: dict[tuple[str, UUID], list[int]] = {}
    for row in await tx.raw.fetch(_MARKED, limit):
        due[row["tenant_id"], row["request_id"]] = row["marks"]
    for row in await tx.raw.fetch(_DUE, tx.now, limit):
        due.setdefault((row["tenant_id"], row["request_id"]), [])
    return due


async def clear_marks(tx: Tx, marks: Sequence[int]) -> None:
    """Delete marks that were read, and no others."""
    await tx.raw.execute(_CLEAR, list(marks))


async def forget_before(tx: Tx, *, answers: datetime, budgets: datetime, limit: int) -> int:
    """Delete up to `limit` each of idempotency keys and budgets that are older; return how many went."""
    deleted = 0
    for statement, before in ((_FORGET_KEYS, answers), (_FORGET_BUDGETS, budgets)):
        tag: str = await tx.raw.execute(statement, before, limit)
        deleted += int(tag.rpartition(" ")[2])
    return deleted


async def tenant_name(tx: Tx, tenant: str) -> str | None:
    """Return what a tenant is called, or None for one that does not exist."""
    name: str | None = await tx.raw.fetchval("SELECT common.tenant_name($1)", tenant)
    return name


async def tenant_key(tx: Tx, tenant: str) -> bytes | None:
    """Return the key of a tenant's keyed hashes, or None for one that does not exist."""
    key: bytes | None = await tx.raw.fetchval("SELECT common.person_key($1)", tenant)
    return key
