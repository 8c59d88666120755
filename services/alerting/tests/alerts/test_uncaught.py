"""A negative review that no class and no assignment is for is told to the default owner, once."""

import msgspec
import pytest

from plaudit.alerting.alerts.consumer import uncaught_subscription
from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME
from plaudit.alerting.main import owner_of_settings
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.contracts import Kind
from plaudit.common.db import Role, lock
from plaudit_testing.clocks import SOURCE_CREATED, answered, at, drastic, rated, review
from plaudit_testing.mailbox import told_by

pytestmark = pytest.mark.postgres

HAMBURG_ONLY = """\
title: Hamburg only
classes:
  - name: hamburg
    metric: first_answer
    when: {subject: [acme/hamburg]}
    due_within: 24 h
    calendar: always
    grace: 1 h
"""
BERLIN = """\
people: [{address: ada@acme.example, name: Ada}]
assignments: [{subject: acme/berlin, owner: ada@acme.example}]
"""


@pytest.fixture
async def hamburg_only(stage):
    """A policy in force that is for no review of these tests."""
    api = stage.resources.database(Role.API)
    async with api.driver_transaction("default") as tx:
        saved = await policies.save_draft(tx, "default", HAMBURG_ONLY, Format.YAML, "test", {ALWAYS_NAME: ALWAYS})
    async with api.driver_transaction("default") as tx:
        await policies.activate(tx, "default", saved.key, "test", {ALWAYS_NAME: ALWAYS})


async def hears(stage, before, after, recorded=None, **more):
    """The group of alerts reads a change."""
    subscription = uncaught_subscription(owner_of_settings(stage.settings))
    record = stage.record(before, after, recorded or at(0), **more)
    async with stage.worker.transaction() as tx:
        await lock(tx, set(subscription.order_keys(record)))
        await stage.resources.outbox.append(tx, await subscription.handler()(tx, [record]))
    return record


async def alerts(stage):
    return await stage.rows("SELECT kind, state, reason, owner, clock_id FROM alerts ORDER BY raised_at, id")


async def test_it_raises_one_alert_and_tells_the_default_owner(stage, hamburg_only, mailbox):
    await hears(stage, None, review())
    await hears(stage, review(), review(title="More words"))
    await stage.sends()
    [alert] = await alerts(stage)
    assert (alert["kind"], alert["state"], alert["owner"]) == ("uncaught", "open", "owner@acme.example")
    [mail] = mailbox.mails
    assert "Nobody answers for this" in told_by(mail)
    assert [event["type"] for event in await stage.events()] == ["alert.raised"]


async def test_its_mail_has_the_words_of_the_review_as_it_stands_plain_and_styled(stage, hamburg_only, mailbox):
    before = review(title="Cold soup", text="The soup was cold.")
    await hears(stage, None, before)
    await hears(stage, before, review(title="Cold <b>soup</b>", text="The soup was cold.\nTwice."), at(0.001))
    await stage.sends()
    [mail] = mailbox.mails
    plain, styled = (mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    assert "> Cold <b>soup</b>\n>\n> The soup was cold.\n> Twice.\n" in plain
    assert "Cold &lt;b&gt;soup&lt;/b&gt;</p>" in styled
    assert "The soup was cold.<br>Twice.</p>" in styled


async def test_gathered_its_line_has_the_words_of_the_review(stage, hamburg_only, mailbox):
    for number in range(3):
        await hears(stage, None, review(title=f"Soup number {number}"), review_id=f"review-{number}")
    await stage.sends()
    await stage.move_to(at(0.02))
    await stage.sends()
    [_, gathered] = mailbox.mails
    plain = gathered.get_body(("plain",)).get_content()
    assert [f"Soup number {number}" in plain for number in (1, 2)] == [True, True]


async def test_its_page_shows_the_words_of_the_review(stage, hamburg_only):
    await hears(stage, None, review(title="Cold <b>soup</b>"))
    [alert] = await stage.rows("SELECT id FROM alerts")
    key = (await stage.client("alerts:read")).headers["authorization"].removeprefix("Bearer ")
    browser = stage.plain_client(accept="text/html")
    await browser.post("/sign-in", data={"key": key}, headers={"sec-fetch-site": "same-origin"})
    page = await browser.get(f"/console/alerts/{alert['id']}")
    assert "<p>Cold &lt;b&gt;soup&lt;/b&gt;</p>" in page.text


@pytest.mark.parametrize(
    ("state", "caught"),
    [
        (review(5.0), True),
        (review(subject="acme/hamburg"), True),
        (review(kind=Kind.NPS), True),
        (answered(review(), at(0)), True),
        (review(published_at=SOURCE_CREATED.replace(year=2025)), True),
        (review(), False),
        (drastic(review()), False),
    ],
)
async def test_only_what_is_negative_and_for_nobody_is_uncaught(stage, hamburg_only, state, caught):
    await hears(stage, None, state)
    assert (await alerts(stage) == []) is caught


async def test_an_assignment_catches_it(stage, hamburg_only):
    async with stage.resources.database(Role.API).driver_transaction("default") as tx:
        await people.save(tx, "default", BERLIN, Format.YAML, "test")
    await hears(stage, None, review())
    await hears(stage, None, review(subject="acme/ulm"), review_id="review-2")
    assert len(await alerts(stage)) == 1


async def test_the_shipped_policy_catches_every_negative_review(stage):
    await hears(stage, None, review())
    await hears(stage, None, drastic(review()), review_id="review-2")
    assert await alerts(stage) == []


@pytest.mark.parametrize(
    ("after", "kind", "reason"),
    [
        (answered(review(), at(1)), None, "answered"),
        (None, None, "removed"),
        (None, "review.erased", "erased"),
        (rated(review(), 5.0, at(1)), None, "no_longer_negative"),
    ],
)
async def test_it_is_resolved_when_nothing_is_left_to_do(stage, hamburg_only, mailbox, after, kind, reason):
    await hears(stage, None, review())
    await stage.sends()
    await hears(stage, review(), after, at(1), kind=kind)
    [alert] = await alerts(stage)
    assert (alert["state"], alert["reason"]) == ("resolved", reason)
    await stage.move_to(at(0.02))  # what follows within a minute is gathered
    await stage.sends()
    assert [told_by(mail).replace("\n", "").partition(":")[0].strip() for mail in mailbox.mails] == [
        "Nobody answers for this",
        "Resolved",
    ]


async def test_it_is_raised_once_for_a_review_even_after_it_was_resolved(stage, hamburg_only):
    await hears(stage, None, review())
    await hears(stage, review(), answered(review(), at(1)), at(1))
    await hears(stage, answered(review(), at(1)), review(), at(2), kind="review.answer_removed")
    [alert] = await alerts(stage)
    assert alert["state"] == "resolved"


async def test_a_backfill_calls_nobody(stage, hamburg_only):
    subscription = uncaught_subscription(owner_of_settings(stage.settings))
    record = stage.record(None, review(), at(0))
    change = msgspec.structs.replace(record.event.data, backfill=True)
    told = msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, data=change))
    async with stage.worker.transaction() as tx:
        await subscription.handler()(tx, [told])
    assert await alerts(stage) == []
