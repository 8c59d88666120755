import httpx
import pytest

from plaudit_testing.problems import problem_of

pytestmark = pytest.mark.postgres


async def test_a_person_votes_once(api: httpx.AsyncClient, request_path: str, outbox) -> None:
    first = await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    again = await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    other = await api.post(f"{request_path}/votes", json={"person": "native:ben"})
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 201]
    assert [answer.json()["already"] for answer in (first, again, other)] == [False, True, False]
    assert [answer.json()["request"]["votes"] for answer in (first, again, other)] == [1, 1, 2]
    assert other.json()["request"]["reach"] == 2
    voted = [event["data"] for event in await outbox.events() if event["type"] == "request.voted"]
    assert [(data["person"], data["request"]["votes"]) for data in voted] == [("native:anna", 1), ("native:ben", 2)]


async def test_an_address_in_any_spelling_is_one_vote_and_is_stored_nowhere(
    api: httpx.AsyncClient, request_path: str, worker, outbox
) -> None:
    first = await api.post(f"{request_path}/votes", json={"email": "Anna@Example.com"})
    again = await api.post(f"{request_path}/votes", json={"email": " anna@example.COM "})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["person"] == again.json()["person"]
    async with worker.transaction() as tx:
        kept = await tx.raw.fetchval(
            "SELECT string_agg(row, ' ') FROM (SELECT votes::text AS row FROM votes "
            "UNION ALL SELECT activity::text FROM activity) AS everything"
        )
    said = str(await outbox.events())
    assert "example.com" not in (kept + said).lower()
    assert first.json()["person"] in kept


async def test_the_key_of_an_address_is_the_one_that_reviews_carry(
    api: httpx.AsyncClient, request_path: str, reviews, worker
) -> None:
    from plaudit.common.person_keys import person_key

    async with worker.transaction() as tx:
        key = await tx.raw.fetchval("SELECT common.person_key('default')")
    review = await reviews.published(person=person_key(key, "anna@example.com"))
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    voted = await api.post(f"{request_path}/votes", json={"email": "anna@example.com"})
    assert voted.json()["request"]["reach"] == 1


async def test_a_mailbox_in_any_spelling_has_one_vote(api: httpx.AsyncClient, request_path: str) -> None:
    spellings = [
        *("cara@example.com", "mailto:cara@example.com", "Cara <CARA@example.com>", "cara@example.com."),
        *("dan@bücher.example", "dan@xn--bcher-kva.example", "dan@bücher.example\u200b"),
    ]
    answers = [await api.post(f"{request_path}/votes", json={"email": each}) for each in spellings]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 201, 200, 200]
    assert (await api.get(request_path)).json()["votes"] == 2


async def test_who_votes_is_said_in_exactly_one_way(api: httpx.AsyncClient, request_path: str) -> None:
    both = {"person": "a", "email": "a@b.de"}
    for voter in ({}, both, {"person": "anna@example.com"}, {"email": "anna"}, {"person": ""}):
        assert problem_of(await api.post(f"{request_path}/votes", json=voter)) == (422, "invalid-request"), voter
    assert (await api.get(request_path)).json()["votes"] == 0


async def test_a_vote_taken_back_counts_no_more(api: httpx.AsyncClient, request_path: str, outbox) -> None:
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    taken = await api.request("DELETE", f"{request_path}/votes", json={"person": "native:anna"})
    again = await api.request("DELETE", f"{request_path}/votes", json={"person": "native:anna"})
    assert (taken.status_code, again.status_code) == (200, 200)
    assert (taken.json()["already"], again.json()["already"]) == (False, True)
    assert (again.json()["request"]["votes"], again.json()["request"]["reach"]) == (0, 0)
    assert await outbox.types() == ["request.created", "request.voted", "request.unvoted"]


@pytest.mark.parametrize("status", ["shipped", "declined"])
async def test_a_decided_request_takes_no_new_vote_and_keeps_the_old(
    api: httpx.AsyncClient, request_path: str, status: str
) -> None:
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    await api.put(f"{request_path}/status", json={"status": status, "reason": "As you can see."})
    assert problem_of(await api.post(f"{request_path}/votes", json={"person": "native:ben"})) == (409, "voting-closed")
    again = await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    assert (again.status_code, again.json()["already"], again.json()["request"]["votes"]) == (200, True, 1)
