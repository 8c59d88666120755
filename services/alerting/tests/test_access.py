import pytest

from plaudit.alerting.clocks.domain.clock import clock_id
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import Role
from plaudit_testing.clocks import at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


@pytest.fixture
async def api(stage):
    return await stage.client()


async def test_each_scope_opens_its_own_doors(stage):
    readers = await stage.client("clocks:read")
    assert (await readers.get("/v1/clocks")).status_code == 200
    assert (await readers.get("/v1/alerts")).status_code == 403
    alerts = await stage.client("alerts:read")
    assert (await alerts.get("/v1/alerts")).status_code == 200
    assert (await alerts.get("/v1/clocks")).status_code == 403
    unknown = clock_id("default", "nobody", Metric.FIRST_ANSWER)
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
    for table in (
        *("reviews", "clocks", "clock_events", "timers", "alerts", "messages", "message_deliveries"),
        *("published_answers", "guidelines"),
    ):
        async with stage.worker.transaction() as tx:
            everything = await tx.raw.fetchval(f"SELECT count(*) FROM {table}")
        async with database.transaction("stranger") as tx:
            assert await tx.raw.fetchval(f"SELECT count(*) FROM {table}") == 0, table
        async with database.transaction("default") as tx:
            assert await tx.raw.fetchval(f"SELECT count(*) FROM {table}") == everything, table
        assert everything or table in {"reviews", "timers", "published_answers", "guidelines"}


async def test_what_is_not_there_is_not_found(api):
    unknown = clock_id("default", "nobody", Metric.FIRST_ANSWER)
    assert (await api.get(f"/v1/clocks/{unknown}")).status_code == 404
    assert (await api.post(f"/v1/alerts/{unknown}/acknowledge")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/clocks?subject=Not/A Subject", 422),
        ("/v1/clocks?state=asleep", 422),
        ("/v1/clocks?limit=0", 422),
        ("/v1/clocks?limit=501", 422),
        ("/v1/clocks?cursor=nonsense", 422),
        ("/v1/clocks/not-a-uuid", 422),
        ("/v1/alerts?state=asleep", 422),
    ],
)
async def test_a_wrong_parameter_is_told(api, path, status):
    response = await api.get(path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
