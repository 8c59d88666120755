"""A group of its own on `reviews.v1`: what was answered is kept for comparison, and no clock waits for it."""

from collections.abc import Iterable, Sequence
from typing import Final

from plaudit.alerting.answers import commands
from plaudit.alerting.answers.commands import ToldChange
from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import OrderKey, Tx
from plaudit.common.erasure import REVIEW_ERASED
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

GATHER_SECONDS: Final = 1.0
"""Nobody waits for it."""
MAX_BATCH: Final = 500


def order_keys(record: Record[ToldChange]) -> Iterable[OrderKey]:
    """Return the order key of a tenant's answers where the record changes one: each batch trims them."""
    event = record.event
    return (f"answers:{event.tenant}",) if event.data.changes_answer or event.type == REVIEW_ERASED else ()


async def keep_answers(tx: Tx, records: Sequence[Record[ToldChange]]) -> Sequence[Outgoing]:
    """Keep and delete answers as the reviews of a batch have changed; erasures are noted."""
    events = [record.event for record in records]
    await erasure.note_reviews(tx, events)
    # The event of an erasure tells no answer, not even that there was one.
    await commands.delete(tx, {(each.tenant, each.data.review_id) for each in events if each.type == REVIEW_ERASED})
    await commands.follow(tx, [(event.tenant, event.data) for event in events])
    return ()


SUBSCRIPTION: Final = Subscription(
    group="alerting-answers",
    topic=REVIEWS,
    data=ToldChange,
    handle=keep_answers,
    order_keys=order_keys,
    start_batch=MAX_BATCH,
    max_batch=MAX_BATCH,
    gather_seconds=GATHER_SECONDS,
)
