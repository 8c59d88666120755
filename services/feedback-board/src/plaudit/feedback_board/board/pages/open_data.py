"""The board as JSON, for everybody and without a key: its requests and its roadmap. It names no person."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from plaudit.common.http import TenantTx
from plaudit.common.http.auth import anyone
from plaudit.common.http.json import encode
from plaudit.common.settings import address_of
from plaudit.feedback_board.board.pages.asked import AskedFor
from plaudit.feedback_board.board.pages.frame import board_path
from plaudit.feedback_board.board.pages.machines import answer
from plaudit.feedback_board.board.pages.routes import COLUMN_REQUESTS, list_asked, list_columns
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.priority import FORMULA_VERSION
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.schemas import DecimalText, page_path
from plaudit.feedback_board.requests.store import counts as request_counts
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit

MAX_LIMIT: Final = 100
DEFAULT_LIMIT: Final = 20
_JSON: Final = "application/json"

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])


class PublicRequest(BaseModel):
    """A request as everybody may read it. What staff say of whom, and who asked, is not in it."""

    slug: str
    title: str
    text: str
    persona: str | None
    status: Status
    status_reason: str | None
    status_changed_at: datetime
    votes: int
    reach: int
    linked_reviews: int
    impact: DecimalText | None
    effort_weeks: DecimalText | None
    priority: DecimalText | None
    formula_version: int
    created_at: datetime
    url: str


def public_request(request: domain.Request, origin: str) -> dict[str, Any]:
    """Return a request as everybody may read it."""
    added = {"formula_version": FORMULA_VERSION, "url": f"{origin}{page_path(request)}"}
    fields = {name: getattr(request, name) for name in PublicRequest.model_fields.keys() - added.keys()}
    return PublicRequest.model_validate(fields | added).model_dump(mode="json")


@router.get("/requests.json")
async def list_requests(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    asked: AskedFor,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Response:
    """List requests as the page does, with the same parameters, and `limit`."""
    asked = asked.on(f"{board_path(visit.tenant_id)}/requests.json")
    found, following = await list_asked(tx, visit.tenant_id, asked, limit)
    origin = address_of(parts.settings)
    body = {"items": [public_request(each, origin) for each in found], "next": following}
    return answer(request, encode(body), _JSON)


@router.get("/roadmap.json")
async def show_roadmap(visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources) -> Response:
    """Show the columns of the roadmap: of each its number of requests, and the first of them."""
    counts = await request_counts.by_status(tx, visit.tenant_id)
    columns = await list_columns(tx, visit.tenant_id, COLUMN_REQUESTS)
    origin = address_of(parts.settings)
    shown = [
        {"status": status, "count": counts[status], "items": [public_request(each, origin) for each in found]}
        for status, found in columns.items()
    ]
    return answer(request, encode({"columns": shown}), _JSON)
