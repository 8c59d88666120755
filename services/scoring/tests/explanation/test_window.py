"""Why a score moved, over HTTP: parts that add up to the API's own two scores and to a computation from scratch."""

import math
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common import erasure
from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database, Role
from plaudit.common.process import Resources
from plaudit.scoring.erasure.commands import scrub
from plaudit.scoring.explanation import store
from plaudit.scoring.explanation.domain.window import by_source, by_stars
from plaudit.scoring.explanation.store import explain_window
from plaudit.scoring.moves import commands as moves
from plaudit.scoring.profiles.domain import RECENT
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import Moment
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.sums.domain.decay import EPOCH, LANDMARK_HALF_LIVES, unix_us
from plaudit.scoring.topics.domain import TOPICS
from plaudit_testing.explained import (
    DAYS,
    HALF_LIVES,
    OWN_HALF_LIVES,
    SOURCES,
    START,
    Life,
    by_topic,
    counts_differently,
    exactly,
    explained,
    lived,
    rated,
    shown,
    wanted,
)
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.scored import read_for

pytestmark = pytest.mark.postgres


async def test_the_parts_of_any_window_add_up_to_the_two_scores_and_are_what_a_computation_from_scratch_says(
    api: httpx.AsyncClient, bus, superuser
) -> None:
    chance = random.Random(20261129)
    known = sorted(START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(100))
    for name, half_life_days in OWN_HALF_LIVES.items():
        await set_profile(superuser, own(name, half_life_days, prior_weight=7.0, prior_value=3.5))
    lives = [await lived(bus, chance, each) for each in known]

    for _ in range(35):
        begins, ends = sorted(START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(2))
        subject, profile = (
            chance.choice(["acme", "acme/berlin", "globex"]),
            chance.choice([*HALF_LIVES, *OWN_HALF_LIVES]),
        )
        found = await explained(api, subject, begins, ends, profile=profile, reviews=100)

        first = await shown(api, subject, begins, profile)
        second = await shown(api, subject, ends, profile)
        assert (found["before"]["count"], found["after"]["count"]) == (first[1], second[1])
        assert found["change"] == exactly(second[0] - first[0])
        assert first[0] == exactly(wanted(lives, subject, profile, begins, begins))
        assert second[0] == exactly(wanted(lives, subject, profile, ends, ends))
        assert found["ageing"] == exactly(wanted(lives, subject, profile, begins, ends) - first[0])
        for told in ("parts", "sources", "topics"):
            assert math.fsum([found["ageing"], *(each["effect"] for each in found[told])]) == exactly(found["change"])
        assert {each["topic"]: each["effect"] for each in found["topics"]} == {
            topic: exactly(effect) for topic, effect in by_topic(lives, subject, profile, (begins, ends)).items()
        }
        in_window = [life for life in lives if life.shown_at(begins) != life.shown_at(ends)]
        named = {each["review_id"] for each in found["reviews"]}
        assert named <= {life.review_id for life in lives if any(begins < at <= ends for at, _ in life.states)}
        assert named >= {
            life.review_id
            for life in in_window
            if not life.is_erased and counts_differently(life, subject, profile, begins, ends)
        }
        assert not named & {life.review_id for life in lives if life.is_erased}
        effects = [abs(each["effect"]) for each in found["reviews"]]
        assert effects == sorted(effects, reverse=True)


@pytest.mark.parametrize("name", [*OWN_HALF_LIVES])
@pytest.mark.parametrize("half_lives", [3, 66, 300], ids="{} half-lives".format)
async def test_a_window_across_landmarks_of_a_short_half_life_adds_up_whatever_happens_in_it(
    api: httpx.AsyncClient, bus, superuser, name: str, half_lives: int
) -> None:
    profile = own(name, OWN_HALF_LIVES[name], prior_weight=7.0, prior_value=3.5)
    await set_profile(superuser, profile)
    half_life = timedelta(days=OWN_HALF_LIVES[name])
    assert profile.half_life_us is not None
    landmark = EPOCH + (LANDMARK_HALF_LIVES * half_life) * (1 + (START - EPOCH) // (LANDMARK_HALF_LIVES * half_life))
    begins, ends = landmark - half_life, landmark + (half_lives - 1) * half_life
    spans = {unix_us(at) // (LANDMARK_HALF_LIVES * profile.half_life_us) for at in (begins, ends)}
    assert len(spans) == 2  # the window has a landmark within it
    chance = random.Random(f"{name} {half_lives}")

    def during() -> datetime:
        """An instant in the window: of the last half-lives mostly, in which what happens moves the score most."""
        return ends - half_life * min(chance.expovariate(0.7), half_lives * 0.99)

    async def lived_before(rating: float, subject: str = "acme/berlin", **fields: Any) -> tuple[Life, ReviewState]:
        at = begins - half_life * chance.random() * 4
        life, state = Life(), rated(rating, subject, at, source=chance.choice(SOURCES), **fields)
        await life.tell(bus, at, state)
        return life, state

    lives = []
    for number in range(3):
        topics = tuple(chance.sample(TOPICS, number))
        edited, state = await lived_before(2, topics=topics)
        at = during()
        await edited.tell(bus, at, msgspec.structs.replace(state, rating=4.5, rated_at=at))
        corrected, state = await lived_before(4, topics=topics)
        await corrected.tell(bus, during(), msgspec.structs.replace(state, rating=1.0))
        removed, _ = await lived_before(1, topics=topics)
        await removed.tell(bus, during(), None)
        erased, _ = await lived_before(5, topics=topics)
        await erased.tell(bus, during(), None, "review.erased")
        moved, state = await lived_before(3, topics=topics)
        await moved.tell(bus, during(), msgspec.structs.replace(state, subject="globex"))
        moved_in, state = await lived_before(5, "globex", topics=topics)
        await moved_in.tell(bus, during(), msgspec.structs.replace(state, subject="acme"))
        late, new = Life(), Life()
        await late.tell(bus, during(), rated(1, "acme", begins - half_life * chance.random(), topics=topics))
        at = during()
        await new.tell(bus, at, rated(2, "acme", at, topics=topics, source=chance.choice(SOURCES)))
        gone = Life()  # within the window
        first, last = sorted((during(), during()))
        await gone.tell(bus, first, rated(5, "acme", first, topics=topics))
        await gone.tell(bus, last, None)
        lives += [edited, corrected, removed, erased, moved, moved_in, late, new, gone]

    for subject in ("acme", "acme/berlin", "globex"):
        found = await explained(api, subject, begins, ends, profile=name)
        first, second = [await shown(api, subject, at, name) for at in (begins, ends)]
        assert (found["before"]["count"], found["after"]["count"]) == (first[1], second[1])
        assert first[0] == exactly(wanted(lives, subject, name, begins, begins))
        assert second[0] == exactly(wanted(lives, subject, name, ends, ends))
        assert found["change"] == exactly(second[0] - first[0])
        assert found["ageing"] == exactly(wanted(lives, subject, name, begins, ends) - first[0])
        for told in ("parts", "sources", "topics"):
            assert math.fsum([found["ageing"], *(each["effect"] for each in found[told])]) == exactly(found["change"])
        assert {each["topic"]: each["effect"] for each in found["topics"]} == {
            topic: exactly(effect) for topic, effect in by_topic(lives, subject, name, (begins, ends)).items()
        }


async def test_a_profile_with_weights_that_stands_still_between_reviews_adds_up_too(
    resources: Resources[ScoringSettings], bus
) -> None:
    chance = random.Random(3)
    for each in sorted(chance.randrange(DAYS) for _ in range(60)):
        await lived(bus, chance, START + timedelta(days=each))
    profile = replace(
        RECENT,
        name="ours",
        unverified_weight=0.3,
        origin_weights={"incentivised": 0.1},
        source_weights={SOURCES[0].id: 7.0},
        is_frozen=True,
    )

    for _ in range(10):
        begins, ends = sorted(START + timedelta(days=chance.randrange(DAYS), seconds=5) for _ in range(2))
        async with resources.database(Role.API).transaction("default") as tx:
            found = await explain_window(tx, "default", "acme", profile, (begins, ends + timedelta(days=1)), 0)
            standing = [
                read_for(
                    profile,
                    await scores.kept_of(tx, "default", "acme", Moment(at=at, known_at=at)),
                    unix_us(at),
                )
                for at in (begins, ends + timedelta(days=1))
            ]

        assert (found.first.value, found.first.reviews) == (exactly(standing[0].value), standing[0].count)
        assert (found.second.value, found.second.reviews) == (exactly(standing[1].value), standing[1].count)
        for told in (found.by(by_source), found.by(by_stars), found.topics):
            effects = [each.effect for each in told.values()]
            assert math.fsum([found.change.ageing, *effects]) == exactly(standing[1].value - standing[0].value)


async def sum_all(worker: Database) -> None:
    """Let the job do all there is to do."""
    done = 1
    while done:
        async with worker.driver_transaction() as tx:
            done = await moves.carry_on(tx)


@pytest.mark.parametrize("profile", [*HALF_LIVES])
async def test_a_large_subject_whose_days_are_summed_is_explained_as_any_other(
    api: httpx.AsyncClient, bus, worker: Database, superuser, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setattr(moves, "SUMMED_ENTRIES", 9)
    monkeypatch.setattr(store, "LOOKED_AT", 4)
    chance = random.Random(profile)
    known = [START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(70)]
    for each in known[:40]:
        await lived(bus, chance, each)
    await superuser.execute(
        "INSERT INTO scoring.celled_prefixes VALUES ('default', 'acme', true), ('default', 'globex', true)"
    )
    await sum_all(worker)
    for each in known[40:]:  # on days that are summed already
        await lived(bus, chance, each)
    asked = []
    for number in range(16):
        begins, ends = sorted(START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(2))
        if number % 3:
            begins = begins.replace(hour=0, minute=0, second=0)
        asked.append((chance.choice(["acme", "globex"]), begins, ends, chance.choice([1, 3, 100])))

    async def answers() -> list[Any]:
        return [await explained(api, *each[:3], profile=profile, reviews=each[3]) for each in asked]

    before_it_is_summed_anew = await answers()
    await sum_all(worker)
    summed = await answers()
    await superuser.execute("TRUNCATE scoring.summed_prefixes")
    unsummed = await answers()
    await superuser.execute("TRUNCATE scoring.celled_prefixes")
    of_no_large_subject = await answers()

    assert await superuser.fetchval("SELECT count(*) FROM scoring.moves WHERE grain > 0") > 0
    for found in (before_it_is_summed_anew, summed, unsummed):
        for one, other in zip(found, of_no_large_subject, strict=True):
            assert by_name(one) == {name: near(value) for name, value in by_name(other).items()}


def by_name(found: Any) -> dict[str, Any]:
    """The parts of an explanation by what names them, in which ties have no order."""
    named: dict[str, Any] = {"ageing": found["ageing"], "change": found["change"], "count": found["after"]["count"]}
    for part in found["parts"]:
        named[f"{part['happened']} {part['stars_before']} {part['stars_after']}"] = (part["count"], part["effect"])
    for part in found["sources"]:
        named[part["source_id"]] = (part["count"], part["effect"])
    for part in found["topics"]:
        named[part["topic"]] = (part["count"], part["effect"])
    named["reviews"] = tuple(abs(review["effect"]) for review in found["reviews"])
    return named


def near(value: Any) -> Any:
    return tuple(map(near, value)) if isinstance(value, tuple) else exactly(value)


async def test_what_was_erased_mentions_nothing_and_is_not_named_whenever_it_is_summed(
    api: httpx.AsyncClient, bus, worker: Database, superuser
) -> None:
    life, other = Life(), Life()
    await life.tell(bus, START, rated(1, topics=("delivery",)))
    await other.tell(bus, START, rated(5, topics=("price_fees",)))
    await superuser.execute("INSERT INTO scoring.celled_prefixes VALUES ('default', 'acme', true)")
    await sum_all(worker)
    window = (START - timedelta(days=1), START + timedelta(days=9))
    assert {each["topic"] for each in (await explained(api, "acme", *window))["topics"]} == {"delivery", "price_fees"}

    # Removed at first, so that no entry says that it was erased.
    await life.tell(bus, START + timedelta(days=20), None)
    erased = erasure.Erased(
        tenant_id="default",
        kind=erasure.Kind.REVIEW,
        name=life.review_id,
        wanted=life.review_id,
        erased_at=START,
        noted_at=START,
    )
    async with worker.transaction() as tx:
        await scrub(tx, erased)

    for _ in range(2):
        found = await explained(api, "acme", *window)
        assert {each["topic"] for each in found["topics"]} == {"not_sorted", "price_fees"}
        assert [each["review_id"] for each in found["reviews"]] == [other.review_id]
        await sum_all(worker)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.changed_days") == 0
