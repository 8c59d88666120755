from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from plaudit.common.db import Database
from plaudit.feedback_board.proposals.jobs import MatchJob

pytestmark = pytest.mark.postgres

WANTED = "Please bring a dark mode, my eyes hurt at night."


@pytest.fixture
def match(worker: Database) -> Callable[[], Awaitable[None]]:
    """Compares all that is to be compared, as the job does."""
    job = MatchJob(worker)

    async def run() -> None:
        while await job.has_work():
            assert await job.turn(), "what is seen is done"

    return run


async def ask(api: httpx.AsyncClient, title: str = "Dark mode for all pages") -> str:
    made = await api.post("/v1/requests", json={"title": title})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def proposed(api: httpx.AsyncClient, **query: str) -> list[dict]:
    answer = await api.get("/v1/proposals", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def put(api: httpx.AsyncClient, proposal: dict, decision: str) -> dict:
    answer = await api.put(f"/v1/proposals/{proposal['id']}", json={"decision": decision})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("request_first", [True, False])
async def test_a_review_is_proposed_with_its_sentence_whichever_came_first(api, reviews, match, request_first) -> None:
    if request_first:
        await ask(api)
        await match()
    review = await reviews.published(text=f"I waited. {WANTED}", title=None)
    await match()
    if not request_first:
        await ask(api)
        await match()
    (found,) = await proposed(api)
    assert (found["review_id"], found["sentence"]) == (str(review), "Please bring a dark mode")


async def test_a_replay_proposes_once_and_a_new_process_the_same(api, reviews, match, worker) -> None:
    await ask(api)
    same = {"text": WANTED, "published_at": datetime.now(UTC)}
    review = await reviews.published(**same)
    await match()
    before = await proposed(api)
    await reviews.published(review_id=review, **same)
    await reviews.published(2, review_id=review, **same)
    assert await proposed(api) == [], "of an older revision nothing is shown"
    other = MatchJob(worker)
    while await other.has_work():
        await other.turn()
    assert await proposed(api) == before


async def test_accepting_links_the_review_and_its_author_joins_reach(api, reviews, match, outbox) -> None:
    await ask(api)
    await reviews.published(text=WANTED)
    await match()
    (found,) = await proposed(api)
    decided = await put(api, found, "accepted")
    assert (decided["already"], decided["request"]["reach"], decided["request"]["linked_reviews"]) == (False, 1, 1)
    assert (await put(api, found, "accepted"))["already"]
    assert await outbox.types() == ["request.created", "review.linked"]
    assert await proposed(api) == []


async def test_what_was_accepted_can_be_rejected_and_is_unlinked(api, reviews, match, outbox) -> None:
    await ask(api)
    await reviews.published(text=WANTED)
    await match()
    (found,) = await proposed(api)
    await put(api, found, "accepted")
    assert (await put(api, found, "rejected"))["request"]["reach"] == 0
    assert (await outbox.types())[-1] == "review.unlinked"


async def test_a_rejected_pair_is_never_proposed_again(api, reviews, match) -> None:
    request_id = await ask(api)
    review = await reviews.published(text=WANTED)
    await match()
    (found,) = await proposed(api)
    await put(api, found, "rejected")
    await reviews.published(2, text=f"{WANTED} A dark mode!", review_id=review)
    await match()
    assert await proposed(api) == [], "after an edit"
    other_id = await ask(api, "A dark mode at night")
    await match()
    (other,) = await proposed(api)
    assert other["request_id"] == other_id
    merged = await api.put(f"/v1/requests/{request_id}/merge", json={"into": other_id, "reason": "The same."})
    assert merged.status_code == 200, merged.text
    assert await proposed(api) == [], "after a merge, before the job has seen it"
    await match()
    assert await proposed(api) == [], "after a merge"


async def test_an_edit_without_the_sentence_takes_the_proposal_away(api, reviews, match) -> None:
    await ask(api)
    review = await reviews.published(text=WANTED)
    await match()
    (found,) = await proposed(api)
    await reviews.published(2, text="All is well.", title=None, review_id=review)
    assert await proposed(api) == []
    await match()
    answer = await api.put(f"/v1/proposals/{found['id']}", json={"decision": "accepted"})
    assert answer.status_code == 404


async def test_a_removed_review_takes_link_and_proposal_out_and_reach_falls(api, reviews, match, recount) -> None:
    request_id = await ask(api)
    linked = await reviews.published(text=WANTED)
    open_one = await reviews.published(text=WANTED, person="native:ben")
    await match()
    by_review = {each["review_id"]: each for each in await proposed(api)}
    await put(api, by_review[str(linked)], "accepted")
    await reviews.removed(linked)
    await reviews.removed(open_one)
    await recount()
    assert await proposed(api) == []
    await match()
    assert (await api.get(f"/v1/requests/{request_id}")).json()["reach"] == 0


async def test_tenants_are_apart(api, clients, reviews, match) -> None:
    other = await clients.with_key("other", "*")
    await ask(other)
    await reviews.published(text=WANTED)
    await reviews.published(text=WANTED, tenant="other")
    await match()
    assert await proposed(api) == []
    (found,) = await proposed(other)
    answer = await api.put(f"/v1/proposals/{found['id']}", json={"decision": "accepted"})
    assert answer.status_code == 404


async def test_a_turn_that_fails_loses_no_mark(api, reviews, match, worker, monkeypatch) -> None:
    await ask(api)
    await match()
    await reviews.published(text=WANTED)

    async def fail(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr("plaudit.feedback_board.proposals.store.matching.replace_open", fail)
        with pytest.raises(ConnectionError):
            await MatchJob(worker).turn()
    await match()
    assert len(await proposed(api)) == 1


async def test_paging_visits_each_proposal_once(api, reviews, match) -> None:
    await ask(api)
    ids = {str(await reviews.published(text=WANTED, person=f"native:{each}")) for each in range(5)}
    await match()
    seen, path = [], "/v1/proposals?limit=2"
    while path:
        page = (await api.get(path)).json()
        seen += [each["review_id"] for each in page["items"]]
        path = f"/v1/proposals?limit=2&cursor={page['next']}" if page.get("next") else ""
    assert (len(seen), set(seen)) == (5, ids)


async def complain(reviews, people: int) -> list[UUID]:
    text = "The refund of my deposit is late"
    return [await reviews.published(text=text, title=None, person=f"native:p{each}") for each in range(people)]


async def test_five_people_who_complain_become_a_request_with_their_reviews(api, reviews, match) -> None:
    ids = await complain(reviews, 5)
    await match()
    (group,) = (await api.get("/v1/proposals/complaints")).json()["items"]
    assert (group["people"], {each["review_id"] for each in group["members"]}) == (5, set(map(str, ids)))
    body = {"title": "Refund the deposit sooner", "review_ids": [str(each) for each in ids]}
    made = await api.post("/v1/proposals/complaints/requests", json=body)
    assert (made.status_code, made.json()["reach"], made.json()["linked_reviews"]) == (201, 5, 5)
    assert (await api.get("/v1/proposals/complaints")).json()["items"] == []


async def test_dismissed_complaints_are_in_no_group_again(api, reviews) -> None:
    ids = await complain(reviews, 5)
    body = {"review_ids": [str(each) for each in ids]}
    answers = [(await api.post("/v1/proposals/complaints/dismissals", json=body)).json() for _ in range(2)]
    assert answers == [{"dismissed": 5}, {"dismissed": 0}]
    await complain(reviews, 4)
    assert (await api.get("/v1/proposals/complaints")).json()["items"] == []


async def test_an_unknown_review_makes_no_request(api) -> None:
    body = {"title": "Refund the deposit sooner", "review_ids": [str(UUID(int=9))]}
    assert (await api.post("/v1/proposals/complaints/requests", json=body)).status_code == 404
    assert (await api.get("/v1/requests")).json()["items"] == []


async def test_recurrence_counts_complaints_before_and_after_it_was_shipped(api, reviews, match) -> None:
    request_id = await ask(api)
    path = f"/v1/requests/{request_id}"
    assert (await api.get(f"{path}/recurrence")).json() == {"shipped_at": None, "before": None, "after": None}
    for days in (1, 2, 80, 120):
        await reviews.published(text=WANTED, published_at=datetime.now(UTC) - timedelta(days=days))
    await reviews.published(text=WANTED, rating=5.0)
    shipped = await api.put(f"{path}/status", json={"status": "shipped", "reason": "It is there."})
    assert shipped.status_code == 200, shipped.text
    await reviews.published(text=WANTED, published_at=datetime.now(UTC))
    await match()
    measured = (await api.get(f"{path}/recurrence")).json()
    assert (measured["before"]["reviews"], measured["before"]["per_week"]) == (3, pytest.approx(3 / (90 / 7), abs=0.01))
    assert measured["before"]["low"] < measured["before"]["per_week"] < measured["before"]["high"]
    assert measured["after"]["reviews"] <= 1
