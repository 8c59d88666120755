"""One group on `reviews.v1`: what a review's change does to the promise made to its author."""

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec.structs import replace

from plaudit.alerting.changes import Changes
from plaudit.alerting.domain.clocks import clock_id, fold, order_key
from plaudit.alerting.domain.decide import decide
from plaudit.alerting.domain.policy import BUILT_IN, FIRST_ANSWER
from plaudit.alerting.domain.promises import Promise, facts_of
from plaudit.alerting.store import policies, promises
from plaudit.alerting.store.policies import Policies
from plaudit.alerting.store.promises import PromiseKey
from plaudit.common.contracts import REVIEWS, ReviewChange
from plaudit.common.db import OrderKey, Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka.subscription import Record, Subscription

GROUP = "alerting"
FIRST = "review.created"


def subscription(owner_email: str) -> Subscription[ReviewChange]:
    """Return the group's subscription; mails go to the owner."""
    return Subscription(
        group=GROUP,
        topic=REVIEWS,
        data=ReviewChange,
        handle=partial(keep_promises, owner_email),
        order_keys=order_keys,
    )


def order_keys(record: Record[ReviewChange]) -> Iterable[OrderKey]:
    """Return the order key of the one clock that the record can touch."""
    return (order_key(_key(record)[1]),)


async def keep_promises(owner_email: str, tx: Tx, records: Sequence[Record[ReviewChange]]) -> Sequence[Outgoing]:
    """Start, fulfil and cancel clocks as the changes of a batch want it, in their order."""
    known = await promises.load(tx, {_key(record) for record in records})
    rules = await policies.load(tx, {record.event.tenant for record in records})
    changes = Changes(tx.now, owner_email)
    for record in records:
        key = _key(record)
        promise = known.get(key)
        after = _begin(record, rules, changes) if promise is None else _continue(record, promise, rules, changes)
        if after is not None:
            known[key] = after
    new_tenants = {tenant for tenant, _ in known if rules.newest(tenant) is BUILT_IN}
    if new_tenants:
        await policies.keep(tx, new_tenants, BUILT_IN)
    return await changes.save(tx)


def _key(record: Record[ReviewChange]) -> PromiseKey:
    event = record.event
    return event.tenant, clock_id(event.tenant, event.data.review_id, FIRST_ANSWER)


def _begin(record: Record[ReviewChange], rules: Policies, changes: Changes) -> Promise | None:
    """Return a new promise, or none where the change wants none."""
    event, change = record.event, record.event.data
    policy = rules.newest(event.tenant)
    decided = decide(None, change, event.time, policy, is_first=event.type == FIRST)
    clock = fold(decided, policy)
    if change.after is None or clock is None:
        return None
    promise = Promise(
        tenant=event.tenant,
        id=_key(record)[1],
        metric=policy.metric,
        partition=record.partition,
        revision=change.revision,
        review=facts_of(change.review_id, change.after),
        clock=clock,
    )
    changes.begin(promise, decided, policy, event.traceparent)
    return promise


def _continue(record: Record[ReviewChange], promise: Promise, rules: Policies, changes: Changes) -> Promise:
    """Return what a change makes of a promise; a revision that is not newer than the applied one changes nothing."""
    event, change = record.event, record.event.data
    if change.revision <= promise.revision:
        return promise
    promise = replace(promise, revision=change.revision)
    if change.after is not None:
        promise = replace(promise, review=facts_of(change.review_id, change.after))
    changes.keep(promise)
    clock = promise.clock
    policy = rules.pinned(event.tenant, clock.policy) if clock.waiting else rules.newest(event.tenant)
    return changes.record(promise, decide(clock, change, event.time, policy), policy, event.traceparent)
