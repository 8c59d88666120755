"""Who is told of an alert, in which order, and what stops it."""

from uuid import UUID

import pytest

from plaudit.alerting.alerts.domain.escalation import AlertStep, StepKind
from plaudit.alerting.alerts.domain.notes import RESOLVED
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.mails.domain.again import TOLD_AGAIN
from plaudit.alerting.main import owner_of_settings
from plaudit_testing.clocks import answered, at, drastic, review
from plaudit_testing.escalating import OWNERS, breached, goes_to, outcomes, save, told
from plaudit_testing.mailbox import told_by

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


async def test_the_owner_is_told_then_the_team_then_the_owner_again(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    assert alert["owner"] == "ada@acme.example"
    assert told(mailbox, "Not answered in time") == ["ada@acme.example"]
    await goes_to(stage, 24.4)
    assert told(mailbox) == []
    await goes_to(stage, 24.6)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]
    await goes_to(stage, 27)
    assert told(mailbox) == ["ada@acme.example", "ben@acme.example", "cem@acme.example"]
    await goes_to(stage, 60)
    assert len(told(mailbox)) == 3


async def test_a_mail_names_the_owner_and_is_in_their_zone(stage, api, owners, mailbox):
    await breached(stage, api)
    [mail] = [each for each in mailbox.mails if "Not answered" in told_by(each)]
    text = mail.get_body(("plain",)).get_content()
    assert "Ada Byron" in text
    assert "CET" in text


async def test_an_answer_stops_the_chain_and_whoever_was_told_hears_of_it(stage, api, owners, mailbox):
    await breached(stage, api)
    await goes_to(stage, 24.6)
    await stage.happens(review(), answered(review(), at(24.7)), at(24.7))
    await goes_to(stage, 30)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]
    assert told(mailbox, "Resolved") == ["ben@acme.example", "cem@acme.example"]
    assert await stage.rows("SELECT * FROM alert_steps") == []


async def test_an_answer_between_the_step_and_the_mail_keeps_it_from_leaving(stage, api, owners, mailbox):
    await breached(stage, api)
    await stage.move_to(at(24.6))
    await stage.escalates()
    await stage.happens(review(), answered(review(), at(24.6)), at(24.6))
    await stage.sends()
    assert told(mailbox) == []
    assert {each[1:] for each in await outcomes(stage, "alert.escalated")} == {("withdrawn", RESOLVED)}


async def test_in_quiet_hours_a_person_waits_and_what_is_drastic_does_not(stage, api, mailbox):
    await save(stage, OWNERS.replace("owner: ada@", "owner: dan@"))
    await stage.happens(None, review(), at(0))
    await stage.happens(None, drastic(review()), at(0), review_id="review-2")
    await stage.sends()
    assert len(told(mailbox, "Answer by")) == 1
    await goes_to(stage, 3.1)
    [_, together] = mailbox.mails  # with what is said of the drastic one at that time
    assert together["To"] == "dan@acme.example"
    assert "new · ★☆☆☆☆ · Answer by 3 March 2026, 09:00 UTC" in together.get_body(("plain",)).get_content()


async def test_steps_that_waited_through_quiet_hours_call_to_an_alert_once(stage, api, mailbox):
    document = OWNERS.replace("owner: ada@", "owner: dan@").replace(
        "members: [ben@acme.example, cem@", "members: [dan@"
    )
    await save(stage, document.replace("{after: 2 h}", "{after: 1 h, team: berlin}, {after: 2 h}"))
    await breached(stage, api)
    for hours in (24.6, 25.1, 26.1, 27.1, 27.2):
        await goes_to(stage, hours)
    assert told(mailbox) == ["dan@acme.example"]
    assert [each[1:] for each in await outcomes(stage, "alert.escalated")] == [
        ("withdrawn", TOLD_AGAIN),
        ("withdrawn", TOLD_AGAIN),
        ("sent", ""),
    ]


async def test_a_step_is_for_the_people_of_the_time_when_it_fires(stage, api, owners, mailbox):
    await breached(stage, api)
    await save(stage, OWNERS.replace("members: [ben@acme.example, cem@", "members: [ada@acme.example, cem@"))
    await goes_to(stage, 24.6)
    assert told(mailbox) == ["ada@acme.example", "cem@acme.example"]


WITHOUT_ADA = """\
people: [{address: ben@acme.example, name: Ben Kay}]
assignments: [{subject: acme/berlin, owner: ben@acme.example}]
"""


async def test_steps_for_whoever_has_left_are_for_whoever_answers_now(stage, api, owners, mailbox):
    await breached(stage, api)
    await save(stage, WITHOUT_ADA)  # neither the team nor the owner is there any more
    await goes_to(stage, 24.6)
    assert told(mailbox) == ["ben@acme.example"]
    await goes_to(stage, 27)
    assert set(told(mailbox)) == {"ben@acme.example"}
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    assert alert["owner"] == "ben@acme.example"
    [entry] = (await api.get("/v1/audit", params={"kind": "alert.assigned"})).json()["items"]
    assert (entry["actor"], entry["before"]["owner"]) == ("system", "ada@acme.example")


async def test_a_reminder_is_for_whoever_answers_when_it_comes(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await api.post(f"/v1/alerts/{alert['id']}/acknowledge", params={"remind_after_seconds": 3600})
    await save(stage, WITHOUT_ADA)
    await goes_to(stage, 25.1)
    assert told(mailbox, "Still not resolved") == ["ben@acme.example"]


async def test_what_waits_for_whoever_has_left_goes_to_whoever_answers_now(stage, api, mailbox):
    await save(stage, OWNERS.replace("owner: ada@", "owner: dan@"))  # whose quiet hours are now
    await stage.happens(None, review(), at(0))
    await stage.sends()
    assert mailbox.mails == []
    await save(stage, WITHOUT_ADA)
    await goes_to(stage, 3.1)
    assert told(mailbox, "Answer by") == ["ben@acme.example"]


async def test_a_mail_of_an_escalation_says_what_the_mail_about_the_clock_says(stage, api, owners, mailbox):
    await breached(stage, api)
    await goes_to(stage, 24.6)
    [mail, _] = [each for each in mailbox.mails if "Nobody has looked" in told_by(each)]
    text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for words in (
        "Nobody called back",
        "★☆☆☆☆",
        "Acme shop",
        "Late by",
        "Alert since",
        "/console/answers/review-1#selected",
    ):
        assert words in text, words
        assert words in page, words
    assert "step 1 of its escalation" in text
    [breach] = [each for each in mailbox.mails if "Not answered in time" in told_by(each)]
    assert mail["References"].split()[0] == breach["References"].split()[0], "one thread"


async def test_what_is_told_in_a_repetition_says_that_it_is_one(stage, api, mailbox):
    await save(stage, OWNERS.replace("{after: 2 h}]", "{after: 2 h}]\n    repeat: {every: 1 h, most: 1}"))
    await breached(stage, api)
    said = []
    for hours in (24.6, 26.1, 27.1, 27.6, 29.1):
        before = len(mailbox.mails)
        await goes_to(stage, hours)
        text = mailbox.mails[before].get_body(("plain",)).get_content()
        said.append(text.partition("Nobody has acknowledged it: ")[2].partition("\r\n")[0].partition("\n")[0])
    assert said == [
        "this is step 1 of its escalation.",
        "this is step 2 of its escalation.",
        "its escalation begins again (repetition 1).",
        "this is step 1 of its escalation again (repetition 1).",
        "this is step 2 of its escalation again (repetition 1).",
    ]


async def test_two_jobs_tell_of_a_step_once(stage, api, owners, mailbox):
    await breached(stage, api)
    assert not await stage.escalations.has_work()
    await stage.move_to(at(24.6))
    assert await stage.escalations.has_work()
    another = type(stage.escalations)(stage.worker, owner_of_settings(stage.settings))
    assert await stage.escalations.turn() + await another.turn() == 1
    await stage.sends()
    assert len(told(mailbox)) == 2
    assert not await stage.silences.has_work()


async def test_a_step_that_was_set_aside_gives_way_to_the_next_one_and_one_that_waits_does_not(stage, api, owners):
    alert = await breached(stage, api)

    def step(generation):
        return AlertStep(
            tenant_id="default",
            alert_id=UUID(alert["id"]),
            kind=StepKind.REMIND,
            number=0,
            generation=generation,
            target="",
            due_at=at(24),
        )

    async def add(generation):
        async with stage.worker.transaction() as tx:
            await store.add_steps(tx, [step(generation), step(generation)])
        query = "SELECT generation, failed_at FROM alert_steps WHERE kind = $1"
        [row] = await stage.rows(query, StepKind.REMIND)
        return row["generation"], row["failed_at"]

    assert await add(1) == (1, None)
    assert await add(2) == (1, None)
    async with stage.worker.transaction() as tx:
        await store.set_aside(tx, ("default", UUID(alert["id"])), "an error")
    assert await add(3) == (3, None)
