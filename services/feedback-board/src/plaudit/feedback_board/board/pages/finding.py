"""Which request a public page is about, and who may see it."""

from http import HTTPStatus
from typing import Final

from starlette.responses import RedirectResponse

from plaudit.common.db import Tx
from plaudit.common.http import not_found
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.text import SLUG
from plaudit.feedback_board.requests.domain.visibility import Visibility, sees
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.visitors.pages import Visit

_SHOWN: Final = (Visibility.PUBLISHED, Visibility.HELD)


async def find_request(tx: Tx, visit: Visit, slug: str) -> domain.Request:
    """Return the request at an address; one that is held is there for its author alone.

    Raises:
        Problem: 404, there is no such request.
        AnswerInsteadError: 303, it is merged into another one, and all its addresses lead to the page of that one. It
            is kept by no cache, since a merge can be undone.
    """
    found = await find_shown(tx, visit, slug)
    if found.merged_into is None:
        return found
    root = await root_of(tx, found)
    headers = {"Cache-Control": "no-store"}
    raise AnswerInsteadError(RedirectResponse(f"{page_path(root)}?notice=merged", int(HTTPStatus.SEE_OTHER), headers))


async def find_shown(tx: Tx, visit: Visit, slug: str) -> domain.Request:
    """Return the request at an address, merged or not; one that is held is there for its author alone.

    Raises:
        Problem: 404, there is no such request.
    """
    found = await requests.find_by_slug(tx, visit.tenant_id, slug, _SHOWN) if SLUG.fullmatch(slug) else None
    reader = None if visit.visitor is None else visit.visitor.person_key
    if found is None or not sees(found.visibility, found.author_key, reader):
        raise not_found("request")
    return found


async def root_of(tx: Tx, request: domain.Request) -> domain.Request:
    """Return the request that a request is merged into, else itself."""
    if request.merged_into is None:
        return request
    root = await requests.find(tx, request.tenant_id, request.merged_into)
    assert root is not None, "a root with others does not leave the board"
    return root
