"""The examples of the API reference are what alerting answers."""

import msgspec
import pytest

from plaudit.alerting.answers.commands import ToldChange, follow
from plaudit.alerting.main import build
from plaudit.common.contracts import ReviewChange
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.drafts import TEMPLATE
from plaudit_testing.reference import Reference

pytestmark = pytest.mark.postgres


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
    await stage.happens(None, review(), at(0))
    clocks = await reference.check(api, "list_clocks")
    await reference.check(api, "read_clock", ids={"clock_id": clocks["items"][0]["id"]})
    await reference.check(api, "list_policies")
    await stage.move_to(at(25))
    await stage.fires()
    alerts = await reference.check(api, "list_alerts")
    await reference.check(api, "acknowledge_alert", ids={"alert_id": alerts["items"][0]["id"]})
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
    reference.assert_all_are_checked()
