"""The HTTP API of what waits for the team."""

from typing import Final

from fastapi import APIRouter

from plaudit.common.http import TenantTx
from plaudit.feedback_board.requests.api import BoardReader
from plaudit.feedback_board.triage import store
from plaudit.feedback_board.triage.domain import Section
from plaudit.feedback_board.triage.schemas import TriageOut, triage_out

FIRST: Final = 3
"""Requests of each section."""

router = APIRouter(prefix="/v1/board", tags=["requests"])


@router.get("/triage", summary="Count what waits for the team")
async def count_triage(principal: BoardReader, tx: TenantTx) -> TriageOut:
    """Count what waits for the team, and list the first of it.

    Sections: new, under review, held or suspicious, stale, and not sized though many ask for it.
    """
    first = {section: await store.list_requests(tx, principal.tenant_id, section, FIRST) for section in Section}
    return triage_out(await store.count(tx, principal.tenant_id), first, tx.now)
