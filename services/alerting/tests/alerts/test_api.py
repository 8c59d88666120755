import pytest

from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


@pytest.fixture
async def api(stage):
    return await stage.client()


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
