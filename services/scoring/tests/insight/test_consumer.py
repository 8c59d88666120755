"""What each change of a review leaves in the tables of insight."""

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import InvalidRecordError
from plaudit.scoring.insight.domain.days import topics_of
from plaudit_testing.review_events import RESOLUTION, SOURCE

pytestmark = pytest.mark.postgres

Spoken = Callable[..., ReviewState]
WORDS = "The parcel came late, and nobody answered."
COUNTED = """
SELECT * FROM insight_days WHERE (low, middle, high) <> (0, 0, 0) ORDER BY tenant_id, prefix, persona, day, source_id
"""
KEY_COLUMNS = 5
PLACES = "SELECT prefix, persona, polarity, day, draw, review_id, source_id FROM insight_places ORDER BY 1, 2, 3, 4, 5"
KEPT = "SELECT * FROM insight_reviews WHERE subject IS NOT NULL ORDER BY review_id"


async def state_of(worker: Database) -> list[list[tuple[Any, ...]]]:
    """All that the tables hold of reviews that are seen; of days prefix, persona, topic, day and counts."""
    async with worker.transaction() as tx:
        rows, places, kept = [[tuple(row) for row in await tx.raw.fetch(each)] for each in (COUNTED, PLACES, KEPT)]
    counted = [
        (*row[1:3], topic, row[3], *counts.numbers) for row in rows for topic, counts in topics_of(row[KEY_COLUMNS:])
    ]
    return [counted, places, kept]


async def days(worker: Database) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """Prefix, persona and topic → low, middle and high, of all days."""
    counted, _, _ = await state_of(worker)
    found: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    for prefix, persona, topic, _, *numbers in counted:
        before = found.get((prefix, persona, topic), (0, 0, 0))
        found[prefix, persona, topic] = before[0] + numbers[0], before[1] + numbers[1], before[2] + numbers[2]
    return found


async def test_a_review_is_counted_for_each_prefix_topic_and_persona_and_for_all(saying, said: Spoken, worker) -> None:
    await saying.new(said(1, WORDS, topics=("delivery",), personas=("new_user",)), said(4), said(3))

    found = await days(worker)
    assert {key: counts for key, counts in found.items() if key[0] == "acme"} == {
        ("acme", "", ""): (1, 1, 1),
        ("acme", "", "delivery"): (1, 0, 0),
        ("acme", "new_user", ""): (1, 0, 0),
        ("acme", "new_user", "delivery"): (1, 0, 0),
    }
    assert {counts for key, counts in found.items() if key == ("acme/berlin", "", "")} == {(1, 1, 1)}


async def test_a_review_is_found_by_its_terms_and_one_without_terms_is_not(saying, said: Spoken, worker) -> None:
    told, _, _ = await saying.new(said(1, WORDS), said(1, "Horrible!"), said(3, WORDS))

    _, places, kept = await state_of(worker)
    assert [(prefix, polarity, str(review_id)) for prefix, _, polarity, _, _, review_id, _ in places] == [
        ("acme", -1, told),
        ("acme/berlin", -1, told),
    ]
    words = {str(row[1]): (row[-3], row[-1]) for row in kept}
    assert words[told] == ("parcel\nlate\nanswer", WORDS)
    assert sorted(stems for stems, _ in words.values()) == ["", "", "parcel\nlate\nanswer"]


async def test_no_word_of_three_stars_is_kept(saying, said: Spoken, worker) -> None:
    await saying.new(said(3, WORDS, person="native:c-1"))

    _, _, [row] = await state_of(worker)
    assert row[-5:] == (None, None, "", "", "")


async def test_a_kind_without_stars_is_not_kept(saying, said: Spoken, worker) -> None:
    await saying.new(said(1, WORDS, kind="nps"), said(5, WORDS, kind="csat"))

    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM insight_reviews") == 0
    assert await state_of(worker) == [[], [], []]


async def test_how_a_complaint_was_solved_is_counted(saying, said: Spoken, worker) -> None:
    await saying.lives(said(2), said(2, resolution=RESOLUTION))
    await saying.lives(said(5), said(5, resolution=RESOLUTION))

    counted, _, _ = await state_of(worker)
    assert [row[-4:] for row in counted if row[:3] == ("acme", "", "")] == [(1, 1, 5, 25)]


async def test_every_change_takes_what_was_and_adds_what_is(saying, said: Spoken, worker) -> None:
    low, high = said(1, WORDS, topics=("delivery",)), said(5, WORDS, topics=("delivery",))
    moved = msgspec.structs.replace(
        high, subject="acme/hamburg", source=msgspec.structs.replace(SOURCE, id=str(uuid7()))
    )

    review_id = await saying.lives(low, high, moved)
    assert await days(worker) == {
        (prefix, "", topic): (0, 0, 1) for prefix in ("acme", "acme/hamburg") for topic in ("", "delivery")
    }
    await saying.give([saying.record(moved, None, review_id=review_id, revision=4)])
    assert await state_of(worker) == [[], [], []]
    async with worker.transaction() as tx:
        [row] = await tx.raw.fetch("SELECT revision, words, writer FROM insight_reviews")
    assert tuple(row) == (4, None, None)


async def test_order_and_repetition_make_no_difference(saying, said: Spoken, worker, superuser) -> None:
    texts = [WORDS, "The refund took months.", "Quick refund!", None]
    records = []
    for n in range(12):
        choose = random.Random(n)
        states = [
            said(choose.choice((1, 2, 3, 4, 5)), choose.choice(texts), subject=choose.choice(("acme", "acme/berlin")),
                 topics=choose.choice(((), ("delivery",))), days_ago=choose.randrange(60))
            for _ in range(4)
        ]  # fmt: skip
        if n % 3 == 0:
            states[-1] = None
        records += saying.records(*states, review_id=str(uuid7()))
    for record in records:
        await saying.give([record])
    wanted = await state_of(worker)
    assert wanted[0]

    for seed in range(3):
        await superuser.execute("TRUNCATE scoring.insight_reviews, scoring.insight_places, scoring.insight_days")
        shuffled = records + random.Random(seed).sample(records, 20)
        random.Random(seed).shuffle(shuffled)
        for first in range(0, len(shuffled), 7):
            await saying.give(shuffled[first : first + 7])
        assert await state_of(worker) == wanted


async def test_an_answer_leaves_what_was_kept(saying, said: Spoken, worker) -> None:
    state = said(1, WORDS)
    review_id = await saying.lives(state)
    before = await state_of(worker)
    await saying.give(
        [saying.record(state, msgspec.structs.replace(state, url="https://x.example"), review_id=review_id, revision=2)]
    )

    after = await state_of(worker)
    assert after[:2] == before[:2]
    assert [row[2] for row in after[2]] == [2]


async def test_a_review_counts_on_the_day_of_its_rating_in_utc(saying, said: Spoken, worker) -> None:
    await saying.new(said(1, rated_at="2026-03-01T23:30:00-05:00"))

    counted, _, _ = await state_of(worker)
    assert {row[3] for row in counted} == {date(2026, 3, 2)}


@pytest.mark.parametrize("fields", [{"rating": 5.5}, {"rating": 0.5}, {"subject": "No subject"}])
async def test_what_cannot_be_counted_is_invalid(saying, said: Spoken, worker, fields: dict[str, Any]) -> None:
    state = msgspec.structs.replace(said(1, WORDS), **fields)
    with pytest.raises(InvalidRecordError):
        await saying.new(state)

    assert await state_of(worker) == [[], [], []]


async def test_tenants_do_not_mix_and_a_request_sees_its_own(saying, said: Spoken, worker, resources) -> None:
    review_id = str(uuid7())
    for tenant_id in ("default", "other"):
        await saying.give([saying.record(None, said(1, WORDS), review_id=review_id, tenant_id=tenant_id)])

    async with resources.database(Role.API).transaction("other") as tx:
        for table in ("insight_reviews", "insight_places", "insight_days"):
            assert await tx.raw.fetchval(f"SELECT array_agg(DISTINCT tenant_id) FROM {table}") == ["other"]
