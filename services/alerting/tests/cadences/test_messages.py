"""What is told when something comes due."""

import pytest
from msgspec.structs import replace

from plaudit.alerting.cadences.commands.rules import save as save_rules
from plaudit.alerting.cadences.commands.sending import NOT_OPEN, still_open
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.main import followers
from plaudit.alerting.people.commands import save as save_owners
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit.common.delivery import commands as delivery
from plaudit.common.delivery.commands import Due, Withdraw
from plaudit.common.delivery.domain.message import Content
from plaudit.common.delivery.gatherings.commands import Gatherings, release
from plaudit.common.erasure import Erasure, Kind, note
from plaudit_testing.cadences import on
from plaudit_testing.erasing import holders, scrub_all

pytestmark = pytest.mark.postgres
KEY = "native:quibblefrotz"


async def told(cadence):
    return await cadence.stage.rows(
        "SELECT m.topic, d.channel, d.recipient, m.content::jsonb AS content FROM messages m "
        "JOIN message_deliveries d ON d.tenant_id = m.tenant_id AND d.message_id = m.id ORDER BY m.topic, d.created_at"
    )


async def test_the_owner_is_told_of_a_task_once_with_the_link_to_its_page(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    digest, task = await told(cadence)
    assert (task["topic"], task["channel"], task["recipient"]) == ("touchpoint.due", "email", "owner@acme.example")
    [row] = await cadence.stage.rows("SELECT id FROM touchpoints")
    assert task["content"]["link"].endswith(f"/console/cadences/tasks/{row['id']}")
    assert (digest["topic"], digest["recipient"]) == ("digest.weekly", "owner@acme.example")
    assert digest["content"]["subject"] == "The week to 2 March 2026: nothing late, 0 open, 0 reviews"
    assert "Complaints\n- 0 of 0 reviews" in digest["content"]["text"]


OWNERS = """
people:
  - {address: anna@acme.example, name: Anna, zone: UTC, quiet_hours: {from: "18:00", to: "11:00"}}
  - {address: ben@acme.example, name: Ben}
default: {owner: ben@acme.example}
assignments:
  - {subject: acme/berlin, owner: anna@acme.example}
"""


async def test_tasks_go_to_who_answers_for_the_subject_and_the_digest_to_the_default_owner(cadence):
    await owned_by(cadence, OWNERS)
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    assert {each["topic"]: each["recipient"] for each in await told(cadence)} == {
        "touchpoint.due": "anna@acme.example",
        "digest.weekly": "ben@acme.example",
    }
    # Monday and Tuesday at nine are within Anna's quiet hours.
    [waits] = await cadence.stage.rows("SELECT next_attempt_at FROM message_deliveries WHERE topic = 'touchpoint.due'")
    assert waits["next_attempt_at"].hour == 11


async def test_whom_a_rule_names_comes_before_who_answers_for_the_subject(cadence):
    await owned_by(cadence, OWNERS)
    async with cadence.stage.worker.transaction() as tx:
        rules = tuple(replace(each, owner="rita@acme.example") for each in DEFAULT.rules)
        await save_rules(tx, "default", replace(DEFAULT, owner="cora@acme.example", rules=rules), "key:test")
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    assert {each["recipient"] for each in await told(cadence)} == {"rita@acme.example"}


async def test_tasks_of_a_morning_are_one_mail(cadence, mailbox):
    for number in range(4):
        await cadence.told("stage_entered", on(0), person=f"native:{number}", stage="new")
    await cadence.goes_to(on(1))
    await cadence.stage.sends()
    first, *more = [each for each in mailbox.subjects if not each.startswith("The week")]
    assert (first.partition(":")[0], more) == ("Contact a customer of acme/berlin", [])
    await cadence.stage.move_to(on(1, 1))
    await cadence.stage.sends()
    [_, bundle] = [each for each in mailbox.subjects if not each.startswith("The week")]
    assert bundle == "3 at once: 3 due"


async def test_programs_are_told_of_an_invitation_and_no_customer_is_written_to(cadence):
    await cadence.told("purchased", on(0), person=KEY)
    await cadence.goes_to(on(8))
    [given] = [each for each in await told(cadence) if each["topic"] == "invitation.given"]
    assert given["channel"] == "console"  # no endpoint takes it yet
    assert (given["content"]["data"]["person"], given["content"]["data"]["is_reminder"]) == (KEY, False)


async def test_what_is_done_before_its_message_leaves_is_not_told(cadence):
    await cadence.told("stage_entered", on(0), stage="new")
    await cadence.goes_to(on(1))
    async with cadence.stage.worker.transaction() as tx:
        await release(tx, cadence.stage.settings.pace, 60, {"touchpoint.due": still_open}, Gatherings())
        leased = [each for each in await delivery.lease(tx, 10, 10) if each.topic == "touchpoint.due"]
        due = [Due(each, Content("", "")) for each in leased]
        assert await still_open(tx, due) == {}
    await cadence.told("stage_entered", on(1), stage="active")
    async with cadence.stage.worker.transaction() as tx:
        assert await still_open(tx, due) == {leased[0].id: Withdraw(NOT_OPEN)}


async def test_of_an_erased_person_no_store_holds_the_key(cadence):
    await cadence.told("stage_entered", on(0), person=KEY, stage="new")
    await cadence.told("purchased", on(0), person=KEY)
    await cadence.goes_to(on(8))
    assert {"cadence_persons", "occurrences", "touchpoints", "messages"} <= set(await held(cadence))
    await cadence.told("erased", on(8), person=KEY)
    await cadence.stage.move_to(on(8, 1))
    await scrub_all(cadence.stage.worker, scrubbing(followers(cadence.stage.settings), cadence.stage.resources.outbox))
    assert await held(cadence) == []


async def test_a_person_whose_erasure_could_not_be_applied_is_deleted_by_the_job(cadence):
    await cadence.told("stage_entered", on(0), person=KEY, stage="new")
    await cadence.goes_to(on(1))
    async with cadence.stage.worker.transaction() as tx:
        await note(tx, [Erasure("default", Kind.PERSON, KEY, on(1))])
    await cadence.stage.move_to(on(1, 1))
    await scrub_all(cadence.stage.worker, scrubbing(followers(cadence.stage.settings), cadence.stage.resources.outbox))
    assert await held(cadence) == []


async def owned_by(cadence, document):
    async with cadence.stage.resources.database(Role.API).driver_transaction("default") as tx:
        await save_owners(tx, "default", document, Format.YAML, "test")


async def held(cadence):
    async with cadence.stage.worker.transaction() as tx:
        return await holders(tx.raw, "alerting", KEY)
