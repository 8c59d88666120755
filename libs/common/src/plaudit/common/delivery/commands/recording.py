"""How it is recorded what became of messages, and how failed ones are sent again."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.delivery import store
from plaudit.common.delivery.consent import store as consents
from plaudit.common.delivery.domain.endpoint import EndpointState
from plaudit.common.delivery.domain.message import ERASED, Channel, Delivery, State
from plaudit.common.delivery.domain.outcomes import (
    MAX_ERROR_CHARS,
    TOO_LATE,
    Circuit,
    Kind,
    Outcome,
    after,
    is_to_be_disabled,
    retry_seconds,
    storable,
)
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.store import Ended
from plaudit.common.delivery.watch import NOBODY_WATCHES, Mailbox, RecipientWatch

PACE_SECONDS: Final = {Channel.SLACK: 1.0, Channel.TEAMS: 0.25}
"""Slack takes one message a second from a webhook, Teams four."""


async def record(
    tx: Tx,
    outcomes: Sequence[tuple[Delivery, Outcome]],
    luck: Callable[[], float],
    *,
    is_last: bool = False,
    watch: RecipientWatch = NOBODY_WATCHES,
) -> list[Ended]:
    """Record what attempts have come to: of their deliveries, their outlets, and of endpoints that are gone.

    Args:
        tx: the open transaction.
        outcomes: in the order in which they ended.
        luck: from 0 to 1, for the jitter of what is tried again.
        is_last: whether nothing is tried again, as of a test.
        watch: told of endpoints that are disabled by it, and which addresses of the staff take mails.
    """
    if not is_last:
        outcomes = await _without_erased(tx, outcomes)
    standing = await store.circuits(tx, {(each.tenant_id, each.outlet) for each, _ in outcomes})
    ended: list[Ended] = []
    gone: dict[tuple[str, UUID], str] = {}
    for delivery, outcome in ((each, storable(said)) for each, said in outcomes):
        key = delivery.tenant_id, delivery.outlet
        circuit = standing.get(key, Circuit())
        if not outcome.is_ours:
            circuit = after(circuit, outcome, tx.now)
        if outcome.kind == Kind.SENT and (pace := PACE_SECONDS.get(Channel(delivery.channel))):
            circuit = msgspec.structs.replace(circuit, rests_until=tx.now + timedelta(seconds=pace))
        standing[key] = circuit
        ended.append(_ended(tx, delivery, outcome, luck(), is_last=is_last))
        if delivery.endpoint_id and (outcome.kind == Kind.GONE or is_to_be_disabled(circuit, tx.now)):
            gone[delivery.tenant_id, delivery.endpoint_id] = outcome.error
    await store.record(tx, ended)
    await store.save_circuits(tx, standing)
    for (tenant_id, endpoint_id), error in gone.items():
        await disable(tx, tenant_id, endpoint_id, error[:MAX_ERROR_CHARS], endpoints.SYSTEM, watch)
    await _tell_of_mailboxes(tx, ended, watch)
    return ended


async def _tell_of_mailboxes(tx: Tx, ended: Iterable[Ended], watch: RecipientWatch) -> None:
    """Tell the watch which addresses of the staff are refused for good, and where mails have arrived: the last word."""
    said: dict[Mailbox, str | None] = {}
    for delivery, outcome in ((each.delivery, each.outcome) for each in ended):
        if outcome is None or delivery.channel != Channel.EMAIL or delivery.person_key:
            continue
        if outcome.kind in {Kind.SENT, Kind.GONE}:
            said[delivery.tenant_id, delivery.recipient] = outcome.error if outcome.kind == Kind.GONE else None
    if refused := {key: error for key, error in said.items() if error is not None}:
        await watch.on_refused(tx, refused)
    if arrived := said.keys() - refused.keys():
        await watch.on_arrived(tx, arrived)


async def _without_erased(tx: Tx, outcomes: Sequence[tuple[Delivery, Outcome]]) -> list[tuple[Delivery, Outcome]]:
    """Return outcomes; of what was erased while it was being sent, how it ended and not a word of it."""
    erased = await store.erased_meanwhile(tx, [delivery for delivery, _ in outcomes])
    return [
        (delivery, outcome.without_words(ERASED) if delivery.id in erased else outcome)
        for delivery, outcome in outcomes
    ]


async def disable(
    tx: Tx, tenant_id: str, endpoint_id: UUID, reason: str, actor: str, watch: RecipientWatch = NOBODY_WATCHES
) -> None:
    """Send nothing to an endpoint any more; what waits for it has failed, and can be sent again by hand.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        endpoint_id: which.
        reason: why.
        actor: who does it; where nobody does, the watch is told.
        watch: of the service.
    """
    if await endpoints.set_state(tx, tenant_id, endpoint_id, EndpointState.DISABLED, reason):
        await endpoints.note(tx, tenant_id, endpoint_id, actor, f"{endpoints.DISABLED}{reason}")
        found = await endpoints.load(tx, {(tenant_id, endpoint_id)})
        if actor == endpoints.SYSTEM:
            await watch.on_disabled(tx, found[tenant_id, endpoint_id].endpoint, reason)
    await store.fail_outlet(tx, tenant_id, str(endpoint_id), f"{TOO_LATE}: {reason}")


async def redrive(
    tx: Tx,
    tenant_id: str,
    *,
    delivery_id: UUID | None = None,
    endpoint_id: UUID | None = None,
    thread: str | None = None,
) -> int:
    """Send failed deliveries again from the first attempt on: one, or all of an endpoint or thread; return how many."""
    if delivery_id is None and endpoint_id is None and thread is None:
        raise ValueError("name the delivery, the endpoint or the thread")
    if endpoint_id is not None:
        await store.close_circuit(tx, tenant_id, str(endpoint_id))
    return await store.redrive(
        tx,
        tenant_id,
        delivery_id=delivery_id,
        outlet=None if endpoint_id is None else str(endpoint_id),
        thread=thread,
    )


async def erase_thread(tx: Tx, tenant_id: str, thread: str) -> int:
    """Leave no word of the messages of a thread; what has not left is withdrawn. Return how many deliveries."""
    return await store.erase(tx, tenant_id, thread=thread)


async def erase_person_in_thread(tx: Tx, tenant_id: str, person_key: str, thread: str) -> int:
    """Leave no word of the messages of a thread to a person, and no address of theirs; their choices stay."""
    return await store.erase(tx, tenant_id, thread=thread, person_key=person_key)


async def erase_person(tx: Tx, tenant_id: str, person_key: str) -> int:
    """Leave no word of the messages to a person, no address of theirs, and none of their choices."""
    await consents.erase(tx, tenant_id, person_key)
    return await store.erase(tx, tenant_id, person_key=person_key)


def _ended(tx: Tx, delivery: Delivery, outcome: Outcome, luck: float, *, is_last: bool) -> Ended:
    if outcome.kind == Kind.SENT:
        return Ended(delivery, outcome, State.SENT, "")
    if outcome.kind == Kind.WITHDRAWN:
        return Ended(delivery, None, State.WITHDRAWN, outcome.error[:MAX_ERROR_CHARS])
    is_tried_again = outcome.kind == Kind.FAILED and not is_last
    wait = retry_seconds(delivery.attempts, luck) if is_tried_again else None
    if wait is None:
        return Ended(delivery, outcome, State.FAILED, outcome.error[:MAX_ERROR_CHARS])
    seconds = max(wait, outcome.retry_after_seconds or 0.0)
    return Ended(delivery, outcome, State.PENDING, outcome.error[:MAX_ERROR_CHARS], tx.now + timedelta(seconds=seconds))
