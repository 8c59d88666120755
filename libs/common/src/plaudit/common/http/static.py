"""Serve the files that pages link to."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaudit.common.http.problems import not_found
from plaudit.common.pages.static import StaticFiles

_FOREVER: Final = "public, max-age=31536000, immutable"
_FOR_EVERY_PAGE: Final = {"cross-origin-resource-policy": "cross-origin"}
"""Also for a page that another site shows in a sandbox, which is of no origin."""


def static_route(static: StaticFiles) -> Route:
    """Return the bare route of these files."""

    async def serve(request: Request) -> Response:
        """Answer with one of the files; an outdated address gets the present content, and is not cached."""
        name = request.path_params["name"]
        if name not in static.content:
            raise not_found("file")
        caching = _FOREVER if request.path_params["version"] == static.version else "no-cache"
        headers = {"content-type": static.media_type(name), "cache-control": caching, **_FOR_EVERY_PAGE}
        return Response(static.content[name], headers=headers)

    return Route(f"{static.path}/{{version}}/{{name}}", serve, methods=["GET", "HEAD"])
