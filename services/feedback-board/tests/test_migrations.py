"""What migrations do to rows that are there already."""

from importlib import import_module
from typing import Any

import asyncpg
import httpx
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from plaudit.common.db.migrate import migration
from plaudit_testing.databases import settings_for

pytestmark = pytest.mark.postgres

ANSWERS = [
    statement
    for statement in import_module(
        "plaudit.feedback_board.migrations.versions.0002_person_keys_and_mentions"
    ).STATEMENTS
    if "idempotency_keys" in statement
]


COUNTS = import_module("plaudit.feedback_board.migrations.versions.0004_votes_counted_by_steps").COUNTS


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


async def test_votes_from_before_the_upgrade_are_counted_apart_and_their_requests_counted_anew(
    api: httpx.AsyncClient, request_path: str, board_url: str, recount: Any
) -> None:
    for person in ("native:anna", "visitor:1", "visitor:2"):
        await api.post(f"{request_path}/votes", json={"person": person})
    wanted = (await api.get(request_path)).json()
    connection = await asyncpg.connect(board_url, server_settings={"search_path": "feedback_board"})
    before = "UPDATE requests SET anonymous_votes = 0, anonymous_reach = 0, reach = 3, trend = 0 RETURNING revision"
    trend = await connection.fetchval("SELECT trend FROM requests")
    await connection.execute(before)
    for statement in COUNTS:
        await connection.execute(statement)
    assert await recount() == 1
    assert abs(await connection.fetchval("SELECT trend FROM requests") - trend) < 1_000
    await connection.close()
    assert {**(await api.get(request_path)).json(), "revision": wanted["revision"]} == wanted


async def test_boards_that_were_public_before_they_could_be_switched_off_stay_public(
    api: httpx.AsyncClient, clients, board_url: str
) -> None:
    used = await clients.with_key("northwind", "*")
    await clients.with_key("empty", "*")
    assert (await used.post("/v1/requests", json={"title": "Dark mode"})).status_code == 201
    public_boards = import_module("plaudit.common.migrations.versions.0005_public_boards")

    def upgrade(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            public_boards.upgrade()

    async with migration(settings_for(board_url), "common") as connection:
        await connection.exec_driver_sql("DROP FUNCTION common.find_public_board(text)")
        await connection.exec_driver_sql("ALTER TABLE common.tenants DROP COLUMN board_public")
        await connection.run_sync(upgrade)

    visitor = clients.visitor()
    statuses = {tenant: (await visitor.get(f"/b/{tenant}")).status_code for tenant in ("default", "northwind", "empty")}
    assert statuses == {"default": 200, "northwind": 200, "empty": 404}
