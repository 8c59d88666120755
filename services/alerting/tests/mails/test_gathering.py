"""A storm is a few messages, each of them complete; a rating that flaps is told once; nothing that was told is lost."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from plaudit.alerting.alerts.domain.alert import STORM_KIND
from plaudit.alerting.mails.domain.letters import FLAPS
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.contracts import Severity
from plaudit.common.db import Role
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.mailbox import told_by
from plaudit_testing.runtime import short_and_long

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

WINDOW = 60 / 3_600
"""Longer than the first window lasts, in hours."""


QUIET_AT_NIGHT = """\
people: [{address: dan@acme.example, name: Dan, quiet_hours: {from: "18:00", to: "07:00"}}]
default: {owner: dan@acme.example}
"""


def text_of(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


async def reviews_come(stage, number, hours=0.0, **changes):
    """Reviews in one delivery."""
    await stage.reads([stage.record(None, review(**changes), at(hours), f"review-{each}") for each in range(number)])


async def test_120_reviews_in_one_delivery_are_two_mails(stage, mailbox):
    await reviews_come(stage, 120)
    await stage.sends()
    await stage.move_to(at(WINDOW))
    await stage.sends()
    assert len(mailbox.mails) == 2
    assert mailbox.subjects[1] == "119 at once: 119 new"
    text = text_of(mailbox.mails[1])
    assert len(re.findall(r"★☆☆☆☆ · Answer by 3 March 2026, 09:00 UTC · 23 h 5\d min left", text)) == 100
    assert text.count("1-star review of acme/berlin on Acme shop") == 100
    assert text.count("“Nobody called back”") == 100
    assert text.count("http://plaudit.example/console/answers/review-") == 100
    assert "And 19 more, in the list below: Open the desk." in text


async def test_what_is_answered_meanwhile_falls_out_and_one_that_is_left_has_the_ordinary_form(stage, mailbox):
    await reviews_come(stage, 4)
    await stage.sends()
    first = mailbox.subjects[0]
    for number in range(3):
        await stage.happens(review(), answered(review(), at(0.005)), at(0.005), review_id=f"review-{number}")
    await stage.move_to(at(WINDOW))
    await stage.sends()
    left = [each for each in mailbox.subjects[1:] if not each.startswith("Contact")]
    assert left in ([first], []), "the fourth alone, unless it was the one that had left at once"


async def test_warnings_of_one_clock_that_waited_together_are_one_line(stage, mailbox):
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", QUIET_AT_NIGHT, Format.YAML, "test")
    await reviews_come(stage, 2)
    await stage.sends()
    await stage.move_to(at(WINDOW))
    await stage.sends()
    before = len(mailbox.mails)
    for hours in (12, 19.3, 22.1):  # 50 %, 80 %, and the end of the quiet hours
        await stage.move_to(at(hours))
        await stage.fires()
        await stage.sends()
    await stage.move_to(at(22.1 + WINDOW))
    await stage.sends()
    told = [
        line
        for mail in mailbox.mails[before:]
        for line in text_of(mail).splitlines()
        if "of the time has passed" in line
    ]
    assert len(told) == 2
    assert all("80 %" in line for line in told)


async def test_a_drastic_review_is_first_and_waits_no_longer_than_the_first_window(stage, mailbox):
    await reviews_come(stage, 5)
    await stage.sends()
    await stage.happens(None, review(severity=Severity.DRASTIC), at(0.001), review_id="drastic")
    await stage.move_to(at(WINDOW))
    await stage.sends()
    assert mailbox.subjects[1] == "5 at once, 1 urgent: 5 new"
    first = text_of(mailbox.mails[1]).split("\n\n")[1]
    assert "answers/drastic" in first


async def test_a_rating_that_flaps_is_told_once_and_again_when_it_has_stayed_an_hour(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    for minutes, rating in enumerate((5, 1, 5, 1), start=1):
        hours = minutes / 10
        await stage.move_to(at(hours))
        before = review(1.0 if rating == 5 else 5.0, rated_at=at(hours - 0.1))
        await stage.happens(before, review(float(rating), rated_at=at(hours)), at(hours))
        await stage.sends()
    assert len(mailbox.mails) == 1
    rows = await stage.rows("SELECT reason FROM message_deliveries WHERE state = 'gathered'")
    assert FLAPS in {row["reason"] for row in rows}
    await stage.move_to(at(1.3))
    await stage.sends()
    assert len(mailbox.mails) == 1
    await stage.move_to(at(1.5))
    await stage.sends()
    assert [subject.split(":")[-1] for subject in mailbox.subjects] == [" 1-star review of acme/berlin"] * 2


async def test_a_review_that_becomes_drastic_is_told_although_it_was_told_a_moment_ago(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.sends()
    await stage.move_to(at(0.2))
    await stage.happens(review(), review(severity=Severity.DRASTIC), at(0.2))
    await stage.sends()
    assert len(mailbox.mails) == 2


async def test_later_mails_of_a_clock_refer_to_the_mail_that_told_of_it_with_others(stage, mailbox):
    await reviews_come(stage, 3)
    await stage.sends()
    await stage.move_to(at(WINDOW))
    await stage.sends()
    await stage.happens(review(), answered(review(), at(1)), at(1), review_id="review-0")
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.sends()
    await stage.move_to(at(24.1 + WINDOW))
    await stage.sends()
    notice = {mail["Message-ID"] for mail in mailbox.mails if "at once" in told_by(mail)}
    breaches = [mail for mail in mailbox.mails if told_by(mail).startswith("Not answered in time")]
    assert breaches
    # Of three notices one left by itself; what refers to the gathered one was told in it.
    assert {mail["In-Reply-To"] for mail in breaches} & notice


async def test_a_breach_that_was_told_with_others_is_taken_back_to_whoever_got_it(stage, mailbox):
    await reviews_come(stage, 3)
    await stage.sends()
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.sends()
    bundle = next(mail for mail in mailbox.mails if "3 late" in told_by(mail))
    for number in range(3):
        await stage.happens(review(), answered(review(), at(23)), at(24.5), review_id=f"review-{number}")
    await stage.move_to(at(26))
    await stage.sends()
    [taken_back] = [mail for mail in mailbox.mails if "3 taken back" in told_by(mail)]
    assert taken_back["Message-ID"] != bundle["Message-ID"]
    assert text_of(taken_back).count("it was in time: nothing is left to do") == 3


async def test_whoever_was_told_of_a_breach_hears_that_it_is_taken_back_and_nobody_else(stage, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.sends()
    await stage.rows("UPDATE message_deliveries SET recipient = 'before@acme.example' WHERE topic = 'clock.breached'")
    await stage.happens(review(), answered(review(), at(23)), at(25))
    await stage.move_to(at(26))
    await stage.sends()
    taken_back = [mail["To"] for mail in mailbox.mails if told_by(mail).startswith("Taken back")]
    assert taken_back == ["before@acme.example"]


@pytest.mark.parametrize("breaches", short_and_long(2_800, 10_000))
async def test_thousands_of_breaches_at_once_are_few_messages_ordered_by_due_time(stage, mailbox, breaches):
    await reviews_come(stage, breaches)
    await stage.rows("UPDATE message_deliveries SET state = 'withdrawn', finished_at = now()")
    await stage.move_to(at(25))
    await stage.fires()
    for minute in range(0, 60, 5):
        await stage.move_to(at(25) + timedelta(minutes=minute))
        await stage.sends()
    assert len(mailbox.mails) <= 3
    assert mailbox.subjects[1] == f"{breaches - 1:,} at once: {breaches - 1:,} late"
    assert f"And {breaches - 101:,} more" in text_of(mailbox.mails[1])
    states = await stage.rows(
        "SELECT state, count(*)::int AS n FROM message_deliveries WHERE topic = 'clock.breached' GROUP BY 1"
    )
    assert states == [{"state": "sent", "n": breaches}]
    late = await stage.rows("SELECT min(event ->> 'at') AS at FROM clock_events WHERE kind = 'breached'")
    assert late[0]["at"] is not None


async def test_a_storm_raises_an_alert_tells_the_owner_once_and_resolves_it(stage, mailbox):
    await stage.rows(
        "INSERT INTO message_deliveries (tenant_id, id, message_id, key, topic, thread, channel, outlet, recipient, "
        "person_key, needs_consent, created_at, state, next_attempt_at, finished_at, gathering, released_at) "
        "SELECT 'default', gen_random_uuid(), gen_random_uuid(), 'k' || n, 'clock.started', '', 'email', 'email', "
        "'p' || n || '@acme.example', '', false, $1, 'sent', $1, $1, 'clock', $1 FROM generate_series(1, 60) AS n",
        at(0),
    )
    await stage.happens(None, review(), at(0.1))
    await stage.move_to(at(0.1))
    await stage.sends()
    assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Storm"]
    assert "gathered every 10 minutes" in mailbox.subjects[0]
    [alert] = await stage.rows("SELECT kind, state, owner FROM alerts")
    assert alert == {"kind": STORM_KIND, "state": "open", "owner": stage.settings.owner_email}
    await stage.move_to(at(0.1) + timedelta(minutes=10, seconds=1))
    await stage.sends()
    assert len(mailbox.mails) == 2
    await stage.move_to(at(1.5))
    await stage.sends()
    assert await stage.rows("SELECT state FROM alerts") == [{"state": "resolved"}]
    told = [each for each in await stage.events() if each["data"].get("kind") == STORM_KIND]
    assert [(each["type"], each["data"]["state"]) for each in told] == [
        ("alert.raised", "open"),
        ("alert.resolved", "resolved"),
    ]
    assert all(each["subject"] for each in told), "an event names what it is about"
    assert "@" not in str([each["data"] for each in told])


async def test_the_words_of_an_erased_review_are_in_no_mail_that_waits_to_be_sent_again(stage, mailbox):
    await reviews_come(stage, 3)
    await stage.sends()
    mailbox.answer = lambda: "451 later"
    await stage.happens(None, review(title="Words to be erased"), at(0.001), review_id="erased")
    await stage.move_to(at(WINDOW))
    await stage.sends()
    assert await stage.rows("SELECT 1 FROM message_attempts WHERE position('Words to be erased'::bytea IN sent) > 0")
    await stage.happens(review(title="Words to be erased"), None, at(0.02), review_id="erased", kind="review.erased")
    mailbox.answer = lambda: "250 OK"
    await stage.move_to(at(0.1))
    await stage.sends()
    assert "Words to be erased" not in text_of(mailbox.mails[-1])
    assert "2 at once" not in mailbox.subjects[0]


OWNERS = """\
people:
  - {address: ada@acme.example, name: Ada}
  - {address: ben@acme.example, name: Ben}
  - {address: cem@acme.example, name: Cem}
teams:
  - {name: berlin, members: [ben@acme.example, cem@acme.example]}
escalations:
  - {name: usual, steps: [{after: 30 min, team: berlin}, {after: 2 h}], repeat: {every: 4 h, most: 2}}
assignments:
  - {subject: acme, owner: ada@acme.example, escalation: usual}
"""
BREACHES = 2_800
MOST_IN_HOUR = 9
"""Of one kind to one person, by the windows in which messages are gathered."""


async def test_2800_breaches_and_their_escalations_are_few_messages_for_each_person(stage, mailbox):
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", OWNERS, Format.YAML, "test")
    await reviews_come(stage, BREACHES)
    await stage.rows("UPDATE message_deliveries SET state = 'withdrawn', finished_at = now()")
    await stage.move_to(at(25))
    await stage.fires()
    for minute in range(0, 180, 5):
        await stage.move_to(at(25) + timedelta(minutes=minute))
        await stage.escalates()
        await stage.sends()
    counts = Counter(str(mail["To"]) for mail in mailbox.mails)
    assert set(counts) == {"ada@acme.example", "ben@acme.example", "cem@acme.example"}
    assert max(counts.values()) <= MOST_IN_HOUR
    told = await stage.rows(
        "SELECT recipient, count(*)::int AS n FROM message_deliveries WHERE topic = 'alert.escalated' "
        "AND state = 'sent' AND NOT is_bundle GROUP BY 1 ORDER BY 1"
    )
    assert [each["n"] for each in told] == [BREACHES] * 3, "nobody is left out"
