"""What migrations do to rows that are there already."""

from importlib import import_module
from typing import Any

import asyncpg
import httpx
import pytest

pytestmark = pytest.mark.postgres

ANSWERS = [
    statement
    for statement in import_module(
        "plaudit.feedback_board.migrations.versions.0002_person_keys_and_mentions"
    ).STATEMENTS
    if "idempotency_keys" in statement
]


async def test_an_answer_kept_before_the_upgrade_is_still_given_to_a_repeat(
    api: httpx.AsyncClient, board_url: str
) -> None:
    wanted: dict[str, Any] = {"json": {"title": "Dark mode"}, "headers": {"idempotency-key": "k"}}
    first = await api.post("/v1/requests", **wanted)
    connection = await asyncpg.connect(board_url)
    former = "answer - 'tenant_id' || jsonb_build_object('tenant', answer -> 'tenant_id')"
    assert await connection.execute(f"UPDATE feedback_board.idempotency_keys SET answer = {former}") == "UPDATE 1"
    await connection.execute("SET ROLE plaudit_feedback_board_owner")
    for statement in ANSWERS:
        await connection.execute(statement)
    await connection.close()
    again = await api.post("/v1/requests", **wanted)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
