"""A review or a person is erased: no store of the board holds a word or a name, and the figures are right."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from plaudit.common.contracts import CustomerErased, Envelope, ReviewChange
from plaudit.common.erasure import RUNTIME_STORES, scrub_values
from plaudit.common.erasure import commands as erasures
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import Record
from plaudit.feedback_board.erasure import commands
from plaudit.feedback_board.erasure.consumer import PERSONS, note_persons
from plaudit.feedback_board.erasure.domain import STORES, ErasedPerson
from plaudit_testing.erasing import holders, scrub_all, tables_of

pytestmark = pytest.mark.postgres

WORDS = "quibblefrotz"
SPOKEN = {"title": f"A {WORDS}", "text": f"It was {WORDS}.", "person": f"native:{WORDS}"}


@pytest.fixture
def scrub(resources, worker, clock):
    """The job scrubs what was noted by now."""

    async def run() -> int:
        await clock.move_to(timedelta(minutes=1))
        return await scrub_all(worker, commands.scrubbing(resources.outbox, resources.ids))

    return run


@pytest.fixture
def held(worker):
    """The tables of the board that hold one of these."""

    async def look(*needles: str) -> list[str]:
        async with worker.transaction() as tx:
            return await holders(tx.raw, "feedback-board", *needles)

    return look


def erased(reviews, review: UUID, revision: int, *, unseen: bool = False, tenant: str = "default") -> Any:
    """The record that a review was erased: with its figures, or unseen without any."""
    figures = reviews.state(title=None, text=None, person=None, external_id="erased")
    change = ReviewChange(review_id=str(review), revision=revision, before=None if unseen else figures, after=None)
    record = reviews.record(change, tenant)
    return msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, type="review.erased"))


def told(reviews, review: UUID, revision: int, **fields: Any) -> Any:
    change = ReviewChange(
        review_id=str(review), revision=revision, before=None, after=reviews.state(**SPOKEN, **fields)
    )
    return reviews.record(change)


async def person_is_erased(worker, person: str, erased_at: datetime, tenant: str = "default") -> None:
    """The event of a person's erasure comes."""
    envelope: Envelope[Any] = Envelope(
        specversion="1.0",
        id=str(uuid7()),
        source="/plaudit/ingest",
        type="customer.erased",
        time=datetime.now(UTC),
        subject=person,
        tenant=tenant,
        datacontenttype="application/json",
        data=CustomerErased(erasure_id=str(uuid7()), person=person, erased_at=erased_at),
        epoch="1",
        sequence=f"{1:020d}",
    )
    event = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope[ErasedPerson])
    async with worker.transaction() as tx:
        await note_persons(tx, [Record(event=event, partition=0, offset=0, sequence=1, epoch=1)])


async def test_an_erased_review_leaves_its_link_and_no_word(
    api: httpx.AsyncClient, request_path: str, reviews, recount, held, scrub
) -> None:
    review = await reviews.published(**SPOKEN)
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    await api.post(f"{request_path}/votes", json={"person": "native:ben"})
    assert (await api.get(request_path)).json()["reach"] == 2
    assert await held(WORDS) == ["reviews"]
    await reviews.apply(erased(reviews, review, 2))
    assert await held(WORDS) == []
    assert await recount() == 1
    left = (await api.get(request_path)).json()
    assert (left["reach"], left["linked_reviews"], left["votes"]) == (1, 0, 1)
    assert "links" in await held(str(review))
    await scrub()
    assert (await api.get(request_path)).json() == left


@pytest.mark.parametrize("unseen", [False, True])
async def test_whatever_comes_again_after_the_erasure_is_not_kept(reviews, held, worker, unseen: bool) -> None:
    review = uuid7()
    events = [told(reviews, review, 1), told(reviews, review, 2), erased(reviews, review, 3, unseen=unseen)]
    await reviews.apply(*events)
    for batch in (events, events[::-1], events[:1], events[1:2], [told(reviews, review, 99)]):
        await reviews.apply(*batch)
        assert await held(WORDS) == []
    async with worker.transaction() as tx:
        assert not await tx.raw.fetchval("SELECT count(*) FROM reviews WHERE present")


async def test_a_review_that_is_first_told_of_after_its_erasure_is_not_kept(reviews, held) -> None:
    review = uuid7()
    await reviews.apply(erased(reviews, review, 2))
    await reviews.apply(told(reviews, review, 1))
    await reviews.apply(told(reviews, review, 7))
    assert await held(WORDS) == []
    await reviews.published(review_id=review, tenant="other", **SPOKEN)
    await reviews.published(**SPOKEN)
    assert await held(WORDS) == ["reviews"]


async def test_an_erasure_that_is_set_aside_is_carried_out_by_the_job(
    api: httpx.AsyncClient, request_path: str, reviews, worker, held, scrub, recount
) -> None:
    """The runner notes the erasures among dead letters; here that has been done."""
    review = await reviews.published(**SPOKEN)
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    event = erased(reviews, review, 2).event
    whole = {"type": "review.erased", "tenant": "default", "time": event.time, "data": {"review_id": str(review)}}
    odd = {**whole, "data": {"review_id": "no uuid"}}
    async with worker.transaction() as tx:
        await scrub_values(tx, [msgspec.json.encode(whole), msgspec.json.encode(odd)])
    await scrub()
    assert await held(WORDS) == []
    assert await recount() == 1
    assert (await api.get(request_path)).json()["reach"] == 0


async def test_the_votes_of_an_erased_person_are_deleted_counted_down_and_told(
    api: httpx.AsyncClient, reviews, worker, outbox, held, scrub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "VOTES_PER_TURN", 2)
    monkeypatch.setattr(commands, "ENTRIES_PER_TURN", 3)
    monkeypatch.setattr(erasures, "OUTBOX_ROWS_PER_TURN", 4)
    paths = [
        (await api.post("/v1/requests", json={"title": f"Request {number}"})).headers["location"] for number in range(5)
    ]
    for path in paths:
        for person in (f"native:{WORDS}", "native:ben"):
            await api.post(f"{path}/votes", json={"person": person})
    await api.request("DELETE", f"{paths[0]}/votes", json={"person": f"native:{WORDS}"})
    assert set(await held(WORDS)) == {"activity", "outbox", "votes"}
    async with worker.transaction() as tx:
        until = tx.now
    await person_is_erased(worker, f"native:{WORDS}", until)
    assert await scrub() > 8
    assert await held(WORDS) == []
    for path in paths:
        left = (await api.get(path)).json()
        assert (left["votes"], left["reach"]) == (1, 1)
    events = await outbox.events()
    assert [event["data"]["request"]["votes"] for event in events[-4:]] == [1] * 4
    assert {event["type"] for event in events[-4:]} == {"request.scored"}
    assert [event["data"]["person"] for event in events if event["type"] == "request.voted"] == [
        "erased",
        "native:ben",
    ] * 5
    log = (await api.get(f"{paths[1]}/activity")).json()["items"]
    assert [(entry["type"], entry["person"]) for entry in log[:3]] == [
        ("recounted", None),
        ("voted", "native:ben"),
        ("voted", None),
    ]


async def test_what_a_person_does_after_the_erasure_stays_and_a_later_erasure_takes_it_too(
    api: httpx.AsyncClient, request_path: str, worker, held, scrub, clock
) -> None:
    async with worker.transaction() as tx:
        before = tx.now
    await api.post(f"{request_path}/votes", json={"person": f"native:{WORDS}"})
    await person_is_erased(worker, f"native:{WORDS}", before)
    await scrub()
    assert set(await held(WORDS)) == {"activity", "outbox", "votes"}
    assert (await api.get(request_path)).json()["votes"] == 1
    async with worker.transaction() as tx:
        later = tx.now
    await person_is_erased(worker, f"native:{WORDS}", later)
    await clock.move_to(timedelta(minutes=2))
    resources_turns = await scrub_again(worker, clock, scrub)
    assert resources_turns
    assert await held(WORDS) == []
    assert (await api.get(request_path)).json()["votes"] == 0


async def scrub_again(worker, clock, scrub) -> int:
    """Settle once more: the time of the tests goes on from where the erasure was noted."""
    async with worker.transaction() as tx:
        await tx.raw.execute("UPDATE erased SET noted_at = noted_at - interval '1 hour'")
    return await scrub()


async def test_a_person_of_another_tenant_under_the_same_key_stays(
    api: httpx.AsyncClient, request_path: str, clients, worker, held, scrub
) -> None:
    await api.post(f"{request_path}/votes", json={"person": f"native:{WORDS}"})
    await clients.key("other", "*")
    async with worker.transaction() as tx:
        later = tx.now
    await person_is_erased(worker, f"native:{WORDS}", later, tenant="other")
    await scrub()
    assert set(await held(WORDS)) == {"activity", "outbox", "votes"}


async def test_the_comments_of_an_erased_person_are_empty_and_nothing_else_names_the_person(
    api: httpx.AsyncClient, request_path: str, worker, held, scrub
) -> None:
    person = f"native:{WORDS}"
    said = {"text": f"My number is {WORDS}.", "name": WORDS, "person": person}
    made = (await api.post(f"{request_path}/comments", json=said)).json()
    await api.patch(f"{request_path}/comments/{made['id']}", json={"text": f"It is {WORDS}, edited."})
    links = " ".join(f"https://{n}.example" for n in range(3))
    await api.post(f"{request_path}/comments", json={**said, "text": f"{WORDS} {links}"})
    await api.put("/v1/moderation/people", json={"person": person, "standing": "blocked", "reason": "It is enough."})
    tables = {"comments", "activity", "held_posts", "standings", "recent_words", "moderation_log"}
    assert set(await held(WORDS)) == tables
    await person_is_erased(worker, person, datetime.now(UTC) + timedelta(seconds=5))
    await scrub()
    assert await held(WORDS) == []
    (left,) = (await api.get(f"{request_path}/comments")).json()["items"]
    assert (left["text"], left["name"], left["person"]) == ("", None, None)
    assert (await api.get("/v1/moderation/queue")).json()["items"] == []


async def test_a_person_is_remembered_by_a_hash_alone(worker, held, scrub) -> None:
    await person_is_erased(worker, f"native:{WORDS}", datetime.now(UTC))
    assert await held(WORDS) == ["erased"]
    await scrub()
    assert await held(WORDS) == []
    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM erased WHERE stage = 'done' AND wanted IS NULL") == 1


def test_the_board_reads_erasures_of_persons_and_its_job_scrubs(parts) -> None:
    assert PERSONS in parts.subscriptions
    assert any(isinstance(job, ErasureJob) for job in parts.jobs)
    assert PERSONS.types == {"customer.erased"}


async def test_every_store_has_its_line(worker) -> None:
    async with worker.transaction() as tx:
        tables = await tables_of(tx.raw, "feedback-board")
    assert set(tables) == STORES.keys() | RUNTIME_STORES.keys()
    assert not STORES.keys() & RUNTIME_STORES.keys()
