"""The group `board` on `reviews.v1`: keeps what the board needs of each review, and marks linked requests.

It publishes nothing. A request's order key is not in a review's event and would have to be locked before anything is
written, so the handler appends a mark for each linked request, and the job `board-recounts` counts and publishes.
"""

from collections.abc import Iterable, Sequence

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import OrderKey, Tx
from plaudit.common.erasure import REVIEW_ERASED
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.feedback_board.links import commands
from plaudit.feedback_board.links.domain import EmptyChangeError, LinkableChange, known_review


def order_keys(record: Record[LinkableChange]) -> Iterable[OrderKey]:
    """Return the review's own key: a link to it is made either before this change or after it."""
    return (commands.review_key(record.event.tenant, record.event.data.review_id),)


async def keep(tx: Tx, records: Sequence[Record[LinkableChange]]) -> Sequence[Outgoing]:
    """Keep the newest revision of each review in the batch; of one that is erased, nothing."""
    erased = [record.event for record in records if record.event.type == REVIEW_ERASED]
    try:
        reviews = [
            known_review(record.event.tenant, record.event.data)
            for record in records
            if record.event.type != REVIEW_ERASED
        ]
    except EmptyChangeError as error:
        raise InvalidRecordError(str(error)) from error
    await commands.erase_reviews(tx, [(event.tenant, event.data.review_id, event.time) for event in erased])
    await commands.keep_reviews(tx, reviews)
    return ()


SUBSCRIPTION: Subscription[LinkableChange] = Subscription(
    group="board",
    topic=REVIEWS,
    data=LinkableChange,
    handle=keep,
    order_keys=order_keys,
    gather_seconds=0.1,  # a person links a review seconds after it came, not sooner
)
