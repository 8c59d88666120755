"""What the jobs of scoring have not done is shown, of all tenants."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from plaudit.common.db import Database
from plaudit.scoring.backlogs import store
from plaudit.scoring.backlogs.jobs import BacklogsJob
from plaudit.scoring.backlogs.store import Left
from plaudit.scoring.moves.commands import end_of_settled
from plaudit_testing.review_events import review_state

pytestmark = pytest.mark.postgres

SHOWN = (
    "plaudit_scores_oldest_mark_seconds",
    "plaudit_cells_tail_records",
    "plaudit_cells_unfilled_subjects",
    "plaudit_moves_behind_days",
    "plaudit_half_lives_unfilled",
    "plaudit_sums_to_repair",
)


async def test_without_reviews_nothing_is_left(worker: Database) -> None:
    async with worker.transaction() as tx:
        assert await store.left(tx) == Left(0.0, 0, 0, 0, 0, 0.0, 0)


async def test_what_is_left_of_each_job_is_shown(worker: Database, bus: Any, superuser: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    for tenant_id in ("default", "other"):
        await bus.tell(None, review_state(5.0, "acme", rated_at=now), tenant_id=tenant_id)
    await superuser.execute("UPDATE scoring.marks SET marked_at = marked_at - interval '90 s'")
    await superuser.execute("DELETE FROM scoring.tail; DELETE FROM scoring.celled_prefixes")
    await superuser.execute(
        "INSERT INTO scoring.tail (partition, epoch, first_sequence, last_sequence) VALUES (0, 1, 5, 9), (1, 1, 3, 3)"
    )
    await superuser.execute(
        "INSERT INTO scoring.celled_prefixes (tenant_id, prefix, is_filled) VALUES ('default', 'acme', false), "
        "('other', 'acme', true)"
    )
    await superuser.execute(
        "INSERT INTO scoring.summed_prefixes VALUES ('default', 'a', $1), ('other', 'a', $2)",
        *(end_of_settled(now) - days for days in (1, 4)),
    )
    await superuser.execute(
        "INSERT INTO scoring.half_lives (tenant_id, half_life_us, phase, entries_read, entries_total, wanted_at, "
        "next_turn_at) VALUES ('default', 1, 'kept', 0, 0, now(), now()), ('other', 2, 'joining', 0, 0, now(), now())"
    )

    await superuser.execute("INSERT INTO scoring.rounded_sums (sums_id) VALUES (1), (2)")
    await superuser.execute(
        "INSERT INTO scoring.rounded_tenant_sums (tenant_id, half_life_us, prefix) VALUES ('other', 2, 'acme')"
    )

    assert await BacklogsJob(worker).turn() == 0

    oldest, *others = (REGISTRY.get_sample_value(name) for name in SHOWN)
    assert timedelta(seconds=90) <= timedelta(seconds=oldest or 0) < timedelta(seconds=600)
    assert others == [6, 1, 4, 1, 3]


async def test_a_process_that_has_just_begun_shows_when_sums_were_compared_last(
    worker: Database, superuser: asyncpg.Connection
) -> None:
    await superuser.execute(
        """INSERT INTO scoring.reconciliations (id, started_at, tenant_id, subject, compared, skipped, differing,
        rounded, finished_at) SELECT gen_random_uuid(), to_timestamp(n * 1000), '', '', 0, 0, 0, 0, ended
        FROM (VALUES (1, to_timestamp(1500)), (2, to_timestamp(2500.5)), (3, NULL)) AS nights (n, ended)"""
    )

    await BacklogsJob(worker).turn()

    assert REGISTRY.get_sample_value("plaudit_sums_reconciled_timestamp_seconds") == 2500.5
