"""Real reviews with real answers, read from Kafka by a process of its own: times and breaches are those of the rows."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from plaudit.common.kafka import clients
from plaudit_testing.clocks import answered
from plaudit_testing.real_answers import REPLIED, SUBMITTED, UPDATED, facts, moment, percentiles, rows, state_of
from plaudit_testing.runtime import short_and_long, until
from plaudit_testing.stack import stack as opened_stack
from plaudit_testing.told_reviews import PARTITIONS, Ingest

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.e2e]

TOPICS = ("reviews.v1", "customers.v1", "scores.v1", "board.v1", "alerts.v1")
TENANTS = {SUBMITTED: "default", UPDATED: "other"}
"""The start of each tenant's clocks: when a review was submitted, or last updated."""
DAY_SECONDS = 86_400
TARGET_SECONDS = {1: DAY_SECONDS, 2: DAY_SECONDS, 3: 3 * DAY_SECONDS, 4: 7 * DAY_SECONDS, 5: 7 * DAY_SECONDS}
AFTER_ALL = datetime(2019, 1, 1, tzinfo=UTC)
"""Months after the last change of the export: all of it is history."""
CLOCKS = """
SELECT stars, state, reason, breached_at, extract(epoch FROM fulfilled_at - anchor_at) AS seconds
FROM clocks WHERE tenant_id = $1 AND metric = 'first_answer'
"""


@pytest.fixture
async def processes(stage, settings, kafka_server, kafka_topics, tmp_path):
    """Processes on the stage's database, its mailbox and the run's broker."""
    await kafka_topics.recreate(dict.fromkeys(TOPICS, PARTITIONS))
    with opened_stack(
        settings.database_url.get_secret_value(),
        kafka_server.bootstrap,
        tmp_path,
        PLAUDIT_OWNER_EMAIL=settings.owner_email,
        PLAUDIT_SMTP_PORT=str(settings.smtp_port),
        PLAUDIT_TEST_CLOCK="true",
        PLAUDIT_LONGEST_WAIT_SECONDS="600",  # what is read late because this machine is busy is no subject here
    ) as made:
        yield made


def lag(row, start: str) -> float:
    """Seconds from the start of a row to its answer."""
    return (moment(row, REPLIED) - moment(row, start)).total_seconds()


def is_late(row, start: str) -> bool:
    return lag(row, start) > TARGET_SECONDS[int(row["Star Rating"])]


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("every", short_and_long(12, 1))
async def test_the_export_told_on_kafka_has_the_response_times_and_breaches_of_its_rows_by_both_starts(
    stage, settings, processes, kafka_server, mailbox, every
):
    chosen = rows()[::every]
    await stage.move_to(AFTER_ALL)
    alerting = processes.process("alerting", "all").start()
    bootstrap = settings.model_copy(update={"kafka_bootstrap_servers": kafka_server.bootstrap})
    async with clients.producer(bootstrap, "test") as producer:
        ingest, sent = Ingest(producer), []
        for start, tenant in TENANTS.items():
            for number, row in enumerate(chosen):
                state = replace(state_of(row, start), subject=f"app-{number % 16}/firefox", external_id=f"r-{number}")
                answer = moment(row, REPLIED)
                recorded, name = moment(row, start), f"{tenant}-{number}"
                sent += [
                    await ingest.sends("review.created", None, state, recorded, name, tenant),
                    await ingest.sends(
                        "review.answered", state, answered(state, answer), max(recorded, answer), name, tenant
                    ),
                ]
        await asyncio.gather(*sent)

    async def all_are_read() -> bool:
        known = await stage.rows("SELECT count(*)::int AS n FROM clocks WHERE metric = 'first_answer' AND NOT waiting")
        return known == [{"n": 2 * len(chosen)}]

    await until(all_are_read, "all reviews and their answers are read", 900)
    assert await asyncio.to_thread(alerting.stop) == 0, alerting.log_tail()
    older = [row for row in chosen if lag(row, UPDATED) < 0]
    assert older
    for start, tenant in TENANTS.items():
        clocks = await stage.rows(CLOCKS, tenant)
        expected = [row for row in chosen if lag(row, start) >= 0]
        times = sorted(int(clock["seconds"]) for clock in clocks if clock["state"] != "cancelled")
        assert times == sorted(int(lag(row, start)) for row in expected)
        late = Counter(clock["stars"] for clock in clocks if clock["breached_at"] is not None)
        assert late == Counter(int(row["Star Rating"]) for row in chosen if is_late(row, start))
        cancelled = Counter(clock["reason"] for clock in clocks if clock["state"] == "cancelled")
        assert cancelled == ({} if start == SUBMITTED else {"answered_before": len(older)})
        if every == 1 and start == SUBMITTED:
            assert percentiles(times, facts()["lag_seconds_from_submit"]) == facts()["lag_seconds_from_submit"]
    if every == 1:
        assert (len(chosen), len(older)) == (facts()["rows"], facts()["reply_before_last_update"])
    assert await stage.rows("SELECT FROM alerts") == []
    assert mailbox.mails == []
