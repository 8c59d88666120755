"""Running clocks move to what is in force when somebody orders it, and only then."""

import pytest

from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME
from plaudit.alerting.clocks.jobs import MoveJob
from plaudit.alerting.main import followers
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.default import shipped_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.stored import RevisionKey
from plaudit.common.db import Role
from plaudit_testing.clocks import at, review

pytestmark = pytest.mark.postgres

CALENDARS = {ALWAYS_NAME: ALWAYS}
REASON = {"reason": "We promise more."}


async def puts_into_force(stage, document):
    api = stage.resources.database(Role.API)
    async with api.driver_transaction("default") as tx:
        saved = await policies.save_draft(tx, "default", document, Format.YAML, "test", CALENDARS)
    async with api.driver_transaction("default") as tx:
        key = RevisionKey(saved.policy.id, saved.policy.number)
        await policies.activate(tx, "default", key, "test", CALENDARS)


def first_answers(hours):
    return shipped_text().partition("  # The author edits")[0].replace("24 h", f"{hours} h")


@pytest.fixture
async def running(stage):
    """Three clocks of a day, and another policy in force since: eight hours."""
    await puts_into_force(stage, first_answers(24))
    for number in range(3):
        await stage.happens(None, review(), at(0), review_id=f"review-{number}")
    await stage.move_to(at(9))
    await puts_into_force(stage, first_answers(8))
    return stage


async def moves(stage):
    job = MoveJob(stage.resources, followers(stage.settings))
    while await job.turn():
        pass


async def test_a_new_policy_moves_no_running_clock(running):
    await running.happens(review(), review(text="More."), at(9), review_id="review-0")
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(24)}


async def test_the_preview_says_how_many_move_and_how_many_are_late_then_and_changes_nothing(running):
    client = await running.client()
    assert (await client.post("/v1/clocks/move/preview")).json() == {
        "seen": 3, "moved": 3, "breached": 3, "without_class": 0,
    }  # fmt: skip
    assert {row["due_at"] for row in await running.rows("SELECT due_at FROM clocks")} == {at(24)}


async def test_moved_clocks_that_are_late_by_it_are_breached_and_call_nobody(running, mailbox):
    await running.sends()
    notices = len(mailbox.mails)
    client = await running.client()
    ordered = (await client.post("/v1/clocks/move", json=REASON)).json()
    assert ordered["state"] == "running"
    await moves(running)
    await running.fires()
    await running.sends()
    assert {(row["state"], row["due_at"]) for row in await running.rows("SELECT state, due_at FROM clocks")} == {
        ("breached", at(8))
    }
    assert (await running.rows("SELECT * FROM alerts"), len(mailbox.mails)) == ([], notices)
    told = (await client.get(f"/v1/clocks/moves/{ordered['id']}")).json()
    assert (told["state"], told["moved"], told["breached"]) == ("done", 3, 3)
    assert (await running.log("review-0"))[-2:] == ["policy_applied", "breached"]


async def test_a_move_again_moves_nothing(running):
    client = await running.client()
    for _ in range(2):
        await client.post("/v1/clocks/move", json=REASON)
        await moves(running)
    rows = await running.rows("SELECT count(*) AS moved FROM clock_events WHERE kind = 'policy_applied'")
    assert rows == [{"moved": 3}]


async def test_timers_of_before_the_move_do_nothing(running):
    client = await running.client()
    await puts_into_force(running, first_answers(20))
    await client.post("/v1/clocks/move", json=REASON)
    await moves(running)
    rows = await running.rows(
        "SELECT kind, due_at FROM timers WHERE clock_id = $1", (await running.clock("review-0"))["id"]
    )
    assert {(row["kind"], row["due_at"]) for row in rows} == {
        ("warn:50", at(10)), ("warn:80", at(16)), ("breach", at(20)),
    }  # fmt: skip
