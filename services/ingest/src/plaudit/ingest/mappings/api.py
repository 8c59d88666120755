"""Mappings before they are a source's: guessed from a payload, and previewed on it."""

import asyncio
from typing import Final

from fastapi import APIRouter, Depends

from plaudit.common.http import Refusals, authorize, describe, unprocessable
from plaudit.common.strict_json import InvalidJsonError
from plaudit.ingest.mappings.domain.guess import Guess, guess
from plaudit.ingest.mappings.domain.preview import preview
from plaudit.ingest.mappings.schemas import GuessIn, GuessOut, PreviewIn, PreviewOut, guess_out, preview_out
from plaudit.ingest.platforms import UnusableBodyError
from plaudit.ingest.platforms.adapter import decode_json
from plaudit.ingest.sources.domain import checked_time_zone

PROBLEMS: Final = {
    "unusable-payload": "The payload is not JSON, or has no events where the mapping says; the detail says which.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    InvalidJsonError: lambda error: unprocessable("unusable-payload", str(error)),
    UnusableBodyError: lambda error: unprocessable("unusable-payload", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["mappings"])
SOURCES_READER: Final = [Depends(authorize("sources:read"))]


@router.post(
    "/v1/mappings/guess",
    summary="Guess a mapping",
    dependencies=SOURCES_READER,
    openapi_extra=describe(problems={"unusable-payload": 422}),
)
async def guess_mapping(body: GuessIn) -> GuessOut:
    """Suggest the mapping of a custom source from a payload: by names and by values. What is unclear is listed."""
    # In a thread, so that other requests are answered meanwhile.
    return guess_out(await asyncio.to_thread(_guess, body.payload))


@router.post(
    "/v1/mappings/preview",
    summary="Preview a mapping",
    dependencies=SOURCES_READER,
    openapi_extra=describe(problems={"unusable-payload": 422, "invalid-mapping": 422, "invalid-source": 422}),
)
async def preview_mapping(body: PreviewIn) -> PreviewOut:
    """Show which reviews a mapping makes of a payload, and what of it cannot be read. Nothing is stored."""
    time_zone = checked_time_zone(body.time_zone)
    payload = body.payload.encode(errors="replace")
    return preview_out(await asyncio.to_thread(preview, body.mapping.written(), payload, time_zone))


def _guess(payload: str) -> Guess:
    return guess(decode_json(payload.encode(errors="replace")))
