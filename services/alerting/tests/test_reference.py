"""The examples of the API reference are what alerting answers."""

import pytest

from plaudit.alerting.main import build
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit_testing.clocks import at, review
from plaudit_testing.reference import Reference

pytestmark = pytest.mark.postgres

GOOD = "0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"


async def test_every_operation_answers_as_its_example_says(stage):
    app = build(stage.resources).app
    assert app is not None
    reference = Reference(app.openapi())
    api = await stage.client()
    async with stage.worker.transaction() as tx:
        await keep_reviews(
            tx, [stage.record(None, review(), at(0), "bad"), stage.record(None, review(4.0), at(0), GOOD)]
        )
    await stage.happens(None, review(), at(0))
    clocks = await reference.check(api, "list_clocks")
    await reference.check(api, "read_clock", ids={"clock_id": clocks["items"][0]["id"]})
    await stage.move_to(at(25))
    await stage.fires()
    alerts = await reference.check(api, "list_alerts")
    await reference.check(api, "save_policy_revision")
    await reference.check(api, "list_policy_revisions")
    await reference.check(api, "read_policy_revision", ids={"revision": "1"})
    await reference.check(api, "preview_policy_revision", ids={"revision": "1"})
    await reference.check(api, "activate_policy_revision", ids={"revision": "1"})
    await reference.check(api, "read_policy")
    await reference.check(api, "list_policy_activations")
    await reference.check(api, "read_coverage")
    await reference.check(api, "acknowledge_alert", ids={"alert_id": alerts["items"][0]["id"]})
    await reference.check(api, "preview_calendar", params={"days": 2})
    berlin = {"calendar_name": "berlin"}
    await reference.check(api, "set_calendar", ids=berlin)
    await reference.check(api, "read_calendar", ids=berlin)
    await reference.check(api, "list_calendars")
    await reference.check(api, "list_calendar_revisions", ids=berlin)
    await reference.check(api, "list_holidays", params={"country": "IE", "year": 2027, "category": "public"})
    reference.assert_all_are_checked()
