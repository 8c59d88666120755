"""What asks for a replay, and what carries it out: a bounded part of it in each transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from uuid import UUID

from msgspec.structs import replace

from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.deliveries.domain import backfill_of, read_again
from plaudit.ingest.hooks import store as hooks
from plaudit.ingest.hooks.domain import Delivery
from plaudit.ingest.platforms import ADAPTERS, answers_of
from plaudit.ingest.replays import store
from plaudit.ingest.replays.domain import After, Before, Replay, ReplayGroup, digest
from plaudit.ingest.reviews.events import review_event
from plaudit.ingest.sorting import store as sorting_rules
from plaudit.ingest.sorting.domain.rules import SHIPPED, CompiledRules
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import Answers, KeyedSource


class UnknownDeliveryError(Exception):
    """There is no such delivery."""


@dataclass(frozen=True)
class Wanted:
    """What is asked to be replayed: a delivery, or one event of it, or what came to a source."""

    delivery_id: UUID | None = None
    event_index: int | None = None
    source_id: UUID | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    quarantined_only: bool = False
    reason: str | None = None
    """Only events that are quarantined for it."""


async def request(work: UnitOfWork, tenant_id: str, wanted: Wanted, requested_by: str) -> Replay:
    """Ask for a replay. What comes after it was asked for is not part of it.

    Raises:
        UnknownDeliveryError: the delivery is none of the tenant's.
    """
    source_id = wanted.source_id
    if wanted.delivery_id is not None:
        source_id = await store.source_of(work.tx, tenant_id, wanted.delivery_id)
    if source_id is None:
        raise UnknownDeliveryError
    now = work.tx.now
    replay = Replay(
        tenant_id=tenant_id,
        id=work.ids(),
        source_id=source_id,
        delivery_id=wanted.delivery_id,
        event_index=wanted.event_index,
        received_from=wanted.received_from,
        received_before=min(now, wanted.received_before or now),
        quarantined_only=wanted.quarantined_only or wanted.reason is not None,
        reason_digest=None if wanted.reason is None else digest(wanted.reason),
        requested_by=requested_by,
        requested_at=now,
    )
    await store.add(work.tx, replay)
    return replay


def deliveries_of(
    batch: Sequence[Before],
    source: KeyedSource,
    rules: CompiledRules = SHIPPED,
    answers: Answers = Answers.TOLD,
) -> list[tuple[Before, Delivery | None]]:
    """Return stored deliveries as they are read today; None for one whose body is gone or cannot be read."""
    adapter = ADAPTERS[source.platform].of(source.mapping)
    read: list[tuple[Before, Delivery | None]] = []
    for before in batch:
        events, unreadable = read_again(adapter, source, before.body, before.headers)
        delivery = Delivery(
            id=before.id,
            source=source,
            sent_id=before.sent_id,
            headers="{}",
            body=before.body,
            events=events,
            removals_are_final=adapter.tells.removals_are_final,
            received_at=before.received_at,
            rules=rules,
            backfill=backfill_of(before.headers),
            answers=answers,
        )
        is_gone = before.scrubbed_at is not None or unreadable is not None
        read.append((before, None if is_gone else delivery))
    return read


def order_keys(read: Sequence[tuple[Before, Delivery | None]]) -> list[str]:
    """Return what must be locked before deliveries are decided again."""
    return list(chain.from_iterable(delivery.order_keys for _, delivery in read if delivery is not None))


async def carry_on(work: UnitOfWork, replay: Replay, source: KeyedSource, batch: Sequence[Before]) -> None:
    """Decide again about the next deliveries of a replay. The order keys of all of them must be locked.

    Args:
        work: the open unit of work.
        replay: as it was when the batch was read; where another process was faster, nothing is done.
        source: as its deliveries are read.
        batch: at least one.
    """
    if await store.lock(work.tx, replay.id) != replay:
        return
    # What was read before the locks were held may have changed since: repaired, replayed, erased.
    rules = await sorting_rules.rules_of(work.tx, replay.tenant_id)
    is_polled = await sources.is_polled(work.tx, replay.tenant_id, replay.source_id)
    answers = answers_of(source.platform, source.mapping, is_polled=is_polled)
    these = await store.these(work.tx, replay.tenant_id, [each.id for each in batch])
    read = deliveries_of(these, source, rules, answers)
    usable = [delivery for _, delivery in read if delivery is not None]
    keys = list(dict.fromkeys(chain.from_iterable(delivery.review_keys for delivery in usable)))
    _, reviews = await hooks.known(work.tx, (), keys)
    erased = await hooks.erased_people(work.tx, set().union(*(delivery.authors for delivery in usable)))
    group = ReplayGroup(work.tx.now, work.ids, source, reviews, erased, await store.made(work.tx, keys))
    after = [
        group.again(delivery, before, partial(replay.is_about, before=before))
        for before, delivery in read
        if delivery is not None
    ]
    await store.update(work.tx, [each for each in after if each.is_changed])
    if group.revisions or group.held or group.applied or group.noticed:
        events = [review_event(new, new.change) for new in group.revisions if new.change is not None]
        await hooks.write(work.tx, group, work.outbox.arrays(events))
    await store.save(work.tx, _moved(replay, batch[-1], counts_of(replay, read, after)))


async def skip(work: UnitOfWork, replay: Replay, failing: Before) -> None:
    """Go on behind a delivery that the database refuses."""
    if await store.lock(work.tx, replay.id) == replay:
        await store.save(work.tx, _moved(replay, failing, {"deliveries": 1, "failed": 1}))


async def finish(work: UnitOfWork, replay: Replay) -> None:
    """Note that a replay has come to its end."""
    if await store.lock(work.tx, replay.id) == replay:
        await store.save(work.tx, replace(replay, finished_at=work.tx.now))


async def count(work: UnitOfWork, replay: Replay) -> None:
    """Note how many deliveries a replay is about."""
    if await store.lock(work.tx, replay.id) == replay:
        await store.save(work.tx, replace(replay, total=await store.count(work.tx, replay)))


def counts_of(replay: Replay, read: Sequence[tuple[Before, Delivery | None]], after: Sequence[After]) -> dict[str, int]:
    """Return what became of a batch."""
    gone = [before for before, delivery in read if delivery is None]
    meant = [before for before in gone if before.was_read or replay.is_about(0, before)]
    counts = {
        "deliveries": len(gone),
        "erased": sum(before.scrubbed_at is not None for before in meant),
        "unreadable": sum(before.scrubbed_at is None for before in meant),
    }
    for each in after:
        for name, number in each.counts.items():
            counts[name] = counts.get(name, 0) + number
    return counts


def _moved(replay: Replay, last: Before, counts: dict[str, int]) -> Replay:
    return replace(replay, place_at=last.received_at, place=UUID(last.id), counts=replay.counted(counts))
