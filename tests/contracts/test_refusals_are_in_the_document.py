"""Whatever refuses a request, at any operation, is named in the document: what is tried here has nothing to do with it.

Schemathesis makes requests of the schema. These are requests that a schema says nothing about.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import jsonschema
import pytest

from plaudit.common.http.openapi import operations
from plaudit.common.http.openapi_examples import AN_ID
from plaudit_testing.conformance import House, house
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.operations import SERVICES

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "contracts" / "openapi.json").read_text(encoding="utf-8")
)
OPERATIONS = dict(operations(DOCUMENT))
TOO_LARGE = "9999999999999"
"""Bytes that a request says it has, and never sends: it is refused before."""
NO_MEANING = b'{"no such field": "\xc3\xa9"}'
BODIES = (
    *(b"", b"{", b"null", b"[]", b"{}", b'"x"', b"\x00", b"\xff\xfe", b'{"a": 1, "a": 2}', b'{"a": "\\u0000"}'),
    *(b"[" * 1_000, NO_MEANING),
)
OTHER_TYPES = ("text/plain", "application/json; charset=latin-1", "multipart/form-data", "application/pdf")
OF_A_HOOK = "/v1/hooks/"


@dataclass(frozen=True)
class Asked:
    """One request that no schema speaks of."""

    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


def odd_requests(operation: Mapping[str, Any]) -> Iterator[Asked]:
    """What is wrong with the address, with the head, and with the body, whatever the operation is."""
    for query in ("no_such=1", "no_such=%00", "no_such=%FF", "%00", "limit=1&limit=2"):
        yield Asked(query=query)
    for name, value in (
        *(("content-encoding", "gzip"), ("if-match", "no entity tag"), ("if-none-match", "no entity tag")),
        *(("idempotency-key", "a key with spaces"), ("idempotency-key", "k" * 256), ("accept", "image/png")),
    ):
        yield Asked(headers={name: value})
        yield Asked(headers={name: value, "content-type": "application/json"}, content=NO_MEANING)
    taken = [*operation.get("requestBody", {}).get("content", {"application/json": {}})]
    for kind in (*taken, *OTHER_TYPES):
        for content in BODIES if kind in taken else BODIES[1:3]:
            yield Asked(headers={"content-type": kind}, content=content)
    yield Asked(content=NO_MEANING)


def query_of(operation: Mapping[str, Any]) -> str:
    """The parameters that must be there."""
    asked = [each for each in operation.get("parameters", []) if each["in"] == "query" and each["required"]]
    return urlencode({each["name"]: each["schema"].get("examples", [AN_ID])[0] for each in asked}, doseq=True)


def undocumented(operation: Mapping[str, Any], status: int, told: str) -> bool:
    """Say whether a refusal is of a type that the operation's document names neither for its status nor for any."""
    answers = operation["responses"]
    named = answers.get(str(status), {}).get("description", "") + answers["default"]["description"]
    return f"`{told.rpartition('#')[2]}`: " not in named


def address(path: str, made: House) -> str:
    """A path with ids that exist, as far as something was made that has one."""
    for name, values in made.known.items():
        path = path.replace(f"{{{name}}}", values[0])
    while "{" in path:
        path = path[: path.index("{")] + AN_ID + path[path.index("}") + 1 :]
    return path


async def says_too_much(port: int, method: str, target: str, key: str) -> tuple[int, str]:
    """The answer to a request that says that its body is larger than any may be."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = (
            f"{method} {target} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\ncontent-length: {TOO_LARGE}\r\n"
        )
        writer.write(f"{head}content-type: application/json\r\n\r\n".encode())
        async with asyncio.timeout(DEADLINE_SECONDS):
            answered = await reader.readuntil(b"\r\n\r\n")
            length = int(answered.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
            body = await reader.readexactly(length)
    finally:
        writer.close()
    status = int(answered.split(b" ")[1])
    return status, json.loads(body)["type"] if status >= 400 else ""


@pytest.mark.postgres
async def test_every_refusal_of_an_odd_request_is_named_in_the_document(house_url: str) -> None:
    wrong: set[tuple[str, int, str]] = set()
    refused: set[tuple[int, str]] = set()
    async with house(house_url, SERVICES) as made:
        of_path = {}
        for each in made.ports:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{each.port}", timeout=60) as client:
                of_path |= dict.fromkeys((await client.get("/openapi.json")).json()["paths"], each.port)
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {made.key}"}, timeout=60) as client:
            for name, operation in OPERATIONS.items():
                method, path = name.split(" ")
                port, target, needed = of_path[path], address(path, made), query_of(operation)
                tried = []
                for asked in odd_requests(operation):
                    url = f"http://127.0.0.1:{port}{target}?{'&'.join(filter(None, (needed, asked.query)))}"
                    answer = await client.request(method, url, headers=dict(asked.headers), content=asked.content)
                    told = answer.json()["type"] if answer.status_code >= 400 else ""
                    tried.append((answer.status_code, told))
                tried.append(await says_too_much(port, method, f"{target}?{needed}", made.key))
                for status, told in tried:
                    refused.add((status, told))
                    if status >= 500 or (status >= 400 and undocumented(operation, status, told)):
                        wrong.add((name, status, told))
    assert sorted(wrong) == []
    assert {400, 413, 415, 422} <= {status for status, _ in refused}


def test_no_parameter_of_an_address_may_hold_nul() -> None:
    may = []
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            whole = {**schema, "components": DOCUMENT["components"]}
            has_format = any(each.get("format") for each in [schema, *schema.get("anyOf", [])])
            if parameter["in"] not in {"path", "query"} or has_format or OF_A_HOOK in name:
                continue
            taken = jsonschema.Draft202012Validator(whole).is_valid
            if any(map(taken, ("\0", "a\0", ["a\0"]))):
                may.append((name, parameter["name"]))
    assert may == []
