"""Erasure: no word of an erased review stays in terms, counts and examples, whatever comes first."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database
from plaudit.common.erasure import Erasure, Kind, note, store
from plaudit.common.ids import uuid7
from plaudit.scoring.erasure.commands import scrub
from plaudit_testing.erasing import holders, scrub_all
from plaudit_testing.review_events import RECORDED

pytestmark = pytest.mark.postgres

Spoken = Callable[..., ReviewState]
WORD = "quibblefrotz"


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SETTLING", timedelta())


def spoken(said: Spoken) -> ReviewState:
    return said(1, f"The {WORD} was late.", title=WORD, person=f"native:{WORD}", topics=("delivery",))


async def left(worker: Database) -> tuple[list[str], int]:
    """The tables that hold the word, and how many reviews are counted."""
    async with worker.transaction() as tx:
        counted = await tx.raw.fetchval("SELECT sum(low + middle + high) FROM insight_days WHERE prefix = 'acme'")
        return await holders(tx.raw, "scoring", WORD), counted or 0


async def note_erasure(worker: Database, review_id: str) -> None:
    async with worker.transaction() as tx:
        await note(tx, [Erasure("default", Kind.REVIEW, review_id, RECORDED)])


async def test_before_it_is_erased_a_review_is_kept(saying, said: Spoken, worker: Database) -> None:
    await saying.new(spoken(said))

    assert await left(worker) == (["insight_reviews"], 1)


async def test_an_erased_review_is_taken_away_and_does_not_come_back(saying, said: Spoken, worker: Database) -> None:
    state = spoken(said)
    review_id = str(uuid7())
    records = saying.records(state, state, review_id=review_id)
    records.append(saying.record(said(1), None, review_id=review_id, revision=3, is_erased=True))
    for record in records:
        await saying.give([record])
    assert await left(worker) == ([], 0)

    await saying.give(records[::-1])
    await saying.give([saying.record(None, state, review_id=review_id, revision=4)])
    assert await left(worker) == ([], 0)


async def test_an_erasure_in_the_same_batch_leaves_nothing(saying, said: Spoken, worker: Database) -> None:
    review_id = str(uuid7())
    records = saying.records(spoken(said), review_id=review_id)
    await saying.give([*records, saying.record(said(1), None, review_id=review_id, revision=2, is_erased=True)])

    assert await left(worker) == ([], 0)


async def test_an_erasure_that_another_group_has_noted_empties_what_is_kept(saying, said: Spoken, worker) -> None:
    [review_id] = await saying.new(spoken(said))
    await saying.new(said(5, "Quick."))
    await note_erasure(worker, review_id)
    await scrub_all(worker, scrub)
    assert await left(worker) == ([], 1)

    await saying.give([saying.record(said(1), None, review_id=review_id, revision=2, is_erased=True)])
    assert await left(worker) == ([], 1)


async def test_a_review_that_comes_after_its_erasure_was_noted_is_not_kept(saying, said: Spoken, worker) -> None:
    review_id = str(uuid7())
    await note_erasure(worker, review_id)
    await scrub_all(worker, scrub)
    await saying.lives(spoken(said), review_id=review_id)

    assert await left(worker) == ([], 0)


async def test_what_is_told_holds_nothing_of_it(saying, said: Spoken, worker, api: httpx.AsyncClient) -> None:
    words = f"The {WORD} was late."
    ids = await saying.new(*(said(1, words, person=f"native:{n}", topics=("delivery",)) for n in range(40)))
    await saying.new(*(said(5, "Quick help", person=f"native:{n}") for n in range(40, 200)))
    assert WORD in (await api.get("/v1/insight/acme")).text

    await saying.give([saying.record(said(1), None, review_id=each, revision=2, is_erased=True) for each in ids[1:]])
    answer = await api.get("/v1/insight/acme")
    assert [each["term"] for each in answer.json()["complaints"]["terms"]] == []
    assert [each["low"]["count"] for each in answer.json()["complaints"]["topics"]] == [1]
    assert {id_ for id_ in ids if id_ in answer.text} == {ids[0]}


async def test_two_writers_of_one_new_review_are_told_apart(saying, said: Spoken, worker: Database) -> None:
    review_id = str(uuid7())
    await saying.lives(spoken(said), review_id=review_id)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with worker.transaction() as tx:
            await tx.raw.execute(
                "INSERT INTO insight_reviews (tenant_id, review_id, revision) VALUES ('default', $1, 1)", review_id
            )
