"""Reading what is known: of the deliveries of a group, of the reviews that they tell of, and of erased people."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, Text
from sqlalchemy.dialects.postgresql import JSONB

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, relation
from plaudit.ingest.deliveries.tables import deliveries as deliveries_table
from plaudit.ingest.hooks.domain import DeliveryKey, KnownReview, Outcome, PersonKey, ReviewKey
from plaudit.ingest.reviews.domain.held import HeldEvent, Unknown
from plaudit.ingest.reviews.domain.state import StoredReview
from plaudit.ingest.reviews.domain.versions import PartVersions
from plaudit.ingest.reviews.store import read_state
from plaudit.ingest.reviews.tables import reviews as reviews_table
from plaudit.ingest.reviews.tables import revisions as revisions_table

_decode_versions = msgspec.msgpack.Decoder(PartVersions).decode

# Of both tables the columns that a decision needs.
_OF_OUTCOME = (
    "id", "status", "accepted", "unchanged", "quarantined", "quarantine_reason", "body", "set_aside", "scrubbed_at"
)  # fmt: skip
_OF_REVIEW = (
    "id", "revision", "version", "removed", "partition_key", "part_versions", "state", "state_format", "held",
    "erased_at",
)  # fmt: skip
_KNOWN = Columns(
    relation(
        "known",
        Column("is_review", Boolean),
        reviews_table.c.source_id,
        Column("name", Text),
        *(deliveries_table.c[name] for name in _OF_OUTCOME),
        *(column for column in (*reviews_table.c, *revisions_table.c) if column.name in _OF_REVIEW),
        Column("held", JSONB),
    )
)
# Each key is looked up by itself, behind OFFSET 0: joined freely, a plan made while the tables were small reads all of
# them for every group, until they have been analysed.
SELECT_KNOWN = f"""
SELECT {_KNOWN.selected({"is_review": "false", "name": "dedup_id"}, present=("source_id", *_OF_OUTCOME))}
FROM unnest($1::uuid[], $2::text[]) AS sent (sent_source_id, sent_id)
CROSS JOIN LATERAL (
    SELECT * FROM deliveries WHERE deliveries.source_id = sent_source_id AND deliveries.dedup_id = sent.sent_id
    OFFSET 0
) AS found
UNION ALL
SELECT {_KNOWN.selected({"is_review": "true", "name": "external_id"}, present=("source_id", *_OF_REVIEW))}
FROM unnest($3::uuid[], $4::text[]) AS wanted (wanted_source_id, wanted_id)
CROSS JOIN LATERAL (
    SELECT r.*, v.state, v.state_format, waiting.held
    FROM reviews r
    LEFT JOIN revisions v ON v.review_id = r.id AND v.revision = r.revision
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(to_jsonb(h) ORDER BY h.id) AS held FROM held_events h
        WHERE r.revision = 0 AND h.source_id = r.source_id AND h.external_id = r.external_id
    ) AS waiting ON true
    WHERE r.source_id = wanted_source_id AND r.external_id = wanted_id
    OFFSET 0
) AS found
"""


_ERASED_PEOPLE = """
SELECT erased_people.tenant_id, person, erased_at FROM erased_people
JOIN unnest($1::text[], $2::text[]) AS named (tenant_id, person) USING (tenant_id, person)
"""


async def erased_people(tx: Tx, persons: Collection[PersonKey]) -> dict[PersonKey, datetime]:
    """Return when those of the persons were erased who were."""
    if not persons:
        return {}
    rows = await tx.raw.fetch(_ERASED_PEOPLE, *map(list, zip(*persons, strict=True)))
    return {(row["tenant_id"], row["person"]): row["erased_at"] for row in rows}


async def known(
    tx: Tx, deliveries: Iterable[DeliveryKey], reviews: Iterable[ReviewKey]
) -> tuple[dict[DeliveryKey, Outcome | None], dict[ReviewKey, KnownReview]]:
    """Return what became of each of the deliveries before, and each of the reviews as it is stored; None if unknown."""
    outcomes: dict[DeliveryKey, Outcome | None] = dict.fromkeys(deliveries)
    stored: dict[ReviewKey, KnownReview] = dict.fromkeys(reviews)
    rows = await tx.raw.fetch(
        SELECT_KNOWN,
        [source_id for source_id, _ in outcomes],
        [sent_id for _, sent_id in outcomes],
        [source_id for source_id, _ in stored],
        [external_id for _, external_id in stored],
    )
    for row in rows:
        key = (str(row["source_id"]), row["name"])
        if row["is_review"]:
            stored[key] = _stored_review(row) if row["revision"] else _unknown(row)
        else:
            outcomes[key] = _outcome(row)
    return outcomes, stored


def _outcome(row: Any) -> Outcome:
    return Outcome(
        id=str(row["id"]),
        status=row["status"],
        accepted=row["accepted"],
        unchanged=row["unchanged"],
        quarantined=tuple((index, reason) for index, reason in row["quarantined"] or ()),
        quarantine_reason=row["quarantine_reason"],
        body=row["body"],
        held=_reasons(row, "held"),
        ignored=_reasons(row, "ignored"),
        scrubbed_at=row["scrubbed_at"],
    )


def _reasons(row: Any, kind: str) -> tuple[tuple[int, str], ...]:
    return tuple((index, reason) for index, reason in (row["set_aside"] or {}).get(kind, ()))


def _unknown(row: Any) -> Unknown:
    return Unknown(str(row["id"]), tuple(msgspec.convert(row["held"] or [], list[HeldEvent])))


def _stored_review(row: Any) -> StoredReview:
    part_versions = row["part_versions"]
    return StoredReview(
        review_id=str(row["id"]),
        external_id=row["name"],
        revision=row["revision"],
        version=row["version"],
        removed=row["removed"],
        partition_key=row["partition_key"],
        state=read_state(row["state"], row["state_format"]),
        part_versions=None if part_versions is None else _decode_versions(part_versions),
        erased_at=row["erased_at"],
    )
