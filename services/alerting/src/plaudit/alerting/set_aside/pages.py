"""The console's page of what was set aside."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.alerting.mails.domain.words import DESK
from plaudit.alerting.set_aside import commands, store
from plaudit.alerting.set_aside.domain import Kind
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.sessions import ConsolePages, done, staff

SET_ASIDE: Final = "/console/set-aside"
ROWS: Final = 50
NAMES: Final = {
    Kind.CONTACT: "A contact, or the digest",
    Kind.SILENCE: "The end of a silence",
    Kind.STEP: "A step of an escalation",
    Kind.TIMER: "A timer of a clock",
}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.set_aside")
Reader = Annotated[Principal, Depends(staff("clocks:read"))]
Writer = Annotated[Principal, Depends(staff("clocks:write"))]


@router.get(SET_ASIDE)
async def show_set_aside(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show what was set aside, the newest first, with a button to try it again."""
    after = decode_cursor(cursor, tuple[datetime, str, str], of=SET_ASIDE) if cursor else None
    found = await store.listed(tx, principal.tenant_id, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.failed_at, str(each.kind), each.id), of=SET_ASIDE)
    return await console.response(
        request,
        principal,
        tx,
        "set_aside.html",
        listed=listed,
        names=NAMES,
        next=following,
        is_first=cursor is None,
        may_write=principal.may("clocks:write"),
        path=SET_ASIDE,
        desk_path=DESK,
    )


@router.post(SET_ASIDE)
async def try_again(
    request: Request,
    principal: Writer,
    work: Work,
    kind: Annotated[str, Form()] = "",
    id: Annotated[str, Form()] = "",  # noqa: A002 - the name of the field
) -> Response:
    """Have one thing tried again, or all of it."""
    wanted = Kind(kind) if kind in set(Kind) else None
    if kind and wanted is None:
        return done(request, SET_ASIDE, "There is no such kind: nothing was done.", is_good=False)
    count = await commands.try_again(
        work.tx, principal.tenant_id, principal.actor, wanted, id if wanted is not None else None
    )
    words = "It is tried again, at once." if count == 1 else f"{count:,} of them are tried again, at once."
    if count and wanted is None and await store.count(work.tx, principal.tenant_id, 1):
        words += " More is set aside: try all again once more."
    return done(request, SET_ASIDE, words if count else "None of it is set aside any more.", is_good=bool(count))
