"""Why a score moved, over HTTP: windows made by hand."""

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import httpx
import pytest

from plaudit_testing.explained import DAYS, SOURCES, START, Life, exactly, explained, lived, rated, shown
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres


async def test_each_thing_that_becomes_of_a_review_is_told_by_its_name(api: httpx.AsyncClient, bus) -> None:
    before, begins = START, START + timedelta(days=10)
    during, ends = START + timedelta(days=20), START + timedelta(days=30)
    lives = {
        name: Life()
        for name in ("new", "late", "edited", "removed", "restored", "moved_in", "moved_out", "erased", "none")
    }
    for name, rating, subject in (
        ("edited", 1, "acme"),
        ("removed", 2, "acme"),
        ("restored", 3, "acme"),
        ("moved_in", 4, "globex"),
        ("moved_out", 5, "acme"),
        ("erased", 1, "acme"),
        ("none", 5, "acme/berlin"),
    ):
        await lives[name].tell(bus, before, rated(rating, subject))
    await lives["restored"].tell(bus, before + timedelta(days=1), None)

    await lives["new"].tell(bus, during, rated(5, at=during))
    await lives["late"].tell(bus, during, rated(3, at=before))
    await lives["edited"].tell(bus, during, rated(4, at=during))
    await lives["removed"].tell(bus, during, None)
    await lives["erased"].tell(bus, during, None, "review.erased")
    await lives["restored"].tell(bus, during, rated(3), "review.restored")
    await lives["moved_in"].tell(bus, during, rated(4, "acme/berlin"))
    await lives["moved_out"].tell(bus, during, rated(5, "globex"))
    await lives["none"].tell(bus, during, rated(5, "acme/paris"))

    found = await explained(api, "acme", begins, ends)
    told = {each["happened"]: (each["stars_before"], each["stars_after"], each["count"]) for each in found["parts"]}
    assert told == {
        "new": (None, 5, 1),
        "late": (None, 3, 1),
        "edited": (1, 4, 1),
        "removed": (2, None, 1),
        "restored": (None, 3, 1),
        "moved_in": (None, 4, 1),
        "moved_out": (5, None, 1),
        "erased": (1, None, 1),
    }
    named = {each["review_id"]: each["happened"] for each in found["reviews"]}
    assert named == {life.review_id: [name] for name, life in lives.items() if name not in {"none", "erased"}}
    assert found["sources"] == [
        {
            "source_id": SOURCES[0].id,
            "source_name": None,
            "platform": None,
            "count": 8,
            "effect": exactly(found["change"] - found["ageing"]),
        }
    ]


async def test_a_window_in_which_nothing_came_has_ageing_alone(api: httpx.AsyncClient, bus) -> None:
    await Life().tell(bus, START, rated(5))

    found = await explained(api, "acme", START, START + timedelta(days=182.5))

    assert found["parts"] == found["sources"] == found["reviews"] == []
    assert found["ageing"] == exactly(found["change"])
    assert found["after"]["score"] == exactly((7 * 3.5 + 2.5) / 7.5)


async def test_what_ends_at_the_first_instant_is_before_the_window_and_at_the_second_within(
    api: httpx.AsyncClient, bus
) -> None:
    first, second = START, START + timedelta(days=1)
    await Life().tell(bus, first, rated(5, at=first))
    await Life().tell(bus, second, rated(1, at=second))

    found = await explained(api, "acme", first, second)

    assert (found["before"]["count"], found["after"]["count"]) == (1, 2)
    assert [each["stars_after"] for each in found["parts"]] == [1]


async def test_a_subject_all_of_whose_reviews_went_has_no_score_after(api: httpx.AsyncClient, bus) -> None:
    life = Life()
    await life.tell(bus, START, rated(5))
    await life.tell(bus, START + timedelta(days=5), None)

    found = await explained(api, "acme", START + timedelta(days=1), START + timedelta(days=6))

    assert (found["after"]["score"], found["after"]["count"]) == (None, 0)
    assert all(abs(part["effect"]) <= 4 for part in found["parts"])
    assert found["change"] == exactly(3.5 - (await shown(api, "acme", START + timedelta(days=1)))[0])


async def test_only_so_many_reviews_are_named(api: httpx.AsyncClient, bus) -> None:
    for rating in (1, 5, 3):
        await Life().tell(bus, START + timedelta(days=1), rated(rating, at=START + timedelta(days=1)))

    found = await explained(api, "acme", START, START + timedelta(days=2), reviews=1)

    assert [each["stars_after"] for each in found["reviews"]] == [1]


async def test_without_instants_it_is_the_last_thirty_days(api: httpx.AsyncClient, bus) -> None:
    await Life().tell(bus, datetime.now(UTC) - timedelta(days=29), rated(5))

    found = (await api.get("/v1/score-explanations/acme")).json()

    begins, ends = (datetime.fromisoformat(found[end]["at"]) for end in ("before", "after"))
    assert ends - begins == timedelta(days=30)
    assert [each["happened"] for each in found["parts"]] == ["late"]


async def test_a_reversed_window_is_refused(api: httpx.AsyncClient) -> None:
    asked = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
    answer = await api.get("/v1/score-explanations/acme", params=asked)

    assert problem_of(answer) == (422, "reversed-window")


async def test_an_unknown_subject_is_a_404_that_names_one_that_may_be_meant(api: httpx.AsyncClient, bus) -> None:
    await Life().tell(bus, START, rated(5))

    answer = await api.get("/v1/score-explanations/acne")

    assert problem_of(answer) == (404, "unknown-subject")
    assert "`acme`" in answer.json()["detail"]


async def test_a_known_subject_is_not_unknown_where_nothing_was_known_yet(api: httpx.AsyncClient, bus) -> None:
    await Life().tell(bus, START, rated(5))

    found = await explained(api, "acme", START - timedelta(days=9), START - timedelta(days=8))

    assert (found["before"]["score"], found["after"]["score"], found["change"]) == (None, None, 0)


@pytest.mark.parametrize("ends", ["0001-01-01T00:00:00.000001Z", "0001-01-15T00:00:00Z"])
async def test_a_window_that_begins_before_the_calendar_begins_with_it(api: httpx.AsyncClient, bus, ends: str) -> None:
    await bus.tell(None, review_state(5, "acme"))

    answer = await api.get("/v1/score-explanations/acme", params={"to": ends})

    assert (answer.status_code, answer.json()["before"]["at"]) == (200, "0001-01-01T00:00:00Z")
    reversed_window = await api.get("/v1/score-explanations/acme", params={"to": "0001-01-01T00:00:00Z"})
    assert problem_of(reversed_window) == (422, "reversed-window")


ORIGINS = ["organic", "invited", "incentivised"]


async def test_of_one_source_or_origin_the_parts_add_up_to_the_scores_of_that_alone(
    api: httpx.AsyncClient, bus, superuser
) -> None:
    chance = random.Random(11)
    for known_at in sorted(START + timedelta(days=chance.random() * DAYS) for _ in range(50)):
        await lived(bus, chance, known_at)
    asked = [{"source_id": SOURCES[0].id}, {"source_id": SOURCES[1].id, "origin": "organic"}]
    asked += [{"origin": origin} for origin in ORIGINS]
    windows = [sorted(START + timedelta(days=chance.random() * DAYS) for _ in range(2)) for _ in range(3)]

    async def answers() -> list[Any]:
        return [await explained(api, "acme", *window, reviews=100, **each) for window in windows for each in asked]

    found = await answers()
    await superuser.execute("INSERT INTO scoring.celled_prefixes VALUES ('default', 'acme', false)")
    of_a_large_subject = await answers()

    everything = [await explained(api, "acme", *window, reviews=100) for window in windows]
    for one, (window, each) in zip(found, product(windows, asked), strict=True):
        first, second = [
            (await api.get("/v1/scores/acme", params={"known_at": at.isoformat(), **each})).json() for at in window
        ]
        assert (one["source_id"], one["origin"]) == (each.get("source_id"), each.get("origin"))
        for end, score in (("before", first), ("after", second)):
            assert one[end]["count"] == score["count"]
            assert one[end]["score"] == (None if score["score"] is None else exactly(score["score"]))
        for told in ("parts", "sources", "topics"):
            assert math.fsum([one["ageing"], *(part["effect"] for part in one[told])]) == exactly(one["change"])
        assert {part["source_id"] for part in one["sources"]} <= {each.get("source_id"), *(s.id for s in SOURCES)}
        if "source_id" in each:
            assert {review["source_id"] for review in one["reviews"]} <= {each["source_id"]}
    for number in range(len(windows)):
        counts = [one["after"]["count"] for one in found[len(asked) * number :][2:5]]
        assert sum(counts) == everything[number]["after"]["count"]
    assert sum(len(one["reviews"]) for one in found) > 20
    assert [(one["change"], [abs(review["effect"]) for review in one["reviews"]]) for one in of_a_large_subject] == [
        (exactly(one["change"]), [exactly(abs(review["effect"])) for review in one["reviews"]]) for one in found
    ]
