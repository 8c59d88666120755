"""The console's pages of erasures: a person or a review is erased after a second look, and the receipts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.pages.instants import moment
from plaudit.common.pages.navigation import Crumb
from plaudit.common.person_keys import person_key
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.common.tenants import store as tenants
from plaudit.ingest.erasure import commands, store
from plaudit.ingest.erasure.domain import Erasure, Stage
from plaudit.ingest.erasure.schemas import ErasureIn
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.reviews.pages import REVIEWS, title_of
from plaudit.ingest.sources.api import OpenedVault

ERASURES: Final = "/console/erasures"
ROWS: Final = 30
REFRESH_SECONDS: Final = 5
MAX_TYPED_CHARS: Final = 1_000
NOBODY: Final = "Write an e-mail address, or a person key as reviews and deliveries show it."
STAGES: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.REVIEWS: ("erases reviews", "info"),
    Stage.DELIVERIES: ("erases deliveries", "info"),
    Stage.OUTBOX: ("erases events", "info"),
    Stage.CUSTOMERS: ("erases the customer", "info"),
    Stage.DONE: ("done", "good"),
}
"""What an erasure does now, in words, and their look."""
COUNTED: Final[Mapping[str, str]] = {
    "reviews": "Reviews emptied",
    "revisions": "Revisions emptied",
    "review_texts": "Texts taken out of the search",
    "answers": "Answers deleted",
    "resolutions": "Resolutions deleted",
    "platform_reports": "Reports to platforms deleted",
    "deliveries": "Deliveries emptied",
    "held_events": "Waiting events deleted",
    "import_rejects": "Rows of imports deleted",
    "outbox": "Published events emptied",
    "contacts": "Addresses deleted",
    "customer_events": "Events of the customer deleted",
    "survey_invitations": "Invitations deleted",
}
"""Store → what its count says."""

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.ingest.erasure")
Reader = Annotated[Principal, Depends(staff("erasures:read"))]
Eraser = Annotated[Principal, Depends(staff("erasures:read", "erasures:write"))]
ReviewEraser = Annotated[Principal, Depends(staff("erasures:read", "erasures:write", "reviews:read"))]


@router.get(ERASURES)
async def show_erasures(request: Request, principal: Reader, tx: TenantTx, cursor: Cursor = None) -> Response:
    """Show erasures, the latest first, and the form that begins one."""
    return await _list(request, principal, tx, cursor)


@router.post(ERASURES)
async def erase_person(
    request: Request,
    principal: Eraser,
    work: Work,
    vault: OpenedVault,
    named: Annotated[str, Form(max_length=MAX_TYPED_CHARS)] = "",
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Show what is known of a person; erase it once somebody is sure."""
    named = named.strip()
    try:
        wanted = ErasureIn.model_validate({"email" if "@" in named else "person": named})
    except ValidationError:
        return await _list(request, principal, work.tx, None, Typed({"named": named}, {"named": NOBODY}))
    person = wanted.person or await _person_of(work.tx, principal.tenant_id, wanted.email or "")
    if not sure:
        return await console.response(
            request,
            principal,
            work.tx,
            "erasure_person.html",
            further=("Erase a person",),
            named=named,
            known=await store.known_of_person(work.tx, principal.tenant_id, person),
            erasures_path=ERASURES,
        )
    asked = await commands.request(
        work,
        principal.tenant_id,
        review_id=None,
        person=person,
        address=wanted.email,
        requested_by=principal.actor,
        vault=vault,
    )
    return done(request, f"{ERASURES}/{asked.id}", "The erasure begins. This page is its receipt when it is done.")


@router.get(f"{ERASURES}/{{erasure_id}}")
async def show_erasure(request: Request, principal: Reader, tx: TenantTx, erasure_id: UUID) -> Response:
    """Show how far an erasure is, and its receipt; until it is done, the page comes again by itself."""
    found = await store.get(tx, principal.tenant_id, erasure_id)
    if found is None:
        raise not_found("erasure")
    words, look = STAGES[found.stage]
    return await console.response(
        request,
        principal,
        tx,
        "erasure.html",
        further=(f"Erasure of {moment(found.requested_at)}",),
        erasure=found,
        words=words,
        look=look,
        deleted=[(COUNTED[name], count) for name, count in found.counts.items() if count],
        refresh_seconds=None if found.finished_at else REFRESH_SECONDS,
        erasures_path=ERASURES,
    )


@router.get(f"{REVIEWS}/{{review_id}}/erase")
async def ask_to_erase(request: Request, principal: ReviewEraser, tx: TenantTx, review_id: UUID) -> Response:
    """Ask whether a review is to be erased."""
    review = await _review(tx, principal, review_id)
    return await console.response(
        request,
        principal,
        tx,
        "erasure_review.html",
        further=(Crumb(title_of(review), f"{REVIEWS}/{review.id}"), "Erase"),
        review=review,
        title=title_of(review),
        review_path=f"{REVIEWS}/{review.id}",
        erasures_path=ERASURES,
    )


@router.post(f"{REVIEWS}/{{review_id}}/erase")
async def erase_review(
    request: Request, principal: ReviewEraser, work: Work, review_id: UUID, vault: OpenedVault
) -> Response:
    """Erase a review."""
    review = await _review(work.tx, principal, review_id)
    asked = await commands.request(
        work,
        principal.tenant_id,
        review_id=review.id,
        person=None,
        address=None,
        requested_by=principal.actor,
        vault=vault,
    )
    return done(request, f"{ERASURES}/{asked.id}", "The erasure begins. This page is its receipt when it is done.")


async def _review(tx: SqlTx, principal: Principal, review_id: UUID) -> Review:
    review = await reviews.get(tx, principal.tenant_id, review_id)
    if review is None:
        raise not_found("review")
    return review


async def _person_of(tx: SqlTx, tenant_id: str, address: str) -> str:
    key = await tenants.person_key_of(tx, tenant_id)
    assert key is not None, "the tenant of a principal exists"
    return person_key(key, address)


async def _list(
    request: Request, principal: Principal, tx: SqlTx, cursor: str | None, typed: Typed = NOTHING_TYPED
) -> Response:
    after = decode_cursor(cursor, tuple[datetime, UUID], of=ERASURES) if cursor else None
    found = await store.page(tx, principal.tenant_id, after, ROWS + 1)
    listed, following = cut_page(found, ROWS, lambda each: (each.requested_at, each.id), of=ERASURES)
    return await console.response(
        request,
        principal,
        tx,
        "erasures.html",
        status=typed.status,
        erasures=[(each, STAGES[each.stage], _sum(each)) for each in listed],
        typed=typed,
        may_erase=principal.may("erasures:write"),
        erasures_path=ERASURES,
        next=following,
        is_first=cursor is None,
    )


def _sum(erasure: Erasure) -> int:
    """Return how many rows of all stores were changed or deleted."""
    return sum(erasure.counts.values())
