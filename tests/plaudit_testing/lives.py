"""Random lives of reviews: told to scoring, and kept to compute from scratch what its figures must be."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from plaudit.common.contracts import Kind, Origin, ReviewState, SourceRef
from plaudit.common.ids import uuid7
from plaudit_testing.review_events import review_state

START = datetime(2019, 1, 1, tzinfo=UTC)
DAYS = 2_600
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


async def lived(bus: Any, chance: random.Random, known_at: datetime) -> Life:
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


async def lived_by(bus: Any, chance: random.Random, count: int, large: Any = None) -> list[Life]:
    """Tell of so many reviews in the order in which they are known; meanwhile cells are made, if they are given."""
    known = sorted(START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(count))
    lives, unnamed = [], ["acme", "acme/berlin", "globex"]
    for each in known:
        lives.append(await lived(bus, chance, each))
        if large is not None and chance.random() < 0.2:
            await large.name_large(*unnamed[:1])
            unnamed = unnamed[1:]
            await large.carry_on(2)
    if large is not None:
        await large.name_large(*unnamed)
        await large.fill()
    return lives
