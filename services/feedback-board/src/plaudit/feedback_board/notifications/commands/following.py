"""How a person follows a request, or stops: by their own choice, or by what they do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plaudit.common.db import Tx, lock
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery.consent.commands import order_key as consent_key
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, spend
from plaudit.feedback_board.notifications.domain.followers import Follower, Source, State
from plaudit.feedback_board.notifications.store import contacts, followers
from plaudit.feedback_board.requests.commands import entry, lock_and_find
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.store import activity


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person wants of a request now, and whether that was so before."""

    state: State
    already: bool


async def choose(
    work: UnitOfWork,
    tenant_id: str,
    request_id: UUID,
    person_key: str,
    state: State,
    actor: str,
    *,
    limit: Limit | None = None,
) -> Outcome:
    """Follow a request, or stop: it counts for all that is merged into it, and whatever the person does later.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: which request.
        person_key: who chooses.
        state: what they choose.
        actor: who does it, for the log.
        limit: to count it under; None for none.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
        LimitExceededError: the limit is used up.
    """
    request = await lock_and_find(work.tx, tenant_id, request_id)
    if limit is not None:
        await spend(work.tx, tenant_id, limit)
    if await followers.choice(work.tx, tenant_id, request_id, person_key) is state:
        return Outcome(state, already=True)
    await followers.put(work.tx, _follower(work.tx, request, person_key, state, Source.CHOSEN))
    kind = Kind.FOLLOWED if state is State.FOLLOWING else Kind.FOLLOW_STOPPED
    await _log(work.tx, request, kind, person_key, actor, Source.CHOSEN)
    return Outcome(state, already=False)


async def follow_by_default(tx: Tx, request: Request, person_key: str, source: Source, actor: str) -> None:
    """Let a person follow a request whose order key is locked, by what they do; one who has stopped does not."""
    if await followers.add(tx, _follower(tx, request, person_key, State.FOLLOWING, source)):
        await _log(tx, request, Kind.FOLLOWED, person_key, actor, source)


async def state_of(tx: Tx, request: Request, person_key: str) -> State:
    """Return what a person wants of a root: what they chose last, else whether what they did makes them follow."""
    chosen = await followers.choice(tx, request.tenant_id, request.id, person_key)
    if chosen is not None:
        return chosen
    follows = await followers.follows_by_default(tx, request.tenant_id, request.id, person_key)
    return State.FOLLOWING if follows else State.STOPPED


async def move(tx: Tx, tenant_id: str, person_key: str, to_key: str) -> None:
    """Give what a visitor follows and has stopped to the person that they turn out to be."""
    await followers.move(tx, tenant_id, person_key, to_key)


async def erase(tx: Tx, tenant_id: str, person_key: str, until: datetime) -> None:
    """Leave nothing of a person who was erased: no address, nothing they follow, and no word of mails to them."""
    await lock(tx, [consent_key(tenant_id, person_key)])
    await contacts.erase(tx, tenant_id, person_key, until)
    await followers.erase(tx, tenant_id, person_key, until)
    await deliveries.erase_person(tx, tenant_id, person_key)


def _follower(tx: Tx, request: Request, person_key: str, state: State, source: Source) -> Follower:
    return Follower(
        tenant_id=request.tenant_id,
        request_id=request.id,
        person_key=person_key,
        state=state,
        source=source,
        changed_at=tx.now,
    )


async def _log(tx: Tx, request: Request, kind: Kind, person_key: str, actor: str, source: Source) -> None:
    made = entry(request, kind, tx.now, actor, person_key=person_key, detail={"source": source})
    await activity.append(tx, made)
