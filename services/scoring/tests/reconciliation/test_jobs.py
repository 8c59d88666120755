"""Sums that are not what the ledger says are found and summed anew, while live goes on."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit.scoring.reconciliation import commands
from plaudit.scoring.reconciliation.domain import Outcome, Walk
from plaudit.scoring.reconciliation.jobs import LEFT_ALONE_SECONDS, ReconciliationJob, reconcile
from plaudit.scoring.reconciliation.store import statements
from plaudit_testing.review_events import pending_envelope, review_state

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC).replace(microsecond=0)
NUMBERS = (
    *("prefix", "source_id", "traits", "partition", "block", "n1", "n2", "n3", "n4", "n5", "total", "newest_us"),
    *("trust_a", "trust_b2", "recent_a", "recent_b2"),
    *(f"{name}_w{star}" for name in ("trust", "recent") for star in range(1, 6)),
)
SUMS = f"SELECT {', '.join(NUMBERS)} FROM scoring.sums ORDER BY 1, 2, 3, 4, 5"


async def rows(superuser: asyncpg.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await superuser.fetch(SUMS)]


def near(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*row[:10], *(pytest.approx(each, rel=1e-9) for each in row[10:])) for row in found]


async def some_history(groups: Any, chance: random.Random, count: int = 60) -> None:
    standing: dict[str, tuple[int, ReviewState]] = {}
    for _ in range(count):
        review_id, partition, before = str(uuid7()), chance.randrange(2), None
        if standing and chance.random() < 0.4:
            review_id = chance.choice(sorted(standing))
            partition, before = standing.pop(review_id)
        after = review_state(
            chance.choice([1.0, 3.5, 5.0]),
            chance.choice(["acme", "acme/berlin", "acme/berlin/shop-3", "globex"]),
            rated_at=NOW - timedelta(days=chance.randrange(700)),
        )
        if before is None or chance.random() < 0.7:
            standing[review_id] = partition, after
            await groups.tell(before, after, partition=partition, review_id=review_id)
        else:
            await groups.tell(before, None, partition=partition, review_id=review_id)


async def test_sums_that_are_right_are_left_as_they_are(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await some_history(groups, random.Random(1))
    before = await rows(superuser)

    outcome = await reconcile(worker, "default", "acme")

    assert (outcome.differing, outcome.skipped) == (0, 0)
    assert outcome.compared == sum(row[0].startswith("acme") for row in before)
    assert [row for row in await rows(superuser) if row[0] == "globex"] == [row for row in before if row[0] == "globex"]
    assert await rows(superuser) == near(before)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE scoring.sums SET n5 = n5 + 1 WHERE prefix = 'acme/berlin'",
        "UPDATE scoring.sums SET trust_a = trust_a * 1.0000001 WHERE prefix = 'acme'",
        "UPDATE scoring.sums SET newest_us = newest_us + 1 WHERE prefix = 'acme'",
        "DELETE FROM scoring.sums WHERE prefix LIKE 'acme/%'",
        "UPDATE scoring.sums SET prefix = 'acme/paris' WHERE prefix = 'acme/berlin/shop-3'",
    ],
)
async def test_whatever_is_wrong_is_summed_anew(
    groups: Any, worker: Database, superuser: asyncpg.Connection, damage: str
) -> None:
    await some_history(groups, random.Random(2))
    right = await rows(superuser)
    await superuser.execute(damage)

    outcome = await reconcile(worker, "default", "acme")

    assert outcome.differing + outcome.rounded > 0
    assert outcome.skipped == 0
    left = [row for row in await rows(superuser) if row[0] != "acme/paris"]
    assert left == near(right)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.sums WHERE prefix = 'acme/paris' AND total <> 0") == 0
    assert await reconcile(worker, "default", "acme") == Outcome(compared=outcome.compared)


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
    await superuser.execute("UPDATE scoring.sums SET n1 = n1 + 7, total = 3 WHERE prefix = 'acme'")

    outcome = await reconcile(worker, "default", "acme")

    assert outcome.differing > 0
    found = await rows(superuser)
    await superuser.execute("UPDATE scoring.sums SET n1 = 0, n2 = 0, n3 = 0, n4 = 0, n5 = 0, total = 0, trust_a = 0")
    for subject in ("acme", "globex"):
        await reconcile(worker, "default", subject)
    assert await rows(superuser) == near(found)


async def test_where_history_is_behind_it_is_waited_for_and_then_compared(
    groups: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    pending = pending_envelope(None, review_state(1, "acme"))
    await groups._bus.give(LIVE, pending, 2)
    await groups.stand(LIVE.group, 0, 2)
    await superuser.execute("UPDATE scoring.sums SET n5 = 9")
    sleep = asyncio.sleep
    given = []

    async def history_comes_on(seconds: float) -> None:
        if not given:
            given.append(seconds)
            await groups._bus.give(HISTORY, pending, 2)
            await groups.stand(HISTORY.group, 0, 2)
        await sleep(0)

    monkeypatch.setattr(commands.asyncio, "sleep", history_comes_on)

    assert (await reconcile(worker, "default", "acme")).differing == 1
    assert given
    [row] = await rows(superuser)
    assert row[5:10] == (1, 0, 0, 0, 1)


async def test_where_history_does_not_come_on_live_is_let_go_and_nothing_is_changed(
    groups: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_WAIT_SECONDS", 0.02)
    await groups.tell(None, review_state(5, "acme"))
    await groups.tell(None, review_state(1, "acme"), only=LIVE.group)

    assert (await reconcile(worker, "default", "acme")).skipped == 1
    [row] = await rows(superuser)
    assert row[5:10] == (1, 0, 0, 0, 1)


async def letter(worker: Database, group: str, value: bytes, sequence: int = 1) -> None:
    async with worker.transaction() as tx:
        await tx.raw.execute(
            """INSERT INTO dead_letters (id, consumer_group, topic, partition, record_offset, epoch, sequence,
            headers, value, order_keys, reason, error, tries)
            VALUES ($1, $2, $3, 0, $4, 1, $4, '[]', $5, '{}', 'failed', '', 5)""",
            uuid7(),
            group,
            REVIEWS.name,
            sequence,
            value,
        )


async def test_a_subject_with_a_record_that_one_group_has_set_aside_is_skipped(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await groups.tell(None, review_state(5, "acme"), only=HISTORY.group)
    await groups.stand(LIVE.group, 0, 1)
    await groups.tell(None, review_state(5, "globex"))
    await letter(worker, LIVE.group, pending_envelope(None, review_state(5, "acme")))

    assert await reconcile(worker, "default", "acme") == Outcome(skipped=1)
    assert (await reconcile(worker, "default", "globex")).skipped == 0
    assert [row[0] for row in await rows(superuser)] == ["globex"]


async def test_a_record_set_aside_while_a_repair_waits_stops_it(
    groups: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await groups.tell(None, review_state(5, "acme"))
    repair = commands.repair

    async def repair_after_letter(*arguments: Any) -> bool:
        monkeypatch.undo()
        await letter(worker, LIVE.group, pending_envelope(None, review_state(1, "acme/berlin")), 2)
        return await repair(*arguments)

    monkeypatch.setattr(commands, "repair", repair_after_letter)
    await superuser.execute("UPDATE scoring.sums SET n5 = 9")

    assert await reconcile(worker, "default", "acme") == Outcome(compared=1, skipped=1)
    assert (await rows(superuser))[0][9] == 9


async def test_where_somebody_has_let_live_go_on_after_a_halt_nothing_is_compared_until_its_next_record(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    for partition in (0, 1):
        await groups.tell(None, review_state(5, "acme"), partition=partition)
    right = await rows(superuser)
    await superuser.execute(
        "UPDATE scoring.positions SET epoch = 0, sequence = 0 WHERE consumer_group = $1 AND partition = 0", LIVE.group
    )
    assert await reconcile(worker, "default", "acme") == Outcome(compared=1)
    assert await rows(superuser) == right

    await groups.tell(None, review_state(4, "acme"), partition=0)
    await superuser.execute("UPDATE scoring.positions SET epoch = 1")
    assert await reconcile(worker, "default", "acme") == Outcome(compared=2)


async def test_a_subject_that_cannot_be_summed_anew_now_is_left_alone_for_a_while(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    seconds = [0.0]
    await groups.tell(None, review_state(5, "acme"))
    await superuser.execute("INSERT INTO scoring.rounded_sums (sums_id) SELECT id FROM scoring.sums")
    await letter(worker, LIVE.group, pending_envelope(None, review_state(1, "acme/berlin")), 2)
    job = ReconciliationJob(worker, monotonic=lambda: seconds[0])
    while await job.go_on():
        pass

    assert await job.sum_rounded_anew() == 0
    assert not await job.has_work()
    await superuser.execute("UPDATE scoring.dead_letters SET state = 'redriven'")
    assert await job.sum_rounded_anew() == 0
    seconds[0] += LEFT_ALONE_SECONDS
    assert await job.has_work()
    assert await job.sum_rounded_anew() == 1
    assert not await job.has_work()


@pytest.mark.parametrize(("days", "profile"), [(400, "trust"), (1_900, "trust"), (1_900, "recent"), (700, "recent")])
async def test_a_review_much_newer_than_the_others_leaves_no_trace_when_it_is_removed(
    groups: Any,
    worker: Database,
    superuser: asyncpg.Connection,
    api: httpx.AsyncClient,
    days: float,
    profile: str,
) -> None:
    """Of one block, the newest weighs 2^63 times the oldest, which is less than rounding leaves of it."""
    block_us = 64 * 30 * 86_400_000_000
    end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=11 * block_us)
    newest = end - timedelta(days=1)
    old = [review_state(stars, "acme", rated_at=newest - timedelta(days=days - n)) for n, stars in enumerate((2, 3, 5))]
    for state in old:
        await groups.tell(None, state)
    new = review_state(4, "acme", rated_at=newest)
    await groups.tell(None, new, review_id=(review_id := str(uuid7())))
    await groups.tell(new, None, review_id=review_id)

    between = (await api.get("/v1/scores/acme", params={"profile": profile})).json()
    assert 1 <= between["score"] <= 5
    assert 0 <= between["effective_reviews"] <= 3
    assert between["distribution"] == {"1": 0, "2": 1, "3": 1, "4": 0, "5": 1}

    assert await ReconciliationJob(worker).sum_rounded_anew() == 1

    [found] = await rows(superuser)
    fresh = [
        (state.rating, 2 ** ((state.rated_at - (end - timedelta(days=64 * 30))) / timedelta(days=30))) for state in old
    ]
    assert found[14] == pytest.approx(sum(rating * weight for rating, weight in fresh), rel=1e-9)
    assert found[15] == pytest.approx(sum(weight**2 for _, weight in fresh), rel=1e-9)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.rounded_sums") == 0
    after = (await api.get("/v1/scores/acme", params={"profile": profile})).json()
    again = (await api.get("/v1/scores/acme", params={"profile": profile, "at": after["at"]})).json()
    for name in ("score", "effective_reviews"):
        assert after[name] == pytest.approx(again[name], rel=1e-9)


async def test_a_removal_that_leaves_most_of_the_weight_marks_nothing(
    groups: Any, superuser: asyncpg.Connection
) -> None:
    states = [review_state(stars, "acme", rated_at=NOW - timedelta(days=stars)) for stars in (2, 3, 5)]
    for state in states:
        await groups.tell(None, state, review_id=str(uuid7()))
    await groups.tell(states[0], None)

    assert await superuser.fetchval("SELECT count(*) FROM scoring.rounded_sums") == 0


async def test_a_night_compares_every_subject_once(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    for subject in ("acme/berlin", "acme-2", "globex", "acme-2/berlin"):
        await groups.tell(None, review_state(5, subject))
    await groups.tell(None, review_state(5, "acme"), tenant_id="other")
    await superuser.execute("UPDATE scoring.sums SET n5 = 7")
    job = ReconciliationJob(worker)

    assert await job.has_work()
    assert [await job.turn() for _ in range(4 + len(Walk) + 1)] == [*[1] * (4 + len(Walk)), 0]
    assert not await job.has_work()

    row = await superuser.fetchrow("SELECT * FROM scoring.reconciliations")
    assert (row["compared"], row["differing"], row["skipped"]) == (6, 6, 0)
    assert row["finished_at"] is not None
    assert await superuser.fetchval("SELECT array_agg(DISTINCT n5) FROM scoring.sums") == [1, 2]


async def test_a_night_that_was_interrupted_goes_on_where_it_was(
    groups: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    for subject in ("acme", "globex"):
        await groups.tell(None, review_state(5, subject))
    await ReconciliationJob(worker).turn()

    other = ReconciliationJob(worker)
    assert [await other.turn() for _ in range(1 + len(Walk) + 1)] == [*[1] * (1 + len(Walk)), 0]

    row = await superuser.fetchrow("SELECT count(*) AS nights, sum(compared) AS compared FROM scoring.reconciliations")
    assert tuple(row) == (1, 2)


def test_the_groups_are_those_that_are_subscribed() -> None:
    assert LIVE.group == statements.LIVE_GROUP
    assert HISTORY.group == statements.HISTORY_GROUP


async def test_live_waits_while_a_position_is_held_and_then_goes_on(groups: Any, worker: Database) -> None:
    await groups.tell(None, review_state(5, "acme"))

    async with worker.driver_transaction() as holding:
        assert await commands.hold_even(holding, [0])
        with pytest.raises(asyncpg.LockNotAvailableError):
            await touch(worker, lock_timeout_ms=20)
    await touch(worker)


async def touch(worker: Database, lock_timeout_ms: int = 2_000) -> None:
    """Move live's position, as a batch does."""
    async with worker.driver_transaction() as live:
        await live.raw.execute(f"SET LOCAL lock_timeout = {lock_timeout_ms}")
        await live.raw.execute("UPDATE positions SET moved_at = now() WHERE consumer_group = $1", LIVE.group)


async def compared_twice(worker: Database, monkeypatch: pytest.MonkeyPatch, work: Any) -> tuple[Any, Any]:
    """What two processes make of the same, of which the second begins when the first one has compared."""
    other: list[Any] = []
    repair = commands.repair

    async def when_another_has_repaired(*arguments: Any) -> Any:
        monkeypatch.setattr(commands, "repair", repair)
        other.append(await work())
        return await repair(*arguments)

    monkeypatch.setattr(commands, "repair", when_another_has_repaired)
    return await work(), other[0]


@pytest.mark.parametrize(
    ("damage", "differing", "rounded"),
    [
        ("UPDATE scoring.sums SET n5 = n5 + 1 WHERE prefix = 'acme'", 2, 0),
        ("UPDATE scoring.sums SET trust_a = trust_a * 1.0000001 WHERE prefix = 'acme'", 0, 2),
        ("DELETE FROM scoring.sums WHERE prefix = 'acme'", 2, 0),
    ],
)
async def test_of_two_comparisons_at_once_one_repairs_and_counts(
    groups: Any,
    worker: Database,
    superuser: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
    differing: int,
    rounded: int,
) -> None:
    for partition in (0, 1):
        await groups.tell(None, review_state(5, "acme", rated_at=NOW), partition=partition, review_id=str(uuid7()))
    right = await rows(superuser)
    await superuser.execute(damage)
    await superuser.execute("DELETE FROM scoring.marks")

    both = await compared_twice(worker, monkeypatch, lambda: reconcile(worker, "default", "acme"))

    assert sum(each.differing for each in both) == differing
    assert sum(each.rounded for each in both) == rounded
    assert [each.skipped for each in both] == [0, 0]
    assert await rows(superuser) == near(right)
    assert await superuser.fetchval("SELECT sum(cardinality(row_ids)) FROM scoring.marks") == 2


async def test_two_processes_that_compare_in_one_night_count_each_subject_once(
    groups: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await groups.tell(None, review_state(5, "acme", rated_at=NOW))
    await groups.tell(None, review_state(5, "globex", rated_at=NOW), review_id=str(uuid7()))
    await superuser.execute("UPDATE scoring.sums SET n5 = n5 + 1")

    async def night() -> int:
        done, job = 0, ReconciliationJob(worker)
        while await job.go_on():
            done += 1
        return done

    both = await compared_twice(worker, monkeypatch, night)

    assert sum(both) >= 2
    [night_row] = await superuser.fetch("SELECT compared, differing, skipped FROM scoring.reconciliations")
    assert tuple(night_row) == (2, 2, 0)


async def test_two_processes_begin_one_night(groups: Any, worker: Database, superuser: asyncpg.Connection) -> None:
    await groups.tell(None, review_state(5, "acme"))

    await asyncio.gather(*(ReconciliationJob(worker).go_on() for _ in range(3)))

    assert await superuser.fetchval("SELECT count(*) FROM scoring.reconciliations") == 1
