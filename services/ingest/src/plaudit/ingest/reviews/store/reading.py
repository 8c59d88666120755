"""The statements that read reviews and their revisions, one by one."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, select

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.errors import LaterVersionError
from plaudit.ingest.reviews.domain.state import KnownReview, Review, ReviewState, Revision, StoredReview
from plaudit.ingest.reviews.domain.state_formats import decode_state
from plaudit.ingest.reviews.domain.versions import PartVersions
from plaudit.ingest.reviews.tables import reviews, revisions

STORED = (revisions.c.state, revisions.c.state_format)
IS_CURRENT = and_(revisions.c.review_id == reviews.c.id, revisions.c.revision == reviews.c.revision)
_REVIEWS = select(*(reviews.c[name] for name in Review.__struct_fields__ if name != "state"), *STORED).join(
    revisions, IS_CURRENT
)
_REVISIONS = select(*(revisions.c[name] for name in Revision.__struct_fields__ if name != "state"), *STORED)
_STORED_REVIEW = """
SELECT r.source_id, r.id::text AS review_id, r.external_id, r.revision, r.version, r.removed, r.partition_key,
    r.part_versions, r.erased_at, v.state, v.state_format
FROM reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
WHERE r.tenant_id = $1 AND r.id = $2 AND v.state IS NOT NULL
"""
_SOURCES = "SELECT id, name, platform FROM sources WHERE tenant_id = $1 ORDER BY name, id"
_decode_versions = msgspec.msgpack.Decoder(PartVersions).decode


async def get(tx: SqlTx, tenant_id: str, review_id: UUID) -> Review | None:
    """Return one review; None also for a tombstone that never had a state."""
    statement = _REVIEWS.where(
        reviews.c.tenant_id == tenant_id, reviews.c.id == review_id, revisions.c.state.is_not(None)
    )
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else Review(**values_of(row))


async def some(tx: SqlTx, tenant_id: str, review_ids: Collection[UUID]) -> dict[UUID, Review]:
    """Return those of the reviews that there are, by id."""
    statement = _REVIEWS.where(
        reviews.c.tenant_id == tenant_id, reviews.c.id.in_(review_ids), revisions.c.state.is_not(None)
    )
    found = [Review(**values_of(row)) for row in (await tx.sql.execute(statement)).mappings()]
    return {each.id: each for each in found}


async def stored(tx: Tx, tenant_id: str, review_id: UUID) -> KnownReview | None:
    """Return a review as a decision needs it; None also for one that was erased, or is only waited for."""
    row = await tx.raw.fetchrow(_STORED_REVIEW, tenant_id, review_id)
    if row is None:
        return None
    values = values_of(dict(row))
    source_id, part_versions = values.pop("source_id"), values.pop("part_versions")
    told = None if part_versions is None else _decode_versions(part_versions)
    return KnownReview(tenant_id=tenant_id, source_id=source_id, stored=StoredReview(**values, part_versions=told))


async def history(tx: SqlTx, tenant_id: str, review_id: UUID) -> list[Revision]:
    """Return all revisions of a review, the first one first."""
    columns = revisions.c
    statement = _REVISIONS.where(columns.tenant_id == tenant_id, columns.review_id == review_id)
    ordered = statement.order_by(columns.revision)
    return [Revision(**values_of(row)) for row in (await tx.sql.execute(ordered)).mappings()]


async def source_choices(tx: Tx, tenant_id: str) -> list[tuple[UUID, str, str]]:
    """Return id, name and platform of the tenant's sources, by name."""
    return [tuple(row) for row in await tx.raw.fetch(_SOURCES, tenant_id)]


def read_state(stored: bytes | None, state_format: int) -> ReviewState | None:
    """Return the state that a revision stores.

    Raises:
        LaterVersionError: a form that this code does not know.
    """
    try:
        return decode_state(stored, state_format)
    except KeyError as error:
        raise LaterVersionError(f"a state has form {state_format}, which a later version has written") from error


def values_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the values of a row, with the state that it stores."""
    values = dict(row)
    values["state"] = read_state(values["state"], values.pop("state_format"))
    return values
