"""The public pages of the changelog: what was built because people asked."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from plaudit.common.http import Cursor, TenantTx, cut_page, decode_cursor, not_found
from plaudit.common.http.auth import anyone
from plaudit.feedback_board.board.pages.frame import page
from plaudit.feedback_board.changelog import store
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.requests.domain.text import SLUG, excerpt
from plaudit.feedback_board.requests.store import requests, sets
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit

LIST_ENTRIES: Final = 10

router = APIRouter(prefix="/b/{tenant}/changelog", include_in_schema=False, dependencies=[Depends(anyone)])


@router.get("")
async def show_changelog(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    cursor: Cursor = None,
) -> Response:
    """Show what is published, the newest first."""
    of = request.url.path
    after = decode_cursor(cursor, tuple[datetime, UUID], of=of) if cursor else None
    found = await store.list_published(tx, visit.tenant_id, after=after, limit=LIST_ENTRIES + 1)
    entries, following = cut_page(found, LIST_ENTRIES, lambda entry: (entry.published_at, entry.id), of=of)
    return page(
        request,
        visit,
        parts,
        language,
        "changelog.html",
        path="/changelog",
        here="changelog",
        entries=entries,
        next=following,
    )


@router.get("/{slug}")
async def show_entry(
    visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources, language: Reading, slug: str
) -> Response:
    """Show one entry with the requests behind it."""
    entry = await store.find_published(tx, visit.tenant_id, slug) if SLUG.fullmatch(slug) else None
    if entry is None:
        raise not_found("entry")
    roots = set((await sets.roots(tx, visit.tenant_id, entry.request_ids)).values())
    behind = await requests.find_several(tx, [(visit.tenant_id, each) for each in roots])
    return page(
        request,
        visit,
        parts,
        language,
        "changelog_entry.html",
        path=f"/changelog/{entry.slug}",
        here="changelog",
        description=excerpt(entry.changed) or "",
        entry=entry,
        shown=sorted(behind.values(), key=lambda each: (each.created_at, each.id)),
    )
