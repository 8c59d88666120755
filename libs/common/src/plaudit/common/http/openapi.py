"""The OpenAPI document: every operation with its examples, the problems that it can give, and the headers of answers.

What can be derived is derived: scopes come from `authorize`, the common problems from the parameters and the body, and
examples from the examples of fields. An endpoint adds the rest by `openapi_extra=describe(…)`.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

import msgspec

from plaudit.common.http.openapi_examples import NoExampleError, example_of
from plaudit.common.http.problems import DOCS_URL, MEDIA_TYPE, ProblemBody

METHODS: Final = ("get", "put", "post", "delete", "patch")
JSON: Final = "application/json"
PROBLEM_REF: Final = {"$ref": "#/components/schemas/Problem"}
EVERYWHERE: Final = (
    *("body-not-taken", "head-too-large", "head-too-slow", "internal-error", "malformed-http", "method-not-allowed"),
    *("repeated-header", "unknown-method", "unknown-transfer-coding"),
)
"""Problems that have nothing to do with the operation."""
OF_A_BODY_THAT_IS_NOT_TAKEN: Final = ("body-too-large", "body-too-slow", "compressed-body")
"""What comes of a body where the operation takes none, before anybody looks at what it says."""
_FROM_FASTAPI: Final = ("HTTPValidationError", "ValidationError")
_EXTRA: Final = "x-plaudit"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

HEADERS: Final[Mapping[str, Any]] = {
    "Accept-Encoding": {"description": "The encodings of bodies that are accepted.", "schema": {"const": "identity"}},
    "ETag": {
        "description": "The version of what is answered, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the first answer again, to a repeated `Idempotency-Key`; else absent.",
        "schema": {"const": "true"},
    },
    "Location": {
        "description": "The path of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "schema": {"type": "integer", "minimum": 0, "examples": [1]},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string", "examples": ['Bearer realm="plaudit"']},
    },
    "X-Request-Id": {
        "description": "The id of the request: the caller's own, where it sent a fit one. The logs have it too.",
        "schema": {"type": "string", "examples": ["8d1f0a3c5b7e-2a"]},
    },
}
"""The headers of answers that the document describes."""
_HEADERS_OF_PROBLEMS: Final = {
    "401": ("WWW-Authenticate",),
    "415": ("Accept-Encoding",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
_BY_PARAMETER: Final = {
    "cursor": ((422, "invalid-cursor"),),
    "idempotency-key": ((400, "invalid-idempotency-key"), (422, "idempotency-key-reused")),
    "if-match": ((412, "precondition-failed"),),
}
_BY_BODY: Final = (
    *(
        (400, "malformed-json"),
        (408, "body-too-slow"),
        (413, "body-too-large"),
        (415, "compressed-body"),
        (415, "not-json"),
    ),
    *((422, "invalid-request"), (422, "unreadable-text")),
)


def describe(
    *,
    problems: Mapping[str, int] = _NOTHING,
    headers: Sequence[str] = (),
    answer: Mapping[str, Any] = _NOTHING,
    body: Mapping[str, Any] = _NOTHING,
) -> dict[str, Any]:
    """Return what an endpoint tells the document, for its `openapi_extra`.

    Args:
        problems: slug → status of its own problems.
        headers: of its good answers; names in `HEADERS`.
        answer: what differs from the examples of the fields in the example of its answer.
        body: the same for the body of the request.
    """
    # As pairs, since FastAPI leaves null members out.
    examples = {"answer": [*answer.items()], "body": [*body.items()]}
    return {_EXTRA: {"problems": dict(problems), "headers": [*headers], **examples}}


def schemas_of(*structs: type) -> dict[str, Any]:
    """Return the JSON Schemas of structs and of those that they hold, by name, as components of the document."""
    return msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")[1]


def complete(document: dict[str, Any], more: Mapping[str, Any], meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return FastAPI's document with problems in place of its error bodies, with headers and with examples.

    Args:
        document: as FastAPI makes it.
        more: `paths` and `schemas` of the routes outside the framework, and `enums`: schema and field → its values,
            where only the composition root of the service knows them.
        meanings: slug → meaning and what to do, of all problems of the service.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FROM_FASTAPI:
        schemas.pop(name, None)
    ours = schemas_of(ProblemBody) | more.get("schemas", {})
    schemas |= ours | {"Problem": {**ours.pop("ProblemBody"), "title": "Problem"}}
    for (name, field), values in more.get("enums", {}).items():
        schemas[name]["properties"][field]["enum"] = sorted(values)
    document["components"]["headers"] = dict(HEADERS)
    paths = document.setdefault("paths", {})
    for name, operation in operations(document):
        extra = operation.setdefault(_EXTRA, describe()[_EXTRA])
        extra["problems"] = [*_derived_problems(name, operation), *((s, slug) for slug, s in extra["problems"].items())]
    paths.update(copy.deepcopy(dict(more.get("paths", {}))))
    for _, operation in operations(document):
        _complete_operation(operation, operation.pop(_EXTRA), schemas, meanings)
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return all operations, each with its method and path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def _derived_problems(name: str, operation: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Return status and slug of the problems that follow from what an operation takes."""
    parameters = operation.get("parameters", [])
    if operation.get("security"):
        yield from ((401, "unauthorized"), (403, "forbidden"))
        if not name.startswith("GET "):
            yield (403, "sent-from-elsewhere")
    for parameter in parameters:
        yield from _BY_PARAMETER.get(parameter["name"].lower(), ())
    # Also of an operation without parameters: an address may hold what cannot be read, and a query what nothing takes.
    yield from ((400, "unreadable-text"), (422, "invalid-request"))
    if any(parameter["in"] == "path" and parameter["schema"].get("format") == "uuid" for parameter in parameters):
        yield (404, "not-found")
    if "requestBody" in operation:
        yield from _BY_BODY
    yield (503, "unavailable")


def _complete_operation(
    operation: dict[str, Any], extra: Mapping[str, Any], schemas: Mapping[str, Any], meanings: Mapping[str, str]
) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    for status, answer in responses.items():
        names = [*extra["headers"], "X-Request-Id"]
        answer["headers"] = {name: _header(name) for name in names} | answer.get("headers", {})
        for content in answer.get("content", {}).values():
            if status.startswith("2"):
                _add_example(content, schemas, dict(extra["answer"]))
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _add_example(content, schemas, dict(extra["body"]))
    slugs: defaultdict[str, list[str]] = defaultdict(list)
    for status, slug in extra["problems"]:
        if slug not in slugs[str(status)]:
            slugs[str(status)].append(slug)
    responses |= {status: _problems(status, found, meanings) for status, found in sorted(slugs.items())}
    everywhere = EVERYWHERE if "requestBody" in operation else sorted({*EVERYWHERE, *OF_A_BODY_THAT_IS_NOT_TAKEN})
    responses["default"] = _problems("default", everywhere, meanings)
    operation["responses"] = dict(sorted(responses.items()))


def _add_example(content: dict[str, Any], schemas: Mapping[str, Any], differing: Mapping[str, Any]) -> None:
    if content.keys() & {"example", "examples"}:
        return
    with suppress(NoExampleError):  # a test of each service asks for them
        content["example"] = example_of(content["schema"], schemas, differing)


def _problems(status: str, slugs: Sequence[str], meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer of a status: a problem of one of these types."""
    types = {"type": {"enum": [f"{DOCS_URL}/problems#{slug}" for slug in slugs]}}
    is_one = status != "default"
    own = {"properties": {**types, "status": {"const": int(status)}}} if is_one else {}
    schema = {"allOf": [PROBLEM_REF, own]} if is_one else PROBLEM_REF
    names = (*_HEADERS_OF_PROBLEMS.get(status, ()), "X-Request-Id")
    return {
        "description": "\n\n".join(f"`{slug}`: {meanings[slug]}" for slug in slugs),
        "content": {MEDIA_TYPE: {"schema": schema}},
        "headers": {name: _header(name) for name in names},
    }


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}
