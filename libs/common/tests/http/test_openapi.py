"""What the document says of an operation: scopes, problems, headers and examples, derived from the code."""

from collections import defaultdict
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, Header, Path
from pydantic import BaseModel, Field

from plaudit.common.http import IdempotencyKeyHeader, Page, Paging, Principal, authorize, create_app, describe
from plaudit.common.http.openapi import complete, operations
from plaudit.common.http.openapi_examples import A_TIME, AN_ID, NoExampleError, example_of
from plaudit.common.http.problems import COMMON_PROBLEMS


class ThingIn(BaseModel):
    name: str = Field(examples=["bolt"])
    note: str = ""


class ThingOut(ThingIn):
    id: UUID
    weight: float | None


router = APIRouter()
Reader = Annotated[Principal, Depends(authorize("things:read"))]
Writer = Annotated[Principal, Depends(authorize("things:read", "things:write"))]


@router.get("/v1/things")
async def list_things(principal: Reader, paging: Paging) -> Page[ThingOut]:
    return Page(items=[], next=None)


@router.put(
    "/v1/things/{thing_id}",
    openapi_extra=describe(problems={"thing-locked": 409}, headers=("ETag",), answer={"weight": 2.5}),
)
async def put_thing(
    principal: Writer,
    thing_id: Annotated[UUID, Path()],
    body: ThingIn,
    key: IdempotencyKeyHeader,
    if_match: Annotated[str | None, Header()] = None,
) -> ThingOut:
    return ThingOut(id=thing_id, name=body.name, note=body.note, weight=None)


@pytest.fixture
def found(no_database: SimpleNamespace) -> dict[str, Any]:
    app = create_app(
        title="T",
        service="t",
        description="",
        resources=no_database,
        routers=[router],
        problems={"thing-locked": "Somebody works on it."},
        tags={"things": "Things."},
    )
    return dict(operations(app.openapi()))


def slugs(answer: dict[str, Any]) -> set[str]:
    [content] = answer["content"].values()
    return {kind.partition("#")[2] for kind in content["schema"]["allOf"][1]["properties"]["type"]["enum"]}


def test_scopes_are_those_that_authorize_checks(found: dict[str, Any]) -> None:
    assert found["GET /v1/things"]["security"] == [{"api_key": ["things:read"]}]
    assert found["PUT /v1/things/{thing_id}"]["security"] == [{"api_key": ["things:read", "things:write"]}]


def test_the_types_of_problems_follow_from_what_the_operation_takes_and_from_what_it_adds(
    found: dict[str, Any],
) -> None:
    listed, put = found["GET /v1/things"]["responses"], found["PUT /v1/things/{thing_id}"]["responses"]
    assert slugs(listed["400"]) == {"unreadable-text"}
    assert slugs(listed["422"]) == {"invalid-cursor", "invalid-request"}
    assert slugs(listed["403"]) == {"forbidden"}
    assert slugs(put["400"]) == {"malformed-json", "invalid-idempotency-key", "unreadable-text"}
    assert {status: slugs(put[status]) for status in ("401", "403", "404", "409", "412", "503")} == {
        "401": {"unauthorized"},
        "403": {"forbidden", "sent-from-elsewhere"},
        "404": {"not-found"},
        "409": {"thing-locked"},
        "412": {"precondition-failed"},
        "503": {"unavailable"},
    }
    assert "404" not in listed
    assert put["409"]["description"] == "`thing-locked`: Somebody works on it."


def test_an_operation_that_takes_nothing_names_what_comes_of_a_query_and_of_a_body_all_the_same() -> None:
    document = {"paths": {"/a": {"post": {"responses": {}}}}}
    [(_, operation)] = operations(complete(document, {}, COMMON_PROBLEMS))
    answers = operation["responses"]
    assert (slugs(answers["400"]), slugs(answers["422"])) == ({"unreadable-text"}, {"invalid-request"})
    for slug in ("body-not-taken", "body-too-large", "body-too-slow", "compressed-body"):
        assert f"`{slug}`: " in answers["default"]["description"]


def test_headers_are_named_where_they_are_sent(found: dict[str, Any]) -> None:
    put = found["PUT /v1/things/{thing_id}"]["responses"]
    assert set(put["200"]["headers"]) == {"ETag", "X-Request-Id"}
    assert set(put["503"]["headers"]) == {"Retry-After", "X-Request-Id"}
    assert set(put["401"]["headers"]) == {"WWW-Authenticate", "X-Request-Id"}


def test_examples_are_made_of_those_of_the_fields_and_of_what_the_operation_says(found: dict[str, Any]) -> None:
    thing = {"name": "bolt", "note": "", "id": AN_ID, "weight": None}
    listed, put = found["GET /v1/things"], found["PUT /v1/things/{thing_id}"]
    page = listed["responses"]["200"]["content"]["application/json"]["example"]
    assert page == {"items": [{name: thing[name] for name in ("name", "id", "weight")}], "next": None}
    assert put["requestBody"]["content"]["application/json"]["example"] == {"name": "bolt"}
    assert put["responses"]["200"]["content"]["application/json"]["example"]["weight"] == 2.5


def test_what_has_no_example_has_none_in_the_document_either() -> None:
    schema = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
    with pytest.raises(NoExampleError, match="'name'"):
        example_of(schema, {})


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"const": 3}, 3),
        ({"enum": ["a", "b"]}, "a"),
        ({"default": 7, "type": "integer"}, 7),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"anyOf": [{"type": "boolean"}, {"type": "string"}]}, False),
        ({"type": "string", "format": "date-time"}, A_TIME),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Id"}}, [AN_ID]),
        ({"$ref": "#/components/schemas/Id", "examples": ["other"]}, "other"),
    ],
)
def test_an_example_follows_from_the_schema_where_it_can(schema: dict[str, Any], example: object) -> None:
    assert example_of(schema, {"Id": {"type": "string", "format": "uuid"}}) == example


def test_a_problem_that_nothing_explains_is_refused() -> None:
    document = {"paths": {"/a": {"get": {"x-plaudit": describe(problems={"new": 409})["x-plaudit"], "responses": {}}}}}
    with pytest.raises(KeyError, match="new"):
        complete(document, {}, COMMON_PROBLEMS)


def test_the_paths_of_routes_outside_the_framework_are_completed_anew_each_time() -> None:
    more = {"paths": {"/a": {"get": {**describe(), "responses": {}}}}}
    meanings = defaultdict(lambda: "What it means.")
    assert complete({"paths": {}}, more, meanings) == complete({"paths": {}}, more, meanings)
