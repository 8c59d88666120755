"""The group `scoring-answers` on `reviews.v1`: it keeps when reviews were answered, apart from live and history."""

from collections.abc import Sequence
from typing import Final

from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring.answers import commands
from plaudit.scoring.answers.commands import Told
from plaudit.scoring.answers.domain.review import AnswerableChange


async def keep_answers(tx: Tx, records: Sequence[Record[AnswerableChange]]) -> Sequence[Outgoing]:
    """Keep what becomes of reviews.

    Erasures are noted, so that no record that is set aside keeps the words of an erased review.
    """
    try:
        await commands.apply(tx, [_told(record) for record in records])
    except ValueError as error:
        raise InvalidRecordError(str(error)) from error
    await erasure.note_reviews(tx, (record.event for record in records))
    return ()


def _told(record: Record[AnswerableChange]) -> Told:
    return Told(
        tenant_id=record.event.tenant,
        known_at=record.event.time,
        partition=record.partition,
        epoch=record.epoch,
        sequence=record.sequence,
        change=record.event.data,
    )


ANSWERS: Final = Subscription(
    group="scoring-answers",
    topic=REVIEWS,
    data=AnswerableChange,
    handle=keep_answers,
    gather_seconds=1.0,  # nobody waits for figures of answers
)
"""What the service's `consume` process runs beside the other groups."""
