"""The console's page of the audit trail."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from plaudit.alerting.audit import store
from plaudit.alerting.audit.domain import About, Recorded
from plaudit.common.http import Cursor, Principal, TenantTx, cut_page, decode_cursor
from plaudit.common.pages.instants import moment
from plaudit.common.people.naming import namer
from plaudit.common.sessions import ConsolePages, staff

AUDIT: Final = "/console/audit"
ROWS: Final = 50
MAX_VALUE_CHARS: Final = 200
PAGES: Final[Mapping[str, str]] = {
    About.ALERT: "/console/alerts",
    About.CLOCK: "/console/desk",
    About.INCIDENT: "/console/incidents",
    About.MESSAGE: "/console/messages",
}
"""What an entry is about → where its page is. The rooms of these pages stand above this one."""
_ONE_THING: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.audit")
Reader = Annotated[Principal, Depends(staff("audit:read"))]


@router.get(AUDIT)
async def show_audit(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    about: str = "",
    about_id: str = "",
    actor: str = "",
    cursor: Cursor = None,
) -> Response:
    """Show who did what, the newest first."""
    wanted = {"about": about if about in set(About) else "", "about_id": about_id, "actor": actor}
    chosen = {name: value for name, value in wanted.items() if value}
    path = f"{AUDIT}?{urlencode(chosen)}" if chosen else AUDIT
    after = decode_cursor(cursor, tuple[datetime, int, int], of=path) if cursor else None
    found = await store.listed(
        tx,
        principal.tenant_id,
        about_kind=wanted["about"] or None,
        about_id=about_id or None,
        actor=actor or None,
        after=after,
        limit=ROWS + 1,
    )
    listed, following = cut_page(found, ROWS, lambda each: each[1], of=path)
    entries = [entry for entry, _ in listed]
    return await console.response(
        request,
        principal,
        tx,
        "audit.html",
        entries=entries,
        name_of=await namer(
            request.app.state.resources.common_database(), principal.tenant_id, [entry.actor for entry in entries]
        ),
        in_words=_in_words,
        page_of=_page_of,
        choices={"": "everything", **{each.value: each.value for each in About}},
        chosen=wanted,
        path=path,
        audit_path=AUDIT,
        next=following,
        is_first=cursor is None,
    )


def _page_of(entry: Recorded) -> str:
    """Return the page of what an entry is about; nothing where it has none of its own, or is about several things."""
    page = PAGES.get(entry.about_kind, "")
    return f"{page}/{quote(entry.about_id, safe='')}" if page and _ONE_THING.fullmatch(entry.about_id) else ""


def _in_words(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """Return what changed: name, value before and value after; what stayed the same is left out."""
    old, new = before or {}, after or {}
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [f"{name.replace('_', ' ')}: {_change(old.get(name), new.get(name))}" for name in changed]


def _change(old: object, new: object) -> str:
    if old is None:
        return _shown(new)
    return f"{_shown(old)} → {_shown(new)}"


def _shown(value: object) -> str:
    text = "none" if value is None else _at(value) or str(value)
    return text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}…"


def _at(value: object) -> str:
    """Return an instant as pages write it; nothing where a value is none."""
    if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return ""
    try:
        return moment(datetime.fromisoformat(value))
    except ValueError:
        return ""
