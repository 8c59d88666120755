"""The API reference and the problems as pages.

The reference is of all services where the installation has that document, else of this one. It is shown by Swagger UI
where the installation has it and the browser runs scripts, else as a page of our own.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from starlette.responses import HTMLResponse, Response

from plaudit.common.http.edge import CONTENT_SECURITY_POLICY
from plaudit.common.http.json import json_response
from plaudit.common.pages import Pages
from plaudit.common.pages.static import SWAGGER_UI, PageAssets

_METHOD_LOOKS: Final = {"GET": "info", "POST": "good", "PUT": "warn", "PATCH": "warn", "DELETE": "bad"}
_LIMIT_WORDS: Final = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "minItems": "items at least",
    "maxItems": "items at most",
}
_POLICY: Final = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")
"""Swagger UI's icons are in its stylesheet."""

Show = Callable[[], Awaitable[HTMLResponse]]


class Reference:
    """The endpoints of the API reference."""

    def __init__(self, site: Pages, own: Callable[[], Mapping[str, Any]], assets: PageAssets) -> None:
        """Show the installation's document, or else the service's own, which `own` returns."""
        self._site = site
        self._own = own
        self._swagger_ui = assets.libraries.get(SWAGGER_UI)
        self._of_all = None if assets.reference is None else msgspec.json.decode(assets.reference)

    def _document(self) -> Mapping[str, Any]:
        return self._own() if self._of_all is None else self._of_all

    async def document(self) -> Response:
        """Answer with the document."""
        return json_response(self._document())

    async def page(self) -> HTMLResponse:
        """Answer with the page."""
        document = self._document()
        page = self._site.response(
            "docs.html",
            info={"description": "", **document["info"]},
            operations=[
                {"operationId": f"{method} {path}", **operation, "method": method.upper(), "path": path}
                for path, item in document["paths"].items()
                for method, operation in item.items()
                if method.upper() in _METHOD_LOOKS
            ],
            schemas=document.get("components", {}).get("schemas", {}),
            method_looks=_METHOD_LOOKS,
            limit_words=_LIMIT_WORDS,
            swagger_ui=self._swagger_ui,
        )
        page.headers["content-security-policy"] = _POLICY
        return page


def problems_page(site: Pages, problems: Mapping[str, str]) -> Show:
    """Return the endpoint that explains problems: slug to meaning."""

    async def show_problems() -> HTMLResponse:
        return site.response("problems.html", problems=dict(sorted(problems.items())))

    return show_problems
