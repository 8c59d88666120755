"""Clocks of every metric from record to decision, on a real database."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from plaudit.alerting.clocks.commands import end_erased
from plaudit.alerting.contacts.jobs import ContactsJob
from plaudit.alerting.main import followers
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import lock
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.review_events import RESOLUTION

pytestmark = pytest.mark.postgres

WRITER = replace(review(), person="person-1")
STANDING = answered(WRITER, at(2))


async def test_a_bad_review_has_a_clock_for_its_answer_and_both_resolutions(stage):
    await stage.happens(None, review(), at(0))
    rows = await stage.rows("SELECT metric, policy_class, due_at FROM clocks ORDER BY due_at")
    assert [(row["metric"], row["due_at"]) for row in rows] == [
        (Metric.FIRST_ANSWER, at(24)),
        (Metric.RESOLUTION_FIRST, at(24 * 7)),
        (Metric.RESOLUTION_TOTAL, at(24 * 14)),
    ]


async def test_three_stars_have_three_days_and_five_a_week(stage):
    await stage.happens(None, review(3.0), at(0), review_id="three")
    await stage.happens(None, review(5.0), at(0), review_id="five")
    assert ((await stage.clock("three"))["due_at"], (await stage.clock("five"))["due_at"]) == (at(72), at(24 * 7))


async def test_what_is_written_after_the_answer_is_due_each_time_anew(stage):
    await stage.happens(None, WRITER, at(0))
    await stage.happens(WRITER, STANDING, at(2))
    added = replace(STANDING, edited_at=at(10))
    await stage.happens(STANDING, added, at(10))
    again = answered(added, at(12))
    await stage.happens(added, again, at(12))
    more = replace(again, edited_at=at(20))
    await stage.happens(again, more, at(20))
    first = await stage.clock(metric=Metric.NEXT_ANSWER)
    second = await stage.clock(metric=Metric.NEXT_ANSWER, instance=2)
    assert (first["state"], second["state"], second["due_at"]) == ("fulfilled", "running", at(44))
    await stage.move_to(at(45))
    await stage.fires()
    assert (await stage.clock(metric=Metric.NEXT_ANSWER, instance=2))["state"] == "breached"


async def answers_in_public(stage):
    await stage.happens(None, WRITER, at(0))
    await stage.happens(WRITER, STANDING, at(2))


async def contacts_are_read(stage, next_offset):
    await stage.rows(
        "INSERT INTO positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence) "
        "SELECT 'alerting-contacts', 'customers.v1', p, gen_random_uuid(), $1, 1, $1 FROM generate_series(0, 7) p "
        "ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
        next_offset,
    )


class TestFollowUp:
    async def test_a_contact_with_the_same_person_fulfils_it(self, stage):
        await answers_in_public(stage)
        await contacts_are_read(stage, 100)
        await stage.hears(stage.contact("somebody-else", at(3)), stage.contact("person-1", at(5)))
        await stage.move_to(at(6))
        await stage.fires()
        clock = await stage.clock(metric=Metric.FOLLOW_UP)
        assert (clock["state"], clock["fulfilled_at"], clock["person"]) == ("fulfilled", at(5), "person-1")

    async def test_a_contact_that_is_told_before_the_answer_is_read_fulfils_it(self, stage):
        await stage.happens(None, WRITER, at(0))
        await contacts_are_read(stage, 100)
        await stage.hears(stage.contact("person-1", at(5)))
        await stage.happens(WRITER, STANDING, at(6))
        await stage.move_to(at(7))
        await stage.fires()
        assert (await stage.clock(metric=Metric.FOLLOW_UP))["fulfilled_at"] == at(5)

    @pytest.mark.parametrize("orders", [["pause"], ["pause", "resume"]])
    async def test_a_contact_fulfils_it_also_where_somebody_changes_the_clock_before_it_is_looked_for(
        self, stage, orders
    ):
        await answers_in_public(stage)
        await contacts_are_read(stage, 100)
        await stage.move_to(at(6))
        await stage.hears(stage.contact("person-1", at(5)))
        client = await stage.client()
        for order in orders:
            address = f"/v1/clocks/{(await stage.clock(metric=Metric.FOLLOW_UP))['id']}/{order}"
            assert (await client.post(address, json={"reason": "So."})).status_code == 200
        await stage.fires()
        clock = await stage.clock(metric=Metric.FOLLOW_UP)
        assert (clock["state"], clock["fulfilled_at"]) == ("fulfilled", at(5))

    async def test_it_is_not_judged_before_the_contacts_have_been_read(self, stage):
        await answers_in_public(stage)
        await contacts_are_read(stage, 0)
        await stage.move_to(at(51))
        await stage.fires()
        assert (await stage.clock(metric=Metric.FOLLOW_UP))["state"] == "running"
        await contacts_are_read(stage, 100)
        await stage.fires()
        assert (await stage.clock(metric=Metric.FOLLOW_UP))["state"] == "breached"

    async def test_the_erasure_of_the_person_deletes_the_contacts(self, stage):
        await stage.hears(stage.contact("person-1", at(5)), stage.contact("person-1", at(7)))
        await stage.hears(stage.contact("person-1", at(6), kind="customer.erased"))
        assert [row["happened_at"] for row in await stage.rows("SELECT * FROM contacts")] == [at(7)]


async def test_contacts_are_kept_for_ninety_days(stage):
    await stage.hears(stage.contact("person-1", at(0)), stage.contact("person-1", at(2)))
    await stage.move_to(at(24 * 90 + 1))
    assert await ContactsJob(stage.worker).turn() == 1
    assert [row["happened_at"] for row in await stage.rows("SELECT * FROM contacts")] == [at(2)]


async def test_what_people_noted_goes_with_an_erased_review(stage):
    await answers_in_public(stage)
    client = await stage.client()
    await stage.move_to(at(6))
    address = f"/v1/clocks/{(await stage.clock(metric=Metric.FOLLOW_UP))['id']}/fulfil"
    await client.post(address, json={"happened_at": at(5).isoformat(), "channel": "phone", "note": "Anna is angry."})
    async with stage.worker.transaction() as tx:
        await lock(tx, ["anything"])
        await end_erased(tx, [("default", "review-1")], at(7), followers(stage.settings))
    assert "angry" not in str(await stage.rows("SELECT event::text FROM clock_events"))
    assert {row["person"] for row in await stage.rows("SELECT person FROM clocks")} == {None}


async def test_a_resolution_that_is_undone_lets_the_total_run_on(stage):
    resolved = replace(review(), resolution=replace(RESOLUTION, resolved_at=at(30)))
    await stage.happens(None, review(), at(0))
    await stage.happens(review(), resolved, at(30), kind="review.resolved")
    await stage.happens(resolved, review(), at(60), kind="review.resolved")
    total = await stage.clock(metric=Metric.RESOLUTION_TOTAL)
    assert (total["state"], total["due_at"], total["reason"]) == ("running", at(24 * 14 + 30), "reopened")
    assert (await stage.clock(metric=Metric.RESOLUTION_FIRST))["state"] == "fulfilled"


class TestByHand:
    async def test_a_pause_stops_the_time_and_says_who(self, stage):
        await stage.happens(None, review(), at(0))
        client = await stage.client()
        address = f"/v1/clocks/{(await stage.clock())['id']}"
        await stage.move_to(at(5))
        paused = await client.post(f"{address}/pause", json={"reason": "waits for the customer"})
        assert (paused.status_code, paused.json()["state"]) == (200, "paused"), paused.text
        await stage.move_to(at(90))
        await stage.fires()
        assert (await stage.clock())["state"] == "paused"
        resumed = (await client.post(f"{address}/resume", json={"reason": "they answered"})).json()
        assert timedelta(hours=108) < (await stage.clock())["due_at"] - at(0) < timedelta(hours=110)
        kinds = [(entry["kind"], (entry["by"] or "")[:4]) for entry in resumed["log"]]
        assert kinds == [("started", ""), ("paused", "key:"), ("resumed", "key:")]
        assert (await client.post(f"{address}/resume", json={"reason": "again"})).status_code == 409

    async def test_a_follow_up_is_fulfilled_with_channel_and_note(self, stage):
        await answers_in_public(stage)
        client = await stage.client()
        address = f"/v1/clocks/{(await stage.clock(metric=Metric.FOLLOW_UP))['id']}/fulfil"
        await stage.move_to(at(6))
        body = {"happened_at": at(5).isoformat(), "channel": "phone", "note": "Called."}
        done = (await client.post(address, json=body)).json()
        assert (done["state"], done["log"][-1]["channel"], done["log"][-1]["note"]) == ("fulfilled", "phone", "Called.")
        assert (await client.post(address, json=body)).json()["type"].endswith("clock-refused")

    async def test_it_is_told_on_the_bus_without_the_note(self, stage):
        await stage.happens(None, review(), at(0))
        client = await stage.client()
        await stage.move_to(at(1))
        await client.post(f"/v1/clocks/{(await stage.clock())['id']}/pause", json={"reason": "Anna waits"})
        event = (await stage.events())[-1]
        assert (event["type"], event["data"]["by_hand"]) == ("clock.paused", True)
        assert "Anna" not in str(event)
