"""Every statement that indexes the words of reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx, try_lock
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.reviews.store import read_state

SEPARATOR: Final = "\x01"
"""Of words in a parameter; none holds it."""

# The tenants are those of sources: they are few, and every revision has a source. Each is looked up by index.
_BEHIND = """
SELECT s.tenant_id, p.xid, p.review_id, p.revision
FROM (SELECT DISTINCT tenant_id FROM sources WHERE tenant_id <> ALL($1::text[])) AS s
LEFT JOIN review_text_positions p ON p.tenant_id = s.tenant_id
WHERE EXISTS (
    SELECT FROM revisions v
    WHERE v.tenant_id = s.tenant_id AND v.xid < pg_snapshot_xmin(pg_current_snapshot())
    AND (v.xid, v.review_id, v.revision) > (
        coalesce(p.xid, '0'), coalesce(p.review_id, '00000000-0000-0000-0000-000000000000'), coalesce(p.revision, 0)
    )
)
"""
IS_BEHIND: Final = f"SELECT EXISTS ({_BEHIND})"
"""Whether any tenant is behind, but for those that the parameter names; for `Database.holds`."""
_TENANT_BEHIND = f"SELECT tenant_id FROM ({_BEHIND}) AS behind LIMIT 1"
_POSITION = "SELECT xid, review_id, revision FROM review_text_positions WHERE tenant_id = $1"
_NEXT = """
SELECT v.xid, v.review_id, v.revision, v.removed, v.state, v.state_format, v.traits FROM revisions v
WHERE v.tenant_id = $1 AND (v.xid, v.review_id, v.revision) > ($2, $3, $4)
AND v.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY v.xid, v.review_id, v.revision LIMIT $5
"""
_INDEX = """
INSERT INTO review_texts (tenant_id, review_id, words)
SELECT $1, given.review_id, array_to_tsvector(string_to_array(given.words, E'\\x01'))
FROM unnest($2::uuid[], $3::text[]) AS given (review_id, words)
ON CONFLICT (review_id) DO UPDATE SET words = excluded.words WHERE review_texts.words <> excluded.words
"""
_PURGE = "DELETE FROM review_texts WHERE review_id = ANY($1::uuid[])"
# Rows of before the columns were there, or that a version without them has changed since. One that a delivery is
# writing is left to it: it fills them.
_GIVEN = """
unnest($1::uuid[], $2::int[], $3::boolean[], $4::text[], $5::text[], $6::bigint[])
    AS given (review_id, revision, verified, origin, language, traits)
"""
_TO_BE_FILLED = f"""
SELECT r.ctid FROM {_GIVEN} JOIN reviews r ON r.tenant_id = $7 AND r.id = given.review_id
    AND r.revision = given.revision AND (r.verified IS NULL OR r.traits IS DISTINCT FROM given.traits)
"""
_HAS_EMPTY = f"SELECT EXISTS ({_TO_BE_FILLED})"
_FILL = f"""
UPDATE reviews r SET verified = given.verified, origin = given.origin, language = given.language, traits = given.traits
FROM {_GIVEN}
WHERE r.tenant_id = $7 AND r.id = given.review_id AND r.revision = given.revision
AND r.ctid = ANY(ARRAY({_TO_BE_FILLED} FOR UPDATE OF r SKIP LOCKED))
"""
_FILL_REVISIONS = """
UPDATE revisions v SET traits = given.traits FROM unnest($1::uuid[], $2::int[], $3::bigint[])
    AS given (review_id, revision, traits)
WHERE v.tenant_id = $4 AND v.review_id = given.review_id AND v.revision = given.revision
"""
_MOVE = """
INSERT INTO review_text_positions (tenant_id, xid, review_id, revision) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id) DO UPDATE
SET xid = excluded.xid, review_id = excluded.review_id, revision = excluded.revision
"""


@dataclass(frozen=True, slots=True)
class Position:
    """The last revision of a tenant whose words are indexed."""

    xid: int
    review_id: UUID
    revision: int


BEGINNING: Final = Position(0, UUID(int=0), 0)


@dataclass(frozen=True, slots=True)
class Stated:
    """A revision with the state after it; None of an erased review."""

    position: Position
    removed: bool
    state: ReviewState | None
    traits: int | None
    """As it is stored; None where it is from before that was kept."""


async def tenant_behind(tx: Tx, resting: Sequence[str]) -> str | None:
    """Return a tenant with revisions that are not indexed, none of those that rest; None when there is none."""
    found: str | None = await tx.raw.fetchval(_TENANT_BEHIND, resting)
    return found


async def lock_position(tx: Tx, tenant_id: str) -> Position | None:
    """Lock how far a tenant's revisions are indexed; None while another worker does so. Assigns no xid."""
    if not await try_lock(tx, [f"search-index:{tenant_id}"]):
        return None
    row = await tx.raw.fetchrow(_POSITION, tenant_id)
    return BEGINNING if row is None else Position(**row)


async def following(tx: Tx, tenant_id: str, after: Position, limit: int) -> list[Stated]:
    """Return a tenant's next revisions in the order of commits; all before them are final."""
    rows = await tx.raw.fetch(_NEXT, tenant_id, after.xid, after.review_id, after.revision, limit)
    return [
        Stated(
            Position(row["xid"], row["review_id"], row["revision"]),
            row["removed"],
            read_state(row["state"], row["state_format"]),
            row["traits"],
        )
        for row in rows
    ]


async def index(tx: Tx, tenant_id: str, texts: Sequence[tuple[UUID, Sequence[str]]]) -> None:
    """Store the words of reviews, each once."""
    await tx.raw.execute(
        _INDEX, tenant_id, [review_id for review_id, _ in texts], [SEPARATOR.join(words) for _, words in texts]
    )


async def purge(tx: Tx, review_ids: Sequence[UUID]) -> None:
    """Delete the words of reviews that were erased."""
    if review_ids:
        await tx.raw.execute(_PURGE, review_ids)


async def fill(tx: Tx, tenant_id: str, states: Sequence[tuple[Position, ReviewState]]) -> None:
    """Fill columns of reviews that were stored before these columns were there."""
    values: list[list[Any]] = [
        [position.review_id for position, _ in states],
        [position.revision for position, _ in states],
        [state.verified for _, state in states],
        [state.origin.value for _, state in states],
        [state.spoken for _, state in states],
        [state.traits for _, state in states],
    ]
    if await tx.raw.fetchval(_HAS_EMPTY, *values, tenant_id):
        await tx.raw.execute(_FILL, *values, tenant_id)


async def fill_revisions(tx: Tx, tenant_id: str, revisions: Sequence[tuple[Position, int]]) -> None:
    """Fill what lists ask of revisions that were stored before it was kept."""
    if revisions:
        ids = [position.review_id for position, _ in revisions]
        numbers = [position.revision for position, _ in revisions]
        await tx.raw.execute(_FILL_REVISIONS, ids, numbers, [traits for _, traits in revisions], tenant_id)


async def move(tx: Tx, tenant_id: str, to: Position) -> None:
    """Store how far a tenant's revisions are indexed."""
    await tx.raw.execute(_MOVE, tenant_id, to.xid, to.review_id, to.revision)
