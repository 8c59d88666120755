"""What reads where the score of a subject goes, and the statement that says how many reviews of it came lately."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.subjects import is_within
from plaudit.scoring.history import store as history
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.projection.domain.outlook import NOTHING_ASKED, PACE_DAYS, Arrived, Outlook, Wanted, outlook
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import Moment
from plaudit.scoring.sums.domain.parts import merge_for, newest_us

# What was rated after an instant takes effect after it, too; that narrows the index.
_ARRIVED: Final = f"""
SELECT source_id::text AS source_id, traits, sum(sign)::bigint AS reviews, sum(sign * rating) AS total
FROM ledger
WHERE tenant_id = $1 AND {is_within("subject", "$2")}
  AND valid_at > $3 AND valid_at <= $4 AND rated_at > $3 AND ($5::uuid IS NULL OR source_id = $5)
GROUP BY source_id, traits
"""


async def arrived(
    tx: Tx, tenant_id: str, subject: str, since: datetime, until: datetime, source_id: UUID | None = None
) -> list[Arrived]:
    """Return how many reviews of a subject and all below it were rated between two instants and stand at the later.

    What was removed or rated anew is taken away by its entry of the same rating time, as everywhere in the ledger.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        since: the first instant; it does not count.
        until: the later one; it does.
        source_id: of this source alone, if given.
    """
    rows = await tx.raw.fetch(_ARRIVED, tenant_id, subject, since, until, source_id)
    return [Arrived(row["source_id"], row["traits"], row["reviews"], row["total"]) for row in rows if row["reviews"]]


async def project(
    tx: SqlTx,
    tenant_id: str,
    subject: str,
    profile: Profile,
    asked: Wanted = NOTHING_ASKED,
    *,
    source_id: UUID | None = None,
) -> Outlook:
    """Return where the score of a subject goes, and what it takes to be elsewhere; of one source alone, if given.

    Raises:
        PastDateError: the target is wanted before now.
        UnknownSubjectError: the subject never had a review.
    """
    moment, of_source = Moment(at=tx.now, is_now=True), None if source_id is None else str(source_id)
    parts = await scores.parts_of(tx, tenant_id, subject, moment, profile, source_id=of_source)
    if not parts and not await scores.is_known(tx, tenant_id, subject):
        raise await scores.unknown_subject(tx, tenant_id, subject)
    since = tx.now - timedelta(days=PACE_DAYS)
    lately = await arrived(tx, tenant_id, subject, since, tx.now, source_id)
    begun = await history.rated_since(tx, tenant_id, subject, since, source_id)
    merged, newest = merge_for(profile, parts), newest_us(parts, profile)
    return outlook(profile, merged, newest, lately, tx.now, asked, rated_since=begun)
