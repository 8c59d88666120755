from uuid import uuid4

import httpx
import pytest

from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres


async def test_a_linked_review_brings_its_author_into_reach(
    api: httpx.AsyncClient, request_path: str, reviews, outbox
) -> None:
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    same, other, unknown = [await reviews.published(person=person) for person in ("native:anna", "native:ben", None)]
    for review in (same, other, unknown):
        linked = await api.post(f"{request_path}/links", json={"review_id": str(review)})
        assert (linked.status_code, linked.json()["already"]) == (201, False)
    request = linked.json()["request"]
    assert (request["votes"], request["reach"], request["unidentified_mentions"]) == (1, 2, 1)
    assert request["linked_reviews"] == 3
    event = (await outbox.events())[-1]
    assert event["type"] == "review.linked"
    assert (event["data"]["review_id"], event["data"]["review_subject"]) == (str(unknown), "northwind/lisbon")


async def test_a_link_made_again_or_taken_back_again_changes_nothing(
    api: httpx.AsyncClient, request_path: str, reviews, outbox
) -> None:
    review = await reviews.published()
    link = f"{request_path}/links/{review}"
    statuses = [
        (await api.post(f"{request_path}/links", json={"review_id": str(review)})).status_code,
        (await api.post(f"{request_path}/links", json={"review_id": str(review)})).status_code,
        (await api.delete(link)).status_code,
        (await api.delete(link)).status_code,
    ]
    assert statuses == [201, 200, 200, 200]
    assert await outbox.types() == ["request.created", "review.linked", "review.unlinked"]
    request = (await api.get(request_path)).json()
    assert (request["reach"], request["linked_reviews"]) == (0, 0)


async def test_an_unknown_review_may_not_have_arrived_yet(api: httpx.AsyncClient, request_path: str) -> None:
    answer = await api.post(f"{request_path}/links", json={"review_id": str(uuid4())})
    assert problem_of(answer) == (404, "unknown-review")
    assert "not have arrived here yet" in answer.json()["detail"]
