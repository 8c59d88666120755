"""Mails to be sent, and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.alerting.mails.domain import Mail
from plaudit.alerting.mails.tables import mails
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_MAIL: Final = Columns(mails, without=("created_at", "next_attempt_at", "leased_until", "finished_at", "error"))

_ADD = f"""
INSERT INTO mails (created_at, next_attempt_at, {_MAIL.listed})
SELECT $1::timestamptz, $1::timestamptz, mail.* FROM {_MAIL.unnest(2)} AS mail
ON CONFLICT (tenant_id, id) DO NOTHING
"""

# A lease runs by the wall clock, not by the clock port: a test that moves time must not make a second sender.
_LEASE = f"""
UPDATE mails m SET leased_until = now() + make_interval(secs => $2), attempts = m.attempts + 1
FROM (
    SELECT tenant_id, id FROM mails
    WHERE state = 'pending' AND next_attempt_at <= $1 AND leased_until < now()
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
) due
WHERE m.tenant_id = due.tenant_id AND m.id = due.id
RETURNING {_MAIL.of("m")}
"""

ANY_DUE: Final = """
SELECT EXISTS (SELECT FROM mails WHERE state = 'pending' AND next_attempt_at <= {now} AND leased_until < now())
"""
"""Whether there is a mail to lease; for `Database.holds`."""

_FINISH = """
UPDATE mails SET state = $3, finished_at = $4, error = $5, leased_until = '-infinity'
WHERE tenant_id = $1 AND id = $2 AND state = 'pending' AND attempts = $6
"""

_POSTPONE = """
UPDATE mails SET next_attempt_at = $3, error = $4, leased_until = '-infinity'
WHERE tenant_id = $1 AND id = $2 AND state = 'pending' AND attempts = $5
"""


_EMPTY_ERRORS = "UPDATE mails SET error = NULL WHERE tenant_id = $1 AND clock_id = $2 AND error IS NOT NULL"


async def add(tx: Tx, added: Sequence[Mail]) -> None:
    """Write mails to be sent; one that exists already stays as it is."""
    if added:
        await tx.raw.execute(_ADD, tx.now, *_MAIL.arrays(added))


async def lease(tx: Tx, lease_seconds: float, limit: int) -> list[Mail]:
    """Take up to `limit` mails that are due, for this process alone; each counts as one more attempt."""
    return [Mail(**row) for row in await tx.raw.fetch(_LEASE, tx.now, lease_seconds, limit)]


async def finish(tx: Tx, mail: Mail, state: str, error: str | None = None) -> None:
    """Record what finally became of a leased mail: `sent`, `superseded` or `failed`."""
    await tx.raw.execute(_FINISH, mail.tenant_id, mail.id, state, tx.now, error, mail.attempts)


async def empty_errors(tx: Tx, tenant_id: str, clock_id: UUID) -> None:
    """Delete what went wrong with the mails about a clock: it may quote them."""
    await tx.raw.execute(_EMPTY_ERRORS, tenant_id, clock_id)


async def postpone(tx: Tx, mail: Mail, next_attempt_at: datetime, error: str) -> None:
    """Record that an attempt failed, and when to make the next one."""
    await tx.raw.execute(_POSTPONE, mail.tenant_id, mail.id, next_attempt_at, error, mail.attempts)
