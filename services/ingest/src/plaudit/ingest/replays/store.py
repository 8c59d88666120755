"""Every statement of replays: their rows, and the deliveries that they read again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.ingest.deliveries.store import TOLD
from plaudit.ingest.hooks.domain import ReviewKey
from plaudit.ingest.replays.domain import After, Before, Replay
from plaudit.ingest.replays.tables import replays

MAX_COUNTED: Final = 1_000_000

_REPLAYS = Columns(replays)
_SELECT = f"SELECT {_REPLAYS.listed} FROM replays"
_ADD = f"INSERT INTO replays ({_REPLAYS.listed}) VALUES ({_REPLAYS.values()})"
_FIRST_OPEN = f"{_SELECT} WHERE finished_at IS NULL AND id <> ALL($1::uuid[]) ORDER BY requested_at, id LIMIT 1"
_LOCK = f"{_SELECT} WHERE id = $1 FOR UPDATE"
_PAGE = f"""
{_SELECT} WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (requested_at, id) < ($2, $3::uuid))
ORDER BY requested_at DESC, id DESC LIMIT $4
"""
_SAVE = """
UPDATE replays SET total = $2, place_at = $3, place = $4, counts = $5::text::jsonb, finished_at = $6 WHERE id = $1
"""
_IN_RANGE = """
d.tenant_id = $1 AND d.source_id = $2 AND d.received_at > '-infinity'
AND d.received_at >= coalesce($3::timestamptz, '-infinity') AND d.received_at < $4
"""
_QUARANTINED = f"{TOLD} AND (d.quarantine_reason IS NOT NULL OR d.quarantined IS NOT NULL)"
_ONE = "d.tenant_id = $1 AND d.source_id = $2 AND d.id = $5 AND $3::timestamptz IS NULL AND $4::timestamptz IS NOT NULL"
_READ = """
SELECT d.id, d.source_id, d.sent_id, d.received_at, d.status, d.first_status, d.accepted, d.unchanged, d.quarantined,
    d.set_aside, d.quarantine_reason, d.headers, d.body, d.scrubbed_at
FROM deliveries d
"""
_ORDERED = "ORDER BY d.received_at, d.id LIMIT $7"
_AFTER = "(d.received_at, d.id) > (coalesce($5::timestamptz, '-infinity'), $6::uuid)"
_NEXT_OF_ALL = f"{_READ} WHERE {_IN_RANGE} AND {_AFTER} {_ORDERED}"
_NEXT_OF_QUARANTINED = f"{_READ} WHERE {_IN_RANGE} AND {_QUARANTINED} AND {_AFTER} {_ORDERED}"
_THE_ONE = f"{_READ} WHERE {_ONE}"
_THESE = f"{_READ} WHERE d.tenant_id = $1 AND d.id = ANY($2::uuid[]) ORDER BY d.received_at, d.id"
_COUNT = "SELECT count(*) FROM (SELECT FROM deliveries d WHERE {condition} LIMIT {limit}) AS counted"
_COUNT_ALL = _COUNT.format(condition=_IN_RANGE, limit=MAX_COUNTED)
_COUNT_QUARANTINED = _COUNT.format(condition=f"{_IN_RANGE} AND {_QUARANTINED}", limit=MAX_COUNTED)
_MADE = """
SELECT r.source_id, r.external_id, array_agg(v.delivery_id ORDER BY v.revision) AS made
FROM unnest($1::uuid[], $2::text[]) AS wanted (source_id, external_id)
JOIN reviews r ON r.source_id = wanted.source_id AND r.external_id = wanted.external_id
JOIN revisions v ON v.review_id = r.id
GROUP BY r.source_id, r.external_id
"""
_UPDATE = """
UPDATE deliveries SET status = $2, first_status = $3, accepted = $4, unchanged = $5, quarantined = $6::text::jsonb,
    set_aside = $7::text::jsonb, quarantine_reason = $8, replayed_at = $9, scrubbed_at = $10,
    body = CASE WHEN $10::timestamptz IS NULL THEN body ELSE '' END,
    headers = CASE WHEN $10::timestamptz IS NULL THEN headers ELSE '{}' END
WHERE id = $1
"""
HAS_OPEN: Final = "SELECT EXISTS (SELECT FROM replays WHERE finished_at IS NULL)"
"""The condition that a replay is to be carried on, for `Database.holds`."""
_DELETE_BEFORE = "DELETE FROM replays WHERE finished_at < $1"
_encode = msgspec.json.Encoder().encode


async def add(tx: Tx, replay: Replay) -> None:
    """Store a new replay."""
    await tx.raw.execute(_ADD, *_REPLAYS.row(msgspec.structs.replace(replay, counts=_json(replay.counts))))


async def get(tx: Tx, tenant_id: str, replay_id: UUID) -> Replay | None:
    """Return one of the tenant's replays."""
    row = await tx.raw.fetchrow(f"{_SELECT} WHERE tenant_id = $1 AND id = $2", tenant_id, replay_id)
    return None if row is None else Replay(**row)


async def page(tx: Tx, tenant_id: str, after: tuple[datetime, UUID] | None, limit: int) -> list[Replay]:
    """Return up to `limit` of the tenant's replays, the latest first."""
    return [Replay(**row) for row in await tx.raw.fetch(_PAGE, tenant_id, *(after or (None, None)), limit)]


async def first_open(tx: Tx, but: Collection[UUID]) -> Replay | None:
    """Return the replay that was asked for first of those that are not finished, but for these, under a worker."""
    row = await tx.raw.fetchrow(_FIRST_OPEN, list(but))
    return None if row is None else Replay(**row)


async def lock(tx: Tx, replay_id: UUID) -> Replay | None:
    """Return a replay, which nobody else carries on until the transaction ends."""
    row = await tx.raw.fetchrow(_LOCK, replay_id)
    return None if row is None else Replay(**row)


async def save(tx: Tx, replay: Replay) -> None:
    """Store how far a replay is."""
    place = replay.total, replay.place_at, replay.place, _json(replay.counts)
    await tx.raw.execute(_SAVE, replay.id, *place, replay.finished_at)


async def delete_before(tx: Tx, before: datetime) -> None:
    """Delete replays that were finished before a time."""
    await tx.raw.execute(_DELETE_BEFORE, before)


async def source_of(tx: Tx, tenant_id: str, delivery_id: UUID) -> UUID | None:
    """Return the source of one of the tenant's deliveries."""
    statement = "SELECT source_id FROM deliveries WHERE tenant_id = $1 AND id = $2"
    found: UUID | None = await tx.raw.fetchval(statement, tenant_id, delivery_id)
    return found


async def has_source(tx: Tx, tenant_id: str, source_id: UUID) -> bool:
    """Return whether a source is one of the tenant's."""
    statement = "SELECT EXISTS (SELECT FROM sources WHERE tenant_id = $1 AND id = $2)"
    return bool(await tx.raw.fetchval(statement, tenant_id, source_id))


async def count(tx: Tx, replay: Replay) -> int:
    """Return how many deliveries a replay is about, up to a million."""
    if replay.delivery_id is not None:
        return 1
    statement = _COUNT_QUARANTINED if replay.quarantined_only else _COUNT_ALL
    counted: int = await tx.raw.fetchval(statement, *_range(replay))
    return counted


async def following(tx: Tx, replay: Replay, limit: int) -> list[Before]:
    """Return the next deliveries that a replay comes to, in the order of their receipt."""
    if replay.delivery_id is not None:
        if replay.place == replay.delivery_id:
            return []
        rows = await tx.raw.fetch(_THE_ONE, *_range(replay), replay.delivery_id)
    else:
        statement = _NEXT_OF_QUARANTINED if replay.quarantined_only else _NEXT_OF_ALL
        rows = await tx.raw.fetch(statement, *_range(replay), replay.place_at, replay.place, limit)
    return [_before(row) for row in rows]


async def these(tx: Tx, tenant_id: str, delivery_ids: Collection[str]) -> list[Before]:
    """Return deliveries as they are stored now, in the order of their receipt."""
    return [_before(row) for row in await tx.raw.fetch(_THESE, tenant_id, list(delivery_ids))]


async def made(tx: Tx, keys: Collection[ReviewKey]) -> dict[ReviewKey, Sequence[str]]:
    """Return the delivery of each revision of reviews, in the order of the revisions."""
    rows = await tx.raw.fetch(_MADE, *([key[n] for key in keys] for n in range(2)))
    return {(str(row["source_id"]), row["external_id"]): [str(each) for each in row["made"]] for row in rows}


async def update(tx: Tx, deliveries: Collection[After]) -> None:
    """Store what became of deliveries that were read again."""
    await tx.raw.executemany(_UPDATE, [_updated(each, tx.now) for each in deliveries])


def _updated(after: After, now: datetime) -> tuple[Any, ...]:
    outcome = after.outcome
    aside = {"held": outcome.held, "ignored": outcome.ignored} if outcome.held or outcome.ignored else None
    return (
        after.before.id,
        outcome.status,
        after.first_status,
        outcome.accepted,
        outcome.unchanged,
        _json(outcome.quarantined) if outcome.quarantined else None,
        None if aside is None else _json(aside),
        outcome.quarantine_reason,
        now,
        outcome.scrubbed_at,
    )


def _range(replay: Replay) -> tuple[str, UUID, datetime | None, datetime]:
    return replay.tenant_id, replay.source_id, replay.received_from, replay.received_before


def _before(row: Mapping[str, Any] | Any) -> Before:
    values = dict(row)
    aside = values.pop("set_aside") or {}
    events = {"quarantined": values["quarantined"], "held": aside.get("held"), "ignored": aside.get("ignored")}
    reasons = {name: tuple((index, reason) for index, reason in found or ()) for name, found in events.items()}
    return Before(**{**values, "id": str(values["id"]), "source_id": str(values["source_id"]), **reasons})


def _json(value: object) -> str:
    return _encode(value).decode()
