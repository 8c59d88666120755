"""The console's page of badges: which scores everybody may see, how they look, and what to paste to show them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, cut_page, decode_cursor
from plaudit.common.names import MAX_NAME_CHARS
from plaudit.common.refusals import WrongInputError, sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.settings import address_of
from plaudit.common.text import isolated
from plaudit.scoring.badges import commands, store
from plaudit.scoring.badges.domain.addresses import COMPACT, WIDE, addresses, frame_snippet, image_snippet
from plaudit.scoring.badges.domain.badge import (
    Badge,
    Kind,
    TooManyBadgesError,
    UnfitProfileError,
    UnknownBadgeError,
)
from plaudit.scoring.half_lives.domain import ProfileNotReadyError
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import BUILT_IN, UnknownProfileError
from plaudit.scoring.scores import store as scores

PAGE: Final = "/console/scores/badges"
ROWS: Final = 10
KINDS: Final = {
    Kind.ORGANIZATION: "an organisation",
    Kind.LOCAL_BUSINESS: "a local business",
    Kind.PRODUCT: "a product",
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.badges")
Reader = Annotated[Principal, Depends(staff("scores:read"))]
Writer = Annotated[Principal, Depends(staff("scores:read", "scores:write"))]


@router.get(PAGE)
async def show_badges(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show the subjects whose scores everybody may see, each with its badge."""
    return await _page(request, principal, tx, cursor)


@router.post(PAGE)
async def add_badge(
    request: Request,
    principal: Writer,
    tx: TenantTx,
    kind: Annotated[Kind, Form()],
    subject: Annotated[str, Form(max_length=1000)] = "",
    name: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Let everybody see the score of a subject, or change what it is called."""
    subject = subject.strip().strip("/")
    typed = {"subject": subject, "name": name, "kind": str(kind)}
    errors = {} if is_subject(subject) else {"subject": sentence(SUBJECT_RULE)}
    try:
        wanted = commands.badge(principal.tenant_id, subject, name, kind, principal.actor)
    except WrongInputError as error:
        errors["name"] = sentence(error)
    if errors:
        return await _page(request, principal, tx, None, Typed(typed, errors))
    try:
        await commands.allow(tx, wanted)
    except TooManyBadgesError as error:
        return await _page(request, principal, tx, None, Typed(typed, {"subject": str(error)}))
    return done(request, PAGE, f"Everybody can see the score of “{isolated(wanted.name)}” now.")


@router.post(f"{PAGE}/remove")
async def remove_badge(
    request: Request, principal: Writer, tx: TenantTx, subject: Annotated[str, Form(max_length=1000)]
) -> Response:
    """Let nobody see the score of a subject any more."""
    try:
        await commands.forbid(tx, principal.tenant_id, subject)
    except UnknownBadgeError:
        return done(request, PAGE, "This score was private already.")
    return done(request, PAGE, f"The score of {isolated(subject)} is private again.")


@router.post(f"{PAGE}/profile")
async def choose_profile(
    request: Request, principal: Writer, tx: TenantTx, profile: Annotated[str, Form(max_length=1000)]
) -> Response:
    """Let all badges show scores by one profile."""
    try:
        chosen = await commands.choose_profile(tx, principal.tenant_id, profile, principal.actor)
    except (UnknownProfileError, ProfileNotReadyError, UnfitProfileError) as error:
        wrong = Typed({"profile": profile}, {"profile": sentence(error).replace("`", "")})
        return await _page(request, principal, tx, None, wrong)
    return done(request, PAGE, f"All badges show scores by the profile {chosen.name} now.")


async def _page(
    request: Request, principal: Principal, tx: SqlTx, cursor: str | None, typed: Typed = NOTHING_TYPED
) -> Response:
    (after,) = decode_cursor(cursor, tuple[str], of=PAGE) if cursor else ("",)
    found = await store.list_after(tx, principal.tenant_id, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.subject,), of=PAGE)
    profile = await profiles.shown_by_badges(tx, principal.tenant_id)
    choices = await scores.choices_of(tx, principal.tenant_id)
    return await console.response(
        request,
        principal,
        tx,
        "console_badges.html",
        status=typed.status,
        further=("Badges",),
        badges=[_shown(request, each, profile) for each in listed],
        profile=profile,
        public_profiles=[*BUILT_IN],
        fitting={name: name for name, each in choices.ready.items() if each.fits_badges},
        waiting=choices.waiting,
        kinds={str(kind): words for kind, words in KINDS.items()},
        may_write=principal.may("scores:write"),
        typed=typed,
        path=PAGE,
        wide=WIDE,
        compact=COMPACT,
        name_limits={"required": True, "maxlength": MAX_NAME_CHARS},
        next=following,
        is_first=cursor is None,
    )


def _shown(request: Request, found: Badge, profile: str) -> dict[str, Any]:
    """Return a badge with what to paste. Its preview is at the address that the page itself is at."""
    at = addresses(address_of(request.app.state.resources.settings), found, profile)
    return {
        "badge": found,
        "at": at,
        "here": addresses("", found, profile),
        "kind": KINDS[found.kind],
        "snippets": {
            "Wide badge": image_snippet(found, at),
            "Compact badge": image_snippet(found, at, is_compact=True),
            "Page in a frame": frame_snippet(found, at),
        },
    }
