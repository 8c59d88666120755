"""Alerting as processes of its own that are killed at each failpoint: no timer is lost, none fires twice."""

import asyncio
import json
from collections.abc import Iterator

import pytest

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
