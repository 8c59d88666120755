"""Two processes of alerting that are both down over due times: what waits in Kafka decides, and nothing comes twice."""

import asyncio
import subprocess
import sys
import time
from collections import Counter

import pytest

from plaudit.common.kafka import clients
from plaudit_testing.clocks import answered, at, review
from plaudit_testing.runtime import read_log, until
from plaudit_testing.skewed import skewed_by, skewing
from plaudit_testing.stack import stack as opened_stack
from plaudit_testing.told_reviews import PARTITIONS, Ingest

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.e2e]

CLOCKS = 60
HALF_OF_FIVE_MINUTES = 150
TOPICS = ("reviews.v1", "customers.v1", "scores.v1", "board.v1", "alerts.v1")

LOGGED = """
SELECT kind, count(*)::int AS n, count(DISTINCT clock_id)::int AS clocks FROM clock_events
WHERE kind <> 'warned' GROUP BY 1
"""
BREACHES_TOLD = """
SELECT count(*)::int AS n, count(DISTINCT thread)::int AS threads FROM message_deliveries WHERE topic = 'clock.breached'
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


@pytest.fixture
def skew(tmp_path):
    """Seconds → the environment of a process whose clock is ahead by so many."""
    library = skewing(tmp_path)
    return lambda seconds: skewed_by(library, seconds)


@pytest.mark.parametrize("seconds", [HALF_OF_FIVE_MINUTES, -HALF_OF_FIVE_MINUTES])
def test_a_skewed_process_reads_another_time_of_day(skew, seconds):
    code = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp())"
    told = subprocess.run([sys.executable, "-c", code], env=skew(seconds), capture_output=True, check=True)
    read = [float(each) - time.time() for each in told.stdout.split()]
    assert [abs(each - seconds) < HALF_OF_FIVE_MINUTES / 2 for each in read] == [True, True]


@pytest.mark.usefixtures("first_answers_only")
async def test_both_are_killed_over_due_times_and_neither_breaches_what_was_answered_nor_tells_anything_twice(
    stage, settings, processes, kafka_server, mailbox, skew
):
    def both(first: int, second: int) -> list:
        return [processes.process("alerting", "all", **skew(seconds)).start() for seconds in (first, second)]

    def state_of(number: int):
        return review(subject=f"shop-{number % 16}/berlin", title=f"Review {number}.", external_id=f"r-{number}")

    async def counted(query: str) -> list[tuple]:
        return [tuple(row.values()) for row in await stage.rows(query)]

    async def all_is_sent() -> bool:
        open_ones = "SELECT count(*)::int FROM message_deliveries WHERE state IN ('pending', 'sending', 'gathered')"
        return await counted(open_ones) == [(0,)]

    bootstrap = settings.model_copy(update={"kafka_bootstrap_servers": kafka_server.bootstrap})
    async with clients.producer(bootstrap, "test") as producer:
        ingest = Ingest(producer)
        running = both(HALF_OF_FIVE_MINUTES, -HALF_OF_FIVE_MINUTES)
        for number in range(CLOCKS):
            await ingest.publishes("review.created", None, state_of(number), at(0), f"review-{number}")

        async def all_run() -> bool:
            return await counted("SELECT state, count(*)::int FROM clocks GROUP BY 1") == [("running", CLOCKS)]

        await until(all_run, "all clocks run")
        await stage.move_to(at(0.05))  # past the minute in which notices are gathered
        await until(all_is_sent, "the notices are told")
        for process in running:
            assert process.running, process.log_tail()
            process.kill()

        in_time = {number for number in range(CLOCKS) if number % 3}
        for number in sorted(in_time):
            answer = at(23.999 if number % 2 else 10)
            state = state_of(number)
            await ingest.publishes("review.answered", state, answered(state, answer), answer, f"review-{number}")
        await stage.move_to(at(30))
        both(-HALF_OF_FIVE_MINUTES, HALF_OF_FIVE_MINUTES)
    late = CLOCKS - len(in_time)

    async def all_have_ended() -> bool:
        states = "SELECT state, count(*)::int FROM clocks GROUP BY 1 ORDER BY 1"
        return await counted(states) == [("breached", late), ("fulfilled", len(in_time))]

    await until(all_have_ended, "all clocks have ended")
    await stage.move_to(at(30.1))
    await until(all_is_sent, "the breaches are told")

    async def all_is_published() -> bool:
        written = await counted("SELECT count(*)::int FROM outbox")
        return written == [((await read_log(kafka_server.bootstrap, "alerts.v1")).records,)]

    await until(all_is_published, "all is published")
    for process in processes.processes[-2:]:
        assert await asyncio.to_thread(process.stop) == 0, process.log_tail()

    ended = "SELECT review_id, provisional FROM clocks WHERE state = 'breached' ORDER BY 1"
    expected = sorted(f"review-{number}" for number in range(CLOCKS) if number not in in_time)
    assert await counted(ended) == [(review_id, False) for review_id in expected]
    assert sorted(await counted(LOGGED)) == [
        ("breached", late, late),
        ("fulfilled", len(in_time), len(in_time)),
        ("started", CLOCKS, CLOCKS),
    ]
    assert await counted("SELECT state, count(*)::int FROM alerts GROUP BY 1") == [("open", late)]
    applied = (await read_log(kafka_server.bootstrap, "alerts.v1")).applied()
    events = [event for found in applied.values() for event in found if event["type"] != "clock.warned"]
    told = Counter((event["type"], event["data"].get("clock_id")) for event in events)
    assert Counter(kind for kind, _ in told) == {
        "clock.started": CLOCKS,
        "clock.breached": late,
        "clock.fulfilled": len(in_time),
        "alert.raised": late,
    }
    assert set(told.values()) == {1}
    message_ids = Counter(mail["Message-ID"] for mail in mailbox.mails)
    assert set(message_ids.values()) == {1}
    assert await counted(BREACHES_TOLD) == [(late, late)]
