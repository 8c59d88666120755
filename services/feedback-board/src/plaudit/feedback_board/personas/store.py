"""Every SQL statement about personas, and about who has which."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.personas.domain import Assignment, Persona
from plaudit.feedback_board.personas.tables import persona_people, personas
from plaudit.feedback_board.requests.domain.weighing import Weighing

_ALL = Columns(personas)
_SAVED = Columns(personas, without=("tenant_id", "id", "created_at"))
_ASSIGNED = Columns(persona_people)

_FIND = f"SELECT {_ALL.listed} FROM personas WHERE tenant_id = $1 AND id = $2"

_LIST = f"SELECT {_ALL.listed} FROM personas WHERE tenant_id = $1 ORDER BY lower(name), id"

_NAME_IS_TAKEN = "SELECT EXISTS (SELECT FROM personas WHERE tenant_id = $1 AND lower(name) = lower($2) AND id <> $3)"

_INSERT = f"INSERT INTO personas ({_ALL.listed}) VALUES ({_ALL.values()})"

_SAVE = f"UPDATE personas SET ({_SAVED.listed}) = ROW ({_SAVED.values(3)}) WHERE tenant_id = $1 AND id = $2"

_COUNT_PEOPLE = "SELECT persona_id, count(*) FROM persona_people WHERE tenant_id = $1 GROUP BY persona_id"

_PERSONA_OF = "SELECT persona_id, source FROM persona_people WHERE tenant_id = $1 AND person_key = $2"

_ASSIGN = f"""
INSERT INTO persona_people ({_ASSIGNED.listed}) VALUES ({_ASSIGNED.values()})
ON CONFLICT (tenant_id, person_key) DO UPDATE SET {_ASSIGNED.excluded()}
"""

_UNASSIGN = "DELETE FROM persona_people WHERE tenant_id = $1 AND person_key = $2 AND persona_id = $3"

_ERASE = "DELETE FROM persona_people WHERE tenant_id = $1 AND person_key = $2 AND assigned_at <= $3"

_MARK_REQUESTS_OF_PERSON = """
INSERT INTO recounts (tenant_id, request_id)
SELECT DISTINCT tenant_id, root_id FROM mentions WHERE tenant_id = $1 AND person_key = $2
"""

_MARK_REQUESTS_WITH_STRATUM = """
INSERT INTO recounts (tenant_id, request_id)
SELECT tenant_id, id FROM requests
WHERE tenant_id = $1 AND strata ? $2 AND merged_into IS NULL AND visibility = 'published'
"""

_MARK_ALL_REQUESTS = """
INSERT INTO recounts (tenant_id, request_id)
SELECT tenant_id, id FROM requests WHERE tenant_id = $1 AND merged_into IS NULL AND visibility = 'published'
"""

_PUT_VIEW = """
INSERT INTO reach_views (tenant_id, view, cap, actor, set_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id) DO UPDATE
SET view = excluded.view, cap = excluded.cap, actor = excluded.actor, set_at = excluded.set_at
"""

ANY_ENDED: Final = "SELECT EXISTS (SELECT FROM personas WHERE muted_until <= {now})"
"""Whether a mute has ended and is still noted; for `Database.holds`."""

_ENDED = "SELECT tenant_id, id FROM personas WHERE muted_until <= $1 ORDER BY muted_until LIMIT $2"


def _persona(row: Mapping[str, Any]) -> Persona:
    return Persona(**row)


async def find(tx: Tx, tenant_id: str, persona_id: UUID) -> Persona | None:
    """Return a persona, or None."""
    row = await tx.raw.fetchrow(_FIND, tenant_id, persona_id)
    return None if row is None else _persona(dict(row))


async def list_all(tx: Tx, tenant_id: str) -> list[Persona]:
    """Return a tenant's personas by name."""
    return [_persona(dict(row)) for row in await tx.raw.fetch(_LIST, tenant_id)]


async def name_is_taken(tx: Tx, tenant_id: str, name: str, by_another_than: UUID) -> bool:
    """Return whether another persona has a name, in upper or lower case."""
    return bool(await tx.raw.fetchval(_NAME_IS_TAKEN, tenant_id, name, by_another_than))


async def insert(tx: Tx, persona: Persona) -> None:
    """Insert a persona."""
    await tx.raw.execute(_INSERT, *_ALL.row(persona))


async def save(tx: Tx, persona: Persona) -> None:
    """Write what can change of a persona."""
    await tx.raw.execute(_SAVE, persona.tenant_id, persona.id, *_SAVED.row(persona))


async def count_people(tx: Tx, tenant_id: str) -> dict[UUID, int]:
    """Return how many people each persona has; one without people is left out."""
    return {row["persona_id"]: row["count"] for row in await tx.raw.fetch(_COUNT_PEOPLE, tenant_id)}


async def persona_of(tx: Tx, tenant_id: str, person_key: str) -> tuple[UUID, str] | None:
    """Return the persona of a person, and where it is known from; None for a person without one."""
    row = await tx.raw.fetchrow(_PERSONA_OF, tenant_id, person_key)
    return None if row is None else (row["persona_id"], row["source"])


async def assign(tx: Tx, assignment: Assignment) -> None:
    """Give a person a persona, in place of the one before."""
    await tx.raw.execute(_ASSIGN, *_ASSIGNED.row(assignment))
    await tx.raw.execute(_MARK_REQUESTS_OF_PERSON, assignment.tenant_id, assignment.person_key)


async def unassign(tx: Tx, tenant_id: str, person_key: str, persona_id: UUID) -> bool:
    """Take a persona from a person; False where the person does not have it."""
    if not rows_changed(await tx.raw.execute(_UNASSIGN, tenant_id, person_key, persona_id)):
        return False
    await tx.raw.execute(_MARK_REQUESTS_OF_PERSON, tenant_id, person_key)
    return True


async def erase(tx: Tx, tenant_id: str, person_key: str, until: datetime) -> int:
    """Delete which persona a person was given up to a time; return 1, or 0 where there was nothing."""
    erased = rows_changed(await tx.raw.execute(_ERASE, tenant_id, person_key, until))
    if erased:
        await tx.raw.execute(_MARK_REQUESTS_OF_PERSON, tenant_id, person_key)
    return erased


async def mark_requests_with(tx: Tx, persona_id: UUID, tenant_id: str) -> None:
    """Mark the requests that reach people of a persona, for a recount."""
    await tx.raw.execute(_MARK_REQUESTS_WITH_STRATUM, tenant_id, str(persona_id))


async def put_view(tx: Tx, tenant_id: str, weighing: Weighing, actor: str) -> None:
    """Set a tenant's view of reach, and mark its requests for a recount."""
    await tx.raw.execute(_PUT_VIEW, tenant_id, weighing.view, weighing.cap, actor, tx.now)
    await tx.raw.execute(_MARK_ALL_REQUESTS, tenant_id)


async def list_ended(tx: Tx, limit: int) -> list[tuple[str, UUID]]:
    """Return up to `limit` personas, (tenant id, id), whose mutes have ended and are still noted."""
    return [(row["tenant_id"], row["id"]) for row in await tx.raw.fetch(_ENDED, tx.now, limit)]
