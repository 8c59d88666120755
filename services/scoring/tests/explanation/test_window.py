"""Why a score moved, over HTTP: parts that add up to the API's own two scores and to a computation from scratch."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common import erasure
from plaudit.common.contracts import Kind, Origin, ReviewState, SourceRef
from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.common.process import Resources
from plaudit.scoring.erasure.commands import scrub
from plaudit.scoring.explanation import api as explanation
from plaudit.scoring.explanation.api import explain_window
from plaudit.scoring.explanation.domain.window import by_source, by_stars
from plaudit.scoring.moves import commands as moves
from plaudit.scoring.profiles.domain import RECENT
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import Moment, read_for
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.sums.domain.decay import EPOCH, LANDMARK_HALF_LIVES, unix_us
from plaudit.scoring.topics.domain import TOPICS
from plaudit_testing.own_profiles import own, set_profile
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

START = datetime(2019, 1, 1, tzinfo=UTC)
DAYS = 2_600
HALF_LIVES = {"trust": 182.5, "recent": 30.0, "lifetime": math.inf}
OWN_HALF_LIVES = {"an_hour": 1 / 24, "two_days": 2.0}
"""In days, of profiles of the tenant's own."""
SOURCES = [
    SourceRef(id=f"01956d00-0000-7000-8000-00000000000{number}", name="Shop", platform="native", created_at=START)
    for number in (1, 2)
]


@dataclass
class Life:
    """A review's states, each with when it was shown."""

    review_id: str = field(default_factory=lambda: str(uuid7()))
    states: list[tuple[datetime, ReviewState | None]] = field(default_factory=list)
    is_erased: bool = False

    def shown_at(self, at: datetime) -> ReviewState | None:
        """The review as it was shown at an instant."""
        standing = [state for shown, state in self.states if shown <= at]
        return standing[-1] if standing else None

    async def tell(self, bus, known_at: datetime, state: ReviewState | None, told_as: str = "") -> None:
        """Tell of the review's next state."""
        before = self.states[-1][1] if self.states else None
        if state == before:
            return
        await bus.tell(
            before,
            state,
            review_id=self.review_id,
            time=known_at,
            event_type=told_as,
            revision=len(self.states) + 1,
        )
        self.states.append((known_at, state))
        self.is_erased = told_as == "review.erased"


def rated(rating: float, subject: str = "acme", at: datetime = START, **fields: Any) -> ReviewState:
    return review_state(rating, subject, rated_at=at, published_at=at, **fields)


async def lived(bus, chance: random.Random, known_at: datetime) -> Life:
    """Tell of a review and of what becomes of it."""
    life = Life()
    rated_at = known_at - chance.choice([timedelta(0), timedelta(seconds=40), timedelta(days=chance.randrange(2500))])
    state: ReviewState | None = rated(
        chance.choice([1.0, 2.0, 3.6, 4.0, 5.0]),
        chance.choice(["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]),
        rated_at,
        kind=chance.choice([Kind.STARS, Kind.STARS, Kind.THUMBS, Kind.NPS]),
        origin=chance.choice([*Origin]),
        source=chance.choice(SOURCES),
        topics=tuple(chance.sample(TOPICS, chance.choice([0, 1, 1, 2, 3]))),
    )
    await life.tell(bus, known_at, state)
    for _ in range(chance.choice([0, 0, 1, 2, 3])):
        known_at += timedelta(days=chance.randrange(1, 200))
        if life.is_erased:
            break
        told_as = ""
        match chance.choice(["edit", "relabel", "move", "remove", "erase"]) if state is not None else "restore":
            case "edit":
                assert state is not None
                state = msgspec.structs.replace(
                    state, rating=chance.choice([1.0, 4.5, 5.0]), rated_at=known_at - timedelta(hours=2)
                )
            case "relabel":
                assert state is not None
                state = msgspec.structs.replace(
                    state, kind=chance.choice([Kind.STARS, Kind.NPS]), topics=tuple(chance.sample(TOPICS, 2))
                )
            case "move":
                assert state is not None
                state = msgspec.structs.replace(state, subject=chance.choice(["acme/berlin", "globex", "acme/paris"]))
            case "remove":
                state = None
            case "erase":
                state, told_as = None, "review.erased"
            case _:
                told_as = "review.restored"
                state = next(each for _, each in reversed(life.states) if each is not None)
        await life.tell(bus, known_at, state, told_as)
    return life


def wanted(lives: Sequence[Life], subject: str, profile: str, shown_at: datetime, read_at: datetime) -> float:
    """By its definition, the score that the reviews shown at one instant give at another; the prior without any."""
    total, weight = [7 * 3.5], [7.0]
    for life in lives:
        state = life.shown_at(shown_at)
        if state is not None and state.kind in {"stars", "thumbs"} and f"{state.subject}/".startswith(f"{subject}/"):
            w = 0.5 ** ((read_at - state.rated_at) / timedelta(days=1) / (HALF_LIVES | OWN_HALF_LIVES)[profile])
            total.append(w * state.rating)
            weight.append(w)
    return math.fsum(total) / math.fsum(weight)


def weight_of(state: ReviewState, profile: str, read_at: datetime) -> float:
    return float(0.5 ** ((read_at - state.rated_at) / timedelta(days=1) / (HALF_LIVES | OWN_HALF_LIVES)[profile]))


def is_counted(state: ReviewState | None, subject: str) -> bool:
    return state is not None and state.kind in {"stars", "thumbs"} and f"{state.subject}/".startswith(f"{subject}/")


def by_topic(lives: Sequence[Life], subject: str, profile: str, window: tuple[datetime, datetime]) -> dict[str, float]:
    """By its definition, what the changes of a window did to the score by topic, each split between its topics."""
    begins, ends = window
    aged = wanted(lives, subject, profile, begins, ends)
    standing = [life.shown_at(ends) for life in lives]
    total = 7 + math.fsum(weight_of(each, profile, ends) for each in standing if each and is_counted(each, subject))
    found: dict[str, list[float]] = {}
    for life in lives:
        told = [(None, None), *life.states]
        for (_, before), (at, after) in pairwise(told):
            if at is None or not begins < at <= ends or figures(before) == figures(after):
                continue
            if is_counted(before, subject) and is_counted(after, subject) and figures(before)[1:] == figures(after)[1:]:
                continue
            for sign, state in ((-1, before), (1, after)):
                if state is None or not is_counted(state, subject):
                    continue
                is_erasure = life.is_erased and (at, after) == life.states[-1]
                topics = ["not_sorted"] if is_erasure else list(state.topics) or ["none"]
                effect = sign * weight_of(state, profile, ends) * (state.rating - aged) / total
                for topic in topics:
                    found.setdefault(topic, []).append(effect / len(topics))
    return {topic: math.fsum(effects) for topic, effects in found.items()}


def figures(state: ReviewState | None) -> tuple[Any, ...]:
    """What figures depend on, the subject first."""
    return () if state is None else (state.subject, state.kind, state.rating, state.rated_at)


async def explained(api: httpx.AsyncClient, subject: str, begins: datetime, ends: datetime, **params: Any) -> Any:
    asked = {"from": begins.isoformat(), "to": ends.isoformat(), **params}
    answer = await api.get(f"/v1/score-explanations/{subject}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shown(api: httpx.AsyncClient, subject: str, at: datetime, profile: str = "trust") -> tuple[float, int]:
    answer = (await api.get(f"/v1/scores/{subject}", params={"known_at": at.isoformat(), "profile": profile})).json()
    return (answer["prior"] if answer["score"] is None else answer["score"]), answer["count"]


def exactly(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


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


def counts_differently(life: Life, subject: str, profile: str, begins: datetime, ends: datetime) -> bool:
    def counted(state: ReviewState | None) -> tuple[float, datetime | None] | None:
        is_counted = (
            state is not None and state.kind in {"stars", "thumbs"} and f"{state.subject}/".startswith(f"{subject}/")
        )
        fades = profile != "lifetime"
        return (state.rating, state.rated_at if fades else None) if is_counted and state is not None else None

    return counted(life.shown_at(begins)) != counted(life.shown_at(ends))


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
    monkeypatch.setattr(explanation, "LOOKED_AT", 4)
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


@pytest.mark.parametrize("ends", ["0001-01-01T00:00:00.000001Z", "0001-01-15T00:00:00Z"])
async def test_a_window_that_begins_before_the_calendar_begins_with_it(api: httpx.AsyncClient, bus, ends: str) -> None:
    await bus.tell(None, review_state(5, "acme"))

    answer = await api.get("/v1/score-explanations/acme", params={"to": ends})

    assert (answer.status_code, answer.json()["before"]["at"]) == (200, "0001-01-01T00:00:00Z")
    reversed_window = await api.get("/v1/score-explanations/acme", params={"to": "0001-01-01T00:00:00Z"})
    assert problem_of(reversed_window) == (422, "reversed-window")
