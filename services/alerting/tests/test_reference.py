"""The examples of the API reference are what alerting answers."""

import msgspec
import pytest

from plaudit.alerting.answers.commands import ToldChange, follow
from plaudit.alerting.main import build
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Answers, ReviewChange
from plaudit_testing.cadences import MONDAY, Cadence, on
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.drafts import TEMPLATE
from plaudit_testing.reference import Reference

pytestmark = pytest.mark.postgres

GOOD = "0199d6f2-7c1e-7a40-9a52-1f0c6f0f3b11"


async def tell_answer(stage):
    """A review is answered, and the group of answers reads it."""
    after = msgspec.structs.replace(
        review(), answer=msgspec.structs.replace(answered(review(), at(1)).answer, text=TEMPLATE)
    )
    change = ReviewChange(review_id="review-1", revision=2, before=review(), after=after)
    async with stage.worker.transaction() as tx:
        await follow(tx, [("default", msgspec.json.decode(msgspec.json.encode(change), type=ToldChange))])


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
    clocks = await reference.check(api, "list_clocks", params={"metric": "first_answer"})
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
    made = await reference.check(api, "create_guideline")
    guideline = {"guideline_id": made["id"]}
    await reference.check(api, "list_guidelines", params={"topic": made["topic"]})
    await reference.check(
        api, "match_guideline", params={"topic": made["topic"], "severity": made["severity"], "language": "en"}
    )
    await reference.check(api, "read_guideline", ids=guideline)
    await reference.check(api, "change_guideline", ids=guideline)
    await reference.check(api, "list_guideline_revisions", ids=guideline)
    await reference.check(api, "withdraw_guideline", ids=guideline)
    await reference.check(api, "restore_guideline", ids=guideline)
    await reference.check(api, "check_answer")
    await tell_answer(stage)
    await reference.check(api, "read_individuality")
    await check_reports(reference, stage)
    await check_cadences(reference, stage)
    reference.assert_all_are_checked()


async def check_reports(reference, stage):
    """Of tenants of their own: a review that is late, one of which nobody knows, and one that was answered."""
    late = await stage.client(tenant="globex")
    await stage.happens(None, review(), at(0), review_id="late", tenant="globex")
    unknown = await stage.client(tenant="initech")
    await stage.happens(None, review(), at(0), review_id="review-1", tenant="initech", answers=Answers.UNTOLD)
    prompt = await stage.client(tenant="hooli")
    await stage.happens(None, review(), at(0), review_id="answered", tenant="hooli")
    await stage.happens(review(), answered(review(), at(2)), at(2), review_id="answered", tenant="hooli")
    await stage.fires()
    await reference.check(late, "read_compliance", params={"metric": "first_answer"})
    await reference.check(late, "read_answer_effects")
    since = {"from": "2026-03-02T00:00:00Z"}
    await reference.check(unknown, "list_to_look_up", params=since)
    await reference.check(unknown, "export_to_look_up", params=since)
    await reference.check(prompt, "read_response_times")


async def check_cadences(reference, stage):
    """Of a tenant without clocks: a customer who is new, and has bought twice."""
    api = await stage.client(tenant="kites")
    cadence = Cadence(stage, tenant="kites")
    await stage.move_to(MONDAY)
    await reference.check(api, "set_cadences")
    await reference.check(api, "read_cadences")
    for days in (0, 1):
        await cadence.told("purchased", on(days), person="native:c-1", received=on(0))
    await cadence.told("stage_entered", on(0), person="native:c-1", stage="new")
    await cadence.goes_to(on(0, 3))
    await reference.check(api, "read_digest", ids={"local_date": "2026-03-02"})
    [touchpoint] = (await reference.check(api, "list_touchpoints"))["items"]
    await reference.check(api, "finish_touchpoint", ids={"touchpoint_id": touchpoint["id"]})
    window = {"from": "2026-03-04T00:00:00Z", "to": "2026-03-06T00:00:00Z"}
    await reference.check(api, "list_occurrences", params=window)
    await cadence.goes_to(on(3, 3))
    [touchpoint] = (await api.get("/v1/touchpoints", params={"state": "open"})).json()["items"]
    await reference.check(api, "skip_touchpoint", ids={"touchpoint_id": touchpoint["id"]})
    await cadence.goes_to(on(8, 4))
    await reference.check(api, "read_invitations", params={"person": "native:c-1"})
    await reference.check(api, "read_invitation_report")
