"""The statements of a group commit: one per table, over arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Tx
from plaudit.ingest.domain.reviews import StoredReview

ReviewKey = tuple[str, str]
"""(source id, external id)"""

# Each key is looked up by itself, behind OFFSET 0: joined freely, a plan made while the tables were small reads all of
# them for every group, until they have been analysed.
_KNOWN_DELIVERIES = """
SELECT found.* FROM unnest($1::uuid[], $2::text[]) AS sent (source_id, dedup_id)
CROSS JOIN LATERAL (
    SELECT d.source_id, d.dedup_id, d.id, d.status, d.accepted, d.unchanged, d.quarantined, d.quarantine_reason, d.body
    FROM deliveries d WHERE d.source_id = sent.source_id AND d.dedup_id = sent.dedup_id
    OFFSET 0
) AS found
"""

_CURRENT_REVIEWS = """
SELECT found.* FROM unnest($1::uuid[], $2::text[]) AS told (source_id, external_id)
CROSS JOIN LATERAL (
    SELECT r.source_id, r.external_id, r.id, r.revision, r.version, r.removed, r.partition_key, v.content
    FROM reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
    WHERE r.source_id = told.source_id AND r.external_id = told.external_id
    OFFSET 0
) AS found
"""

_INSERT_DELIVERIES = """
INSERT INTO deliveries (tenant_id, id, source_id, dedup_id, sent_id, received_at, status, accepted, unchanged,
                        quarantined, quarantine_reason, headers, body)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::smallint[],
                     $8::int[], $9::int[], $10::jsonb[], $11::text[], $12::jsonb[], $13::bytea[])
"""

_UPSERT_REVIEWS = """
INSERT INTO reviews (tenant_id, source_id, external_id, id, revision, version, removed, partition_key, subject, kind,
                     rating, severity, published_at, answered_at, changed_at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::int[], $6::bigint[], $7::boolean[], $8::text[],
                     $9::text[], $10::text[], $11::float8[], $12::text[], $13::timestamptz[], $14::timestamptz[],
                     $15::timestamptz[])
ON CONFLICT (source_id, external_id) DO UPDATE
SET revision = excluded.revision, version = excluded.version, removed = excluded.removed, subject = excluded.subject,
    kind = excluded.kind, rating = excluded.rating, severity = excluded.severity, published_at = excluded.published_at,
    answered_at = excluded.answered_at, changed_at = excluded.changed_at
"""

_INSERT_REVISIONS = """
INSERT INTO revisions (tenant_id, review_id, revision, delivery_id, type, version, known_at, content)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::bigint[], $7::timestamptz[],
                     $8::bytea[])
"""

_encode = msgspec.json.Encoder().encode
_decode_state = msgspec.json.Decoder(ReviewState).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a delivery's answer."""

    id: str
    status: int
    accepted: int
    unchanged: int
    quarantined: tuple[tuple[int, str], ...]
    quarantine_reason: str | None
    body: bytes


class DeliveryRow(NamedTuple):
    """A row of `deliveries`, in the order of its columns."""

    tenant_id: str
    id: str
    source_id: str
    dedup_id: str | None
    sent_id: str | None
    received_at: datetime
    status: int
    accepted: int
    unchanged: int
    quarantined: str | None
    quarantine_reason: str | None
    headers: str
    body: bytes


class RevisionRow(NamedTuple):
    """A row of `revisions`, in the order of its columns."""

    tenant_id: str
    review_id: str
    revision: int
    delivery_id: str
    type: str
    version: int | None
    known_at: datetime
    content: bytes | None


async def known_deliveries(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Kept]:
    """Return (source id, sent id) → what was answered then, for those that were seen before."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_KNOWN_DELIVERIES, [source for source, _ in keys], [sent for _, sent in keys])
    return {(str(row["source_id"]), row["dedup_id"]): _kept(row) for row in rows}


def _kept(row: Any) -> Kept:
    return Kept(
        id=str(row["id"]),
        status=row["status"],
        accepted=row["accepted"],
        unchanged=row["unchanged"],
        quarantined=tuple((index, reason) for index, reason in row["quarantined"] or ()),
        quarantine_reason=row["quarantine_reason"],
        body=row["body"],
    )


async def current_reviews(tx: Tx, keys: Sequence[ReviewKey]) -> dict[ReviewKey, StoredReview]:
    """Return the stored reviews among the keys, with their last content."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_CURRENT_REVIEWS, [source for source, _ in keys], [external for _, external in keys])
    return {(str(row["source_id"]), row["external_id"]): _stored(row) for row in rows}


def _stored(row: Any) -> StoredReview:
    return StoredReview(
        review_id=str(row["id"]),
        external_id=row["external_id"],
        revision=row["revision"],
        version=row["version"],
        removed=row["removed"],
        partition_key=row["partition_key"],
        content=None if row["content"] is None else _decode_state(row["content"]),
    )


async def insert_deliveries(tx: Tx, rows: Sequence[DeliveryRow]) -> None:
    """Keep deliveries byte for byte."""
    if rows:
        await tx.raw.execute(_INSERT_DELIVERIES, *zip(*rows, strict=True))


async def insert_revisions(tx: Tx, rows: Sequence[RevisionRow]) -> None:
    """Append revisions."""
    if rows:
        await tx.raw.execute(_INSERT_REVISIONS, *zip(*rows, strict=True))


async def upsert_reviews(tx: Tx, tenants_and_reviews: Sequence[tuple[str, str, StoredReview]]) -> None:
    """Make reviews, given as (tenant, source id, review), what they are now; each key at most once."""
    if not tenants_and_reviews:
        return
    rows = [
        _review_row(tenant, source_id, stored, tx.now)
        for tenant, source_id, stored in sorted(tenants_and_reviews, key=lambda item: (item[1], item[2].external_id))
    ]
    await tx.raw.execute(_UPSERT_REVIEWS, *zip(*rows, strict=True))


def _review_row(tenant: str, source_id: str, stored: StoredReview, now: datetime) -> tuple[Any, ...]:
    content = stored.content
    answered_at = None
    if content is not None and content.answer is not None and content.answer.state == "published":
        answered_at = content.answer.published_at
    return (
        tenant,
        source_id,
        stored.external_id,
        stored.review_id,
        stored.revision,
        stored.version,
        stored.removed,
        stored.partition_key,
        None if content is None else content.subject,
        None if content is None else content.kind.value,
        None if content is None else content.rating,
        None if content is None else content.severity.value,
        None if content is None else content.published_at,
        answered_at,
        now,
    )


def encode_content(content: ReviewState | None) -> bytes | None:
    """Return content as a revision stores it."""
    return None if content is None else _encode(content)
