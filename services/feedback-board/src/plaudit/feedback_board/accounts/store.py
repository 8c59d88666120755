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
SELECT held.voted_at AS at, request.id, request.slug, request.title, request.status, request.votes, request.visibility
FROM votes AS held JOIN requests AS request ON request.tenant_id = held.tenant_id AND request.id = held.request_id
WHERE held.tenant_id = $1 AND held.person_key = $2 AND request.visibility = 'published'
ORDER BY held.voted_at DESC, request.id LIMIT $3
"""
# A person sees what is held of the person, and what was removed no more.
_MADE = """
SELECT created_at AS at, id, slug, title, text, status, votes, visibility FROM requests
WHERE tenant_id = $1 AND author_key = $2 AND visibility <> 'removed' ORDER BY created_at DESC, id LIMIT $3
"""
_SAID = """
SELECT said.created_at AS at, said.id, said.text, said.visibility, request.slug, request.title
FROM comments AS said JOIN requests AS request ON request.tenant_id = said.tenant_id AND request.id = said.request_id
WHERE said.tenant_id = $1 AND said.author_key = $2 AND said.visibility <> 'removed'
    AND request.visibility = 'published'
ORDER BY said.created_at DESC, said.id LIMIT $3
"""
_FOLLOWED = """
SELECT held.changed_at AS at, request.id, request.slug, request.title, request.status, request.votes, request.visibility
FROM followers AS held JOIN requests AS request ON request.tenant_id = held.tenant_id AND request.id = held.request_id
WHERE held.tenant_id = $1 AND held.person_key = $2 AND held.state = 'following' AND request.visibility = 'published'
ORDER BY held.changed_at DESC, request.id LIMIT $3
"""
_REQUEST_IDS = """
SELECT request_id FROM votes WHERE tenant_id = $1 AND person_key = $2
UNION SELECT id FROM requests WHERE tenant_id = $1 AND author_key = $2
UNION SELECT request_id FROM comments WHERE tenant_id = $1 AND author_key = $2
ORDER BY request_id LIMIT $3
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


async def followed(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[dict[str, Any]]:
    """Return the requests that a person follows beyond those voted for, the latest first."""
    return [dict(row) for row in await tx.raw.fetch(_FOLLOWED, tenant_id, person_key, limit)]


async def said(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[dict[str, Any]]:
    """Return what a person said about requests, the latest first."""
    return [dict(row) for row in await tx.raw.fetch(_SAID, tenant_id, person_key, limit)]


async def request_ids_of(tx: Tx, tenant_id: str, person_key: str, limit: int) -> list[UUID]:
    """Return the requests that a visitor votes for, made or commented on, up to `limit`."""
    return [row["request_id"] for row in await tx.raw.fetch(_REQUEST_IDS, tenant_id, person_key, limit)]
