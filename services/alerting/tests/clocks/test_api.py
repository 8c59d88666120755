import pytest

from plaudit.alerting.domain.clocks import clock_id
from plaudit.alerting.domain.policy import FIRST_ANSWER
from plaudit.common.db import Role
from plaudit_testing.promises import answered, at, review

pytestmark = pytest.mark.postgres


@pytest.fixture
async def api(stage):
    return await stage.client()


async def ids(api, **parameters):
    response = await api.get("/v1/clocks", params=parameters)
    assert response.status_code == 200, response.text
    return [item["review_id"] for item in response.json()["items"]]


async def test_a_clock_is_shown_with_all_that_matters(stage, api):
    await stage.happens(None, review(), at(0))
    [item] = (await api.get("/v1/clocks")).json()["items"]
    assert item == {
        "id": str(clock_id("default", "review-1", FIRST_ANSWER)),
        "review_id": "review-1",
        "source_id": "01956d00-0000-7000-8000-000000000001",
        "external_id": "r-1",
        "subject": "acme/berlin",
        "state": "running",
        "metric": "first_answer",
        "anchor_at": "2026-03-02T09:00:00Z",
        "due_at": "2026-03-03T09:00:00Z",
        "started_at": "2026-03-02T09:00:00Z",
        "fulfilled_at": None,
        "breached_at": None,
        "cancelled_at": None,
        "provisional": False,
        "reason": "published",
        "run": 1,
        "policy_id": "answer-negative-reviews",
        "policy_revision": 1,
    }


async def test_clocks_are_filtered_by_subject_and_below_by_state_and_by_review(stage, api):
    subjects = {"a": "acme", "b": "acme/berlin", "c": "acme/berlin/shop-3", "d": "acme/berlin-west", "e": "other"}
    for name, subject in subjects.items():
        await stage.happens(None, review(subject=subject), at(0), review_id=name)
    late = review(subject="acme/berlin")
    await stage.happens(late, answered(late, at(1)), at(1), review_id="b")
    assert set(await ids(api, subject="acme/berlin")) == {"b", "c"}
    assert set(await ids(api, subject="acme")) == {"a", "b", "c", "d"}
    assert set(await ids(api, subject="acme", state="running")) == {"a", "c", "d"}
    assert await ids(api, state="fulfilled") == ["b"]
    assert await ids(api, review_id="e") == ["e"]


async def test_pages_go_on_where_the_last_one_ended(stage, api):
    for number in range(7):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    seen, cursor = [], None
    while True:
        page = (await api.get("/v1/clocks", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["review_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted({f"review-{number}" for number in range(7)})


async def test_a_clock_is_read_with_its_log(stage, api):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    body = (await api.get(f"/v1/clocks/{(await stage.clock())['id']}")).json()
    assert [entry["kind"] for entry in body["log"]] == ["started", "warned", "warned", "breached"]
    assert body["log"][0]["anchor_at"] == "2026-03-02T09:00:00Z"
    assert [entry["fraction"] for entry in body["log"]] == [None, 0.5, 0.8, None]
    assert body["log"][3]["happened_at"] == body["due_at"]
    assert body["state"] == "breached"


async def test_an_alert_is_acknowledged_once_and_resolved_for_good(stage, api):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    [alert] = (await api.get("/v1/alerts", params={"subject": "acme", "state": "open"})).json()["items"]
    assert alert["owner"] == "owner@acme.example"
    assert alert["summary"] == "1-star review of acme/berlin not answered in time"
    path = f"/v1/alerts/{alert['id']}/acknowledge"
    first = await api.post(path)
    assert (first.status_code, first.json()["state"]) == (200, "acknowledged")
    await stage.move_to(at(26))
    assert (await api.post(path)).json() == first.json()
    await stage.happens(review(), answered(review(), at(26)), at(26))
    too_late = await api.post(path)
    assert (too_late.status_code, too_late.json()["type"]) == (409, "/problems#alert-resolved")
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    assert (alert["state"], alert["reason"], alert["acknowledged_at"]) == (
        "resolved",
        "answered",
        first.json()["acknowledged_at"],
    )


async def test_what_is_not_there_is_not_found(api):
    unknown = clock_id("default", "nobody", FIRST_ANSWER)
    assert (await api.get(f"/v1/clocks/{unknown}")).status_code == 404
    assert (await api.post(f"/v1/alerts/{unknown}/acknowledge")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/clocks?subject=Not/A Subject", 422),
        ("/v1/clocks?state=asleep", 422),
        ("/v1/clocks?limit=0", 422),
        ("/v1/clocks?limit=501", 422),
        ("/v1/clocks?cursor=nonsense", 400),
        ("/v1/clocks/not-a-uuid", 422),
        ("/v1/alerts?state=asleep", 422),
    ],
)
async def test_a_wrong_parameter_is_told(api, path, status):
    response = await api.get(path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_policies_show_the_built_in_one_before_and_after_its_first_use(stage, api):
    before = (await api.get("/v1/policies")).json()
    await stage.happens(None, review(), at(0))
    after = (await api.get("/v1/policies")).json()
    assert before == after
    assert [(item["revision"], item["target_seconds"], item["max_stars"]) for item in after["items"]] == [(1, 86400, 2)]


async def test_each_scope_opens_its_own_doors(stage):
    readers = await stage.client("clocks:read")
    assert (await readers.get("/v1/clocks")).status_code == 200
    assert (await readers.get("/v1/alerts")).status_code == 403
    alerts = await stage.client("alerts:read")
    assert (await alerts.get("/v1/alerts")).status_code == 200
    assert (await alerts.get("/v1/clocks")).status_code == 403
    unknown = clock_id("default", "nobody", FIRST_ANSWER)
    assert (await alerts.post(f"/v1/alerts/{unknown}/acknowledge")).status_code == 403
    assert (await stage.plain_client().get("/v1/clocks")).status_code == 401


async def test_another_tenant_sees_nothing_of_it(stage, api):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    stranger = await stage.client(tenant="stranger")
    assert (await stranger.get("/v1/clocks")).json()["items"] == []
    assert (await stranger.get("/v1/alerts")).json()["items"] == []
    assert (await stranger.get(f"/v1/clocks/{alert['clock_id']}")).status_code == 404
    assert (await stranger.post(f"/v1/alerts/{alert['id']}/acknowledge")).status_code == 404
    assert (await api.get("/v1/alerts")).json()["items"] == [alert]


async def test_row_level_security_hides_other_tenants_rows_from_any_statement(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    database = stage.resources.database(Role.API)
    for table in ("policies", "clocks", "clock_events", "timers", "alerts", "mails"):
        async with stage.worker.transaction() as tx:
            everything = await tx.raw.fetchval(f"SELECT count(*) FROM {table}")
        async with database.transaction("stranger") as tx:
            assert await tx.raw.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        async with database.transaction("default") as tx:
            assert await tx.raw.fetchval(f"SELECT count(*) FROM {table}") == everything, table
        assert everything or table == "timers"


async def test_the_same_review_id_in_two_tenants_is_two_clocks(stage):
    await stage.happens(None, review(), at(0))
    await stage.happens(None, review(), at(0), tenant="other")
    assert (await stage.clock())["id"] != (await stage.clock(tenant="other"))["id"]
