"""What is done about similar requests: they are found, indexed, proposed as duplicates, and said not to be the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx, lock, try_lock
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit
from plaudit.feedback_board.requests.commands import Outcome as Changed
from plaudit.feedback_board.requests.commands import entry, request_key
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.errors import InvalidInputError, UnknownRequestError
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.words import stored_words
from plaudit.feedback_board.requests.store import activity, requests, search
from plaudit.feedback_board.similar import store
from plaudit.feedback_board.similar.domain.deflection import Outcome, Submission, submission_id
from plaudit.feedback_board.similar.domain.likeness import Alike, Likeness, Rarity, looked_up, most_alike, read_title
from plaudit.feedback_board.votes import commands as votes

SHOWN: Final = 5
"""Similar requests that are shown."""
CANDIDATES: Final = 200
"""Requests that are compared with a title."""
_INDEXER: Final = "similar-requests-index"


@dataclass(frozen=True, slots=True)
class Similar:
    """A request that is similar to what somebody asks for."""

    request: Request
    """The root that speaks for it: its own title may be another one."""
    alike: Alike

    @property
    def is_same(self) -> bool:
        """Whether it probably asks for the same."""
        return self.alike.likeness is Likeness.SAME


async def find_similar(tx: Tx, tenant_id: str, title: str, *, limit: int = SHOWN) -> list[Similar]:
    """Return up to `limit` requests that are similar to a title: the same first, and of these the most alike.

    Of a request that is merged, its root is returned, once.
    """
    return await _find(tx, tenant_id, title, frozenset(), limit)


async def find_duplicates(tx: Tx, request: Request, *, limit: int = SHOWN) -> list[Similar]:
    """Return up to `limit` other requests that probably ask for the same, without those that staff rejected."""
    if request.merged_into is not None:
        return []
    rejected = await store.list_rejected(tx, request.tenant_id, request.id)
    found = await _find(tx, request.tenant_id, request.title, rejected | {request.id}, limit)
    return [each for each in found if each.is_same]


async def _find(tx: Tx, tenant_id: str, title: str, without: frozenset[UUID], limit: int) -> list[Similar]:
    asked = read_title(title)
    rarity = await store.rarity(tx, tenant_id, asked.stems)
    if not asked.stems or not rarity.titles:
        return []
    found = await store.candidates(tx, tenant_id, looked_up(asked.stems, rarity), rarity, CANDIDATES)
    titles = {each.request_id: read_title(each.title) for each in found}
    known: Rarity = await store.rarity(tx, tenant_id, asked.stems.union(*(each.stems for each in titles.values())))
    root_of = {each.request_id: each.root_id for each in found}
    best: dict[UUID, Alike] = {}
    for alike in most_alike(asked, titles, known):
        best.setdefault(root_of[alike.request_id], alike)
    wanted = [root_id for root_id in best if root_id not in without][: limit * 2]
    there = await requests.find_several(tx, [(tenant_id, root_id) for root_id in wanted])
    return [Similar(there[tenant_id, each], best[each]) for each in wanted if (tenant_id, each) in there][:limit]


async def index_words(tx: Tx, limit: int) -> int:
    """Index the words of requests that are new or whose words changed, as a worker; return how many marks that were.

    One transaction at a time does so, since each counts titles; another one leaves it to that.
    """
    if not await try_lock(tx, [_INDEXER]):
        return 0
    before = await store.list_to_index(tx, limit)
    after = [
        search.Indexed(
            tenant_id=each.tenant_id,
            request_id=each.request_id,
            words=stored_words(each.tenant_id, each.title, each.text),
            stems=sorted(read_title(each.title).stems),
        )
        for each in before
    ]
    # From here on the transaction writes, and holds back the events of all writers after it.
    marks = [mark for each in before for mark in each.marks]
    await store.delete_marks(tx, marks)
    await search.index(tx, after)
    await store.replace_stems(tx, before, after)
    return len(marks)


async def note_asked(tx: Tx, tenant_id: str, form: str) -> None:
    """Note that a form came back with requests that ask for the same."""
    await _note(tx, tenant_id, form, Outcome.ASKED)


async def note_posted(tx: Tx, tenant_id: str, form: str, request_id: UUID) -> None:
    """Note that a form became a request."""
    await _note(tx, tenant_id, form, Outcome.POSTED, request_id)


async def vote_instead(
    work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str, actor: str, form: str, *, limit: Limit
) -> Changed:
    """Vote for a similar request in place of the one that a form would have made.

    Raises:
        UnknownRequestError: no such request.
        MergedRequestError: the request is merged into another one.
        VotingClosedError: the request is decided and the person has not voted for it.
        LimitExceededError: the limit is used up.
    """
    outcome = await votes.vote(work, tenant_id, request_id, person_key, actor, limit=limit)
    await _note(work.tx, tenant_id, form, Outcome.VOTED, request_id)
    return outcome


async def _note(tx: Tx, tenant_id: str, form: str, outcome: Outcome, request_id: UUID | None = None) -> None:
    if form:
        submission = Submission(
            tenant_id=tenant_id, id=submission_id(form), at=tx.now, outcome=outcome, request_id=request_id
        )
        await store.note(tx, submission)


async def reject_duplicate(work: UnitOfWork, tenant_id: str, request_id: UUID, other_id: UUID, actor: str) -> bool:
    """Say that two requests are not the same, so that they are never proposed again; False where that was said.

    Raises:
        UnknownRequestError: there is no such request, or no such other one.
        InvalidInputError: both are one.
    """
    tx = work.tx
    one, other = await _lock_pair(tx, tenant_id, request_id, other_id)
    pair = store.RejectedPair(tenant_id=tenant_id, one_id=one.id, other_id=other.id, actor=actor, rejected_at=tx.now)
    if not await store.reject(tx, pair):
        return False
    await _log(tx, (one, other), Kind.DUPLICATE_REJECTED, actor)
    return True


async def propose_again(work: UnitOfWork, tenant_id: str, request_id: UUID, other_id: UUID, actor: str) -> bool:
    """Take back that two requests are not the same; False where that was not said.

    Raises:
        UnknownRequestError: there is no such request, or no such other one.
        InvalidInputError: both are one.
    """
    one, other = await _lock_pair(work.tx, tenant_id, request_id, other_id)
    if not await store.propose_again(work.tx, tenant_id, one.id, other.id):
        return False
    await _log(work.tx, (one, other), Kind.DUPLICATE_PROPOSED, actor)
    return True


async def _lock_pair(tx: Tx, tenant_id: str, request_id: UUID, other_id: UUID) -> tuple[Request, Request]:
    """Lock two requests and return them, that with the smaller id first."""
    if request_id == other_id:
        raise InvalidInputError("other_id", "a request is the same as itself; name another one")
    ids = sorted((request_id, other_id))
    await lock(tx, [request_key(tenant_id, each) for each in ids])
    found = [await requests.find(tx, tenant_id, each) for each in ids]
    if found[0] is None or found[1] is None:
        raise UnknownRequestError
    return found[0], found[1]


async def _log(tx: Tx, pair: Sequence[Request], kind: Kind, actor: str) -> None:
    """Write it into the logs of both requests. Nobody outside is told: it is no news of either."""
    for request, other in (pair, pair[::-1]):
        detail = {"request_id": str(other.id)}
        await activity.append(tx, entry(request, kind, tx.now, actor, detail=detail))
