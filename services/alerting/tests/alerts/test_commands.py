"""Alerts that breaches raise and ends resolve, on a real database and a real SMTP server."""

import pytest

from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


async def test_an_answer_in_time_that_is_learned_late_retracts_the_breach_and_resolves_the_alert(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(23)), at(25))
    clock = await stage.clock()
    assert (clock["state"], clock["breached_at"], clock["fulfilled_at"]) == ("fulfilled", None, at(23))
    assert (await stage.published())[-3:] == ["clock.retracted", "clock.fulfilled", "alert.resolved"]
    [alert] = await stage.rows("SELECT state, reason FROM alerts")
    assert alert == {"state": "resolved", "reason": "retracted"}


async def test_a_late_answer_resolves_the_alert_and_leaves_the_breach(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(30)), at(30))
    await stage.sends()
    clock = await stage.clock()
    assert (clock["state"], clock["waiting"], clock["fulfilled_at"]) == ("breached", False, at(30))
    assert await stage.rows("SELECT state, reason FROM alerts") == [{"state": "resolved", "reason": "answered"}]
    assert mailbox.mails == []
    assert {row["state"] for row in await stage.rows("SELECT state FROM message_deliveries")} == {"withdrawn"}


async def test_a_late_answer_that_is_the_first_we_hear_records_the_breach_and_writes_to_nobody(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.happens(review(), answered(review(), at(30)), at(31))
    await stage.sends()
    assert await stage.log() == ["started", "breached", "fulfilled"]
    assert (await stage.published())[1:] == ["clock.breached", "alert.raised", "clock.fulfilled", "alert.resolved"]
    assert len(mailbox.mails) == 1


async def test_an_alert_is_resolved_once_also_when_the_breach_is_retracted_afterwards(stage):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    late = answered(review(), at(30))
    await stage.happens(review(), late, at(30))
    await stage.happens(late, answered(review(), at(23)), at(31))
    assert (await stage.clock())["state"] == "fulfilled"
    assert (await stage.published()).count("alert.resolved") == 1


async def test_each_run_can_breach_once_with_an_alert_and_a_mail_of_its_own(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    await stage.sends()
    late = answered(review(), at(26))
    await stage.happens(review(), late, at(26))
    await stage.happens(late, review(), at(30))
    await stage.move_to(at(55))
    await stage.fires()
    await stage.sends()
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts ORDER BY raised_at")] == [
        "resolved",
        "open",
    ]
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Not answered in time"] * 2
