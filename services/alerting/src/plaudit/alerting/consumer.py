"""One group on `reviews.v1`: what a review's change does to the promise made to its author."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from plaudit.alerting.changes import Changes
from plaudit.alerting.domain.clocks import apply, clock_id, order_key
from plaudit.alerting.domain.decide import decide
from plaudit.alerting.domain.policy import BUILT_IN, FIRST_ANSWER
from plaudit.alerting.domain.promises import Promise, facts_of
from plaudit.alerting.store import policies, promises
from plaudit.alerting.store.policies import Policies
from plaudit.alerting.store.promises import PromiseKey
from plaudit.common.contracts import REVIEWS, ReviewChange
from plaudit.common.db import OrderKey, Tx
from plaudit.common.kafka.subscription import Record, Subscription
from plaudit.common.outbox import Outgoing

GROUP = "alerting"


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


async def keep_promises(
    owner_email: str, tx: Tx, records: Sequence[Record[ReviewChange]]
) -> Sequence[Outgoing]:
    """Start, fulfil and cancel clocks as the batch's changes want it, in their order."""
    known = await promises.load(tx, {_key(record) for record in records})
    rules = await policies.load(tx, {record.event.tenant for record in records})
    changes = Changes(tx.now, owner_email)
    new_tenants = set()
    for record in records:
        key = _key(record)
        before = known.get(key)
        after = _applied(record, before, rules, changes)
        if after is not None:
            known[key] = after
            if before is None and rules.newest(after.tenant) is BUILT_IN:
                new_tenants.add(after.tenant)
    if new_tenants:
        await policies.keep(tx, new_tenants, BUILT_IN)
    return await changes.save(tx)


def _applied(
    record: Record[ReviewChange], promise: Promise | None, rules: Policies, changes: Changes
) -> Promise | None:
    """Return the promise after a record, or none where the review has none."""
    event = record.event
    change = event.data
    newest = rules.newest(event.tenant)
    if promise is None:
        return _begun(record, newest, changes)
    if change.revision <= promise.revision:
        return promise
    promise = replace(promise, revision=change.revision)
    if change.after is not None:
        promise = replace(promise, review=facts_of(change.review_id, change.after))
    changes.keep(promise)
    waiting = promise.clock.waiting
    policy = rules.pinned(event.tenant, promise.clock.policy) if waiting else newest
    decided = decide(promise.clock, change, event.time, policy)
    return changes.record(promise, decided, policy, event.traceparent)
