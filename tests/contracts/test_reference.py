"""The one API reference is valid, complete, and what the services say of themselves."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from plaudit.common.http.openapi import JSON, METHODS, operations
from plaudit.common.http.openapi_merge import merge
from plaudit.common.http.problems import MEDIA_TYPE
from plaudit.common.process import Service
from plaudit.common.reference import content
from plaudit_testing.operations import NO_DATABASE, build, operations_of
from plaudit_testing.operations import SERVICES as OF_SERVICES

REFERENCE = Path(__file__).parents[2] / "docs" / "contracts" / "openapi.json"
SERVICES = ("ingest", "scoring", "alerting", "feedback_board")
DOCUMENT: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
OPERATIONS = dict(operations(DOCUMENT))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
SENTENCE = re.compile(r"[^ ].{3,}", re.DOTALL)


def test_the_committed_reference_is_what_the_services_say_of_themselves() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == content(SERVICES), "run make contracts"


def test_it_is_a_valid_openapi_document_of_the_one_address() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]


def test_every_tag_of_an_operation_is_described_once() -> None:
    described = [tag["name"] for tag in DOCUMENT["tags"] if SENTENCE.fullmatch(tag["description"])]
    assert sorted(described) == sorted({tag for operation in OPERATIONS.values() for tag in operation["tags"]})


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_takes_gives_and_refuses(name: str) -> None:
    operation = OPERATIONS[name]
    assert SENTENCE.fullmatch(operation["summary"])
    assert SENTENCE.fullmatch(operation["description"])
    assert all(SENTENCE.fullmatch(parameter["description"]) for parameter in operation.get("parameters", []))
    bodies = [*_bodies(operation, "2"), *([operation["requestBody"]["content"]] if "requestBody" in operation else [])]
    assert all(content.keys() >= {"schema", "example"} for body in bodies for content in body.values())
    assert all(answer["headers"] for answer in operation["responses"].values())
    assert all(SENTENCE.fullmatch(answer["description"]) for answer in operation["responses"].values())


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "/v1/hooks/" not in name])
def test_an_operation_needs_a_key_with_at_least_one_scope(name: str) -> None:
    [requirement] = OPERATIONS[name]["security"]
    assert requirement["api_key"]
    assert OPERATIONS[name]["responses"].keys() >= {"401", "403"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_an_operation_refuses_is_a_problem_of_a_type_that_is_named(name: str) -> None:
    for status, answer in OPERATIONS[name]["responses"].items():
        if status >= "4":
            assert list(answer["content"]) == [MEDIA_TYPE]
            assert re.match(r"`[a-z-]+`: ", answer["description"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_described(name: str) -> None:
    assert [
        field for field, schema in _fields(SCHEMAS[name], name) if not SENTENCE.fullmatch(schema.get("description", ""))
    ] == []


@pytest.mark.parametrize("service", OF_SERVICES, ids=lambda service: service.name)
async def test_no_operation_of_the_api_is_left_out(service: Service[Any]) -> None:
    app, resources = build(service, NO_DATABASE)
    served = {f"{each.method} {re.sub(':[a-z]+}', '}', each.path)}" for each in operations_of(service.name, app)}
    assert {each for each in served if " /v1/" in each and not each.startswith("HEAD ")} <= OPERATIONS.keys()
    await resources.close()


def test_two_services_with_the_same_path_are_refused() -> None:
    document = {"paths": {"/v1/things": {"get": {"operationId": "list_things"}}}, "components": {}}
    with pytest.raises(ValueError, match="the same path: /v1/things"):
        merge({"one": document, "other": document})


def test_schemas_of_one_name_that_differ_are_kept_apart_with_their_references() -> None:
    def document(path: str, operation_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        answers = {"200": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Kind"}}}}}
        item = {"get": {"operationId": operation_id, "responses": answers}}
        return {"paths": {path: item}, "components": {"schemas": {"Kind": schema}}}

    merged = merge({"one": document("/a", "a", {"const": 1}), "other": document("/b", "b", {"const": 2})})
    found = merged["paths"]["/b"]["get"]["responses"]["200"]["content"][JSON]["schema"]["$ref"].rpartition("/")[2]
    assert merged["components"]["schemas"][found] == {"const": 2}
    assert merged["components"]["schemas"]["Kind"] == {"const": 1}


def test_the_methods_that_are_looked_at_are_those_of_the_document() -> None:
    assert {method for item in DOCUMENT["paths"].values() for method in item} <= set(METHODS)


def _bodies(operation: Mapping[str, Any], status: str) -> Iterator[Any]:
    return (
        answer["content"]
        for code, answer in operation["responses"].items()
        if code.startswith(status) and "content" in answer
    )


def _fields(schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    described = schema.get("properties", {})
    for field, each in described.items():
        yield f"{place}.{field}", each
        yield from _fields(each, f"{place}.{field}")
    for number, each in enumerate([*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]):
        # A rule about fields that are described above says nothing new of them.
        new = {field: what for field, what in each.get("properties", {}).items() if field not in described}
        yield from _fields({**each, "properties": new}, f"{place}.{number}")
    if isinstance(schema.get("items"), dict):
        yield from _fields(schema["items"], f"{place}[]")
