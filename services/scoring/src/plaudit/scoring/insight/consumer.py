"""The group `scoring-insight` on `reviews.v1`: it keeps what reviews say, apart from live and history."""

from collections.abc import Sequence
from typing import Final

from plaudit.common import erasure
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription
from plaudit.scoring.insight import commands
from plaudit.scoring.insight.commands import Told
from plaudit.scoring.insight.domain.review import SaidChange
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import Source, latest


async def keep_what_is_said(tx: Tx, records: Sequence[Record[SaidChange]]) -> Sequence[Outgoing]:
    """Keep each review as its newest revision says, and what its source is called.

    Erasures are noted, so that none of their words comes back.
    """
    try:
        await commands.apply(tx, [Told(record.event.tenant, record.event.data) for record in records])
    except ValueError as error:
        raise InvalidRecordError(str(error)) from error
    await sources.note(tx, latest(told for told in map(_source, records) if told is not None))
    await erasure.note_reviews(tx, (record.event for record in records))
    return ()


def _source(record: Record[SaidChange]) -> Source | None:
    """Return what a record tells of the source of its review; None where it tells nothing."""
    event = record.event
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
    handle=keep_what_is_said,
    start_batch=200,
    max_batch=1_000,  # terms cost more than figures, and a transaction that writes is to be short
    gather_seconds=0.25,  # nobody waits for what stands out
)
