"""The auditor, on a real database with everything of alerting but Kafka."""

from datetime import timedelta

import pytest

from plaudit.alerting.cadences.jobs.cadence_job import look_for_late
from plaudit.alerting.metrics import HEARTBEAT, OLDEST_TRANSACTION_SECONDS
from plaudit.alerting.timers.jobs import auditor as auditing
from plaudit.alerting.timers.jobs.auditor import Auditor
from plaudit.common.db import Role
from plaudit.common.delivery.connector import Connector
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.delivering import open_endpoint, says

pytestmark = pytest.mark.postgres

ALL = (
    "SELECT tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at FROM timers "
    "ORDER BY 1, 2, 3, 4"
)


@pytest.fixture
async def auditor(stage):
    connector = Connector(stage.settings)
    yield Auditor(stage.resources, connector, [look_for_late])
    await connector.close()


async def round_of(auditor):
    """Make one round; return what it has found, and whether the heart has beaten."""
    HEARTBEAT.set(0)
    await auditor.turn()
    beaten = HEARTBEAT._value.get() > 0
    return auditor.ready()[0].detail, beaten


async def some_clocks(stage):
    """Clocks in every state: new, warned, paused, moved on after a pause, late, fulfilled, taken up late."""
    for name in ("new", "warned", "paused", "resumed", "done", "late"):
        await stage.happens(None, review(), at(0), review_id=name)
    for name in ("nearly", "more nearly", "most nearly"):
        await stage.happens(None, review(published_at=at(-6), rated_at=at(-6)), at(0), review_id=name)
    await stage.happens(None, review(published_at=at(-20), rated_at=at(-20)), at(0), review_id="learned-late")
    client = await stage.client()
    await stage.move_to(at(1))
    for name, hands in (("paused", ["pause"]), ("resumed", ["pause", "resume"])):
        clock_id = (await stage.clock(name))["id"]
        for hand in hands:
            path = f"/v1/clocks/{clock_id}/{hand}"
            assert (await client.post(path, json={"reason": "the customer is away"})).status_code == 200
    await stage.happens(review(), answered(review(), at(1)), at(1), review_id="done")
    await stage.move_to(at(14))
    await stage.fires()
    for name, hours in (("young", 13), ("younger", 13.5), ("youngest", 14)):
        await stage.happens(None, review(published_at=at(hours), rated_at=at(hours)), at(14), review_id=name)


async def test_clocks_in_every_state_have_the_timers_that_their_logs_ask_for_and_the_heart_beats(stage, auditor):
    await some_clocks(stage)
    before = await stage.rows(ALL)
    assert await round_of(auditor) == ("", True)
    assert await stage.rows(ALL) == before


@pytest.mark.parametrize(("kind", "count"), [("warn:50", 4), ("warn:80", 30), ("breach", 3)])
async def test_a_timer_that_was_deleted_is_back_after_one_round_that_withholds_its_heartbeat(
    stage, auditor, kind, count
):
    await some_clocks(stage)
    before = await stage.rows(ALL)
    deleted = await stage.rows("DELETE FROM timers WHERE kind = $1 RETURNING clock_id", kind)
    assert len(deleted) == len({row["clock_id"] for row in deleted}) == count
    assert await round_of(auditor) == (f"{count} clocks had other timers than their logs ask for", False)
    assert await stage.rows(ALL) == before
    assert await round_of(auditor) == ("", True)


async def test_a_timer_that_was_deleted_fires_after_all(stage, auditor):
    await stage.happens(None, review(), at(0))
    await stage.rows("DELETE FROM timers")
    await stage.move_to(at(25))
    await auditor.turn()
    await stage.fires()
    assert (await stage.clock())["breached_at"] == at(24)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE timers SET due_at = breach_at + interval '1 hour'",
        "UPDATE timers SET breach_at = breach_at + interval '1 hour'",
        "UPDATE timers SET kind = 'breach', due_at = breach_at",
        "UPDATE timers SET kind = 'warn:80' WHERE kind = 'warn:50'",
        "UPDATE timers SET generation = generation + 7",
        "UPDATE timers SET partition = 7, topic = 'nowhere.v1' WHERE generation = 1",
        (
            "INSERT INTO timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at) "
            "SELECT tenant_id, id, generation, 'breach', id, topic, partition, due_at, due_at FROM clocks "
            "WHERE state = 'running' AND review_id = 'young'"
        ),
        (
            "INSERT INTO timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at) "
            "SELECT tenant_id, id, generation, 'breach', id, topic, partition, due_at, due_at FROM clocks "
            "WHERE state IN ('paused', 'fulfilled') AND review_id IN ('paused', 'done')"
        ),
    ],
    ids=[
        "a time after the due time",
        "another due time",
        "no warning",
        "a later warning",
        "another generation",
        "another partition",
        "two",
        "where none should be",
    ],
)
async def test_a_timer_that_is_not_as_the_log_asks_is_set_right(stage, auditor, change):
    await some_clocks(stage)
    before = await stage.rows(ALL)
    await stage.rows(change)
    found, beaten = await round_of(auditor)
    assert "other timers" in found
    assert not beaten
    assert await stage.rows(ALL) == before


async def test_a_clock_whose_row_is_not_the_fold_of_its_log_is_written_anew(stage, auditor):
    await stage.happens(None, review(), at(0))
    before = await stage.clock()
    await stage.rows("UPDATE clocks SET due_at = due_at + interval '3 days', stars = 2")
    assert not (await round_of(auditor))[1]
    after = await stage.clock()
    assert (after["due_at"], after["stars"]) == (before["due_at"], 2)


async def test_what_is_late_in_its_ordinary_wait_for_kafka_is_no_trouble_and_later_it_is(stage, auditor):
    await stage.happens(None, review(), at(0))
    await stage.move_to(at(12) + timedelta(seconds=100))
    assert (await round_of(auditor))[1]
    await stage.move_to(at(12) + timedelta(seconds=140))
    assert await round_of(auditor) == ("1 timers have not fired in time", False)
    await stage.fires()
    assert (await round_of(auditor))[1]


async def test_a_timer_that_was_set_aside_withholds_the_heartbeat(stage, auditor):
    await stage.happens(None, review(), at(0))
    await stage.rows("UPDATE timers SET failed_at = now(), error = 'x'")
    assert await round_of(auditor) == ("3 timers are set aside", False)


async def test_a_clock_whose_terms_are_not_stored_is_told_and_costs_no_other(stage, auditor):
    for name in ("one", "two"):
        await stage.happens(None, review(), at(0), review_id=name)
    await stage.rows("UPDATE clocks SET policy_revision = 99 WHERE review_id = 'one' AND metric = 'first_answer'")
    deleted = await stage.rows(
        "DELETE FROM timers USING clocks c WHERE c.id = clock_id AND review_id = 'two' RETURNING kind"
    )
    found, beaten = await round_of(auditor)
    assert "1 classes that clocks are pinned to are not stored" in found
    assert not beaten
    restored = await stage.rows("SELECT FROM timers JOIN clocks c ON c.id = clock_id WHERE review_id = 'two'")
    assert len(restored) == len(deleted) == 3


async def test_contacts_of_cadences_that_are_past_due_and_leases_that_are_stuck_withhold_it(stage, auditor):
    await stage.rows(
        "INSERT INTO occurrences (tenant_id, person, rule, step, local_date, revision, generation, anchor_at, due_at) "
        "VALUES ('default', 'p', 'r', 'first', '2026-03-02', 1, 1, $1, $1)",
        at(-1),
    )
    await stage.happens(None, review(), at(0))
    await stage.rows(
        "UPDATE message_deliveries SET state = 'sending', attempts = 1, leased_until = now() - interval '2 minutes'"
    )
    found, beaten = await round_of(auditor)
    assert "1 contacts of cadences have not come due in time, or are set aside" in found
    assert "deliveries are held by a process that has ended" in found
    assert not beaten


async def test_pages_and_the_share_of_a_round_change_nothing_of_what_is_found(stage, auditor, monkeypatch):
    monkeypatch.setattr(auditing, "PAGE_CLOCKS", 2)
    monkeypatch.setattr(auditing, "COMPARED_CLOCKS", 3)
    monkeypatch.setattr(auditing, "MOST_SHORT", 4)
    await some_clocks(stage)
    before = await stage.rows(ALL)
    await stage.rows("UPDATE timers SET kind = 'breach', due_at = breach_at WHERE kind = 'warn:50'")
    await stage.rows("DELETE FROM timers WHERE kind = 'warn:80'")
    rounds = 0
    while not (await round_of(auditor))[1]:
        rounds += 1
        assert rounds < 20
    for _ in range(5):  # warnings beyond a round's share are compared in the next ones
        await round_of(auditor)
    assert await stage.rows(ALL) == before


async def test_two_auditors_repair_a_timer_once(stage, auditor):
    await stage.happens(None, review(), at(0))
    before = await stage.rows(ALL)
    await stage.rows("DELETE FROM timers")
    connector = Connector(stage.settings)
    other = Auditor(stage.resources, connector)
    await auditor.turn()
    assert await round_of(other) == ("", True)
    await connector.close()
    assert await stage.rows(ALL) == before


async def heartbeats_of(stage, answer, **settings):
    """Make a well and an ill round with a watch that answers so; return what it has got."""
    async with open_endpoint() as watch:
        watch.answer = lambda _: answer
        stage.resources.settings = stage.settings.model_validate(
            {
                **stage.settings.model_dump(),
                "heartbeat_url": f"http://127.0.0.1:{watch.port}/ping",
                "delivery_ports": (watch.port,),
                "delivery_plain_http": True,
                **settings,
            }
        )
        connector = Connector(stage.resources.settings)
        auditor = Auditor(stage.resources, connector)
        await stage.happens(None, review(), at(0))
        await auditor.turn()
        well = len(watch.got)
        await stage.rows("DELETE FROM timers")
        await auditor.turn()
        await connector.close()
        return well, len(watch.got) - well


async def test_a_heartbeat_is_sent_when_all_is_well_and_not_when_a_timer_was_missing(stage):
    assert await heartbeats_of(stage, says(200), delivery_private_networks=("127.0.0.0/8",)) == (1, 0)


async def test_a_watch_that_does_not_take_the_heartbeat_stops_no_round(stage):
    assert await heartbeats_of(stage, says(500), delivery_private_networks=("127.0.0.0/8",)) == (1, 0)


async def test_no_heartbeat_is_sent_to_an_address_that_is_not_public(stage):
    assert await heartbeats_of(stage, says(200)) == (0, 0)


async def test_a_transaction_that_stays_open_is_told_and_withholds_no_heartbeat(stage):
    connector = Connector(stage.settings)
    auditor = Auditor(stage.resources, connector, longest_transaction_seconds=0.0)
    async with stage.common.transaction() as held:
        await held.raw.fetchval("SELECT 1")
        _, beaten = await round_of(auditor)
        told = auditor.ready()[1].detail
    assert beaten
    assert "one has been open for" in told
    assert OLDEST_TRANSACTION_SECONDS._value.get() > 0
    await connector.close()


def test_a_round_is_made_within_two_minutes_and_a_transaction_is_told_after_five(stage, auditor):
    assert auditor._pause_seconds <= 60
    assert auditor._longest_transaction_seconds == 300


async def test_requests_may_not_ask_about_transactions_of_others(stage):
    async with stage.resources.database(Role.API).transaction("default") as tx:
        name = "alerting.open_transactions()"
        assert not await tx.raw.fetchval("SELECT has_function_privilege($1, 'EXECUTE')", name)
