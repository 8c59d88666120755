"""The rules that reviews are sorted by."""

import re
from collections.abc import Collection
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Response

from plaudit.common.http import Principal, Refusals, TenantTx, Work, authorize, describe, unprocessable
from plaudit.common.http.headers import strong_tags
from plaudit.common.http.problems import precondition_failed
from plaudit.ingest.sorting import commands, store
from plaudit.ingest.sorting.domain.rules import SHIPPED_RULES, RulesChangedError, RulesRevision, WrongRulesError
from plaudit.ingest.sorting.schemas import SortingRulesIn, SortingRulesOut, sorting_rules_out

_ETAG: Final = re.compile(r'"([0-9]{1,10})"')
PROBLEMS: Final = {
    "wrong-sorting-rules": "The rules cannot be applied; the detail says which part, and what there is.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    WrongRulesError: lambda error: unprocessable("wrong-sorting-rules", str(error)),
    RulesChangedError: lambda error: precondition_failed(str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["sorting"])
RulesReader = Annotated[Principal, Depends(authorize("reviews:read"))]
RulesWriter = Annotated[Principal, Depends(authorize("sorting:write"))]
IfMatch = Annotated[str | None, Header(description="Do it only if the rules' entity tag is still one of these.")]


@router.get("/v1/sorting-rules", summary="Read the sorting rules", openapi_extra=describe(headers=("ETag",)))
async def read_rules(principal: RulesReader, tx: TenantTx, response: Response) -> SortingRulesOut:
    """Read what differs from the shipped lists, and what is muted beside them. Revision 0 differs in nothing."""
    current = await store.latest(tx, principal.tenant_id) or SHIPPED_RULES
    response.headers["ETag"] = _etag(current)
    return sorting_rules_out(current, (await store.in_force(tx, principal.tenant_id)).words_of_trade)


@router.put(
    "/v1/sorting-rules",
    summary="Set the sorting rules",
    openapi_extra=describe(headers=("ETag",), problems={"wrong-sorting-rules": 422}),
)
async def set_rules(
    principal: RulesWriter, work: Work, body: SortingRulesIn, response: Response, if_match: IfMatch = None
) -> SortingRulesOut:
    """Set all that differs from the shipped lists, as a new revision. What is left out is as shipped."""
    changed = await commands.set_rules(
        work, principal.tenant_id, body.rules(), principal.actor, expected_revisions=_revisions(if_match)
    )
    response.headers["ETag"] = _etag(changed)
    return sorting_rules_out(changed, (await store.in_force(work.tx, principal.tenant_id)).words_of_trade)


def _etag(current: RulesRevision) -> str:
    return f'"{current.revision}"'


def _revisions(if_match: str | None) -> Collection[int] | None:
    tags = None if if_match is None else strong_tags(if_match)
    return None if tags is None else {int(match[1]) for match in map(_ETAG.fullmatch, tags) if match}
