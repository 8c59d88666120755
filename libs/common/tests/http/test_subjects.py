"""A malformed subject has the same answer wherever it comes in."""

from types import SimpleNamespace
from urllib.parse import quote

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from plaudit.common.contracts.subjects import SUBJECT_PATTERN, SUBJECT_RULE
from plaudit.common.http import Subject, SubjectFilter, create_app
from plaudit.common.refusals import sentence
from plaudit_testing.serving import serving

router = APIRouter()


class ThingIn(BaseModel):
    subject: Subject


@router.get("/things")
async def list_things(subject: SubjectFilter = None) -> dict[str, str | None]:
    return {"subject": subject}


@router.post("/things")
async def make_thing(thing: ThingIn) -> dict[str, str]:
    return {"subject": thing.subject}


@router.get("/about/{subject:path}")
async def about(subject: Subject) -> dict[str, str]:
    return {"subject": subject}


MALFORMED = [
    *("Acme", "acme//berlin", "a/b/c/d/e/f/g", "acme berlin", "-acme", "acme/", "x" * 65, "acme\n", "acme\nberlin")
]


@pytest.mark.parametrize("subject", [*MALFORMED, "acme/berlin"])
async def test_a_subject_in_query_path_and_body_is_taken_or_refused_alike(
    no_database: SimpleNamespace, subject: str
) -> None:
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router])
    async with serving(app) as client:
        answers = {
            "query": await client.get("/things", params={"subject": subject}),
            "path": await client.get(f"/about/{quote(subject)}"),
            "body": await client.post("/things", json={"subject": subject}),
        }
    for place, answer in answers.items():
        if subject not in MALFORMED:
            assert (answer.status_code, answer.json()) == (200, {"subject": subject})
            continue
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("#invalid-request")
        error = {"in": place, "pointer": "/subject", "code": "subject", "detail": sentence(SUBJECT_RULE)}
        assert answer.json()["errors"] == [error]


async def test_a_missing_filter_is_no_filter_and_the_document_names_the_form(no_database: SimpleNamespace) -> None:
    app = create_app(title="T", service="t", description="", resources=no_database, routers=[router])
    async with serving(app) as client:
        assert (await client.get("/things")).json() == {"subject": None}
        document = (await client.get("/openapi.json")).json()
    assert document["components"]["schemas"]["ThingIn"]["properties"]["subject"]["pattern"] == SUBJECT_PATTERN
