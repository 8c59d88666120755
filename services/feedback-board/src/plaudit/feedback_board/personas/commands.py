"""Every way to change personas, who has which, and the view of reach: lock, load, decide, save and log.

What changes weights marks the requests that it touches; the recounts of requests then change and publish their figures.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from plaudit.common.db import Tx, lock, try_lock
from plaudit.common.ids import IdSource
from plaudit.feedback_board.personas import store
from plaudit.feedback_board.personas.domain import (
    MAX_PERSONAS,
    Assignment,
    Persona,
    PersonaExistsError,
    Source,
    TooManyPersonasError,
    UnknownPersonaError,
    check_cap,
    check_share,
    check_until,
)
from plaudit.feedback_board.requests.commands import NOBODY
from plaudit.feedback_board.requests.domain.activity import BOARD, Entry, Kind, decimal_text
from plaudit.feedback_board.requests.domain.weighing import ReachView, Weighing
from plaudit.feedback_board.requests.store import activity, weighing
from plaudit.feedback_board.requests.store.weighing import weighing_key


async def create(
    tx: Tx, ids: IdSource, tenant_id: str, name: str, population_share: Decimal | None, actor: str
) -> Persona:
    """Make a persona.

    Raises:
        PersonaExistsError: another has this name.
        TooManyPersonasError: the board has as many as it takes.
        InvalidInputError: the share is none.
    """
    await lock(tx, [weighing_key(tenant_id)])
    if len(await store.list_all(tx, tenant_id)) >= MAX_PERSONAS:
        raise TooManyPersonasError
    persona = Persona(
        tenant_id=tenant_id, id=ids(), name=name, population_share=check_share(population_share), created_at=tx.now
    )
    await _check_name(tx, persona)
    await store.insert(tx, persona)
    await _log_set(tx, persona, actor)
    return persona


async def change(
    tx: Tx, tenant_id: str, persona_id: UUID, name: str, population_share: Decimal | None, actor: str
) -> Persona:
    """Rename a persona, or set its share of the population. The same again changes nothing.

    Raises:
        UnknownPersonaError: no such persona.
        PersonaExistsError: another has this name.
        InvalidInputError: the share is none.
    """
    before = await _lock_and_find(tx, tenant_id, persona_id)
    after = replace(before, name=name, population_share=check_share(population_share))
    if after == before:
        return before
    await _check_name(tx, after)
    await store.save(tx, after)
    await _log_set(tx, after, actor)
    return after


async def mute(tx: Tx, tenant_id: str, persona_id: UUID, reason: str, until: datetime, actor: str) -> Persona:
    """Let the people of a persona count for nothing until a time. Votes are kept, and nobody is told less.

    Raises:
        UnknownPersonaError: no such persona.
        InvalidInputError: the time is past, or too far away.
    """
    before = await _lock_and_find(tx, tenant_id, persona_id)
    now = before.mute(tx.now)
    if now is not None and (now.reason, now.until) == (reason, until):
        return before
    after = replace(before, muted_at=tx.now, muted_until=check_until(until, tx.now), mute_reason=reason, muted_by=actor)
    await store.save(tx, after)
    await store.mark_requests_with(tx, persona_id, tenant_id)
    detail = {"persona_id": str(persona_id), "reason": reason, "until": until.isoformat()}
    await _log(tx, tenant_id, Kind.PERSONA_MUTED, actor, detail)
    return after


async def unmute(tx: Tx, tenant_id: str, persona_id: UUID, actor: str) -> Persona:
    """Let the people of a persona count again; where they do, nothing changes.

    Raises:
        UnknownPersonaError: no such persona.
    """
    before = await _lock_and_find(tx, tenant_id, persona_id)
    return before if before.muted_at is None else await _unmute(tx, before, actor)


async def end_mutes(tx: Tx, limit: int) -> int:
    """End up to `limit` mutes whose time has come; a worker's command. Returns how many these were."""
    ended = await store.list_ended(tx, limit)
    locked = await try_lock(tx, sorted({weighing_key(tenant_id) for tenant_id, _ in ended}))
    done = 0
    for tenant_id, persona_id in ended:
        if weighing_key(tenant_id) not in locked:
            continue
        persona = await store.find(tx, tenant_id, persona_id)
        if persona is not None and persona.muted_at is not None and persona.mute(tx.now) is None:
            await _unmute(tx, persona, NOBODY)
            done += 1
    return done


async def assign(tx: Tx, tenant_id: str, person_key: str, persona_id: UUID, source: Source, actor: str) -> bool:
    """Give a person a persona, in place of the one before; return whether that was so already.

    Raises:
        UnknownPersonaError: no such persona.
    """
    await _lock_and_find(tx, tenant_id, persona_id)
    if await store.persona_of(tx, tenant_id, person_key) == (persona_id, source):
        return True
    assignment = Assignment(
        tenant_id=tenant_id,
        person_key=person_key,
        persona_id=persona_id,
        source=source,
        actor=actor,
        assigned_at=tx.now,
    )
    await store.assign(tx, assignment)
    detail = {"persona_id": str(persona_id), "source": source}
    await _log(tx, tenant_id, Kind.PERSON_ASSIGNED, actor, detail, person_key)
    return False


async def unassign(tx: Tx, tenant_id: str, person_key: str, persona_id: UUID, actor: str) -> bool:
    """Take a persona from a person; return whether the person did not have it.

    Raises:
        UnknownPersonaError: no such persona.
    """
    await _lock_and_find(tx, tenant_id, persona_id)
    if not await store.unassign(tx, tenant_id, person_key, persona_id):
        return True
    await _log(tx, tenant_id, Kind.PERSON_UNASSIGNED, actor, {"persona_id": str(persona_id)}, person_key)
    return False


async def erase(tx: Tx, tenant_id: str, person_key: str, until: datetime) -> int:
    """Delete which persona a person was given up to a time, as the transaction's first change; return 1, or 0."""
    await lock(tx, [weighing_key(tenant_id)])
    return await store.erase(tx, tenant_id, person_key, until)


async def set_view(tx: Tx, tenant_id: str, view: ReachView, cap: int | None, actor: str) -> Weighing:
    """Set which reach the priorities of a board are made of. The same again changes nothing.

    Raises:
        InvalidInputError: the cap is out of range, or the view has none.
    """
    await lock(tx, [weighing_key(tenant_id)])
    before = await weighing.find(tx, tenant_id)
    after = replace(before, view=view, cap=check_cap(view, cap))
    if after == before:
        return before
    await store.put_view(tx, tenant_id, after, actor)
    await _log(tx, tenant_id, Kind.REACH_VIEW_SET, actor, {"view": view, "cap": after.cap})
    return after


async def _unmute(tx: Tx, persona: Persona, actor: str) -> Persona:
    after = replace(persona, muted_at=None, muted_until=None, mute_reason=None, muted_by=None)
    await store.save(tx, after)
    await store.mark_requests_with(tx, persona.id, persona.tenant_id)
    await _log(tx, persona.tenant_id, Kind.PERSONA_UNMUTED, actor, {"persona_id": str(persona.id)})
    return after


async def _lock_and_find(tx: Tx, tenant_id: str, persona_id: UUID) -> Persona:
    await lock(tx, [weighing_key(tenant_id)])
    persona = await store.find(tx, tenant_id, persona_id)
    if persona is None:
        raise UnknownPersonaError
    return persona


async def _check_name(tx: Tx, persona: Persona) -> None:
    if await store.name_is_taken(tx, persona.tenant_id, persona.name, by_another_than=persona.id):
        raise PersonaExistsError(persona.name)


async def _log_set(tx: Tx, persona: Persona, actor: str) -> None:
    share = decimal_text(persona.population_share)
    detail = {"persona_id": str(persona.id), "name": persona.name, "population_share": share}
    await _log(tx, persona.tenant_id, Kind.PERSONA_SET, actor, detail)


async def _log(
    tx: Tx, tenant_id: str, kind: Kind, actor: str, detail: Mapping[str, Any], person_key: str | None = None
) -> None:
    entry = Entry(
        tenant_id=tenant_id,
        request_id=BOARD,
        kind=kind,
        at=tx.now,
        actor=actor,
        person_key=person_key,
        detail=detail,
    )
    await activity.append(tx, entry)
