"""Reviews that change, told in a window, and what they do to a score by its definition: for tests of explanation."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest

from plaudit.common.contracts import Kind, Origin, ReviewState, SourceRef
from plaudit.common.ids import uuid7
from plaudit.scoring.topics.domain import TOPICS
from plaudit_testing.review_events import review_state

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

    async def tell(self, bus: Any, known_at: datetime, state: ReviewState | None, told_as: str = "") -> None:
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
    """A review's state, rated and published at an instant."""
    return review_state(rating, subject, rated_at=at, published_at=at, **fields)


async def lived(bus: Any, chance: random.Random, known_at: datetime) -> Life:
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
    """What a review weighs."""
    return float(0.5 ** ((read_at - state.rated_at) / timedelta(days=1) / (HALF_LIVES | OWN_HALF_LIVES)[profile]))


def is_counted(state: ReviewState | None, subject: str) -> bool:
    """Whether a state counts for a subject."""
    return state is not None and state.kind in {"stars", "thumbs"} and f"{state.subject}/".startswith(f"{subject}/")


def by_topic(lives: Sequence[Life], subject: str, profile: str, window: tuple[datetime, datetime]) -> dict[str, float]:
    """By its definition, what the changes of a window did to the score by topic, each split between its topics."""
    begins, ends = window
    middle = (wanted(lives, subject, profile, begins, ends) + wanted(lives, subject, profile, ends, ends)) / 2
    standing = [life.shown_at(at) for life in lives for at in window]
    total = 7 + math.fsum(weight_of(each, profile, ends) for each in standing if each and is_counted(each, subject)) / 2
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
                effect = sign * weight_of(state, profile, ends) * (state.rating - middle) / total
                for topic in topics:
                    found.setdefault(topic, []).append(effect / len(topics))
    return {topic: math.fsum(effects) for topic, effects in found.items()}


def figures(state: ReviewState | None) -> tuple[Any, ...]:
    """What figures depend on, the subject first."""
    return () if state is None else (state.subject, state.kind, state.rating, state.rated_at)


async def explained(api: httpx.AsyncClient, subject: str, begins: datetime, ends: datetime, **params: Any) -> Any:
    """What the API says of a window."""
    asked = {"from": begins.isoformat(), "to": ends.isoformat(), **params}
    answer = await api.get(f"/v1/score-explanations/{subject}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shown(api: httpx.AsyncClient, subject: str, at: datetime, profile: str = "trust") -> tuple[float, int]:
    """The score that the API says was shown at an instant, the prior where there is none, and the count."""
    answer = (await api.get(f"/v1/scores/{subject}", params={"known_at": at.isoformat(), "profile": profile})).json()
    return (answer["prior"] if answer["score"] is None else answer["score"]), answer["count"]


def exactly(value: float) -> object:
    """What equals a figure to 1e-9."""
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def counts_differently(life: Life, subject: str, profile: str, begins: datetime, ends: datetime) -> bool:
    """Whether a review counts for a subject at the end of a window in another way than at its beginning."""

    def counted(state: ReviewState | None) -> tuple[float, datetime | None] | None:
        is_counted = (
            state is not None and state.kind in {"stars", "thumbs"} and f"{state.subject}/".startswith(f"{subject}/")
        )
        fades = profile != "lifetime"
        return (state.rating, state.rated_at if fades else None) if is_counted and state is not None else None

    return counted(life.shown_at(begins)) != counted(life.shown_at(ends))
