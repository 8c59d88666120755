"""Where other services ask. It is no route of the front door, and answers nobody who has no key of the vault."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from plaudit.common.db import Role
from plaudit.common.delivery.contacts import (
    MAX_QUESTION_BYTES,
    PATH,
    NotAskedError,
    open_question,
    seal_answer,
)
from plaudit.common.http import not_found, resources
from plaudit.common.http.auth import anyone
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.process import Resources
from plaudit.common.settings import address_of
from plaudit.ingest.addresses import commands
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.surveys.api import PATH as SURVEYS

BODY_LIMITS: Final = {PATH: MAX_QUESTION_BYTES}

router = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
IngestResources = Annotated[Resources[IngestSettings], Depends(resources)]


@router.post(PATH)
async def answer_question(request: Request, parts: IngestResources, vault: OpenedVault) -> Response:
    """Answer one sealed question; 404 to whatever was not sealed by a service of ours."""
    try:
        question = open_question(vault, await request.body())
    except NotAskedError:
        raise not_found("page") from None
    async with parts.database(Role.API).change(question.tenant_id) as tx:
        work = SqlUnitOfWork(tx, parts.outbox, parts.ids)
        contact = await commands.answer(work, question, vault, f"{address_of(parts.settings)}{SURVEYS}")
    return Response(
        seal_answer(vault, question, contact), media_type="text/plain", headers={"Cache-Control": "no-store"}
    )
