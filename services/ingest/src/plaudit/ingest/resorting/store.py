"""Every statement of runs that sort stored reviews again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.ingest.resorting.domain import SETTLING, SortingRun
from plaudit.ingest.resorting.tables import sorting_runs
from plaudit.ingest.reviews.domain.decisions import NewRevision
from plaudit.ingest.reviews.domain.state import ReviewState, StoredReview
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state
from plaudit.ingest.reviews.store import read_state

_RUNS = Columns(sorting_runs)
_SELECT = f"SELECT {_RUNS.listed} FROM sorting_runs"
_ADD = f"INSERT INTO sorting_runs ({_RUNS.listed}) VALUES ({_RUNS.values()})"
_OPEN = f"{_SELECT} WHERE finished_at IS NULL AND requested_at <= now() - $1::interval ORDER BY requested_at LIMIT 1"
IS_OPEN = f"""
SELECT EXISTS (
    SELECT FROM sorting_runs
    WHERE finished_at IS NULL AND requested_at <= now() - interval '{SETTLING.total_seconds():.0f} seconds'
)
"""
"""The condition that a run is to be carried on, for `Database.holds`."""
_WAITING = f"{_SELECT} WHERE tenant_id = $1 AND finished_at IS NULL ORDER BY requested_at DESC LIMIT 1"
_GET = f"{_SELECT} WHERE tenant_id = $1 AND id = $2"
_PAGE = f"""
{_SELECT} WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (requested_at, id) < ($2, $3::uuid))
ORDER BY requested_at DESC, id DESC LIMIT $4
"""
_SAVE = """
UPDATE sorting_runs SET place = $2, read = $3, changed = $4, severities = $5::text::jsonb, finished_at = $6
WHERE id = $1
"""
_STORED = """
SELECT r.source_id, r.id AS review_id, r.external_id, r.revision, r.version, r.removed, r.partition_key, r.erased_at,
    v.state, v.state_format
FROM reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
"""
_NEXT = f"{_STORED} WHERE r.tenant_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3"
_THESE = f"{_STORED} WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[])"
_LATEST = """
SELECT r.published_at, r.id, v.state, v.state_format
FROM reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
WHERE r.tenant_id = $1 AND r.published_at IS NOT NULL AND NOT r.removed AND v.state IS NOT NULL
AND ($2::timestamptz IS NULL OR (r.published_at, r.id) < ($2, $3::uuid))
ORDER BY r.published_at DESC, r.id DESC LIMIT $4
"""
_REVISE = """
WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::bytea[], $10::bigint[])
        AS given (review_id, revision, severity, language, state, traits)
), revised AS (
    UPDATE reviews r SET revision = given.revision, severity = given.severity, language = given.language,
        traits = given.traits, changed_at = $7
    FROM given WHERE r.tenant_id = $1 AND r.id = given.review_id
    RETURNING r.id, given.revision, given.state, given.traits, r.version, r.removed
)
INSERT INTO revisions
    (tenant_id, review_id, revision, delivery_id, type, version, known_at, state, state_format, removed, traits)
SELECT $1, id, revision, $8, 'review.sorted', version, $7, state, $9, removed, traits FROM revised
"""


async def add(tx: Tx, run: SortingRun) -> None:
    """Store a new run."""
    await tx.raw.execute(_ADD, *_RUNS.row(msgspec.structs.replace(run, severities=_json(run))))


async def waiting(tx: Tx, tenant_id: str) -> SortingRun | None:
    """Return the tenant's latest run that is not finished."""
    row = await tx.raw.fetchrow(_WAITING, tenant_id)
    return None if row is None else SortingRun(**dict(row))


async def first_open(tx: Tx) -> SortingRun | None:
    """Return the run that was asked for first of those that are to be carried on."""
    row = await tx.raw.fetchrow(_OPEN, SETTLING)
    return None if row is None else SortingRun(**dict(row))


async def get(tx: Tx, tenant_id: str, run_id: UUID) -> SortingRun | None:
    """Return one of the tenant's runs."""
    row = await tx.raw.fetchrow(_GET, tenant_id, run_id)
    return None if row is None else SortingRun(**dict(row))


async def page(tx: SqlTx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[SortingRun]:
    """Return up to `limit` of the tenant's runs, the latest first."""
    rows = await tx.raw.fetch(_PAGE, tenant_id, *(after or (None, None)), limit)
    return [SortingRun(**dict(row)) for row in rows]


async def save(tx: Tx, run: SortingRun) -> None:
    """Store how far a run is."""
    await tx.raw.execute(_SAVE, run.id, run.place, run.read, run.changed, _json(run), run.finished_at)


async def following(tx: Tx, run: SortingRun, limit: int) -> list[tuple[UUID, StoredReview]]:
    """Return the run's next reviews, each with its source; erased ones too."""
    return [_stored(row) for row in await tx.raw.fetch(_NEXT, run.tenant_id, run.place, limit)]


async def these(tx: Tx, tenant_id: str, review_ids: Collection[str]) -> list[tuple[UUID, StoredReview]]:
    """Return these reviews as they are now, each with its source."""
    return [_stored(row) for row in await tx.raw.fetch(_THESE, tenant_id, list(review_ids))]


async def revise(tx: Tx, run: SortingRun, revisions: Sequence[NewRevision]) -> None:
    """Store revisions of reviews whose order keys are locked."""
    states = [new.stored.state for new in revisions]
    await tx.raw.execute(
        _REVISE,
        run.tenant_id,
        [new.stored.review_id for new in revisions],
        [new.stored.revision for new in revisions],
        [state.severity.value if state else None for state in states],
        [state.spoken if state else None for state in states],
        [encode_state(state) for state in states],
        tx.now,
        run.id,
        STATE_FORMAT,
        [state.traits if state else None for state in states],
    )


async def latest(
    tx: Tx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[ReviewState], tuple[datetime, UUID] | None]:
    """Return the states of the tenant's latest published reviews, and the place of the last one."""
    rows = await tx.raw.fetch(_LATEST, tenant_id, *(after or (None, None)), limit)
    states = [read_state(row["state"], row["state_format"]) for row in rows]
    place = (rows[-1]["published_at"], rows[-1]["id"]) if rows else None
    return [state for state in states if state is not None], place


def _stored(row: Any) -> tuple[UUID, StoredReview]:
    values = dict(row)
    source_id = values.pop("source_id")
    state = read_state(values.pop("state"), values.pop("state_format"))
    return source_id, StoredReview(**{**values, "review_id": str(values["review_id"])}, state=state)


def _json(run: SortingRun) -> str:
    return msgspec.json.encode(run.severities).decode()
