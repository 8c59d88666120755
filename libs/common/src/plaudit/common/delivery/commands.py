"""How messages change: queued with their cause, leased and checked before they leave, and recorded afterwards."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Counter

from plaudit.common.db import Tx
from plaudit.common.db.savepoints import savepoint
from plaudit.common.delivery import store
from plaudit.common.delivery.consent import store as consents
from plaudit.common.delivery.domain.consent import why_not
from plaudit.common.delivery.domain.endpoint import Endpoint, EndpointState, Secrets
from plaudit.common.delivery.domain.message import (
    A_PERSON,
    CONSOLE_OUTLET,
    ERASED,
    ERASED_CONTENT,
    Channel,
    Content,
    Delivery,
    Message,
    Route,
    State,
    check,
    deliveries_of,
    takes_topic,
)
from plaudit.common.delivery.domain.outcomes import (
    MAX_ATTEMPTS,
    MAX_ERROR_CHARS,
    TOO_LATE,
    Circuit,
    Kind,
    Outcome,
    after,
    is_to_be_disabled,
    retry_seconds,
)
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.store import Ended, Fresh
from plaudit.common.jobs import bisect
from plaudit.common.vault import UNOPENED, Vault

log = structlog.get_logger()

LEASE_SECONDS: Final = 90.0
"""Longer than any exchange with a server may take, and its record."""
UNRECORDED: Final = "the process ended before it recorded an answer: the recipient may have got it"
NOT_OPENED: Final = "the address of the endpoint cannot be decrypted: the key of the vault is missing"
NO_ENDPOINT: Final = "the endpoint does not exist any more"
ENDED_DURING_EACH: Final = "the process ended during every attempt"
ONE_AT_A_TIME: Final = (Channel.SLACK, Channel.TEAMS)
PACE_SECONDS: Final = {Channel.SLACK: 1.0, Channel.TEAMS: 0.25}
"""Slack takes one message a second from a webhook, Teams four."""


FAILED = Counter(
    "plaudit_messages_failed_total",
    "Deliveries that are given up: refused, failed at the last attempt, or not to be checked or composed. They can be "
    "sent again by hand.",
    ["channel"],
)
for _channel in Channel:
    FAILED.labels(_channel)  # from the start, so that the first one is an increase


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A check's word that a message is not wanted any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """A check's word that a message is not to leave yet."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """What becomes of a message on which its check, or what composes it, raises: it can be sent again by hand."""

    reason: str


Verdict = Withdraw | Later | Content
"""What a check says of a delivery: it is not to leave, not yet, or with what it says now."""
Check = Callable[[Tx, Sequence["Due"]], Awaitable[Mapping[UUID, Verdict]]]
"""Asked just before deliveries leave, in the transaction that leases them; what it does not name leaves as queued."""
Checks = Mapping[str, Check]
"""Topic, with all that is below it → its check."""
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is about to leave, and what it said when it was queued."""

    delivery: Delivery
    content: Content


@dataclass(frozen=True, slots=True)
class Ready:
    """A delivery that may leave."""

    delivery: Delivery
    content: Content
    endpoint: Endpoint | None = None
    secrets: Secrets | None = field(default=None, repr=False)
    address: str = field(default="", repr=False)
    """Of a person, as it was asked for just now. It is kept nowhere."""
    references: tuple[UUID, ...] = ()
    """Mails in which its thread was told together with others."""


class NotCompletedError(Exception):
    """What a mail to a person needs cannot be had at present; the text says why. It is tried again later."""


Complete = Callable[[Ready], Awaitable[Ready | Withdraw]]
"""Adds to a mail to a person its address and what else is only known as it leaves; asked outside of any transaction."""


async def queue(tx: Tx, messages: Sequence[Message]) -> int:
    """Write messages that are to be told; they leave after the transaction has committed.

    Consent is looked up here and again before they leave. What is not allowed is kept as withdrawn, with the reason.

    Args:
        tx: the open transaction, under the api or worker role.
        messages: in any order; one with a key, recipient and channel that was queued before changes nothing.

    Returns:
        How many deliveries are new.

    Raises:
        MessageError: a message is beyond a limit, or lacks what it needs.
    """
    for message in messages:
        check(message)
    said = await consents.of_people(tx, {(each.tenant, each.to.person_key) for each in messages if each.to.person_key})
    choices = await endpoints.choices(tx, {each.tenant for each in messages if not _is_mail(each)})
    fresh: dict[UUID, Fresh] = {}
    for message in messages:
        entries = said.get((message.tenant, message.to.person_key), ())
        for each in deliveries_of(message, _routes(message, choices.get(message.tenant, ())), tx.now):
            objection = _objection(each, entries)
            fresh[each.id] = Fresh(each, message.not_before or tx.now, objection)
    return await store.add(tx, messages, list(fresh.values()))


async def lease(tx: Tx, limit: int, per_outlet: int) -> list[Delivery]:
    """Take up to `limit` deliveries that are due, for this process alone; at most so many of one outlet at a time."""
    return await store.lease(
        tx,
        limit=limit,
        per_outlet=per_outlet,
        one_at_a_time=ONE_AT_A_TIME,
        seconds=LEASE_SECONDS,
        unrecorded=UNRECORDED,
    )


async def prepare(tx: Tx, leased: Sequence[Delivery], checks: Checks, vault: Vault) -> list[Ready]:
    """Return those of leased deliveries that may leave, with what they say; record what became of the others."""
    if not leased:
        return []
    contents = await store.contents(tx, leased)
    said = await consents.of_people(tx, {(each.tenant_id, each.person_key) for each in leased if each.person_key})
    # Of what was erased while it was being sent, no check could read anything.
    erased = {each.id: Withdraw(ERASED) for each in leased if contents[each.id] == ERASED_CONTENT}
    due = [Due(each, contents[each.id]) for each in leased if each.id not in erased]
    verdicts = {**erased, **await checked(tx, due, checks)}
    told: list[tuple[Delivery, Content]] = []
    ended: list[Ended] = []
    for each in leased:
        verdict = verdicts.get(each.id, contents[each.id])
        if objection := _objection(each, said.get((each.tenant_id, each.person_key), ())):
            ended.append(Ended(each, None, State.WITHDRAWN, objection))
        elif isinstance(verdict, Withdraw):
            ended.append(Ended(each, None, State.WITHDRAWN, verdict.reason))
        elif isinstance(verdict, Failed):
            ended.append(Ended(each, None, State.FAILED, verdict.reason))
        elif isinstance(verdict, Later):
            waits = State.GATHERED if each.gathering else State.PENDING
            ended.append(Ended(each, None, waits, verdict.reason, verdict.until))
        else:
            told.append((each, verdict))
    await store.record(tx, ended)
    return await ready_of(tx, told, vault)


async def ready_of(tx: Tx, told: Sequence[tuple[Delivery, Content]], vault: Vault) -> list[Ready]:
    """Return those of leased deliveries that have an address, and an attempt left; record what became of the others.

    Args:
        tx: the open transaction.
        told: each delivery, and what it says.
        vault: opens the addresses of endpoints.
    """
    known = await endpoints.load(tx, {(each.tenant_id, each.endpoint_id) for each, _ in told if each.endpoint_id})
    ready: list[Ready] = []
    ended: list[Ended] = []
    opened: dict[UUID, tuple[Endpoint, Secrets]] = {}
    """Each endpoint once: to decrypt its secrets takes longer than all else here."""
    for each, content in told:
        found = known.get((each.tenant_id, each.endpoint_id)) if each.endpoint_id else None
        if each.attempts > MAX_ATTEMPTS:
            ended.append(Ended(each, None, State.FAILED, ENDED_DURING_EACH))
        elif each.endpoint_id and (trouble := _trouble(found)):
            ended.append(Ended(each, None, State.FAILED, trouble))
        else:
            try:
                if found is not None and found.endpoint.id not in opened:
                    opened[found.endpoint.id] = endpoints.opened(found, vault)
            except UNOPENED:
                ended.append(Ended(each, None, State.FAILED, NOT_OPENED))
            else:
                ready.append(Ready(each, content, *(opened[found.endpoint.id] if found else ())))
    await store.record(tx, ended)
    return ready


async def with_references(tx: Tx, ready: Sequence[Ready]) -> list[Ready]:
    """Return deliveries with the mails that told of their threads together with others."""
    mails = {
        _thread(each.delivery) for each in ready if each.delivery.thread and each.delivery.channel == Channel.EMAIL
    }
    if not mails:
        return list(ready)
    told = await store.told_with_others(tx, mails)
    return [replace(each, references=told.get(_thread(each.delivery), ())) for each in ready]


async def record(
    tx: Tx, outcomes: Sequence[tuple[Delivery, Outcome]], luck: Callable[[], float], *, is_last: bool = False
) -> list[Ended]:
    """Record what attempts have come to: of their deliveries, their outlets, and of endpoints that are gone.

    Args:
        tx: the open transaction.
        outcomes: in the order in which they ended.
        luck: from 0 to 1, for the jitter of what is tried again.
        is_last: whether nothing is tried again, as of a test.
    """
    standing = await store.circuits(tx, {(each.tenant_id, each.outlet) for each, _ in outcomes})
    ended: list[Ended] = []
    gone: dict[tuple[str, UUID], str] = {}
    for delivery, outcome in outcomes:
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
        await disable(tx, tenant_id, endpoint_id, error[:MAX_ERROR_CHARS], "system")
    return ended


async def disable(tx: Tx, tenant_id: str, endpoint_id: UUID, reason: str, actor: str) -> None:
    """Send nothing to an endpoint any more; what waits for it has failed, and can be sent again by hand."""
    if await endpoints.set_state(tx, tenant_id, endpoint_id, EndpointState.DISABLED, reason):
        await endpoints.note(tx, tenant_id, endpoint_id, actor, f"disabled: {reason}")
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


def _is_mail(message: Message) -> bool:
    return bool(message.to.address or message.to.person_key)


def _routes(message: Message, choices: Sequence[endpoints.Choices]) -> list[Route]:
    if _is_mail(message):
        return [Route(Channel.EMAIL, message.to.address or A_PERSON)]
    if message.to.is_subscribers:
        found = [each for each in choices if each.is_enabled and takes_topic(list(each.topics), message.topic)]
    else:
        found = [each for each in choices if each.id == message.to.endpoint_id]
    # Nothing is lost in silence: where nobody takes it, the console does.
    return [Route(each.channel, str(each.id)) for each in found] or [Route(Channel.CONSOLE, CONSOLE_OUTLET)]


def _objection(delivery: Delivery, entries: Sequence[consents.ConsentEntry]) -> str:
    if not delivery.person_key:
        return ""
    return why_not(entries, delivery.topic, delivery.channel, needs_consent=delivery.needs_consent)


def _trouble(found: endpoints.Stored | None) -> str:
    if found is None:
        return NO_ENDPOINT
    if found.endpoint.state == EndpointState.DISABLED:
        return f"{TOO_LATE}: {found.endpoint.reason}"
    return ""


def _thread(delivery: Delivery) -> store.ThreadKey:
    return delivery.tenant_id, delivery.thread, delivery.recipient


def failed(delivery: Delivery, error: Exception) -> Failed:
    """Return what becomes of a delivery on which code of ours raises; it is logged and counted."""
    FAILED.labels(delivery.channel).inc()
    log.error(
        "message_set_aside",
        channel=delivery.channel,
        topic=delivery.topic,
        delivery_id=str(delivery.id),
        exc_info=error,
    )
    return Failed(reason_of(error))


def reason_of(error: Exception) -> str:
    """Return an error as the reason of a failure: a text that the database takes."""
    return f"{type(error).__name__}: {error}".replace("\0", "")[:MAX_ERROR_CHARS]


async def asked_apart(
    tx: Tx, due: Sequence[Due], ask: Callable[[Tx, Sequence[Due]], Awaitable[Mapping[UUID, Said]]]
) -> dict[UUID, Said | Failed]:
    """Return what is said of deliveries; where asking raises, those on which it does are found by halving, and fail.

    Args:
        tx: the open transaction; what a question wrote before it raised is undone.
        due: which.
        ask: is asked about some of them; about all at once where nothing raises.

    Raises:
        Exception: a transient error.
    """
    said: dict[UUID, Said | Failed] = {}

    async def ask_some(some: Sequence[Due]) -> None:
        async with savepoint(tx):
            said.update(await ask(tx, some))

    async def fail(one: Due, error: Exception) -> None:
        said[one.delivery.id] = failed(one.delivery, error)

    if due:
        await bisect(due, ask_some, fail)
    return said


async def checked(tx: Tx, leased: Sequence[Due], checks: Checks) -> dict[UUID, Verdict | Failed]:
    """Return what the checks say, each asked once about all of its topic; what a check raises on has failed."""
    asked: defaultdict[str, list[Due]] = defaultdict(list)
    for each in leased:
        for topic in checks:
            if takes_topic([topic], each.delivery.topic):
                asked[topic].append(each)
    verdicts: dict[UUID, Verdict | Failed] = {}
    for topic, deliveries in asked.items():
        verdicts |= await asked_apart(tx, deliveries, checks[topic])
    return verdicts


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
