"""Sums of tenants' own half-lives are made anew with the others, and take their place at the same instant."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Database, Role
from plaudit.common.ids import uuid7
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.profiles.domain import DAY_US, STAR_KINDS, Profile
from plaudit.scoring.rebuilds import commands
from plaudit.scoring.rebuilds.jobs import rebuild
from plaudit.scoring.reconciliation.jobs import ReconciliationJob
from plaudit.scoring.scores.domain import read_parts
from plaudit.scoring.sums.domain.decay import Sums, unix_us
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

HALF_LIVES_US = [DAY_US // 24, 3_652 * DAY_US]
NOW = datetime.now(UTC).replace(microsecond=0)
KEY = ("tenant_id", "half_life_us", "prefix", "source_id", "traits", "partition", "landmark", "newest_us")
COUNTS = [name for name in Sums._fields if name.startswith("n")]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that a short history takes many."""
    monkeypatch.setattr(commands, "STEP_ENTRIES", 5)


@pytest.fixture
def owner(resources: Any) -> Database:
    """Connections of the owner of the tables."""
    return resources.database(Role.OWNER)


def nothing(_progress: object) -> None:
    pass


async def counts(superuser: asyncpg.Connection) -> dict[tuple[Any, ...], list[int]]:
    found = await superuser.fetch("SELECT * FROM scoring.tenant_sums")
    return {tuple(row[name] for name in KEY): [row[name] for name in COUNTS] for row in found}


class Reviews:
    """Reviews that come, are moved and are removed, with what their scores are from scratch."""

    def __init__(self, groups: Any, seed: int, tenant_id: str = "default") -> None:
        self._groups, self._chance, self._tenant_id = groups, random.Random(seed), tenant_id
        self.standing: dict[str, Any] = {}

    async def tell(self, count: int) -> None:
        chance = self._chance
        for _ in range(count):
            review_id, partition, before = str(uuid7()), chance.randrange(2), None
            if self.standing and chance.random() < 0.4:
                review_id = chance.choice(sorted(self.standing))
                partition, before = self.standing.pop(review_id)
            after = None
            if before is None or chance.random() < 0.6:
                age = chance.choice([timedelta(minutes=chance.randrange(900)), timedelta(days=chance.randrange(3_000))])
                subject = chance.choice(["acme", "acme/berlin", "globex/paris/shop-3"])
                after = review_state(chance.choice([1.0, 3.0, 5.0]), subject, rated_at=NOW - age)
                self.standing[review_id] = partition, after
            await self._groups.tell(before, after, partition=partition, review_id=review_id, tenant_id=self._tenant_id)

    async def are_right(self, worker: Database, half_life_us: int) -> None:
        profile = Profile(
            name="own", half_life_days=half_life_us / DAY_US, prior_weight=3, prior_value=3.5, kinds=STAR_KINDS
        )
        for subject in ("acme", "acme/berlin", "globex"):
            total, weight, count = profile.prior_weight * profile.prior_value, profile.prior_weight, 0
            for _, state in self.standing.values():
                if f"{state.subject}/".startswith(f"{subject}/"):
                    w = 0.5 ** ((unix_us(NOW) - unix_us(state.rated_at)) / half_life_us)
                    total, weight, count = total + w * state.rating, weight + w, count + 1
            async with worker.transaction() as tx:
                found = await half_lives.parts_of(tx, self._tenant_id, half_life_us, [subject], by_source=False)
            score = read_parts(profile, found.get(subject, []), unix_us(NOW))
            assert score.count == count
            assert score.value == pytest.approx(total / weight, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
async def test_while_reviews_come_nothing_is_lost_and_nothing_counts_twice(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection, keep_half_lives: Any, seed: int
) -> None:
    await keep_half_lives(*HALF_LIVES_US)
    reviews = Reviews(groups, seed)
    await reviews.tell(40)
    for _ in range(6):
        async with worker.driver_transaction() as tx:
            assert await commands.sum_some(tx)
        await reviews.tell(3)
    right = await counts(superuser)
    await superuser.execute("UPDATE scoring.tenant_sums SET n5 = n5 + 3, a = a + 1 WHERE prefix <> 'acme/berlin'")
    await superuser.execute("DELETE FROM scoring.tenant_sums WHERE prefix = 'acme/berlin'")

    await rebuild(worker, owner, nothing)

    assert await counts(superuser) == right
    job = ReconciliationJob(worker)
    while await job.sum_rounded_anew():
        pass
    for half_life_us in HALF_LIVES_US:
        await reviews.are_right(worker, half_life_us)
    for table in ("tenant_sums_anew", "rebuild_half_lives", "rebuild_rounded"):
        assert await superuser.fetchval(f"SELECT count(*) FROM scoring.{table}") == 0


async def test_a_review_that_came_and_went_in_different_steps_leaves_no_trace(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection, keep_half_lives: Any
) -> None:
    """Of each half-life and of the kept ones: the newest weighs 2^60 times the oldest."""
    await keep_half_lives(DAY_US)
    block = int(NOW.timestamp() * 1e6) // (64 * 30 * DAY_US)
    first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=64 * 30 * block)
    first += timedelta(days=64 - (64 * 30 * block) % 64)
    old = review_state(5, "acme", rated_at=first)
    await groups.tell(None, old, review_id=str(uuid7()))
    passing = [(review_state(1, "acme", rated_at=first + timedelta(days=days)), str(uuid7())) for days in (60, 60 * 30)]
    for state, review_id in passing:
        await groups.tell(None, state, review_id=review_id)
    for number in range(8):
        await groups.tell(None, review_state(4, f"globex/{number}"), review_id=str(uuid7()))
    for state, review_id in passing:
        await groups.tell(state, None, review_id=review_id)
    await superuser.execute("DELETE FROM scoring.rounded_sums")
    await superuser.execute("DELETE FROM scoring.rounded_tenant_sums")

    await rebuild(worker, owner, nothing)
    job = ReconciliationJob(worker)
    assert await job.sum_rounded_anew() > 0
    while await job.sum_rounded_anew():
        pass

    own = await superuser.fetch("SELECT * FROM scoring.tenant_sums WHERE prefix = 'acme' AND n5 = 1")
    assert [(row["a"], row["b2"]) for row in own] == [pytest.approx((5, 1), rel=1e-9)]
    weight = 2 ** ((first - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=30) - 64 * block)
    kept = await superuser.fetch("SELECT * FROM scoring.sums WHERE prefix = 'acme' AND n5 = 1")
    assert [row["recent_b2"] for row in kept] == [pytest.approx(weight**2, rel=1e-9)]


async def test_one_that_came_while_sums_were_made_anew_is_filled_again(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection, keep_half_lives: Any
) -> None:
    await keep_half_lives(DAY_US)
    await groups.tell(None, review_state(5, "acme"))
    async with worker.driver_transaction() as tx:
        assert await commands.sum_some(tx)
    await keep_half_lives(2 * DAY_US)
    await groups.tell(None, review_state(4, "acme"))

    await rebuild(worker, owner, nothing)

    phases = await superuser.fetch("SELECT half_life_us, phase FROM scoring.half_lives ORDER BY 1")
    assert [tuple(row) for row in phases] == [(DAY_US, "kept"), (2 * DAY_US, "clearing")]
    assert {key[1] for key in await counts(superuser)} == {DAY_US}


async def test_one_that_was_dropped_meanwhile_does_not_come_back(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection, keep_half_lives: Any
) -> None:
    await keep_half_lives(DAY_US)
    await groups.tell(None, review_state(5, "acme"))
    async with worker.driver_transaction() as tx:
        assert await commands.sum_some(tx)
    await superuser.execute("DELETE FROM scoring.half_lives")
    await superuser.execute("DELETE FROM scoring.half_life_partitions")

    await rebuild(worker, owner, nothing)

    assert await counts(superuser) == {}


async def test_what_is_corrected_is_marked_to_be_published(
    groups: Any, worker: Database, owner: Database, superuser: asyncpg.Connection, keep_half_lives: Any
) -> None:
    await keep_half_lives(DAY_US)
    await groups.tell(None, review_state(5, "acme"))
    await groups.tell(None, review_state(5, "globex"))
    await superuser.execute("DELETE FROM scoring.marks")
    await superuser.execute("UPDATE scoring.tenant_sums SET n5 = 7 WHERE prefix = 'globex'")

    await rebuild(worker, owner, nothing)

    marked = await superuser.fetch(
        "SELECT DISTINCT prefix FROM scoring.marks, unnest(row_ids) AS row_id JOIN scoring.sums ON id = row_id"
    )
    assert [row["prefix"] for row in marked] == ["globex"]
