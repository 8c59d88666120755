"""What people do about an alert: they acknowledge it and give it to others, and all of it is on record."""

import asyncio
from datetime import datetime

import pytest

from plaudit.alerting.alerts.domain.alert import storm_alert
from plaudit.alerting.alerts.domain.notes import CHANGED, LOOKED_AT
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.main import owner_of_settings
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.escalating import breached, goes_to, outcomes, told
from plaudit_testing.mailbox import told_by

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]


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


async def test_what_is_done_about_a_storm_is_published_as_an_event_that_can_be_read(stage, api):
    async with stage.worker.transaction() as tx:
        raised = storm_alert("default", "owner@acme.example", tx.now, "Storm")
        await store.raise_all(tx, [raised])
    assert (await api.post(f"/v1/alerts/{raised.id}/acknowledge")).status_code == 200
    [event] = await stage.events()
    assert (event["type"], event["subject"]) == ("alert.acknowledged", "storm")


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
