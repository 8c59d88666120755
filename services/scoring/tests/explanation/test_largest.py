"""The reviews that moved a score most: of a large subject, those that a look at all of them finds."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from plaudit.common.db import Role
from plaudit.common.process import Resources
from plaudit.scoring.explanation import store
from plaudit.scoring.explanation.domain.window import MovingReview
from plaudit.scoring.explanation.store import of_reviews
from plaudit.scoring.moves.domain import ShownStretch
from plaudit.scoring.profiles.domain import LIFETIME, RECENT, TRUST
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.explained import DAYS, SOURCES, START, Life, lived, rated

pytestmark = pytest.mark.postgres

PROFILES = {
    "trust": TRUST,
    "recent": RECENT,
    "lifetime": LIFETIME,
    "weighed": replace(
        TRUST,
        name="weighed",
        unverified_weight=0.3,
        origin_weights={"incentivised": 0.1},
        source_weights={SOURCES[0].id: 7.0},
    ),
    "a day": replace(TRUST, name="a_day", half_life_days=1.0),
}


def effects(asked: of_reviews.Asked, found: list[MovingReview]) -> list[float]:
    return [abs(each.share.a - asked.middle * each.share.b) for each in found]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("tells", ["what bounds changes", "nothing of the past of changes"])
async def test_no_other_review_moved_a_score_more(
    resources: Resources[ScoringSettings], bus, superuser, monkeypatch: pytest.MonkeyPatch, profile, tells: str
) -> None:
    monkeypatch.setattr(store, "LOOKED_AT", 8)
    chance = random.Random(f"{profile.name} {tells}")
    for known_at in sorted(START + timedelta(days=chance.random() * DAYS) for _ in range(120)):
        await lived(bus, chance, known_at)
    if tells != "what bounds changes":  # as where entries were written in another way
        await superuser.execute(
            "UPDATE scoring.ledger SET lowest = NULL, highest = NULL, newest_before = NULL, first_shown_at = NULL"
        )
    by_bounds = 0
    for _ in range(40):
        begins, ends = sorted(unix_us(START + timedelta(days=chance.random() * (DAYS + 300))) for _ in range(2))
        asked = of_reviews.Asked(
            "default",
            chance.choice(["acme", "acme", "acme/berlin", "globex"]),
            ShownStretch(begins, ends),
            ends,
            profile,
            chance.choice([1.0, 2.5, 3.3, 4.6, 5.0]),
        )
        limit = chance.choice([1, 2, 5])
        async with resources.database(Role.API).transaction("default") as tx:
            of_all = await of_reviews.largest(tx, asked, limit, is_large=False)
            with monkeypatch.context() as patched:
                patched.setattr(of_reviews, "largest", _counted := Counted(of_reviews.largest))
                found = await store._largest(tx, asked, limit, is_large=True)
        assert effects(asked, found) == pytest.approx(effects(asked, of_all), rel=1e-9, abs=1e-12)
        by_bounds += not _counted.times
    assert by_bounds > 5


class Counted:
    """A function, and how often it was called."""

    def __init__(self, function) -> None:
        self._function, self.times = function, 0

    async def __call__(self, *args, **named):
        self.times += 1
        return await self._function(*args, **named)


async def test_a_review_that_changed_twice_is_found_by_what_it_was_before_the_first_of_its_changes(
    resources: Resources[ScoringSettings], bus, superuser
) -> None:
    """No change of it did as much as the new reviews; both together did more."""
    twice = Life()
    begins, ends = START + timedelta(days=1), START + timedelta(days=9)
    await twice.tell(bus, START, rated(1))
    await twice.tell(bus, START + timedelta(days=3), rated(3, at=START + timedelta(days=3)))
    await twice.tell(bus, START + timedelta(days=4), rated(5, at=START + timedelta(days=4)))
    for number in range(30):
        at = START + timedelta(days=5, minutes=number)
        await Life().tell(bus, at, rated(5, at=at))
    asked = of_reviews.Asked("default", "acme", ShownStretch(unix_us(begins), unix_us(ends)), unix_us(ends), TRUST, 2.9)

    async with resources.database(Role.API).transaction("default") as tx:
        [found] = await store._largest(tx, asked, 1, is_large=True)

    assert (found.review_id, found.before, found.after) == (twice.review_id, 1, 5)


@pytest.mark.parametrize(("is_large", "looked_at"), [(False, 1_000), (True, 1_000), (True, 12)])
async def test_of_reviews_that_did_as_much_the_newest_are_named_and_of_one_time_the_same_ones_each_time(
    resources: Resources[ScoringSettings],
    bus,
    superuser,
    monkeypatch: pytest.MonkeyPatch,
    is_large: bool,
    looked_at: int,
) -> None:
    """However few are looked at first: the last two of twelve are of an instant at which twenty were rated."""
    monkeypatch.setattr(store, "LOOKED_AT", looked_at)
    ends = START + timedelta(days=9)
    window = ShownStretch(unix_us(START), unix_us(ends))
    lives = [Life() for _ in range(30)]
    for number, life in enumerate(lives):
        # The platform tells days alone: twenty reviews are of one, ten of the next.
        at = START + timedelta(days=1 + number // 20)
        await life.tell(bus, at + timedelta(minutes=number), rated(5, at=at))
    told = sorted(life.review_id for life in lives[20:]), sorted(life.review_id for life in lives[:20])

    async def named() -> list[str]:
        asked = of_reviews.Asked("default", "acme", window, unix_us(ends), LIFETIME, 2.9)
        async with resources.database(Role.API).transaction("default") as tx:
            return [each.review_id for each in await store._largest(tx, asked, 12, is_large=is_large)]

    first = await named()
    await superuser.execute("""
        CREATE TABLE elsewhere AS SELECT * FROM scoring.ledger ORDER BY md5(review_id::text);
        ALTER TABLE scoring.ledger DISABLE TRIGGER ALL;
        DELETE FROM scoring.ledger;
        INSERT INTO scoring.ledger SELECT * FROM elsewhere;
    """)

    assert first == [*told[0], *told[1]][:12]
    assert await named() == first
