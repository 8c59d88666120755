"""What signing in does to what the visitor did before, and what a person may ask for about their data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common.db import Tx, lock
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, LimitExceededError
from plaudit.feedback_board.accounts import store
from plaudit.feedback_board.accounts.events import erasure_requested
from plaudit.feedback_board.comments import store as comments
from plaudit.feedback_board.holds import store as holds
from plaudit.feedback_board.notifications.commands import following
from plaudit.feedback_board.requests.commands import record, request_key
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.errors import MergedRequestError, UnknownRequestError
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.store import requests, sets
from plaudit.feedback_board.visitors import store as visitor_store
from plaudit.feedback_board.visitors.domain.link import NO_INTENT, Intent
from plaudit.feedback_board.visitors.domain.visitor import SignedIn, Visitor
from plaudit.feedback_board.votes import commands as votes
from plaudit.feedback_board.votes.domain import VotingClosedError

ADOPTED_AT_ONCE: Final = 100
"""Requests that one sign-in takes over what a cookie did about; those beyond come with the next one."""
EXPORTED_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sign-in will change, with all order keys locked."""

    roots: Mapping[UUID, UUID]
    """Request → root, of those that the cookie voted for, made or commented on."""
    wanted: Request | None = None
    """The request that somebody signs in to vote for or to comment on: the root."""
    is_whole: bool = True
    """Whether this is all that the cookie did."""


async def prepare(work: UnitOfWork, tenant_id: str, visitor: Visitor | None, intent: Intent = NO_INTENT) -> Plan:
    """Read what a sign-in changes, and lock it: the transaction's first statement that waits or writes.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        visitor: who did something with a cookie before; None for nobody.
        intent: what the person signs in for.
    """
    tx = work.tx
    wanted = await _root_at(tx, tenant_id, intent.vote or intent.comment)
    ids = []
    if visitor is not None:
        ids = await store.request_ids_of(tx, tenant_id, visitor.person_key, ADOPTED_AT_ONCE)
    roots = await sets.roots(tx, tenant_id, ids)
    keys = [request_key(tenant_id, root_id) for root_id in roots.values()]
    if wanted is not None:
        keys.append(request_key(tenant_id, wanted.id))
    await lock(tx, keys)
    if await sets.roots(tx, tenant_id, ids) != roots:  # merged meanwhile: they come with the next sign-in
        return Plan({}, wanted, is_whole=False)
    return Plan(roots, wanted, is_whole=len(ids) < ADOPTED_AT_ONCE)


async def vote_as(work: UnitOfWork, tenant_id: str, plan: Plan, person: SignedIn, actor: str, limit: Limit) -> str:
    """Vote for the request that somebody signed in for; return the notice that the next page shows, if any."""
    if plan.wanted is None:
        return ""
    try:
        await votes.vote(work, tenant_id, plan.wanted.id, person.person_key, actor, limit=limit)
    except (VotingClosedError, MergedRequestError, UnknownRequestError):
        return "closed"
    except LimitExceededError:
        return ""
    return "voted"


async def adopt(work: UnitOfWork, tenant_id: str, plan: Plan, visitor: Visitor, person: SignedIn, actor: str) -> None:
    """Make what a cookie did the person's, who has signed in: votes, requests, comments, standing, what it follows.

    Where both voted, or both have a standing, the person's own stays.
    """
    await holds.adopt(work.tx, tenant_id, visitor.person_key, person.person_key)
    await following.move(work.tx, tenant_id, visitor.person_key, person.person_key)
    for root_id in sorted(set(plan.roots.values())):
        of_root = [request_id for request_id, root in plan.roots.items() if root == root_id]
        await votes.adopt(work, tenant_id, root_id, of_root, visitor.person_key, person.person_key, actor)
        await _adopt_posts(work, tenant_id, root_id, of_root, visitor, person, actor)


async def _adopt_posts(
    work: UnitOfWork,
    tenant_id: str,
    root_id: UUID,
    request_ids: Sequence[UUID],
    visitor: Visitor,
    person: SignedIn,
    actor: str,
) -> None:
    """Make the person the author of what the cookie wrote on a root whose order key is locked, and on its set."""
    keys = visitor.person_key, person.person_key
    made = await requests.adopt_authors(work.tx, tenant_id, request_ids, *keys)
    said = await comments.adopt_authors(work.tx, tenant_id, request_ids, *keys)
    if made + said:
        root = await requests.find(work.tx, tenant_id, root_id, tuple(Visibility))
        assert root is not None, "a request is never deleted"
        detail = {"visitor": visitor.person_key}
        await record(work, root, Kind.POSTS_ADOPTED, actor, None, person_key=person.person_key, detail=detail)


async def request_deletion(work: UnitOfWork, tenant_id: str, person_key: str) -> UUID:
    """Ask for the erasure of a person, end their sessions, and return the number of the receipt.

    Ingest, which has the erasure of all services, hears of it on the bus; the board erases when it is told to, as it
    is for an erasure that staff ask for.
    """
    deletion_id = work.ids()
    await lock(work.tx, [f"visitor:{tenant_id}:{person_key}"])
    await visitor_store.add_deletion(work.tx, tenant_id, deletion_id, person_key)
    await visitor_store.delete_sessions_of(work.tx, tenant_id, person_key)
    await work.emit(erasure_requested(tenant_id, deletion_id, person_key, work.tx.now))
    return deletion_id


async def export(tx: Tx, tenant_id: str, person_key: str) -> dict[str, Any]:
    """Return all that the board holds about a person, for that person."""
    found = await visitor_store.find_person(tx, tenant_id, person_key)
    return {
        "exported_at": tx.now,
        "board": tenant_id,
        "name": None if found is None else found.name,
        "requests": _plain(await store.made(tx, tenant_id, person_key, EXPORTED_ROWS)),
        "follows": _plain(await store.followed(tx, tenant_id, person_key, EXPORTED_ROWS)),
        "comments": _plain(await store.said(tx, tenant_id, person_key, EXPORTED_ROWS)),
        "votes": _plain(await store.voted(tx, tenant_id, person_key, EXPORTED_ROWS)),
        "sessions": _plain(await store.sessions(tx, tenant_id, person_key)),
        "log": _plain(await store.logged(tx, tenant_id, person_key, EXPORTED_ROWS)),
    }


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _value(value) for name, value in row.items()} for row in rows]


def _value(value: Any) -> Any:
    return value if isinstance(value, datetime | int | None) else str(value)


async def _root_at(tx: Tx, tenant_id: str, slug: str) -> Request | None:
    found = await requests.find_by_slug(tx, tenant_id, slug) if slug else None
    if found is None or found.merged_into is None:
        return found
    return await requests.find(tx, tenant_id, found.merged_into)
