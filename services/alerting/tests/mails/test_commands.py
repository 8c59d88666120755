"""What the owner is told, when, and what is not told because it is no longer so."""

import asyncio

import pytest

from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME
from plaudit.alerting.mails.domain.letters import NO_LONGER_SO, NOT_TOLD
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.default import shipped_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.stored import RevisionKey
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.db import Role
from plaudit_testing.clocks import answered, at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


async def told(stage):
    """Topic, state and reason of each message, in the order in which they were queued."""
    return await stage.rows("SELECT topic, state, reason FROM message_deliveries ORDER BY created_at, key")


def kinds(mailbox):
    """What was told about the first answer: beginnings of subjects; contact after an answer is another clock's."""
    told = [subject.replace("\n", "").split(":")[0].strip() for subject in mailbox.subjects]
    return [each for each in told if not each.startswith("Contact the customer")]


async def test_a_clock_that_starts_warns_and_is_breached_is_told_in_one_thread(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    for hours in (12.1, 19.3, 24.1):
        await stage.move_to(at(hours))
        await stage.fires()
        await stage.sends()
    assert kinds(mailbox) == [
        "Answer by 3 March 2026, 09",
        "50 % of the time has passed",
        "80 % of the time has passed",
        "Not answered in time",
    ]
    assert len({mail["References"] for mail in mailbox.mails}) == 1
    assert len({mail["Subject"] for mail in mailbox.mails}) == 1, "Gmail goes by the subject, too"
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 4


async def test_an_answer_between_the_timer_and_the_mail_keeps_it_from_leaving(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(24.05)), at(24.1))
    await stage.sends()
    assert kinds(mailbox) == ["Answer by 3 March 2026, 09"]
    outcomes = [(each["topic"], each["state"], each["reason"]) for each in await told(stage)]
    assert ("clock.breached", "withdrawn", NO_LONGER_SO) in outcomes


async def test_a_notice_that_could_not_leave_before_the_breach_gives_way_to_its_mail(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(25))
    await stage.fires()
    await stage.sends()
    assert kinds(mailbox) == ["Not answered in time"]


async def test_a_breach_that_was_told_is_taken_back_to_whoever_got_it(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.sends()
    await stage.happens(review(), answered(review(), at(23)), at(25))
    await stage.move_to(at(25))
    await stage.sends()
    assert kinds(mailbox) == ["Not answered in time", "Taken back, it was in time"]


async def test_a_breach_that_nobody_was_told_of_is_taken_back_in_silence(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.happens(review(), answered(review(), at(23)), at(25))
    await stage.sends()
    assert kinds(mailbox) == []
    assert ("clock.retracted", NOT_TOLD) in [(each["topic"], each["reason"]) for each in await told(stage)]


OWNERS = """\
people: [{address: dan@acme.example, name: Dan, quiet_hours: {from: "09:00", to: "12:00"}}]
default: {owner: dan@acme.example}
"""


@pytest.mark.parametrize("resumed_at", [1.5, 3.5])
async def test_a_notice_that_waits_for_the_end_of_quiet_hours_is_told_of_a_run_that_was_paused_meanwhile(
    stage, mailbox, resumed_at
):
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", OWNERS, Format.YAML, "test")
    await stage.happens(None, review(), at(0))
    client, clock = await stage.client(), await stage.clock()
    for hand, hours in (("pause", 0.5), ("resume", resumed_at)):
        await stage.move_to(at(hours))
        await stage.sends()
        answer = await client.post(f"/v1/clocks/{clock['id']}/{hand}", json={"reason": "the shop is closed"})
        assert answer.status_code == 200
    await stage.move_to(at(4))
    await stage.sends()
    assert [each.partition(",")[0] for each in kinds(mailbox)] == ["Answer by 3 March 2026"]


async def waits_with_a_warning(stage):
    """A clock of a day whose owner is told of half of it only two hours later."""
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        owners = OWNERS.replace("09:00", "20:00").replace("12:00", "23:00")
        await people.save(tx, "default", owners, Format.YAML, "test")
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.move_to(at(12.1))
    await stage.fires()
    await stage.sends()
    return await stage.client(), (await stage.clock())["id"]


async def puts_into_force(stage, document):
    api = stage.resources.database(Role.API)
    async with api.driver_transaction("default") as tx:
        saved = await policies.save_draft(tx, "default", document, Format.YAML, "test", {ALWAYS_NAME: ALWAYS})
        key = RevisionKey(saved.policy.id, saved.policy.number)
        await policies.activate(tx, "default", key, "test", {ALWAYS_NAME: ALWAYS})


HALF = "50 % of the time has passed"


@pytest.mark.parametrize(("resumed_at", "told_at"), [(12.4, 14.1), (14.5, 14.5)])
async def test_a_warning_that_waits_for_the_end_of_quiet_hours_is_told_of_a_run_that_was_paused_meanwhile(
    stage, mailbox, resumed_at, told_at
):
    client, clock = await waits_with_a_warning(stage)
    orders = {12.2: "pause", resumed_at: "resume"}
    seen = []
    for hours in sorted({*orders, 14.1, 14.6}):
        await stage.move_to(at(hours))
        if hours in orders:
            answer = await client.post(f"/v1/clocks/{clock}/{orders[hours]}", json={"reason": "the shop is closed"})
            assert answer.status_code == 200
        await stage.sends()
        seen += [hours] * (len(kinds(mailbox)) - 1 - len(seen))
    assert (seen, kinds(mailbox)[1:]) == ([told_at], [HALF])


@pytest.mark.parametrize(("hours", "told_at"), [(30, 15.1), (20, 14.1)])
async def test_a_warning_that_waits_is_told_once_and_not_early_of_a_run_that_was_moved_meanwhile(
    stage, mailbox, hours, told_at
):
    client, clock = await waits_with_a_warning(stage)
    await puts_into_force(stage, shipped_text().partition("  # The author edits")[0].replace("24 h", f"{hours} h"))
    assert (await client.post(f"/v1/clocks/{clock}/move", json={"reason": "so"})).status_code == 200
    seen = []
    for moment in (13, 14.1, 15.1, 15.2):
        await stage.move_to(at(moment))
        await stage.fires()
        await stage.sends()
        seen += [moment] * (len(kinds(mailbox)) - 1 - len(seen))
    assert (seen, kinds(mailbox)[1:]) == ([told_at], [HALF])


async def test_what_the_message_says_is_read_when_it_leaves_and_not_stored_before(stage, mailbox):
    await stage.happens(None, review(title="First words"), at(0))
    assert "First words" not in str(await stage.rows("SELECT content FROM messages"))
    await stage.happens(review(title="First words"), review(title="Later words"), at(0.5))
    await stage.sends()
    text = mailbox.mails[0].get_body(("plain",)).get_content()
    assert "Later words" in text
    assert "First words" not in text


async def test_the_history_of_a_review_that_waits_again_is_in_the_mail(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.happens(review(), answered(review(), at(1)), at(1))
    await stage.happens(answered(review(), at(1)), review(), at(2), kind="review.answer_removed")
    await stage.sends()
    text = mailbox.mails[-1].get_body(("plain",)).get_content()
    assert "our answer was published" in text


async def test_a_mail_is_sent_once_however_many_senders_there_are(stage, mailbox):
    for number in range(20):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await asyncio.gather(*(stage.new_mails().settle() for _ in range(3)))
    await stage.move_to(at(0.02))
    await asyncio.gather(*(stage.new_mails().settle() for _ in range(3)))
    await stage.sends()
    assert len(mailbox.mails) == 2
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 2


async def knows(stage, review_id, state):
    """The group that keeps reviews reads of one."""
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, [stage.record(None, state, at(0), review_id)])


async def test_a_mail_about_a_bad_review_has_the_customers_history_and_the_guideline_and_no_ready_text(stage, mailbox):
    person = "native:c-1"
    earlier = review(2.0, person=person, published_at=at(-200), subject="acme/hamburg")
    await knows(stage, "earlier", answered(earlier, at(-190)))
    await knows(stage, "other", review(person="native:c-2", published_at=at(-100)))
    await knows(stage, "review-1", review(person=person, topics=("billing",), language="en"))
    await stage.happens(None, review(), at(0))
    await stage.sends()
    text = mailbox.mails[0].get_body(("plain",)).get_content()
    assert "The customer has written 2 reviews of us; 1 of them has a published answer." in text
    assert "- 22 February 2026: 2 of 5 stars for acme/hamburg on Acme shop, answered" in text
    assert "2 March 2026: 1 of 5 stars" not in text, "the review itself is no history"
    assert "Points to cover (" in text
    assert "What we stand for: " in text
    assert "no text to send" in text
    assert "Check a draft: http://plaudit.example/console/answers/check" in text


async def test_a_mail_that_leaves_before_the_review_is_kept_goes_by_its_stars(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    text = mailbox.mails[0].get_body(("plain",)).get_content()
    assert "Points to cover (Any negative review" in text
    assert "The customer has written" not in text


async def test_a_mail_about_a_milder_review_has_no_outline(stage, mailbox):
    await stage.happens(None, review(3.0), at(0))
    await stage.sends()
    assert all("Points to cover" not in mail.as_string() for mail in mailbox.mails)
