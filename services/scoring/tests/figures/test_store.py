"""Of a large subject, cells tell of the ages of reviews and of replies what the ledger tells."""

import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plaudit.scoring.cells import store as cells
from plaudit.scoring.figures import store
from plaudit.scoring.figures.domain.figures import Aged, Reply
from plaudit.scoring.figures.domain.weighed import Rated, Weighed
from plaudit.scoring.figures.store import of_cells
from plaudit.scoring.profiles.domain import BUILT_IN, DAY_US, RECENT, Profile
from plaudit.scoring.scores.domain import Moment
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.lives import DAYS, SOURCES, START, lived_by

pytestmark = pytest.mark.postgres

WEIGHTED = Profile(
    name="weighted",
    half_life_days=RECENT.half_life_days,
    prior_weight=2,
    prior_value=3,
    kinds=frozenset({"stars"}),
    unverified_weight=0.3,
    origin_weights={"invited": 0.7, "incentivised": 0.1},
    source_weights={SOURCES[0].id: 0.25},
)


def near(found: Aged | None) -> object:
    return found and Aged(
        newest_us=found.newest_us,
        month=found.month,
        month_before=found.month_before,
        weight_of_month=pytest.approx(found.weight_of_month, rel=1e-9, abs=1e-12),
        weight_of_quarter=pytest.approx(found.weight_of_quarter, rel=1e-9, abs=1e-12),
        median_us=found.median_us,
        between_us=found.between_us,
    )


@pytest.mark.parametrize(
    "long_ago", [of_cells.LONG_AGO, timedelta(days=10_000)], ids=["by late cells", "late entries one by one"]
)
async def test_cells_tell_what_the_ledger_tells(
    worker, bus, large, monkeypatch: pytest.MonkeyPatch, long_ago: timedelta
) -> None:
    monkeypatch.setattr(of_cells, "LONG_AGO", long_ago)
    chance = random.Random(5)
    await lived_by(bus, chance, 160, large)

    async def has_none(*_: object) -> bool:
        return False

    async with worker.transaction() as tx:
        for _ in range(60):
            at = START + timedelta(seconds=chance.randrange((DAYS + 60) * 86_400))
            profile = chance.choice([*BUILT_IN.values(), WEIGHTED])
            source_id = chance.choice([None, None, SOURCES[1].id])
            of_reviews = Weighed(
                tenant_id="default",
                subject=chance.choice(["acme", "acme/berlin", "globex"]),
                moment=Moment(at=at),
                profile=profile,
                source_id=source_id and UUID(source_id),
            )
            of_replies = of_reviews.by(replace(profile, kinds=frozenset({"nps"})))
            between = chance.choice([(0.31234, 0.70123), (0.05077, 0.94111), (0.45111, 0.55777)])
            aged = await store.aged(tx, of_reviews, between)
            replies = await store.replies(tx, of_replies)
            with monkeypatch.context() as without:
                without.setattr(cells, "is_celled", has_none)
                assert aged == near(await store.aged(tx, of_reviews, between))
                assert_like(replies, await store.replies(tx, of_replies))


@pytest.mark.parametrize("hours", [24, 7, 24 * 40])
async def test_cells_tell_the_ratings_of_windows_as_the_ledger_does(
    worker, bus, large, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    chance = random.Random(6)
    await lived_by(bus, chance, 160, large)

    async def has_none(*_: object) -> bool:
        return False

    seen = 0
    async with worker.transaction() as tx:
        for _ in range(20):
            start = unix_us(START) + chance.randrange(DAYS * DAY_US)
            # Midnight, and the hours at which days begin in other time zones.
            start += chance.choice([0, 1, 9, 23]) * DAY_US // 24 - start % DAY_US
            edges = [start + number * hours * DAY_US // 24 for number in range(60 if hours > 24 else 400)]
            of = Rated(
                tenant_id="default",
                subject=chance.choice(["acme", "acme/berlin", "globex"]),
                kinds=chance.choice([frozenset({"stars", "thumbs"}), frozenset({"nps"})]),
                source_id=chance.choice([None, UUID(SOURCES[1].id)]),
                origin=chance.choice([None, "organic"]),
            )
            found = await store.ratings(tx, of, edges)
            with monkeypatch.context() as without:
                without.setattr(cells, "is_celled", has_none)
                assert found == await store.ratings(tx, of, edges)
            seen += sum(sum(each.values()) for each in found)
    assert seen > 0


def assert_like(found: list[Reply], wanted: list[Reply]) -> None:
    """They say the same of each rating; weights are held against another instant, so that only shares are equal."""
    assert [(each.rating, each.count) for each in found] == [(each.rating, each.count) for each in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.weight / found[0].weight == pytest.approx(other.weight / wanted[0].weight, rel=1e-9)
        assert one.squared / found[0].weight ** 2 == pytest.approx(other.squared / wanted[0].weight ** 2, rel=1e-9)


async def test_what_no_cell_holds_yet_counts_once_however_late_it_took_effect(
    worker, bus, large, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await large.name_large("acme")
    await large.fill()
    chance = random.Random(7)
    await lived_by(bus, chance, 60)
    await large.carry_on(12)  # some are in cells now, and some are not
    assert await superuser.fetchval("SELECT count(*) FROM scoring.tail") > 10

    async def has_none(*_: object) -> bool:
        return False

    async with worker.transaction() as tx:
        for _ in range(60):
            at = START + timedelta(seconds=chance.randrange((DAYS + 60) * 86_400))
            profile = chance.choice([*BUILT_IN.values(), WEIGHTED])
            asked = Weighed(tenant_id="default", subject="acme", moment=Moment(at=at), profile=profile)
            aged = await store.aged(tx, asked)
            with monkeypatch.context() as without:
                without.setattr(cells, "is_celled", has_none)
                assert aged == near(await store.aged(tx, asked))
