"""The OpenAPI document, in which every operation names its problems."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from plaudit.common.http.problems import MEDIA_TYPE, ProblemBody

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
_REF: Final = {"$ref": "#/components/schemas/Problem"}
_FROM_FASTAPI: Final = ("HTTPValidationError", "ValidationError")


def schemas_of(*structs: type) -> dict[str, Any]:
    """Return the JSON Schemas of structs and of those that they hold, by name, as components of the document."""
    return msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")[1]


def with_problems(document: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with more `paths` and `schemas`, and with our problems in place of FastAPI's error bodies."""
    document.setdefault("paths", {}).update(more.get("paths", {}))
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FROM_FASTAPI:
        schemas.pop(name, None)
    ours = schemas_of(ProblemBody) | more.get("schemas", {})
    schemas |= ours | {"Problem": {**ours.pop("ProblemBody"), "title": "Problem"}}
    for operation in _operations(document):
        responses = operation.setdefault("responses", {})
        if "422" in responses:
            responses["422"] = _problem("The request is against the rules; `errors` names what.")
        if operation.get("security"):
            responses.setdefault("401", _problem("No valid API key."))
            responses.setdefault("403", _problem("The key lacks a scope."))
        if "requestBody" in operation:
            responses.setdefault("400", _problem("The body cannot be read."))
            responses.setdefault("413", _problem("The body is too large."))
            responses.setdefault("415", _problem("The body is compressed, or is no JSON."))
        responses.setdefault("503", _problem("Not available now; `Retry-After` says when."))
        responses.setdefault("default", _problem("Any other problem."))
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        for method in _METHODS:
            if method in item:
                yield item[method]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": _REF}}}
