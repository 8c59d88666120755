"""Answers are submitted, noted as published, and told once, whoever tells of them first."""

import json
from typing import Any

import httpx
import pytest

from plaudit.common.db import Role
from plaudit.ingest.answers.jobs import AnsweredByHandJob, AnswerRetentionJob
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

TEXT = "Thank you. We have refunded the deposit."
A_WHILE_AGO = "2026-03-01T12:00:00Z"
LATER = "2999-01-01T00:00:00Z"


async def review(ingest: Ingest, source: Source, external_id: str = "r-1", **data: Any) -> str:
    """The id of a new review."""
    await ingest.post(source, created(external_id, 2, text="Nobody called back.", **data))
    return await id_of(ingest, external_id)


async def id_of(ingest: Ingest, external_id: str = "r-1") -> str:
    [found] = await ingest.items("/v1/reviews", external_id=external_id)
    return str(found["id"])


async def send(
    ingest: Ingest, method: str, path: str, body: Any, *, key: str | None = None, **headers: str
) -> httpx.Response:
    sent = {"authorization": f"Bearer {key or await ingest.key()}", **headers}
    return await ingest.client.request(method, path, json=body, headers=sent)


async def answer(ingest: Ingest, review_id: str, text: str = TEXT, **body: Any) -> dict[str, Any]:
    given = await send(ingest, "POST", f"/v1/reviews/{review_id}/answer", {"text": text, **body})
    assert given.status_code == 201, given.text
    found: dict[str, Any] = given.json()
    return found


async def told(ingest: Ingest, *types: str) -> list[dict[str, Any]]:
    """The events of reviews, without those of their creation."""
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY id")
    events = [json.loads(row["envelope"]) for row in rows]
    return [each for each in events if each["type"] != "review.created" and (not types or each["type"] in types)]


async def test_an_answer_by_hand_counts_when_somebody_says_that_it_is_published(ingest: Ingest, source: Source):
    review_id = await review(ingest, source, url="https://shop.example/r-1")
    made = await answer(ingest, review_id, via="by_hand", answered_by="Ada, support")
    assert (made["state"], made["via"], made["published_at"], made["note"]) == ("submitted", "by_hand", None, None)
    assert await told(ingest) == []
    shown = (await ingest.get(f"/v1/reviews/{review_id}/answer")).json()
    assert (shown["text"], shown["review_url"]) == (TEXT, "https://shop.example/r-1")
    [waiting] = await ingest.items("/v1/answers", state="submitted", via="by_hand")
    assert waiting["id"] == made["id"]
    assert (await ingest.get(f"/v1/reviews/{review_id}")).json()["answer"] is None
    path = f"/v1/reviews/{review_id}/answer/published"
    for _ in range(2):
        done = await send(ingest, "POST", path, {"published_at": A_WHILE_AGO, "answered_by": "Bob"})
        assert done.status_code == 200, done.text
        assert (done.json()["state"], done.json()["published_at"]) == ("published", A_WHILE_AGO)
        assert done.json()["answered_by"] == "Bob"
    [event] = await told(ingest)
    assert event["type"] == "review.answered"
    assert event["data"]["after"]["answer"] == {"text": TEXT, "published_at": A_WHILE_AGO, "state": "published"}
    found = (await ingest.get(f"/v1/reviews/{review_id}")).json()
    assert found["answer"]["text"] == TEXT
    first, last = found["revisions"]
    assert (first["actor"], last["actor"], last["delivery_id"]) == (None, made["written_by"], made["id"])
    assert [each["id"] for each in await ingest.items("/v1/reviews", answered="true")] == [review_id]


async def test_an_answer_that_is_published_elsewhere_counts_at_once_with_its_time(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    made = await answer(ingest, review_id, via="elsewhere", published_at=A_WHILE_AGO)
    assert (made["state"], made["published_at"]) == ("published", A_WHILE_AGO)
    [event] = await told(ingest)
    assert event["data"]["after"]["answer"]["published_at"] == A_WHILE_AGO


async def test_where_a_platform_has_no_interface_an_answer_is_given_by_hand_and_says_why(
    ingest: Ingest, source: Source
):
    made = await answer(ingest, await review(ingest, source))
    assert (made["via"], made["note"]) == ("by_hand", "there is no interface for answers on native")
    trustpilot = await ingest.source(platform="trustpilot")
    data = {"id": "t-1", "stars": 1, "createdAt": A_WHILE_AGO, "text": "Hm"}
    await ingest.post(trustpilot, {"events": [{"eventName": "service-review-created", "eventData": data}]})
    made = await answer(ingest, await id_of(ingest, "t-1"))
    assert made["via"] == "by_hand"
    assert made["note"] == "the source lacks the credentials api_key, api_secret, business_user_id"


@pytest.mark.parametrize(
    ("before", "after"),
    [("the answer", "the platform"), ("the platform", "the answer")],
)
async def test_whoever_tells_of_an_answer_first_it_is_one_event(
    ingest: Ingest, source: Source, before: str, after: str
):
    review_id = await review(ingest, source)
    platform_tells = {
        "type": "review.answered",
        "data": {
            "id": "r-1",
            "answer": {"text": f"{TEXT.replace(' ', '  ')}\r\n", "published_at": "2026-03-01T12:07:00Z"},
        },
    }

    async def do(step: str) -> None:
        if step == "the answer":
            await answer(ingest, review_id, via="elsewhere", published_at=A_WHILE_AGO)
        else:
            assert (await ingest.post(source, platform_tells)).status_code == 202

    await do(before)
    await do(after)
    [event] = await told(ingest)
    expected = A_WHILE_AGO if before == "the answer" else "2026-03-01T12:07:00Z"
    assert event["data"]["after"]["answer"]["published_at"] == expected


async def test_a_later_version_of_the_platform_with_the_same_answer_is_no_event(ingest: Ingest, source: Source):
    review_id = await review(ingest, source, version=1)
    await answer(ingest, review_id, via="elsewhere")
    same = {"id": "r-1", "version": 2, "answer": {"text": TEXT}}
    other = {"id": "r-1", "version": 3, "answer": {"text": "Another one."}}
    for data in (same, other, {**same, "version": 1}):
        await ingest.post(source, {"type": "review.answered", "data": data})
    texts = [each["data"]["after"]["answer"]["text"] for each in await told(ingest)]
    assert texts == [TEXT, "Another one."]


async def test_a_task_is_done_when_the_platform_tells_of_the_answer_in_whatever_words(ingest: Ingest, source: Source):
    job = AnsweredByHandJob(ingest.resources.database(Role.WORKER))
    for number, text in enumerate((TEXT, "The same in other words.")):
        review_id = await review(ingest, source, f"r-{number}")
        await answer(ingest, review_id, via="by_hand")
        assert not await job.has_work()
        data = {"id": f"r-{number}", "text": "edited"}
        await ingest.post(source, {"type": "review.edited", "data": data})
        assert not await job.has_work(), "an edit tells of no answer"
        await ingest.post(source, {"type": "review.answered", "data": {"id": f"r-{number}", "answer": {"text": text}}})
        assert await job.has_work()
        assert await job.turn() == 1
        assert not await job.has_work()
        shown = (await ingest.get(f"/v1/reviews/{review_id}/answer")).json()
        assert (shown["state"], shown["finished_by"]) == ("published", None)
    assert len(await told(ingest, "review.answered")) == 2


async def test_a_task_ends_when_the_platform_takes_the_review_down(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    await answer(ingest, review_id, via="by_hand")
    await ingest.post(source, {"type": "review.removed", "data": {"id": "r-1"}})
    await AnsweredByHandJob(ingest.resources.database(Role.WORKER)).turn()
    shown = (await ingest.get(f"/v1/reviews/{review_id}/answer")).json()
    assert (shown["state"], shown["note"]) == ("rejected", "the platform has taken the review down")
    refused = await send(ingest, "POST", f"/v1/reviews/{review_id}/answer", {"text": TEXT})
    assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (409, "review-not-answerable")


async def test_an_answer_of_which_nothing_was_sent_is_replaced_by_the_next(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    first = await answer(ingest, review_id, "First words.", via="by_hand")
    second = await answer(ingest, review_id, "Better words.", via="by_hand")
    states = {each["id"]: (each["state"], each["note"]) for each in await ingest.items("/v1/answers")}
    assert states == {
        first["id"]: ("rejected", "replaced by a later answer"),
        second["id"]: ("submitted", None),
    }
    await send(ingest, "POST", f"/v1/reviews/{review_id}/answer/published", {})
    third = await answer(ingest, review_id, "An addition.", via="elsewhere")
    assert third["state"] == "published"
    assert len(await told(ingest, "review.answered")) == 2


async def test_a_request_that_is_sent_again_under_its_key_answers_once(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    path, body = f"/v1/reviews/{review_id}/answer", {"text": TEXT, "via": "elsewhere"}
    first, again = [await send(ingest, "POST", path, body, **{"idempotency-key": "k-1"}) for _ in range(2)]
    assert (first.json(), first.headers.get("idempotent-replayed")) == (again.json(), None)
    assert again.headers["idempotent-replayed"] == "true"
    other = await send(ingest, "POST", path, {**body, "text": "x"}, **{"idempotency-key": "k-1"})
    assert other.status_code == 422
    assert len(await told(ingest)) == 1
    kept = await ingest.rows("SELECT answer::text AS answer FROM ingest.idempotency_keys")
    assert [TEXT in row["answer"] for row in kept] == [False]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text": "\u200b \u202e"}, "/text"),
        ({"text": TEXT, "via": "elsewhere", "published_at": LATER}, "/published_at"),
        ({"text": TEXT, "via": "by_hand", "published_at": A_WHILE_AGO}, "/published_at"),
        ({"text": TEXT, "via": "pigeon"}, "/via"),
        ({"text": ""}, "/text"),
        ({}, "/text"),
    ],
)
async def test_what_cannot_be_an_answer_is_refused_by_name(ingest: Ingest, source: Source, body: Any, pointer: str):
    review_id = await review(ingest, source)
    refused = await send(ingest, "POST", f"/v1/reviews/{review_id}/answer", body)
    assert refused.status_code == 422, refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    assert await ingest.items("/v1/answers") == []


async def test_the_text_is_kept_as_any_text_of_people_is(ingest: Ingest, source: Source):
    made = await answer(ingest, await review(ingest, source), " Caf\u0065\u0301\u202e\r\nbye \u00ad ", via="elsewhere")
    assert made["text"] == "Caf\u00e9\nbye"


async def test_without_a_submitted_answer_none_is_published(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    refused = await send(ingest, "POST", f"/v1/reviews/{review_id}/answer/published", {})
    assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (409, "no-open-answer")
    assert (await ingest.get(f"/v1/reviews/{review_id}/answer")).status_code == 404


async def test_answers_end_at_the_tenant_and_need_their_scope(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    path = f"/v1/reviews/{review_id}/answer"
    theirs = await send(ingest, "POST", path, {"text": TEXT}, key=await ingest.key("other"))
    reader = await send(ingest, "POST", path, {"text": TEXT}, key=await ingest.key("default", "reviews:read"))
    assert (theirs.status_code, reader.status_code) == (404, 403)
    await answer(ingest, review_id)
    assert await ingest.items("/v1/answers", "other") == []
    assert (await ingest.get(path, "other")).status_code == 404


async def test_answers_are_listed_page_by_page(ingest: Ingest, source: Source):
    for number in range(5):
        await answer(ingest, await review(ingest, source, f"r-{number}"), f"Answer {number}.", via="by_hand")
    pages = await ingest.pages("/v1/answers", limit=2)
    assert [[each["text"][7] for each in page] for page in pages] == [["4", "3"], ["2", "1"], ["0"]]


async def test_finished_answers_go_after_the_retention_and_their_reviews_keep_theirs(ingest: Ingest, source: Source):
    review_id = await review(ingest, source)
    await answer(ingest, review_id, via="elsewhere")
    await answer(ingest, await review(ingest, source, "r-2"), via="by_hand")
    await ingest.rows(
        "UPDATE ingest.answers SET finished_at = finished_at - interval '31 days', written_at = '2020-01-01'"
    )
    job = AnswerRetentionJob(ingest.resources.database(Role.WORKER), 30)
    assert [await job.turn(), await job.turn()] == [1, 0]
    assert [each["state"] for each in await ingest.items("/v1/answers")] == ["submitted"]
    assert (await ingest.get(f"/v1/reviews/{review_id}")).json()["answer"]["text"] == TEXT
