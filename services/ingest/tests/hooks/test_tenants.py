"""What belongs to one tenant does not exist for another, on any route."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from plaudit.common.db import Role
from plaudit.common.ids import uuid7
from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.hooks import commands
from plaudit.ingest.hooks.domain import Delivery
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview
from plaudit.ingest.sources import domain
from plaudit_testing.platforms import CUSTOM_MAPPING
from plaudit_testing.running_ingest import Ingest, Source, created

pytestmark = pytest.mark.postgres

OTHER = "globex"


async def ids_of(ingest: Ingest, tenant: str) -> dict[str, str]:
    """One of everything that the tenant has."""
    source = await ingest.source(tenant, subject="acme")
    for number in range(3):
        await ingest.post(source, created(f"r-{number}", 1))
    await ingest.post(source, {"type": "review.removed", "data": {"id": "comes early"}})
    await ingest.post(source, [created("r-0", 1), created("off its scale", 9)])
    [*_, review] = await ingest.items("/v1/reviews", tenant)
    [*_, delivery] = await ingest.items("/v1/deliveries", tenant)
    key = {"authorization": f"Bearer {await ingest.key(tenant)}"}

    async def ask(method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return await ingest.client.request(method, path, json=body, headers=key)

    answer = {"text": "Thank you.", "via": "elsewhere", "published_at": "2026-06-01T12:00:00Z"}
    assert (await ask("POST", f"/v1/reviews/{review['id']}/answer", answer)).status_code < 300
    settled = {"disposition": "justified", "outcome": "refunded"}
    assert (await ask("PUT", f"/v1/reviews/{review['id']}/resolution", settled)).status_code < 300
    assert (await ask("POST", f"/v1/reviews/{review['id']}/report", {"reason": "spam"})).status_code < 300
    contact = {"email": f"ann@{tenant}.example", "consent": "granted"}
    person = (await ask("PUT", "/v1/contacts", contact)).json()["person"]
    erasure = (await ask("POST", "/v1/erasures", {"person": f"native:{tenant}"})).json()["id"]
    plain = {"name": "After it", "subject": "acme", "kind": "nps", "template": "shop", "language": "en"}
    survey = (await ask("POST", "/v1/surveys", plain)).json()["id"]
    customer = {"invitations": [{"email": f"ann@{tenant}.example"}]}
    assert (await ask("POST", f"/v1/surveys/{survey}/invitations", customer)).status_code == 200
    replay = (await ask("POST", "/v1/replays", {"source_id": source.id})).json()["id"]
    run = (await ask("POST", "/v1/sorting-rules/apply", {})).json()["id"]
    a_file = {"source_id": source.id, "map": ["id=id", "rating=rating", "published_at=at"]}
    rows = b"id,rating,at\nf-1,4,2026-03-01T12:00:00Z\n"
    as_csv = {**key, "content-type": "text/csv"}
    imported = await ingest.client.post("/v1/imports", params=a_file, content=rows, headers=as_csv)
    return {
        "import_id": imported.json()["id"],
        "replay_id": replay,
        "source_id": source.id,
        "review_id": review["id"],
        "delivery_id": delivery["id"],
        "person": person,
        "erasure_id": erasure,
        "survey_id": survey,
        "run_id": run,
    }


def told(text: str, ids: dict[str, str]) -> bool:
    return any(each in text for each in ids.values())


def get_routes(ingest: Ingest) -> list[str]:
    """The routes that read; one that needs no key greets whoever looks, and reads nothing."""
    assert ingest.parts.app is not None
    paths = ingest.parts.app.openapi()["paths"]
    return [path for path, item in paths.items() if "get" in item and item["get"].get("security") != []]


async def test_on_every_get_route_another_tenants_rows_do_not_exist(ingest: Ingest):
    ours, theirs = await ids_of(ingest, "default"), await ids_of(ingest, OTHER)
    routes = get_routes(ingest)
    assert {route.rsplit("/", 1)[-1] for route in routes} >= {"{source_id}", "{review_id}", "{delivery_id}"}
    for route in routes:
        if route in OF_NO_ROW:
            assert not told((await ingest.get(route)).text, theirs)
        elif "{" not in route:
            mine, others = (await ingest.get(route)).text, (await ingest.get(route, OTHER)).text
            assert told(mine, ours)
            assert told(others, theirs)
            assert not told(mine, theirs)
            assert not told(others, ours)
        else:
            assert (await ingest.get(route.format(**ours))).status_code == 200
            refused = await ingest.get(route.format(**theirs))
            absent = await ingest.get(route.format(**{**dict.fromkeys(theirs, uuid4()), "person": f"native:{uuid4()}"}))
            assert refused.status_code == absent.status_code == 404, route
            assert {**refused.json(), "instance": ""} == {**absent.json(), "instance": ""}


OF_NO_ROW = {"/v1/sorting-rules", "/v1/survey-templates", "/v1/review-revisions", "/v1/review-revisions/figures"}
"""The first two show no ids; the last ones hold what is published, which nothing is here."""


ISSUED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
SURVEY_WORDS = {**dict.fromkeys(("brand", "title", "question", "text_question", "thanks"), "Other"), "closed": False}
AN_ANSWER = {"text": "Thanks.", "via": "elsewhere", "published_at": "2026-06-01T12:00:00Z"}
WRITES: dict[tuple[str, str], Any] = {
    ("PATCH", "/v1/sources/{source_id}"): {"name": "Taken over"},
    ("DELETE", "/v1/sources/{source_id}"): None,
    ("POST", "/v1/sources/{source_id}/secret/rotate"): {},
    ("PUT", "/v1/sources/{source_id}/secrets"): {"secrets": [ISSUED]},
    ("PUT", "/v1/sources/{source_id}/mapping"): {"mapping": json.loads(CUSTOM_MAPPING)},
    ("PUT", "/v1/sources/{source_id}/credentials"): {"credentials": {"api_key": "x"}},
    ("POST", "/v1/sources/{source_id}/pull"): None,
    ("POST", "/v1/sources/{source_id}/held-removals/apply"): None,
    ("POST", "/v1/sources/{source_id}/test"): {"body": "{}"},
    ("PUT", "/v1/sources/{source_id}/answering-credentials"): {"credentials": {"api_key": "x"}},
    ("POST", "/v1/reviews/{review_id}/answer"): AN_ANSWER,
    ("POST", "/v1/reviews/{review_id}/answer/published"): {"published_at": "2026-06-01T12:00:00Z"},
    ("PUT", "/v1/reviews/{review_id}/resolution"): {"disposition": "justified", "outcome": "refunded"},
    ("POST", "/v1/reviews/{review_id}/report"): {"reason": "spam"},
    ("PUT", "/v1/reviews/{review_id}/report/decision"): {"state": "declined"},
    ("PUT", "/v1/surveys/{survey_id}"): SURVEY_WORDS,
    ("POST", "/v1/surveys/{survey_id}/invitations"): {"invitations": [{"email": "ann@example.com"}]},
    ("DELETE", "/v1/imports/{import_id}"): None,
}
"""Each route that writes and names a row in its path, with a body that it takes of its own tenant."""
NAMED_IN_A_BODY: dict[tuple[str, str], str] = {
    ("POST", "/v1/replays"): "source_id",
    ("POST", "/v1/erasures"): "review_id",
}


async def rows_of(ingest: Ingest, tenant: str) -> dict[str, list[str]]:
    """Everything that a tenant has."""
    tables = await ingest.rows(
        "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, "
        "table_name) WHERE c.table_schema = 'ingest' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'"
    )
    found = {}
    for [table] in tables:
        rows = await ingest.rows(f"SELECT t::text AS row FROM ingest.{table} AS t WHERE tenant_id = $1", tenant)
        found[table] = sorted(row["row"] for row in rows)
    return found


async def test_on_every_route_that_writes_another_tenants_rows_do_not_exist_and_stay_as_they_are(ingest: Ingest):
    await ids_of(ingest, "default")
    theirs = await ids_of(ingest, OTHER)
    nobodys = {**dict.fromkeys(theirs, str(uuid4())), "person": f"native:{uuid4()}"}
    assert ingest.parts.app is not None
    known = {
        (method.upper(), path)
        for path, item in ingest.parts.app.openapi()["paths"].items()
        for method in item
        if method != "get" and "{" in path and not path.startswith("/v1/hooks/")
    }
    assert known == {*WRITES}, "a route without a body here"
    before = await rows_of(ingest, OTHER)
    key = {"authorization": f"Bearer {await ingest.key()}"}
    for (method, path), body in WRITES.items():
        answers = [
            await ingest.client.request(method, path.format(**ids), json=body, headers=key) for ids in (theirs, nobodys)
        ]
        assert [each.status_code for each in answers] == [404, 404], (method, path, answers[0].text)
        refused, absent = ({**each.json(), "instance": ""} for each in answers)
        assert refused == absent, path
    for (method, path), name in NAMED_IN_A_BODY.items():
        answers = [
            await ingest.client.request(method, path, json={name: ids[name]}, headers=key) for ids in (theirs, nobodys)
        ]
        assert answers[0].status_code == answers[1].status_code, (path, answers[0].text)
    assert await rows_of(ingest, OTHER) == before


async def test_a_filter_by_another_tenants_source_finds_nothing(ingest: Ingest):
    theirs = await ids_of(ingest, OTHER)
    for route in ("/v1/reviews", "/v1/deliveries"):
        assert await ingest.items(route, OTHER, source_id=theirs["source_id"]) != []
        assert await ingest.items(route, source_id=theirs["source_id"]) == []


async def test_a_cursor_of_another_tenants_list_leads_to_ones_own_rows_only(ingest: Ingest):
    await ids_of(ingest, OTHER)
    await ids_of(ingest, "default")
    for route in ("/v1/sources", "/v1/reviews", "/v1/deliveries"):
        own = {item["id"] for item in await ingest.items(route)}
        first = (await ingest.get(route, OTHER, limit=1)).json()
        if first["next"] is not None:
            assert {item["id"] for item in await ingest.items(route, cursor=first["next"])} <= own


async def test_every_get_route_needs_a_key_that_has_its_scope(ingest: Ingest):
    ours = await ids_of(ingest, "default")
    powerless = {"authorization": f"Bearer {await ingest.key('default', 'scores:read')}"}
    for route in get_routes(ingest):
        path = route.format(**ours)
        assert (await ingest.client.get(path)).status_code == 401
        assert (await ingest.client.get(path, headers={"authorization": "Bearer nonsense"})).status_code == 401
        assert (await ingest.client.get(path, headers=powerless)).status_code == 403


async def test_who_may_read_a_source_may_not_see_its_secret(ingest: Ingest, source: Source):
    reader = {"authorization": f"Bearer {await ingest.key('default', 'sources:read')}"}
    read = await ingest.client.get(f"/v1/sources/{source.id}", headers=reader)
    assert read.status_code == 200
    assert source.secret not in read.text
    assert (await ingest.client.get(f"/v1/sources/{source.id}/secret", headers=reader)).status_code == 403


async def test_one_group_may_hold_deliveries_of_many_tenants_and_each_sees_its_own(ingest: Ingest):
    tenants = ["default", OTHER, "initech"]
    sources = {tenant: await ingest.source(tenant) for tenant in tenants}
    answers = await asyncio.gather(
        *(ingest.post(sources[tenant], created(f"{tenant}-{n}")) for n in range(5) for tenant in tenants)
    )
    assert {answer.status_code for answer in answers} == {202}
    for tenant in tenants:
        reviews = await ingest.items("/v1/reviews", tenant)
        assert {review["external_id"] for review in reviews} == {f"{tenant}-{n}" for n in range(5)}


@pytest.mark.parametrize(
    ("role", "tables"),
    [
        (Role.API, ["sources", "deliveries", "reviews", "revisions", "surveys", "survey_invitations"]),
        (Role.HOOK, ["deliveries", "reviews", "revisions", "survey_invitations"]),
    ],
)
async def test_the_database_itself_shows_a_request_no_row_of_another_tenant(
    ingest: Ingest, role: Role, tables: list[str]
):
    for tenant in ("default", OTHER):
        await ids_of(ingest, tenant)
    for tenants in ([], ["default"], [OTHER], ["default", OTHER], ["initech"]):
        async with ingest.resources.database(role).transaction(*tenants) as tx:
            for table in tables:
                rows = await tx.raw.fetch(f"SELECT DISTINCT tenant_id FROM {table}")
                assert {row["tenant_id"] for row in rows} == set(tenants) - {"initech"}, table


async def test_a_group_commit_cannot_write_for_a_tenant_that_it_did_not_verify(ingest: Ingest):
    hook = ingest.resources.database(Role.HOOK)
    insert = (
        "INSERT INTO deliveries (tenant_id, id, source_id, received_at, status, accepted, unchanged, headers, body) "
        "VALUES ($1, gen_random_uuid(), gen_random_uuid(), now(), 202, 0, 0, '{}', '')"
    )
    async with hook.transaction("default") as tx:
        await tx.raw.execute(insert, "default")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with hook.transaction("default", "initech") as tx:
            await tx.raw.execute(insert, OTHER)
    assert (await ingest.counts())["deliveries"] == 1


async def test_one_row_of_another_tenant_fails_all_that_its_group_writes(ingest: Ingest, source: Source):
    theirs = await ingest.source(OTHER)
    now = datetime.now(UTC)

    def delivery(source_id: str, tenant_id: str) -> Delivery:
        account = domain.Source(
            tenant_id=tenant_id, id=source_id, name="a", platform="native", subject="acme", secret="", created_at=now
        )
        review = CreateReview(external_id="r-1", content=Content(subject="acme", rating=4.0, published_at=now))
        return Delivery(str(uuid7()), account, "msg_1", "{}", b"{}", [review])

    async def write(*verified: str) -> None:
        group = [delivery(source.id, "default"), delivery(theirs.id, OTHER)]
        order_keys = chain.from_iterable(each.order_keys for each in group)
        async with ingest.resources.database(Role.HOOK).driver_transaction(*verified, order_keys=order_keys) as tx:
            await commands.take(UnitOfWork(tx, ingest.resources.outbox, uuid7), group)

    with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
        await write("default")
    assert refused.value.sqlstate == "42501"
    assert set((await ingest.counts()).values()) == {0}
    await write("default", OTHER)
    assert set((await ingest.counts()).values()) == {2}
