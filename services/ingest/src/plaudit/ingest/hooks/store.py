"""The statements of a group of deliveries, over arrays. They read and write the tables of several rooms."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, under
from plaudit.ingest.deliveries.tables import deliveries as deliveries_table
from plaudit.ingest.hooks.domain import DeliveryKey, LoggedDelivery, Outcome, ReviewKey
from plaudit.ingest.reviews.domain.decisions import NewRevision
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.reviews.store import STATE_FORMAT, decode_state, encode_state
from plaudit.ingest.reviews.tables import reviews as reviews_table
from plaudit.ingest.reviews.tables import revisions as revisions_table


class _DeliveryRow(msgspec.Struct, frozen=True):
    logged: LoggedDelivery
    quarantined: str | None


class _RevisionRow(msgspec.Struct, frozen=True):
    new: NewRevision
    state: bytes | None
    state_format: int = STATE_FORMAT


_DELIVERIES = Columns(
    deliveries_table,
    under("logged", "dedup_id", "received_at")
    | under("logged.outcome", "status", "accepted", "unchanged", "quarantine_reason")
    | under("logged.delivery", "id", "sent_id", "headers", "body")
    | {"tenant_id": "logged.delivery.source.tenant_id", "source_id": "logged.delivery.source.id"},
)
_REVISIONS = Columns(
    revisions_table,
    under("new", "tenant_id", "delivery_id", "type", "known_at")
    | under("new.stored", "review_id", "revision", "version"),
)
_OF_STORED = under("stored", "external_id", "revision", "version", "removed", "partition_key")
_OF_REVIEW = _OF_STORED | {"id": "stored.review_id", "changed_at": "known_at"}
_OF_STATE = ("subject", "kind", "rating", "severity", "published_at", "answered_at")
_REVIEWS = Columns(reviews_table, _OF_REVIEW | under("stored.state", *_OF_STATE))
_TOMBSTONES = Columns(reviews_table, _OF_REVIEW, without=_OF_STATE)
"""Reviews that were removed before anything was known of them: the columns of a state stay null."""

# Each key is looked up by itself, behind OFFSET 0: joined freely, a plan made while the tables were small reads all of
# them for every group, until they have been analysed.
_SELECT_OUTCOMES = """
SELECT found.* FROM unnest($1::uuid[], $2::text[]) AS sent (source_id, dedup_id)
CROSS JOIN LATERAL (
    SELECT d.source_id, d.dedup_id, d.id, d.status, d.accepted, d.unchanged, d.quarantined, d.quarantine_reason, d.body
    FROM deliveries d WHERE d.source_id = sent.source_id AND d.dedup_id = sent.dedup_id
    OFFSET 0
) AS found
"""
_SELECT_REVIEWS = """
SELECT found.* FROM unnest($1::uuid[], $2::text[]) AS wanted (source_id, external_id)
CROSS JOIN LATERAL (
    SELECT r.source_id, r.external_id, r.id, r.revision, r.version, r.removed, r.partition_key, v.state, v.state_format
    FROM reviews r JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
    WHERE r.source_id = wanted.source_id AND r.external_id = wanted.external_id
    OFFSET 0
) AS found
"""
_INSERT_DELIVERIES = f"INSERT INTO deliveries ({_DELIVERIES.listed}) SELECT * FROM {_DELIVERIES.unnest()}"
_INSERT_REVISIONS = f"INSERT INTO revisions ({_REVISIONS.listed}) SELECT * FROM {_REVISIONS.unnest()}"


def _upsert(columns: Columns) -> str:
    return (
        f"INSERT INTO reviews ({columns.listed}) SELECT * FROM {columns.unnest()} "
        "ON CONFLICT (source_id, external_id) DO UPDATE "
        f"SET {columns.excluded(keep=('tenant_id', 'id', 'partition_key'))}"
    )


_UPSERT_REVIEWS = _upsert(_REVIEWS)
_UPSERT_TOMBSTONES = _upsert(_TOMBSTONES)

_encode = msgspec.json.Encoder().encode


async def outcomes(tx: Tx, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, Outcome]:
    """Return what became of those of the deliveries that came before."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_SELECT_OUTCOMES, [source_id for source_id, _ in keys], [sent_id for _, sent_id in keys])
    return {(str(row["source_id"]), row["dedup_id"]): _outcome(row) for row in rows}


def _outcome(row: Any) -> Outcome:
    return Outcome(
        id=str(row["id"]),
        status=row["status"],
        accepted=row["accepted"],
        unchanged=row["unchanged"],
        quarantined=tuple((index, reason) for index, reason in row["quarantined"] or ()),
        quarantine_reason=row["quarantine_reason"],
        body=row["body"],
    )


async def reviews(tx: Tx, keys: Collection[ReviewKey]) -> dict[ReviewKey, StoredReview]:
    """Return the stored reviews among the keys, with their last state."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_SELECT_REVIEWS, [source_id for source_id, _ in keys], [name for _, name in keys])
    return {(str(row["source_id"]), row["external_id"]): _stored_review(row) for row in rows}


def _stored_review(row: Any) -> StoredReview:
    return StoredReview(
        review_id=str(row["id"]),
        external_id=row["external_id"],
        revision=row["revision"],
        version=row["version"],
        removed=row["removed"],
        partition_key=row["partition_key"],
        state=decode_state(row["state"], row["state_format"]),
    )


async def insert_deliveries(tx: Tx, log: Sequence[LoggedDelivery]) -> None:
    """Store deliveries byte for byte."""
    rows = [
        _DeliveryRow(each, _encode(each.outcome.quarantined).decode() if each.outcome.quarantined else None)
        for each in log
    ]
    if rows:
        await tx.raw.execute(_INSERT_DELIVERIES, *_DELIVERIES.arrays(rows))


async def insert_revisions(tx: Tx, revisions: Sequence[NewRevision]) -> None:
    """Append revisions."""
    rows = [_RevisionRow(new, encode_state(new.stored.state)) for new in revisions]
    if rows:
        await tx.raw.execute(_INSERT_REVISIONS, *_REVISIONS.arrays(rows))


async def upsert_reviews(tx: Tx, latest: Sequence[NewRevision]) -> None:
    """Store what reviews are after these revisions; at most one revision of each review."""
    ordered = sorted(latest, key=lambda new: (new.source_id, new.stored.external_id))
    with_state = [new for new in ordered if new.stored.state is not None]
    if with_state:
        await tx.raw.execute(_UPSERT_REVIEWS, *_REVIEWS.arrays(with_state))
    tombstones = [new for new in ordered if new.stored.state is None]
    if tombstones:
        await tx.raw.execute(_UPSERT_TOMBSTONES, *_TOMBSTONES.arrays(tombstones))
