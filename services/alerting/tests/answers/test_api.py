import json
import re
from pathlib import Path

import pytest

from plaudit_testing.clocks import at
from plaudit_testing.drafts import BY_PEOPLE, TEMPLATE, TEMPLATE_OF_ANOTHER

pytestmark = pytest.mark.postgres
DOCUMENT = Path(__file__).parents[4] / "docs" / "answers.md"

BODY = {
    "text": TEMPLATE_OF_ANOTHER,
    "language": "en",
    "review": {"text": "The hinge of the door broke.", "rating": 1, "author": "Miller", "product": "Aurora X5"},
}


@pytest.fixture
async def api(stage):
    return await stage.client("reviews:read")


async def checked(api, **members):
    response = await api.post("/v1/answers/check", json=BODY | members)
    assert response.status_code == 200, response.text
    return response.json()


async def test_findings_have_spans_in_code_points_and_the_earlier_answer(stage, api, answers):
    await answers(TEMPLATE, 1, "earlier")
    await stage.move_to(at(48))
    body = await checked(api, text="😀 " + TEMPLATE_OF_ANOTHER)
    [copied] = [each for each in body["findings"] if each["kind"] == "same_text"]
    first = copied["spans"][0]
    assert ("😀 " + TEMPLATE_OF_ANOTHER)[first["start"] : first["end"]].startswith("Thank you for your review")
    assert copied["earlier"]["review_id"] == "earlier"
    assert copied["earlier"]["published_at"] == "2026-03-02T10:00:00Z"
    assert body["compared_with"] == 1
    assert body["similarity"] == copied["earlier"]["similarity"]


async def test_the_answer_of_the_same_review_is_no_earlier_one(stage, api, answers):
    await answers(TEMPLATE, 1, "earlier")
    await stage.move_to(at(2))
    assert (await checked(api, review_id="earlier"))["similarity"] is None


async def test_the_example_of_the_document_is_answered_as_the_document_says(api):
    document = DOCUMENT.read_text(encoding="utf-8")
    [sent] = re.findall(r" -d '(\{.*?\})'\n", document, re.DOTALL)
    [answered] = re.findall(r"^```json\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    body = await checked(api, **json.loads(sent))
    assert body == json.loads(answered)
    span = body["findings"][0]["spans"][0]
    assert f"`{json.loads(sent)['text'][span['start'] : span['end']]}`" in document


async def test_nothing_of_a_draft_is_kept(stage, api):
    await checked(api)
    assert await stage.rows("SELECT * FROM published_answers") == []


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": "x" * 10_001}, "/text"),
        ({"language": "english please"}, "/language"),
        ({"review": {"text": "x", "rating": 6}}, "/review/rating"),
        ({"review": {"text": "x", "severity": "awful"}}, "/review/severity"),
        ({"review": {"text": "x", "subject": "Not A Subject"}}, "/review/subject"),
        ({"review": {}}, "/review/text"),
        ({"answers": []}, "/answers"),
    ],
)
async def test_a_wrong_member_is_named(api, members, pointer):
    response = await api.post("/v1/answers/check", json=BODY | members)
    assert response.status_code == 422
    assert pointer in [each["pointer"] for each in response.json()["errors"]]


async def test_individuality_is_that_of_a_subject_and_below(stage, api, answers):
    await answers(TEMPLATE, 1, "a", subject="acme/berlin")
    await answers(TEMPLATE, 2, "b", subject="acme/berlin/shop-3")
    await answers(BY_PEOPLE[0], 3, "c", subject="acme/hamburg")
    await answers("Thank you!", 4, "d", subject="acme")
    await stage.move_to(at(5))
    whole = (await api.get("/v1/answers/individuality")).json()
    assert whole == {
        "answers": 4,
        "compared": 3,
        "individual": 2,
        "individual_share": pytest.approx(2 / 3),
        "near_copies": 0,
        "same_texts": 1,
        "reused_in_30_days": 1,
        "most_repeats": 1,
    }
    part = (await api.get("/v1/answers/individuality", params={"subject": "acme/berlin"})).json()
    assert (part["answers"], part["individual_share"]) == (2, 0.5)
    assert (await api.get("/v1/answers/individuality?subject=nowhere")).json()["individual_share"] is None


async def test_other_scopes_and_other_tenants_see_nothing_of_it(stage, answers):
    await answers(TEMPLATE, 1, "ours")
    await stage.move_to(at(2))
    strangers = await stage.client("*", tenant="stranger")
    assert (await checked(strangers))["compared_with"] == 0
    assert (await strangers.get("/v1/answers/individuality")).json()["answers"] == 0
    clocks = await stage.client("clocks:read")
    assert (await clocks.post("/v1/answers/check", json=BODY)).status_code == 403
    assert (await stage.plain_client().get("/v1/answers/individuality")).status_code == 401
