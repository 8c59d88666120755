"""Scores of any moment, over HTTP, are what a computation from scratch over the events says."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from plaudit.common.contracts import Kind, Origin, ReviewState, SourceRef
from plaudit.common.ids import uuid7
from plaudit_testing.problems import problem_of
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

START = datetime(2019, 1, 1, tzinfo=UTC)
DAYS = 2_600
HALF_LIVES = {"trust": 182.5, "recent": 30.0, "lifetime": math.inf}
SOURCES = [
    SourceRef(id=f"01956d00-0000-7000-8000-00000000000{number}", name="Shop", platform="native", created_at=START)
    for number in (1, 2)
]


@dataclass
class Life:
    """A review's states, each with when it took effect and when it was known."""

    review_id: str = field(default_factory=lambda: str(uuid7()))
    states: list[tuple[datetime, datetime, ReviewState | None]] = field(default_factory=list)

    def state(self, at: datetime, known_at: datetime) -> ReviewState | None:
        """The review as it stood at an instant, as far as it was known at another."""
        standing = [state for valid, known, state in self.states if valid <= at and known <= known_at]
        return standing[-1] if standing else None


async def lived(bus, chance: random.Random, known_at: datetime) -> Life:
    """Tell of a review that is known from then on, perhaps late, and of what becomes of it."""
    life = Life()
    rated_at = known_at - chance.choice([timedelta(0), timedelta(seconds=40), timedelta(days=chance.randrange(900))])
    state: ReviewState | None = review_state(
        chance.choice([1.0, 2.0, 3.5, 4.0, 5.0]),
        chance.choice(["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]),
        kind=chance.choice([Kind.STARS, Kind.STARS, Kind.THUMBS, Kind.NPS]),
        origin=chance.choice([*Origin]),
        source=chance.choice(SOURCES),
        rated_at=rated_at,
        published_at=rated_at,
    )
    await bus.tell(None, state, review_id=life.review_id, time=known_at)
    life.states.append((rated_at, known_at, state))
    for _ in range(chance.choice([0, 0, 1, 2, 3])):
        known_at += timedelta(days=chance.randrange(1, 200))
        before, told_as, valid_at = state, "", known_at
        match chance.choice(["edit", "move", "remove"]) if state is not None else "restore":
            case "edit":
                assert state is not None
                valid_at = known_at - timedelta(hours=chance.randrange(20))
                state = msgspec.structs.replace(state, rating=chance.choice([1.0, 4.5, 5.0]), rated_at=valid_at)
            case "move":
                assert state is not None
                state = msgspec.structs.replace(state, subject=chance.choice(["acme/berlin", "globex", "acme/paris"]))
            case "remove":
                state = None
            case _:
                told_as = "review.restored"
                state = next(each for _, _, each in reversed(life.states) if each is not None)
        if state == before:
            continue
        await bus.tell(before, state, review_id=life.review_id, time=known_at, event_type=told_as)
        life.states.append((max(valid_at, life.states[-1][0]), known_at, state))
    return life


def wanted(
    lives: Sequence[Life], subject: str, profile: str, at: datetime, known_at: datetime, source_id: str | None = None
) -> tuple[float | None, dict[str, int]]:
    """Score and distribution by their definition."""
    total, weight, distribution = 7 * 3.5, 7.0, dict.fromkeys("12345", 0)
    for life in lives:
        state = life.state(at, known_at)
        if state is None or state.kind not in {"stars", "thumbs"} or source_id not in {None, state.source.id}:
            continue
        if f"{state.subject}/".startswith(f"{subject}/"):
            w = 0.5 ** ((at - state.rated_at) / timedelta(days=1) / HALF_LIVES[profile])
            total, weight = total + w * state.rating, weight + w
            distribution[str(math.floor(state.rating + 0.5))] += 1
    return (total / weight if any(distribution.values()) else None), distribution


def near(value: float | None) -> object:
    return None if value is None else pytest.approx(value, rel=1e-9)


async def test_every_moment_is_what_a_computation_from_scratch_says(api: httpx.AsyncClient, bus) -> None:
    chance = random.Random(20261129)
    known = sorted(START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(120))
    lives = [await lived(bus, chance, each) for each in known]
    end = START + timedelta(days=DAYS + 900)

    for _ in range(20):
        at, known_at = (START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(2))
        subject, profile = chance.choice(["acme", "acme/berlin", "globex"]), chance.choice([*HALF_LIVES])
        source = chance.choice(SOURCES).id
        for asked, moment, source_id in (
            ({"at": at}, (at, end), None),
            ({"known_at": known_at}, (known_at, known_at), None),
            ({"at": at, "known_at": known_at}, (at, known_at), None),
            ({"at": at, "source_id": source}, (at, end), source),
        ):
            params = {name: str(value).replace(" ", "T") for name, value in asked.items()}
            answer = await api.get(f"/v1/scores/{subject}", params={**params, "profile": profile})
            assert answer.status_code == 200, answer.text
            score, distribution = wanted(lives, subject, profile, *moment, source_id)
            assert answer.json()["distribution"] == distribution
            assert answer.json()["score"] == near(score)


async def test_now_is_the_moment_that_knows_everything(api: httpx.AsyncClient, bus) -> None:
    chance = random.Random(7)
    lives = [await lived(bus, chance, START + timedelta(days=10 * number)) for number in range(60)]

    for profile in HALF_LIVES:
        for subject in ("acme", "acme/berlin"):
            now = (await api.get(f"/v1/scores/{subject}", params={"profile": profile})).json()
            then = (await api.get(f"/v1/scores/{subject}", params={"profile": profile, "at": now["at"]})).json()
            score, distribution = wanted(lives, subject, profile, datetime.fromisoformat(now["at"]), datetime.now(UTC))
            assert now["distribution"] == then["distribution"] == distribution
            assert now["score"] == near(score)
            assert then["score"] == near(score)


async def test_a_score_of_the_future_is_the_present_one_aged(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme", rated_at=datetime.now(UTC)))

    in_a_half_life = datetime.now(UTC) + timedelta(days=182.5)
    answer = (await api.get("/v1/scores/acme", params={"at": in_a_half_life.isoformat()})).json()

    assert answer["score"] == pytest.approx((7 * 3.5 + 0.5 * 5) / 7.5, rel=1e-5)


async def test_a_subject_that_was_not_known_then_has_no_score_then(api: httpx.AsyncClient, bus) -> None:
    await bus.tell(None, review_state(5, "acme"))

    answer = await api.get("/v1/scores/acme", params={"at": "2001-01-01T00:00:00Z"})

    assert (answer.status_code, answer.json()["score"], answer.json()["count"]) == (200, None, 0)


async def test_a_profile_that_there_is_not_is_a_422_that_names_those_that_there_are(api: httpx.AsyncClient) -> None:
    for path in ("/v1/scores", "/v1/scores/acme"):
        answer = await api.get(path, params={"profile": "fast"})

        assert problem_of(answer) == (422, "unknown-profile")
        assert answer.json()["detail"] == ("There is no profile `fast`; there are `trust`, `recent`, `lifetime`.")


@pytest.mark.parametrize("time", ["yesterday", "2026-03-01", "2026-03-01T12:00:00", "1772366400"])
async def test_a_time_without_a_zone_or_of_another_form_is_refused(api: httpx.AsyncClient, time: str) -> None:
    for name in ("at", "known_at"):
        answer = await api.get("/v1/scores/acme", params={name: time})

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]
