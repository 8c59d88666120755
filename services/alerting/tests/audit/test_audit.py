"""The audit trail: what is recorded, who may read it, and that nobody changes it."""

import pytest

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.people.schemas import EXAMPLE
from plaudit.common.db import Role
from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def api(stage):
    return await stage.client()


async def entries(api, **filters):
    return (await api.get("/v1/audit", params=filters)).json()["items"]


async def note(stage, number, **fields):
    values = {"tenant_id": "default", "actor": "key:a", "kind": "alert.assigned", "about_kind": About.ALERT}
    async with stage.worker.transaction() as tx:
        await record(tx, Entry(**{**values, "about_id": str(number), "after": {"number": number}, **fields}))


async def test_what_is_done_with_clocks_owners_and_policies_is_recorded(stage, api):
    await stage.happens(None, review(), at(0))
    [clock] = (await api.get("/v1/clocks", params={"metric": "first_answer"})).json()["items"]
    await api.post(f"/v1/clocks/{clock['id']}/pause", json={"reason": "waits"})
    await api.post(f"/v1/clocks/{clock['id']}/resume", json={"reason": "goes on"})
    await api.post("/v1/clocks/move", json={"reason": "new policy"})
    await api.put("/v1/owners", json=EXAMPLE)
    found = await entries(api)
    assert [each["kind"] for each in found] == ["owners.saved", "clocks.moved", "clock.resumed", "clock.paused"]
    assert (found[3]["before"]["state"], found[3]["after"]["state"]) == ("running", "paused")
    assert (found[0]["before"], found[0]["after"]) == (None, {"revision": 1})


async def test_entries_are_chosen_by_actor_kind_thing_and_time(stage, api):
    await note(stage, 1)
    await note(stage, 2, actor="person:b", kind="alert.acknowledged")
    await stage.move_to(at(5))
    await note(stage, 3, about_kind=About.SILENCE, kind="silence.began")
    assert [each["about_id"] for each in await entries(api)] == ["3", "2", "1"]
    assert [each["about_id"] for each in await entries(api, actor="person:b")] == ["2"]
    assert [each["about_id"] for each in await entries(api, kind="alert")] == ["2", "1"]
    assert [each["about_id"] for each in await entries(api, kind="alert.assigned")] == ["1"]
    assert [each["about_id"] for each in await entries(api, about="silence")] == ["3"]
    assert [each["about_id"] for each in await entries(api, about_id="2")] == ["2"]
    hours = {"from": at(4).isoformat(), "to": at(6).isoformat()}
    assert [each["about_id"] for each in await entries(api, **hours)] == ["3"]


async def test_every_page_goes_on_where_the_one_before_ended(stage, api):
    for number in range(5):
        await note(stage, number)
    first = (await api.get("/v1/audit", params={"limit": 2})).json()
    second = (await api.get("/v1/audit", params={"limit": 2, "cursor": first["next"]})).json()
    third = (await api.get("/v1/audit", params={"limit": 2, "cursor": second["next"]})).json()
    seen = [each["about_id"] for page in (first, second, third) for each in page["items"]]
    assert (seen, third["next"]) == (["4", "3", "2", "1", "0"], None)


async def test_changes_of_endpoints_are_in_it_too(stage, api):
    body = {"name": "Hook", "channel": "webhook", "url": "https://hook.example/in", "topics": ["alert"]}
    made = await api.post("/v1/endpoints", json=body)
    assert made.status_code == 201, made.text
    [entry] = await entries(api, about="endpoint")
    assert (entry["kind"], entry["actor"].startswith("key:")) == ("endpoint.changed", True)


async def test_only_who_may_reads_it_and_only_their_own(stage, api):
    await note(stage, 1)
    assert (await (await stage.client("alerts:read")).get("/v1/audit")).status_code == 403
    assert await entries(await stage.client(tenant="stranger")) == []


@pytest.mark.parametrize("role", [Role.API, Role.WORKER])
async def test_nobody_deletes_an_entry_or_changes_who_did_what(stage, role):
    async with stage.resources.database(role).transaction() as tx:
        for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
            assert not await tx.raw.fetchval("SELECT has_table_privilege('alerting.audit', $1)", privilege)
        for column in ("actor", "kind", "recorded_at", "about_id"):
            assert not await tx.raw.fetchval("SELECT has_column_privilege('alerting.audit', $1, 'UPDATE')", column)


async def test_the_page_shows_who_did_what(stage, api):
    await note(stage, 1, after={"note": "<b>now</b>"})
    page = stage.plain_client(accept="text/html")
    key = api.headers["authorization"].removeprefix("Bearer ")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    shown = (await page.get("/console/audit")).text
    assert "alert assigned" in shown
    assert "note: &lt;b&gt;now&lt;/b&gt;" in shown
    assert "Nobody has changed anything yet." in (await page.get("/console/audit?about=silence")).text


async def test_the_page_writes_changes_in_words_and_times_as_people_read_them(stage, api):
    await note(stage, 1, before={"in_force": 1}, after={"in_force": 2, "until": "2026-03-02T10:50:51.930011Z"})
    await note(stage, 2, about_kind=About.OWNERS, about_id="owners", after={"words": "2026-13-99T99:00:00Z"})
    page = stage.plain_client(accept="text/html")
    key = api.headers["authorization"].removeprefix("Bearer ")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    shown = (await page.get("/console/audit")).text
    assert "in force: 1 → 2" in shown
    assert "until: 2 March 2026, 10:50 UTC" in shown
    assert "words: 2026-13-99T99:00:00Z" in shown
    assert ">owners</a>" in shown


async def test_an_entry_leads_to_the_page_of_what_it_is_about(stage, api):
    alert = "01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11"
    await note(stage, 1, about_id=alert)
    await note(stage, 2, about_id="../people")
    await note(stage, 3, about_kind=About.SILENCE, about_id=alert)
    page = stage.plain_client(accept="text/html")
    key = api.headers["authorization"].removeprefix("Bearer ")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    shown = (await page.get("/console/audit")).text
    assert f'href="/console/alerts/{alert}"' in shown
    assert shown.count(">open it<") == 1
