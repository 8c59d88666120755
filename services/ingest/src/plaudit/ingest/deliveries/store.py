"""The statements of the log of deliveries, and of events that wait for their reviews. `hooks/store/` writes both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import asdict
from sqlalchemy import func, select, tuple_

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.common.tenants import store as tenants
from plaudit.common.vault import Vault
from plaudit.ingest.deliveries.domain import RevisedReview
from plaudit.ingest.deliveries.tables import deliveries, failed_attempts
from plaudit.ingest.reviews.tables import held_events
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import KeyedSource

Row = dict[str, Any]
"""Columns by name, with `body_bytes`."""

WaitedFor = tuple[str, str, str]
"""An unknown review that events wait for: (tenant id, source id, external id)"""

MAX_SEARCH_CHARS = 300
MAX_FOUND = 500
"""Deliveries that a search by an id looks at, the latest."""
MAX_GROUPED = 20_000
"""Events in quarantine that are counted by their reasons, the latest."""
_BODY_BYTES = func.length(deliveries.c.body).label("body_bytes")
# Ids begin with the time, so the oldest are the first of the primary key.
_DELETE = """
DELETE FROM deliveries WHERE id IN (
    SELECT id FROM (SELECT id, received_at FROM deliveries ORDER BY id LIMIT $2) AS oldest WHERE received_at < $1
)
"""
_LISTED = Columns(deliveries, without=("body",)).of("d")
_IN_LOG = "d.received_at > '-infinity'"
"""Always true: it is the condition of the index `deliveries_log`, which only queries that state it can use."""
TOLD = """(
    d.quarantine_reason IS NOT NULL OR d.quarantined IS NOT NULL OR d.set_aside IS NOT NULL
    OR (d.sent_id IS NOT NULL AND d.dedup_id IS NULL)
)"""
"""The condition of the index `deliveries_told`: not all of it was simply taken."""
_QUARANTINED = "(d.quarantine_reason IS NOT NULL OR d.quarantined IS NOT NULL)"
# The next source is looked up in the index of the log, so a list of few sources reads few of its rows.
_SOURCES = f"""
WITH RECURSIVE found AS (
    (
        SELECT d.source_id FROM deliveries d WHERE d.tenant_id = $1 AND {_IN_LOG}
        ORDER BY d.source_id LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT d.source_id FROM deliveries d
        WHERE d.tenant_id = $1 AND {_IN_LOG} AND d.source_id > found.source_id ORDER BY d.source_id LIMIT 1
    )
    FROM found WHERE found.source_id IS NOT NULL
)
SELECT source_id FROM found WHERE source_id IS NOT NULL
"""
_BY_SENT_ID = f"""
SELECT d.id FROM deliveries d WHERE d.tenant_id = $1 AND d.source_id = ANY($2::uuid[]) AND d.dedup_id = $3
UNION ALL
SELECT d.id FROM deliveries d WHERE d.tenant_id = $1 AND {TOLD} AND d.dedup_id IS NULL AND d.sent_id = $3
"""
_BY_EXTERNAL_ID = """
SELECT v.delivery_id AS id FROM reviews r JOIN revisions v ON v.review_id = r.id
WHERE r.tenant_id = $1 AND r.source_id = ANY($2::uuid[]) AND r.external_id = $3
UNION ALL
SELECT h.delivery_id FROM held_events h
WHERE h.tenant_id = $1 AND h.source_id = ANY($2::uuid[]) AND h.external_id = $3
"""
_BY_SEARCH = f"""
SELECT DISTINCT id FROM ({_BY_SENT_ID} UNION ALL {_BY_EXTERNAL_ID}) AS found ORDER BY id DESC LIMIT {MAX_FOUND}
"""
_OF_REASON = """(
    to_json(d.quarantine_reason)::text ILIKE $8 OR d.quarantined::text ILIKE $8 OR d.set_aside::text ILIKE $8
)"""
_FILTERED = f"""
d.tenant_id = $1
AND ($3::boolean IS NULL OR {_QUARANTINED} = $3)
AND (d.received_at, d.id)
    < (coalesce($4::timestamptz, 'infinity'), coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
AND ($7::uuid[] IS NULL OR d.source_id = ANY($7))
"""
_LATEST = "ORDER BY d.received_at DESC, d.id DESC LIMIT $6"


def _page(found: str) -> str:
    # Each parameter is named, so that one list of them serves all pages.
    return f"""
SELECT {_LISTED}, length(d.body) AS body_bytes FROM ({found}) AS d
WHERE $2::uuid[] IS NOT NULL OR $8::text IS NOT NULL OR true {_LATEST}
"""


_PAGE = _page(f"""
SELECT d.* FROM unnest($2::uuid[]) AS of_source (id) CROSS JOIN LATERAL (
    SELECT * FROM deliveries d WHERE d.source_id = of_source.id AND {_IN_LOG} AND {_FILTERED} {_LATEST}
) AS d
""")
_PAGE_OF_TOLD = _page(f"SELECT * FROM deliveries d WHERE {TOLD} AND {_FILTERED} {_LATEST}")
_PAGE_OF_IDS = _page(f"SELECT * FROM deliveries d WHERE d.id = ANY($2::uuid[]) AND {_FILTERED}")
_PAGE_OF_SEARCH = _page(f"""
(SELECT * FROM deliveries d WHERE d.id = ANY($2::uuid[]) AND {_FILTERED})
UNION ALL
(
    SELECT * FROM deliveries d
    WHERE {TOLD} AND {_OF_REASON} AND d.id <> ALL($2::uuid[]) AND {_FILTERED} {_LATEST}
)
""")
_REVIEWS_OF = """
SELECT r.external_id, r.id, array_agg(v.revision ORDER BY v.revision) FILTER (WHERE v.delivery_id = $3) AS revisions
FROM reviews r LEFT JOIN revisions v ON v.review_id = r.id AND v.delivery_id = $3
WHERE r.tenant_id = $1 AND r.source_id = $2 AND r.external_id = ANY($4::text[]) AND r.revision > 0
GROUP BY r.external_id, r.id
"""
_EVENTS = f"""
SELECT d.id AS delivery_id, d.source_id, d.sent_id, d.received_at, of_event.index, of_event.reason
FROM deliveries d CROSS JOIN LATERAL (
    SELECT (each ->> 0)::int AS index, each ->> 1 AS reason FROM jsonb_array_elements(d.quarantined) AS each
    UNION ALL
    SELECT -1, d.quarantine_reason WHERE d.quarantined IS NULL
) AS of_event
WHERE d.tenant_id = $1 AND {TOLD} AND {_QUARANTINED} AND d.scrubbed_at IS NULL
AND ($2::uuid IS NULL OR d.source_id = $2)
"""
_QUARANTINE = f"""
SELECT delivery_id, source_id, sent_id, received_at, nullif(index, -1) AS index, reason FROM ({_EVENTS}) AS events
WHERE ($3::text IS NULL OR reason = $3)
AND ($4::timestamptz IS NULL OR (received_at, delivery_id, index) < ($4, $5::uuid, coalesce($6::int, -1)))
ORDER BY received_at DESC, delivery_id DESC, index DESC LIMIT $7
"""
_REASONS = f"""
SELECT source_id, reason, count(*) AS events, min(received_at) AS first_at, max(received_at) AS last_at,
    (array_agg(delivery_id ORDER BY received_at DESC))[1] AS last_delivery_id
FROM (SELECT * FROM ({_EVENTS}) AS events ORDER BY received_at DESC LIMIT {MAX_GROUPED}) AS events
GROUP BY source_id, reason ORDER BY max(received_at) DESC, source_id, reason LIMIT $3
"""
_WILD = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})


@dataclass(frozen=True)
class Filters:
    """Which deliveries a list holds; what is None does not restrict it."""

    source_id: UUID | None = None
    sent_id: str | None = None
    quarantined: bool | None = None
    """Only those with something quarantined, or only those without."""
    search: str | None = None
    """An id of the delivery, here or of the sender, or of a review in it; or words of a reason."""


async def page(
    tx: SqlTx, tenant_id: str, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return up to `limit` deliveries without their bodies, the latest first."""
    only = None if filters.source_id is None else [filters.source_id]
    of_sources = only or [row["source_id"] for row in await tx.raw.fetch(_SOURCES, tenant_id)]
    statement, among, words = _PAGE, of_sources, None
    if filters.sent_id is not None:
        found = await tx.raw.fetch(_BY_SENT_ID, tenant_id, of_sources, filters.sent_id)
        statement, among = _PAGE_OF_IDS, [row["id"] for row in found]
    elif filters.search is not None:
        statement, among = _PAGE_OF_SEARCH, await _found(tx, tenant_id, of_sources, filters.search)
        words = f"%{msgspec.json.encode(filters.search)[1:-1].decode().translate(_WILD)}%"
    elif filters.quarantined:
        statement = _PAGE_OF_TOLD
    place = after or (None, None)
    rows = await tx.raw.fetch(statement, tenant_id, among, filters.quarantined, *place, limit, only, words)
    return [dict(row) for row in rows]


async def _found(tx: Tx, tenant_id: str, of_sources: Sequence[UUID], search: str) -> list[UUID]:
    """Return the deliveries that an id may mean: their own, the sender's, or that of a review."""
    found = [row["id"] for row in await tx.raw.fetch(_BY_SEARCH, tenant_id, of_sources, search)]
    try:
        return [*found, UUID(search)]
    except ValueError:
        return found


async def source_names(tx: Tx, tenant_id: str) -> dict[UUID, str]:
    """Return the names of the tenant's sources by their ids, in the order of the names."""
    rows = await tx.raw.fetch("SELECT id, name FROM sources WHERE tenant_id = $1 ORDER BY lower(name), id", tenant_id)
    return {row["id"]: row["name"] for row in rows}


async def keyed_source(tx: SqlTx, tenant_id: str, source_id: UUID, vault: Vault) -> KeyedSource | None:
    """Return one of the tenant's sources as its deliveries are read."""
    source = await sources.get(tx, tenant_id, source_id, vault)
    person_key = await tenants.person_key_of(tx, tenant_id)
    if source is None or person_key is None:
        return None
    return KeyedSource(**asdict(source), person_key=person_key)


async def reviews_of(
    tx: Tx, tenant_id: str, source_id: UUID, delivery_id: UUID, external_ids: Sequence[str]
) -> dict[str, RevisedReview]:
    """Return the reviews of a source by their external ids, each with the revisions that a delivery made of it."""
    rows = await tx.raw.fetch(_REVIEWS_OF, tenant_id, source_id, delivery_id, list(external_ids))
    return {row["external_id"]: RevisedReview(row["id"], tuple(row["revisions"] or ())) for row in rows}


async def get(tx: SqlTx, tenant_id: str, delivery_id: UUID) -> Row | None:
    """Return one delivery with its body, byte for byte."""
    statement = select(deliveries, _BODY_BYTES).where(
        deliveries.c.tenant_id == tenant_id, deliveries.c.id == delivery_id
    )
    row = (await tx.sql.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def quarantined_page(
    tx: Tx,
    tenant_id: str,
    source_id: UUID | None,
    reason: str | None,
    after: tuple[datetime, UUID, int | None] | None,
    limit: int,
) -> list[Row]:
    """Return up to `limit` events in quarantine, the latest first; index None stands for a whole delivery."""
    place = after or (None, None, None)
    return [dict(row) for row in await tx.raw.fetch(_QUARANTINE, tenant_id, source_id, reason, *place, limit)]


async def quarantine_by_reason(tx: Tx, tenant_id: str, source_id: UUID | None, limit: int) -> list[Row]:
    """Return the reasons for which events are in quarantine, with how many there are, the latest first."""
    return [dict(row) for row in await tx.raw.fetch(_REASONS, tenant_id, source_id, limit)]


async def held_page(
    tx: SqlTx, tenant_id: str, source_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Return up to `limit` events that wait for their reviews, the latest first."""
    columns = held_events.c
    statement = select(held_events).where(columns.tenant_id == tenant_id)
    if source_id is not None:
        statement = statement.where(columns.source_id == source_id)
    if after is not None:
        statement = statement.where(tuple_(columns.received_at, columns.id) < after)
    ordered = statement.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)
    return [dict(row) for row in (await tx.sql.execute(ordered)).mappings()]


async def waited_for_since(tx: Tx, before: datetime, limit: int) -> list[WaitedFor]:
    """Return unknown reviews that events from before a time still wait for, under a worker."""
    rows = await tx.raw.fetch(_WAITED_FOR, before, limit)
    return sorted({(row["tenant_id"], str(row["source_id"]), row["external_id"]) for row in rows})


async def quarantine_held(tx: Tx, before: datetime, reviews: Sequence[WaitedFor], reason: str) -> int:
    """Move the events from before a time into the quarantine of their deliveries; return how many that were."""
    expired: int = await tx.raw.fetchval(_QUARANTINE_HELD, before, *_arrays(reviews), reason)
    return expired


async def delete_unknown(tx: Tx, reviews: Sequence[WaitedFor]) -> None:
    """Delete the rows of unknown reviews that no event waits for."""
    await tx.raw.execute(_DELETE_UNKNOWN, *_arrays(reviews))


def _arrays(reviews: Sequence[WaitedFor]) -> tuple[list[str], list[str]]:
    return [source_id for _, source_id, _ in reviews], [external_id for _, _, external_id in reviews]


_WAITED_FOR = """
SELECT tenant_id, source_id, external_id FROM held_events WHERE received_at < $1 ORDER BY received_at LIMIT $2
"""
_QUARANTINE_HELD = """
WITH expired AS (
    DELETE FROM held_events h USING unnest($2::uuid[], $3::text[]) AS of_review (source_id, external_id)
    WHERE h.source_id = of_review.source_id AND h.external_id = of_review.external_id AND h.received_at < $1
    RETURNING h.delivery_id, h.event_index
),
by_delivery AS (
    SELECT delivery_id, array_agg(event_index) AS indexes,
           jsonb_agg(jsonb_build_array(event_index, $4::text)) AS quarantined
    FROM expired GROUP BY delivery_id
),
quarantined AS (
    UPDATE deliveries d SET
        quarantined = (
            SELECT jsonb_agg(event ORDER BY (event ->> 0)::int)
            FROM jsonb_array_elements(coalesce(d.quarantined, '[]') || e.quarantined) AS event
        ),
        set_aside = jsonb_set(coalesce(d.set_aside, '{}'), '{held}', coalesce((
            SELECT jsonb_agg(event) FROM jsonb_array_elements(d.set_aside -> 'held') AS event
            WHERE (event ->> 0)::int <> ALL(e.indexes)
        ), '[]'))
    FROM by_delivery e WHERE d.id = e.delivery_id
)
SELECT count(*) FROM expired
"""
_DELETE_UNKNOWN = """
DELETE FROM reviews r USING unnest($1::uuid[], $2::text[]) AS of_review (source_id, external_id)
WHERE r.source_id = of_review.source_id AND r.external_id = of_review.external_id AND r.revision = 0
AND NOT EXISTS (
    SELECT FROM held_events h WHERE h.source_id = r.source_id AND h.external_id = r.external_id
)
"""


async def failed_attempts_page(
    tx: SqlTx, tenant_id: str, source_id: UUID, after: tuple[datetime, str] | None, limit: int
) -> list[Row]:
    """Return up to `limit` lines of a source's failed attempts, the latest hour first."""
    columns = failed_attempts.c
    statement = select(failed_attempts).where(columns.tenant_id == tenant_id, columns.source_id == source_id)
    if after is not None:
        statement = statement.where(tuple_(columns.hour, columns.reason) < after)
    ordered = statement.order_by(columns.hour.desc(), columns.reason.desc()).limit(limit)
    return [dict(row) for row in (await tx.sql.execute(ordered)).mappings()]


async def latest_failed_attempts(
    tx: SqlTx, tenant_id: str, source_id: UUID | None, after: tuple[datetime, UUID, str] | None, limit: int
) -> list[Row]:
    """Return up to `limit` lines of failed attempts of one source or all, the latest first."""
    columns = failed_attempts.c
    statement = select(failed_attempts).where(columns.tenant_id == tenant_id)
    if source_id is not None:
        statement = statement.where(columns.source_id == source_id)
    place = (columns.last_at, columns.source_id, columns.reason)
    if after is not None:
        statement = statement.where(tuple_(*place) < after)
    ordered = statement.order_by(*(column.desc() for column in place)).limit(limit)
    return [dict(row) for row in (await tx.sql.execute(ordered)).mappings()]


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete up to `max_rows` of the oldest deliveries that were received before a time; return how many."""
    return rows_changed(await tx.raw.execute(_DELETE, before, max_rows))
