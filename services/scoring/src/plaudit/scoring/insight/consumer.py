"""The group `scoring-insight` on `reviews.v1`: it keeps what reviews say, apart from live and history."""

from collections.abc import Sequence
from typing import Any, Final

from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS, Envelope
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring.insight import commands
from plaudit.scoring.insight.commands import Told
from plaudit.scoring.insight.domain.review import SaidChange
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import Source, latest


async def keep_what_is_said(tx: Tx, records: Sequence[Record[Any]]) -> Sequence[Outgoing]:
    """Keep each review as its newest revision says, and what its source is called. The event of each is a `Told`.

    Erasures are noted, so that none of their words comes back.
    """
    told: list[Any] = [record.event for record in records]
    try:
        await commands.apply(tx, told)
    except ValueError as error:
        raise InvalidRecordError(str(error)) from error
    events = [each.event for each in told]
    await sources.note(tx, latest(source for source in map(_source, events) if source is not None))
    await erasure.note_reviews(tx, events)
    return ()


def _source(event: Envelope[SaidChange]) -> Source | None:
    """Return what an event tells of the source of its review; None where it tells nothing."""
    state = event.data.after or event.data.before
    if state is None or not state.source.name:
        return None
    return Source(
        tenant_id=event.tenant,
        source_id=state.source.id,
        name=state.source.name,
        platform=state.source.platform,
        told_at=event.time,
    )


INSIGHT: Final = Subscription(
    group="scoring-insight",
    topic=REVIEWS,
    data=SaidChange,
    prepare=Told.by,
    handle=keep_what_is_said,
    start_batch=200,  # a review writes half a dozen rows, and a transaction that writes is to be short
    max_batch=1_000,
    gather_seconds=1.0,  # nobody waits for what stands out
)
