"""Every way to change a vote: lock, load, decide, save, log and publish, in the one transaction that is given in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from plaudit.common.db import Tx, lock
from plaudit.common.events import Outgoing
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, spend
from plaudit.feedback_board.requests import events as request_events
from plaudit.feedback_board.requests.commands import (
    Outcome,
    count_if_due,
    entry,
    keep_if_reweighed,
    lock_and_find,
    record,
    recount_by_itself,
    recount_set,
    request_key,
)
from plaudit.feedback_board.requests.domain.activity import Entry, Kind
from plaudit.feedback_board.requests.domain.counting import Rest, Voter, with_vote, without_vote
from plaudit.feedback_board.requests.domain.errors import MergedRequestError, UnknownRequestError
from plaudit.feedback_board.requests.domain.reach import is_anonymous
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import DECIDED
from plaudit.feedback_board.requests.domain.trend import without_mention
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.domain.weighing import NO_PERSONA, Weighing
from plaudit.feedback_board.requests.store import activity, mentions, recounts, requests, sets, weighing
from plaudit.feedback_board.votes import events, store
from plaudit.feedback_board.votes.domain import Ballot, Vote, VotingClosedError

Refusal: TypeAlias = UnknownRequestError | MergedRequestError | VotingClosedError
Cast: TypeAlias = Outcome | Refusal
"""What became of one ballot."""


async def vote(
    work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str, actor: str, *, limit: Limit | None = None
) -> Outcome:
    """Count a person's vote; a second one changes nothing.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: what the vote is for.
        person_key: whose vote.
        actor: who does it, for the log.
        limit: to count this vote under; None for none.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
        VotingClosedError: the request is decided and the person has not voted for it.
        LimitExceededError: the limit is used up.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    if before.status in DECIDED and not await store.voted_for(work.tx, tenant_id, person_key, [request_id]):
        raise VotingClosedError(before.status)
    if limit is not None:
        await spend(work.tx, tenant_id, limit)
    after = await add(work, before, person_key, actor)
    return Outcome(after or before, already=after is None)


async def withdraw(
    work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str, actor: str, *, limit: Limit | None = None
) -> Outcome:
    """Take a person's vote back, also from a decided request; where there is none, nothing changes.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
        LimitExceededError: the limit is used up.
    """
    before = await lock_and_find(work.tx, tenant_id, request_id)
    if limit is not None:
        await spend(work.tx, tenant_id, limit)
    before = await count_if_due(work, before)
    voted_at = await store.remove(work.tx, tenant_id, request_id, person_key)
    if voted_at is None:
        return Outcome(before, already=True)
    request = await _save_without(work.tx, before, person_key, voted_at)
    event = events.unvoted(request, work.tx.now, person_key)
    await record(work, request, Kind.VOTE_WITHDRAWN, actor, event, person_key=person_key)
    return Outcome(request)


async def erase(work: UnitOfWork, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Delete up to `limit` votes that a person cast up to a time, and count them down; return how many these were.

    The log says that the figures have changed, and not whose vote it was.
    """
    request_ids = await store.voted_until(work.tx, tenant_id, person_key, until, limit)
    if not request_ids:
        return 0
    roots = await sets.roots(work.tx, tenant_id, request_ids)
    await lock(work.tx, [request_key(tenant_id, root_id) for root_id in roots.values()])
    if await sets.roots(work.tx, tenant_id, request_ids) != roots:  # merged meanwhile: the next turn locks the others
        return len(request_ids)
    for root_id in sorted(set(roots.values())):
        await store.remove(work.tx, tenant_id, root_id, person_key, until)
        await recount_by_itself(work, tenant_id, root_id)
    return len(request_ids)


async def adopt(
    work: UnitOfWork,
    tenant_id: str,
    root_id: UUID,
    request_ids: Sequence[UUID],
    visitor: str,
    person_key: str,
    actor: str,
) -> None:
    """Make the votes of a visitor who has signed in the person's; where both voted, the person's own stays.

    Args:
        work: the open transaction; it holds the order key of the root.
        tenant_id: whose board.
        root_id: whose figures change.
        request_ids: of its set, those that the visitor voted for.
        visitor: the person key of the cookie.
        person_key: who has signed in.
        actor: who does it, for the log.
    """
    if not await store.adopt(work.tx, tenant_id, request_ids, visitor, person_key):
        return
    before = await requests.find(work.tx, tenant_id, root_id, tuple(Visibility))
    assert before is not None, "a request is never deleted"
    request = await recount_set(work.tx, before)
    event = request_events.scored(request, work.tx.now) if before.visibility is Visibility.PUBLISHED else None
    await record(work, request, Kind.VOTE_ADOPTED, actor, event, person_key=person_key, detail={"visitor": visitor})


async def add(work: UnitOfWork, request: Request, person_key: str, actor: str) -> Request | None:
    """Add a person's vote for a request whose order key is locked; None when the person had voted already."""
    ballot = Ballot(tenant_id=request.tenant_id, request_id=request.id, person_key=person_key, actor=actor)
    (outcome,) = await _add_all(work, {_place(ballot): request}, [ballot])
    return None if outcome.already else outcome.request


async def add_imported(
    work: UnitOfWork, request: Request, people: Sequence[str], actor: str, voted_at: datetime
) -> Request:
    """Add the votes of people for a request whose order key is locked, as of when an import says they were cast.

    Also for a decided request, which had its votes before. Who has voted here keeps the own vote.
    """
    added = await store.add(
        work.tx,
        [
            Vote(tenant_id=request.tenant_id, request_id=request.id, person_key=each, voted_at=voted_at)
            for each in people
        ],
    )
    if not added:
        return request
    after = await recount_set(work.tx, request)
    detail = {"voted_at": voted_at, "backfill": True}
    entries = [
        entry(after, Kind.VOTED, work.tx.now, actor, person_key=each, detail=detail)
        for each in sorted(mentioner[2] for mentioner in added)
    ]
    await activity.append(work.tx, *entries)
    await work.emit(request_events.scored(after, work.tx.now, backfill=True))
    return after


async def cast(work: UnitOfWork, ballots: Sequence[Ballot]) -> list[Cast]:
    """Count the votes of a group, each as `vote` does; return what became of each, in order.

    Args:
        work: the open transaction; it holds the order keys of all their requests.
        ballots: of any tenants that the transaction may write for.
    """
    found = await requests.find_several(work.tx, {_place(ballot) for ballot in ballots})
    decided = {place for place, request in found.items() if request.status in DECIDED}
    had_voted = await store.have_voted(work.tx, {_mention(each) for each in ballots if _place(each) in decided})

    def refusal(ballot: Ballot) -> Refusal | None:
        request = found.get(_place(ballot))
        if request is None:
            return UnknownRequestError()
        if request.merged_into is not None:
            return MergedRequestError(request.merged_into)
        if _place(ballot) in decided and _mention(ballot) not in had_voted:
            return VotingClosedError(request.status)
        return None

    refusals = [refusal(ballot) for ballot in ballots]
    counted = await _add_all(
        work, found, [ballot for ballot, refused in zip(ballots, refusals, strict=True) if refused is None]
    )
    outcomes = iter(counted)
    return [next(outcomes) if refused is None else refused for refused in refusals]


async def _add_all(
    work: UnitOfWork, found: dict[tuple[str, UUID], Request], ballots: Sequence[Ballot]
) -> list[Outcome]:
    """Add the votes of ballots for requests whose order keys are locked; return the outcome of each, in order."""
    now = work.tx.now
    weighings = await weighing.hold_several(work.tx, {each.tenant_id for each in ballots})
    found = {place: await count_if_due(work, found[place]) for place in map(_place, ballots)}
    added = await store.add(
        work.tx,
        [
            Vote(tenant_id=each.tenant_id, request_id=each.request_id, person_key=each.person_key, voted_at=now)
            for each in ballots
        ],
    )
    if not added:
        return [Outcome(found[_place(ballot)], already=True) for ballot in ballots]
    return await _count(work, found, ballots, set(added), weighings)


async def _count(
    work: UnitOfWork,
    found: dict[tuple[str, UUID], Request],
    ballots: Sequence[Ballot],
    new: set[mentions.Mentioner],
    weighings: Mapping[str, Weighing],
) -> list[Outcome]:
    """Let the figures follow the votes that are new, one after the other; save, log and publish them."""
    now = work.tx.now
    voters = await _voters(work.tx, new)
    changed: dict[tuple[str, UUID], Request] = {}
    outcomes: list[Outcome] = []
    entries: list[Entry] = []
    notices: list[Outgoing] = []
    for ballot in ballots:
        place, mention = _place(ballot), _mention(ballot)
        before = changed.get(place, found[place])
        if mention not in new:
            outcomes.append(Outcome(before, already=True))
            continue
        new.remove(mention)
        counted = with_vote(before, voters[mention], now, weighings[ballot.tenant_id])
        changed[place] = request = replace(counted, revision=before.revision + 1)
        outcomes.append(Outcome(request))
        entries.append(entry(request, Kind.VOTED, now, ballot.actor, person_key=ballot.person_key))
        notices.append(_notice(request, now, ballot))
    await requests.save_several(work.tx, changed.values())
    for place, request in changed.items():
        await keep_if_reweighed(work.tx, found[place], request)
    await activity.append(work.tx, *entries)
    await work.emit(*notices)
    return outcomes


async def _voters(tx: Tx, mentioners: Collection[mentions.Mentioner]) -> dict[mentions.Mentioner, Voter]:
    """Return what the figures depend on of those who vote, or have voted, each for a root."""
    identified = [each for each in mentioners if not is_anonymous(each[2])]
    reviewers = await mentions.reviewers(tx, identified)
    strata = await weighing.strata_of(tx, {(tenant_id, person_key) for tenant_id, _, person_key in identified})
    return {
        (tenant_id, root_id, person_key): Voter(
            person_key=person_key,
            has_review=(tenant_id, root_id, person_key) in reviewers,
            stratum=strata.get((tenant_id, person_key), NO_PERSONA),
        )
        for tenant_id, root_id, person_key in mentioners
    }


async def _save_without(tx: Tx, before: Request, person_key: str, voted_at: datetime) -> Request:
    """Let the figures follow votes that a person took back, save, and return the request."""
    held = await weighing.hold(tx, before.tenant_id)
    members = await sets.members(tx, before.tenant_id, before.id)
    # Several votes of the person may have gone at once; or the person counts in the stratum of another persona yet.
    if len(members) > 1 or await recounts.is_marked(tx, before.tenant_id, before.id):
        return await recount_set(tx, before)
    request = await _without(tx, before, person_key, voted_at, held)
    await requests.save(tx, request)
    await keep_if_reweighed(tx, before, request)
    return request


async def _without(tx: Tx, before: Request, person_key: str, voted_at: datetime, held: Weighing) -> Request:
    """Return a request as it is after a vote was removed, from the few mentions that this can depend on."""
    of_request = tx, before.tenant_id, before.id
    newest_at: datetime | None = before.last_mention_at
    if voted_at == before.last_mention_at:
        newest_at = await mentions.newest(*of_request)
    trend = without_mention(before.trend, voted_at)
    rest = Rest(
        newest_at=newest_at,
        oldest_counted_at=await mentions.oldest_counted(*of_request),
        trend=await mentions.trend(*of_request) if trend is None else trend,
    )
    (voter,) = (await _voters(tx, [(before.tenant_id, before.id, person_key)])).values()
    after = without_vote(before, voter, voted_at, tx.now, rest, held)
    return replace(after, revision=before.revision + 1)


def _place(ballot: Ballot) -> tuple[str, UUID]:
    return ballot.tenant_id, ballot.request_id


def _mention(ballot: Ballot) -> mentions.Mentioner:
    return ballot.tenant_id, ballot.request_id, ballot.person_key


def _notice(request: Request, at: datetime, ballot: Ballot) -> Outgoing:
    """Return the notice of a vote, in the trace of whoever sent the ballot."""
    event = events.voted(request, at, ballot.person_key)
    if ballot.traceparent is None:
        return event
    return msgspec.structs.replace(event, traceparent=ballot.traceparent, tracestate=ballot.tracestate)
