"""Atom feeds (RFC 4287) of a board: its requests, what has shipped, what was built, and one request."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from plaudit.common.http import Cursor, TenantTx, cut_page, decode_cursor, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.settings import address_of
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.board.pages.finding import find_request
from plaudit.feedback_board.board.pages.frame import board_path, site
from plaudit.feedback_board.board.pages.machines import answer
from plaudit.feedback_board.changelog import store as changelog
from plaudit.feedback_board.changelog.domain import Entry as ChangelogEntry
from plaudit.feedback_board.changelog.schemas import entry_path
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.languages.pages.words import Words
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.activity import PUBLIC_KINDS
from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import activity, requests
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit, Visit

ENTRIES: Final = 50
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_XML: Final = re.compile("[\ufffe\uffff]")
"""What a clean text may hold and a document of XML 1.0 may not."""

router = APIRouter(prefix="/b/{tenant}/feeds", include_in_schema=False, dependencies=[Depends(anyone)])


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry of a feed."""

    id: str
    """Of the entry, for ever."""
    title: str
    path: str
    published: datetime
    updated: datetime
    content: str


@router.get("/requests.atom")
async def show_requests(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    cursor: Cursor = None,
) -> Response:
    """Show the requests of a board, the newest first."""
    words = Words(language)
    of = request.url.path
    after = decode_cursor(cursor, tuple[int, UUID], of=of) if cursor else None
    found = await requests.list_in_order(tx, visit.tenant_id, Order.NEWEST, after=after, limit=ENTRIES + 1)
    shown, following = cut_page(found, ENTRIES, lambda each: sort_key(Order.NEWEST, each), of=of)
    entries = [_of_request(each, words) for each in shown]
    return _feed(request, parts, visit, words, words.say("Requests"), board_path(visit.tenant_id), entries, following)


@router.get("/shipped.atom")
async def show_shipped(
    visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources, language: Reading
) -> Response:
    """Show the requests that shipped last."""
    words = Words(language)
    found = await requests.list_by_status_age(tx, visit.tenant_id, Status.SHIPPED, limit=ENTRIES)
    entries = [_of_request(each, words) for each in found]
    path = f"{board_path(visit.tenant_id)}/status/{Status.SHIPPED}"
    return _feed(request, parts, visit, words, words.say("Shipped"), path, entries, None)


@router.get("/changelog.atom")
async def show_changelog(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    cursor: Cursor = None,
) -> Response:
    """Show what was built, the newest first."""
    words = Words(language)
    of = request.url.path
    after = decode_cursor(cursor, tuple[datetime, UUID], of=of) if cursor else None
    found = await changelog.list_published(tx, visit.tenant_id, after=after, limit=ENTRIES + 1)
    shown, following = cut_page(found, ENTRIES, lambda each: (each.published_at, each.id), of=of)
    path = f"{board_path(visit.tenant_id)}/changelog"
    entries = [_of_changelog(each, words) for each in shown]
    return _feed(request, parts, visit, words, words.say("What we built"), path, entries, following)


@router.get("/requests/{slug}.atom")
async def show_request(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    slug: str,
    cursor: Cursor = None,
) -> Response:
    """Show what happened to one request, the newest first."""
    words = Words(language)
    of = request.url.path
    found = await find_request(tx, visit, slug)
    if found.visibility is not Visibility.PUBLISHED:
        raise not_found("request")
    (before,) = decode_cursor(cursor, tuple[int], of=of) if cursor else (activity.MAX_BIGINT,)
    log = await activity.list_newest(
        tx, visit.tenant_id, found.id, kinds=PUBLIC_KINDS, before=before, limit=ENTRIES + 1
    )
    shown, following = cut_page(log, ENTRIES, lambda each: (each.id,), of=of)
    entries = [_of_history(found, wording.history_entry(each, words), words) for each in shown]
    return _feed(request, parts, visit, words, found.title, page_path(found), entries, following)


def _of_request(request: domain.Request, words: Words) -> FeedEntry:
    status = words.say(wording.STATUS_WORDS[request.status])
    parts = [request.text, f"{status}: {request.status_reason}" if request.status_reason else status]
    return FeedEntry(
        id=f"urn:uuid:{request.id}",
        title=request.title,
        path=page_path(request),
        published=request.created_at,
        updated=request.status_changed_at,
        content="\n\n".join(filter(None, parts)),
    )


def _of_changelog(entry: ChangelogEntry, words: Words) -> FeedEntry:
    sections = {
        "What you said": entry.said,
        "What we learned": entry.learned,
        "What we changed": entry.changed,
        "What has happened since": entry.since,
    }
    return FeedEntry(
        id=f"urn:uuid:{entry.id}",
        title=entry.title,
        path=entry_path(entry),
        published=entry.published_at or entry.updated_at,
        updated=entry.updated_at,
        content="\n\n".join(f"{words.say(title)}: {text}" for title, text in sections.items() if text),
    )


def _of_history(request: domain.Request, shown: dict[str, object], words: Words) -> FeedEntry:
    at = shown["at"]
    assert isinstance(at, datetime)
    status = shown["status"]
    title = words.say(wording.STATUS_WORDS[status]) if isinstance(status, Status) else str(shown["words"])
    return FeedEntry(
        # Of the entry of the log: the address of a request could change, its id does not.
        id=f"tag:plaudit,2026:{request.tenant_id}/{request.id}/{shown['id']}",
        title=title,
        path=page_path(request),
        published=at,
        updated=at,
        content=str(shown["reason"] or shown["words"]),
    )


def _feed(
    request: Request,
    parts: BoardResources,
    visit: Visit,
    words: Words,
    title: str,
    path: str,
    entries: Sequence[FeedEntry],
    following: str | None,
) -> Response:
    address = f"{address_of(parts.settings)}{quote(request.url.path)}"
    updated = max((each.updated for each in entries), default=_NEVER)
    feed = site.text(
        "feed.xml.html",
        language=words.language,
        board=visit,
        title=title,
        origin=address_of(parts.settings),
        path=path,
        address=address,
        self_query=f"?{urlencode(list(request.query_params.multi_items()))}" if request.query_params else "",
        next=None if following is None else f"{address}?{urlencode({'cursor': following})}",
        entries=entries,
        updated=updated,
    )
    body = _NOT_XML.sub("\ufffd", feed).encode()
    more = {"vary": "Accept-Language, Cookie", "content-language": words.language.code}
    return answer(request, body, "application/atom+xml; charset=utf-8", changed_at=updated, more=more)
