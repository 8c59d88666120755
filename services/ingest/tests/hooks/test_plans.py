"""How a group looks up what is known: by index, whatever the planner thinks of the tables when it makes its plan."""

import asyncio
from collections.abc import Sequence

import pytest

from plaudit.common.db import Role, Tx
from plaudit.ingest.hooks import store
from plaudit_testing.front_door import FrontDoor, Source, created

pytestmark = pytest.mark.postgres

ROWS_OF_A_FEW_PAGES = 72


async def plan_for_any_keys(tx: Tx) -> str:
    """The plan that is made once for all keys, of the look-up as the hook role runs it."""
    await tx.raw.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    keys: Sequence[Sequence[str]] = [["01a20571-19f8-71d8-9c8e-1e30df458706"], ["r-1"]] * 2
    return "\n".join(line[0] for line in await tx.raw.fetch(f"EXPLAIN {store._SELECT_KNOWN}", *keys))


@pytest.mark.parametrize("rows", [0, ROWS_OF_A_FEW_PAGES])
async def test_a_plan_made_over_small_tables_looks_each_key_up_by_its_index(
    door: FrontDoor, source: Source, rows: int
) -> None:
    if rows:
        await asyncio.gather(*(door.post(source, created(f"r-{number}")) for number in range(rows)))
        await door.superuser.execute("ANALYZE ingest.deliveries, ingest.reviews, ingest.revisions")
    async with door.resources.database(Role.HOOK).driver_transaction("default") as tx:
        plan = await plan_for_any_keys(tx)
    for index in ("deliveries_dedup", "reviews_pkey", "revisions_pkey"):
        assert f"Index Scan using {index}" in plan, plan
    for whole_table in ("Seq Scan", "Hash", "Merge"):
        assert whole_table not in plan, plan
