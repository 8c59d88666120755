"""Every way to change a comment or an official response: lock, load, decide, save, log and publish.

Comments stay with the request where they were made. Once it is merged they change under the order key of its root, on
whose page they are, and in its log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plaudit.common import idempotency
from plaudit.common.db import lock
from plaudit.common.events import Outgoing
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, spend
from plaudit.feedback_board.comments import events, store
from plaudit.feedback_board.comments.domain import Comment, Response, UnknownCommentError
from plaudit.feedback_board.holds import commands as holds
from plaudit.feedback_board.holds import store as held_posts
from plaudit.feedback_board.holds.domain import Post, PostKind
from plaudit.feedback_board.notifications.commands.following import follow_by_default
from plaudit.feedback_board.notifications.domain.followers import Source
from plaudit.feedback_board.requests.commands import lock_and_find, record, request_key
from plaudit.feedback_board.requests.domain.activity import Kind
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.visibility import Author, TooLateError, Visibility
from plaudit.feedback_board.requests.store import sets

CREATED: Final = "comment.created"
CHANGED: Final = "comment.changed"
REMOVED: Final = "comment.removed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A comment after a command, and whether the command found its work already done."""

    comment: Comment
    already: bool = False


async def post(
    work: UnitOfWork,
    tenant_id: str,
    request_id: UUID,
    text: str,
    actor: str,
    *,
    author: Author | None,
    staff_name: str | None = None,
    look: Post | None = None,
    limit: Limit | None = None,
    key: IdempotencyKey | None = None,
) -> Outcome:
    """Post a comment: of a person, or without an author of the staff.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: what it is about.
        text: the comment, cleaned.
        actor: who does it, for the log.
        author: whose comment; None for staff.
        staff_name: the name that staff want to be shown under.
        look: the post as the rules see it; None where they do not look.
        limit: to count it under.
        key: under which a repeat changes nothing.

    Raises:
        UnknownRequestError: no such request.
        PersonBlockedError: the person may not post.
        LimitExceededError: the limit is used up.
        KeyReusedError: the key came with another comment before.
    """
    keys = () if key is None else (idempotency.order_key(tenant_id, key.key),)
    request = await lock_and_find(work.tx, tenant_id, request_id, *keys)
    answer = None if key is None else await idempotency.find(work.tx, tenant_id, key)
    if answer is not None:
        first = await store.find(work.tx, tenant_id, request_id, UUID(answer.strip('"')))
        assert first is not None, "comments are not deleted"
        return Outcome(first, already=True)
    if limit is not None:
        await spend(work.tx, tenant_id, limit)
    reasons = await holds.judge(work.tx, tenant_id, look) if look is not None else []
    comment = Comment(
        tenant_id=tenant_id,
        id=work.ids(),
        request_id=request_id,
        author_key=None if author is None else author.key,
        author_name=staff_name if author is None else author.name,
        by_staff=author is None,
        text=text,
        visibility=Visibility.HELD if reasons else Visibility.PUBLISHED,
        created_at=work.tx.now,
    )
    await store.insert(work.tx, comment)
    if reasons and author is not None:
        await holds.hold(work.tx, tenant_id, PostKind.COMMENT, comment.id, request_id, author.key, reasons)
    logged = {"text": text, "author_name": comment.author_name, "by_staff": comment.by_staff}
    await _record(work, request, comment, Kind.COMMENT_CREATED, actor, CREATED, {**logged, **_as_made(comment)})
    await _follow(work, request, comment, actor)
    if key is not None:
        await idempotency.keep(work.tx, tenant_id, key, f'"{comment.id}"')
    return Outcome(comment)


async def edit(
    work: UnitOfWork, tenant_id: str, request_id: UUID, comment_id: UUID, text: str, actor: str, look: Post | None
) -> Outcome:
    """Replace the text of a comment: by its author within ten minutes, or by staff, which marks it.

    Args:
        work: the open transaction.
        tenant_id: whose board.
        request_id: what it is about.
        comment_id: which.
        text: the new text, cleaned.
        actor: who does it, for the log.
        look: the post of its author as the rules see it; None for staff.

    Raises:
        UnknownRequestError: no such request.
        UnknownCommentError: no such comment, or not one of the person's.
        TooLateError: the author's time is over.
        PersonBlockedError: the person may not post.
    """
    request = await lock_and_find(work.tx, tenant_id, request_id)
    before = await _find(work, request, comment_id, None if look is None else look.person_key)
    if before.text == text:
        return Outcome(before, already=True)
    reasons = await holds.judge(work.tx, tenant_id, look) if look is not None else []
    comment = replace(before, text=text, edited_at=work.tx.now, edited_by_staff=look is None)
    if reasons and look is not None:
        comment = replace(comment, visibility=Visibility.HELD)
        await holds.hold(work.tx, tenant_id, PostKind.COMMENT, comment.id, comment.request_id, look.person_key, reasons)
    await store.save(work.tx, comment)
    event = REMOVED if before.visibility is not comment.visibility else CHANGED
    detail = {"text": text, "by_staff": look is None, "visibility": comment.visibility}
    await _record(work, request, comment, Kind.COMMENT_EDITED, actor, event, detail, was=before.visibility)
    return Outcome(comment)


async def take_back(
    work: UnitOfWork, tenant_id: str, request_id: UUID, comment_id: UUID, person_key: str, actor: str
) -> Outcome:
    """Take a comment back, by its author within ten minutes.

    Raises:
        UnknownRequestError: no such request.
        UnknownCommentError: no such comment, or not one of the person's.
        TooLateError: the time is over.
    """
    request = await lock_and_find(work.tx, tenant_id, request_id)
    before = await _find(work, request, comment_id, person_key)
    return Outcome(await _remove(work, request, before, actor, reason=None))


async def remove(
    work: UnitOfWork, tenant_id: str, request_id: UUID, comment_id: UUID, actor: str, *, reason: str | None = None
) -> Outcome:
    """Remove a comment, by staff, also from a request that is removed. One that is removed stays so.

    Raises:
        UnknownRequestError: no such request.
        UnknownCommentError: no such comment.
    """
    request = await lock_and_find(work.tx, tenant_id, request_id, visibilities=tuple(Visibility))
    before = await store.find(work.tx, tenant_id, request_id, comment_id)
    if before is None:
        raise UnknownCommentError
    if before.visibility is Visibility.REMOVED:
        return Outcome(before, already=True)
    return Outcome(await _remove(work, request, before, actor, reason=reason))


async def publish(work: UnitOfWork, tenant_id: str, request_id: UUID, comment_id: UUID, actor: str) -> Outcome:
    """Let everybody see a comment that is held or was removed, by staff.

    Raises:
        UnknownRequestError: no such request.
        UnknownCommentError: no such comment, or one whose author was erased.
    """
    request = await lock_and_find(work.tx, tenant_id, request_id)
    before = await store.find(work.tx, tenant_id, request_id, comment_id)
    if before is None or not before.text:
        raise UnknownCommentError
    if before.visibility is Visibility.PUBLISHED:
        return Outcome(before, already=True)
    comment = replace(before, visibility=Visibility.PUBLISHED)
    await store.save(work.tx, comment)
    await held_posts.release(work.tx, tenant_id, PostKind.COMMENT, comment_id)
    if comment.author_key is not None:
        await holds.make_known(work.tx, tenant_id, comment.author_key)
    await _record(work, request, comment, Kind.COMMENT_PUBLISHED, actor, CREATED, {})
    await _follow(work, request, comment, actor)
    return Outcome(comment)


async def respond(
    work: UnitOfWork, tenant_id: str, request_id: UUID, text: str | None, actor: str
) -> tuple[Response | None, bool]:
    """Write the official response anew, or take it back with None. The same again changes nothing.

    Returns:
        Its last revision, and whether nothing had to be done; None while there never was one.

    Raises:
        UnknownRequestError: no such request.
    """
    request = await lock_and_find(work.tx, tenant_id, request_id)
    before = await store.newest_response(work.tx, tenant_id, request_id)
    if text == (None if before is None else before.text):
        return before, True
    response = Response(
        tenant_id=tenant_id,
        request_id=request_id,
        revision=1 if before is None else before.revision + 1,
        text=text,
        actor=actor,
        at=work.tx.now,
    )
    await store.add_response(work.tx, response)
    kind = Kind.RESPONSE_TAKEN_BACK if text is None else Kind.RESPONSE_PUBLISHED
    detail = {"response_revision": response.revision, **({} if text is None else {"text": text})}
    await record(work, request, kind, actor, events.response_published(request, work.tx.now, response), detail=detail)
    return response, False


async def erase(work: UnitOfWork, tenant_id: str, person_key: str, until: datetime, limit: int) -> int:
    """Empty up to `limit` comments that a person wrote up to a time; return how many these were."""
    written = await store.written_until(work.tx, tenant_id, person_key, until, limit)
    if not written:
        return 0
    request_ids = [request_id for _, request_id in written]
    roots = await sets.roots(work.tx, tenant_id, request_ids)
    await lock(work.tx, [request_key(tenant_id, root_id) for root_id in roots.values()])
    if await sets.roots(work.tx, tenant_id, request_ids) == roots:  # else merged meanwhile: the next turn empties them
        await store.erase_authors(work.tx, tenant_id, [comment_id for comment_id, _ in written])
    return len(written)


async def _find(work: UnitOfWork, request: Request, comment_id: UUID, person_key: str | None) -> Comment:
    """Return a comment that a person, or with None staff, may change now.

    Raises:
        UnknownCommentError: no such comment, or not one that the person sees as an author.
        TooLateError: the author's time is over.
    """
    comment = await store.find(work.tx, request.tenant_id, request.id, comment_id)
    if comment is None or comment.visibility is Visibility.REMOVED:
        raise UnknownCommentError
    if person_key is not None:
        if comment.author_key != person_key:
            raise UnknownCommentError
        if not comment.is_editable_by(person_key, work.tx.now):
            raise TooLateError
    return comment


async def _remove(work: UnitOfWork, request: Request, before: Comment, actor: str, *, reason: str | None) -> Comment:
    comment = replace(before, visibility=Visibility.REMOVED)
    await store.save(work.tx, comment)
    await held_posts.release(work.tx, comment.tenant_id, PostKind.COMMENT, comment.id)
    detail = {"reason": reason}
    await _record(work, request, comment, Kind.COMMENT_REMOVED, actor, REMOVED, detail, was=before.visibility)
    return comment


async def _record(
    work: UnitOfWork,
    request: Request,
    comment: Comment,
    kind: Kind,
    actor: str,
    event_type: str,
    detail: Mapping[str, Any],
    *,
    was: Visibility | None = None,
) -> None:
    """Log what happened to a comment, and publish it where everybody sees the comment now or saw it before."""
    is_told = Visibility.PUBLISHED in {comment.visibility, was}
    event: Outgoing | None = events.comment_changed(event_type, request, work.tx.now, comment) if is_told else None
    logged = {"comment_id": str(comment.id), **detail}
    await record(work, request, kind, actor, event, person_key=comment.author_key, detail=logged)


async def _follow(work: UnitOfWork, request: Request, comment: Comment, actor: str) -> None:
    """Let the author of a comment that everybody sees hear what becomes of the request; staff do not."""
    if comment.author_key is not None and comment.visibility is Visibility.PUBLISHED:
        await follow_by_default(work.tx, request, comment.author_key, Source.COMMENTED, actor)


def _as_made(comment: Comment) -> dict[str, Any]:
    return {"visibility": comment.visibility, "created_at": comment.created_at}
