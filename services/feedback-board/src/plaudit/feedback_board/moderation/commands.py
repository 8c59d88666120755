"""What staff do about posts and people; each is a row of the log of moderation, in the same transaction."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.common.outbox import UnitOfWork
from plaudit.feedback_board.comments import commands as comments
from plaudit.feedback_board.comments import store as comment_rows
from plaudit.feedback_board.comments.domain import UnknownCommentError
from plaudit.feedback_board.holds import commands as holds
from plaudit.feedback_board.holds import store as held_posts
from plaudit.feedback_board.holds.domain import MAX_BLOCK, PersonStanding, PostKind, Rules, Standing
from plaudit.feedback_board.moderation import store
from plaudit.feedback_board.moderation.domain import Action, Entry, UnknownPostError
from plaudit.feedback_board.notifications.commands.following import follow_by_default
from plaudit.feedback_board.notifications.domain.followers import Source
from plaudit.feedback_board.requests import events
from plaudit.feedback_board.requests.commands import check_may_leave, lock_and_find, recount, save_words
from plaudit.feedback_board.requests.domain.activity import Kind as LogKind
from plaudit.feedback_board.requests.domain.errors import InvalidInputError, UnknownRequestError
from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.store import sets
from plaudit.feedback_board.votes import commands as votes

_ALL: Final = tuple(Visibility)
_ACTIONS: Final = {Standing.TRUSTED: Action.TRUSTED, Standing.BLOCKED: Action.BLOCKED}


async def approve(work: UnitOfWork, tenant_id: str, kind: PostKind, post_id: UUID, actor: str) -> str | None:
    """Let everybody see a post that is held or was removed; again changes nothing.

    Returns:
        The person key of its author; None for staff, and of somebody who was erased.

    Raises:
        UnknownPostError: no such post, or nothing of it is left.
        MergedRequestError: it is a request that is merged into another one.
    """
    if kind is PostKind.REQUEST:
        request, is_done = await _publish_request(work, tenant_id, post_id, actor)
        request_id, person_key = request.id, request.author_key
    else:
        request_id = await _root_of_comment(work, tenant_id, post_id)
        try:
            outcome = await comments.publish(work, tenant_id, request_id, post_id, actor)
        except (UnknownCommentError, UnknownRequestError) as error:
            raise UnknownPostError from error
        is_done, person_key = outcome.already, outcome.comment.author_key
    if not is_done:
        await _log(work, tenant_id, actor, Action.APPROVED, person_key, post=(kind, post_id, request_id))
    return person_key


async def remove(
    work: UnitOfWork, tenant_id: str, kind: PostKind, post_id: UUID, actor: str, *, reason: str
) -> str | None:
    """Take a post off the board, with a reason for staff; again changes nothing.

    Returns:
        The person key of its author; None for staff, and of somebody who was erased.

    Raises:
        UnknownPostError: no such post.
        MergedRequestError: it is a request that is merged into another one.
        HasMergedRequestsError: it is a request that others are merged into.
    """
    if kind is PostKind.REQUEST:
        request, is_done = await _remove_request(work, tenant_id, post_id, actor, reason)
        request_id, person_key = request.id, request.author_key
    else:
        request_id = await _root_of_comment(work, tenant_id, post_id)
        try:
            outcome = await comments.remove(work, tenant_id, request_id, post_id, actor, reason=reason)
        except (UnknownCommentError, UnknownRequestError) as error:
            raise UnknownPostError from error
        is_done, person_key = outcome.already, outcome.comment.author_key
    if not is_done:
        await _log(work, tenant_id, actor, Action.REMOVED, person_key, post=(kind, post_id, request_id), reason=reason)
    return person_key


async def set_standing(
    work: UnitOfWork,
    tenant_id: str,
    person_key: str,
    standing: Standing,
    actor: str,
    *,
    reason: str,
    until: datetime | None = None,
) -> PersonStanding:
    """Trust or block a person, with a reason for staff; a block may end by itself.

    Raises:
        InvalidInputError: the end is past or too far, or given for somebody who is trusted.
    """
    if standing not in _ACTIONS:
        raise InvalidInputError("standing", "standing must be trusted or blocked")
    if until is not None and standing is Standing.TRUSTED:
        raise InvalidInputError("until", "until is for a block; a trusted person is trusted until you take it back")
    if until is not None and not work.tx.now < until <= work.tx.now + MAX_BLOCK:
        raise InvalidInputError("until", f"until must be in the future, at most {MAX_BLOCK.days} days from now")
    made = PersonStanding(
        tenant_id=tenant_id,
        person_key=person_key,
        standing=standing,
        reason=reason,
        until=until,
        actor=actor,
        at=work.tx.now,
    )
    await held_posts.set_standing(work.tx, made)
    await _log(work, tenant_id, actor, _ACTIONS[standing], person_key, reason=reason, until=until)
    return made


async def clear_standing(work: UnitOfWork, tenant_id: str, person_key: str, actor: str) -> None:
    """Make a person neither trusted nor blocked; who is neither stays so."""
    if await held_posts.delete_standing(work.tx, tenant_id, person_key) is not None:
        await _log(work, tenant_id, actor, Action.CLEARED, person_key)


async def set_rules(work: UnitOfWork, tenant_id: str, rules: Rules, actor: str) -> None:
    """Set what the board holds."""
    if await held_posts.rules_of(work.tx, tenant_id) == rules:
        return
    await held_posts.set_rules(work.tx, tenant_id, rules)
    words = f"{len(rules.blocked_words)} blocked words, {rules.most_links} links"
    first = "first posts of visitors are held" if rules.first_of_visitors else "first posts of visitors are not held"
    await _log(work, tenant_id, actor, Action.RULES_SET, None, reason=f"{words}, {first}")


async def _publish_request(work: UnitOfWork, tenant_id: str, request_id: UUID, actor: str) -> tuple[Request, bool]:
    """Put a held or removed request on the board, with its author's vote; and whether it was there already."""
    before = await _lock_request(work, tenant_id, request_id)
    if before.visibility is Visibility.PUBLISHED:
        return before, True
    if not before.title:
        raise UnknownPostError
    # Counted first: reviews may have changed while nobody saw it.
    shown = await recount(work.tx, replace(before, visibility=Visibility.PUBLISHED))
    event = events.created(shown, work.tx.now)
    request = await save_words(work, shown, LogKind.PUBLISHED, actor, event, person_key=before.author_key)
    await held_posts.release(work.tx, tenant_id, PostKind.REQUEST, request_id)
    if before.author_key is not None:
        await holds.make_known(work.tx, tenant_id, before.author_key)
    if before.visibility is Visibility.HELD and before.author_key is not None:
        request = await votes.add(work, request, before.author_key, actor) or request
        await follow_by_default(work.tx, request, before.author_key, Source.ASKED, actor)
    return request, False


async def _remove_request(
    work: UnitOfWork, tenant_id: str, request_id: UUID, actor: str, reason: str
) -> tuple[Request, bool]:
    """Take a request off the board; and whether it was off already."""
    before = await _lock_request(work, tenant_id, request_id)
    if before.visibility is Visibility.REMOVED:
        return before, True
    await check_may_leave(work.tx, before)
    hidden = replace(before, visibility=Visibility.REMOVED)
    event = events.removed(hidden, work.tx.now) if before.visibility is Visibility.PUBLISHED else None
    request = await save_words(
        work, hidden, LogKind.REMOVED, actor, event, person_key=before.author_key, detail={"reason": reason}
    )
    await held_posts.release(work.tx, tenant_id, PostKind.REQUEST, request_id)
    return request, False


async def _lock_request(work: UnitOfWork, tenant_id: str, request_id: UUID) -> Request:
    try:
        return await lock_and_find(work.tx, tenant_id, request_id, visibilities=_ALL)
    except UnknownRequestError as error:
        raise UnknownPostError from error


async def _root_of_comment(work: UnitOfWork, tenant_id: str, comment_id: UUID) -> UUID:
    """Return the root of what a comment is about. A plain read before the lock: a merge meanwhile ends in a refusal."""
    found = await comment_rows.find_any(work.tx, tenant_id, [comment_id])
    if comment_id not in found:
        raise UnknownPostError
    return await sets.root_of(work.tx, tenant_id, found[comment_id].request_id)


async def _log(
    work: UnitOfWork,
    tenant_id: str,
    actor: str,
    action: Action,
    person_key: str | None,
    *,
    post: tuple[PostKind, UUID, UUID] | None = None,
    reason: str | None = None,
    until: datetime | None = None,
) -> None:
    post_kind, post_id, request_id = post or (None, None, None)
    entry = Entry(
        tenant_id=tenant_id,
        at=work.tx.now,
        actor=actor,
        action=action,
        post_kind=post_kind,
        post_id=post_id,
        request_id=request_id,
        person_key=person_key,
        reason=reason,
        until=until,
    )
    await store.append(work.tx, entry)
