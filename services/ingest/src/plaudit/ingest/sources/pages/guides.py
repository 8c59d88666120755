"""The pages of platforms: which there are, and of each what to do there, what it tells and how well it is known."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from plaudit.common.http import TenantTx, not_found
from plaudit.common.pages.navigation import Crumb
from plaudit.ingest.sources.pages.making import NEW
from plaudit.ingest.sources.pages.shared import (
    GUIDES,
    KNOWN,
    WRITE,
    Reader,
    console,
    guide_of,
    platforms_of,
    told_of,
)

router = APIRouter()


@router.get(GUIDES)
async def show_platforms(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show the platforms that have an adapter, in the order of the alphabet."""
    found = sorted(platforms_of(request).items(), key=lambda each: each[1].title.casefold())
    return await console.response(
        request, principal, tx, "platforms.html", further=("Platforms",), platforms=found, known=KNOWN, path=GUIDES
    )


@router.get(f"{GUIDES}/{{platform}}")
async def show_guide(request: Request, principal: Reader, tx: TenantTx, platform: str) -> Response:
    """Show the guide of a platform."""
    shown = platforms_of(request).get(platform)
    if shown is None:
        raise not_found("platform")
    new_path = f"{NEW}/custom" if shown.needs_mapping else f"{NEW}?platform={platform}"
    return await console.response(
        request,
        principal,
        tx,
        "platform.html",
        further=(Crumb("Platforms", GUIDES), shown.title),
        platform=shown,
        guide=guide_of(request, platform),
        known=KNOWN[shown.known],
        told=told_of(shown),
        new_path=new_path if principal.may(WRITE) else "",
    )
