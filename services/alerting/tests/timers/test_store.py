"""How timers are looked up: by index, although the plan is made once, while the table is small."""

from uuid import uuid4

import asyncpg
import pytest

from plaudit.alerting.timers import store
from plaudit.common.db import Tx
from plaudit_testing.clocks import at

pytestmark = pytest.mark.postgres

CLOCKS = 60
TIMERS = 5_000
_FILL = """
INSERT INTO timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at)
SELECT 'default', gen_random_uuid(), 1, 'breach', gen_random_uuid(), 'reviews.v1', 0, now(), now()
FROM generate_series(1, $1)
"""

_READ_WHOLE = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'timers'::regclass"


@pytest.fixture
async def connection(alerting_url):
    """A connection that plans a statement once, without its arguments."""
    made = await asyncpg.connect(
        alerting_url, server_settings={"search_path": "alerting", "plan_cache_mode": "force_generic_plan"}
    )
    yield made
    await made.close()


async def plan_of(connection, statement, *arguments):
    lines = await connection.fetch(f"EXPLAIN {statement}", *arguments)
    return "\n".join(line[0] for line in lines)


async def test_timers_are_cancelled_by_index_also_where_the_plan_was_made_over_an_empty_table(connection):
    async with connection.transaction():
        tx = Tx(connection, at(0))
        await store.cancel(tx, [("default", uuid4())])
        await connection.execute(_FILL, TIMERS)
        some = await connection.fetch("SELECT clock_id FROM timers LIMIT $1", CLOCKS)
        read = await connection.fetchval(_READ_WHOLE)
        await store.cancel(tx, [("default", row["clock_id"]) for row in some])
        assert await connection.fetchval(_READ_WHOLE) == read
        assert await connection.fetchval("SELECT count(*) FROM timers") == TIMERS - CLOCKS


async def test_due_timers_are_claimed_clock_by_clock_over_the_index(connection):
    await connection.execute(_FILL, TIMERS)
    plan = await plan_of(
        connection, store._CLAIM, ["default"] * CLOCKS, [uuid4() for _ in range(CLOCKS)], [at(0)] * CLOCKS
    )
    assert "Index" in plan
    assert "Tid Scan" in plan
    assert not [node for node in ("Seq Scan", "Hash", "Merge") if node in plan], plan
