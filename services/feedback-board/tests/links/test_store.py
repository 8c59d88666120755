"""How the requests of a changed review are found: by index, whatever the planner thinks of the tables."""

import asyncpg
import pytest

from plaudit.common.ids import uuid7
from plaudit.feedback_board.links import store

pytestmark = pytest.mark.postgres

REVIEWS_OF_A_BATCH = 500


async def test_a_plan_made_over_empty_tables_looks_each_review_up_by_index(board_url: str) -> None:
    connection = await asyncpg.connect(
        board_url, server_settings={"search_path": "feedback_board", "plan_cache_mode": "force_generic_plan"}
    )
    try:
        tenants, reviews = ["default"] * REVIEWS_OF_A_BATCH, [uuid7() for _ in range(REVIEWS_OF_A_BATCH)]
        plan = await connection.fetch(f"EXPLAIN {store._LINKED_REQUESTS}", tenants, reviews)
    finally:
        await connection.close()
    text = "\n".join(line[0] for line in plan)
    assert "links_of_review" in text, text
    assert "Seq Scan" not in text, text
    assert "Join" not in text, text


async def test_a_review_is_found_under_its_own_tenant_and_each_request_once(
    api, clients, reviews, worker, request_path: str
) -> None:
    one, two, unlinked = [await reviews.published() for _ in range(3)]
    for review in (one, two):
        await api.post(f"{request_path}/links", json={"review_id": str(review)})
    changed = [("default", one), ("default", two), ("default", unlinked), ("other", one)]
    async with worker.transaction() as tx:
        found = await store.linked_requests(tx, changed)
    assert [(tenant, str(request)) for tenant, request in found] == [("default", request_path.rpartition("/")[2])]
