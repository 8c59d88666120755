"""Mails to be sent, and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from plaudit.common.db import Tx

_ADD = """
INSERT INTO mails (tenant_id, id, clock_id, generation, kind, recipient, created_at, next_attempt_at)
SELECT *, $7::timestamptz, $7::timestamptz
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[])
ON CONFLICT (tenant_id, id) DO NOTHING
"""

# A lease runs by the wall clock, not by the clock port: a test that moves time must not make a second sender.
_LEASE = """
UPDATE mails m SET leased_until = now() + make_interval(secs => $2), attempts = m.attempts + 1
FROM (
    SELECT tenant_id, id FROM mails
    WHERE state = 'pending' AND next_attempt_at <= $1 AND leased_until < now()
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
) due
WHERE m.tenant_id = due.tenant_id AND m.id = due.id
RETURNING m.tenant_id, m.id, m.clock_id, m.generation, m.kind, m.recipient, m.attempts, m.created_at
"""

_FINISH = """
UPDATE mails SET state = $3, finished_at = $4, error = $5, leased_until = '-infinity'
WHERE tenant_id = $1 AND id = $2 AND state = 'pending' AND attempts = $6
"""

_POSTPONE = """
UPDATE mails SET next_attempt_at = $3, error = $4, leased_until = '-infinity'
WHERE tenant_id = $1 AND id = $2 AND state = 'pending' AND attempts = $5
"""


class NewMail(NamedTuple):
    """One mail about one change of a clock, to one recipient."""

    tenant: str
    id: UUID
    clock_id: UUID
    generation: int
    kind: str
    recipient: str


class LeasedMail(NamedTuple):
    """A mail that this process is trying to send, and nobody else."""

    tenant: str
    id: UUID
    clock_id: UUID
    generation: int
    kind: str
    recipient: str
    attempts: int
    created_at: datetime


async def add(tx: Tx, mails: Sequence[NewMail]) -> None:
    """Write mails to be sent; the same one is written once."""
    if mails:
        await tx.raw.execute(_ADD, *zip(*mails, strict=True), tx.now)


async def lease(tx: Tx, lease_seconds: float, limit: int) -> list[LeasedMail]:
    """Take up to `limit` mails that are due; each counts as one more attempt."""
    return [LeasedMail(*row) for row in await tx.raw.fetch(_LEASE, tx.now, lease_seconds, limit)]


async def finish(tx: Tx, mail: LeasedMail, state: str, error: str | None = None) -> None:
    """Note what became of a mail for good: `sent`, `superseded` or `failed`."""
    await tx.raw.execute(_FINISH, mail.tenant, mail.id, state, tx.now, error, mail.attempts)


async def postpone(tx: Tx, mail: LeasedMail, next_attempt_at: datetime, error: str) -> None:
    """Note that an attempt failed, and when to make the next one."""
    await tx.raw.execute(_POSTPONE, mail.tenant, mail.id, next_attempt_at, error, mail.attempts)
