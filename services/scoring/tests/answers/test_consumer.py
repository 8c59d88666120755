"""What the group of answers keeps of reviews."""

import random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from plaudit.common import erasure
from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import InvalidRecordError
from plaudit.scoring.answers import store
from plaudit.scoring.answers.domain.places import MAX_REVISIONS
from plaudit_testing.answered import BEGINNING, HOUR, SOURCES, Told, answer, lived
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

HELD = (
    "SELECT * FROM answer_reviews ORDER BY 1, 2",
    "SELECT * FROM answer_places ORDER BY 1, 2, 3, 4, 5",
    "SELECT * FROM answer_sources ORDER BY 1, 2",
)


async def held(worker: Database) -> list[list[tuple[Any, ...]]]:
    """All that is kept of reviews and sources."""
    async with worker.transaction() as tx:
        return [[tuple(row) for row in await tx.raw.fetch(each)] for each in HELD]


def created(review_id: str = "", **fields: Any) -> Told:
    state = review_state(2.0, source=SOURCES[0], published_at=BEGINNING, rated_at=BEGINNING, **fields)
    return Told(review_id or str(uuid7()), 1, "review.created", BEGINNING, None, state)


def follows(told: Told, state: Any, name: str = "review.edited") -> Told:
    return Told(told.review_id, told.revision + 1, name, told.time + HOUR, told.after, state)


async def test_a_review_is_found_by_each_prefix_of_its_subject(answering, worker: Database) -> None:
    told = created()
    await answering.tell(told, follows(told, msgspec.structs.replace(told.after, answer=answer(BEGINNING + HOUR))))

    _, places, sources = await held(worker)
    assert [(row[1], str(row[3]), row[7] is not None, row[8]) for row in places] == [
        ("acme", told.review_id, True, False),
        ("acme/berlin", told.review_id, True, False),
    ]
    assert [(str(row[1]), row[2] is not None, row[3]) for row in sources] == [(SOURCES[0].id, True, None)]


async def test_order_batches_and_repetition_make_no_difference(answering, worker: Database, superuser) -> None:
    chance = random.Random(11)
    events = [told for _ in range(60) for told in lived(chance, BEGINNING + chance.randrange(900) * HOUR)]
    await answering.tell(*events)
    once = await held(worker)
    assert all(once)

    for seed in range(3):
        await superuser.execute("TRUNCATE scoring.answer_reviews, scoring.answer_places, scoring.answer_sources")
        await answering.tell_anyhow(random.Random(seed), events)
        assert await held(worker) == once
    await answering.tell_anyhow(chance, events)
    assert await held(worker) == once


async def test_a_removal_leaves_no_present_place_and_no_word_is_kept(answering, worker: Database) -> None:
    told = created(text="A word that nobody uses: quibblefrotz", person="native:c-1")
    await answering.tell(told, follows(told, None, "review.erased"))

    lives, places, _ = await held(worker)
    assert {row[5] for row in places} == {places[0][5]}
    assert places[0][5] < 2**60
    assert "quibblefrotz" not in str(lives)
    assert "c-1" not in str(lives)
    async with worker.transaction() as tx:
        asked = [("default", told.review_id)]
        assert set(await erasure.erased_reviews(tx, asked)) == set(asked)


async def test_nothing_of_a_batch_is_kept_where_one_review_cannot_be_counted(answering, worker: Database) -> None:
    with pytest.raises(InvalidRecordError, match="off the scale"):
        await answering.tell(created(), _off_the_scale())

    assert await held(worker) == [[], [], []]


def _off_the_scale() -> Told:
    told = created()
    return Told(told.review_id, 1, told.type, told.time, None, msgspec.structs.replace(told.after, rating=5.5))


async def test_tenants_do_not_mix_and_a_request_sees_its_own(answering, worker: Database, resources) -> None:
    told = created()
    for tenant_id in ("default", "other"):
        await answering.tell(told, tenant_id=tenant_id)

    async with resources.database(Role.API).transaction("other") as tx:
        for table in ("answer_places", "answer_sources"):
            assert await tx.raw.fetchval(f"SELECT array_agg(DISTINCT tenant_id) FROM {table}") == ["other"]


async def test_a_change_of_a_review_that_was_edited_ten_thousand_times_costs_no_more_than_a_limit(
    answering, worker: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, events = created(subject="acme/berlin"), []
    for number in range(10_000):
        events.append(told)
        told = follows(told, _edited(told, number))
    for first in range(0, 10_000, 2_000):
        await answering.tell(*events[first : first + 2_000])
    moved: list[int] = []

    async def counting(tx: Any, gone: Any, new: Any) -> None:
        moved.append(len(gone) + len(new))
        await move(tx, gone, new)

    move = store.move
    monkeypatch.setattr(store, "move", counting)
    for number in range(20):
        await answering.tell(told)
        told = follows(told, _edited(told, number))

    [[_, _, life]], places, _ = await held(worker)
    assert len(msgspec.json.decode(life)) == MAX_REVISIONS
    assert 0 < len(places) <= 2 * MAX_REVISIONS
    assert len(moved) == 20
    # The newest stand ends and a new one begins, the oldest goes and those beside it become one: at two prefixes.
    assert 0 < max(moved) <= 14


def _edited(told: Told, number: int) -> Any:
    """Another source each time, so that each stand is a place of its own."""
    at = told.time + HOUR
    return msgspec.structs.replace(told.after, rating=1.0 + number % 5, rated_at=at, source=SOURCES[number % 2])


@pytest.mark.parametrize(
    ("told_us", "untold_us", "is_written"),
    [
        (1_030_000_000, None, False),
        (1_030_000_000, 910_000_000, False),
        (None, 930_000_000, False),
        (500_000_000, 500_000_000, False),
        (1_060_000_000, None, True),
        (None, 960_000_000, True),
        (None, 1_000_000_001, True),
    ],
)
async def test_a_source_is_noted_again_only_after_a_minute_or_when_it_ceases_to_tell(
    worker: Database, told_us: int | None, untold_us: int | None, is_written: bool
) -> None:
    key = "default", UUID(SOURCES[0].id)
    async with worker.transaction() as tx:
        await store.note_sources(tx, {key: (1_000_000_000, 900_000_000)})
    async with worker.transaction() as tx:
        await store.note_sources(tx, {key: (told_us, untold_us)})
        row = await tx.raw.fetchrow(
            "SELECT told_us, untold_us, xmin = pg_current_xact_id()::xid AS is_written FROM answer_sources"
        )
    wanted = max(told_us or 0, 1_000_000_000), max(untold_us or 0, 900_000_000)
    assert tuple(row) == ((*wanted, True) if is_written else (1_000_000_000, 900_000_000, False))


async def test_a_source_that_tells_again_at_once_is_noted(worker: Database) -> None:
    key = "default", UUID(SOURCES[0].id)
    async with worker.transaction() as tx:
        await store.note_sources(tx, {key: (None, 1_000_000_000)})
        await store.note_sources(tx, {key: (1_000_000_001, None)})
        await store.note_sources(tx, {key: (None, 1_000_000_002)})
        assert tuple(await tx.raw.fetchrow("SELECT told_us, untold_us FROM answer_sources")) == (
            1_000_000_001,
            1_000_000_002,
        )
