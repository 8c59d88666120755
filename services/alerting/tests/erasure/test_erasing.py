"""A review is erased: its clock ends, no store holds a word of it, and nothing that is told later brings it back."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from plaudit.alerting.alerts.consumer import uncaught_subscription
from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.erasure.domain import STORES
from plaudit.alerting.main import build, followers, owner_of_settings
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit.common.erasure import RUNTIME_STORES, scrub_values
from plaudit.common.erasure.jobs import ErasureJob
from plaudit.common.mail.smtp import smtp_sender
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.erasing import holders, scrub_all, tables_of
from plaudit_testing.mailbox import ACCEPTED

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

WORDS = "quibblefrotz"
SPOKEN = review(
    title=f"A {WORDS}",
    text=f"It was {WORDS}.",
    person=f"native:{WORDS}",
    external_id=WORDS,
    url=f"https://shop.example/{WORDS}",
)
FIGURES = msgspec.structs.replace(SPOKEN, title=None, text=None, person=None, external_id="erased", url=None)
"""As ingest tells what was published of a review that it erases."""
NOBODY = """\
title: Hamburg only
classes:
  - name: hamburg
    metric: first_answer
    when: {subject: [acme/hamburg]}
    due_within: 24 h
    calendar: always
    grace: 1 h
"""
"""A policy that is for no review of these tests."""
OURS = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}


async def is_erased(stage, when, review_id="review-1", before=FIGURES):
    await stage.happens(before, None, when, review_id=review_id, kind="review.erased")


async def scrubbed(stage, hours):
    """The job has scrubbed what was noted by then."""
    await stage.move_to(at(hours) + timedelta(minutes=1))
    await scrub_all(stage.worker, scrubbing(followers(stage.settings), stage.resources.outbox))


async def held(stage, *needles):
    async with stage.worker.transaction() as tx:
        return await holders(tx.raw, "alerting", *needles)


async def test_a_clock_that_runs_is_cancelled_and_no_store_holds_a_word(stage, mailbox):
    await stage.happens(None, SPOKEN, at(0))
    assert {"clocks", "outbox"} <= set(await held(stage, WORDS))
    await is_erased(stage, at(1))
    clock = await stage.clock()
    assert (clock["state"], clock["reason"], clock["waiting"]) == ("cancelled", "erased", False)
    assert (clock["title"], clock["excerpt"], clock["url"], clock["external_id"]) == (None, None, None, "erased")
    assert (clock["stars"], clock["subject"], clock["erased_at"]) == (1, "acme/berlin", at(1))
    assert await stage.rows("SELECT * FROM timers") == []
    await stage.sends()
    assert mailbox.mails == []
    assert await stage.rows("SELECT state FROM message_deliveries") == [{"state": "withdrawn"}]
    assert await held(stage, WORDS) == ["outbox"]
    await scrubbed(stage, 1)
    assert await held(stage, WORDS) == []
    started, cancelled = await stage.events()
    assert (started["type"], started["data"]["external_id"]) == ("clock.started", "erased")
    assert (cancelled["type"], cancelled["data"]["reason"]) == ("clock.cancelled", "erased")


async def test_an_answered_clock_stays_fulfilled_without_a_word(stage):
    await stage.happens(None, SPOKEN, at(0))
    await stage.happens(SPOKEN, answered(SPOKEN, at(1)), at(1))
    await is_erased(stage, at(2))
    clock = await stage.clock()
    assert (clock["state"], clock["erased_at"]) == ("fulfilled", at(2))
    assert await stage.log() == ["started", "fulfilled"]
    await scrubbed(stage, 2)
    assert await held(stage, WORDS) == []


async def test_the_alert_of_a_breach_is_resolved_and_errors_of_mails_are_deleted(stage, mailbox):
    mailbox.answer = lambda: f"554 {WORDS} is not wanted"
    await stage.happens(None, SPOKEN, at(0))
    await stage.move_to(at(25))
    await stage.fires()
    await stage.sends()
    assert "message_attempts" in await held(stage, WORDS)
    await is_erased(stage, at(26))
    assert (await stage.log())[-2:] == ["breached", "cancelled"]
    [alert] = await stage.rows("SELECT state, reason FROM alerts")
    assert alert == {"state": "resolved", "reason": "erased"}
    await scrubbed(stage, 26)
    assert await held(stage, WORDS) == []


async def test_the_alert_of_a_review_that_nobody_is_for_has_no_word_any_more(stage, mailbox):
    subscription = uncaught_subscription(owner_of_settings(stage.settings))
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        saved = await policies.save_draft(tx, "default", NOBODY, Format.YAML, "test", {ALWAYS_NAME: ALWAYS})
        await policies.activate(tx, "default", saved.key, "test", {ALWAYS_NAME: ALWAYS})

    async def hears(*told):
        async with stage.worker.transaction() as tx:
            await stage.resources.outbox.append(tx, await subscription.handler()(tx, told))

    created = stage.record(None, SPOKEN, at(0))
    await hears(created)
    await stage.sends()
    assert {"alerts", "message_attempts"} <= set(await held(stage, WORDS))
    await hears(stage.record(FIGURES, None, at(1), kind="review.erased"))
    assert "alerts" not in await held(stage, WORDS)
    await scrubbed(stage, 1)
    await hears(created)
    assert await held(stage, WORDS) == []
    assert await stage.rows("SELECT state, reason FROM alerts") == [{"state": "resolved", "reason": "erased"}]


async def test_whatever_comes_again_after_the_erasure_changes_nothing(stage, mailbox):
    told = [
        stage.record(None, SPOKEN, at(0)),
        stage.record(SPOKEN, answered(SPOKEN, at(1)), at(1)),
        stage.record(answered(SPOKEN, at(1)), SPOKEN, at(2), kind="review.answer_removed"),
        stage.record(FIGURES, None, at(3), kind="review.erased"),
    ]
    await stage.reads(told)
    await scrubbed(stage, 3)
    kept = await stage.clock(), await stage.log(), len(await stage.events())
    for batch in (told, told[::-1], told[:1], told[2:3], told[-1:]):
        await stage.reads(batch)
    await stage.happens(None, SPOKEN, at(5), revision=99, kind="review.restored")
    assert (await stage.clock(), await stage.log(), len(await stage.events())) == kept
    assert await held(stage, WORDS) == []


async def test_a_review_that_is_first_told_of_after_its_erasure_has_no_clock(stage):
    created = stage.record(None, SPOKEN, at(0))
    await stage.reads([stage.record(FIGURES, None, at(1), kind="review.erased")])
    await stage.reads([created])
    assert await stage.rows("SELECT * FROM clocks") == []
    await stage.reads([stage.record(FIGURES, None, at(2), "other", kind="review.erased"),
                       stage.record(None, SPOKEN, at(0), "other")])  # fmt: skip
    assert await stage.rows("SELECT * FROM clocks") == []
    await stage.happens(None, SPOKEN, at(0), review_id="a third one")
    assert len(await stage.rows("SELECT * FROM clocks")) == 1


async def test_a_review_of_another_tenant_under_the_same_id_stays(stage):
    await stage.happens(None, SPOKEN, at(0), tenant="other")
    await is_erased(stage, at(1))
    await scrubbed(stage, 1)
    assert (await stage.clock(tenant="other"))["title"] == f"A {WORDS}"


async def test_an_erasure_that_is_set_aside_is_carried_out_by_the_job(stage):
    """The runner notes the erasures among dead letters; here that has been done."""
    await stage.happens(None, SPOKEN, at(0))
    erasure = stage.record(FIGURES, None, at(1), kind="review.erased")
    async with stage.worker.transaction() as tx:
        await scrub_values(tx, [msgspec.json.encode(erasure.event)])
    await scrubbed(stage, 1)
    assert (await stage.clock())["reason"] == "erased"
    assert await stage.log() == ["started", "cancelled"]
    assert await held(stage, WORDS) == []
    await stage.reads([erasure])
    assert await stage.log() == ["started", "cancelled"]


async def test_the_job_waits_until_all_is_settled_and_sees_its_work(stage):
    [job] = [job for job in build(stage.resources).jobs if isinstance(job, ErasureJob)]
    await stage.happens(None, SPOKEN, at(0))
    await is_erased(stage, at(1))
    assert not await job.has_work()
    assert await job.turn() == 0
    await stage.move_to(at(1))
    while await job.has_work():
        await job.turn()
    assert await held(stage, WORDS) == []
    assert await stage.rows("SELECT name, wanted, stage FROM erased") == [
        {"name": "review-1", "wanted": None, "stage": "done"}
    ]


async def test_the_desk_shows_an_erased_review_as_that(stage):
    await stage.happens(None, SPOKEN, at(0))
    await is_erased(stage, at(1))
    clock = await stage.clock()
    client = await stage.client("clocks:read", "alerts:read")
    key = client.headers["authorization"].removeprefix("Bearer ")
    page = stage.plain_client(accept="text/html")
    await page.post("/sign-in", data={"key": key}, headers=OURS)
    shown = (await page.get(f"/console/desk/{clock['id']}")).text
    assert "Erased review of acme/berlin" in shown
    assert "This review was erased." in shown
    assert "the review was erased" in shown
    assert WORDS not in shown


async def test_every_store_has_its_line(stage):
    async with stage.worker.transaction() as tx:
        tables = await tables_of(tx.raw, "alerting")
    assert set(tables) == STORES.keys() | RUNTIME_STORES.keys()
    assert not STORES.keys() & RUNTIME_STORES.keys()


@pytest.mark.parametrize("mails", [1, 3], ids=["alone", "gathered"])
@pytest.mark.parametrize("answer", [ACCEPTED, f"451 {WORDS} later", f"554 {WORDS} never"])
async def test_a_mail_that_leaves_while_its_review_is_erased_brings_no_word_back(stage, mailbox, mails, answer):
    """The erasure comes between the lease, when the mail is composed, and the record of its attempt."""
    for number in range(mails + 1):
        await stage.happens(None, SPOKEN if number else review(), at(0), review_id=f"review-{number}")
    if mails > 1:
        await stage.sends()
    else:
        await stage.rows("DELETE FROM message_deliveries WHERE thread <> $1", f"clock:{(await stage.clock())['id']}")
    await stage.move_to(at(0.02))
    mailbox.answer = lambda: answer
    held_back, go_on = asyncio.Event(), asyncio.Event()

    async def hand_over(mail):
        held_back.set()
        await go_on.wait()
        await smtp_sender(stage.settings)(mail)

    stage.mails = stage.new_mails(hand_over)
    sending = asyncio.create_task(stage.sends())
    await held_back.wait()
    for number in range(1, mails + 1):
        await is_erased(stage, at(1), f"review-{number}")
    await scrubbed(stage, 1)
    go_on.set()
    await sending
    mailbox.answer = lambda: ACCEPTED
    for hours in (2, 40, 100):
        await stage.move_to(at(hours))
        await stage.fires()
        await stage.sends()
    assert await held(stage, WORDS) == []
    assert await stage.rows("SELECT FROM message_attempts WHERE kind <> 'withdrawn'") != []
