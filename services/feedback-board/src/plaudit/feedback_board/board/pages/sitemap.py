"""What search engines read: which pages a board has, and which paths are not for them."""

from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import PlainTextResponse, Response

from plaudit.common.http import TenantTx
from plaudit.common.http.auth import anyone
from plaudit.common.settings import address_of
from plaudit.feedback_board.board.pages.frame import board_path, site
from plaudit.feedback_board.board.pages.machines import answer
from plaudit.feedback_board.changelog import store as changelog
from plaudit.feedback_board.changelog.schemas import entry_path
from plaudit.feedback_board.requests.domain.order import Order
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit, Public

MAX_REQUESTS: Final = 5_000
"""The newest ones. Older ones are found from the lists; a sitemap may hold at most 50,000 addresses."""
MAX_ENTRIES: Final = 1_000
NOT_FOR_ROBOTS: Final = ("/console", "/v1/", "/sign-in", "/sign-out", "/preferences/")

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])
front = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])


@router.get("/sitemap.xml")
async def show_sitemap(visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources) -> Response:
    """Show the addresses of a board's pages (sitemaps.org)."""
    found = await requests.list_in_order(tx, visit.tenant_id, Order.NEWEST, limit=MAX_REQUESTS)
    entries = await changelog.list_published(tx, visit.tenant_id, after=None, limit=MAX_ENTRIES)
    base = board_path(visit.tenant_id)
    pages = [
        *((path, None) for path in (base, f"{base}/roadmap", f"{base}/changelog")),
        *((page_path(each), each.status_changed_at) for each in found),
        *((entry_path(each), each.updated_at) for each in entries),
    ]
    body = site.text("sitemap.xml.html", origin=address_of(parts.settings), pages=pages)
    return answer(request, body.encode(), "application/xml; charset=utf-8")


@front.get("/robots.txt")
async def show_robots(principal: Public, parts: BoardResources) -> Response:
    """Say which paths are not for search engines, and where the sitemap of the board at `/` is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS)]
    lines.append(f"Sitemap: {address_of(parts.settings)}{board_path(principal.tenant_id)}/sitemap.xml")
    return PlainTextResponse("\n".join(lines) + "\n")
