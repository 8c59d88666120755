"""72 hours from awareness: never paused, corrected with an audit, fulfilled by the notice to the authority."""

from datetime import timedelta

import pytest

from plaudit.alerting.timers.jobs.auditor import Auditor
from plaudit.common.delivery.connector import Connector
from plaudit_testing.incidents import after, iso
from plaudit_testing.mailbox import Mailbox, told_by

pytestmark = pytest.mark.postgres

AUTHORITY = {"channel": "portal", "reference": "2026-0815", "note": "First notice; the scope follows."}


def text_of(mail):
    """The subject and the words of a mail, which may tell of several things."""
    return f"{told_by(mail)}\n{mail.get_body(('plain',)).get_content()}"


async def breached(incidents, aware=-10.0, **members):
    opened = await incidents.opened(**members)
    body = {"aware_at": iso(after(aware)), "zone": "Europe/Berlin", "country": "DE"}
    answer = await incidents.puts(opened, "breach", **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def notified(incidents, incident, hours):
    await incidents.stage.move_to(after(hours + 0.1))
    return await incidents.posts(incident, "breach/authority", notified_at=iso(after(hours)), **AUTHORITY)


async def test_the_clock_runs_from_awareness_and_warns_at_24_48_60_and_68_hours(incidents, mailbox: Mailbox):
    incident = await breached(incidents)
    clock = await incidents.clock(incident, "statutory")
    assert clock["due_at"] == after(62)
    assert incident["breach"]["strict_due_at"] == iso(after(62))
    for hours in (14, 38, 50, 58, 62):
        await incidents.tells(hours + 0.01)
    assert await incidents.log(incident, "statutory") == [
        *("started", "warned 24h", "warned 48h", "warned 60h", "warned 68h", "breached"),
    ]
    told = "".join(text_of(each) for each in mailbox.mails)
    for hours in (24, 48, 60, 68):
        assert f"{hours} hours have passed" in told
    assert "Not told in time: incident Payments fail" in told


async def test_awareness_is_not_corrected_to_a_time_from_which_nothing_can_be_counted(incidents):
    incident = await breached(incidents)
    answer = await incidents.puts(incident, "breach/awareness", aware_at="0001-01-01T00:00:00Z", reason="So.")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/aware_at")


async def test_it_is_never_paused(incidents):
    incident = await breached(incidents)
    clock = await incidents.clock(incident, "statutory")
    answer = await incidents.api.post(f"/v1/clocks/{clock['id']}/pause", json={"reason": "weekend"})
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (409, "clock-refused")


async def test_it_is_never_silenced(incidents, mailbox: Mailbox):
    incident = await breached(incidents)
    until = iso(after(90))
    subject = await incidents.api.post(
        "/v1/silences",
        json={"subject": "acme/berlin", "until": until, "reason": "weekend"},
        headers={"idempotency-key": "subject"},
    )
    assert subject.status_code == 201, subject.text
    await incidents.goes_to(62.1)
    await incidents.stage.sends()
    assert "Not told in time: incident Payments fail" in {told_by(each) for each in mailbox.mails}
    clock = await incidents.clock(incident, "statutory")
    [alert] = [
        each for each in (await incidents.api.get("/v1/alerts")).json()["items"] if each["clock_id"] == str(clock["id"])
    ]
    answer = await incidents.api.post(
        "/v1/silences",
        json={"alert_id": alert["id"], "until": until, "reason": "weekend"},
        headers={"idempotency-key": "alert"},
    )
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"].rpartition("#")[2] == "silence-refused"
    assert "The law sets the due time" in answer.json()["detail"]


async def test_a_policy_without_the_class_does_not_take_the_time_of_the_law(incidents, first_answers_only):
    incident = await breached(incidents)
    assert (await incidents.clock(incident, "statutory"))["due_at"] == after(62)
    assert await incidents.clock(incident) is None  # and it wants no updates


async def test_the_notice_to_the_authority_fulfils_it_with_channel_reference_and_note(incidents):
    incident = await breached(incidents)
    answer = await notified(incidents, incident, 40)
    assert answer.status_code == 200, answer.text
    assert answer.json()["notice"]["state"] == "fulfilled"
    assert answer.json()["breach"]["notified_reference"] == "2026-0815"
    again = await notified(incidents, incident, 41)
    assert (again.status_code, again.json()["type"].rpartition("#")[2]) == (409, "clock-refused")


async def test_a_correction_moves_the_time_and_says_by_whom_when_and_why(incidents):
    incident = await breached(incidents)
    answer = await incidents.puts(incident, "breach/awareness", aware_at=iso(after(-20)), reason="Found in the log.")
    assert answer.status_code == 200, answer.text
    clock = await incidents.clock(incident, "statutory")
    assert (clock["due_at"], clock["state"], clock["run"]) == (after(52), "running", 2)
    log = (await incidents.api.get(f"/v1/clocks/{clock['id']}")).json()["log"]
    assert (log[-1]["kind"], log[-1]["reason"]) == ("anchor_corrected", "Found in the log.")
    assert log[-1]["by"].startswith("key:")
    [entry, *_] = (await incidents.api.get(f"/v1/incidents/{incident['id']}/log")).json()["items"]
    assert (entry["kind"], entry["note"]) == ("awareness_corrected", "Found in the log.")
    assert set(entry["data"]) == {"from", "to"}
    assert [each["type"] for each in await incidents.stage.events()][-1] == "clock.anchor_corrected"
    await incidents.goes_to(53)
    assert (await incidents.clock(incident, "statutory"))["state"] == "breached"


async def test_after_a_correction_the_auditor_finds_the_timers_that_the_log_asks_for(incidents):
    incident = await breached(incidents)
    await incidents.puts(incident, "breach/awareness", aware_at=iso(after(-30)), reason="Found in the log.")
    planned = await incidents.stage.rows("SELECT clock_id, kind, due_at FROM timers ORDER BY due_at")
    connector = Connector(incidents.stage.settings)
    auditor = Auditor(incidents.stage.resources, connector)
    await auditor.turn()
    await connector.close()
    assert auditor.ready()[0].detail == ""
    assert await incidents.stage.rows("SELECT clock_id, kind, due_at FROM timers ORDER BY due_at") == planned
    await incidents.goes_to(42.1)
    assert (await incidents.clock(incident, "statutory"))["state"] == "breached"


async def test_a_breach_that_a_correction_leaves_is_resolved_by_the_notice(incidents):
    incident = await breached(incidents)
    await incidents.goes_to(63)
    await incidents.puts(incident, "breach/awareness", aware_at=iso(after(-20)), reason="Found in the log.")
    await notified(incidents, incident, 64)
    clock = await incidents.clock(incident, "statutory")
    alerts = (await incidents.api.get("/v1/alerts")).json()["items"]
    assert [each["state"] for each in alerts if each["clock_id"] == str(clock["id"])] == ["resolved"]


async def test_a_correction_to_a_time_that_is_over_calls_people(incidents):
    incident = await breached(incidents)
    await incidents.puts(incident, "breach/awareness", aware_at=iso(after(-100)), reason="Known since last week.")
    await incidents.stage.fires()
    assert (await incidents.log(incident, "statutory"))[-1] == "breached"
    assert [each["kind"] for each in (await incidents.api.get("/v1/alerts")).json()["items"]] == ["sla_breach"]


async def test_a_correction_takes_a_breach_back_and_the_next_one_is_told_too(incidents, mailbox: Mailbox):
    incident = await breached(incidents)
    await incidents.tells(62.1)  # the update was due long before: it is told first, and this a minute later
    assert [told_by(each).partition(":")[0] for each in mailbox.mails] == [
        *("Not updated in time", "Not told in time"),
    ]
    await incidents.puts(incident, "breach/awareness", aware_at=iso(after(0)), reason="It was another system.")
    assert (await incidents.log(incident, "statutory"))[-2:] == ["retracted", "anchor_corrected"]
    await incidents.tells(62.2)
    assert "it is not late" in "".join(text_of(each) for each in mailbox.mails)
    await incidents.tells(72.1)
    clock = await incidents.clock(incident, "statutory")
    alerts = (await incidents.api.get("/v1/alerts")).json()["items"]
    assert sorted(each["state"] for each in alerts if each["clock_id"] == str(clock["id"])) == ["open", "resolved"]
    late = [each for each in mailbox.mails if "Not told in time" in text_of(each)]
    assert len(late) == 2


async def test_a_correction_after_the_notice_decides_anew_whether_it_was_late(incidents):
    incident = await breached(incidents)
    await notified(incidents, incident, 40)
    await incidents.puts(incident, "breach/awareness", aware_at=iso(after(-40)), reason="Found earlier.")
    assert (await incidents.log(incident, "statutory"))[-3:] == ["anchor_corrected", "breached", "fulfilled"]
    await incidents.puts(incident, "breach/awareness", aware_at=iso(after(-10)), reason="It was right.")
    assert (await incidents.log(incident, "statutory"))[-2:] == ["retracted", "anchor_corrected"]
    assert (await incidents.clock(incident, "statutory"))["state"] == "fulfilled"


async def test_resolving_the_incident_leaves_the_clock_and_closing_needs_the_notice(incidents):
    incident = await breached(incidents)
    await incidents.posts(incident, "resolve")
    assert (await incidents.clock(incident, "statutory"))["state"] == "running"
    refused = await incidents.posts(incident, "close", learnings="We watch it.")
    assert (refused.status_code, "has not been notified" in refused.json()["detail"]) == (409, True)
    await notified(incidents, incident, 40)
    assert (await incidents.posts(incident, "close", learnings="We watch it.")).status_code == 200


async def test_a_list_of_people_is_counted_and_no_key_of_it_is_kept(incidents):
    incident = await breached(incidents)
    people = "person\nnative:secret-key-1\nnative:secret-key-2\nnative:secret-key-1\n"
    answer = await incidents.puts(incident, "breach/affected", by="list", method="The export.", people=people)
    assert (answer.json()["breach"]["affected"], len(answer.json()["breach"]["affected_hash"])) == (2, 64)
    for table in ("incident_breaches", "incident_log", "incidents", "outbox"):
        for row in await incidents.stage.rows(f"SELECT t::text AS text FROM {table} t"):
            assert "secret-key" not in row["text"]


async def test_notice_and_people_told_are_kept(incidents):
    incident = await breached(incidents)
    parts = {
        "facts": "A backup was open.",
        "scope": "",
        "fixes": "Closed.",
        "prevention": "",
        "hotline": "dpo@a.example",
    }
    answer = await incidents.puts(incident, "breach/notice", **parts)
    assert answer.json()["breach"]["missing"] == ["scope", "prevention"]
    told = {"told": 290, "not_told": 22, "channel": "letter", "note": "22 addresses are unknown."}
    answer = await incidents.puts(incident, "breach/people", **told)
    assert (answer.json()["breach"]["people_told"], answer.json()["breach"]["people_not_told"]) == (290, 22)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"aware_at": iso(after(5))}, "/aware_at"),
        ({"aware_at": "0001-01-01T00:00:00Z"}, "/aware_at"),
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"country": "XX"}, "/country"),
        ({"country": None, "subdivision": "BE"}, "/subdivision"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(incidents, members, field):
    opened = await incidents.opened()
    body = {"aware_at": iso(after(-1)), "zone": "Europe/Berlin", "country": "DE"} | members
    answer = await incidents.puts(opened, "breach", **body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, field)


async def test_an_incident_that_is_no_breach_takes_no_notice(incidents):
    opened = await incidents.opened()
    answer = await incidents.posts(opened, "breach/authority", notified_at=iso(after(0) - timedelta(1)), **AUTHORITY)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (409, "incident-refused")
