"""The log of failed attempts of each source."""

from collections.abc import Sequence
from datetime import timedelta

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.ingest.deliveries.tables import failed_attempts as attempts_table
from plaudit.ingest.hooks.domain import FailedAttempts

_ATTEMPTS = Columns(attempts_table)
_ADD_ATTEMPTS = f"""
INSERT INTO ingest.failed_attempts AS kept ({_ATTEMPTS.listed})
SELECT * FROM {_ATTEMPTS.unnest()}
ON CONFLICT (source_id, hour, reason) DO UPDATE SET
    attempts = kept.attempts + excluded.attempts, first_at = least(kept.first_at, excluded.first_at),
    last_at = greatest(kept.last_at, excluded.last_at), detail = excluded.detail
"""
_DROP_OLD_ATTEMPTS = "DELETE FROM ingest.failed_attempts WHERE source_id = ANY($1::uuid[]) AND hour < $2"
ATTEMPTS_KEPT = timedelta(days=30)


async def add_failed_attempts(tx: Tx, attempts: Sequence[FailedAttempts]) -> None:
    """Add failed attempts to the log of their sources, and drop what is older than 30 days there.

    Args:
        tx: the open transaction.
        attempts: at most one for each source, hour and reason, in the same order in every process.
    """
    await tx.raw.execute(_ADD_ATTEMPTS, *_ATTEMPTS.arrays(attempts))
    oldest = max(each.hour for each in attempts) - ATTEMPTS_KEPT
    await tx.raw.execute(_DROP_OLD_ATTEMPTS, sorted({each.source_id for each in attempts}), oldest)
