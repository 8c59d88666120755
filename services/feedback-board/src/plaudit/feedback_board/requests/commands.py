"""Every way to change a request: lock, load, decide, save, log and publish, in the one transaction that is given in.

The API, the public pages and the jobs all change requests through these functions. Votes and links stand above: they
add or remove a mention, and then call `recount` and `record`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common import idempotency
from plaudit.common.db import OrderKey, Tx, lock, try_lock
from plaudit.common.events import Outgoing
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.requests import events
from plaudit.feedback_board.requests.domain.activity import Entry, Kind, decimal_text, figures
from plaudit.feedback_board.requests.domain.announcement import Announcement, is_wanted
from plaudit.feedback_board.requests.domain.counting import is_due
from plaudit.feedback_board.requests.domain.errors import (
    HasMergedRequestsError,
    MergedRequestError,
    RevisionError,
    TransitionError,
    UnknownRequestError,
)
from plaudit.feedback_board.requests.domain.priority import Sizing
from plaudit.feedback_board.requests.domain.reach import midnight
from plaudit.feedback_board.requests.domain.request import Draft, Request, new_request, recounted, sized, weighed
from plaudit.feedback_board.requests.domain.snapshot import SizingEntry, snapshot
from plaudit.feedback_board.requests.domain.status import Status, check_transition
from plaudit.feedback_board.requests.domain.text import distinct_slug, slug
from plaudit.feedback_board.requests.domain.visibility import Author, Visibility
from plaudit.feedback_board.requests.domain.weighing import Concern, Weighing
from plaudit.feedback_board.requests.store import (
    activity,
    announcements,
    mentions,
    priority_history,
    recounts,
    requests,
    sets,
    sizings,
    weighing,
)

NOBODY: Final = "board"
"""The actor of what happens by itself."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The request after a command, and whether the command found its work already done."""

    request: Request
    already: bool = False


def request_key(tenant_id: str, request_id: UUID) -> OrderKey:
    """Return the order key of a request."""
    return f"request:{tenant_id}:{request_id}"


async def create(
    work: UnitOfWork, tenant_id: str, draft: Draft, actor: str, *, key: IdempotencyKey | None = None
) -> Outcome:
    """Put a request on the board.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        draft: the request, cleaned.
        actor: who does it, for the log.
        key: under which a repeat gets the first answer.

    Raises:
        KeyReusedError: the key came with another request before.
    """
    request_id = work.ids()
    await lock_new(work.tx, tenant_id, request_id, key)
    if (first := await find_answer(work.tx, tenant_id, key)) is not None:
        return Outcome(first, already=True)
    request = await add(work, tenant_id, request_id, draft, actor)
    await keep_answer(work.tx, key, request)
    return Outcome(request)


async def set_status(
    work: UnitOfWork,
    tenant_id: str,
    request_id: UUID,
    status: Status,
    reason: str | None,
    actor: str,
    *,
    expected_revisions: Collection[int] | None = None,
    notify: bool | None = None,
    actor_key: str = "",
    is_backfill: bool = False,
) -> Outcome:
    """Set the status of a request, with its public reason where there is one. The same again changes nothing.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: which request.
        status: the new one.
        reason: why; public.
        actor: who sets it, for the log.
        expected_revisions: what the request's revision must be one of.
        notify: whether those who asked for it are told; None as `announcement.is_wanted` says. An import says False.
        actor_key: the person key of who sets it, who is not told; empty for what is no person.
        is_backfill: whether an import says it.

    Raises:
        UnknownRequestError: no such request.
        TransitionError: this status cannot follow on the present one.
        InvalidInputError: it can, and needs a reason.
        RevisionError: the request is no longer at one of `expected_revisions`.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    previous = before.status
    if previous is status and before.status_reason == reason:
        return Outcome(before, already=True)
    _check_revision(before, expected_revisions)
    if previous is status:
        raise TransitionError(f"This request is {status} already. The reason that it got cannot be replaced later.")
    check_transition(previous, status, reason)
    changed = replace(before, status=status, status_reason=reason, status_changed_at=work.tx.now)
    request = await _save(work.tx, changed)
    await _announce(work, request, previous, notify, actor_key)
    detail: dict[str, Any] = {"previous_status": previous, "status": status, "reason": reason}
    if is_backfill:
        detail["backfill"] = True
    event = events.status_changed(request, work.tx.now, previous, backfill=is_backfill)
    await record(work, request, Kind.STATUS_CHANGED, actor, event, detail=detail)
    return Outcome(request)


async def _announce(work: UnitOfWork, request: Request, previous: Status, notify: bool | None, actor_key: str) -> None:
    """Hold a change of status for those who are to be told, or because an earlier one is held that it changes."""
    held = await announcements.held(work.tx, request.tenant_id, request.id)
    wanted = is_wanted(request.status, notify, held)
    if not wanted and not held:
        return
    made = Announcement(
        tenant_id=request.tenant_id,
        id=work.ids(),
        request_id=request.id,
        previous_status=previous,
        status=request.status,
        is_wanted=wanted,
        actor_key=actor_key,
        changed_at=work.tx.now,
    )
    await announcements.append(work.tx, made)


async def set_sizing(
    work: UnitOfWork,
    tenant_id: str,
    request_id: UUID,
    sizing: Sizing | None,
    actor: str,
    *,
    note: str | None = None,
    expected_revisions: Collection[int] | None = None,
) -> Outcome:
    """Set impact and effort, or take them back with None. The same again changes nothing, unless it has another note.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: which request.
        sizing: the estimate.
        actor: who estimates.
        note: why; public.
        expected_revisions: what the request's revision must be one of.

    Raises:
        UnknownRequestError: no such request.
        RevisionError: the request is no longer at one of `expected_revisions`.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    if before.sizing == sizing and await _says_nothing_new(work.tx, before, note):
        return Outcome(before, already=True)
    _check_revision(before, expected_revisions)
    sized_at = None if sizing is None else work.tx.now
    request = await _save(work.tx, replace(sized(before, sizing), sized_at=sized_at))
    entry = SizingEntry(
        impact=request.impact, effort_weeks=request.effort_weeks, note=note, actor=actor, at=work.tx.now
    )
    await sizings.append(work.tx, tenant_id, request_id, entry)
    await keep_snapshot(work.tx, request)
    detail = {"impact": decimal_text(request.impact), "effort_weeks": decimal_text(request.effort_weeks), "note": note}
    await record(work, request, Kind.SIZED, actor, events.scored(request, work.tx.now), detail=detail)
    return Outcome(request)


async def set_concern(
    work: UnitOfWork, tenant_id: str, request_id: UUID, concern: Concern | None, actor: str
) -> Outcome:
    """Say that a request is about safety or accessibility, so that no weight hides it; None takes it back.

    Raises:
        UnknownRequestError: no such request.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    if before.concern is concern:
        return Outcome(before, already=True)
    request = await recount(work.tx, replace(before, concern=concern))
    await keep_snapshot(work.tx, request)
    event = events.scored(request, work.tx.now)
    await record(work, request, Kind.CONCERN_SET, actor, event, detail={"concern": concern})
    return Outcome(request)


async def recount_due(work: UnitOfWork, limit: int) -> int:
    """Recount requests whose linked reviews changed, or whose mentions left the window; a worker's command.

    Requests that another transaction is changing at this moment are left for the next turn.

    Returns:
        The number of requests that were recounted.
    """
    due = await recounts.list_due(work.tx, limit)
    locked = await try_lock(work.tx, [request_key(*request) for request in due])
    if locked:  # until then, a merge or its undoing may have given a mark another root
        due = await recounts.list_due(work.tx, limit)
    ours = {request: marks for request, marks in due.items() if request_key(*request) in locked}
    await recounts.delete_marks(work.tx, [mark for marks in ours.values() for mark in marks])
    weighings = await weighing.hold_several(work.tx, {tenant_id for tenant_id, _ in ours})
    for tenant_id, request_id in ours:
        before = await requests.find(work.tx, tenant_id, request_id)
        if before is not None and before.merged_into is None:
            await _recount_silently(work, before, weighings[tenant_id])
    return len(ours)


async def begin_day(tx: Tx, limit: int) -> int:
    """Keep the figures of the new day, for up to `limit` tenants; a worker's command.

    A tenant whose mentions have left the window, and are still counted, is left for the next turn: so all figures that
    are kept are of the new day's window, and of one instant.

    Returns:
        The number of tenants whose day has begun.
    """
    unrolled = (await priority_history.list_unrolled(tx))[:limit]
    locked = await try_lock(tx, [_day_key(tenant_id) for tenant_id in unrolled])
    begun = 0
    for tenant_id in unrolled:
        if _day_key(tenant_id) not in locked or await priority_history.waits_for_recounts(tx, tenant_id):
            continue
        await priority_history.put_all_that_moved(tx, tenant_id)
        await priority_history.put_day(tx, tenant_id, midnight(tx.now).date())
        begun += 1
    return begun


def _day_key(tenant_id: str) -> OrderKey:
    return f"board-day:{tenant_id}"


async def _recount_silently(work: UnitOfWork, before: Request, held: Weighing) -> Request:
    """Recount a request and return it; log and publish it only if a figure changed."""
    after = recounted(before, await mentions.count(work.tx, before.tenant_id, before.id), held)
    if figures(after) == figures(before):
        await requests.save(work.tx, after)
        return after
    after = await _save(work.tx, after)
    if (before.muted_people > 0) != (after.muted_people > 0):
        await keep_snapshot(work.tx, after)
    else:
        await keep_if_reweighed(work.tx, before, after)
    await record(work, after, Kind.RECOUNTED, NOBODY, events.scored(after, work.tx.now))
    return after


async def count_if_due(work: UnitOfWork, request: Request) -> Request:
    """Return a request whose order key is locked as it is now, counted anew if that is due."""
    if not is_due(request, work.tx.now):
        return request
    return await _recount_silently(work, request, await weighing.hold(work.tx, request.tenant_id))


async def recount_by_itself(work: UnitOfWork, tenant_id: str, request_id: UUID) -> None:
    """Count the mentions of a root whose order key is locked, after some were deleted; log and publish it."""
    found = await requests.find(work.tx, tenant_id, request_id)
    if found is not None:
        request = await recount(work.tx, found)
        await record(work, request, Kind.RECOUNTED, NOBODY, events.scored(request, work.tx.now))


async def erase_author(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Take a person off up to `limit` requests that the person made up to a time; return how many these were."""
    request_ids = await requests.made_until(tx, tenant_id, person_key, until, limit)
    if request_ids:
        await lock(tx, [request_key(tenant_id, request_id) for request_id in request_ids])
        await requests.erase_authors(tx, tenant_id, request_ids)
    return len(request_ids)


async def erase_person(tx: Tx, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Take a person's name off up to `limit` entries of the log up to a time; return how many these were."""
    return await activity.erase_person(tx, tenant_id, person_key, until, limit)


async def lock_new(tx: Tx, tenant_id: str, request_id: UUID, key: IdempotencyKey | None) -> None:
    """Lock the order keys of a request to be made; the transaction's first statement that waits or writes."""
    keys = [request_key(tenant_id, request_id)]
    if key is not None:
        keys.append(idempotency.order_key(tenant_id, key.key))
    await lock(tx, keys)


async def lock_and_find(
    tx: Tx,
    tenant_id: str,
    request_id: UUID,
    *further_keys: OrderKey,
    visibilities: Collection[Visibility] = requests.PUBLIC,
) -> Request:
    """Lock a request and return it; the transaction's first statement that waits or writes.

    Raises:
        UnknownRequestError: no such request, or one that is held or removed, unless `visibilities` names these.
        MergedRequestError: it is merged into another one, so that it does not change.
    """
    await lock(tx, [request_key(tenant_id, request_id), *further_keys])
    request = await requests.find(tx, tenant_id, request_id, visibilities)
    if request is None:
        raise UnknownRequestError
    if request.merged_into is not None:
        raise MergedRequestError(request.merged_into)
    return request


async def check_may_leave(tx: Tx, request: Request) -> None:
    """Check that a request whose order key is locked may leave the board, before anything is written.

    Raises:
        HasMergedRequestsError: others are merged into it, which would leave with it.
    """
    if len(await sets.members(tx, request.tenant_id, request.id)) > 1:
        raise HasMergedRequestsError


async def find_answer(tx: Tx, tenant_id: str, key: IdempotencyKey | None) -> Request | None:
    """Return the request that was made under this key, as it was then; None when the key is new or there is none.

    Raises:
        KeyReusedError: the key came with another request before.
    """
    answer = None if key is None else await idempotency.find(tx, tenant_id, key)
    return None if answer is None else msgspec.json.decode(answer, type=Request)


async def keep_answer(tx: Tx, key: IdempotencyKey | None, request: Request) -> None:
    """Keep the request as the answer to a repeat under this key, without its author."""
    if key is not None:
        request = replace(request, author_key=None, author_name=None)
        await idempotency.keep(tx, request.tenant_id, key, msgspec.json.encode(request).decode())


async def add(
    work: UnitOfWork,
    tenant_id: str,
    request_id: UUID,
    draft: Draft,
    actor: str,
    *,
    author: Author | None = None,
    visibility: Visibility = Visibility.PUBLISHED,
) -> Request:
    """Store a new request whose order key is locked, under a slug that is free. A held one is told to nobody."""
    unweighed = new_request(tenant_id, request_id, slug(draft.title), draft, work.tx.now, author, visibility)
    request = weighed(unweighed, {}, await weighing.hold(work.tx, tenant_id))
    if not await requests.insert(work.tx, request):
        request = replace(request, slug=distinct_slug(request.title, request.id))
        if not await requests.insert(work.tx, request):
            raise RuntimeError(f"slug {request.slug!r} is taken twice")
    logged = ("title", "text", "slug", "subject", "persona", "author_name", "visibility")
    detail = {name: getattr(request, name) for name in logged}
    event = events.created(request, work.tx.now) if visibility is Visibility.PUBLISHED else None
    await record(work, request, Kind.CREATED, actor, event, person_key=request.author_key, detail=detail)
    return request


async def add_imported(
    work: UnitOfWork,
    tenant_id: str,
    request_id: UUID,
    draft: Draft,
    actor: str,
    *,
    created_at: datetime,
    author: Author | None,
    status: Status | None,
    reason: str | None,
    sizing: Sizing | None,
    origin: Mapping[str, Any],
) -> Request:
    """Store a request of another board as it was there, whose order key is locked. Nobody is told.

    The log has what follows on its making one by one, as if it had been done here now.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: of the new request.
        draft: the request, cleaned.
        actor: who imports it, for the log.
        created_at: when it was made there.
        author: who made it there, where that is known.
        status: that it has there, None for open.
        reason: why; public.
        sizing: the team's estimate.
        origin: where it came from, for the log.
    """
    new = new_request(tenant_id, request_id, slug(draft.title), draft, created_at, author)
    new = replace(weighed(new, {}, await weighing.hold(work.tx, tenant_id)), status_changed_at=work.tx.now)
    if not await requests.insert(work.tx, new):
        new = replace(new, slug=distinct_slug(new.title, new.id))
        if not await requests.insert(work.tx, new):
            raise RuntimeError(f"slug {new.slug!r} is taken twice")
    logged = ("title", "text", "slug", "subject", "persona", "author_name", "visibility", "created_at")
    detail = {**{name: getattr(new, name) for name in logged}, **origin, "backfill": True}
    await record(work, new, Kind.CREATED, actor, None, person_key=new.author_key, detail=detail)
    after = replace(new, status=status or new.status, status_reason=reason)
    if after != new:
        await requests.save(work.tx, after)
        moved = {"previous_status": new.status, "status": after.status, "reason": reason, "backfill": True}
        await record(work, after, Kind.STATUS_CHANGED, actor, None, detail=moved)
    await work.emit(events.created(after, work.tx.now, backfill=True))
    if sizing is not None:
        return (await set_sizing(work, tenant_id, request_id, sizing, actor)).request
    return after


async def save_words(
    work: UnitOfWork,
    request: Request,
    kind: Kind,
    actor: str,
    event: Outgoing | None = None,
    *,
    person_key: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Request:
    """Save changed words or a changed visibility of a request whose order key is locked, log and publish it."""
    request = replace(request, revision=request.revision + 1)
    await requests.save_words(work.tx, request)
    await record(work, request, kind, actor, event, person_key=person_key, detail=detail)
    return request


async def recount(tx: Tx, request: Request) -> Request:
    """Count the mentions of a request whose order key is locked, save it, and return it."""
    held = await weighing.hold(tx, request.tenant_id)
    counted = await mentions.count(tx, request.tenant_id, request.id)
    after = await _save(tx, recounted(request, counted, held))
    await keep_if_reweighed(tx, request, after)
    return after


async def recount_set(tx: Tx, request: Request) -> Request:
    """Count the votes and the mentions of a root after its set has changed, save it, and return it."""
    votes, anonymous = await sets.recount_votes(tx, request.tenant_id, request.id)
    return await recount(tx, replace(request, votes=votes, anonymous_votes=anonymous))


async def record(
    work: UnitOfWork,
    request: Request,
    kind: Kind,
    actor: str,
    event: Outgoing | None,
    *,
    person_key: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append what happened to the log, with the figures that the request now has, and publish its event, if any."""
    await activity.append(work.tx, entry(request, kind, work.tx.now, actor, person_key=person_key, detail=detail))
    if event is not None:
        await work.emit(event)


def entry(
    request: Request,
    kind: Kind,
    at: datetime,
    actor: str,
    *,
    person_key: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    """Return the entry of the log about what happened, with the figures that the request now has."""
    return Entry(
        tenant_id=request.tenant_id,
        request_id=request.id,
        kind=kind,
        at=at,
        actor=actor,
        person_key=person_key,
        detail={**(detail or {}), "figures": figures(request)},
    )


async def _save(tx: Tx, request: Request) -> Request:
    request = replace(request, revision=request.revision + 1)
    await requests.save(tx, request)
    return request


async def _says_nothing_new(tx: Tx, request: Request, note: str | None) -> bool:
    """Return whether an estimate that is as before has no note, or the same one."""
    if note is None:
        return True
    latest = await sizings.list_newest(tx, request.tenant_id, request.id, limit=1)
    return bool(latest) and latest[0].note == note


async def keep_if_reweighed(tx: Tx, before: Request, after: Request) -> None:
    """Keep the figures of a request if its people are weighed in another view than before.

    Not by whether anyone is muted: a vote that is cast and taken back again and again would be kept each time.
    """
    if _weighs(after) != _weighs(before):
        await keep_snapshot(tx, after)


async def keep_snapshot(tx: Tx, request: Request) -> None:
    """Keep the figures after somebody changed an estimate, a weight or a set; other changes are kept once a day."""
    await priority_history.put(tx, request.tenant_id, request.id, snapshot(request, tx.now))


def _weighs(request: Request) -> tuple[object, ...]:
    """Return how the people of a request were weighed."""
    return request.reach_view, request.reach_cap, request.formula_version


def _check_revision(request: Request, expected_revisions: Collection[int] | None) -> None:
    if expected_revisions is not None and request.revision not in expected_revisions:
        raise RevisionError
