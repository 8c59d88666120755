"""Clocks on the real runner: Kafka in, PostgreSQL, Kafka and SMTP out, and time moved on by the clock port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta

import pytest

from plaudit.alerting.clocks.consumer import subscription
from plaudit.alerting.main import followers
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common.kafka import clients
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.outbox.relay import RelayLoop
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.runtime import read_log, running, until
from plaudit_testing.told_reviews import PARTITIONS, Ingest

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.usefixtures("first_answers_only")]


@pytest.fixture
async def topics(kafka_topics):
    await kafka_topics.recreate({"reviews.v1": PARTITIONS, "alerts.v1": PARTITIONS})


@pytest.fixture
def settings(settings, kafka_server, topics):
    return settings.model_copy(
        update={
            "kafka_bootstrap_servers": kafka_server.bootstrap,
            "timer_poll_seconds": 0.02,
            "delivery_poll_seconds": 0.02,
        }
    )


@pytest.fixture
async def ingest(settings, topics) -> AsyncIterator[Ingest]:
    async with clients.producer(settings, "test") as producer:
        yield Ingest(producer)


@pytest.fixture
async def alerting(stage, settings):
    async with aclosing(EndOffsets(settings)) as end_offsets:
        yield Alerting(stage, settings, end_offsets)


class Alerting:
    """The loops of alerting, each started anew as a process would, on the real broker."""

    def __init__(self, stage, settings, end_offsets):
        self.stage = stage
        self.settings = settings
        self.end_offsets = end_offsets

    def consumer(self):
        return ConsumerLoop(
            subscription(followers(self.settings), self.settings.partitions),
            self.stage.worker,
            self.stage.resources.outbox.append,
            self.settings,
        )

    def jobs(self):
        return [
            TimerJob(self.stage.resources, followers(self.settings), self.end_offsets.end_offset),
            self.stage.new_mails(),
        ]

    def relay(self):
        return RelayLoop("alerting", self.stage.worker, self.settings)

    async def has_log(self, *kinds):
        async def check():
            return await self.stage.log() == list(kinds)

        await until(check, f"the log is {kinds}, and not {await self.stage.log()}")

    async def turns(self, loop, times=3):
        """Let a loop that runs turn some times more."""
        for _ in range(times):
            beaten = loop._beaten_at
            await until(lambda beaten=beaten: loop._beaten_at > beaten, f"{loop.name} turns")


async def test_a_bad_review_has_its_notice_its_warnings_one_breach_and_one_alert(
    stage, alerting, ingest, mailbox, kafka_server
):
    timers, mails = alerting.jobs()
    async with running(alerting.consumer(), timers, mails, alerting.relay()):
        await ingest.publishes("review.created", None, review(), at(0))
        await until(lambda: len(mailbox.mails) == 1, "the notice")
        for mail, hours, log in ((2, 12.01, "warned 50"), (3, 19.21, "warned 80"), (4, 24.01, "breached")):
            seen = await stage.log()
            await stage.move_to(at(hours))
            await alerting.has_log(*seen, log)
            await until(lambda mail=mail: len(mailbox.mails) == mail, f"the mail that it {log}")
        await stage.move_to(at(90))
        await alerting.turns(timers)
        await alerting.turns(mails)

        async def everything_is_published():
            return (await read_log(kafka_server.bootstrap, "alerts.v1")).records == 5

        await until(everything_is_published, "five events on alerts.v1")
    [events] = [events for events in (await read_log(kafka_server.bootstrap, "alerts.v1")).applied().values() if events]
    assert [event["type"] for event in events] == [
        "clock.started",
        "clock.warned",
        "clock.warned",
        "clock.breached",
        "alert.raised",
    ]
    assert [subject.split(":")[0] for subject in mailbox.subjects] == [
        "Answer by 3 March 2026, 09",
        "50 % of the time has passed",
        "80 % of the time has passed",
        "Not answered in time",
    ]
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["open"]
    assert (await stage.clock())["provisional"] is False


async def test_after_an_answer_in_time_nothing_more_is_heard(stage, alerting, ingest, mailbox):
    timers, mails = alerting.jobs()
    consumer = alerting.consumer()
    async with running(consumer, timers, mails):
        await ingest.publishes("review.created", None, review(), at(0))
        await until(lambda: len(mailbox.mails) == 1, "the notice")
        await stage.move_to(at(12.01))
        await alerting.has_log("started", "warned 50")
        await until(lambda: len(mailbox.mails) == 2, "the warning")
        await ingest.publishes("review.answered", review(), answered(review(), at(12.01)), at(12.01))
        await alerting.has_log("started", "warned 50", "fulfilled")
        for hours in (19.3, 24.1, 48):
            await stage.move_to(at(hours))
            await alerting.turns(timers)
            await alerting.turns(mails)
    assert await stage.log() == ["started", "warned 50", "fulfilled"]
    assert len(mailbox.mails) == 2
    assert await stage.rows("SELECT * FROM alerts") == []


async def test_an_answer_that_waited_in_kafka_while_alerting_was_down_over_the_due_time_prevents_the_breach(
    stage, alerting, ingest, mailbox
):
    async with running(alerting.consumer(), *alerting.jobs()):
        await ingest.publishes("review.created", None, review(), at(0))
        await until(lambda: len(mailbox.mails) == 1, "the notice")
    await ingest.publishes("review.answered", review(), answered(review(), at(10)), at(10))
    await stage.move_to(at(30))
    async with AsyncExitStack() as process:
        timers, mails = alerting.jobs()
        await process.enter_async_context(running(timers, mails))
        await alerting.turns(timers, times=5)
        assert await stage.log() == ["started"], "not before what waits has been read"
        await process.enter_async_context(running(alerting.consumer()))
        await alerting.has_log("started", "fulfilled")
        await alerting.turns(timers)
    assert await stage.log() == ["started", "fulfilled"]
    assert len(mailbox.mails) == 1


async def test_what_is_not_read_within_a_minute_makes_a_provisional_breach_that_an_answer_in_time_retracts(
    stage, alerting, ingest, mailbox
):
    async with running(alerting.consumer(), *alerting.jobs()):
        await ingest.publishes("review.created", None, review(), at(0))
        await until(lambda: len(mailbox.mails) == 1, "the notice")
    await ingest.publishes("review.answered", review(), answered(review(), at(23)), at(23))
    await stage.move_to(at(24.01))
    timers, mails = alerting.jobs()
    async with running(timers, mails):
        await alerting.turns(timers, times=5)
        await stage.move_to(at(24.01) + timedelta(seconds=61))
        await until(lambda: len(mailbox.mails) == 2, "the breach mail")
        clock = await stage.clock()
        assert (clock["state"], clock["provisional"]) == ("breached", True)
        async with running(alerting.consumer()):

            async def is_fulfilled():
                return (await stage.clock())["state"] == "fulfilled"

            await until(is_fulfilled, "the clock is fulfilled")
    assert (await stage.published())[-3:] == ["clock.retracted", "clock.fulfilled", "alert.resolved"]
    assert (await stage.clock())["fulfilled_at"] == at(23)
    assert [row["state"] for row in await stage.rows("SELECT state FROM alerts")] == ["resolved"]


async def test_a_broker_that_is_away_does_not_keep_a_breach_longer_than_a_minute(stage, alerting, ingest, mailbox):
    async with running(alerting.consumer(), *alerting.jobs()):
        await ingest.publishes("review.created", None, review(), at(0))
        await until(lambda: len(mailbox.mails) == 1, "the notice")
    unreachable = alerting.settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"})
    await stage.move_to(at(24.01))
    async with aclosing(EndOffsets(unreachable)) as nobody:
        timers = TimerJob(stage.resources, followers(unreachable), nobody.end_offset)
        async with running(timers):
            await alerting.turns(timers)
            assert await stage.log() == ["started"]
            await stage.move_to(at(24.01) + timedelta(seconds=61))
            await alerting.has_log("started", "(warned 50)", "(warned 80)", "breached")
    assert (await stage.clock())["provisional"] is True
