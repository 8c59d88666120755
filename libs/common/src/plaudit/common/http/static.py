"""Serve the files that pages link to."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http.problems import not_found
from plaudit.common.pages.static import STATIC_FILES, static_content, static_version

_FOREVER: Final = "public, max-age=31536000, immutable"


async def serve_static(request: Request) -> Response:
    """Answer with one of the known files; an outdated address gets the present content, and is not cached."""
    name = request.path_params["name"]
    if name not in STATIC_FILES:
        raise not_found("file")
    caching = _FOREVER if request.path_params["version"] == static_version() else "no-cache"
    headers = {"content-type": STATIC_FILES[name], "cache-control": caching}
    return Response(static_content(name), headers=headers)


def static_routes() -> list[Route]:
    """Return the bare route of all static files."""
    return [Route("/static/{version}/{name}", serve_static, methods=["GET", "HEAD"])]
