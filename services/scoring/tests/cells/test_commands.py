"""Cells, whenever they were filled, say at every moment what the ledger says."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from plaudit.common.contracts import Kind, ReviewState, SourceRef
from plaudit.common.db import Database, Tx
from plaudit.common.db.order_locks import lock
from plaudit.common.ids import uuid7
from plaudit.scoring.cells import commands, jobs, store
from plaudit.scoring.cells.domain import LARGE_ENTRIES
from plaudit.scoring.cells.jobs import CellsJob
from plaudit.scoring.history import store as history
from plaudit.scoring.scores.domain import FOR_EVER
from plaudit.scoring.sums.domain.kept import NOTHING_KEPT, KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart
from plaudit_testing.review_events import review_state
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

START = datetime(2022, 11, 20, tzinfo=UTC)
DAYS = 900
END = START + timedelta(days=DAYS)
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "acme/berlin-2", "acmes", "globex/berlin"]
ASKED = ["acme", "acme/berlin", "globex"]
SOURCES = [
    SourceRef(id=f"01956d00-0000-7000-8000-00000000000{number}", name="Shop", platform="native", created_at=START)
    for number in (1, 2)
]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that a short history takes many."""
    monkeypatch.setattr(commands, "MAX_RECORDS", 1)
    monkeypatch.setattr(commands, "FILLED_ENTRIES", 4)


async def carry_on(worker: Database, steps: int = 1) -> None:
    for _ in range(steps):
        async with worker.driver_transaction() as tx:
            await commands.carry_on(tx)


async def name_large(superuser: asyncpg.Connection, *prefixes: str) -> None:
    await superuser.executemany(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix) VALUES ('default', $1)", [(each,) for each in prefixes]
    )


def counted(parts: Sequence[KeptPart]) -> dict[tuple[Any, ...], KeptSums]:
    """The sums by source, traits and block, without those of no reviews."""
    return {key: kept for key, kept in by_key(parts).items() if any(kept.counts)}


def by_key(parts: Sequence[KeptPart]) -> dict[tuple[Any, ...], KeptSums]:
    return {(part.source_id, part.traits, part.block): part.kept for part in parts}


def near(kept: KeptSums) -> tuple[Any, ...]:
    """Sums that make the same figures: each star's weight matters beside that of all stars."""
    return (
        *kept.counts,
        pytest.approx(kept.total, rel=1e-9),
        kept.newest_us,
        *(
            pytest.approx(getattr(kept, f"{name}_{column}"), rel=1e-9, abs=1e-9 * scale)
            for name in ("trust", "recent")
            for column, scale in {
                "a": 0.0,
                "b2": 0.0,
                **dict.fromkeys((f"w{star}" for star in range(1, 6)), getattr(kept, f"{name}_a")),
            }.items()
        ),
    )


async def tell_one(bus: Any, chance: random.Random, known_at: datetime, standing: dict[str, ReviewState]) -> None:
    """A new review, perhaps of long ago, or a change of one that stands."""
    if standing and chance.random() < 0.4:
        review_id = chance.choice(sorted(standing))
        before = standing.pop(review_id)
        after = chance.choice(
            [
                None,
                msgspec.structs.replace(before, rating=chance.choice([1.0, 4.5]), rated_at=known_at),
                msgspec.structs.replace(before, subject=chance.choice(SUBJECTS)),
            ]
        )
    else:
        review_id, before = str(uuid7()), None
        rated_at = known_at - chance.choice([timedelta(), timedelta(hours=3), timedelta(days=chance.randrange(400))])
        after = review_state(
            chance.choice([1.0, 3.5, 5.0]),
            chance.choice(SUBJECTS),
            kind=chance.choice([Kind.STARS, Kind.NPS]),
            source=chance.choice(SOURCES),
            rated_at=rated_at,
        )
    if before == after:
        return
    if after is not None:
        standing[review_id] = after
    await bus.tell(before, after, review_id=review_id, time=known_at, partition=chance.randrange(2))


@pytest.mark.parametrize("seed", range(3))
async def test_at_every_moment_cells_say_what_the_ledger_says(
    bus: Any, worker: Database, superuser: asyncpg.Connection, seed: int
) -> None:
    chance = random.Random(seed)
    standing: dict[str, ReviewState] = {}
    large = list(ASKED)
    for known_at in sorted(START + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(120)):
        await tell_one(bus, chance, known_at, standing)
        if chance.random() < 0.1 and large:
            await name_large(superuser, large.pop())
        await carry_on(worker, chance.choice([0, 0, 1, 2]))
    await name_large(superuser, *large)
    await carry_on(worker, chance.choice([60, 160]))

    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT bool_and(is_filled) FROM celled_prefixes")
        for _ in range(40):
            at, known_at = (START + timedelta(seconds=chance.randrange((DAYS + 40) * 86_400)) for _ in range(2))
            if chance.random() < 0.2:
                at = at.replace(hour=0, minute=0, second=0, microsecond=0)
            for moment in ((at, None), (known_at, known_at), (at, known_at)):
                await same(tx, chance.choice(ASKED), *moment)


async def same(tx: Tx, subject: str, at: datetime, known_at: datetime | None) -> None:
    found = await store.kept_at(tx, "default", subject, at, known_at)
    wanted = await history.kept_at(tx, "default", subject, at, known_at or FOR_EVER)
    assert counted(found) == {key: near(kept) for key, kept in counted(wanted).items()}


async def test_cells_that_are_filled_again_hold_nothing_of_before(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await name_large(superuser, "acme")
    for day in (1, 2, 3):
        state = review_state(5, "acme", rated_at=START + timedelta(days=day))
        await bus.tell(None, state, time=START + timedelta(days=5))
    await carry_on(worker, 5)
    gone = review_state(5, "acme", rated_at=START + timedelta(days=3))
    await bus.tell(gone, None, time=START + timedelta(days=9))
    await carry_on(worker, 5)
    sums = ", ".join(
        f"(SELECT sum({count}) FROM scoring.{table})"
        for table, count in {"cells": "n5", "rated_cells": "n", "late_cells": "n"}.items()
    )
    sums = f"SELECT {sums}"
    before = await superuser.fetchrow(sums)

    await superuser.execute("UPDATE scoring.celled_prefixes SET is_filled = false, filled_valid_at = DEFAULT")
    await carry_on(worker, 5)

    assert await superuser.fetchval("SELECT is_filled FROM scoring.celled_prefixes")
    assert before == await superuser.fetchrow(sums) == (2 * 8, 2 * 2, -2)


async def test_entries_that_no_cell_holds_yet_count(bus: Any, worker: Database, superuser: asyncpg.Connection) -> None:
    await name_large(superuser, "acme")
    await carry_on(worker)
    for day in (1, 2, 3):
        await bus.tell(
            None, review_state(5, "acme", rated_at=START + timedelta(days=day)), time=START + timedelta(days=5)
        )

    async with worker.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM cells") == 0
        await same(tx, "acme", START + timedelta(days=2, hours=3), None)
        [part] = await store.kept_at(tx, "default", "acme", START + timedelta(days=2, hours=3))
    assert part.kept.counts == (0, 0, 0, 0, 2)


async def test_what_took_effect_later_than_it_was_known_does_not_count_before(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await name_large(superuser, "acme")
    for days, ahead in ((1, 0), (2, 5), (4, 40)):
        known_at = START + timedelta(days=days)
        state = review_state(days, "acme", rated_at=known_at + timedelta(days=ahead))
        await bus.tell(None, state, review_id=str(uuid7()), time=known_at)
    await superuser.execute("UPDATE scoring.ledger SET valid_at = rated_at")  # as no entry has it since
    await carry_on(worker, 4)

    async with worker.transaction() as tx:
        for days in (0.5, 1.5, 3, 5, 8, 50):
            moment = START + timedelta(days=days)
            await same(tx, "acme", moment, moment)
            await same(tx, "acme", moment + timedelta(days=3), moment)
        counts = [
            sum(sum(part.kept.counts) for part in await store.kept_at(tx, "default", "acme", moment, moment))
            for moment in (START + timedelta(days=3), START + timedelta(days=8))
        ]
    assert counts == [1, 2]


async def test_a_removal_that_takes_nearly_all_weight_away_leaves_no_rounding(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await name_large(superuser, "acme")
    old = review_state(2, "acme", rated_at=START)
    new = review_state(2, "acme", rated_at=START + timedelta(days=1_700))
    await bus.tell(None, old, time=START)
    await bus.tell(None, new, time=START + timedelta(days=1_700))
    await bus.tell(new, None, time=START + timedelta(days=1_770))
    await carry_on(worker, 4)

    async with worker.transaction() as tx:
        await same(tx, "acme", START + timedelta(days=1_900), None)


async def test_a_subject_without_reviews_left_has_no_sums_left(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await name_large(superuser, "acme")
    states = [review_state(rating, "acme", rated_at=START + timedelta(days=rating)) for rating in (2, 3, 5)]
    for state in states:
        await bus.tell(None, state, review_id=str(uuid7()), time=state.rated_at)
    for state in states:
        await bus.tell(state, None, time=START + timedelta(days=20 + state.rating))
    await carry_on(worker, 4)

    async with worker.transaction() as tx:
        [part] = await store.kept_at(tx, "default", "acme", START + timedelta(days=60))
    newest_us = part.kept.newest_us
    assert part.kept == NOTHING_KEPT._replace(newest_us=newest_us)
    assert isinstance(part.kept, KeptSums)


async def test_a_subject_that_grows_large_gets_cells(
    bus: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_RECORDS", 10 * LARGE_ENTRIES)
    await superuser.execute(
        f"""INSERT INTO scoring.ledger (tenant_id, partition, epoch, sequence, sign, review_id, revision, subject,
            source_id, traits, rating, rated_at, valid_at, known_at)
            SELECT 'default', 0, 1, n, 1, gen_random_uuid(), 1,
            'acme/shop-' || n % 7, '{SOURCES[0].id}', 0, 5, now(), now(), now()
            FROM generate_series(1, {LARGE_ENTRIES}) AS n"""
    )
    await superuser.execute(f"INSERT INTO scoring.tail VALUES (DEFAULT, 0, 1, 1, {LARGE_ENTRIES})")

    await carry_on(worker)

    assert await superuser.fetchval("SELECT array_agg(prefix) FROM scoring.celled_prefixes") == ["acme"]


async def test_a_ledger_made_anew_waits_for_who_is_about_to_read_cells(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await name_large(superuser, "acme")
    await bus.tell(None, review_state(5, "acme", rated_at=START), time=START)
    await carry_on(worker, 3)

    async with worker.driver_transaction() as tx:
        assert await store.is_celled(tx, "default", "acme")
        with pytest.raises(asyncpg.LockNotAvailableError):
            async with superuser.transaction():
                await superuser.execute("LOCK TABLE scoring.ledger IN ACCESS EXCLUSIVE MODE NOWAIT")


async def test_who_waits_for_a_ledger_made_anew_reads_no_emptied_cells(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    await name_large(superuser, "acme")
    await bus.tell(None, review_state(5, "acme", rated_at=START), time=START)
    await carry_on(worker, 3)
    at = START + timedelta(days=40)

    async def read() -> list[KeptPart]:
        async with worker.driver_transaction() as tx:
            return await store.kept_at(tx, "default", "acme", at)

    async def waits() -> bool:
        return bool(await superuser.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    before = await read()
    async with superuser.transaction():
        await superuser.execute("LOCK TABLE scoring.ledger IN ACCESS EXCLUSIVE MODE")
        reading = asyncio.create_task(read())
        await until(waits, "it waits for the ledger")
        await superuser.execute("TRUNCATE scoring.cells, scoring.rated_cells, scoring.late_cells, scoring.tail")
        await superuser.execute("UPDATE scoring.celled_prefixes SET is_filled = false, filled_valid_at = DEFAULT")

    assert await reading == before
    assert before[0].kept.counts == (0, 0, 0, 0, 1)


async def test_only_one_transaction_at_a_time_changes_cells(bus: Any, worker: Database) -> None:
    await bus.tell(None, review_state(5))

    async with worker.driver_transaction() as first, worker.driver_transaction() as second:
        await lock(first, [store.JOB_LOCK])
        assert await commands.carry_on(second) == 0
    async with worker.driver_transaction() as tx:
        assert await commands.carry_on(tx) == 1


async def test_the_job_has_work_while_there_is_a_tail(bus: Any, worker: Database) -> None:
    job = CellsJob(worker)
    assert not await job.has_work()

    await bus.tell(None, review_state(5))

    assert await job.has_work()
    assert await job.turn() == 1
    assert not await job.has_work()


REFUSES_MANY = """
CREATE FUNCTION scoring.take_too_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM made) > {} THEN
        RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = 'query_canceled';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER take_too_long AFTER INSERT ON scoring.cells REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION scoring.take_too_long();
"""
"""More than so many cells made at once take too long, as they do where a turn's entries are of many sources."""


async def many_sources(bus: Any, count: int) -> None:
    for number in range(count):
        source = msgspec.structs.replace(SOURCES[0], id=str(uuid7()))
        state = review_state(4.0, "acme", source=source, rated_at=START + timedelta(days=number))
        await bus.tell(None, state, time=state.rated_at)


async def test_a_turn_that_takes_too_long_is_followed_by_one_of_half_as_much(
    bus: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_RECORDS", 64)
    monkeypatch.setattr(commands, "FILLED_ENTRIES", 64)
    await many_sources(bus, 40)
    await name_large(superuser, "acme")
    await superuser.execute(REFUSES_MANY.format(80))
    job = CellsJob(worker)
    while await job.has_work():
        await job.turn()

    assert await superuser.fetchval("SELECT is_filled FROM scoring.celled_prefixes")
    assert await superuser.fetchval("SELECT sum(n1 + n2 + n3 + n4 + n5) FROM scoring.cells WHERE valid_grain = 2") == 80


async def test_what_takes_too_long_however_little_it_is_is_told_as_failed(
    bus: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_HALVINGS", 2)
    await many_sources(bus, 2)
    await name_large(superuser, "acme")
    await superuser.execute(REFUSES_MANY.format(0))
    job = CellsJob(worker)

    assert [await job.turn() for _ in range(2)] == [1, 1]
    with pytest.raises(asyncpg.QueryCanceledError):
        await job.turn()
    await superuser.execute("DROP TRIGGER take_too_long ON scoring.cells")
    while await job.has_work():
        await job.turn()
    assert await superuser.fetchval("SELECT is_filled FROM scoring.celled_prefixes")


async def test_after_turns_that_went_well_twice_as_much_is_tried_again(
    bus: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    carry_on_locked = commands.carry_on_locked

    async def noted(tx: Tx, filled_entries: int, max_records: int | None = None) -> int:
        asked.append(filled_entries)
        if len(asked) == 1:
            raise asyncpg.QueryCanceledError
        return await carry_on_locked(tx, filled_entries, max_records)

    monkeypatch.setattr(commands, "carry_on_locked", noted)
    job = CellsJob(worker)
    for _ in range(jobs.TURNS_BEFORE_DOUBLING + 2):
        await job.turn()

    assert asked == [4, *[2] * jobs.TURNS_BEFORE_DOUBLING, 4]
