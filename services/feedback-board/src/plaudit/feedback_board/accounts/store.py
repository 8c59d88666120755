"""What the board holds of one person, read over all of its rooms."""

from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx

# What a visitor did before signing in is in the log under the visitor's own key.
_KEYS: Final = """
SELECT $2::text AS key
UNION SELECT detail ->> 'visitor' FROM activity WHERE tenant_id = $1 AND person_key = $2 AND type = 'vote_adopted'
"""
_VOTED = """
SELECT held.voted_at AS at, request.id, request.slug, request.title, request.status, request.votes
FROM votes AS held JOIN requests AS request ON request.tenant_id = held.tenant_id AND request.id = held.request_id
WHERE held.tenant_id = $1 AND held.person_key = $2 ORDER BY held.voted_at DESC, request.id LIMIT $3
"""
_MADE = f"""
SELECT made.at, request.id, request.slug, request.title, request.text, request.status, request.votes
FROM activity AS made
JOIN requests AS request ON request.tenant_id = made.tenant_id AND request.id = made.request_id
WHERE made.tenant_id = $1 AND made.person_key IN ({_KEYS}) AND made.type = 'request_created'
ORDER BY made.at DESC, request.id LIMIT $3
"""
_LOG = f"""
SELECT at, type, request_id FROM activity WHERE tenant_id = $1 AND person_key IN ({_KEYS})
ORDER BY at, request_id, id LIMIT $3
"""
_SESSIONS = (
    "SELECT began_at, expires_at FROM visitor_sessions WHERE tenant_id = $1 AND person_key = $2 ORDER BY began_at"
)


async def voted(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[dict[str, Any]]:
    """Return the requests that a person votes for, the latest vote first."""
    return [dict(row) for row in await tx.raw.fetch(_VOTED, tenant_id, person_key, limit)]


async def made(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[dict[str, Any]]:
    """Return the requests that a person made, the latest first."""
    return [dict(row) for row in await tx.raw.fetch(_MADE, tenant_id, person_key, limit)]


async def logged(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[dict[str, Any]]:
    """Return what the log says that a person did, the oldest first."""
    return [dict(row) for row in await tx.raw.fetch(_LOG, tenant_id, person_key, limit)]


async def sessions(tx: Tx, tenant_id: str, person_key: str) -> list[dict[str, Any]]:
    """Return a person's sessions."""
    return [dict(row) for row in await tx.raw.fetch(_SESSIONS, tenant_id, person_key)]


async def request_ids_voted(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[UUID]:
    """Return the requests that a visitor votes for, up to `limit`."""
    return [row["id"] for row in await voted(tx, tenant_id, person_key, limit)]
