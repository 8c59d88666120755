"""The documentation of an API as pages without scripts: the OpenAPI document and the problems."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.responses import HTMLResponse

from plaudit.common.pages import Pages

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

Show = Callable[[], Awaitable[HTMLResponse]]


def docs_page(site: Pages, openapi: Callable[[], Mapping[str, Any]]) -> Show:
    """Return the endpoint that shows an OpenAPI document."""

    async def show_docs() -> HTMLResponse:
        document = openapi()
        return site.response(
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
        )

    return show_docs


def problems_page(site: Pages, problems: Mapping[str, str]) -> Show:
    """Return the endpoint that explains problems: slug to meaning."""

    async def show_problems() -> HTMLResponse:
        return site.response("problems.html", problems=dict(sorted(problems.items())))

    return show_problems
