"""The clock of the next update: each update fulfils one and starts the next."""

import pytest

from plaudit.alerting.people.commands import save
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.incidents import TEXT, after
from plaudit_testing.mailbox import Mailbox, told_by

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(("severity", "hours"), [("urgent", 1), ("important", 24), ("routine", 168)])
async def test_the_first_update_is_due_from_the_opening_by_severity(incidents, severity, hours):
    opened = await incidents.opened(severity=severity)
    clock = await incidents.clock(opened)
    assert (clock["state"], clock["about_kind"], clock["reason"]) == ("running", "incident", "opened")
    assert (clock["due_at"] - clock["anchor_at"]).total_seconds() == hours * 3600
    assert (await incidents.read(opened))["next_update"]["clock_id"] == str(clock["id"])


async def test_each_update_fulfils_the_present_clock_and_starts_the_next(incidents):
    opened = await incidents.opened()
    await incidents.goes_to(0.9)
    await incidents.updated(opened)
    first, second = await incidents.clock(opened), await incidents.clock(opened, instance=2)
    assert (first["state"], second["state"], second["reason"]) == ("fulfilled", "running", "updated")
    assert second["anchor_at"] == first["fulfilled_at"]
    assert await incidents.log(opened) == ["started", "warned 50", "warned 80", "fulfilled"]
    await incidents.goes_to(3)
    assert (await incidents.clock(opened, instance=2))["state"] == "breached"
    await incidents.updated(opened)
    assert await incidents.log(opened, instance=2) == ["started", "warned 50", "warned 80", "breached", "fulfilled"]
    assert (await incidents.clock(opened, instance=3))["state"] == "running"
    published = [each["type"] for each in await incidents.stage.events()]
    assert published.count("incident.updated") == 2
    assert published.count("alert.raised") == published.count("alert.resolved") == 1


async def test_a_breach_calls_the_owner_to_the_page_of_the_incident(incidents, mailbox: Mailbox):
    opened = await incidents.opened(title="Pay <b>ments</b>\nfail")
    await incidents.stage.sends()
    await incidents.goes_to(1.2)
    await incidents.stage.sends()
    subjects = [told_by(each).strip() for each in mailbox.mails]
    assert subjects[0].startswith("Post an update by")
    assert subjects[-1] == "Not updated in time: incident Pay <b>ments</b> fail"
    body = mailbox.mails[-1].get_body(("html",)).get_content()
    assert f"http://plaudit.example/console/incidents/{opened['id']}" in body
    assert "<b>ments" not in body
    assert "was opened on" in body
    [alert] = (await incidents.api.get("/v1/alerts")).json()["items"]
    assert (alert["summary"], alert["subject"]) == ("incident Pay <b>ments</b> fail not updated in time", "acme/berlin")


async def test_a_clock_has_the_severity_of_its_incident_by_which_its_mails_wait_for_nothing(incidents):
    opened = await incidents.opened(severity="urgent")
    assert (await incidents.clock(opened))["severity"] == "urgent"
    assert [row["is_urgent"] for row in await incidents.stage.rows("SELECT is_urgent FROM message_deliveries")] == [
        True
    ]
    await incidents.puts(opened, "severity", severity="routine")
    clock = await incidents.clock(opened)
    assert (clock["run"], clock["severity"]) == (1, "routine")


async def test_a_higher_severity_counts_from_the_last_update_by_the_new_interval(incidents):
    opened = await incidents.opened(severity="routine")
    await incidents.goes_to(0.5)
    await incidents.puts(opened, "severity", severity="urgent")
    clock = await incidents.clock(opened)
    assert (clock["run"], clock["reason"], clock["state"]) == (2, "severity_changed", "running")
    assert (clock["due_at"] - clock["anchor_at"]).total_seconds() == 3600
    assert await incidents.log(opened) == ["started", "cancelled", "started"]


async def test_a_due_time_that_would_be_past_already_counts_from_the_change(incidents):
    opened = await incidents.opened(severity="routine")
    await incidents.goes_to(30)
    await incidents.puts(opened, "severity", severity="urgent")
    clock = await incidents.clock(opened)
    assert clock["state"] == "running"
    assert clock["anchor_at"] >= after(30)
    await incidents.goes_to(31.5)
    assert (await incidents.clock(opened))["state"] == "breached"


async def test_a_lower_severity_leaves_a_clock_that_is_due_earlier(incidents):
    opened = await incidents.opened()
    before = await incidents.clock(opened)
    await incidents.puts(opened, "severity", severity="routine")
    assert await incidents.clock(opened) == before | {"severity": "routine"}
    await incidents.updated(opened)
    second = await incidents.clock(opened, instance=2)
    assert (second["due_at"] - second["anchor_at"]).days == 7


QUIET = """
people:
  - {address: owner@acme.example, name: Anna, zone: UTC, quiet_hours: {from: "00:00", to: "23:00"}}
"""


@pytest.mark.parametrize(("severity", "hour"), [("urgent", None), ("important", 23)])
async def test_what_is_urgent_is_told_in_quiet_hours_and_nothing_else_is(incidents, severity, hour):
    stage = incidents.stage
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await save(tx, "default", QUIET, Format.YAML, "test")
    opened = await incidents.opened(severity="routine")
    await incidents.puts(opened, "severity", severity=severity)
    assert (await incidents.clock(opened))["severity"] == severity
    await incidents.goes_to(0.9 if severity == "urgent" else 13)
    told = await stage.rows(
        "SELECT next_attempt_at, is_urgent FROM message_deliveries WHERE topic = 'clock.warned' ORDER BY created_at"
    )
    assert told
    assert {each["is_urgent"] for each in told} == {hour is None}
    assert all((each["next_attempt_at"].hour == 23) is (hour == 23) for each in told)


async def test_what_people_do_is_in_the_audit_trail_too(incidents):
    opened = await incidents.opened(severity="important")
    await incidents.puts(opened, "severity", severity="urgent", note="It spreads.")
    await incidents.updated(opened)
    entries = (await incidents.api.get("/v1/audit", params={"about": "incident", "about_id": opened["id"]})).json()
    newest, raised, first = entries["items"]
    assert [each["kind"] for each in (first, raised, newest)] == [
        "incident.opened",
        "incident.severity",
        "incident.update",
    ]
    assert (first["before"], first["after"]["state"]) == (None, "open")
    assert (raised["before"]["severity"], raised["after"]["severity"]) == ("important", "urgent")
    assert (newest["before"]["updates"], newest["after"]["updates"]) == (0, 1)
    log = (await incidents.api.get(f"/v1/incidents/{opened['id']}/log")).json()["items"]
    assert [each["after"]["revision"] for each in entries["items"]] == [each["number"] for each in log]


async def test_resolving_with_an_update_fulfils_and_starts_nothing(incidents):
    opened = await incidents.opened()
    answer = await incidents.posts(opened, "resolve", texts=[TEXT])
    assert (answer.status_code, answer.json()["state"], answer.json()["updates"]) == (200, "resolved", 1)
    assert (await incidents.clock(opened))["state"] == "fulfilled"
    assert await incidents.clock(opened, instance=2) is None
    assert [each["type"] for each in await incidents.stage.events()][-2:] == ["incident.resolved", "clock.fulfilled"]


async def test_resolving_without_one_cancels_and_opening_again_starts_anew(incidents):
    opened = await incidents.opened()
    assert (await incidents.posts(opened, "resolve")).status_code == 200
    assert await incidents.log(opened) == ["started", "cancelled"]
    assert (await incidents.puts(opened, "state", state="open", note="It is back.")).json()["resolved_at"] is None
    second = await incidents.clock(opened, instance=2)
    assert (second["state"], second["reason"]) == ("running", "reopened")


async def test_a_late_clock_that_is_cancelled_stays_breached(incidents):
    opened = await incidents.opened()
    await incidents.stage.move_to(after(2))  # its timer has not fired yet
    await incidents.posts(opened, "resolve")
    assert await incidents.log(opened) == ["started", "breached", "cancelled"]


async def test_nobody_fulfils_an_incidents_clock_on_its_own(incidents):
    opened = await incidents.opened()
    clock = await incidents.clock(opened)
    answer = await incidents.api.post(
        f"/v1/clocks/{clock['id']}/fulfil", json={"happened_at": "2026-03-02T10:00:00Z", "note": "done"}
    )
    assert (answer.status_code, "publish the update there" in answer.json()["detail"]) == (409, True)


async def test_the_desk_lists_open_incidents_with_what_is_due(incidents):
    from plaudit_testing.signing_in import signed_in

    opened = await incidents.opened()
    await incidents.goes_to(2)
    page = (await (await signed_in(incidents.stage, "*")).get("/console/desk")).text
    section = page.partition("Open incidents")[2].partition("</section>")[0]
    assert f"/console/incidents/{opened['id']}" in section
    assert "late since" in section
    assert (
        "Open incidents"
        not in (await (await signed_in(incidents.stage, "clocks:read", "alerts:read")).get("/console/desk")).text
    )
    await incidents.posts(opened, "resolve")
    assert "Open incidents" not in (await (await signed_in(incidents.stage, "*")).get("/console/desk")).text


async def test_the_page_of_clocks_shows_an_incident(incidents):
    from plaudit_testing.signing_in import signed_in

    opened = await incidents.opened()
    await incidents.goes_to(2)
    browser = await signed_in(incidents.stage, "clocks:read", "alerts:read")
    for path in ("/console", "/console/desk", f"/console/desk/{(await incidents.clock(opened))['id']}"):
        assert "Payments fail" in (await browser.get(path)).text
