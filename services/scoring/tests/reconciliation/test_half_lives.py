"""Sums of tenants' own half-lives that are not what the ledger says are found and summed anew, as the others are."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.scoring import metrics
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.reconciliation import commands
from plaudit.scoring.reconciliation.domain import Outcome, Walk
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, reconcile
from plaudit.scoring.sums.domain.decay import Sums
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

HALF_LIVES_US = [DAY_US // 24, 45 * DAY_US, 3_652 * DAY_US]
NOW = datetime.now(UTC).replace(microsecond=0)
KEY = ("half_life_us", "prefix", "source_id", "traits", "partition", "landmark")
NUMBERS = ("n1", "n2", "n3", "n4", "n5", "newest_us", *(name for name in Sums._fields if not name.startswith("n")))
SUMS = f"SELECT {', '.join((*KEY, *NUMBERS))} FROM scoring.tenant_sums ORDER BY {', '.join(KEY)}"


@pytest.fixture(autouse=True)
async def kept(keep_half_lives: Any) -> None:
    """Live adds to all of these half-lives from the first record on."""
    await keep_half_lives(*HALF_LIVES_US)


async def rows(superuser: asyncpg.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await superuser.fetch(SUMS)]


def near(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Counts exactly, weights to what a figure shows beside the weight of all stars."""
    return [
        (*row[:12], *(pytest.approx(each, rel=1e-9, abs=1e-9 * sum(map(abs, row[14:]))) for each in row[12:]))
        for row in found
    ]


async def some_history(groups: Any, chance: random.Random, count: int = 50) -> None:
    standing: dict[str, tuple[int, ReviewState]] = {}
    for _ in range(count):
        review_id, partition, before = str(uuid7()), chance.randrange(2), None
        if standing and chance.random() < 0.4:
            review_id = chance.choice(sorted(standing))
            partition, before = standing.pop(review_id)
        after = None
        if before is None or chance.random() < 0.7:
            age = chance.choice([timedelta(minutes=chance.randrange(600)), timedelta(days=chance.randrange(700))])
            after = review_state(
                chance.choice([1.0, 3.5, 5.0]),
                chance.choice(["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]),
                rated_at=NOW - age,
            )
            standing[review_id] = partition, after
        await groups.tell(before, after, partition=partition, review_id=review_id)


async def test_sums_that_are_right_are_left_as_they_are(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await some_history(groups, random.Random(1))
    job = ReconciliationJob(worker)
    while await job.sum_rounded_anew():
        pass
    before = await rows(superuser)
    kept_rows = await superuser.fetchval("SELECT count(*) FROM scoring.sums WHERE prefix LIKE 'acme%'")

    outcome = await reconcile(worker, "default", "acme")

    assert (outcome.differing, outcome.skipped) == (0, 0)
    assert outcome.compared == kept_rows + sum(row[1].startswith("acme") for row in before)
    assert await rows(superuser) == near(before)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE scoring.tenant_sums SET n5 = n5 + 1 WHERE prefix = 'acme/berlin'",
        "UPDATE scoring.tenant_sums SET a = a * 1.0000001 WHERE prefix = 'acme' AND n1 + n4 + n5 > 0",
        "UPDATE scoring.tenant_sums SET newest_us = newest_us + 1 WHERE prefix = 'acme'",
        "DELETE FROM scoring.tenant_sums WHERE prefix LIKE 'acme/%'",
        "UPDATE scoring.tenant_sums SET landmark = landmark + 1000 WHERE prefix = 'acme/berlin/shop-3'",
    ],
)
async def test_whatever_is_wrong_is_summed_anew_and_marked(
    groups: Any, worker: Database, superuser: asyncpg.Connection, damage: str
) -> None:
    await some_history(groups, random.Random(2))
    await reconcile(worker, "default", "acme")
    right = await rows(superuser)
    await superuser.execute(damage)
    await superuser.execute("DELETE FROM scoring.marks")

    outcome = await reconcile(worker, "default", "acme")

    assert outcome.differing + outcome.rounded > 0
    assert outcome.skipped == 0
    standing = [row for row in await rows(superuser) if any(row[6:11])]
    assert standing == [row for row in near(right) if any(row[6:11])]
    assert await superuser.fetchval("SELECT count(*) FROM scoring.marks") > 0
    again = await reconcile(worker, "default", "acme")
    assert (again.differing, again.rounded, again.skipped) == (0, 0, 0)


async def test_what_live_applies_between_comparison_and_repair_is_counted_once(
    groups: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_history(groups, random.Random(3))
    right = commands.repair

    async def repair_after_more(*arguments: Any) -> bool:
        """As live goes on while the repair waits for its turn."""
        monkeypatch.undo()
        await some_history(groups, random.Random(4), 30)
        return await right(*arguments)

    monkeypatch.setattr(commands, "repair", repair_after_more)
    await superuser.execute("UPDATE scoring.tenant_sums SET n1 = n1 + 7, a = 3 WHERE prefix = 'acme'")

    assert (await reconcile(worker, "default", "acme")).differing > 0

    found = await rows(superuser)
    await superuser.execute("UPDATE scoring.tenant_sums SET n1 = 0, n2 = 0, n3 = 0, n4 = 0, n5 = 0, a = 0, b2 = 0")
    for subject in ("acme", "globex"):
        await reconcile(worker, "default", subject)
    assert await rows(superuser) == near(found)


async def test_a_half_life_that_is_dropped_meanwhile_gets_no_rows(
    groups: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    await superuser.execute("DELETE FROM scoring.tenant_sums")
    repair = commands.repair

    async def repair_after_drop(*arguments: Any) -> bool:
        await superuser.execute("DELETE FROM scoring.half_life_partitions")
        return await repair(*arguments)

    monkeypatch.setattr(commands, "repair", repair_after_drop)
    await reconcile(worker, "default", "acme")

    assert await rows(superuser) == []


async def test_a_tenant_without_half_lives_of_its_own_is_compared_as_before(groups: Any, worker: Database) -> None:
    await groups.tell(None, review_state(5, "acme"), tenant_id="other")

    assert await reconcile(worker, "other", "acme") == Outcome(compared=1)


async def test_the_night_repairs_them_and_raises_the_alarm(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    await superuser.execute("UPDATE scoring.tenant_sums SET n5 = 7")
    before = metrics.REPAIRED_DIFFERING._value.get()
    job = ReconciliationJob(worker)

    assert [await job.turn() for _ in range(1 + len(Walk) + 1)] == [*[1] * (1 + len(Walk)), 0]

    assert metrics.REPAIRED_DIFFERING._value.get() == before + len(HALF_LIVES_US)
    assert {row[10] for row in await rows(superuser)} == {1}


@pytest.mark.parametrize("half_life_us", HALF_LIVES_US)
async def test_a_review_much_newer_than_the_others_leaves_no_trace_when_it_is_removed(
    groups: Any, worker: Database, superuser: asyncpg.Connection, half_life_us: int
) -> None:
    """Against one landmark, the newest weighs 2^63 times the oldest, which is less than rounding leaves of it."""
    landmark = int(NOW.timestamp() * 1e6) // (64 * half_life_us)
    first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=64 * landmark * half_life_us)
    await groups.tell(None, review_state(5, "acme", rated_at=first), review_id=str(uuid7()))
    new, review_id = review_state(4, "acme", rated_at=first + timedelta(microseconds=63 * half_life_us)), str(uuid7())
    await groups.tell(None, new, review_id=review_id)
    await groups.tell(new, None, review_id=review_id)
    job = ReconciliationJob(worker)
    assert await job.has_work()

    while await job.sum_rounded_anew():
        pass

    [found] = [row for row in await rows(superuser) if row[0] == half_life_us]
    named = dict(zip((*KEY, *NUMBERS), found, strict=True))
    assert (named["n5"], named["n4"]) == (1, 0)
    assert (named["a"], named["b2"], named["w5"], named["w4"]) == pytest.approx((5, 1, 1, 0), rel=1e-9)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.rounded_tenant_sums") == 0


async def test_a_removal_that_leaves_most_of_the_weight_marks_nothing(
    groups: Any, superuser: asyncpg.Connection
) -> None:
    states = [review_state(stars, "acme", rated_at=NOW - timedelta(minutes=stars)) for stars in (2, 3, 5)]
    for state in states:
        await groups.tell(None, state, review_id=str(uuid7()))
    await groups.tell(states[0], None)

    assert await superuser.fetchval("SELECT count(*) FROM scoring.rounded_tenant_sums") == 0
