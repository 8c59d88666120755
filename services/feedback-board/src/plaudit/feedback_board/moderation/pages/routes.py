"""The console's page of moderation: what waits, who is trusted or blocked, the rules, and who did what."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.db import Tx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.people.naming import namer
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.feedback_board.holds import store as holds
from plaudit.feedback_board.holds.domain import MAX_MOST_LINKS, PostKind, Rules, Standing, clean_blocked_words
from plaudit.feedback_board.moderation import commands, store
from plaudit.feedback_board.moderation.domain import UnknownPostError
from plaudit.feedback_board.moderation.pages import wording
from plaudit.feedback_board.requests.api import actor_of
from plaudit.feedback_board.requests.domain.errors import (
    BoardRefusedError,
    HasMergedRequestsError,
    InvalidInputError,
    MergedRequestError,
)
from plaudit.feedback_board.requests.domain.text import REASON_MAX_CHARACTERS, REASON_MIN_CHARACTERS, clean_reason

MODERATION: Final = "/console/moderation"
ROWS: Final = 20
PEOPLE: Final = 50
ENTRIES: Final = 20
GONE: Final = "This post is not here any more."

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.feedback_board.moderation")
Reader = Annotated[Principal, Depends(staff("board:read"))]
Writer = Annotated[Principal, Depends(staff("board:read", "board:write"))]
PersonKey = Annotated[str, Form(max_length=200)]
Days = Annotated[Literal["", "1", "7", "30", "365"], Form()]


@router.get(MODERATION)
async def show_moderation(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show what waits for a look, the oldest first, and below it people, rules and the last entries of the log."""
    return await _page(request, principal, tx, cursor)


@router.post(f"{MODERATION}/{{kind}}/{{post_id}}/approve")
async def approve(
    request: Request,
    principal: Writer,
    work: Work,
    kind: PostKind,
    post_id: UUID,
    trust: Annotated[Literal["", "yes"], Form()] = "",
) -> Response:
    """Let everybody see a post, and trust its author from now on if that is ticked."""

    async def change() -> str:
        person = await commands.approve(work, principal.tenant_id, kind, post_id, actor_of(principal))
        if trust and person is not None:
            await commands.set_standing(
                work, principal.tenant_id, person, Standing.TRUSTED, actor_of(principal), reason="Approved a post."
            )
            return "The post is on the board, and its author is trusted."
        return "The post is on the board."

    return await _done(request, principal, work.tx, change)


@router.post(f"{MODERATION}/{{kind}}/{{post_id}}/remove")
async def remove(
    request: Request,
    principal: Writer,
    work: Work,
    kind: PostKind,
    post_id: UUID,
    reason: Annotated[str, Form()] = "",
    block: Annotated[Literal["", "yes"], Form()] = "",
    days: Days = "",
) -> Response:
    """Take a post off the board, and block its author if that is ticked."""

    async def change() -> str:
        why = clean_reason(reason)
        actor = actor_of(principal)
        person = await commands.remove(work, principal.tenant_id, kind, post_id, actor, reason=why)
        if block and person is not None:
            until = _until(work.tx, days)
            await commands.set_standing(
                work, principal.tenant_id, person, Standing.BLOCKED, actor, reason=why, until=until
            )
            return "The post is removed, and its author is blocked."
        return "The post is removed."

    typed = {"reason": reason, "block": block, "days": days}
    return await _done(request, principal, work.tx, change, typed, of=str(post_id))


@router.post(f"{MODERATION}/people")
async def set_standing(
    request: Request,
    principal: Writer,
    work: Work,
    person: PersonKey,
    standing: Annotated[Literal["trusted", "blocked", "neither"], Form()],
    reason: Annotated[str, Form()] = "",
    days: Days = "",
) -> Response:
    """Trust or block somebody, or neither any more."""

    async def change() -> str:
        actor = actor_of(principal)
        if standing == "neither":
            await commands.clear_standing(work, principal.tenant_id, person, actor)
            return "The person is neither trusted nor blocked."
        until = _until(work.tx, days) if standing == "blocked" else None
        chosen = Standing(standing)
        await commands.set_standing(
            work, principal.tenant_id, person, chosen, actor, reason=clean_reason(reason), until=until
        )
        return f"The person is {chosen}."

    return await _done(request, principal, work.tx, change, {"reason": reason}, of=person)


@router.post(f"{MODERATION}/rules")
async def set_rules(
    request: Request,
    principal: Writer,
    work: Work,
    first_of_visitors: Annotated[Literal["", "yes"], Form()] = "",
    most_links: Annotated[str, Form(max_length=20)] = "",
    blocked_words: Annotated[str, Form()] = "",
) -> Response:
    """Set what this board holds for a look."""

    async def change() -> str:
        words = clean_blocked_words([line for line in blocked_words.splitlines() if line.strip()])
        rules = Rules(first_of_visitors=bool(first_of_visitors), most_links=_whole(most_links), blocked_words=words)
        await commands.set_rules(work, principal.tenant_id, rules, actor_of(principal))
        return "The rules are set. Posts that are public already stay so."

    typed = {"first_of_visitors": first_of_visitors, "most_links": most_links, "blocked_words": blocked_words}
    return await _done(request, principal, work.tx, change, typed, of="rules")


async def _done(
    request: Request,
    principal: Principal,
    tx: Tx,
    change: Callable[[], Awaitable[str]],
    typed: Mapping[str, str] | None = None,
    *,
    of: str = "",
) -> Response:
    """Do what a form asks for; what is refused comes back beside its field, with what was typed."""
    try:
        words = await change()
    except UnknownPostError:
        return done(request, MODERATION, GONE, is_good=False)
    except (MergedRequestError, HasMergedRequestsError) as error:
        return done(request, MODERATION, str(error), is_good=False)
    except InvalidInputError as error:
        return await _page(request, principal, tx, None, Typed(typed or {}, {error.field: _sentence(error)}), of)
    return done(request, MODERATION, words)


async def _page(
    request: Request,
    principal: Principal,
    tx: Tx,
    cursor: str | None,
    typed: Typed = NOTHING_TYPED,
    of: str = "",
) -> Response:
    tenant_id = principal.tenant_id
    after = decode_cursor(cursor, tuple[datetime, UUID], of=MODERATION) if cursor else None
    found = await store.list_waiting(tx, tenant_id, after=after, limit=ROWS + 1)
    waiting, following = cut_page(found, ROWS, lambda post: (post.held_at, post.id), of=MODERATION)
    people = await holds.list_standings(tx, tenant_id, (Standing.BLOCKED, Standing.TRUSTED), after=None, limit=PEOPLE)
    entries = await store.list_newest(tx, tenant_id, limit=ENTRIES)
    total = await holds.count_waiting(tx, tenant_id)
    rules = await holds.rules_of(tx, tenant_id)
    actors = [*(entry.actor for entry in entries), *(each.actor for each in people)]
    return await console.response(
        request,
        principal,
        tx,
        "moderation.html",
        status=typed.status,
        counts={MODERATION: f"{total:,}" if total else ""},
        waiting=waiting,
        total=total,
        people=people,
        entries=entries,
        rules=rules,
        name_of=await namer(request.app.state.resources.common_database(), tenant_id, actors),
        may_write=principal.may("board:write"),
        typed=typed,
        of=of,
        path=MODERATION,
        next=following,
        is_first=cursor is None,
        reasons=wording.REASONS,
        actions=wording.ACTIONS,
        reason_limits={"minlength": REASON_MIN_CHARACTERS, "maxlength": REASON_MAX_CHARACTERS},
        most_links_hint=f"0 to {MAX_MOST_LINKS}.",
    )


def _until(tx: Tx, days: str) -> datetime | None:
    return tx.now + timedelta(days=int(days)) if days else None


def _whole(text: str) -> int:
    if not (text.isascii() and text.strip().isdigit()):
        raise InvalidInputError("most_links", f"most_links must be a whole number, 0 to {MAX_MOST_LINKS}")
    return int(text)


def _sentence(error: BoardRefusedError) -> str:
    words = str(error).replace("most_links", "the number of links").replace("blocked_words", "the blocked words")
    return f"{words[:1].upper()}{words[1:]}."
