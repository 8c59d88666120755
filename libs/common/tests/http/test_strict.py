"""What an operation does not know is refused by name; pages take any query."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query, Request

from plaudit.common.http import Body, Paging, create_app
from plaudit.common.names import nearest
from plaudit_testing.problems import problem_of
from plaudit_testing.serving import serving

router = APIRouter(prefix="/things")
DONE: list[str] = []


class InnerIn(Body):
    rating: int


class ThingIn(Body):
    title: str
    inner: InnerIn | None = None


def _filters(published_after: str = "", state: str = "") -> tuple[str, str]:
    return published_after, state


@router.get("")
async def list_things(
    paging: Paging,
    filters: Annotated[tuple[str, str], Depends(_filters)],
    status: Annotated[list[str] | None, Query()] = None,
) -> dict[str, object]:
    return {"filters": filters, "status": status, "limit": paging.limit}


@router.get("/none")
async def nothing() -> dict[str, str]:
    DONE.append("read")
    return {}


@router.post("/none")
async def make_nothing() -> dict[str, str]:
    DONE.append("made")
    return {}


@router.delete("/none")
async def delete_nothing() -> dict[str, str]:
    DONE.append("deleted")
    return {}


@router.post("/read", openapi_extra={"requestBody": {"content": {"text/yaml": {"schema": {"type": "string"}}}}})
async def read(request: Request) -> int:
    return len(await request.body())


@router.api_route("/page", methods=["GET", "POST"], include_in_schema=False)
async def page() -> dict[str, str]:
    return {}


@router.post("")
async def make_thing(thing: ThingIn) -> dict[str, str]:
    return {"title": thing.title}


@pytest.fixture
async def client(no_database: SimpleNamespace):
    DONE.clear()
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router])
    async with serving(app) as found:
        yield found


def errors_of(answer: httpx.Response) -> list[tuple[str, str, str, str]]:
    assert problem_of(answer) == (422, "invalid-request")
    return [(each["in"], each["pointer"], each["code"], each["detail"]) for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("stat", "state"), ("limits", "limit"), ("published_afer", "published_after"), ("Limit", "limit")],
)
async def test_an_unknown_parameter_is_refused_with_the_nearest_known_one(client, sent: str, meant: str) -> None:
    (error,) = errors_of(await client.get("/things", params={sent: "1", "limit": "3"}))
    assert error == (
        "query", f"/{sent}", "unknown_parameter", f"There is no such parameter. Did you mean `{meant}`?",
    )  # fmt: skip


async def test_every_unknown_parameter_is_named_and_known_ones_where_none_is_near(client) -> None:
    errors = errors_of(await client.get("/things?zzz=1&stat=2"))
    assert [pointer for _, pointer, _, _ in errors] == ["/zzz", "/stat"]
    for name in ("cursor", "limit", "published_after", "state", "status"):
        assert f"`{name}`" in errors[0][3]
    (none_here,) = errors_of(await client.get("/things/none?limit=1"))
    assert none_here[3] == "There is no such parameter. None is known here."


async def test_a_parameter_with_one_value_is_refused_when_it_comes_twice(client) -> None:
    assert errors_of(await client.get("/things?limit=1&limit=2")) == [
        ("query", "/limit", "repeated_parameter", "This parameter has one value. Send it once.")
    ]
    several = await client.get("/things?status=a&status=b&limit=2")
    assert several.json() == {"filters": ["", ""], "status": ["a", "b"], "limit": 2}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"reason": "spam"}', "application/json"),
        (b"null", "application/json"),
        (b'{"a": ', "application/json"),
        (b"reason=spam", "application/x-www-form-urlencoded"),
        (b"spam", ""),
    ],
)
async def test_a_body_that_is_not_taken_is_refused_and_nothing_is_done(client, method, body, content_type) -> None:
    answer = await client.request(method, "/things/none", content=body, headers={"content-type": content_type})
    assert problem_of(answer) == (400, "body-not-taken")
    assert answer.json()["detail"] == "This operation takes no body. Send none, or an empty object: {}."
    assert DONE == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("body", [b"", b"{}", b" {\r\n}\t"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
async def test_an_empty_body_and_an_empty_object_are_none(client, method, body, content_type) -> None:
    answer = await client.request(method, "/things/none", content=body, headers={"content-type": content_type})
    assert answer.status_code == 200
    assert len(DONE) == 1


async def test_a_body_in_parts_is_judged_as_a_whole(client) -> None:
    async def parts(*sent: bytes) -> AsyncIterator[bytes]:
        for each in sent:
            yield each

    assert (await client.post("/things/none", content=parts(b"{", b"}"))).status_code == 200
    assert (await client.post("/things/none", content=parts())).status_code == 200
    answer = await client.post("/things/none", content=parts(b"{}", b"{}"))
    assert problem_of(answer) == (400, "body-not-taken")


async def test_a_body_that_an_operation_reads_itself_and_one_of_a_page_are_none_of_this(client) -> None:
    assert (await client.post("/things/read", content=b"a: 1", headers={"content-type": "text/yaml"})).json() == 4
    assert (await client.post("/things/page", data={"a": "1"})).status_code == 200


async def test_a_page_takes_any_query(client) -> None:
    assert (await client.get("/things/page?utm_source=mail&utm_source=feed")).status_code == 200


async def test_an_unknown_field_of_a_body_is_refused_with_the_nearest_known_one_at_any_depth(client) -> None:
    flat = await client.post("/things", json={"titel": "A", "title": "B"})
    assert errors_of(flat) == [("body", "/titel", "unknown_field", "There is no such field. Did you mean `title`?")]
    deep = await client.post("/things", json={"title": "B", "inner": {"rating": 1, "ratin/g": 2}})
    assert errors_of(deep) == [
        ("body", "/inner/ratin~1g", "unknown_field", "There is no such field. Did you mean `rating`?")
    ]
    assert (await client.post("/things", json={"title": "B", "inner": {"rating": 1}})).json() == {"title": "B"}


async def test_the_document_says_that_a_body_has_no_other_fields(client) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["ThingIn"]["additionalProperties"] is False


def test_a_long_name_is_compared_and_shown_in_part_only() -> None:
    assert nearest("limit" * 100_000, ["limit"]) == []
