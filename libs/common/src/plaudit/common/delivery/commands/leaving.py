"""How messages are leased and checked before they leave."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx
from plaudit.common.delivery import store
from plaudit.common.delivery.commands.checks import Checks, Due, Failed, Later, Withdraw, checked
from plaudit.common.delivery.commands.queueing import objection_to
from plaudit.common.delivery.consent import store as consents
from plaudit.common.delivery.domain.endpoint import Endpoint, EndpointState, Secrets
from plaudit.common.delivery.domain.message import ERASED, ERASED_CONTENT, Channel, Content, Delivery, State
from plaudit.common.delivery.domain.outcomes import MAX_ATTEMPTS, TOO_LATE
from plaudit.common.delivery.domain.shares import share_of
from plaudit.common.delivery.endpoints import store as endpoints
from plaudit.common.delivery.store import Ended
from plaudit.common.vault import UNOPENED, Vault

LEASE_SECONDS: Final = 90.0
"""Longer than any exchange with a server may take, and its record."""
UNRECORDED: Final = "the process ended before it recorded an answer: the recipient may have got it"
NOT_OPENED: Final = "the address of the endpoint cannot be decrypted: the key of the vault is missing"
NO_ENDPOINT: Final = "the endpoint does not exist any more"
ENDED_DURING_EACH: Final = "the process ended during every attempt"
ONE_AT_A_TIME: Final = (Channel.SLACK, Channel.TEAMS)


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


async def lease(tx: Tx, limit: int, per_outlet: int, held: Mapping[str, int] = MappingProxyType({})) -> list[Delivery]:
    """Take deliveries that are due, for this process alone; at most so many of one outlet at a time.

    Args:
        tx: the open transaction.
        limit: how many have room in this process; tenants take turns in it.
        per_outlet: how many of one outlet are sent at a time.
        held: tenant → how many of it this process is sending. Where all of them hang, others have room still.
    """
    return await store.lease(
        tx,
        limit=limit,
        per_outlet=per_outlet,
        one_at_a_time=ONE_AT_A_TIME,
        seconds=LEASE_SECONDS,
        unrecorded=UNRECORDED,
        shares={tenant: share_of(limit, sending) for tenant, sending in held.items()},
        share_of_others=share_of(limit, 0),
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
        if objection := objection_to(each, said.get((each.tenant_id, each.person_key), ())):
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


def _trouble(found: endpoints.Stored | None) -> str:
    if found is None:
        return NO_ENDPOINT
    if found.endpoint.state == EndpointState.DISABLED:
        return f"{TOO_LATE}: {found.endpoint.reason}"
    return ""


def _thread(delivery: Delivery) -> store.ThreadKey:
    return delivery.tenant_id, delivery.thread, delivery.recipient
