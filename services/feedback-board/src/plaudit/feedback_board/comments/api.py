"""The HTTP API of comments and official responses."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Response

from plaudit.common.db import Tx
from plaudit.common.http import (
    IdempotencyKeyHeader,
    Page,
    Paging,
    Refusals,
    TenantTx,
    Work,
    conflict,
    describe,
    not_found,
)
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.idempotency import IdempotencyKey
from plaudit.feedback_board.comments import commands, store
from plaudit.feedback_board.comments.domain import UnknownCommentError
from plaudit.feedback_board.comments.schemas import (
    CommentIn,
    CommentOut,
    CommentTextIn,
    ResponseIn,
    ResponseOut,
    comment_out,
    response_out,
)
from plaudit.feedback_board.holds.commands import names_taken
from plaudit.feedback_board.holds.domain import PersonBlockedError, Post, PostKind
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.domain.errors import UnknownRequestError
from plaudit.feedback_board.requests.domain.text import clean_comment, clean_name
from plaudit.feedback_board.requests.domain.visibility import Author
from plaudit.feedback_board.requests.store import requests, sets
from plaudit.feedback_board.visitors.pages import BoardResources
from plaudit.feedback_board.votes.api import person_key_of

router = APIRouter(prefix="/v1/requests", tags=["comments"])

CommentId = Annotated[UUID, Path(description="The comment's id.")]

_EDITED: Final = {"text": "We wait for this too, in Lisbon.", "edited_by_staff": True, "edited_at": A_TIME}
"""What an edit changes in the examples."""
PROBLEMS: Final = {
    "person-blocked": "The person is blocked on this board and cannot post, until the block ends or staff end it.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownCommentError: lambda _: not_found("comment"),
    PersonBlockedError: lambda error: conflict("person-blocked", str(error)),
}
"""What the rules refuse → the problem that the client gets."""


@router.get("/{request_id}/comments", summary="List comments")
async def list_comments(
    principal: BoardReader, tx: TenantTx, request_id: RequestId, paging: Paging
) -> Page[CommentOut]:
    """List the comments that everybody sees, the oldest first: on a request and on those that are merged into it."""
    await _check_known(tx, principal.tenant_id, request_id)
    after = paging.after(tuple[datetime, UUID])
    members = await sets.members(tx, principal.tenant_id, request_id) or [request_id]
    found = await store.list_page(tx, principal.tenant_id, members, after=after, limit=paging.rows)
    return paging.page(found, lambda comment: (comment.created_at, comment.id), comment_out)


@router.post(
    "/{request_id}/comments",
    status_code=201,
    summary="Post a comment",
    openapi_extra=describe(
        problems={"person-blocked": 409, "request-merged": 409},
        headers=("Idempotent-Replayed",),
        body={"email": None},
    ),
)
async def post_comment(
    principal: BoardWriter,
    work: Work,
    request_id: RequestId,
    body: CommentIn,
    response: Response,
    parts: BoardResources,
    idempotency_key: IdempotencyKeyHeader,
) -> CommentOut:
    """Post a comment of staff; or, with `person` or `email`, of a person, which may have to wait for a look."""
    text, name = clean_comment(body.text), None if body.name is None else clean_name(body.name)
    author, look = None, None
    if body.person is not None or body.email is not None:
        author = Author(await person_key_of(work.tx, principal.tenant_id, body.person, body.email), name)
        look = Post(
            kind=PostKind.COMMENT,
            person_key=author.key,
            text=text,
            name=name,
            names_taken=await names_taken(parts.common_database(), principal.tenant_id, name),
        )
    outcome = await commands.post(
        work,
        principal.tenant_id,
        request_id,
        text,
        actor_of(principal),
        author=author,
        staff_name=name,
        look=look,
        key=None if idempotency_key is None else _key(idempotency_key, request_id, author, name, text),
    )
    if outcome.already:
        response.headers["Idempotent-Replayed"] = "true"
    return comment_out(outcome.comment)


@router.patch(
    "/{request_id}/comments/{comment_id}",
    summary="Edit a comment",
    openapi_extra=describe(
        problems={"request-merged": 409},
        body={"text": _EDITED["text"]},
        answer=_EDITED,
    ),
)
async def edit_comment(
    principal: BoardWriter, work: Work, request_id: RequestId, comment_id: CommentId, body: CommentTextIn
) -> CommentOut:
    """Replace the text of a comment, by staff: the page says so."""
    text = clean_comment(body.text)
    outcome = await commands.edit(
        work, principal.tenant_id, request_id, comment_id, text, actor_of(principal), look=None
    )
    return comment_out(outcome.comment)


@router.delete(
    "/{request_id}/comments/{comment_id}",
    summary="Remove a comment",
    openapi_extra=describe(
        problems={"request-merged": 409},
        answer={**_EDITED, "visibility": "removed"},
    ),
)
async def remove_comment(
    principal: BoardWriter, work: Work, request_id: RequestId, comment_id: CommentId
) -> CommentOut:
    """Remove a comment, by staff; removed ones stay in the log. `PUT /v1/moderation/posts/…` takes a reason too."""
    outcome = await commands.remove(work, principal.tenant_id, request_id, comment_id, actor_of(principal))
    return comment_out(outcome.comment)


@router.get("/{request_id}/official-response", summary="List the revisions of the official response")
async def list_responses(
    principal: BoardReader, tx: TenantTx, request_id: RequestId, paging: Paging
) -> Page[ResponseOut]:
    """List the revisions of the official response to a request, the newest first: this one is public."""
    await _check_known(tx, principal.tenant_id, request_id)
    (before,) = paging.after(tuple[int]) or (store.MAX_REVISION,)
    found = await store.list_responses(tx, principal.tenant_id, request_id, before=before, limit=paging.rows)
    return paging.page(found, lambda response: (response.revision,), response_out)


@router.put(
    "/{request_id}/official-response",
    summary="Write the official response",
    openapi_extra=describe(problems={"request-merged": 409}),
)
async def respond(principal: BoardWriter, work: Work, request_id: RequestId, body: ResponseIn) -> ResponseOut:
    """Write the official response to a request, or write it anew: it stands above the comments."""
    text = clean_comment(body.text)
    written, _ = await commands.respond(work, principal.tenant_id, request_id, text, actor_of(principal))
    assert written is not None, "it has a text"
    return response_out(written)


@router.delete(
    "/{request_id}/official-response",
    status_code=204,
    summary="Take the official response back",
    openapi_extra=describe(problems={"request-merged": 409}),
)
async def take_response_back(principal: BoardWriter, work: Work, request_id: RequestId) -> None:
    """Take the official response to a request back; its revisions stay."""
    await commands.respond(work, principal.tenant_id, request_id, None, actor_of(principal))


async def _check_known(tx: Tx, tenant_id: str, request_id: UUID) -> None:
    if await requests.find(tx, tenant_id, request_id) is None:
        raise UnknownRequestError


def _key(text: str, request_id: UUID, author: Author | None, name: str | None, comment: str) -> IdempotencyKey:
    words = msgspec.json.encode((request_id, None if author is None else author.key, name, comment))
    return IdempotencyKey(f"api:{text}", sha256(b"POST comments\n" + words).digest())
