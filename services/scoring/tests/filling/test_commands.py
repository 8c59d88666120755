"""A half-life that is filled beside live traffic ends with the sums that one has which was there from the start."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plaudit.common import failpoints
from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database, Tx
from plaudit.common.failpoints import FailpointError
from plaudit.common.ids import uuid7
from plaudit.scoring.filling import commands
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.half_lives.domain import Phase
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.history.domain import Place
from plaudit.scoring.history.store import parts_at
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.profiles.domain import DAY_US, STAR_KINDS, Profile
from plaudit.scoring.reconciliation.jobs import ReconciliationJob
from plaudit.scoring.scores.domain import FOR_EVER, Score, read_parts
from plaudit.scoring.sums.domain.decay import unix_us
from plaudit_testing.review_events import review_state
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

HOUR_US = DAY_US // 24
MONTH_US = 31 * DAY_US
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]


def profile(half_life_us: int, **fields: Any) -> Profile:
    return Profile(
        name="own",
        half_life_days=half_life_us / DAY_US,
        prior_weight=3.0,
        prior_value=3.0,
        kinds=STAR_KINDS,
        **fields,
    )


@dataclass
class Life:
    """A review, told of for each of some tenants in the same words."""

    review_id: str
    partition: int
    state: ReviewState | None = None


class World:
    """Reviews that come, change, move and go, at random."""

    def __init__(self, groups, chance: random.Random, tenants: list[str]) -> None:
        self._groups, self._chance, self._tenants = groups, chance, tenants
        self.lives: list[Life] = []

    def go_on(self) -> None:
        """One thing happens."""
        chance = self._chance
        if not self.lives or chance.random() < 0.5:
            life = Life(str(uuid7()), chance.randrange(2))
            self.lives.append(life)
        else:
            life = chance.choice(self.lives)
        before = life.state
        life.state = self._changed(before)
        if before != life.state:
            for tenant_id in self._tenants:
                self._groups.tell(
                    before, life.state, partition=life.partition, review_id=life.review_id, tenant_id=tenant_id
                )

    def _changed(self, before: ReviewState | None) -> ReviewState | None:
        chance = self._chance
        age = chance.choice([timedelta(minutes=chance.randrange(600)), timedelta(days=chance.randrange(4_000))])
        if before is None:
            return review_state(chance.choice([1.0, 2.5, 4.0, 5.0]), chance.choice(SUBJECTS), rated_at=NOW - age)
        match chance.choice(["edit", "move", "remove", "reword"]):
            case "edit":
                return msgspec.structs.replace(before, rating=chance.choice([1.0, 3.0, 5.0]), rated_at=NOW - age)
            case "move":
                return msgspec.structs.replace(before, subject=chance.choice(SUBJECTS))
            case "remove":
                return None
            case _:
                return msgspec.structs.replace(before, text=f"Words {chance.random()}.")

    def score(self, subject: str, of: Profile) -> tuple[float, int]:
        """Score and count by their definition."""
        total, weight, count = of.prior_weight * of.prior_value, of.prior_weight, 0
        for state in (life.state for life in self.lives):
            if state is not None and f"{state.subject}/".startswith(f"{subject}/"):
                age_us = unix_us(NOW) - unix_us(state.rated_at)
                w = 0.5 ** (age_us / (of.half_life_us or 1))
                total, weight, count = total + w * state.rating, weight + w, count + 1
        return total / weight, count


async def figures(worker: Database, half_life_us: int, subject: str, tenant_id: str) -> Score:
    """The score by the sums that are kept."""
    async with worker.transaction() as tx:
        found = await half_lives.parts_of(tx, tenant_id, half_life_us, [subject], by_source=False)
    return read_parts(profile(half_life_us), found.get(subject, []), unix_us(NOW))


async def ledger_figures(worker: Database, half_life_us: int, subject: str, tenant_id: str) -> Score:
    """The score by the ledger."""
    async with worker.transaction() as tx:
        found = await parts_at(tx, tenant_id, subject, half_life_us, FOR_EVER, FOR_EVER)
    return read_parts(profile(half_life_us), found, unix_us(NOW))


async def assert_right(worker: Database, world: World, half_life_us: int, *tenants: str) -> None:
    """The sums of each tenant give what a computation from scratch gives."""
    for subject in SUBJECTS:
        value, count = world.score(subject, profile(half_life_us))
        for tenant_id in tenants:
            for found in (
                await figures(worker, half_life_us, subject, tenant_id),
                await ledger_figures(worker, half_life_us, subject, tenant_id),
            ):
                assert found.count == count
                assert found.value == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("half_life_us", [HOUR_US, MONTH_US, 3_652 * DAY_US], ids=["an hour", "a month", "ten years"])
async def test_filled_in_the_middle_of_a_history_it_is_as_one_that_was_there_from_the_start(
    groups, worker: Database, due_now, monkeypatch: pytest.MonkeyPatch, half_life_us: int, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(commands, "ENTRIES_PER_TURN", 7)
    monkeypatch.setattr(commands, "ENTRIES_OF_JOINING", 5)
    monkeypatch.setattr(commands, "HISTORY_SECONDS", 0.0)
    world = World(groups, chance, ["early", "late"])
    await groups.want(half_life_us, tenant_id="early")
    await groups.fill()
    wanted_at = chance.randrange(30, 90)

    for number in range(160):
        world.go_on()
        if number == wanted_at:
            await groups.want(half_life_us, tenant_id="late")
        for subscription in (LIVE, HISTORY):
            if chance.random() < 0.6:
                await groups.take(subscription, chance.randrange(2), chance.randrange(1, 6))
        if number > wanted_at and chance.random() < 0.5:
            await due_now()
            await groups.job.turn()
    await groups.take_all()
    await due_now()
    await groups.fill()

    progress = await groups.progress(half_life_us, "late")
    assert progress is not None
    assert progress.is_ready
    await assert_right(worker, world, half_life_us, "early", "late")


async def test_live_stands_still_while_a_partition_joins_and_the_ledger_is_waited_for(
    groups, worker: Database, superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that live has counted and history has not, and one that comes while the partition joins."""
    groups.tell(None, review_state(5, "acme"))
    await groups.take_all()
    await groups.want(HOUR_US)
    calls, tasks = 0, []
    reaches = commands._history_reaches

    async def is_blocked() -> bool:
        return tasks[0].done() or await superuser.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock')"
        )

    async def meanwhile(tx: Tx, partition: int, place: Place) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            reached = await reaches(tx, partition, place)
            groups.tell(None, review_state(4, "acme"))
            await groups.take(LIVE)
            return reached
        if calls == 2:
            groups.tell(None, review_state(1, "acme"))
            tasks.append(asyncio.create_task(groups.take(LIVE)))
            await until(is_blocked, "live waits for its position")
            tasks.append(asyncio.create_task(groups.take(HISTORY)))
        return await reaches(tx, partition, place)

    monkeypatch.setattr(commands, "_history_reaches", meanwhile)
    await groups.fill()
    await asyncio.gather(*tasks)
    await groups.take_all()

    assert calls > 2
    assert (await groups.progress(HOUR_US)).is_ready
    assert (await figures(worker, HOUR_US, "acme", "default")).distribution == {1: 1, 2: 0, 3: 0, 4: 1, 5: 1}


POINTS = [
    "half_life_read_before_commit",
    "half_life_caught_up",
    "half_life_joined_before_commit",
    "half_life_turn_before_commit",
    "half_life_turn_after_commit",
]


@pytest.mark.parametrize("point", POINTS)
async def test_wherever_the_process_dies_another_one_goes_on_and_nothing_is_counted_twice(
    groups, worker: Database, due_now, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    chance = random.Random(point)
    monkeypatch.setattr(commands, "ENTRIES_PER_TURN", 7)
    monkeypatch.setattr(commands, "ENTRIES_OF_JOINING", 5)
    world = World(groups, chance, ["default"])
    for _ in range(40):
        world.go_on()
    await groups.take_all()
    await groups.want(MONTH_US)
    monkeypatch.setattr(failpoints, "_armed", failpoints._parse(f"{point}=raise@2"))
    died = 0

    for _ in range(60):
        world.go_on()
        await groups.take_all()
        await due_now()
        try:
            await groups.job.turn()
        except FailpointError:
            died += 1
    await groups.fill()

    assert died == 1
    await assert_right(worker, world, MONTH_US, "default")


async def test_two_processes_fill_two_half_lives_at_once(groups, worker: Database) -> None:
    world = World(groups, random.Random(3), ["default"])
    for _ in range(50):
        world.go_on()
    await groups.take_all()
    await groups.want(HOUR_US, MONTH_US)

    async def work() -> None:
        for _ in range(12):
            await groups.job.turn()

    await asyncio.gather(work(), work(), work())

    for half_life_us in (HOUR_US, MONTH_US):
        await assert_right(worker, world, half_life_us, "default")


async def test_a_letter_that_one_group_alone_has_set_aside_keeps_its_partition_waiting_and_it_says_so(
    groups, worker: Database, superuser, due_now
) -> None:
    groups.tell(None, review_state(5, "acme"))
    await groups.take_all()
    await superuser.execute(
        "INSERT INTO scoring.dead_letters VALUES (gen_random_uuid(), 'scoring-live', 'reviews.v1', 0, 1, 1, 2, NULL, "
        "'{}', NULL, '{}', 'failed', 'it raised', 5)"
    )
    await groups.want(HOUR_US)
    await groups.fill()

    progress = await groups.progress(HOUR_US)
    assert progress.phase is Phase.JOINING
    assert progress.in_words.startswith("It waits: of partition 0, 1 dead letter is open in one of the groups")
    assert progress.partitions_live == 1

    await superuser.execute("UPDATE scoring.dead_letters SET state = 'discarded'")
    await due_now()
    await groups.fill()

    assert (await groups.progress(HOUR_US)).is_ready
    assert (await figures(worker, HOUR_US, "acme", "default")).count == 1


async def test_a_letter_that_both_groups_have_set_aside_holds_nothing_up(groups, superuser) -> None:
    for group in ("scoring-live", "scoring-history"):
        await superuser.execute(
            "INSERT INTO scoring.dead_letters VALUES (gen_random_uuid(), $1, 'reviews.v1', 0, 1, 1, 2, NULL, "
            "'{}', NULL, '{}', 'invalid', 'off the scale', 1)",
            group,
        )
    await groups.want(HOUR_US)
    await groups.fill()

    assert (await groups.progress(HOUR_US)).is_ready


async def test_a_partition_that_is_not_read_yet_is_waited_for(worker: Database, groups, superuser, due_now) -> None:
    await superuser.execute("DELETE FROM scoring.positions WHERE partition = 1")
    await groups.want(HOUR_US)
    await groups.fill()

    assert "partition 1 is not read by both groups yet" in (await groups.progress(HOUR_US)).in_words

    await groups.begin()
    await due_now()
    await groups.fill()
    assert (await groups.progress(HOUR_US)).is_ready


async def test_an_unused_half_life_is_dropped_after_a_day_and_not_before(
    groups, worker: Database, superuser, due_now
) -> None:
    groups.tell(None, review_state(5, "acme"))
    await groups.take_all()
    await groups.want(HOUR_US, MONTH_US)
    await groups.fill()
    await groups.want(MONTH_US)
    await groups.fill()
    groups.tell(None, review_state(4, "acme"))
    await groups.take_all()
    assert (await figures(worker, HOUR_US, "acme", "default")).count == 2

    await superuser.execute("UPDATE scoring.half_lives SET unused_since = unused_since - interval '1 day'")
    await due_now()
    await groups.fill()

    assert await groups.progress(HOUR_US) is None
    assert await superuser.fetchval("SELECT count(*) FROM scoring.half_life_partitions") == 2
    assert (await figures(worker, HOUR_US, "acme", "default")).count == 0
    assert (await figures(worker, MONTH_US, "acme", "default")).count == 2
    groups.tell(None, review_state(3, "acme"))
    await groups.take_all()
    assert await superuser.fetchval("SELECT count(*) FROM scoring.tenant_sums WHERE half_life_us = $1", HOUR_US) == 0


async def test_a_half_life_that_is_wanted_again_within_the_day_needs_no_filling(groups, worker: Database) -> None:
    groups.tell(None, review_state(5, "acme"))
    await groups.take_all()
    await groups.want(HOUR_US)
    await groups.fill()
    await groups.want()
    await groups.want(HOUR_US)

    assert (await groups.progress(HOUR_US)).is_ready
    assert (await figures(worker, HOUR_US, "acme", "default")).count == 1


async def comes_and_goes(groups) -> None:
    """A review at the beginning of a row, and one 63 half-lives newer in the same row that comes and goes."""
    older = NOW.replace(hour=1)
    landmark_us = 64 * HOUR_US * (unix_us(older) // (64 * HOUR_US))
    first, last = (datetime.fromtimestamp((landmark_us + hours * HOUR_US) / 1e6, UTC) for hours in (0, 63))
    groups.tell(None, review_state(5, "acme", rated_at=first), review_id=str(uuid7()))
    passing, passing_id = review_state(1, "acme", rated_at=last), str(uuid7())
    groups.tell(None, passing, review_id=passing_id)
    await groups.take_all()
    groups.tell(passing, None, review_id=passing_id)
    await groups.take_all()


async def effective_reviews(worker: Database) -> float:
    return (await figures(worker, HOUR_US, "acme", "default")).effective_reviews


async def test_a_filled_half_life_has_lost_nothing_to_a_much_newer_review_that_came_and_went(
    groups, worker: Database
) -> None:
    await comes_and_goes(groups)
    await groups.want(HOUR_US)
    await groups.fill()

    assert await effective_reviews(worker) == pytest.approx(1, rel=1e-9)


async def test_a_half_life_that_live_keeps_is_summed_anew_where_one_came_and_went(groups, worker: Database) -> None:
    await groups.want(HOUR_US)
    await groups.fill()
    await comes_and_goes(groups)
    job = ReconciliationJob(worker)

    assert await job.has_work()
    assert await job.sum_rounded_anew() == 1
    assert await effective_reviews(worker) == pytest.approx(1, rel=1e-9)
    assert await job.sum_rounded_anew() == 0


async def test_one_that_came_and_went_while_a_partition_caught_up_is_summed_anew_when_all_is_filled(
    groups, worker: Database, due_now, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading sees it come, and the catching up sees it go."""
    older = NOW.replace(hour=1)
    landmark_us = 64 * HOUR_US * (unix_us(older) // (64 * HOUR_US))
    first, last = (datetime.fromtimestamp((landmark_us + hours * HOUR_US) / 1e6, UTC) for hours in (0, 63))
    groups.tell(None, review_state(5, "acme", rated_at=first), review_id=str(uuid7()))
    passing, passing_id = review_state(1, "acme", rated_at=last), str(uuid7())
    groups.tell(None, passing, review_id=passing_id)
    await groups.take_all()
    await groups.want(HOUR_US)
    await groups.job.turn()
    groups.tell(passing, None, review_id=passing_id)
    await groups.take_all()
    await groups.job.turn()
    job = ReconciliationJob(worker)
    while (await groups.progress(HOUR_US)).phase is not Phase.KEPT:
        assert await job.sum_rounded_anew() == 0
        await due_now()
        await groups.job.turn()

    assert await job.sum_rounded_anew() == 1
    assert await effective_reviews(worker) == pytest.approx(1, rel=1e-9)
