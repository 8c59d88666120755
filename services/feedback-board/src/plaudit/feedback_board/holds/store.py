"""Every SQL statement about what is held, standings and a board's rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.feedback_board.holds.domain import Held, PersonStanding, PostKind, Rules, Standing
from plaudit.feedback_board.holds.tables import held_posts, standings

_HELD = Columns(held_posts)
_STANDING = Columns(standings)

_HOLD = f"INSERT INTO held_posts ({_HELD.listed}) VALUES ({_HELD.values()}) ON CONFLICT DO NOTHING"
_RELEASE = "DELETE FROM held_posts WHERE tenant_id = $1 AND kind = $2 AND post_id = $3"
_WAITING = f"""
SELECT {_HELD.listed} FROM held_posts
WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (held_at, post_id) > ($2, $3::uuid))
ORDER BY held_at, post_id LIMIT $4
"""
_COUNT_WAITING = "SELECT count(*) FROM held_posts WHERE tenant_id = $1"

_STANDING_OF = f"SELECT {_STANDING.listed} FROM standings WHERE tenant_id = $1 AND person_key = $2"
_SET_STANDING = f"""
INSERT INTO standings ({_STANDING.listed}) VALUES ({_STANDING.values()})
ON CONFLICT (tenant_id, person_key) DO UPDATE SET {_STANDING.excluded()}
"""
_MAKE_KNOWN = f"INSERT INTO standings ({_STANDING.listed}) VALUES ({_STANDING.values()}) ON CONFLICT DO NOTHING"
_DELETE_STANDING = """
DELETE FROM standings WHERE tenant_id = $1 AND person_key = $2 AND standing <> 'known' RETURNING standing
"""
_STANDINGS = f"""
SELECT {_STANDING.listed} FROM standings
WHERE tenant_id = $1 AND standing = ANY($2::text[])
  AND ($3::timestamptz IS NULL OR (at, person_key) < ($3, $4::text))
ORDER BY at DESC, person_key DESC LIMIT $5
"""

_IS_AGAIN = """
SELECT EXISTS (
    SELECT FROM recent_words
    WHERE tenant_id = $1 AND fingerprint = $2 AND at > $3 AND ($4::text IS NULL OR person_key = $4)
)
"""
_REMEMBER_WORDS = """
INSERT INTO recent_words (tenant_id, fingerprint, person_key, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
_DELETE_OLD_WORDS = """
DELETE FROM recent_words WHERE (tenant_id, fingerprint, person_key) IN (
    SELECT tenant_id, fingerprint, person_key FROM recent_words
    WHERE tenant_id = $1 AND at <= $2 ORDER BY at LIMIT $3
)
"""

_RULES = "SELECT first_of_visitors, most_links, blocked_words FROM hold_rules WHERE tenant_id = $1"
_SET_RULES = """
INSERT INTO hold_rules (tenant_id, first_of_visitors, most_links, blocked_words, changed_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id) DO UPDATE SET first_of_visitors = excluded.first_of_visitors,
    most_links = excluded.most_links, blocked_words = excluded.blocked_words, changed_at = excluded.changed_at
"""

_ADOPT_HELD = f"""
WITH taken AS (
    DELETE FROM held_posts WHERE tenant_id = $1 AND person_key = $2 RETURNING {_HELD.listed}
)
INSERT INTO held_posts ({_HELD.listed})
SELECT tenant_id, kind, post_id, request_id, $3, reasons, held_at FROM taken
"""
_ADOPT_STANDING = f"""
INSERT INTO standings ({_STANDING.listed})
SELECT tenant_id, $3, standing, reason, until, actor, at FROM standings WHERE tenant_id = $1 AND person_key = $2
ON CONFLICT DO NOTHING
"""

_ERASE_PERSON = tuple(
    f"""
DELETE FROM {table} WHERE ctid IN (
    SELECT ctid FROM {table} WHERE tenant_id = $1 AND person_key = $2 AND {at} <= $3 LIMIT $4
)
"""
    for table, at in (("standings", "at"), ("recent_words", "at"), ("held_posts", "held_at"))
)


async def hold(tx: Tx, held: Held) -> None:
    """Let a post wait for a look."""
    await tx.raw.execute(_HOLD, *_HELD.row(held))


async def release(tx: Tx, tenant_id: str, kind: PostKind, post_id: UUID) -> bool:
    """Take a post from those that wait; False when it does not wait."""
    return bool(rows_changed(await tx.raw.execute(_RELEASE, tenant_id, kind, post_id)))


async def list_waiting(tx: Tx, tenant_id: str, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Held]:
    """Return posts that wait, the oldest first."""
    rows = await tx.raw.fetch(_WAITING, tenant_id, *(after or (None, None)), limit)
    return [_held(dict(row)) for row in rows]


async def count_waiting(tx: Tx, tenant_id: str) -> int:
    """Return how many posts wait."""
    number: int = await tx.raw.fetchval(_COUNT_WAITING, tenant_id)
    return number


async def standing_of(tx: Tx, tenant_id: str, person_key: str) -> PersonStanding | None:
    """Return the standing of a person as it was set, also a block that has ended; None for who is new."""
    row = await tx.raw.fetchrow(_STANDING_OF, tenant_id, person_key)
    return None if row is None else _standing(dict(row))


async def set_standing(tx: Tx, standing: PersonStanding) -> None:
    """Set the standing of a person."""
    await tx.raw.execute(_SET_STANDING, *_STANDING.row(standing))


async def make_known(tx: Tx, standing: PersonStanding) -> None:
    """Note that a person has posted something public, unless there is a standing."""
    await tx.raw.execute(_MAKE_KNOWN, *_STANDING.row(standing))


async def delete_standing(tx: Tx, tenant_id: str, person_key: str) -> Standing | None:
    """Take back that a person is trusted or blocked; return which, None when neither."""
    found = await tx.raw.fetchval(_DELETE_STANDING, tenant_id, person_key)
    return None if found is None else Standing(found)


async def list_standings(
    tx: Tx, tenant_id: str, standings: tuple[Standing, ...], *, after: tuple[datetime, str] | None, limit: int
) -> list[PersonStanding]:
    """Return persons of some standings, the one that was set last first."""
    rows = await tx.raw.fetch(_STANDINGS, tenant_id, list(standings), *(after or (None, None)), limit)
    return [_standing(dict(row)) for row in rows]


async def is_again(tx: Tx, tenant_id: str, fingerprint: bytes, since: datetime, person_key: str | None) -> bool:
    """Return whether the same words came after a time: from a person, or with None from anybody."""
    found: bool = await tx.raw.fetchval(_IS_AGAIN, tenant_id, fingerprint, since, person_key)
    return found


async def remember_words(tx: Tx, tenant_id: str, fingerprint: bytes, person_key: str) -> None:
    """Keep the hash of words that were posted."""
    await tx.raw.execute(_REMEMBER_WORDS, tenant_id, fingerprint, person_key, tx.now)


async def delete_old_words(tx: Tx, tenant_id: str, until: datetime, limit: int) -> None:
    """Delete up to `limit` hashes of words that were posted up to a time."""
    await tx.raw.execute(_DELETE_OLD_WORDS, tenant_id, until, limit)


async def rules_of(tx: Tx, tenant_id: str) -> Rules:
    """Return the rules of a board; those of a new one where none were set."""
    row = await tx.raw.fetchrow(_RULES, tenant_id)
    return Rules() if row is None else Rules(**row)


async def set_rules(tx: Tx, tenant_id: str, rules: Rules) -> None:
    """Set the rules of a board."""
    row = (rules.first_of_visitors, rules.most_links, list(rules.blocked_words), tx.now)
    await tx.raw.execute(_SET_RULES, tenant_id, *row)


async def adopt(tx: Tx, tenant_id: str, visitor: str, person_key: str) -> None:
    """Let what waits of a visitor, and the standing, be a person's; a standing of the person's own stays."""
    await tx.raw.execute(_ADOPT_HELD, tenant_id, visitor, person_key)
    await tx.raw.execute(_ADOPT_STANDING, tenant_id, visitor, person_key)


async def erase_person(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Delete what is kept of a person up to a time, up to `limit` rows of each table; return how many these were."""
    person = (tenant_id, person_key, until, limit)
    return sum([rows_changed(await tx.raw.execute(statement, *person)) for statement in _ERASE_PERSON])


def _held(row: dict[str, Any]) -> Held:
    return Held(kind=PostKind(row.pop("kind")), **row)


def _standing(row: dict[str, Any]) -> PersonStanding:
    return PersonStanding(standing=Standing(row.pop("standing")), **row)
