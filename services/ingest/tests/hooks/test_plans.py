"""How a group looks up what is known: by index, whatever the planner thinks of the tables when it makes its plan."""

import asyncpg
import pytest

from plaudit.ingest.hooks import store

pytestmark = pytest.mark.postgres

KEYS_OF_A_GROUP = 60


@pytest.mark.parametrize("statement", ["_SELECT_OUTCOMES", "_SELECT_REVIEWS"])
async def test_a_plan_made_over_empty_tables_looks_each_key_up_by_index(ingest_url: str, statement: str) -> None:
    connection = await asyncpg.connect(
        ingest_url, server_settings={"search_path": "ingest", "plan_cache_mode": "force_generic_plan"}
    )
    try:
        sources = ["01a20571-19f8-71d8-9c8e-1e30df458706"] * KEYS_OF_A_GROUP
        names = [f"r-{number}" for number in range(KEYS_OF_A_GROUP)]
        plan = await connection.fetch(f"EXPLAIN {getattr(store, statement)}", sources, names)
    finally:
        await connection.close()
    text = "\n".join(line[0] for line in plan)
    assert "Index" in text
    assert "Seq Scan" not in text, text
    assert "Hash" not in text, text
    assert "Merge" not in text, text
