"""HTTP: policies."""

from typing import Annotated

from fastapi import APIRouter, Depends

from plaudit.alerting.policies import store
from plaudit.alerting.policies.domain import BUILT_INS
from plaudit.alerting.policies.schemas import PoliciesOut
from plaudit.common.http import Principal, TenantTx, authorize

router = APIRouter(tags=["policies"])
PoliciesReader = Annotated[Principal, Depends(authorize("clocks:read"))]


@router.get("/v1/policies", summary="List policies")
async def list_policies(principal: PoliciesReader, tx: TenantTx) -> PoliciesOut:
    """Return all revisions of all policies. The built-in ones are stored with the first clock."""
    policies = await store.list_policies(tx, principal.tenant_id) or sorted(BUILT_INS, key=lambda policy: policy.id)
    return PoliciesOut.model_validate({"items": policies}, from_attributes=True)
