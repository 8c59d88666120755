"""How a group looks up what is known: by index, whatever the planner thinks of the tables when it makes its plan.

And how it writes what is new: its arrays become rows once, and are not stored on the way.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Role
from plaudit.common.db.one_trip import OneTrip
from plaudit.ingest.hooks.store.reading import SELECT_KNOWN
from plaudit.ingest.hooks.store.writing import IS_NEW, WRITE, WRITE_NEW
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

A_FEW_ROWS, ROWS_OF_A_FEW_PAGES = 5, 72


async def plan_for_any_keys(connection: asyncpg.Connection) -> str:
    """The plan of the look-up that is made once for all keys, whose number it does not know."""
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE look_up (uuid[], text[], uuid[], text[]) AS {SELECT_KNOWN}")
    plan = await connection.fetch("EXPLAIN EXECUTE look_up ('{}', '{}', '{}', '{}')")
    await connection.execute("DEALLOCATE look_up")
    return "\n".join(line[0] for line in plan)


@pytest.mark.parametrize("rows", [0, A_FEW_ROWS, ROWS_OF_A_FEW_PAGES])
async def test_a_plan_made_over_small_tables_looks_each_key_up_by_its_index(
    ingest: Ingest, source: Source, rows: int
) -> None:
    if rows:
        await asyncio.gather(*(ingest.post(source, created(f"r-{number}")) for number in range(rows)))
        await ingest.superuser.execute("ANALYZE ingest.deliveries, ingest.reviews, ingest.revisions")
    async with ingest.resources.database(Role.HOOK).driver_transaction("default") as tx:
        plan = await plan_for_any_keys(tx.raw)
    for index in ("deliveries_dedup", "reviews_pkey", "revisions_pkey"):
        assert f"Index Scan using {index}" in plan, plan
    for whole_table in ("Seq Scan", "Hash", "Merge"):
        assert whole_table not in plan, plan


async def test_the_index_of_the_log_is_no_choice_for_the_look_up_however_cheap_it_seems(ingest: Ingest) -> None:
    async with ingest.superuser.transaction():
        await ingest.superuser.execute("DROP INDEX ingest.deliveries_dedup")
        await ingest.superuser.execute("SET LOCAL ROLE plaudit_ingest_hook")
        await ingest.superuser.execute("SET LOCAL search_path = ingest")
        plan = await plan_for_any_keys(ingest.superuser)
    assert "deliveries_log" not in plan, plan


async def test_whether_a_tenant_erased_anybody_is_asked_once_and_of_the_index(ingest: Ingest) -> None:
    database = ingest.resources.database(Role.HOOK)
    statement = OneTrip(database, is_new=IS_NEW, write=WRITE_NEW)._statement
    async with database.driver_transaction("default") as tx:
        prepared = await tx.raw.prepare(statement)
        values = [
            "{default}", [1], datetime.now(UTC), ["default"], *([] for _ in prepared.get_parameters()[4:])
        ]  # fmt: skip
        plan = await prepared.explain(*values)
    found = [node for node in _nodes(plan[0]["Plan"]) if node.get("Relation Name") == "erased_people"]
    assert [node["Node Type"] for node in found] == ["Index Only Scan"] * 2
    any_of_tenant, named = sorted(found, key=lambda node: len(node["Index Cond"]))
    assert ".person = " not in any_of_tenant["Index Cond"]
    assert ".person = " in named["Index Cond"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def test_the_arrays_of_what_is_new_become_rows_once_and_are_not_stored_on_the_way(ingest: Ingest) -> None:
    async with ingest.resources.database(Role.HOOK).driver_transaction("default") as tx:
        statement = await tx.raw.prepare(WRITE)
        _now, *arrays = statement.get_parameters()
        plan = json.dumps(await statement.explain(datetime.now(UTC), *([] for _ in arrays)))
    assert "Function Scan" not in plan, plan
    of_deliveries_changes_and_events = 3
    assert plan.count('"ProjectSet"') == of_deliveries_changes_and_events, plan
