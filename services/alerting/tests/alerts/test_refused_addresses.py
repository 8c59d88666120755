"""An address of the staff that is refused raises one alert to the default owner; a mail or a person ends it."""

import pytest

from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit_testing.clocks import at, review

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("first_answers_only")]

OWNER = "owner@acme.example"
ADA = "ada@acme.example"
NO_SUCH_USER = "550 5.1.1 no such user"
OWNERS = f"""\
people:
  - {{address: {ADA}, name: Ada}}
assignments:
  - {{subject: acme/berlin, owner: {ADA}}}
"""


@pytest.fixture
async def owners(stage):
    async with stage.resources.database(Role.API).transaction("default") as tx:
        await people.save(tx, "default", OWNERS, Format.YAML, "test")


async def is_told(stage, review_id, hours):
    await stage.move_to(at(hours))
    new = review(published_at=at(hours), rated_at=at(hours), received_at=at(hours))
    await stage.happens(None, new, at(hours), review_id=review_id)
    await stage.sends()


async def alerts(stage):
    return await stage.rows("SELECT * FROM alerts WHERE kind = 'address_refused' ORDER BY raised_at")


def told_to(mailbox, address):
    return [subject for subject, to in zip(mailbox.subjects, mailbox.recipients, strict=True) if to == address]


async def published(stage):
    return [event["type"] for event in await stage.events() if event["data"].get("kind") == "address_refused"]


@pytest.mark.usefixtures("owners")
async def test_the_default_owner_hears_once_of_an_address_that_is_refused_until_a_mail_arrives_there(stage, mailbox):
    mailbox.answers_to[ADA] = NO_SUCH_USER
    await is_told(stage, "first", 0)
    [alert] = await alerts(stage)
    assert (alert["state"], alert["owner"], alert["severity"]) == ("open", OWNER, "high")
    assert ADA in alert["summary"]
    assert "no such user" in alert["summary"]
    [mail] = mailbox.mails
    assert mail["To"] == OWNER
    assert "are refused" in str(mail["Subject"])
    assert "Correct the address among your owners" in " ".join(mail.get_body(("plain",)).get_content().split())
    await is_told(stage, "second", 2)
    assert len(await alerts(stage)) == 1
    assert told_to(mailbox, OWNER) == mailbox.subjects[:1]
    assert await published(stage) == ["alert.raised"]

    mailbox.answers_to.clear()
    await is_told(stage, "third", 4)
    [alert] = await alerts(stage)
    assert (alert["state"], alert["reason"]) == ("resolved", "a_mail_arrived")
    assert await published(stage) == ["alert.raised", "alert.resolved"]
    assert [subject.split(":")[0] for subject in told_to(mailbox, OWNER)[1:]] == ["Resolved"]

    mailbox.answers_to[ADA] = NO_SUCH_USER
    await is_told(stage, "fourth", 6)
    assert [alert["state"] for alert in await alerts(stage)] == ["resolved", "open"]


@pytest.mark.parametrize(
    "answer", ["452 4.2.2 mailbox full", "552 5.2.2 mailbox full", "554 5.7.1 client host blocked", "550 5.7.1 spam"]
)
@pytest.mark.usefixtures("owners")
async def test_a_mailbox_that_is_full_and_a_filter_raise_none(stage, mailbox, answer):
    mailbox.answers_to[ADA] = answer
    await is_told(stage, "first", 0)
    assert mailbox.attempts == 1
    assert await alerts(stage) == []


async def test_where_the_default_owner_is_refused_there_is_one_alert_and_no_endless_mail(stage, mailbox):
    mailbox.answers_to[OWNER] = NO_SUCH_USER
    await is_told(stage, "first", 0)
    await is_told(stage, "second", 2)
    [alert] = await alerts(stage)
    assert (alert["owner"], alert["state"]) == (OWNER, "open")
    rows = await stage.rows("SELECT topic, state FROM message_deliveries WHERE topic LIKE 'alert%'")
    assert [(row["topic"], row["state"]) for row in rows] == [("alert.raised", "failed")]


@pytest.mark.usefixtures("owners")
async def test_another_address_that_takes_mails_resolves_nothing(stage, mailbox):
    mailbox.answers_to[ADA] = NO_SUCH_USER
    await is_told(stage, "first", 0)
    await stage.move_to(at(24.1))
    await stage.fires()
    await stage.sends()
    assert OWNER in mailbox.recipients
    assert [alert["state"] for alert in await alerts(stage)] == ["open"]


@pytest.mark.usefixtures("owners")
async def test_a_person_resolves_the_alert_of_an_address_that_nobody_writes_to_any_more(stage, mailbox):
    mailbox.answers_to[ADA] = NO_SUCH_USER
    await is_told(stage, "first", 0)
    [alert] = await alerts(stage)
    api = await stage.client()
    await stage.move_to(at(1))  # what comes within a minute would be told together
    path = f"/v1/alerts/{alert['id']}/resolve"
    for nothing in (" ", "\u200b\u00a0"):
        unsaid = await api.post(path, json={"note": nothing})
        assert (unsaid.status_code, unsaid.json()["errors"][0]["pointer"]) == (422, "/note"), unsaid.text
    said = (await api.post(path, json={"note": "<b>Ada</b> has left."})).json()
    assert (said["state"], said["reason"]) == ("resolved", "resolved_by_hand")
    assert await published(stage) == ["alert.raised", "alert.resolved"]
    assert await stage.rows("SELECT * FROM alert_steps") == []
    [entry] = (await api.get("/v1/audit", params={"kind": "alert.resolved"})).json()["items"]
    assert (entry["before"]["state"], entry["after"]["note"]) == ("open", "<b>Ada</b> has left.")
    await stage.sends()
    assert "Nothing is left to do: <b>Ada</b> has left." in mailbox.mails[-1].get_body(("plain",)).get_content()
    assert (
        "Nothing is left to do: &lt;b&gt;Ada&lt;/b&gt; has left." in mailbox.mails[-1].get_body(("html",)).get_content()
    )

    again = await api.post(path, json={"note": "Again."})
    assert (again.status_code, again.json()["type"].rpartition("#")[2]) == (409, "alert-resolved")
    await is_told(stage, "second", 2)
    assert [each["state"] for each in await alerts(stage)] == ["resolved", "open"], (
        "whoever is refused anew is told anew"
    )
