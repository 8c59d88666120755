"""Every statement of erasures. They change the tables of all rooms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.ingest.erasure.domain import ErasedReview, Erasure, KnownOfPerson, Stage
from plaudit.ingest.erasure.tables import erasures
from plaudit.ingest.reviews.domain.decisions import Revised
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT
from plaudit.ingest.reviews.store import read_state

_ERASURES = Columns(erasures)
_SELECT = f"SELECT {_ERASURES.listed} FROM erasures"
_ADD = f"INSERT INTO erasures ({_ERASURES.listed}) VALUES ({_ERASURES.values()})"
_OPEN = f"{_SELECT} WHERE stage <> 'done' AND id <> ALL($1::uuid[]) ORDER BY requested_at LIMIT 1"
_LOOKING = "SELECT id FROM erasures WHERE stage = 'reviews' ORDER BY requested_at LIMIT $1"
_HAS_OPEN = "SELECT EXISTS (SELECT FROM erasures WHERE stage <> 'done')"
_PAGE = f"""
{_SELECT} WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (requested_at, id) < ($2, $3::uuid))
ORDER BY requested_at DESC, id DESC LIMIT $4
"""
MAX_COUNTED = 1_000
_KNOWN_OF_PERSON = """
SELECT
    (SELECT count(*) FROM (
        SELECT FROM reviews WHERE tenant_id = $1 AND person = $2 AND erased_at IS NULL LIMIT $3) AS r) AS reviews,
    (SELECT count(*) FROM (SELECT FROM customer_events WHERE tenant_id = $1 AND person = $2 LIMIT $3) AS e) AS events,
    EXISTS (SELECT FROM contacts WHERE tenant_id = $1 AND person = $2) AS has_contact
"""
_SAVE = """
UPDATE erasures SET stage = $2, place = $3, counts = $4::text::jsonb, finished_at = $5, address = $6 WHERE id = $1
"""
_REVIEW = """
SELECT r.source_id, r.id AS review_id, r.external_id, r.revision, r.version, r.removed, r.partition_key, r.erased_at,
    v.state, v.state_format
FROM reviews AS r JOIN revisions AS v ON v.review_id = r.id AND v.revision = r.revision
"""
_OF_REVIEW = f"{_REVIEW} WHERE r.tenant_id = $1 AND r.id = $2 AND r.erased_at IS NULL LIMIT $3"
_OF_PERSON = f"""
{_REVIEW} WHERE r.tenant_id = $1 AND r.person = $2 AND r.erased_at IS NULL AND (
    r.published_at <= $4
    OR EXISTS (SELECT FROM revisions AS f WHERE f.review_id = r.id AND f.revision = 1 AND f.known_at <= $4)
)
ORDER BY r.id LIMIT $3
"""
"""Those that were known, too: the clock of a platform may be some minutes ahead of ours."""
_THESE = f"{_REVIEW} WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[]) AND r.erased_at IS NULL"
_EMPTY_REVIEW = """
UPDATE reviews SET revision = $2, removed = true, subject = NULL, kind = NULL, rating = NULL, severity = NULL,
    published_at = NULL, answered_at = NULL, person = NULL, part_versions = NULL, verified = NULL, origin = NULL,
    language = NULL, traits = NULL, changed_at = $3, erased_at = $3
WHERE id = $1
"""
_EMPTY_REVISIONS = "UPDATE revisions SET state = NULL, traits = NULL WHERE review_id = $1"
_DELETE_WORDS = "DELETE FROM review_texts WHERE review_id = $1"
_DELETE_OF_REVIEW = {
    "answers": "DELETE FROM answers WHERE tenant_id = $1 AND review_id = $2",
    "resolutions": "DELETE FROM resolutions WHERE tenant_id = $1 AND review_id = $2",
    "platform_reports": "DELETE FROM platform_reports WHERE tenant_id = $1 AND review_id = $2",
}
"""Store → the statement that deletes what the company wrote about a review."""
_EMPTY_PULLED = """
UPDATE pulled_reviews AS p SET fingerprint = '' FROM reviews AS r
WHERE r.id = $1 AND p.source_id = r.source_id AND p.external_id = r.external_id
"""
_LAST_REVISION = """
INSERT INTO revisions
    (tenant_id, review_id, revision, delivery_id, type, version, known_at, state, state_format, removed)
VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, true)
"""
_SCRUB = """
UPDATE deliveries SET body = '', headers = '{}', scrubbed_at = $1,
    quarantined = (
        SELECT jsonb_agg(jsonb_build_array(each -> 0, 'erased')) FROM jsonb_array_elements(quarantined) AS each
    ),
    set_aside = (
        SELECT jsonb_object_agg(kind, coalesce(
            (SELECT jsonb_agg(jsonb_build_array(each -> 0, 'erased')) FROM jsonb_array_elements(events) AS each), '[]'
        )) FROM jsonb_each(set_aside) AS kinds (kind, events)
    )
"""
_SCRUB_OF_REVIEW = f"""
{_SCRUB} WHERE scrubbed_at IS NULL AND id IN (SELECT delivery_id FROM revisions WHERE review_id = $2)
"""
_SCRUB_THESE = f"{_SCRUB} WHERE id = ANY($2::uuid[])"
_ERASED_REVIEWS = """
SELECT source_id, external_id FROM reviews
WHERE tenant_id = $1 AND erased_at IS NOT NULL AND erased_at >= $2 AND ($3::uuid IS NULL OR id = $3)
"""
_WINDOW = """
SELECT id, tenant_id = $1 AND ($5::uuid[] IS NULL OR source_id = ANY($5)) AND scrubbed_at IS NULL
    AND EXISTS (SELECT FROM unnest($4::bytea[]) AS needle WHERE position(needle IN body) > 0) AS tells
FROM (SELECT * FROM deliveries WHERE id > $2 ORDER BY id LIMIT $3) AS next ORDER BY id
"""
_OUTBOX = """
SELECT xid::text AS xid, id, written_at,
    CASE WHEN EXISTS (SELECT FROM unnest($4::bytea[]) AS needle WHERE position(needle IN envelope) > 0)
        THEN envelope END AS envelope
FROM outbox WHERE (outbox.xid, outbox.id) > ($1::text::xid8, $2::bigint) ORDER BY outbox.xid, outbox.id LIMIT $3
"""
_REWRITE = "UPDATE outbox SET envelope = $4 WHERE written_at = $1 AND xid = $2::text::xid8 AND id = $3"
_DELETE_REJECTS = """
DELETE FROM import_rejects
WHERE tenant_id = $1 AND (
    external_id = ANY($2::text[])
    OR EXISTS (SELECT FROM unnest($3::text[]) AS needle WHERE position(needle IN lower(cells::text)) > 0)
)
"""
_DELETE_HELD = """
DELETE FROM held_events
WHERE tenant_id = $1 AND received_at <= $3 AND instruction -> 'content' ->> 'person' = $2
"""
_DELETE_CONTACT = "DELETE FROM contacts WHERE tenant_id = $1 AND person = $2"
_DELETE_INVITATION = """
DELETE FROM survey_invitations
WHERE tenant_id = $1 AND id = $3 AND survey_id = (SELECT source_id FROM reviews WHERE reviews.id = $2)
"""
_DELETE_INVITATIONS = "DELETE FROM survey_invitations WHERE tenant_id = $1 AND person = $2 AND created_at <= $3"
_DELETE_EVENTS = """
DELETE FROM customer_events WHERE tenant_id = $1 AND person = $2 AND least(happened_at, received_at) <= $3
"""


@dataclass(frozen=True)
class OutboxRow:
    """A row of the outbox; the envelope is None where it does not tell of what is erased."""

    xid: str
    id: int
    written_at: datetime
    envelope: bytes | None


async def add(tx: Tx, erasure: Erasure) -> None:
    """Store a new erasure."""
    await tx.raw.execute(_ADD, *_ERASURES.row(msgspec.structs.replace(erasure, counts=_json(erasure.counts))))


async def get(tx: Tx, tenant_id: str, erasure_id: UUID) -> Erasure | None:
    """Return one of the tenant's erasures."""
    row = await tx.raw.fetchrow(f"{_SELECT} WHERE tenant_id = $1 AND id = $2", tenant_id, erasure_id)
    return None if row is None else _erasure(row)


async def page(tx: SqlTx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[Erasure]:
    """Return up to `limit` of the tenant's erasures, the latest first."""
    return [_erasure(row) for row in await tx.raw.fetch(_PAGE, tenant_id, *(after or (None, None)), limit)]


async def known_of_person(tx: Tx, tenant_id: str, person: str) -> KnownOfPerson:
    """Return how much is stored of a person; no more rows than `MAX_COUNTED` are counted of each kind."""
    row = await tx.raw.fetchrow(_KNOWN_OF_PERSON, tenant_id, person, MAX_COUNTED)
    assert row is not None
    return KnownOfPerson(**dict(row), most=MAX_COUNTED)


async def first_open(tx: Tx, but: Collection[UUID]) -> Erasure | None:
    """Return the erasure that was asked for first of those that are not done, but for these."""
    row = await tx.raw.fetchrow(_OPEN, list(but))
    return None if row is None else _erasure(row)


async def looking_for_reviews(tx: Tx, limit: int) -> list[UUID]:
    """Return the ids of the first erasures that still look for reviews, the oldest first."""
    return [row["id"] for row in await tx.raw.fetch(_LOOKING, limit)]


async def save(tx: Tx, erasure: Erasure) -> None:
    """Store how far an erasure is."""
    counts = _json(erasure.counts)
    await tx.raw.execute(
        _SAVE, erasure.id, erasure.stage.value, erasure.place, counts, erasure.finished_at, erasure.address
    )


async def reviews_of(tx: Tx, erasure: Erasure, limit: int) -> list[tuple[UUID, StoredReview]]:
    """Return up to `limit` reviews that are still to be erased, each with its source."""
    if erasure.review_id is not None:
        rows = await tx.raw.fetch(_OF_REVIEW, erasure.tenant_id, erasure.review_id, limit)
    else:
        rows = await tx.raw.fetch(_OF_PERSON, erasure.tenant_id, erasure.person, limit, erasure.requested_at)
    return [(row["source_id"], _stored(row)) for row in rows]


async def these(tx: Tx, tenant_id: str, review_ids: Collection[str]) -> list[StoredReview]:
    """Return these reviews as they are now, without those that are erased."""
    return [_stored(row) for row in await tx.raw.fetch(_THESE, tenant_id, list(review_ids))]


async def empty(tx: Tx, tenant_id: str, revised: Revised, erasure_id: UUID, erased_at: datetime) -> dict[str, int]:
    """Delete all that is stored of a review but that it was erased; return how many rows were changed, by store."""
    stored = revised.stored
    deliveries = rows_changed(await tx.raw.execute(_SCRUB_OF_REVIEW, erased_at, stored.review_id))
    revisions = rows_changed(await tx.raw.execute(_EMPTY_REVISIONS, stored.review_id))
    words = rows_changed(await tx.raw.execute(_DELETE_WORDS, stored.review_id))
    await tx.raw.execute(_EMPTY_PULLED, stored.review_id)
    await tx.raw.execute(_EMPTY_REVIEW, stored.review_id, stored.revision, erased_at)
    last = (tenant_id, stored.review_id, stored.revision, erasure_id, revised.type, stored.version, erased_at)
    await tx.raw.execute(_LAST_REVISION, *last, STATE_FORMAT)
    counts = {"reviews": 1, "revisions": revisions, "deliveries": deliveries, "review_texts": words}
    invitation_id = _uuid(stored.external_id)
    if invitation_id is not None:
        deleted = await tx.raw.execute(_DELETE_INVITATION, tenant_id, UUID(stored.review_id), invitation_id)
        counts["survey_invitations"] = rows_changed(deleted)
    for store, statement in _DELETE_OF_REVIEW.items():
        counts[store] = rows_changed(await tx.raw.execute(statement, tenant_id, stored.review_id))
    return counts


async def erased_reviews(tx: Tx, erasure: Erasure) -> list[ErasedReview]:
    """Return the reviews that were erased since an erasure was asked for."""
    rows = await tx.raw.fetch(_ERASED_REVIEWS, erasure.tenant_id, erasure.requested_at, erasure.review_id)
    return [ErasedReview(row["source_id"], row["external_id"]) for row in rows]


async def deliveries_after(
    tx: Tx, tenant_id: str, sources: Sequence[UUID] | None, after: UUID, limit: int, needles: Sequence[bytes]
) -> list[tuple[UUID, bool]]:
    """Return the next deliveries of all: id, and whether it came to one of these sources and holds a needle.

    Without sources, to any of the tenant.
    """
    rows = await tx.raw.fetch(_WINDOW, tenant_id, after, limit, list(needles), sources)
    return [(row["id"], row["tells"]) for row in rows]


async def scrub(tx: Tx, delivery_ids: Collection[UUID]) -> int:
    """Delete the bytes of deliveries; return of how many."""
    return rows_changed(await tx.raw.execute(_SCRUB_THESE, tx.now, list(delivery_ids)))


async def delete_rejects(tx: Tx, tenant_id: str, external_ids: Sequence[str], address: str | None) -> int:
    """Delete rows of imported files that were not taken: of these reviews, and with this address; return how many."""
    needles = [] if address is None else [address.lower()]
    return rows_changed(await tx.raw.execute(_DELETE_REJECTS, tenant_id, external_ids, needles))


async def outbox_after(tx: Tx, xid: str, row_id: int, limit: int, needles: Sequence[bytes]) -> list[OutboxRow]:
    """Return the next rows of the outbox, with the envelopes of those that hold one of the needles."""
    rows = await tx.raw.fetch(_OUTBOX, xid, row_id, limit, list(needles))
    return [OutboxRow(**row) for row in rows]


async def rewrite(tx: Tx, row: OutboxRow, envelope: bytes) -> None:
    """Put another envelope into a row of the outbox; its place and its number stay."""
    await tx.raw.execute(_REWRITE, row.written_at, row.xid, row.id, envelope)


async def delete_customer(tx: Tx, tenant_id: str, person: str, erased: datetime) -> dict[str, int]:
    """Delete a contact, and what happened and what waits for reviews up to a time; return how many rows, by store."""
    contacts = rows_changed(await tx.raw.execute(_DELETE_CONTACT, tenant_id, person))
    return {
        "held_events": rows_changed(await tx.raw.execute(_DELETE_HELD, tenant_id, person, erased)),
        "contacts": contacts,
        "survey_invitations": rows_changed(await tx.raw.execute(_DELETE_INVITATIONS, tenant_id, person, erased)),
        "customer_events": rows_changed(await tx.raw.execute(_DELETE_EVENTS, tenant_id, person, erased)),
    }


HAS_OPEN = _HAS_OPEN
"""The condition that an erasure is to be carried on, for `Database.holds`."""


def _erasure(row: Mapping[str, Any] | Any) -> Erasure:
    return Erasure(**{**dict(row), "stage": Stage(row["stage"])})


def _stored(row: Mapping[str, Any] | Any) -> StoredReview:
    return StoredReview(
        review_id=str(row["review_id"]),
        external_id=row["external_id"],
        revision=row["revision"],
        version=row["version"],
        removed=row["removed"],
        partition_key=row["partition_key"],
        state=read_state(row["state"], row["state_format"]),
        erased_at=row["erased_at"],
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _json(counts: Mapping[str, int]) -> str:
    return msgspec.json.encode(counts).decode()
