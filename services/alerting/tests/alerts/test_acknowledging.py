"""What an acknowledgement stops: what waits for somebody's quiet hours too, and each reminder comes once."""

from datetime import timedelta

import pytest
from httpx import AsyncClient

from plaudit.alerting.alerts.domain.notes import LOOKED_AT
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.mailbox import told_by

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

OWNERS = """\
people:
  - {address: ada@acme.example, name: Ada Byron}
  - {address: dan@acme.example, name: Dan, quiet_hours: {from: "00:00", to: "23:00"}}
teams:
  - {name: second, members: [dan@acme.example]}
escalations:
  - name: usual
    steps: [{after: 30 min, team: second}]
assignments:
  - {subject: acme, owner: ada@acme.example, escalation: usual}
"""


@pytest.fixture
async def api(stage) -> AsyncClient:
    client = await stage.client()
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", OWNERS, Format.YAML, "test")
    return client


async def goes_to(stage, hours):
    await stage.move_to(at(hours))
    await stage.fires()
    await stage.escalates()
    await stage.sends()


async def breached(stage, api):
    await stage.happens(None, review(), at(0))
    await goes_to(stage, 24.01)
    [alert] = (await api.get("/v1/alerts")).json()["items"]
    return alert


def told(mailbox, words):
    return [str(mail["To"]) for mail in mailbox.mails if words in told_by(mail)]


async def test_what_waits_for_the_end_of_quiet_hours_does_not_leave_after_an_acknowledgement(stage, api, mailbox):
    alert = await breached(stage, api)
    await goes_to(stage, 24.6)
    assert told(mailbox, "Nobody has looked") == []
    await api.post(f"/v1/alerts/{alert['id']}/acknowledge", params={"remind_after_seconds": 7 * 86_400})
    await goes_to(stage, 40)
    assert told(mailbox, "Nobody has looked") == []
    rows = await stage.rows("SELECT recipient, state, reason FROM message_deliveries WHERE topic = 'alert.escalated'")
    assert [tuple(row.values()) for row in rows] == [("dan@acme.example", "withdrawn", LOOKED_AT)]


async def test_after_two_months_of_standstill_a_reminder_comes_once_and_none_of_what_was_answered(stage, api, mailbox):
    alert = await breached(stage, api)
    other = review(title="Other")
    await stage.happens(None, other, at(0), review_id="review-2")
    await goes_to(stage, 24.02)
    for each in (await api.get("/v1/alerts")).json()["items"]:
        await api.post(f"/v1/alerts/{each['id']}/acknowledge", params={"remind_after_seconds": 3_600})
    await stage.happens(other, answered(other, at(24.1)), at(24.1), review_id="review-2")
    await stage.move_to(at(24.1) + timedelta(days=61))
    for _ in range(3):
        await stage.fires()
        await stage.escalates()
        await stage.sends()
    reminded = [mail for mail in mailbox.mails if "Still not resolved" in told_by(mail)]
    assert [mail["To"] for mail in reminded] == ["ada@acme.example"]
    [row] = await stage.rows("SELECT id::text, state FROM alerts WHERE state <> 'resolved'")
    assert (row["id"], row["state"]) == (alert["id"], "open")


async def test_the_end_is_told_once_however_often_the_review_changes_after_it(stage, api, mailbox):
    await breached(stage, api)
    done = answered(review(), at(25))
    await stage.happens(review(), done, at(25))
    await goes_to(stage, 25.1)
    for hour in (26, 27):
        await stage.happens(done, done, at(hour))
        await goes_to(stage, hour)
    assert len([mail for mail in mailbox.mails if "Resolved" in told_by(mail)]) <= 1
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["resolved"]
