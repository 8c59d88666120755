"""How gathered messages leave: when, as one by itself or as a bundle, and what a bundle says when it does.

What is in a bundle is settled when it is made; each attempt has the same key. What is not wanted any more falls out of
it before each attempt. Where one is left, it leaves in its ordinary form; where none is, nothing does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from plaudit.common.db import Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.db.savepoints import savepoint
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.commands import Checks, Due, Failed, Later, Ready, Withdraw
from plaudit.common.delivery.domain.bundle import MAX_ITEMS, Gathered, bundle_content
from plaudit.common.delivery.domain.gathering import TO_PEOPLE, Gathering, Pace, Release, decide
from plaudit.common.delivery.domain.message import Content, Delivery, Item, Route, State, bundle_of
from plaudit.common.delivery.gatherings import store
from plaudit.common.delivery.store import Ended
from plaudit.common.vault import Vault

log = structlog.get_logger()

MAX_GATHERINGS: Final = 200
"""Looked at in one turn."""
LOOKED_AT: Final = 200
"""Of those that wait, for the first one that is still wanted."""
MEMBERS_AT_A_TIME: Final = 2_000
"""Read and checked together, so that a bundle of any size takes bounded memory."""
NOTHING_LEFT: Final = "nothing of what was gathered is still so"
_BEFORE_ALL: Final = UUID(int=0)

Told = Item | Withdraw | Later | Failed
Lister = Callable[[Tx, Sequence[Due]], Awaitable[Mapping[UUID, Told]]]
"""Asked before a bundle leaves what is to be told of each in it; what it does not name is told as it was queued."""


@dataclass(frozen=True, slots=True)
class Gatherer:
    """How bundles of a kind are composed."""

    lister: Lister
    link: str = ""
    """Where everything is that a bundle cannot list; empty where that is not known."""
    link_label: str = "Open all of them"


async def _nothing(_tx: Tx, _tenant_id: str, _since: datetime) -> None:
    """Do nothing of a storm."""


@dataclass(frozen=True, slots=True)
class Gatherings:
    """What a service knows of what it gathers."""

    gatherers: Mapping[str, Gatherer] = field(default_factory=dict)
    """Gathering → how its bundles are composed; where there is none, by what was queued and by the topic's check."""
    on_storm: Callable[[Tx, str, datetime], Awaitable[None]] = _nothing
    """Told that a tenant has more messages than it may, and since when."""
    on_calm: Callable[[Tx, str, datetime], Awaitable[None]] = _nothing
    """Told that this is over."""


async def release(tx: Tx, pace: Pace, most_an_hour: int, checks: Checks, known: Gatherings) -> int:
    """Let leave what may; return how many gatherings have changed.

    Args:
        tx: the open transaction.
        pace: how long messages are gathered.
        most_an_hour: messages to the people of one tenant, above which it has a storm.
        checks: asked for gatherings of which nothing else is known.
        known: of the service.
    """
    storms = _Storms(tx, most_an_hour, known, await store.open_storms(tx))
    await storms.end()
    states: list[Gathering] = []
    changed = 0
    for each in await store.due(tx, MAX_GATHERINGS):
        is_storm = await storms.has(each.gathering.tenant_id)
        what, state = decide(each.gathering, each.waiting, tx.now, pace, is_storm=is_storm)
        if what is Release.FIRST:
            is_released, has_changed = await _release_first(tx, state, _gatherer(state.gathering, checks, known))
        else:
            is_released = has_changed = what is Release.ALL
            if is_released:
                await _release_all(tx, state)
        if is_released:
            await storms.count(each.gathering)
        if is_released or what is Release.NOTHING:
            states.append(state)
        changed += has_changed
    await store.save(tx, states)
    return changed


async def _release_first(tx: Tx, state: Gathering, gatherer: Gatherer) -> tuple[bool, bool]:
    """Let the first message leave that is still wanted; those before it fall out, so that no window opens for nothing.

    Returns:
        Whether one leaves, and whether anything has changed.
    """
    due = [Due(*each) for each in await store.first(tx, state, LOOKED_AT)]
    wanted = await _listed(tx, gatherer, due)
    first = next((each.delivery.id for each in due if each.delivery.id in wanted), None)
    if first is not None:
        await store.release(tx, state, first)
    return first is not None, bool(due)


async def _release_all(tx: Tx, state: Gathering) -> None:
    number, is_urgent = await store.waiting(tx, state)
    if number == 1:
        [(only, _)] = await store.first(tx, state, 1)
        await store.release(tx, state, only.id)
        return
    opened_at = state.opened_at or tx.now
    route = Route(state.channel, state.recipient)
    bundle = bundle_of(state.tenant_id, state.gathering, route, opened_at, tx.now, is_urgent=is_urgent)
    await store.add_bundle(tx, state, bundle, Content(f"{number:,} messages, gathered", "", data={"total": number}))


def _gatherer(gathering: str, checks: Checks, known: Gatherings) -> Gatherer:
    return known.gatherers.get(gathering) or Gatherer(_listed_by(checks))


class _Storms:
    """Which tenants have a storm, during one turn."""

    def __init__(self, tx: Tx, most: int, known: Gatherings, going_on: Mapping[str, datetime]) -> None:
        self._tx = tx
        self._most = most
        self._known = known
        self._since = dict(going_on)
        self._left: dict[str, int] = {}

    async def end(self) -> None:
        """End storms of tenants that have had half as many messages as they may, or fewer."""
        for tenant_id, since in [*self._since.items()]:
            if 2 * await self._counted(tenant_id) <= self._most:
                del self._since[tenant_id]
                if await store.end_storm(self._tx, tenant_id, since):
                    await self._known.on_calm(self._tx, tenant_id, since)
                    log.info("message_storm_over", tenant_id=tenant_id)

    async def has(self, tenant_id: str) -> bool:
        """Return whether a tenant has a storm; it begins where as many messages have left as may."""
        if tenant_id not in self._since and await self._counted(tenant_id) >= self._most:
            self._since[tenant_id] = self._tx.now
            if await store.begin_storm(self._tx, tenant_id):
                await self._known.on_storm(self._tx, tenant_id, self._tx.now)
                log.warning("message_storm", tenant_id=tenant_id, waiting=self._left[tenant_id])
        return tenant_id in self._since

    async def count(self, gathering: Gathering) -> None:
        """Count one that leaves."""
        if gathering.channel in TO_PEOPLE:
            self._left[gathering.tenant_id] = await self._counted(gathering.tenant_id) + 1

    async def _counted(self, tenant_id: str) -> int:
        if tenant_id not in self._left:
            self._left[tenant_id] = await store.left(self._tx, tenant_id)
        return self._left[tenant_id]


async def prepare(tx: Tx, bundles: Sequence[Delivery], checks: Checks, known: Gatherings, vault: Vault) -> list[Ready]:
    """Return those of leased bundles that may leave, with what they say; record what became of the others."""
    if not bundles:
        return []
    told: list[tuple[Delivery, Content]] = []
    ended: list[Ended] = []
    for bundle in bundles:
        found = await _composed_apart(tx, bundle, checks, known)
        if found is None:
            ended.append(Ended(bundle, None, State.WITHDRAWN, NOTHING_LEFT))
        elif isinstance(found, Failed):
            ended.append(Ended(bundle, None, State.FAILED, found.reason))
        else:
            told.append(found)
    await delivery_store.record(tx, ended)
    return await deliveries.ready_of(tx, told, vault)


async def _composed_apart(
    tx: Tx, bundle: Delivery, checks: Checks, known: Gatherings
) -> tuple[Delivery, Content] | Failed | None:
    """Return what `_composed` does; a bundle that cannot be composed has failed, with all that it holds."""
    try:
        async with savepoint(tx):
            return await _composed(tx, bundle, checks, known)
    except Exception as error:
        if is_transient(error):
            raise
        return deliveries.failed(bundle, error)


async def _composed(
    tx: Tx, bundle: Delivery, checks: Checks, known: Gatherings
) -> tuple[Delivery, Content] | Failed | None:
    """Return a bundle with what it says; None where nothing of it is still so."""
    gatherer = _gatherer(bundle.gathering, checks, known)
    gathered = Gathered(MAX_ITEMS[bundle.channel])
    last: Due | None = None
    after = _BEFORE_ALL
    while members := await store.members(tx, bundle, after, MEMBERS_AT_A_TIME):
        after = members[-1][0].id
        due = [Due(*each) for each in members]
        items = await _listed(tx, gatherer, due)
        gathered.add((str(each), item) for each, item in items.items())
        last = next((each for each in reversed(due) if each.delivery.id in items), last)
    if last is None:
        return None
    if gathered.total == 1:
        return await _alone(tx, bundle, last, checks)
    return bundle, bundle_content(gathered, gatherer.link, gatherer.link_label)


async def _listed(tx: Tx, gatherer: Gatherer, due: Sequence[Due]) -> dict[UUID, Item]:
    """Return what is told of each; what is not wanted, not yet, or cannot be listed, falls out."""
    said = await deliveries.asked_apart(tx, due, gatherer.lister)
    failed: dict[tuple[str, UUID], str] = {}
    withdrawn: dict[tuple[str, UUID], str] = {}
    later: dict[tuple[str, UUID], tuple[datetime, str]] = {}
    items: dict[UUID, Item] = {}
    for each in due:
        delivery = each.delivery
        match said.get(delivery.id):
            case Failed(reason=reason):
                failed[delivery.tenant_id, delivery.id] = reason
            case Withdraw(reason=reason):
                withdrawn[delivery.tenant_id, delivery.id] = reason
            case Later(until=until, reason=reason):
                later[delivery.tenant_id, delivery.id] = (until, reason)
            case Item() as item:
                items[delivery.id] = item
            case None:
                items[delivery.id] = _as_queued(each.content, delivery)
    await store.fail(tx, failed)
    await store.withdraw(tx, withdrawn)
    await store.put_off(tx, later)
    return items


async def _alone(tx: Tx, bundle: Delivery, last: Due, checks: Checks) -> tuple[Delivery, Content] | Failed:
    """Return a bundle of which one is left, in the ordinary form of that one and in its thread."""
    verdict = (await deliveries.checked(tx, [last], checks)).get(last.delivery.id)
    if isinstance(verdict, Failed):
        return verdict
    content = verdict if isinstance(verdict, Content) else last.content
    return msgspec.structs.replace(bundle, topic=last.delivery.topic, thread=last.delivery.thread), content


def _listed_by(checks: Checks) -> Lister:
    """Return what lists deliveries of services that say no more than their checks do."""

    async def lister(tx: Tx, due: Sequence[Due]) -> Mapping[UUID, Item | Withdraw | Later | Failed]:
        asked = {each.delivery.id: each.delivery for each in due}
        verdicts = await deliveries.checked(tx, due, checks)
        return {
            delivery_id: _as_queued(verdict, asked[delivery_id]) if isinstance(verdict, Content) else verdict
            for delivery_id, verdict in verdicts.items()
        }

    return lister


def _as_queued(content: Content, delivery: Delivery) -> Item:
    kind = delivery.topic.rpartition(".")[2].replace("_", " ")
    return Item(content.subject, kind, link=content.link, link_label=content.link_label, is_urgent=delivery.is_urgent)
