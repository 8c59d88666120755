"""Cells and sums of changes that are not what the ledger says are found and made anew."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.scoring import metrics
from plaudit.scoring.cells import store as cells
from plaudit.scoring.moves import commands as moves
from plaudit.scoring.reconciliation import jobs
from plaudit.scoring.reconciliation.domain import MAX_COMPARED_SECONDS, Outcome
from plaudit.scoring.reconciliation.jobs import ReconciliationJob, reconcile_large
from plaudit.scoring.reconciliation.store import celled
from plaudit.scoring.reconciliation.store.celled import Celled
from plaudit_testing.command_line import CommandLine
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC).replace(microsecond=0)
ACME = Celled("default", "acme")
END_DAY = moves.end_of_settled(NOW)
ONE_CELL = "SELECT ctid FROM scoring.cells WHERE prefix = 'acme'"
ONE_RATED_DAY = "SELECT ctid FROM scoring.rated_cells WHERE prefix = 'acme' AND grain = 0 AND n > 0 LIMIT 1"
TABLES = {
    "cells": "SELECT * FROM scoring.cells ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
    "rated_cells": "SELECT * FROM scoring.rated_cells ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "late_cells": "SELECT * FROM scoring.late_cells ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "moves": "SELECT * FROM scoring.moves ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
}


async def some_history(bus: Any, chance: random.Random, count: int = 80) -> None:
    """Reviews of three hundred days until now: new, late, edited, moved and removed ones."""
    standing: dict[str, ReviewState] = {}
    for known_at in sorted(NOW - timedelta(minutes=chance.randrange(300 * 1440)) for _ in range(count)):
        review_id, before = str(uuid7()), None
        after: ReviewState | None = review_state(
            chance.choice([1.0, 3.5, 5.0]),
            chance.choice(["acme", "acme/berlin", "globex"]),
            rated_at=known_at - chance.choice([timedelta(), timedelta(days=chance.randrange(20_000))]),
        )
        if standing and chance.random() < 0.4:
            review_id = chance.choice(sorted(standing))
            before = standing.pop(review_id)
            after = chance.choice(
                [
                    None,
                    msgspec.structs.replace(before, rating=2.5, rated_at=known_at),
                    msgspec.structs.replace(before, subject=chance.choice(["acme/berlin/mitte", "globex/paris"])),
                ]
            )
        if after is not None:
            standing[review_id] = after
        await bus.tell(before, after, review_id=review_id, time=known_at, partition=chance.randrange(2))


async def make_all(large: Any, worker: Database) -> None:
    """Fill cells and sum changes until nothing is left to do."""
    await fill_all(large, worker)
    await sum_changes(worker)


async def fill_all(large: Any, worker: Database) -> None:
    """Fill cells until no entry is left to the tail."""
    while await worker.holds(cells.HAS_WORK):
        await large.carry_on()


async def sum_changes(worker: Database) -> None:
    done = 1
    while done:
        async with worker.driver_transaction() as tx:
            done = await moves.carry_on(tx)


async def held(superuser: asyncpg.Connection, table: str) -> list[Any]:
    """The rows of a table, their sums to nine digits."""
    return [
        tuple(pytest.approx(each, rel=1e-9, abs=1e-6) if isinstance(each, float) else each for each in row)
        for row in await superuser.fetch(TABLES[table])
    ]


@pytest.fixture
async def made(bus: Any, large: Any, worker: Database) -> None:
    """Some history, of which acme and acme/berlin have cells and sums of changes."""
    await some_history(bus, random.Random(1))
    await large.name_large("acme", "acme/berlin")
    await make_all(large, worker)


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_right_is_left_as_it_is_whatever_is_in_the_tail(
    bus: Any, large: Any, worker: Database, superuser: asyncpg.Connection, seed: int
) -> None:
    chance = random.Random(seed)
    await some_history(bus, chance)
    await large.name_large("acme", "globex")
    await make_all(large, worker)
    await some_history(bus, chance, 30)
    await large.carry_on(chance.choice([0, 3, 6]))

    for prefix in ("acme", "globex"):
        outcome = await reconcile_large(worker, Celled("default", prefix))
        assert outcome == Outcome(compared=outcome.compared, celled=1)
        assert outcome.compared > 100
    assert await superuser.fetchval("SELECT bool_and(is_filled) FROM scoring.celled_prefixes")
    assert await superuser.fetchval("SELECT count(*) FROM scoring.summed_prefixes") == 2


async def test_rounding_that_is_left_where_all_that_came_has_gone_is_no_damage(
    bus: Any, large: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    """Given reviews that were removed and restored one after the other, when cells are compared, then they stay."""
    begins = datetime(2026, 3, 1, 12, tzinfo=UTC)
    states = [review_state(5.0, "acme", rated_at=begins + timedelta(hours=29 * each)) for each in range(20)]
    reviews = {str(UUID(int=each)): state for each, state in enumerate(states, 1)}
    for review_id, state in reviews.items():
        await bus.tell(None, state, review_id=review_id, time=state.rated_at)
    await large.name_large("acme")
    await make_all(large, worker)
    for is_there in (False, True):
        for review_id, state in random.Random(is_there).sample(list(reviews.items()), len(reviews)):
            before, after = (None, state) if is_there else (state, None)
            event = {"revision": 2 + is_there, "event_type": "review.restored" if is_there else "review.removed"}
            await bus.tell(before, after, review_id=review_id, time=begins + timedelta(days=26), **event)
            await fill_all(large, worker)
    left = "SELECT count(*) FROM scoring.late_cells WHERE n = 0 AND (trust_w <> 0 OR recent_w <> 0)"
    assert await superuser.fetchval(left) > 0

    outcome = await reconcile_large(worker, ACME)

    assert outcome == Outcome(compared=outcome.compared, celled=1)


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        *(
            (
                "cells",
                f"UPDATE scoring.cells SET n5 = n5 + 1 WHERE ctid = ({ONE_CELL} AND {which} LIMIT 1)",
            )
            for which in ("valid_grain = 0 AND known_grain = 2", "valid_grain = 1 AND known_grain = 0")
        ),
        (
            "cells",
            f"DELETE FROM scoring.cells WHERE ctid = ({ONE_CELL} AND n5 > 0 LIMIT 1)",
        ),
        ("cells", "UPDATE scoring.cells SET prompt = prompt + 1 WHERE prefix = 'acme' AND valid_grain = 2"),
        ("cells", "UPDATE scoring.cells SET newest_us = newest_us + 1 WHERE prefix = 'acme'"),
        ("cells", "DELETE FROM scoring.cells WHERE prefix = 'acme'"),
        *(
            ("cells", f"UPDATE scoring.cells SET {span} = {span} + 1000 WHERE ctid = ({ONE_CELL} AND {which} LIMIT 1)")
            for span, which in (
                ("valid_span", "valid_grain = 0 AND known_grain = 2 AND n5 > 0"),
                ("known_span", "valid_grain = 2 AND known_grain = 0 AND n5 > 0"),
                ("known_span", "valid_grain = 1 AND known_grain = 1 AND n5 > 0"),
            )
        ),
        ("rated_cells", "UPDATE scoring.rated_cells SET n = n - 1 WHERE prefix = 'acme' AND grain = 1"),
        ("rated_cells", "UPDATE scoring.rated_cells SET span = span + 64 WHERE prefix = 'acme' AND grain = 0"),
        (
            "rated_cells",
            f"UPDATE scoring.rated_cells SET span = span # 1 WHERE ctid = ({ONE_RATED_DAY})",
        ),
        ("rated_cells", "DELETE FROM scoring.rated_cells WHERE prefix = 'acme'"),
        ("late_cells", "UPDATE scoring.late_cells SET n = n - 1 WHERE prefix = 'acme' AND grain = 0"),
        ("late_cells", "UPDATE scoring.late_cells SET rated_month = rated_month + 1000 WHERE prefix = 'acme'"),
        ("late_cells", "DELETE FROM scoring.late_cells WHERE prefix = 'acme'"),
        ("late_cells", "UPDATE scoring.late_cells SET span = span + 1000 WHERE prefix = 'acme'"),
        ("late_cells", "UPDATE scoring.late_cells SET span = span + 1000 WHERE prefix = 'acme' AND grain = 1"),
    ],
)
@pytest.mark.usefixtures("made")
async def test_cells_whose_counts_are_wrong_are_filled_again(
    large: Any, worker: Database, superuser: asyncpg.Connection, table: str, damage: str
) -> None:
    right = {each: await held(superuser, each) for each in TABLES}
    await superuser.execute(damage)
    assert await superuser.fetch(TABLES[table]) != right[table]

    outcome = await reconcile_large(worker, ACME)

    assert (outcome.differing > 0, outcome.celled, outcome.refilled) == (True, 1, 1)
    assert [
        tuple(row) for row in await superuser.fetch("SELECT prefix, is_filled FROM scoring.celled_prefixes ORDER BY 1")
    ] == [
        ("acme", False),
        ("acme/berlin", True),
    ]
    assert await reconcile_large(worker, ACME) == Outcome(skipped=1, celled=1)
    await fill_all(large, worker)
    for each, rows in TABLES.items():
        assert [tuple(row) for row in await superuser.fetch(rows)] == right[each]
    assert (await reconcile_large(worker, ACME)).refilled == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE scoring.cells SET trust_w5 = trust_w5 * 1.0001 WHERE prefix = 'acme'",
        "UPDATE scoring.cells SET total = total + 0.5 WHERE prefix = 'acme'",
        "UPDATE scoring.cells SET recent_a = 'NaN' WHERE prefix = 'acme'",
        "UPDATE scoring.cells SET trust_w5 = 'NaN', trust_summed = 'NaN' WHERE prefix = 'acme'",
        "UPDATE scoring.cells SET trust_w5 = 2 * trust_w5, trust_summed = 1e30 WHERE prefix = 'acme'",
        "UPDATE scoring.cells SET recent_summed = 100 * recent_summed WHERE prefix = 'acme'",
        "UPDATE scoring.rated_cells SET recent_w = recent_w * 1.0000001 WHERE prefix = 'acme'",
        "UPDATE scoring.rated_cells SET trust_b2 = trust_b2 * 1.0000001 WHERE prefix = 'acme'",
        "UPDATE scoring.late_cells SET trust_w = trust_w * 1.0000001 WHERE prefix = 'acme' AND n <> 0",
    ],
)
@pytest.mark.usefixtures("made")
async def test_cells_whose_weights_alone_are_wrong_are_filled_again_and_told_as_rounded(
    worker: Database, superuser: asyncpg.Connection, damage: str
) -> None:
    await superuser.execute(damage)

    outcome = await reconcile_large(worker, ACME)

    assert (outcome.differing, outcome.rounded > 0, outcome.refilled) == (0, True, 1)


RECENT = f"prefix = 'acme' AND grain = 0 AND topic = -1 AND span > {END_DAY - 64}"


@pytest.mark.parametrize(
    "damage",
    [
        f"UPDATE scoring.moves SET changes = changes + 1 WHERE {RECENT}",
        f"UPDATE scoring.moves SET n = n + 1 WHERE {RECENT}",
        f"UPDATE scoring.moves SET star = 3 - star % 2 WHERE {RECENT}",
        f"DELETE FROM scoring.moves WHERE {RECENT}",
        f"DELETE FROM scoring.moves WHERE {RECENT.replace('= -1', '>= 0')}",
        f"DELETE FROM scoring.moves WHERE prefix = 'acme' AND grain = 1 AND span > {END_DAY - 40} >> 3",
        f"UPDATE scoring.moves SET newest_us = newest_us + 1 WHERE {RECENT}",
    ],
)
@pytest.mark.usefixtures("made")
async def test_changes_that_are_wrong_are_summed_again(
    worker: Database, superuser: asyncpg.Connection, damage: str
) -> None:
    right = {each: await held(superuser, each) for each in TABLES}
    await superuser.execute(damage)
    assert await superuser.fetch(TABLES["moves"]) != right["moves"]

    outcome = await reconcile_large(worker, ACME)

    assert (outcome.differing > 0, outcome.refilled) == (True, 1)
    assert await superuser.fetchval("SELECT count(*) FROM scoring.moves WHERE prefix = 'acme'") == 0
    assert await superuser.fetchval("SELECT bool_and(is_filled) FROM scoring.celled_prefixes")
    await sum_changes(worker)
    for each, rows in TABLES.items():
        assert [tuple(row) for row in await superuser.fetch(rows)] == right[each]
    assert (await reconcile_large(worker, ACME)).refilled == 0


@pytest.mark.parametrize("column", ["total", "trust_a", "trust_b", "recent_a", "recent_b"])
@pytest.mark.parametrize("damage", ["{0} * 1.000001", "'NaN'"])
@pytest.mark.usefixtures("made")
async def test_changes_whose_weights_alone_are_wrong_are_summed_again_and_told_as_rounded(
    worker: Database, superuser: asyncpg.Connection, column: str, damage: str
) -> None:
    await superuser.execute(f"UPDATE scoring.moves SET {column} = {damage.format(column)} WHERE {RECENT}")

    outcome = await reconcile_large(worker, ACME)

    assert (outcome.differing, outcome.rounded > 0, outcome.refilled) == (0, True, 1)


@pytest.mark.usefixtures("made")
async def test_changes_of_long_ago_are_compared_by_hand_at_once_and_by_nights_in_turn(
    worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = END_DAY - 250
    await superuser.execute(
        f"UPDATE scoring.moves SET n = n + 1 WHERE prefix = 'acme' AND grain = 0 AND span < {long_ago}"
    )

    async def night(windows: Sequence[tuple[int, int]]) -> Outcome:
        monkeypatch.setattr(celled, "windows_of_night", lambda _windows, _day: windows)
        return await reconcile_large(worker, ACME)

    newest = (END_DAY - 100) // 64 * 64, END_DAY
    assert (await night([newest])).refilled == 0
    assert (await night([newest, ((END_DAY - 320) // 64 * 64, newest[0])])).refilled == 1
    await sum_changes(worker)
    await superuser.execute(
        f"UPDATE scoring.moves SET n = n + 1 WHERE prefix = 'acme' AND grain = 0 AND span < {long_ago}"
    )
    assert (await reconcile_large(worker, ACME, whole=True)).refilled == 1


@pytest.mark.usefixtures("made")
async def test_days_that_are_to_be_summed_anew_are_not_compared(
    bus: Any, worker: Database, superuser: asyncpg.Connection
) -> None:
    state = review_state(4.5, "acme", rated_at=NOW - timedelta(days=20))
    await bus.tell(None, state, time=NOW - timedelta(days=20))
    assert await superuser.fetchval("SELECT count(*) FROM scoring.changed_days") > 0

    assert (await reconcile_large(worker, ACME)).refilled == 0


@pytest.mark.usefixtures("made")
async def test_a_night_compares_large_subjects_those_first_that_were_not_for_the_longest(
    worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_CELLED_A_NIGHT", 1)
    await superuser.execute("UPDATE scoring.sums SET partition = partition")
    await superuser.execute("UPDATE scoring.rated_cells SET n = n + 1")
    await superuser.execute(
        "UPDATE scoring.celled_prefixes SET compared_at = now() - interval '1 day' WHERE prefix = 'acme'"
    )
    alarms = metrics.REPAIRED_DIFFERING._value.get()
    job = ReconciliationJob(worker)
    while await job.go_on():
        pass

    row = await superuser.fetchrow("SELECT * FROM scoring.reconciliations")
    assert (row["celled"], row["refilled"], row["finished_at"] is not None) == (1, 1, True)
    assert row["differing"] > 0
    assert metrics.REPAIRED_DIFFERING._value.get() - alarms == row["differing"]
    assert [
        tuple(row)
        for row in await superuser.fetch(
            "SELECT prefix, is_filled FROM scoring.celled_prefixes WHERE compared_at > now() - interval '1 hour'"
        )
    ] == [("acme/berlin", False)]


@pytest.mark.usefixtures("made")
async def test_a_subject_that_cannot_be_compared_keeps_no_other_waiting(
    worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = jobs.celled.compare

    async def fail_for_acme(tx: Any, large: Celled, seconds: float, **more: Any) -> Any:
        if large == ACME:
            raise asyncpg.QueryCanceledError
        return await compare(tx, large, seconds, **more)

    monkeypatch.setattr(jobs.celled, "compare", fail_for_acme)
    job = ReconciliationJob(worker)
    while await job.go_on():
        pass

    row = await superuser.fetchrow("SELECT * FROM scoring.reconciliations")
    assert (row["celled"], row["refilled"], row["finished_at"] is not None) == (2, 0, True)
    assert row["skipped"] >= 1


@pytest.mark.usefixtures("made")
async def test_the_command_says_that_a_large_subjects_past_was_wrong(
    superuser: asyncpg.Connection, scoring_url: str
) -> None:
    await superuser.execute("UPDATE scoring.cells SET n1 = n1 + 1 WHERE prefix = 'acme/berlin'")
    command_line = CommandLine(scoring_url)

    said = await asyncio.to_thread(
        command_line.output, "score", "reconcile", "--tenant", "default", "--subject", "acme"
    )
    assert "The past of 2 large subjects compared; that of 1 was wrong and is made anew." in said
    again = await asyncio.to_thread(command_line.json, "score", "reconcile", "--tenant", "default", "--subject", "acme")
    assert (again["celled"], again["refilled"]) == (1, 0)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE scoring.cells SET n5 = n5 + 1 WHERE prefix = 'acme'",
        "UPDATE scoring.moves SET n = n + 2 WHERE prefix = 'acme'",
    ],
)
@pytest.mark.usefixtures("made")
async def test_of_two_comparisons_at_once_one_lets_cells_be_made_anew_and_counts(
    large: Any, worker: Database, superuser: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """The other one comes when all is made anew already, and lets nothing be made anew once more."""
    await superuser.execute(damage)
    async with worker.driver_transaction() as tx:
        found = await celled.compare(tx, ACME, MAX_COMPARED_SECONDS)

    async def compared_before(*_: Any, **__: Any) -> Any:
        return found

    first = await reconcile_large(worker, ACME)
    await make_all(large, worker)
    monkeypatch.setattr(celled, "compare", compared_before)
    second = await reconcile_large(worker, ACME)

    assert (first.refilled, second.refilled) == (1, 0)
    assert (first.differing > 0, second.differing, second.rounded) == (True, 0, 0)
    assert await superuser.fetchval("SELECT bool_and(is_filled) FROM scoring.celled_prefixes")
    assert await superuser.fetchval("SELECT count(*) FROM scoring.summed_prefixes") == 2
