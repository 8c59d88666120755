"""What changes the rows of reviews."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from plaudit.alerting.reviews import store
from plaudit.alerting.reviews.domain import review_of
from plaudit.common import erasure
from plaudit.common.contracts import ReviewChange
from plaudit.common.db import Tx


class Told(msgspec.Struct, frozen=True, gc=False):
    """A change of a review, as it was read."""

    tenant_id: str
    recorded_at: datetime
    change: ReviewChange
    is_erasure: bool


async def apply(tx: Tx, changes: Sequence[Told]) -> None:
    """Keep reviews as they stand after changes, in their order. One that was erased is forgotten, and stays so.

    A change that is not newer than what is known changes nothing.
    """
    gone = await erasure.erased_reviews(tx, {(each.tenant_id, each.change.review_id) for each in changes})
    gone |= {(each.tenant_id, each.change.review_id) for each in changes if each.is_erasure}
    kept = await store.load(tx, {(each.tenant_id, each.change.review_id) for each in changes} - gone)
    changed = set()
    for each in changes:
        key = each.tenant_id, each.change.review_id
        known = kept.get(key)
        if key in gone or (known is not None and each.change.revision <= known.revision):
            continue
        review = review_of(each.tenant_id, each.change, each.recorded_at, known)
        if review is not None:
            kept[key] = review
            changed.add(key)
    await store.save(tx, [kept[key] for key in changed])
    for tenant_id, review_id in sorted(gone):
        await store.delete(tx, tenant_id, [review_id])
