"""What the public pages do that no single room below can: a request together with its author's vote."""

from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, spend
from plaudit.feedback_board.notifications.commands.following import follow_by_default
from plaudit.feedback_board.notifications.domain.followers import Source
from plaudit.feedback_board.requests.commands import add, find_answer, keep_answer, lock_new
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.votes import commands as votes


async def create_with_vote(
    work: UnitOfWork,
    tenant_id: str,
    draft: Draft,
    person_key: str,
    actor: str,
    *,
    key: IdempotencyKey | None,
    limit: Limit,
) -> Request:
    """Put a request on the board with the vote of whoever asks.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        draft: the request, cleaned.
        person_key: who asks, and votes.
        actor: who does it, for the log.
        key: under which a repeat changes nothing.
        limit: to count this request under.

    Raises:
        LimitExceededError: the limit is used up.
    """
    request_id = work.ids()
    await lock_new(work.tx, tenant_id, request_id, key)
    if (first := await find_answer(work.tx, tenant_id, key)) is not None:
        return first
    await spend(work.tx, tenant_id, limit)
    request = await add(work, tenant_id, request_id, draft, actor)
    request = await votes.add(work, request, person_key, actor) or request
    await follow_by_default(work.tx, request, person_key, Source.ASKED, actor)
    await keep_answer(work.tx, key, request)
    return request
