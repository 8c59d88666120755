"""The examples of the API reference are what alerting answers."""

import pytest

from plaudit.alerting.main import build
from plaudit_testing.cadences import MONDAY, Cadence, on
from plaudit_testing.clocks import at, review
from plaudit_testing.reference import Reference

pytestmark = pytest.mark.postgres


async def test_every_operation_answers_as_its_example_says(stage):
    app = build(stage.resources).app
    assert app is not None
    reference = Reference(app.openapi())
    api = await stage.client()
    await stage.happens(None, review(), at(0))
    clocks = await reference.check(api, "list_clocks")
    await reference.check(api, "read_clock", ids={"clock_id": clocks["items"][0]["id"]})
    await reference.check(api, "list_policies")
    await stage.move_to(at(25))
    await stage.fires()
    alerts = await reference.check(api, "list_alerts")
    await reference.check(api, "acknowledge_alert", ids={"alert_id": alerts["items"][0]["id"]})
    cadence = Cadence(stage)
    await stage.move_to(MONDAY)
    await cadence.told("stage_entered", on(0), person="native:c-1", stage="new")
    await reference.check(api, "read_cadences")
    await cadence.goes_to(on(0, 3))
    await reference.check(api, "read_digest", ids={"local_date": "2026-03-02"})
    [open_one] = (await reference.check(api, "list_touchpoints"))["items"]
    await reference.check(api, "finish_touchpoint", ids={"touchpoint_id": open_one["id"]})
    reference.assert_all_are_checked()
