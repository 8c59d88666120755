"""Holds a service to the examples and the headers in its OpenAPI document."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from plaudit.common.http.openapi import JSON, operations
from plaudit.common.http.paging import CURSOR_PATTERN

_VOLATILE = {
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"): "<id>",
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"): "<time>",
    re.compile(r"https?://[^/]+/s/[A-Za-z0-9_-]{70}"): "<link>",
    re.compile(r"whsec_[A-Za-z0-9+/=]+"): "<secret>",
    re.compile(r"\b[a-z2-7]{16}\b"): "<key>",
    re.compile(r"^\d{10}$"): "<seconds>",
    re.compile(r"\b[0-9a-f]{64}\b"): "<hash>",
    re.compile(CURSOR_PATTERN): "<cursor>",
    re.compile(r"(?<=[a-z])-[0-9a-f]{6}$"): "",  # of the slug of a title that is taken
}
"""What differs from run to run, and what stands for it in a comparison."""
_OF_EVERY_ANSWER = {
    *("cache-control", "connection", "content-length", "content-security-policy", "content-type", "date", "server"),
    *("cross-origin-opener-policy", "cross-origin-resource-policy", "referrer-policy", "x-content-type-options"),
}
"""Headers of HTTP and of the edge, which are not about the operation."""
_SOMETIMES = {"idempotent-replayed"}
_MICROSECONDS = range(10**15, 10**16)
"""Since 1970, in our time."""
_MEASURED = {"latency_ms", "duration_ms"}
"""Members that hold what a clock has measured."""
NOTHING: Mapping[str, Any] = {}


class Reference:
    """The document of a service, and which of its operations have been held to their examples."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._operations = {operation["operationId"]: (name, operation) for name, operation in operations(document)}
        self._checked: set[str] = set()

    async def check(
        self,
        client: httpx.AsyncClient,
        operation_id: str,
        *,
        ids: Mapping[str, str] = NOTHING,
        headers: Mapping[str, str] = NOTHING,
        content: bytes | None = None,
        params: Mapping[str, Any] = NOTHING,
    ) -> dict[str, Any]:
        """Send an operation's example; the answer and its headers are as the document says. Return the answer.

        Args:
            client: with a key.
            operation_id: which.
            ids: parameters of the path, and members of the body, that only a running service knows.
            headers: of the request.
            content: the body in bytes, where it is signed or a file.
            params: of the query.
        """
        name, operation = self._operations[operation_id]
        method, path = name.split(" ")
        body = example_body(operation)
        if isinstance(body, dict):
            body |= {member: value for member, value in ids.items() if member in body}
        sent = {"content": content} if content is not None else {} if body is None else {"json": body}
        answer = await client.request(method, path.format(**ids), headers=dict(headers), params=dict(params), **sent)
        good = sorted(status for status in operation["responses"] if status.startswith("2"))
        status = good[-1]  # 201 where 200 is the answer to a repetition
        assert str(answer.status_code) == status, answer.text
        described = operation["responses"][status]
        bodies = described.get("content", {})
        found: dict[str, Any] = {}
        if JSON in bodies:
            found = answer.json()
            differences = list(_differences(found, bodies[JSON]["example"], operation_id))
            assert not differences, "\n".join(differences)
        elif bodies:
            assert answer.headers["content-type"].partition(";")[0] in bodies
            self._checked.add(operation_id)
            return {}
        else:
            assert answer.content == b""
        names = {header.lower() for header in described["headers"]}
        assert names - _SOMETIMES <= answer.headers.keys()
        assert set(answer.headers.keys()) <= names | _OF_EVERY_ANSWER
        self._checked.add(operation_id)
        return found

    def assert_all_are_checked(self) -> None:
        """No operation escapes."""
        assert self._checked == set(self._operations)


def example_body(operation: Mapping[str, Any]) -> Any:
    """Return the example of an operation's body; None for one without a body."""
    content = operation.get("requestBody", {}).get("content", {}).get(JSON)
    return None if content is None else content["example"]


def _differences(found: Any, example: Any, place: str) -> Iterator[str]:
    if isinstance(example, dict) and isinstance(found, dict):
        # FastAPI leaves null members of an example out.
        found = {member: value for member, value in found.items() if member in example or value is not None}
    if isinstance(example, dict) and isinstance(found, dict) and found.keys() == example.keys():
        measured = (member for member in _MEASURED & found.keys() if isinstance(found[member], float | int))
        found |= {member: example[member] for member in measured}
        for member, value in example.items():
            yield from _differences(found[member], value, f"{place}.{member}")
    elif isinstance(example, list) and isinstance(found, list) and len(found) == len(example):
        for number, value in enumerate(example):
            yield from _differences(found[number], value, f"{place}.{number}")
    elif isinstance(example, float) and isinstance(found, float):
        if not math.isclose(found, example, rel_tol=1e-3):
            yield f"{place}: {found}, and in the example {example}"
    elif _steady(found) != _steady(example):
        yield f"{place}: {found!r}, and in the example {example!r}"


def _steady(value: Any) -> Any:
    if isinstance(value, int) and value in _MICROSECONDS:
        return "<microseconds>"
    if not isinstance(value, str):
        return value
    for pattern, stand_in in _VOLATILE.items():
        value = pattern.sub(stand_in, value)
    return value
