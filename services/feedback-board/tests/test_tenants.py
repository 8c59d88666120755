"""Tenants never see each other, and keys do only what their scopes say."""

from uuid import uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from plaudit.common.db import Role
from plaudit.common.delivery.domain.stores import DELIVERY_STORES

pytestmark = pytest.mark.postgres

TABLES = (
    *(
        "requests",
        "votes",
        "vote_networks",
        "links",
        "reviews",
        "activity",
        "recounts",
        "idempotency_keys",
        "rate_limits",
    ),
    *("personas", "persona_people", "reach_views", "sizings", "priority_history", "day_rolls"),
    *("merges", "changelog_entries", "changelog_requests", "embeds", "request_counts"),
    *("comments", "responses", "held_posts", "standings", "recent_words", "hold_rules", "moderation_log"),
    *("visitors", "visitor_sessions", "visitor_links", "used_tokens", "sign_in_secrets", "deletions"),
    *("announcements", "followers", "board_contacts", *DELIVERY_STORES),
    *("words_to_index", "request_words", "title_stems", "stem_counts", "submissions", "rejected_duplicates"),
)


async def test_another_tenants_request_is_not_found(
    api: httpx.AsyncClient, clients, request_path: str, reviews
) -> None:
    review = await reviews.published()
    other = await clients.with_key("other", "*")
    answers = [
        await other.get(request_path),
        await other.get(f"{request_path}/activity"),
        await other.post(f"{request_path}/votes", json={"person": "native:eve"}),
        await other.request("DELETE", f"{request_path}/votes", json={"person": "native:anna"}),
        await other.put(f"{request_path}/status", json={"status": "declined", "reason": "Ours now."}),
        await other.put(f"{request_path}/sizing", json={"impact": 3, "effort_weeks": 1}),
        await other.post(f"{request_path}/links", json={"review_id": str(review)}),
        await other.delete(f"{request_path}/links/{review}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 8
    assert (await other.get("/v1/requests")).json() == {"items": [], "next": None}
    untouched = (await api.get(request_path)).json()
    assert (untouched["votes"], untouched["status"], untouched["impact"]) == (0, "open", None)


async def test_another_tenants_review_cannot_be_linked(clients, reviews) -> None:
    other = await clients.with_key("other", "*")
    made = (await other.post("/v1/requests", json={"title": "Dark mode"})).json()
    review = await reviews.published(tenant="default")
    answer = await other.post(f"/v1/requests/{made['id']}/links", json={"review_id": str(review)})
    assert answer.status_code == 404


async def test_the_same_idempotency_key_of_two_tenants_makes_two_requests(api: httpx.AsyncClient, clients) -> None:
    other = await clients.with_key("other", "*")
    ids = set()
    for client in (api, other):
        made = await client.post("/v1/requests", json={"title": "Dark mode"}, headers={"idempotency-key": "same"})
        ids.add(made.json()["id"])
    assert len(ids) == 2


async def test_a_key_does_what_its_scopes_say_and_no_more(clients, request_path: str) -> None:
    reader = await clients.with_key("default", "board:read")
    writer = await clients.with_key("default", "board:write")
    assert (await reader.get(request_path)).status_code == 200
    assert (await reader.get(f"{request_path}/activity")).status_code == 200
    assert (await reader.get("/v1/requests")).status_code == 200
    assert (await writer.get(request_path)).status_code == 403
    changes = [
        ("POST", "/v1/requests", {"title": "Dark mode"}),
        ("POST", f"{request_path}/votes", {"person": "native:anna"}),
        ("DELETE", f"{request_path}/votes", {"person": "native:anna"}),
        ("PUT", f"{request_path}/status", {"status": "planned", "reason": "Right."}),
        ("PUT", f"{request_path}/sizing", {"impact": 1, "effort_weeks": 1}),
        ("POST", f"{request_path}/links", {"review_id": str(uuid4())}),
        ("DELETE", f"{request_path}/links/{uuid4()}", None),
    ]
    for method, path, body in changes:
        assert (await reader.request(method, path, json=body)).status_code == 403
        assert (await writer.request(method, path, json=body)).status_code in {200, 201, 404}


async def test_without_a_key_the_api_is_closed(clients, request_path: str) -> None:
    assert (await clients.visitor().get(request_path)).status_code == 401


async def test_every_table_of_a_tenant_forces_row_level_security(worker) -> None:
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced FROM pg_class "
            "JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant_id' "
            "WHERE relnamespace = 'feedback_board'::regnamespace AND relkind IN ('r', 'p')"
        )
    assert {row["relname"]: row["forced"] for row in rows} == dict.fromkeys([*TABLES, "erased"], True)


async def test_the_database_itself_keeps_tenants_apart(resources, request_path: str, api: httpx.AsyncClient) -> None:
    """Even a statement of ours that forgot the tenant could not reach another's rows."""
    await api.post(f"{request_path}/votes", json={"person": "native:anna"})
    database = resources.database(Role.API)
    async with database.transaction("other") as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM requests") == 0
        assert await tx.raw.execute("UPDATE requests SET votes = 99") == "UPDATE 0"
        assert await tx.raw.execute("DELETE FROM votes") == "DELETE 0"
    async with database.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM requests") == 0
    with pytest.raises((asyncpg.InsufficientPrivilegeError, DBAPIError)):
        async with database.transaction("other") as tx:
            await tx.raw.execute(
                "INSERT INTO votes (tenant_id, request_id, person_key, voted_at) VALUES ('default', $1, 'x', now())",
                uuid4(),
            )
    async with database.transaction("default") as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM votes") == 1
