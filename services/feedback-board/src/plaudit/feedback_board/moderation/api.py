"""The HTTP API of moderation."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path

from plaudit.common.http import Page, Paging, Principal, Refusals, TenantTx, Work, describe, not_found
from plaudit.feedback_board.holds import store as holds
from plaudit.feedback_board.holds.domain import PostKind, Standing
from plaudit.feedback_board.moderation import commands, store
from plaudit.feedback_board.moderation.domain import UnknownPostError
from plaudit.feedback_board.moderation.schemas import (
    ModerationEntryOut,
    PersonIn,
    PostOut,
    RemovalIn,
    RulesBody,
    StandingIn,
    StandingOut,
    WaitingPostOut,
    entry_out,
    standing_out,
    waiting_out,
)
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, actor_of
from plaudit.feedback_board.requests.domain.text import clean_reason
from plaudit.feedback_board.votes.api import person_key_of

router = APIRouter(prefix="/v1/moderation", tags=["moderation"])

KindInPath = Annotated[PostKind, Path(description="A request, or a comment on one.")]
PostId = Annotated[UUID, Path(description="The post's id.")]

REFUSALS: Final[Refusals] = {UnknownPostError: lambda _: not_found("post")}
"""What the rules refuse → the problem that the client gets."""


@router.get("/queue", summary="List posts that wait for a look")
async def list_waiting_posts(principal: BoardReader, tx: TenantTx, paging: Paging) -> Page[WaitingPostOut]:
    """List requests and comments that only their authors see until staff approve them, the oldest first."""
    after = paging.after(tuple[datetime, UUID])
    found = await store.list_waiting(tx, principal.tenant_id, after=after, limit=paging.rows)
    return paging.page(found, lambda post: (post.held_at, post.id), waiting_out)


@router.post(
    "/posts/{kind}/{post_id}/approve",
    summary="Approve a post",
    openapi_extra=describe(problems={"request-merged": 409}),
)
async def approve_post(principal: BoardWriter, work: Work, kind: KindInPath, post_id: PostId) -> PostOut:
    """Let everybody see a post that waits or was removed; again changes nothing."""
    person = await commands.approve(work, principal.tenant_id, kind, post_id, actor_of(principal))
    return PostOut(kind=kind, id=post_id, person=person)


@router.post(
    "/posts/{kind}/{post_id}/remove",
    summary="Remove a post",
    openapi_extra=describe(problems={"request-merged": 409, "requests-merged-into-it": 409}),
)
async def remove_post(
    principal: BoardWriter, work: Work, kind: KindInPath, post_id: PostId, body: RemovalIn
) -> PostOut:
    """Take a post off the board, with a reason for staff; again changes nothing."""
    reason = clean_reason(body.reason)
    person = await commands.remove(work, principal.tenant_id, kind, post_id, actor_of(principal), reason=reason)
    return PostOut(kind=kind, id=post_id, person=person)


@router.get("/people", summary="List trusted and blocked people")
async def list_standings(principal: BoardReader, tx: TenantTx, paging: Paging) -> Page[StandingOut]:
    """List who is trusted or blocked, the one that was set last first."""
    found = await holds.list_standings(
        tx,
        principal.tenant_id,
        (Standing.TRUSTED, Standing.BLOCKED),
        after=paging.after(tuple[datetime, str]),
        limit=paging.rows,
    )
    return paging.page(found, lambda each: (each.at, each.person_key), standing_out)


@router.put("/people", summary="Trust or block a person")
async def set_standing(principal: BoardWriter, work: Work, body: StandingIn) -> StandingOut:
    """Trust a person, whose posts then never wait, or block one, who then posts nothing. Votes stay possible."""
    made = await commands.set_standing(
        work,
        principal.tenant_id,
        await _person(work, principal, body.person, body.email),
        Standing(body.standing),
        actor_of(principal),
        reason=clean_reason(body.reason),
        until=body.until,
    )
    return standing_out(made)


@router.delete("/people", status_code=204, summary="Neither trust nor block a person any more")
async def clear_standing(principal: BoardWriter, work: Work, body: PersonIn) -> None:
    """Make a person one like others; who is one stays so."""
    person_key = await _person(work, principal, body.person, body.email)
    await commands.clear_standing(work, principal.tenant_id, person_key, actor_of(principal))


@router.get("/rules", summary="Read what the board holds")
async def get_hold_rules(principal: BoardReader, tx: TenantTx) -> RulesBody:
    """Return what this board holds for a look, beyond what every board does."""
    rules = await holds.rules_of(tx, principal.tenant_id)
    return RulesBody(
        first_of_visitors=rules.first_of_visitors,
        most_links=rules.most_links,
        blocked_words=list(rules.blocked_words),
    )


@router.put("/rules", summary="Set what the board holds")
async def set_hold_rules(principal: BoardWriter, work: Work, body: RulesBody) -> RulesBody:
    """Set what this board holds for a look. Posts that are public already stay so."""
    rules = body.rules()
    await commands.set_rules(work, principal.tenant_id, rules, actor_of(principal))
    return RulesBody(
        first_of_visitors=rules.first_of_visitors,
        most_links=rules.most_links,
        blocked_words=list(rules.blocked_words),
    )


@router.get("/log", summary="List who moderated what")
async def list_moderation_log(principal: BoardReader, tx: TenantTx, paging: Paging) -> Page[ModerationEntryOut]:
    """List what staff did about posts and people, the newest first."""
    (before,) = paging.after(tuple[int]) or (store.MAX_BIGINT,)
    found = await store.list_newest(tx, principal.tenant_id, before=before, limit=paging.rows)
    return paging.page(found, lambda entry: (entry.id,), entry_out)


async def _person(work: Work, principal: Principal, person: str | None, email: str | None) -> str:
    return await person_key_of(work.tx, principal.tenant_id, person, email)
