"""Who is told of an alert, in which order, what stops it, and what a silence holds back."""

import asyncio
from datetime import datetime
from uuid import UUID

import pytest
from httpx import AsyncClient
from prometheus_client import REGISTRY

from plaudit.alerting.alerts import jobs
from plaudit.alerting.alerts.commands import telling
from plaudit.alerting.alerts.domain.alert import storm_alert
from plaudit.alerting.alerts.domain.escalation import AlertStep, StepKind
from plaudit.alerting.alerts.domain.notes import CHANGED, LOOKED_AT, RESOLVED
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.main import owner_of_settings
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.clocks import answered, at, drastic, review
from plaudit_testing.mailbox import told_by

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

OWNERS = """\
people:
  - {address: ada@acme.example, name: Ada Byron, zone: Europe/Berlin}
  - {address: ben@acme.example, name: Ben Kay}
  - {address: cem@acme.example, name: Cem}
  - {address: dan@acme.example, name: Dan, quiet_hours: {from: "09:00", to: "12:00"}}
teams:
  - {name: berlin, members: [ben@acme.example, cem@acme.example]}
escalations:
  - name: usual
    steps: [{after: 30 min, team: berlin}, {after: 2 h}]
assignments:
  - {subject: acme/berlin, owner: ada@acme.example, escalation: usual}
"""


@pytest.fixture
async def owners(stage):
    await save(stage, OWNERS)


@pytest.fixture
async def api(stage) -> AsyncClient:
    return await stage.client()


async def save(stage, document, tenant="default"):
    async with stage.resources.database(Role.API).driver_transaction(tenant) as tx:
        await people.save(tx, tenant, document, Format.YAML, "test")


async def goes_to(stage, hours):
    await stage.move_to(at(hours))
    await stage.fires()
    await stage.escalates()
    await stage.sends()


async def breached(stage, api, state=None):
    """A review that was not answered in time, of which its owner was told."""
    await stage.happens(None, state or review(), at(0))
    await goes_to(stage, 24.01)
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    return alert


def told(mailbox, topic="Nobody has looked"):
    return sorted(str(mail["To"]) for mail in mailbox.mails if topic in told_by(mail))


async def outcomes(stage, topic):
    rows = await stage.rows(
        "SELECT recipient, state, reason FROM message_deliveries WHERE topic = $1 ORDER BY created_at, recipient", topic
    )
    return [tuple(row.values()) for row in rows]


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


async def test_an_acknowledgement_stops_the_chain_until_its_reminder(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    seen = (await api.post(f"/v1/alerts/{alert['id']}/acknowledge", params={"remind_after_seconds": 3600})).json()
    assert seen["state"] == "acknowledged"
    await goes_to(stage, 24.9)
    assert told(mailbox) == []
    await goes_to(stage, 25.1)
    assert told(mailbox, "Still not resolved") == ["ada@acme.example"]
    [again] = (await api.get("/v1/alerts")).json()["items"]
    assert (again["state"], again["acknowledged_by"]) == ("open", None)
    await goes_to(stage, 25.6)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]


async def test_acknowledging_between_the_step_and_the_mail_keeps_it_from_leaving(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await stage.move_to(at(24.6))
    await stage.escalates()
    await api.post(f"/v1/alerts/{alert['id']}/acknowledge")
    await stage.sends()
    assert told(mailbox) == []
    assert {each[1:] for each in await outcomes(stage, "alert.escalated")} == {("withdrawn", LOOKED_AT)}


async def test_acknowledging_between_the_breach_and_its_mail_keeps_that_from_leaving(stage, api, owners, mailbox):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(24.01))
    await stage.fires()
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    await api.post(f"/v1/alerts/{alert['id']}/acknowledge")
    await stage.sends()
    assert told(mailbox, "Not answered") == []
    assert await outcomes(stage, "clock.breached") == [("ada@acme.example", "withdrawn", LOOKED_AT)]


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


async def test_a_resolved_alert_cannot_be_acknowledged_by_what_is_told_later(stage, api, owners):
    alert = await breached(stage, api)
    await stage.happens(review(), answered(review(), at(24.1)), at(24.1))
    refused = await api.post(f"/v1/alerts/{alert['id']}/acknowledge")
    assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (409, "alert-resolved")
    [after] = (await api.get("/v1/alerts")).json()["items"]
    assert (after["state"], after["reason"]) == ("resolved", "answered")


async def test_assigning_tells_the_new_owner_and_begins_the_chain_anew(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await stage.move_to(at(24.2))
    body = {"owner": "Ben@acme.example", "note": "She called again."}
    assigned = await api.post(f"/v1/alerts/{alert['id']}/assign", json=body)
    assert (assigned.status_code, assigned.json()["owner"]) == (200, "ben@acme.example")
    await stage.sends()
    [mail] = [each for each in mailbox.mails if "Assigned to you" in told_by(each)]
    assert (mail["To"], "She called again." in mail.get_body(("plain",)).get_content()) == ("ben@acme.example", True)
    await goes_to(stage, 24.6)
    assert told(mailbox) == []
    await goes_to(stage, 24.8)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]


async def test_an_alert_is_assigned_to_known_people_alone(stage, api, owners):
    alert = await breached(stage, api)
    refused = await api.post(f"/v1/alerts/{alert['id']}/assign", json={"owner": "stranger@acme.example"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/owner")
    installed = await api.post(f"/v1/alerts/{alert['id']}/assign", json={"owner": "owner@acme.example"})
    assert installed.status_code == 200


async def test_what_was_queued_for_the_owner_of_before_does_not_leave(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await stage.move_to(at(24.6))
    await stage.escalates()
    await api.post(f"/v1/alerts/{alert['id']}/assign", json={"owner": "ben@acme.example"})
    await stage.sends()
    assert {each[1:] for each in await outcomes(stage, "alert.escalated")} == {("withdrawn", CHANGED)}


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


async def test_a_silence_holds_everything_back_and_its_end_tells_once_what_is_open(stage, api, owners, mailbox):
    body = {"subject": "acme", "until": at(25).isoformat(), "reason": "The shop is being moved."}
    made = await api.post("/v1/silences", json=body, headers={"idempotency-key": "one"})
    assert made.status_code == 201
    again = await api.post("/v1/silences", json=body, headers={"idempotency-key": "one"})
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (made.json()["id"], "true")
    await breached(stage, api)
    await goes_to(stage, 24.9)
    assert mailbox.mails == []
    [(_, state, reason)] = await outcomes(stage, "clock.breached")
    assert (state, "The shop is being moved." in reason) == ("withdrawn", True)
    await goes_to(stage, 25.1)
    assert told(mailbox, "silence has ended") == ["ada@acme.example"]
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]
    await goes_to(stage, 25.2)
    assert len(told(mailbox, "silence has ended")) == 1


async def test_a_silence_can_be_ended_early(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    body = {"alert_id": alert["id"], "until": at(48).isoformat(), "reason": "Known."}
    made = (await api.post("/v1/silences", json=body)).json()
    await goes_to(stage, 25)
    assert told(mailbox) == []
    assert (await api.get("/v1/silences", params={"active": True})).json()["items"][0]["id"] == made["id"]
    ended = await api.delete(f"/v1/silences/{made['id']}")
    assert (ended.json()["is_active"], ended.json()["ended_by"] is not None) == (False, True)
    await goes_to(stage, 25.1)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]
    assert (await api.get("/v1/silences", params={"active": True})).json()["items"] == []
    assert (await api.delete(f"/v1/silences/{made['id']}")).json()["ended_at"] == ended.json()["ended_at"]


async def test_a_notice_that_was_held_back_is_told_at_the_end(stage, api, owners, mailbox):
    await api.post("/v1/silences", json={"subject": "acme", "until": at(1).isoformat(), "reason": "Moving."})
    await stage.happens(None, review(), at(0.1))
    await stage.sends()
    await goes_to(stage, 1.1)
    [mail] = mailbox.mails
    subject = "The silence has ended: Answer by 3 March 2026, 10:00 CET: 1-star review of acme/berlin"
    assert told_by(mail) == subject
    text = mail.get_body(("plain",)).get_content()
    assert "Nobody called back" in text
    assert "http://plaudit.example/console/reviews/review-1" in text


async def test_that_it_is_resolved_is_told_while_a_silence_holds(stage, api, owners, mailbox):
    await breached(stage, api)
    await goes_to(stage, 24.6)
    await api.post("/v1/silences", json={"subject": "acme", "until": at(48).isoformat(), "reason": "Moving."})
    await stage.happens(review(), answered(review(), at(24.7)), at(24.7))
    await goes_to(stage, 25)
    assert told(mailbox, "Resolved") == ["ben@acme.example", "cem@acme.example"]


async def test_that_a_breach_is_taken_back_is_told_while_a_silence_holds(stage, api, owners, mailbox):
    await breached(stage, api)
    await api.post("/v1/silences", json={"subject": "acme", "until": at(48).isoformat(), "reason": "Moving."})
    await stage.happens(review(), answered(review(), at(23)), at(24.7))
    await goes_to(stage, 25)
    assert told(mailbox, "Taken back") == ["ada@acme.example"]


async def test_whoever_heard_of_an_alert_at_the_end_of_a_silence_hears_that_it_is_resolved(stage, api, owners, mailbox):
    await api.post("/v1/silences", json={"subject": "acme", "until": at(24.2).isoformat(), "reason": "Moving."})
    await breached(stage, api)
    await goes_to(stage, 24.25)
    assert told(mailbox, "silence has ended") == ["ada@acme.example"]
    await stage.happens(review(), answered(review(), at(23)), at(24.3))
    await goes_to(stage, 24.4)
    assert told(mailbox, "Resolved") + told(mailbox, "Taken back") == ["ada@acme.example"]


async def test_what_is_resolved_between_the_end_of_a_silence_and_its_mail_is_not_told(stage, api, owners, mailbox):
    await api.post("/v1/silences", json={"subject": "acme", "until": at(24.2).isoformat(), "reason": "Moving."})
    await breached(stage, api)
    await stage.move_to(at(24.25))
    await stage.escalates()
    await stage.happens(review(), answered(review(), at(23)), at(24.3))
    await stage.sends()
    assert mailbox.mails == []


async def test_two_silences_that_follow_each_other_each_tell_what_is_still_open(stage, api, owners, mailbox):
    await breached(stage, api)
    for hour in (24.2, 26.2):
        body = {"subject": "acme", "until": at(hour + 1).isoformat(), "reason": "Moving."}
        await stage.move_to(at(hour))
        await api.post("/v1/silences", json=body)
        await goes_to(stage, hour + 1.02)
        await goes_to(stage, hour + 1.1)
    assert told(mailbox, "silence has ended") == ["ada@acme.example", "ada@acme.example"]


async def test_what_another_silence_still_holds_is_told_when_that_one_ends(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    for scope in ({"alert_id": alert["id"]}, {"subject": "acme/berlin"}):
        until = at(25.2 if "subject" in scope else 24.8).isoformat()
        await api.post("/v1/silences", json={**scope, "until": until, "reason": "Moving."})
    await goes_to(stage, 25.1)
    assert told(mailbox, "silence has ended") + told(mailbox) == []
    await goes_to(stage, 25.3)
    assert told(mailbox, "silence has ended") == ["ada@acme.example"]
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]


async def test_more_alerts_than_are_read_at_a_time_are_all_told_when_a_silence_ends(
    stage, api, owners, mailbox, monkeypatch
):
    monkeypatch.setattr(telling, "READ_AT_A_TIME", 2)
    await api.post("/v1/silences", json={"subject": "acme", "until": at(25).isoformat(), "reason": "Moving."})
    for number in range(5):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await goes_to(stage, 24.01)
    await goes_to(stage, 25.01)
    await goes_to(stage, 25.05)
    to_owner = [told_by(mail) for mail in mailbox.mails if mail["To"] == "ada@acme.example"]
    assert len(to_owner) == 2
    assert to_owner[1] == "4 at once: 4 still open"


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
    for words in ("Nobody called back", "★☆☆☆☆", "Acme shop", "Late by", "Alert since", "/console/reviews/review-1"):
        assert words in text, words
        assert words in page, words
    assert "step 1 of its escalation" in text
    [breach] = [each for each in mailbox.mails if "Not answered in time" in told_by(each)]
    assert mail["References"].split()[0] == breach["References"].split()[0], "one thread"


async def test_what_is_done_about_a_storm_is_published_as_an_event_that_can_be_read(stage, api):
    async with stage.worker.transaction() as tx:
        raised = storm_alert("default", "owner@acme.example", tx.now, "Storm")
        await store.raise_all(tx, [raised])
    assert (await api.post(f"/v1/alerts/{raised.id}/acknowledge")).status_code == 200
    [event] = await stage.events()
    assert (event["type"], event["subject"]) == ("alert.acknowledged", "storm")


async def test_a_silence_of_one_source_lets_the_others_through(stage, api, owners, mailbox):
    body = {"subject": "acme", "source_id": "another", "until": at(2).isoformat(), "reason": "Moving."}
    await api.post("/v1/silences", json=body)
    await stage.happens(None, review(), at(0))
    await stage.sends()
    assert told(mailbox, "Answer by") == ["ada@acme.example"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"subject": "acme", "until": at(31 * 24).isoformat(), "reason": "Too long."}, 409),
        ({"subject": "acme", "until": at(-1).isoformat(), "reason": "Past."}, 409),
        ({"subject": "acme", "until": at(1).isoformat(), "reason": "  "}, 409),
        ({"until": at(1).isoformat(), "reason": "Nothing."}, 422),
        ({"alert_id": "01956e1c-8a50-7c3e-9d41-2f6f0a5b7c11", "until": at(1).isoformat(), "reason": "None."}, 404),
    ],
)
async def test_a_silence_that_cannot_be_is_refused(api, body, status):
    refused = await api.post("/v1/silences", json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")


async def test_a_statutory_alert_is_never_silenced(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await stage.rows("UPDATE alerts SET is_statutory = true RETURNING id")
    body = {"alert_id": alert["id"], "until": at(48).isoformat(), "reason": "Known."}
    assert (await api.post("/v1/silences", json=body)).status_code == 409
    await api.post("/v1/silences", json={"subject": "acme", "until": at(48).isoformat(), "reason": "Known."})
    await goes_to(stage, 25)
    assert told(mailbox) == ["ben@acme.example", "cem@acme.example"]


async def test_what_people_did_is_in_the_audit_trail_with_before_and_after(stage, api, owners):
    alert = await breached(stage, api)
    await api.post(f"/v1/alerts/{alert['id']}/acknowledge")
    await api.post(f"/v1/alerts/{alert['id']}/assign", json={"owner": "ben@acme.example"})
    found = (await api.get("/v1/audit", params={"kind": "alert"})).json()["items"]
    assert [each["kind"] for each in found] == ["alert.assigned", "alert.acknowledged"]
    assert found[0]["after"]["owner"] == "ben@acme.example"
    assert (found[1]["before"]["state"], found[1]["after"]["state"]) == ("open", "acknowledged")
    assert found[0]["actor"].startswith("key:")


async def test_what_people_do_at_once_is_done_one_after_the_other_and_a_resolved_alert_stays_so(stage, api, owners):
    alert = await breached(stage, api)
    path = f"/v1/alerts/{alert['id']}"
    acknowledging = [api.post(f"{path}/acknowledge") for _ in range(3)]
    assigning = [api.post(f"{path}/assign", json={"owner": f"{name}@acme.example"}) for name in ("ben", "cem")]
    answer = stage.happens(review(), answered(review(), at(24.1)), at(24.1))
    *answers, _ = await asyncio.gather(*acknowledging, *assigning, answer)
    assert {each.status_code for each in answers} <= {200, 409}
    [row] = await stage.rows("SELECT state, generation FROM alerts")
    assert row["state"] == "resolved"
    assert await stage.rows("SELECT * FROM alert_steps") == []
    done = (await api.get("/v1/audit", params={"kind": "alert"})).json()["items"]
    assert row["generation"] == 1 + len(done), "each change is one entry of the trail, and none is lost"
    assert (await api.post(f"{path}/acknowledge")).status_code == 409
    await goes_to(stage, 40)
    assert await outcomes(stage, "alert.escalated") == []


async def test_a_reminder_comes_after_a_restart(stage, api, owners, mailbox):
    alert = await breached(stage, api)
    await api.post(f"/v1/alerts/{alert['id']}/acknowledge", params={"remind_after_seconds": 3600})
    stage.escalations = type(stage.escalations)(stage.worker, owner_of_settings(stage.settings))
    stage.mails = stage.new_mails()
    await goes_to(stage, 25.1)
    assert told(mailbox, "Still not resolved") == ["ada@acme.example"]


async def test_what_people_do_about_an_alert_is_published(stage, api, owners):
    alert = await breached(stage, api)
    silence = {"alert_id": alert["id"], "until": at(99).isoformat(), "reason": "Known to Ada."}
    for path, body in (
        (f"/v1/alerts/{alert['id']}/acknowledge?remind_after_seconds=7200", None),
        (f"/v1/alerts/{alert['id']}/acknowledge", None),  # again: nothing changes
        (f"/v1/alerts/{alert['id']}/assign", {"owner": "ben@acme.example", "note": "Call them."}),
        ("/v1/silences", silence),
        ("/v1/silences", {"subject": "acme", "until": at(99).isoformat(), "reason": "Moving."}),
    ):
        answer = await api.post(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
    told = [each for each in await stage.events() if each["type"].startswith("alert.")][1:]
    assert [(each["type"], each["data"]["state"]) for each in told] == [
        ("alert.acknowledged", "acknowledged"),
        ("alert.assigned", "open"),
        ("alert.silenced", "open"),
    ]
    acknowledged, assigned, silenced = (each["data"] for each in told)
    assert acknowledged["alert_id"] == alert["id"]
    assert (datetime.fromisoformat(acknowledged["until"]) - datetime.fromisoformat(told[0]["time"])).seconds == 7200
    assert "until" not in assigned
    assert datetime.fromisoformat(silenced["until"]) == at(99)
    for words in ("@acme.example", "Call them", "Known to Ada"):  # neither addresses nor notes go on the bus
        assert all(words not in str(each["data"]) for each in told)


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


async def test_a_silence_whose_end_cannot_be_told_is_set_aside_and_holds_up_no_other(stage, api, owners, monkeypatch):
    for hours, subject in ((1, "acme/berlin"), (2, "acme")):
        body = {"subject": subject, "until": at(hours).isoformat(), "reason": "Known."}
        await api.post("/v1/silences", json=body, headers={"idempotency-key": subject})
    tells = jobs.tell_unsilenced

    async def raises_on_berlin(tx, silence, fallback):
        if silence.subject_prefix == "acme/berlin":
            await tx.raw.execute("SELECT 1 / 0")
        return await tells(tx, silence, fallback)

    monkeypatch.setattr(jobs, "tell_unsilenced", raises_on_berlin)
    await stage.move_to(at(3))
    assert [await stage.silences.turn() for _ in range(3)] == [1, 1, 0]
    assert not await stage.silences.has_work()
    found = await stage.rows("SELECT told_at IS NULL AS waits, failed_at, error FROM silences ORDER BY until")
    assert [row["waits"] for row in found] == [True, False]
    assert "division by zero" in found[0]["error"]
    async with stage.worker.transaction() as tx:
        await jobs.count_silences_set_aside(tx, tx.now)
    assert REGISTRY.get_sample_value("plaudit_silences_set_aside") == 1


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


async def test_the_end_of_a_silence_reads_no_clock_of_which_nothing_was_held_back(stage):
    for number in range(20):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    counted = "pg_stat_xact_user_tables WHERE relid = 'alerting.clocks'::regclass"
    read = f"SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM {counted}"
    async with stage.worker.transaction() as tx:
        before = await tx.raw.fetchval(read)
        assert await tx.raw.fetch(silences._STILL_RUNNING, "default", "acme", None, at(0), None, None, 500) == []
        assert await tx.raw.fetchval(read) == before
