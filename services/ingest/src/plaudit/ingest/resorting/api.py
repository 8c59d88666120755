"""Previews of other rules, and runs that apply those in force to stored reviews."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    SubjectFilter,
    TenantTx,
    Work,
    authorize,
    describe,
    not_found,
)
from plaudit.ingest.resorting import commands, domain, store
from plaudit.ingest.resorting.schemas import PreviewOut, SortingRunOut, preview_out, sorting_run_out
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.filters import Filters
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.sorting import store as rules
from plaudit.ingest.sorting.api import RulesWriter
from plaudit.ingest.sorting.domain.rules import RulesInForce, check_rules
from plaudit.ingest.sorting.schemas import SortingRulesIn

router = APIRouter(tags=["sorting"])
ReviewsReader = Annotated[Principal, Depends(authorize("reviews:read"))]


@router.post(
    "/v1/sorting-rules/preview",
    summary="Preview sorting rules",
    openapi_extra=describe(problems={"wrong-sorting-rules": 422}),
)
async def preview_rules(
    principal: ReviewsReader, tx: TenantTx, body: SortingRulesIn, subject: SubjectFilter = None
) -> PreviewOut:
    """Sort the 500 latest reviews by these rules and by those in force, and compare. Nothing is stored."""
    wanted = body.rules()
    check_rules(wanted)
    in_force = await rules.in_force(tx, principal.tenant_id)
    proposed = RulesInForce(rules=wanted, words_of_trade=in_force.words_of_trade)
    filters = Filters(subject=subject)
    found = await reviews.page(tx, principal.tenant_id, filters, None, domain.MAX_REVIEWS)
    stored = [each.review for each in found if isinstance(each.review, Review)]
    # In a thread, so that other requests are answered meanwhile.
    compared = await asyncio.to_thread(domain.preview, stored, in_force.compiled(), proposed.compiled())
    return preview_out(compared)


@router.post("/v1/sorting-rules/apply", status_code=202, summary="Apply the sorting rules to stored reviews")
async def apply_rules(principal: RulesWriter, work: Work) -> SortingRunOut:
    """Sort all stored reviews again by the rules in force. A job does it; read the run to see how far it is.

    A review of which they say something else gets a revision, `review.sorted`, and nothing else changes. One that
    becomes drastic gets the earlier deadline of drastic reviews; hints move no deadline. A run begins after some
    seconds; asking again before that adds none.
    """
    return sorting_run_out(await commands.request(work, principal.tenant_id, principal.actor))


@router.get("/v1/sorting-rules/runs", summary="List runs of the sorting rules")
async def list_runs(principal: ReviewsReader, tx: TenantTx, paging: Paging) -> Page[SortingRunOut]:
    """List when the rules were applied to stored reviews, the latest first."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.requested_at, each.id), sorting_run_out)


@router.get("/v1/sorting-rules/runs/{run_id}", summary="Read a run of the sorting rules")
async def read_run(
    principal: ReviewsReader, tx: TenantTx, run_id: Annotated[UUID, Path(description="The run's id.")]
) -> SortingRunOut:
    """Read how far a run is, and what it changed."""
    run = await store.get(tx, principal.tenant_id, run_id)
    if run is None:
        raise not_found("sorting run")
    return sorting_run_out(run)
