"""Alerting as processes of its own that are killed at each failpoint: no timer is lost, none fires twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from plaudit.alerting.cadences.commands import rules
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.people import commands as people
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Role
from plaudit.common.delivery import commands as delivery
from plaudit.common.delivery.domain.endpoint import Draft
from plaudit.common.delivery.domain.message import Content, Message, subscribers
from plaudit.common.delivery.endpoints import commands as endpoints
from plaudit.common.ids import uuid7
from plaudit.common.vault import vault_of
from plaudit_testing.clocks import at, review
from plaudit_testing.delivering import open_endpoint
from plaudit_testing.runtime import until
from plaudit_testing.stack import Stack
from plaudit_testing.stack import stack as opened_stack

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.e2e]

CLOCKS = 40
STORM = 300
SENT = "delivery_sent_before_record"
TOPICS = ("reviews.v1", "customers.v1", "scores.v1", "board.v1", "alerts.v1")
"""What alerting reads and writes."""


@pytest.fixture
async def processes(stage, settings, kafka_server, kafka_topics, tmp_path) -> Iterator[Stack]:
    """Processes on the stage's database, its mailbox and the run's broker."""
    await kafka_topics.recreate(dict.fromkeys(TOPICS, 8))
    with opened_stack(
        settings.database_url.get_secret_value(),
        kafka_server.bootstrap,
        tmp_path,
        PLAUDIT_OWNER_EMAIL=settings.owner_email,
        PLAUDIT_SMTP_PORT=str(settings.smtp_port),
        PLAUDIT_TEST_CLOCK="true",
        PLAUDIT_TIMER_BATCH_CLOCKS="10",
    ) as made:
        yield made


async def killed(process) -> None:
    await until(lambda: not process.running, "the process has been killed by its failpoint")


@pytest.mark.usefixtures("first_answers_only")
async def test_timers_survive_a_process_that_is_killed_before_its_commit(stage, processes, tmp_path):
    await stage.reads([stage.record(None, review(), at(0), f"review-{number}") for number in range(CLOCKS)])
    await stage.rows("UPDATE positions SET next_offset = 0")
    await stage.move_to(at(24.1))
    trace = tmp_path / "trace"
    jobs = processes.process("alerting", "jobs")
    for hit in (1, 2, 1):
        jobs.start(f"timers_before_commit=kill@{hit}", trace)
        await killed(jobs)
    assert trace.read_text().count("timers_before_commit kill") == 3
    jobs.start()

    async def all_are_breached():
        return await stage.rows("SELECT count(*) AS n FROM clocks WHERE state = 'breached'") == [{"n": CLOCKS}]

    await until(all_are_breached, "all clocks are breached")
    assert await asyncio.to_thread(jobs.stop) == 0, jobs.log_tail()
    counted = await stage.rows(
        "SELECT count(*) AS n, count(DISTINCT clock_id) AS clocks FROM clock_events WHERE kind = 'breached'"
    )
    assert counted == [{"n": CLOCKS, "clocks": CLOCKS}]
    assert (await stage.published()).count("clock.breached") == CLOCKS
    assert await stage.rows("SELECT * FROM timers") == []


@pytest.mark.usefixtures("first_answers_only")
async def test_of_a_storm_each_owner_hears_once_whatever_is_killed_in_the_middle_of_it(
    stage, processes, mailbox, tmp_path
):
    owners = {f"acme/{each}": f"{each}@acme.example" for each in ("berlin", "hamburg", "munich")}
    await has_owners(stage, owners)
    subjects = [[*owners][number % len(owners)] for number in range(STORM)]
    await stage.reads(
        [
            stage.record(None, review(subject=subject), at(0), f"review-{number}")
            for number, subject in enumerate(subjects)
        ]
    )
    for hours in (0, 0.05):
        await stage.move_to(at(hours))
        await stage.sends()
    mailbox.mails.clear()
    await stage.rows("UPDATE positions SET next_offset = 0")
    await stage.move_to(at(24.1))
    jobs = processes.process("alerting", "jobs")
    trace = tmp_path / "trace"
    for failpoint in ("timers_before_commit=kill@4", "timers_before_commit=kill@3", f"{SENT}=kill@1"):
        jobs.start(failpoint, trace)
        await killed(jobs)
        await leases_have_run_out(stage)
    await stage.move_to(at(24.1))  # the minute in which the rest is gathered begins no sooner
    jobs.start()
    breached = "SELECT count(*)::int AS n FROM clocks WHERE state = 'breached'"

    async def all_are_breached():
        return await stage.rows(breached) == [{"n": STORM}]

    await until(all_are_breached, "all clocks are breached")
    jobs.kill()
    await leases_have_run_out(stage)
    await stage.move_to(at(24.2))
    jobs.start(f"{SENT}=kill@1", trace)
    await killed(jobs)
    await leases_have_run_out(stage)
    jobs.start()
    told = (
        "SELECT recipient, count(*)::int AS n, count(DISTINCT thread)::int AS threads FROM message_deliveries "
        "WHERE topic = 'clock.breached' AND NOT is_bundle AND state = 'sent' GROUP BY 1 ORDER BY 1"
    )
    each_of_a_third = [
        {"recipient": address, "n": STORM // 3, "threads": STORM // 3} for address in sorted(owners.values())
    ]

    async def all_is_told():
        return await stage.rows(told) == each_of_a_third

    await until(all_is_told, "each owner is told of each of theirs")
    assert await asyncio.to_thread(jobs.stop) == 0, jobs.log_tail()
    fired = [line.split()[0] for line in trace.read_text().splitlines()]
    assert fired == ["timers_before_commit", "timers_before_commit", SENT, SENT]
    assert await stage.rows("SELECT state FROM message_deliveries WHERE state NOT IN ('sent', 'withdrawn')") == []
    sent = await stage.rows(
        "SELECT id::text, possible_repeat FROM message_deliveries WHERE state = 'sent' AND bundle_id IS NULL "
        "AND created_at > $1",
        at(24),
    )
    assert len(sent) < STORM / 10, "they are told together"
    arrived = Counter(str(mail["Message-ID"]) for mail in mailbox.mails)
    assert len(arrived) == len(sent)
    twice = sum(each["possible_repeat"] for each in sent)
    assert 1 <= sum(count > 1 for count in arrived.values()) <= twice
    assert max(arrived.values()) <= 1 + len(fired), "once more for each kill, at most"


async def has_owners(stage, owners):
    """Each subject belongs to somebody else."""
    document = {
        "people": [{"address": address, "name": address} for address in owners.values()],
        "assignments": [{"subject": subject, "owner": address} for subject, address in owners.items()],
    }
    async with stage.resources.database(Role.API).transaction("default") as tx:
        await people.save(tx, "default", json.dumps(document), Format.JSON, "test")


async def leases_have_run_out(stage):
    await stage.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second' WHERE state = 'sending'")


async def test_a_week_is_told_once_when_the_process_that_tells_it_is_killed_and_another_takes_over(
    stage, processes, mailbox, tmp_path
):
    """In the week in which clocks change in Berlin: at seven o'clock in UTC, not at eight."""
    tenants = ("default", "other", "acme")
    await stage.move_to(datetime(2026, 3, 28, 12, tzinfo=UTC))
    for tenant in tenants:
        async with stage.worker.transaction() as tx:
            berlin = msgspec.structs.replace(DEFAULT, zone="Europe/Berlin", owner=f"ann@{tenant}.example")
            await rules.save(tx, tenant, berlin, "person:1")
    await stage.move_to(datetime(2026, 3, 30, 7, 0, 1, tzinfo=UTC))
    first, second = (processes.process("alerting", "jobs") for _ in range(2))
    trace = tmp_path / "trace"
    first.start("cadences_before_commit=kill@1", trace)
    await killed(first)
    assert mailbox.mails == []
    first.start(f"{SENT}=kill@1", trace)
    await killed(first)
    for each in (second, first):
        await asyncio.to_thread(each.start().wait_ready)  # one that is told to stop before it has started ends with 143
    await leases_have_run_out(stage)

    async def all_are_told():
        rows = await stage.rows("SELECT count(*)::int AS n FROM message_deliveries WHERE state = 'sent'")
        return rows == [{"n": len(tenants)}]

    await until(all_are_told, "the digest of each tenant is sent")
    for each in (first, second):
        assert await asyncio.to_thread(each.stop) == 0, each.log_tail()
    assert len(trace.read_text().splitlines()) == 2
    kept = await stage.rows("SELECT tenant_id, local_date::text FROM digests ORDER BY 1")
    assert [tuple(row.values()) for row in kept] == [(tenant, "2026-03-30") for tenant in sorted(tenants)]
    sent = await stage.rows("SELECT recipient, possible_repeat FROM message_deliveries ORDER BY 1")
    assert [row["recipient"] for row in sent] == [f"ann@{tenant}.example" for tenant in sorted(tenants)]
    arrived = Counter((str(mail["To"]), str(mail["Message-ID"])) for mail in mailbox.mails)
    assert sorted(to for to, _ in arrived) == [row["recipient"] for row in sent]
    repeated = {to for (to, _), count in arrived.items() if count > 1}
    assert repeated <= {row["recipient"] for row in sent if row["possible_repeat"]}


async def test_a_mail_whose_sender_is_killed_after_the_acceptance_comes_again_under_its_message_id(
    stage, processes, mailbox, tmp_path
):
    await stage.happens(None, review(), at(0))
    jobs = processes.process("alerting", "jobs")
    jobs.start("delivery_sent_before_record=kill@1", tmp_path / "trace")
    await killed(jobs)
    assert len(mailbox.mails) == 1
    await stage.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second'")
    jobs.start()

    async def is_sent():
        return await stage.rows("SELECT state, attempts, possible_repeat FROM message_deliveries") == [
            {"state": "sent", "attempts": 2, "possible_repeat": True}
        ]

    await until(is_sent, "the mail is sent")
    assert await asyncio.to_thread(jobs.stop) == 0, jobs.log_tail()
    assert len(mailbox.mails) == 2
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1


async def test_a_webhook_whose_sender_is_killed_after_the_answer_comes_again_under_its_id_and_says_so(
    stage, processes, tmp_path
):
    async with open_endpoint() as endpoint:
        vault = vault_of(stage.settings)
        url = f"http://127.0.0.1:{endpoint.port}/hook"
        async with stage.resources.database(Role.API).transaction("default") as tx:
            draft = Draft("ours", "webhook", url, ("test",))
            await endpoints.create(tx, uuid7, vault, "default", draft, "test", [endpoint.port])
        message = Message("default", "late", "test.told", subscribers(), Content("Late", "A clock is late."))
        async with stage.worker.transaction() as tx:
            await delivery.queue(tx, [message])
        jobs = processes.process("alerting", "jobs")
        jobs.env = {
            **jobs.env,
            "PLAUDIT_DELIVERY_PORTS": str(endpoint.port),
            "PLAUDIT_DELIVERY_PRIVATE_NETWORKS": "127.0.0.0/8",
            "PLAUDIT_DELIVERY_PLAIN_HTTP": "true",
        }
        jobs.start("delivery_sent_before_record=kill@1", tmp_path / "trace")
        await killed(jobs)
        assert len(endpoint.got) == 1
        await stage.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second'")
        jobs.start()

        async def is_sent():
            return await stage.rows("SELECT state, attempts, possible_repeat FROM message_deliveries") == [
                {"state": "sent", "attempts": 2, "possible_repeat": True}
            ]

        await until(is_sent, "the webhook is sent")
        assert await asyncio.to_thread(jobs.stop) == 0, jobs.log_tail()
        assert len({got.headers["webhook-id"] for got in endpoint.got}) == 1
        assert [got.headers.get("plaudit-possible-repeat") for got in endpoint.got] == [None, "true"]
        kinds = await stage.rows("SELECT kind FROM message_attempts ORDER BY number")
        assert [row["kind"] for row in kinds] == ["unrecorded", "sent"]


async def test_a_gathered_mail_whose_sender_is_killed_comes_again_under_its_message_id_with_the_same_items(
    stage, processes, mailbox, tmp_path
):
    await stage.reads([stage.record(None, review(), at(0), f"review-{number}") for number in range(8)])
    await stage.sends()
    assert len(mailbox.mails) == 1
    await stage.move_to(at(0.02))
    jobs = processes.process("alerting", "jobs")
    jobs.start("delivery_sent_before_record=kill@1", tmp_path / "trace")
    await killed(jobs)
    assert len(mailbox.mails) == 2
    await stage.rows("UPDATE message_deliveries SET leased_until = now() - interval '1 second' WHERE state = 'sending'")
    jobs.start()

    async def is_sent():
        return await stage.rows("SELECT state, attempts, possible_repeat FROM message_deliveries WHERE is_bundle") == [
            {"state": "sent", "attempts": 2, "possible_repeat": True}
        ]

    await until(is_sent, "the gathered mail is sent")
    assert await asyncio.to_thread(jobs.stop) == 0, jobs.log_tail()
    assert len(mailbox.mails) == 3
    assert mailbox.mails[1]["Message-ID"] == mailbox.mails[2]["Message-ID"]
    told = await stage.rows(
        "SELECT count(*)::int AS n, count(DISTINCT bundle_id)::int AS bundles, bool_and(possible_repeat) AS may_repeat "
        "FROM message_deliveries WHERE bundle_id IS NOT NULL AND state = 'sent'"
    )
    assert told == [{"n": told[0]["n"], "bundles": 1, "may_repeat": True}]


async def test_one_process_does_everything_and_stops_in_order(stage, processes):
    alerting = processes.process("alerting", "all").start()
    await asyncio.to_thread(alerting.wait_ready)
    status, answer = alerting.get("/v1/clocks", (await stage.client()).headers["authorization"].split()[1])
    assert (status, answer) == (200, {"items": [], "next": None})
    assert await asyncio.to_thread(alerting.stop) == 0, alerting.log_tail()
    lines = [json.loads(line) for line in alerting.log.read_text().splitlines()]
    assert lines[-1]["event"] == "stopped"
