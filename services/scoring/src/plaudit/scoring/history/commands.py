"""What the history group does with review changes: it appends them to the ledger."""

from collections.abc import Sequence

from plaudit.common import erasure
from plaudit.common.db import Tx
from plaudit.scoring.history import store
from plaudit.scoring.history.domain import ToldChange, changed_again, days_past, entries, runs, without_topics


async def append(tx: Tx, changes: Sequence[ToldChange]) -> None:
    """Append what changes take away and add, and note what is not summed of it yet: runs of records, and past days.

    What an erased review mentioned is not kept, also where its records are read again after the job has taken it out
    of the ledger.

    Args:
        tx: the open transaction.
        changes: in the order of their partitions.

    Raises:
        InvalidReviewError: a change cannot be scored; nothing of the batch was written.
    """
    appended = list(entries(changes, await store.last_entries(tx, changed_again(changes))))
    if appended:
        appended = without_topics(appended, await erasure.erased_reviews(tx, {each.review_key for each in appended}))
        await store.append(tx, appended)
        await store.note_tail(tx, runs(changes))
        await store.note_changed_days(tx, days_past(appended, tx.now))
