"""Every SQL statement over the ledger."""

from collections.abc import Sequence

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, under
from plaudit.scoring.history.domain import LedgerEntry
from plaudit.scoring.history.tables import ledger

_OF_REVIEW = under("review", "subject", "kind", "rating", "verified", "origin", "rated_at")
_PATHS = under("change", "review_id", "revision") | _OF_REVIEW | {"source_id": "review.source.id"}
_COLUMNS = Columns(ledger, _PATHS)
_APPEND = f"INSERT INTO ledger ({_COLUMNS.listed}) SELECT * FROM {_COLUMNS.unnest()}"


async def append(tx: Tx, entries: Sequence[LedgerEntry]) -> None:
    """Append entries to the ledger.

    Raises:
        asyncpg.UniqueViolationError: an entry of the same partition, epoch, sequence and sign exists.
    """
    if entries:
        await tx.raw.execute(_APPEND, *_COLUMNS.arrays(entries))
