"""What becomes of clocks as reviews change, and as they are erased."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec.structs import replace

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands.history import History, read_late
from plaudit.alerting.clocks.commands.writing import NO_CAUSE, Cause, ClockWriter, Follower, rules_of
from plaudit.alerting.clocks.domain.about import erased
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.decide import decide_erased
from plaudit.alerting.clocks.domain.review_clocks import (
    PartitionOf,
    ReviewClocks,
    ReviewRevision,
    decide_overlaps,
    decide_revision,
)
from plaudit.alerting.clocks.domain.terms import Rules
from plaudit.common import erasure
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing, partition_of


async def apply_revisions(
    tx: Tx, revisions: Sequence[ReviewRevision], followers: Sequence[Follower], partitions: int
) -> list[Outgoing]:
    """Start, fulfil and cancel clocks as reviews change, in the order of the revisions; return what to publish.

    What is told of a review after its erasure, such as by a replay, changes nothing.

    Args:
        tx: the open transaction.
        revisions: in the order in which they were read.
        followers: act on what happens to the clocks.
        partitions: of each topic.
    """
    keys = {revision.review_key for revision in revisions}
    known = {key: ReviewClocks() for key in keys}
    found = await store.load_about(tx, keys)
    for clock in found:
        known[clock.tenant_id, clock.about.id].add(clock)
    rules = await rules_of(tx, {tenant_id for tenant_id, _ in keys}, found)
    gone = await _erased_before(tx, revisions)
    writer = ClockWriter(followers, rules)
    history = History(found, await read_late(tx, found), tx.now)

    def partition_among(key: str) -> int:
        return partition_of(key.encode(), partitions)

    for revision in revisions:
        clocks = known[revision.review_key]
        cause = Cause(revision.traceparent, revision.tracestate)
        if revision.is_erasure:
            gone.add(revision.review_key)
            for clock in clocks.all:
                clocks.add(_erase(_at_revision(clock, revision), revision.recorded_at, writer, cause))
        elif revision.review_key not in gone:
            _apply(revision, clocks, rules, writer, cause, partition_among, history)
    return await writer.save(tx)


async def end_erased(
    tx: Tx, reviews: Collection[tuple[str, str]], happened_at: datetime, followers: Sequence[Follower]
) -> list[Outgoing]:
    """Empty the clocks about reviews, each (tenant, id), that were erased; end those that run; return what to publish.

    Those that the consumer has emptied stay as they are: this is for erasures that it set aside. What people noted in
    the logs goes too.
    """
    known = await store.load_about(tx, reviews)
    writer = ClockWriter(followers, await rules_of(tx, {clock.tenant_id for clock in known}, known))
    for clock in known:
        if clock.erased_at is None:
            _erase(clock, happened_at, writer)
    events = await writer.save(tx)
    await store.empty_notes(tx, [clock.key for clock in known])
    return events


async def _erased_before(tx: Tx, revisions: Sequence[ReviewRevision]) -> set[tuple[str, str]]:
    """Note the erasures among the revisions; return the reviews, each (tenant, id), that were erased before."""
    gone = await erasure.erased_reviews(tx, {each.review_key for each in revisions})
    erasures = [each for each in revisions if each.is_erasure]
    if erasures:
        await erasure.note(
            tx,
            [
                erasure.Erasure(each.tenant_id, erasure.Kind.REVIEW, each.change.review_id, each.recorded_at)
                for each in erasures
            ],
        )
    return gone


def _at_revision(clock: Clock, revision: ReviewRevision) -> Clock:
    return replace(clock, review_revision=max(clock.review_revision, revision.change.revision))


def _erase(clock: Clock, happened_at: datetime, writer: ClockWriter, cause: Cause = NO_CAUSE) -> Clock:
    """Return a clock without a word of its review, ended if it still ran. Its log stays: it holds times and reasons."""
    clock = replace(clock, about=erased(clock.about), erased_at=clock.erased_at or happened_at)
    writer.keep(clock)
    return writer.record(clock, decide_erased(clock.run, happened_at, is_told=clock.is_told), cause)


def _apply(
    revision: ReviewRevision,
    clocks: ReviewClocks,
    rules: Rules,
    writer: ClockWriter,
    cause: Cause,
    partition_among: PartitionOf,
    history: History,
) -> None:
    """Apply a revision to the clocks about its review. One that is not newer than the applied one changes nothing."""
    if revision.change.revision <= clocks.revision:
        return
    for known in clocks.all:
        clock = revision.shown_by(known)
        clocks.add(clock)
        writer.keep(clock)
    for decided in list(decide_revision(revision, clocks, rules, partition_among)):
        if decided.started is not None:
            writer.begin(decided.clock, decided.started, cause)
        clocks.add(writer.record(decided.clock, history.marked(decided.clock, decided.events), cause))
    for decided in list(decide_overlaps(revision, clocks)):
        clocks.add(writer.record(decided.clock, decided.events, cause))
