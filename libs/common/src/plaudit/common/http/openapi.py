"""The OpenAPI document, in which every operation names its problems."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from plaudit.common.http.problems import MEDIA_TYPE

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
_REF: Final = {"$ref": "#/components/schemas/Problem"}
_PROBLEM: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "Problem details after RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Ends in the problem's slug."},
        "title": {"type": "string", "description": "The same for every problem of this type."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong this time, and what to do about it."},
        "instance": {"type": "string", "description": "The request id, as in the header X-Request-Id."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
    },
}
_ERROR: Final[Mapping[str, Any]] = {
    "title": "ProblemError",
    "type": "object",
    "required": ["in", "pointer", "code", "detail"],
    "properties": {
        "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie"]},
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into it."},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_FROM_FASTAPI: Final = ("HTTPValidationError", "ValidationError")


def with_problems(document: dict[str, Any], more_paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with more paths, and with our problems in place of FastAPI's error bodies."""
    document.setdefault("paths", {}).update(more_paths)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FROM_FASTAPI:
        schemas.pop(name, None)
    schemas |= {"Problem": dict(_PROBLEM), "ProblemError": dict(_ERROR)}
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
            responses.setdefault("415", _problem("The body is compressed."))
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
