"""Previews: what other rules would say of stored reviews."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends

from plaudit.common.http import Principal, SubjectFilter, TenantTx, authorize, describe
from plaudit.ingest.resorting import domain
from plaudit.ingest.resorting.schemas import PreviewOut, preview_out
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.reviews.domain.state import Review
from plaudit.ingest.sorting import store as rules
from plaudit.ingest.sorting.domain.rules import SHIPPED_RULES, CompiledRules, check_rules
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
    in_force = await rules.latest(tx, principal.tenant_id) or SHIPPED_RULES
    filters = reviews.Filters(subject=subject)
    found = await reviews.page(tx, principal.tenant_id, filters, None, domain.MAX_REVIEWS)
    stored = [each.review for each in found if isinstance(each.review, Review)]
    # In a thread, so that other requests are answered meanwhile.
    compared = await asyncio.to_thread(domain.preview, stored, CompiledRules(in_force.rules), CompiledRules(wanted))
    return preview_out(compared)
