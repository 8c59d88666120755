"""The API's documentation as a page of our own: the OpenAPI document, rendered here and without scripts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.responses import HTMLResponse

from plaudit.common.pages import Pages

_METHODS: Final = ("get", "post", "put", "patch", "delete")


def docs_page(site: Pages, openapi: Callable[[], Mapping[str, Any]]) -> Callable[[], Awaitable[HTMLResponse]]:
    """Return the endpoint that shows an OpenAPI document."""

    async def show() -> HTMLResponse:
        document = openapi()
        return site.response(
            "docs.html",
            info=document["info"],
            operations=[
                {**operation, "method": method.upper(), "path": path}
                for path, item in document["paths"].items()
                for method, operation in item.items()
                if method in _METHODS
            ],
            schemas=document.get("components", {}).get("schemas", {}),
        )

    return show
