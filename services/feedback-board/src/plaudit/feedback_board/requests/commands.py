"""What can be done to the board: each command is one transaction of lock, load, decide, save, log and outbox.

The API, the public pages and the jobs all come through here, so that no rule holds on one way in only.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Database, OrderKey, Tx, lock, try_lock
from plaudit.common.events import Outgoing
from plaudit.common.ids import IdSource
from plaudit.common.outbox import Outbox
from plaudit.common.person_keys import person_key
from plaudit.feedback_board import events
from plaudit.feedback_board.domain.activity import Entry, Kind, decimal_text, figures
from plaudit.feedback_board.domain.errors import (
    BudgetSpentError,
    KeyReusedError,
    RevisionError,
    TransitionError,
    UnknownRequestError,
    UnknownReviewError,
    VotingClosedError,
)
from plaudit.feedback_board.domain.priority import Sizing
from plaudit.feedback_board.domain.requests import Draft, Request, new_request, recounted, sized
from plaudit.feedback_board.domain.status import DECIDED, Status, check_transition
from plaudit.feedback_board.domain.text import distinct_slug, slug
from plaudit.feedback_board.store import mentions, records, requests

BUDGET_PERIOD: Final = timedelta(hours=1)
NOBODY: Final = "board"
"""The actor of what happens by itself."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's name for one wish: sent again, it gets the first answer."""

    key: str
    fingerprint: bytes
    """Of the request that the key came with; another one under the same key is refused."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a network may do on the public pages within an hour."""

    kind: str
    network: bytes
    limit: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The wish after a command, and whether the command found its work done already."""

    request: Request
    already: bool = False


def request_key(tenant: str, request_id: UUID) -> OrderKey:
    """Return the order key of a wish."""
    return f"request:{tenant}:{request_id}"


def review_key(tenant: str, review_id: UUID) -> OrderKey:
    """Return the order key of a review: what arrives about it and what is linked to it wait for each other."""
    return f"review:{tenant}:{review_id}"


class Board:
    """The commands, over one role's connections."""

    def __init__(self, database: Database, outbox: Outbox, ids: IdSource) -> None:
        self._database = database
        self._outbox = outbox
        self._ids = ids

    async def person_of(self, tenant: str, address: str) -> str:
        """Return the person key of someone's e-mail address; the address goes no further."""
        async with self._database.transaction(tenant) as tx:
            key = await records.tenant_key(tx, tenant)
        if key is None:
            raise RuntimeError(f"tenant {tenant!r} has a key to the API and none for people")
        return person_key(key, address)

    async def create(
        self,
        tenant: str,
        draft: Draft,
        actor: str,
        *,
        key: IdempotencyKey | None = None,
        voter: str | None = None,
        budget: Budget | None = None,
    ) -> Outcome:
        """Put a wish on the board.

        Args:
            tenant: whose board.
            draft: the wish, cleaned.
            actor: who does it, for the log.
            key: under which a repeat gets the first answer.
            voter: the person who wishes, as its first vote.
            budget: to take one off.

        Raises:
            KeyReusedError: the key came with another wish before.
            BudgetSpentError: nothing is left of the budget.
        """
        request_id = self._ids()
        locked = [request_key(tenant, request_id)]
        if key is not None:
            locked.append(f"board-idempotency:{tenant}:{key.key}")
        async with self._database.transaction(tenant) as tx:
            await lock(tx, locked)
            if key is not None and (answered := await _answered(tx, tenant, key)) is not None:
                return Outcome(answered, already=True)
            await _spend(tx, tenant, budget)
            request = await _insert(tx, new_request(tenant, request_id, slug(draft.title), draft, tx.now))
            detail = {name: getattr(request, name) for name in ("title", "text", "slug", "subject", "persona")}
            await self._log(tx, request, Kind.CREATED, actor, detail=detail, tell=[events.created(tx, request)])
            if voter is not None:
                request = await self._vote(tx, request, voter, actor) or request
            if key is not None:
                answer = msgspec.json.encode(request).decode()
                await records.keep_answer(tx, tenant, key.key, records.StoredAnswer(key.fingerprint, answer))
            return Outcome(request)

    async def vote(
        self, tenant: str, request_id: UUID, person: str, actor: str, *, budget: Budget | None = None
    ) -> Outcome:
        """Count a person's vote; a second one changes nothing.

        Raises:
            UnknownRequestError: no such wish.
            VotingClosedError: it was shipped or declined, and the person had not voted before.
            BudgetSpentError: nothing is left of the budget.
        """
        async with self._change(tenant, request_id) as (tx, before):
            await _spend(tx, tenant, budget)
            if before.status in DECIDED:
                if request_id in await mentions.voted_for(tx, tenant, person, [request_id]):
                    return Outcome(before, already=True)
                raise VotingClosedError(f"This wish is {before.status}: it takes no more votes.")
            after = await self._vote(tx, before, person, actor)
            return Outcome(after or before, already=after is None)

    async def withdraw_vote(
        self, tenant: str, request_id: UUID, person: str, actor: str, *, budget: Budget | None = None
    ) -> Outcome:
        """Take a person's vote back; where there is none, nothing changes.

        Raises:
            UnknownRequestError: no such wish.
            BudgetSpentError: nothing is left of the budget.
        """
        async with self._change(tenant, request_id) as (tx, before):
            await _spend(tx, tenant, budget)
            votes = await mentions.take_vote(tx, tenant, request_id, person)
            if votes is None:
                return Outcome(before, already=True)
            request = await _recount(tx, replace(before, votes=votes))
            tell = [events.scored(tx, request)]
            await self._log(tx, request, Kind.VOTE_WITHDRAWN, actor, person=person, tell=tell)
            return Outcome(request)

    async def set_status(
        self,
        tenant: str,
        request_id: UUID,
        status: Status,
        reason: str,
        actor: str,
        *,
        expected_revision: int | None = None,
    ) -> Outcome:
        """Say where a wish stands, with the reason that the public reads. The same again changes nothing.

        Raises:
            UnknownRequestError: no such wish.
            TransitionError: it cannot go there from where it is.
            RevisionError: it has changed since `expected_revision`.
        """
        async with self._change(tenant, request_id) as (tx, before):
            previous = before.status
            if previous is status and before.status_reason == reason:
                return Outcome(before, already=True)
            _expect(before, expected_revision)
            if previous is status:
                raise TransitionError(f"This wish is {status} already, for another reason. Reasons are kept as told.")
            check_transition(previous, status)
            request = await _save(tx, replace(before, status=status, status_reason=reason, status_changed_at=tx.now))
            detail = {"previous_status": previous, "status": status, "reason": reason}
            tell = [events.status_changed(tx, request, previous)]
            await self._log(tx, request, Kind.STATUS_CHANGED, actor, detail=detail, tell=tell)
            return Outcome(request)

    async def size(
        self,
        tenant: str,
        request_id: UUID,
        sizing: Sizing | None,
        actor: str,
        *,
        expected_revision: int | None = None,
    ) -> Outcome:
        """Set impact and effort, or take them back. The same again changes nothing.

        Raises:
            UnknownRequestError: no such wish.
            RevisionError: it has changed since `expected_revision`.
        """
        async with self._change(tenant, request_id) as (tx, before):
            if before.sizing == sizing:
                return Outcome(before, already=True)
            _expect(before, expected_revision)
            request = await _save(tx, sized(before, sizing))
            detail = {"impact": decimal_text(request.impact), "effort_weeks": decimal_text(request.effort_weeks)}
            tell = [events.scored(tx, request)]
            await self._log(tx, request, Kind.SIZED, actor, detail=detail, tell=tell)
            return Outcome(request)

    async def link(self, tenant: str, request_id: UUID, review_id: UUID, actor: str) -> Outcome:
        """Say that a review is about this wish: its author counts for reach. The same again changes nothing.

        Raises:
            UnknownRequestError: no such wish.
            UnknownReviewError: no such review has arrived here.
        """
        async with self._change(tenant, request_id, review_key(tenant, review_id)) as (tx, before):
            subject = await mentions.subject_of_review(tx, tenant, review_id)
            if subject is None:
                raise UnknownReviewError(
                    "The board does not know this review. It may not have arrived here yet: try again in a moment."
                )
            if not await mentions.add_link(tx, tenant, request_id, review_id):
                return Outcome(before, already=True)
            request = await _recount(tx, before)
            detail = {"review_id": str(review_id), "review_subject": subject}
            tell = [events.linked(tx, request, str(review_id), subject)]
            await self._log(tx, request, Kind.REVIEW_LINKED, actor, detail=detail, tell=tell)
            return Outcome(request)

    async def unlink(self, tenant: str, request_id: UUID, review_id: UUID, actor: str) -> Outcome:
        """Take a link back; where there is none, nothing changes.

        Raises:
            UnknownRequestError: no such wish.
        """
        async with self._change(tenant, request_id, review_key(tenant, review_id)) as (tx, before):
            subject = await mentions.subject_of_review(tx, tenant, review_id)
            if subject is None or not await mentions.take_link(tx, tenant, request_id, review_id):
                return Outcome(before, already=True)
            request = await _recount(tx, before)
            detail = {"review_id": str(review_id), "review_subject": subject}
            tell = [events.unlinked(tx, request, str(review_id), subject)]
            await self._log(tx, request, Kind.REVIEW_UNLINKED, actor, detail=detail, tell=tell)
            return Outcome(request)

    async def recount_due(self, limit: int) -> int:
        """Count anew what a removed review or the mere passing of time has changed; a worker's command.

        Wishes that somebody is changing at this moment are left for the next round.

        Returns:
            how many wishes were counted.
        """
        async with self._database.transaction() as tx:
            due = await records.recounts_due(tx, limit)
            locked = await try_lock(tx, [request_key(*wish) for wish in due])
            ours = {wish: marks for wish, marks in due.items() if request_key(*wish) in locked}
            await records.clear_marks(tx, [mark for marks in ours.values() for mark in marks])
            for tenant, request_id in ours:
                before = await requests.find(tx, tenant, request_id)
                if before is None:
                    continue
                after = recounted(before, await mentions.count(tx, tenant, request_id))
                if figures(after) == figures(before):
                    await requests.save(tx, after)
                else:
                    after = await _save(tx, after)
                    await self._log(tx, after, Kind.RECOUNTED, NOBODY, tell=[events.scored(tx, after)])
            return len(ours)

    @asynccontextmanager
    async def _change(
        self, tenant: str, request_id: UUID, *further_keys: OrderKey
    ) -> AsyncIterator[tuple[Tx, Request]]:
        async with self._database.transaction(tenant) as tx:
            await lock(tx, [request_key(tenant, request_id), *further_keys])
            request = await requests.find(tx, tenant, request_id)
            if request is None:
                raise UnknownRequestError("There is no such wish on this board.")
            yield tx, request

    async def _vote(self, tx: Tx, request: Request, person: str, actor: str) -> Request | None:
        votes = await mentions.add_vote(tx, request.tenant, request.id, person)
        if votes is None:
            return None
        request = await _recount(tx, replace(request, votes=votes))
        await self._log(tx, request, Kind.VOTED, actor, person=person, tell=[events.voted(tx, request, person)])
        return request

    async def _log(
        self,
        tx: Tx,
        request: Request,
        kind: Kind,
        actor: str,
        *,
        person: str | None = None,
        detail: dict[str, Any] | None = None,
        tell: Iterable[Outgoing],
    ) -> None:
        entry = Entry(
            kind=kind,
            at=tx.now,
            actor=actor,
            request_id=request.id,
            person=person,
            detail={**(detail or {}), "figures": figures(request)},
        )
        await records.append(tx, request.tenant, entry)
        await self._outbox.append(tx, list(tell))


async def _insert(tx: Tx, request: Request) -> Request:
    if await requests.insert(tx, request):
        return request
    request = replace(request, slug=distinct_slug(request.title, request.id))
    if not await requests.insert(tx, request):
        raise RuntimeError(f"slug {request.slug!r} is taken twice")
    return request


async def _save(tx: Tx, request: Request) -> Request:
    request = replace(request, revision=request.revision + 1)
    await requests.save(tx, request)
    return request


async def _recount(tx: Tx, request: Request) -> Request:
    return await _save(tx, recounted(request, await mentions.count(tx, request.tenant, request.id)))


async def _answered(tx: Tx, tenant: str, key: IdempotencyKey) -> Request | None:
    stored = await records.find_answer(tx, tenant, key.key)
    if stored is None:
        return None
    if stored.fingerprint != key.fingerprint:
        raise KeyReusedError("This Idempotency-Key came with another request before. Use a new key for a new request.")
    return msgspec.json.decode(stored.answer, type=Request)


async def _spend(tx: Tx, tenant: str, budget: Budget | None) -> None:
    if budget is None:
        return
    hour = tx.now.replace(minute=0, second=0, microsecond=0)
    if not await records.spend(tx, tenant, budget.kind, budget.network, hour, budget.limit):
        wait_seconds = int((hour + BUDGET_PERIOD - tx.now).total_seconds()) + 1
        raise BudgetSpentError(
            "Too much came from your network within this hour. Please come back in a while.", wait_seconds
        )


def _expect(request: Request, expected_revision: int | None) -> None:
    if expected_revision not in {None, request.revision}:
        raise RevisionError("The wish has changed since you read it. Read it again and decide anew.")
