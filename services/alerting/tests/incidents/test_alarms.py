"""PagerDuty and Alertmanager hold alarms: one of an incident is begun while it is open, and ends when it is over."""

import json
from contextlib import AsyncExitStack

import pytest

from plaudit_testing.delivering import leading_to, made_on, open_endpoint, says
from plaudit_testing.incidents import TEXT, after

pytestmark = pytest.mark.postgres


@pytest.fixture
async def receiver():
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_endpoint())
        opened.answer = lambda _: says(202)
        yield opened


@pytest.fixture
def settings(settings, receiver):
    return leading_to(settings, receiver)


def actions(receiver):
    got = [json.loads(each.body) for each in receiver.got]
    assert len({each["dedup_key"] for each in got}) <= 1
    return [each["event_action"] for each in got]


async def updated(incidents, opened, **members):
    await incidents.updated(opened, **members)
    await incidents.stage.sends()


async def resolved(incidents, opened, *texts):
    assert (await incidents.posts(opened, "resolve", texts=list(texts))).status_code == 200
    await incidents.stage.sends()


async def corrected(incidents, opened, fix, number=1):
    body = {"texts": [TEXT | {"fix": fix}], "reason": "A mistake."}
    assert (await incidents.puts(opened, f"updates/{number}", **body)).status_code == 200
    await incidents.stage.sends()


@pytest.mark.parametrize("topic", ["incident", "incident.updated"])
@pytest.mark.parametrize("texts", [[], [TEXT]], ids=["without words", "by an update"])
async def test_an_alarm_ends_with_the_incident_whatever_is_told(incidents, receiver, topic, texts):
    await made_on(incidents.stage, receiver, topic, channel="pagerduty")
    opened = await incidents.opened()
    await updated(incidents, opened)
    await resolved(incidents, opened, *texts)
    assert actions(receiver) == ["trigger", "resolve"]


async def test_alertmanager_hears_of_an_end_without_words(incidents, receiver):
    await made_on(incidents.stage, receiver, "incident", channel="alertmanager")
    opened = await incidents.opened()
    await updated(incidents, opened)
    await resolved(incidents, opened)
    firing, over = (json.loads(each.body) for each in receiver.got)
    assert (firing["status"], over["status"]) == ("firing", "resolved")
    assert firing["alerts"][0]["fingerprint"] == over["alerts"][0]["fingerprint"]
    assert over["commonAnnotations"]["summary"] == "Card payments fail – Resolved"


async def test_people_and_programs_are_told_by_updates_alone(incidents, receiver, mailbox):
    await made_on(incidents.stage, receiver, "incident")
    opened = await incidents.opened()
    await incidents.posts(opened, "subscribers", address="ada@customer.example", language="en")
    await updated(incidents, opened)
    await resolved(incidents, opened)
    assert len(receiver.got) == mailbox.recipients.count("ada@customer.example") == 1


async def test_what_was_never_begun_is_not_ended(incidents, receiver):
    await made_on(incidents.stage, receiver, "incident", channel="pagerduty")
    await resolved(incidents, await incidents.opened())
    assert receiver.got == []


async def test_a_correction_begins_no_alarm_of_an_incident_that_is_over(incidents, receiver):
    await made_on(incidents.stage, receiver, "incident", channel="pagerduty")
    opened = await incidents.opened()
    await updated(incidents, opened)
    await corrected(incidents, opened, "It works at two tills.")
    await resolved(incidents, opened, TEXT)
    await corrected(incidents, opened, "It works at three tills.")
    await corrected(incidents, opened, "It works at every till.", 2)
    assert actions(receiver) == ["trigger", "trigger", "resolve", "resolve"]


async def test_a_begin_that_is_tried_again_after_the_end_does_not_leave(incidents, receiver):
    await incidents.stage.move_to(after(0))
    receiver.answer = lambda _: says(500)
    await made_on(incidents.stage, receiver, "incident", channel="pagerduty")
    opened = await incidents.opened()
    await updated(incidents, opened)
    receiver.answer = lambda _: says(202)
    await resolved(incidents, opened, TEXT)
    await incidents.stage.move_to(after(1))
    await incidents.stage.sends()
    assert actions(receiver) == ["trigger", "resolve"]
    rows = await incidents.stage.rows("SELECT state, reason FROM message_deliveries WHERE channel = 'pagerduty'")
    assert ("withdrawn", "the incident is over") in [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("texts", [[], [TEXT]], ids=["without words", "by an update"])
async def test_an_end_that_is_tried_again_after_the_incident_is_open_again_does_not_leave(incidents, receiver, texts):
    await incidents.stage.move_to(after(0))
    await made_on(incidents.stage, receiver, "incident", channel="pagerduty")
    opened = await incidents.opened()
    await updated(incidents, opened)
    receiver.answer = lambda _: says(500)
    await resolved(incidents, opened, *texts)
    receiver.answer = lambda _: says(202)
    await updated(incidents, opened, state="open")
    await incidents.stage.move_to(after(1))
    await incidents.stage.sends()
    assert actions(receiver) == ["trigger", "resolve", "trigger"]
    await resolved(incidents, opened)
    assert actions(receiver)[3:] == ["resolve"]
