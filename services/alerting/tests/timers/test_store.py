"""How timers are looked up: by index, although the plan is made once, while the table is small."""

from uuid import uuid4

import asyncpg
import pytest

from plaudit.alerting.timers import store
from plaudit_testing.clocks import at

pytestmark = pytest.mark.postgres

CLOCKS = 60
TIMERS = 5_000
_FILL = """
INSERT INTO timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at)
SELECT 'default', gen_random_uuid(), 1, 'breach', gen_random_uuid(), 'reviews.v1', 0, now() FROM generate_series(1, $1)
"""


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


async def test_a_clocks_timers_are_cancelled_by_index_also_by_a_plan_made_over_an_empty_table(connection):
    plan = await plan_of(connection, store._CANCEL, "default", uuid4())
    assert "Index" in plan
    assert "Seq Scan" not in plan, plan


async def test_due_timers_are_claimed_clock_by_clock_over_the_index(connection):
    await connection.execute(_FILL, TIMERS)
    plan = await plan_of(
        connection, store._CLAIM, ["default"] * CLOCKS, [uuid4() for _ in range(CLOCKS)], [at(0)] * CLOCKS
    )
    assert "Index" in plan
    assert "Tid Scan" in plan
    assert not [node for node in ("Seq Scan", "Hash", "Merge") if node in plan], plan
