"""The HTTP API of the settings of a board."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from plaudit.common.http import Refusals, TenantTx, Work, describe
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import precondition_failed
from plaudit.feedback_board.embeds import commands, store
from plaudit.feedback_board.embeds.domain import Embeds, SettingsRevisionError
from plaudit.feedback_board.embeds.schemas import SettingsIn, SettingsOut, settings_out
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, actor_of

router = APIRouter(prefix="/v1/board/settings", tags=["board"])

IfMatch = Annotated[str | None, Header(description="Do it only if the settings' entity tag is still one of these.")]

REFUSALS: Final[Refusals] = {SettingsRevisionError: lambda error: precondition_failed(str(error))}
"""What the rules refuse → the problem that the client gets."""


@router.get("", summary="Read the settings of the board", openapi_extra=describe(headers=("ETag",)))
async def get_settings(principal: BoardReader, tx: TenantTx, response: Response) -> SettingsOut:
    """Return the settings of the board."""
    return _answer(await store.find(tx, principal.tenant_id), response)


@router.put("", summary="Change the settings of the board", openapi_extra=describe(headers=("ETag",)))
async def set_settings(
    principal: BoardWriter, work: Work, body: SettingsIn, response: Response, if_match: IfMatch = None
) -> SettingsOut:
    """Replace the settings of the board: the sites that may show its roadmap and its form in a frame."""
    changed = await commands.allow(
        work,
        principal.tenant_id,
        body.embed_origins,
        actor_of(principal),
        expected_revisions=revisions_of(if_match),
    )
    return _answer(changed, response)


def _answer(embeds: Embeds, response: Response) -> SettingsOut:
    response.headers["ETag"] = f'"{embeds.revision}"'
    return settings_out(embeds)
