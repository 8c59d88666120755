"""Every statement about answers that are written here, and about the sources that they are sent through.

A source is leased while a request for it is under way, so that each platform sees one request of a source at a time,
whatever the number of processes. A lease runs by the wall clock, not by the clock port: a test that moves time must not
make a second sender.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.ingest.answers.domain import AnswerState, Sender, Via, WrittenAnswer
from plaudit.ingest.answers.tables import answer_senders, answers

_ANSWERS = Columns(answers)
_SENDERS = Columns(answer_senders)
_SELECT = f"SELECT {_ANSWERS.listed} FROM answers"
_ADD = f"INSERT INTO answers ({_ANSWERS.listed}) VALUES ({_ANSWERS.values()})"
_GET = f"{_SELECT} WHERE tenant_id = $1 AND id = $2"
_OPEN = f"{_SELECT} WHERE tenant_id = $1 AND review_id = $2 AND state = 'submitted'"
_LATEST = f"{_SELECT} WHERE tenant_id = $1 AND review_id = $2 ORDER BY written_at DESC, id DESC LIMIT 1"
_PAGE = f"""
{_SELECT} WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR via = $3)
    AND ($4::timestamptz IS NULL OR (written_at, id) < ($4, $5::uuid))
ORDER BY written_at DESC, id DESC LIMIT $6
"""
_SAVE = """
UPDATE answers SET via = $3, state = $4, note = $5, published_at = $6, finished_at = $7, finished_by = $8,
    next_attempt_at = $9, accepted_at = $10, answered_by = $11
WHERE tenant_id = $1 AND id = $2 AND state = 'submitted' AND attempts = $12
"""
_NEW_SENDER = """
INSERT INTO answer_senders (tenant_id, source_id, platform, not_before) VALUES ($1, $2, $3, $4)
ON CONFLICT (source_id) DO NOTHING
"""
_IS_DUE = """
EXISTS (
    SELECT FROM answers a WHERE a.source_id = s.source_id AND a.state = 'submitted' AND a.via = 'platform'
        AND a.next_attempt_at <= {now}
)
"""
ANY_DUE: Final = f"""
SELECT EXISTS (
    SELECT FROM answer_senders s WHERE s.not_before <= {{now}} AND s.leased_until < now() AND {_IS_DUE}
)
"""
"""The condition that an answer can be sent, for `Database.holds`."""
_LEASE = f"""
UPDATE answer_senders l SET leased_until = now() + make_interval(secs => $2)
FROM unnest($3::text[], $4::int[]) AS free (platform, slots)
CROSS JOIN LATERAL (
    SELECT s.source_id FROM answer_senders s
    WHERE s.platform = free.platform AND s.not_before <= $1 AND s.leased_until < now() AND {_IS_DUE.format(now="$1")}
    ORDER BY s.not_before LIMIT free.slots FOR UPDATE SKIP LOCKED
) AS due
WHERE l.source_id = due.source_id
RETURNING {_SENDERS.of("l")}
"""
_RELEASE = """
UPDATE answer_senders SET leased_until = '-infinity', not_before = $2, failures = $3 WHERE source_id = $1
"""
_BEGIN = f"""
UPDATE answers SET attempts = attempts + 1
WHERE id = (
    SELECT id FROM answers WHERE source_id = $1 AND state = 'submitted' AND via = 'platform' AND next_attempt_at <= $2
    ORDER BY next_attempt_at, id LIMIT 1
)
RETURNING {_ANSWERS.listed}
"""
_IS_TOLD = """
FROM answers a JOIN reviews r ON r.tenant_id = a.tenant_id AND r.id = a.review_id
WHERE a.state = 'submitted' AND a.via = 'by_hand' AND (r.answered_at IS NOT NULL OR r.removed)
    AND r.changed_at > a.next_attempt_at
"""
ANY_TOLD: Final = f"SELECT EXISTS (SELECT {_IS_TOLD})"
"""The condition that the review of a task has changed since it was looked at, for `Database.holds`."""
_TOLD = f"SELECT {_ANSWERS.of('a')}, r.changed_at {_IS_TOLD} ORDER BY a.written_at LIMIT $1"
_CHANGED_AT: Final = "changed_at"
"""Of the review of an answer."""
_DELETE_BEFORE = """
DELETE FROM answers WHERE id IN (
    SELECT id FROM answers WHERE finished_at < $1 ORDER BY finished_at LIMIT $2
)
"""
_PLATFORM = "SELECT platform FROM sources WHERE tenant_id = $1 AND id = $2"


async def add(tx: Tx, answer: WrittenAnswer) -> None:
    """Store a new answer."""
    await tx.raw.execute(_ADD, *_ANSWERS.row(answer))


async def get(tx: Tx, tenant_id: str, answer_id: UUID) -> WrittenAnswer | None:
    """Return one of the tenant's answers."""
    return _answer(await tx.raw.fetchrow(_GET, tenant_id, answer_id))


async def open_of(tx: Tx, tenant_id: str, review_id: UUID) -> WrittenAnswer | None:
    """Return the answer of a review that is submitted."""
    return _answer(await tx.raw.fetchrow(_OPEN, tenant_id, review_id))


async def latest_of(tx: Tx, tenant_id: str, review_id: UUID) -> WrittenAnswer | None:
    """Return the last answer that was written to a review."""
    return _answer(await tx.raw.fetchrow(_LATEST, tenant_id, review_id))


async def page(
    tx: SqlTx,
    tenant_id: str,
    state: AnswerState | None,
    via: Via | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[WrittenAnswer]:
    """Return up to `limit` of the tenant's answers, the latest first."""
    rows = await tx.raw.fetch(_PAGE, tenant_id, state, via, *(after or (None, None)), limit)
    return [_written(row) for row in rows]


async def save(tx: Tx, answer: WrittenAnswer) -> bool:
    """Store how far an answer is that is still submitted; return whether it was, and no attempt was begun since."""
    changed = await tx.raw.execute(
        _SAVE,
        answer.tenant_id,
        answer.id,
        answer.via.value,
        answer.state.value,
        answer.note,
        answer.published_at,
        answer.finished_at,
        answer.finished_by,
        answer.next_attempt_at,
        answer.accepted_at,
        answer.answered_by,
        answer.attempts,
    )
    return rows_changed(changed) == 1


async def add_sender(tx: Tx, tenant_id: str, source_id: UUID, platform: str) -> None:
    """Let answers be sent through a source."""
    await tx.raw.execute(_NEW_SENDER, tenant_id, source_id, platform, tx.now)


async def lease(tx: Tx, lease_seconds: float, slots: Mapping[str, int]) -> list[Sender]:
    """Take sources that have something to send, for this process alone: of each platform at most so many."""
    rows = await tx.raw.fetch(_LEASE, tx.now, lease_seconds, list(slots), list(slots.values()))
    return [Sender(**row) for row in rows]


async def release(tx: Tx, sender: Sender, not_before: datetime, failures: int) -> None:
    """Give a source back, which is not asked before a time."""
    await tx.raw.execute(_RELEASE, sender.source_id, not_before, failures)


async def begin(tx: Tx, sender: Sender) -> WrittenAnswer | None:
    """Return the answer that a source sends next, with one more attempt; None where there is none any more."""
    return _answer(await tx.raw.fetchrow(_BEGIN, sender.source_id, tx.now))


async def told(tx: Tx, limit: int) -> list[tuple[WrittenAnswer, datetime]]:
    """Return answers that are to be given by hand and whose reviews were answered or taken down, each with the time."""
    return [(_written(row), row["changed_at"]) for row in await tx.raw.fetch(_TOLD, limit)]


async def delete_before(tx: Tx, before: datetime, max_rows: int) -> int:
    """Delete answers that were finished before a time; return how many."""
    return rows_changed(await tx.raw.execute(_DELETE_BEFORE, before, max_rows))


async def platform_of(tx: Tx, tenant_id: str, source_id: UUID) -> str | None:
    """Return the platform of a source; None if there is no such source."""
    platform: str | None = await tx.raw.fetchval(_PLATFORM, tenant_id, source_id)
    return platform


def _answer(row: Any) -> WrittenAnswer | None:
    return None if row is None else _written(row)


def _written(row: Any) -> WrittenAnswer:
    return msgspec.convert({name: value for name, value in row.items() if name != _CHANGED_AT}, WrittenAnswer)
