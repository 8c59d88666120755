"""What the public pages do that no single room below can: a request with its author's vote, and its author's edits."""

from dataclasses import replace
from uuid import UUID

from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, spend
from plaudit.feedback_board.holds import commands as holds
from plaudit.feedback_board.holds import store as held_posts
from plaudit.feedback_board.holds.domain import Post, PostKind
from plaudit.feedback_board.notifications.commands.following import follow_by_default
from plaudit.feedback_board.notifications.domain.followers import Source
from plaudit.feedback_board.requests import events
from plaudit.feedback_board.requests.commands import (
    add,
    check_may_leave,
    find_answer,
    keep_answer,
    lock_and_find,
    lock_new,
    save_words,
)
from plaudit.feedback_board.requests.domain.activity import Kind as LogKind
from plaudit.feedback_board.requests.domain.errors import UnknownRequestError
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.requests.domain.visibility import Author, TooLateError, Visibility, is_editable
from plaudit.feedback_board.votes import commands as votes

_SEEN_BY_AUTHORS = (Visibility.PUBLISHED, Visibility.HELD)


async def create_with_vote(
    work: UnitOfWork,
    tenant_id: str,
    draft: Draft,
    person_key: str,
    actor: str,
    *,
    key: IdempotencyKey | None,
    limit: Limit,
    name: str | None = None,
    look: Post | None = None,
) -> Request:
    """Put a request on the board with the vote of whoever asks; one that is held gets the vote when it is approved.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        draft: the request, cleaned.
        person_key: who asks, and votes.
        actor: who does it, for the log.
        key: under which a repeat changes nothing.
        limit: to count this request under.
        name: that the author wants to be shown under.
        look: the request as the rules see it; None where they do not look.

    Raises:
        PersonBlockedError: the person may not post.
        LimitExceededError: the limit is used up.
    """
    request_id = work.ids()
    await lock_new(work.tx, tenant_id, request_id, key)
    if (first := await find_answer(work.tx, tenant_id, key)) is not None:
        return first
    await spend(work.tx, tenant_id, limit)
    reasons = await holds.judge(work.tx, tenant_id, look) if look is not None else []
    author = Author(person_key, name)
    if reasons:
        request = await add(work, tenant_id, request_id, draft, actor, author=author, visibility=Visibility.HELD)
        await holds.hold(work.tx, tenant_id, PostKind.REQUEST, request_id, request_id, person_key, reasons)
    else:
        request = await add(work, tenant_id, request_id, draft, actor, author=author)
        request = await votes.add(work, request, person_key, actor) or request
        await follow_by_default(work.tx, request, person_key, Source.ASKED, actor)
    await keep_answer(work.tx, key, request)
    return request


async def edit(work: UnitOfWork, tenant_id: str, request_id: UUID, draft: Draft, actor: str, look: Post) -> Request:
    """Replace title and text of a request, by its author within ten minutes; its address stays.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: which request.
        draft: with the new title and text, cleaned.
        actor: who does it, for the log.
        look: the request as the rules see it; new words may have to wait for a look.

    Raises:
        UnknownRequestError: no such request, or not one of the person's.
        TooLateError: the time is over.
        PersonBlockedError: the person may not post.
        MergedRequestError: it is merged into another one.
        HasMergedRequestsError: the new words have to wait for a look, and others are merged into it.
    """
    before = await _lock_own(work, tenant_id, request_id, look.person_key)
    if (before.title, before.text) == (draft.title, draft.text):
        return before
    reasons = await holds.judge(work.tx, tenant_id, look)
    after = replace(before, title=draft.title, text=draft.text, edited_at=work.tx.now)
    if reasons:
        await check_may_leave(work.tx, before)
        after = replace(after, visibility=Visibility.HELD)
        await holds.hold(work.tx, tenant_id, PostKind.REQUEST, request_id, request_id, look.person_key, reasons)
    event = None
    if before.visibility is Visibility.PUBLISHED:
        event = (events.removed if reasons else events.edited)(after, work.tx.now)
    detail = {"title": after.title, "text": after.text, "visibility": after.visibility}
    return await save_words(work, after, LogKind.EDITED, actor, event, person_key=look.person_key, detail=detail)


async def take_back(work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str, actor: str) -> Request:
    """Take a request off the board, by its author within ten minutes.

    Raises:
        UnknownRequestError: no such request, or not one of the person's.
        TooLateError: the time is over.
        MergedRequestError: it is merged into another one.
        HasMergedRequestsError: others are merged into it.
    """
    before = await _lock_own(work, tenant_id, request_id, person_key)
    await check_may_leave(work.tx, before)
    after = replace(before, visibility=Visibility.REMOVED)
    await held_posts.release(work.tx, tenant_id, PostKind.REQUEST, request_id)
    event = events.removed(after, work.tx.now) if before.visibility is Visibility.PUBLISHED else None
    detail = {"reason": None}
    return await save_words(work, after, LogKind.REMOVED, actor, event, person_key=person_key, detail=detail)


async def _lock_own(work: UnitOfWork, tenant_id: str, request_id: UUID, person_key: str) -> Request:
    request = await lock_and_find(work.tx, tenant_id, request_id, visibilities=_SEEN_BY_AUTHORS)
    if request.author_key != person_key:
        raise UnknownRequestError
    if not is_editable(request.created_at, work.tx.now):
        raise TooLateError
    return request
