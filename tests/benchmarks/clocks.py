"""Timers that come due among many that do not, and the round that compares clocks with their timers."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import uvloop

from benchmarks import cores, servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.servers import PARTITIONS, Servers
from plaudit.alerting.main import SERVICE, followers
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers.jobs.auditor import Auditor
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common.delivery.connector import Connector
from plaudit.common.memory import tune_memory
from plaudit.common.process import Resources
from plaudit_testing.vault import VAULT_KEYS

PENDING = 1_000_000
DUE = 200_000
TENANT = "default"

_CLOCKS = """
INSERT INTO alerting.clocks (tenant_id, id, metric, partition, review_revision, about_id, source_id, source_name,
    external_id, subject, stars, state, waiting, policy_id, policy_revision, policy_class, run, generation, anchor_at,
    started_at, due_at, provisional, reason, answers)
SELECT $1, gen_random_uuid(), 'first_answer', n % $2, 1, 'review-' || n, 's', 'Shop', 'r-' || n,
    'acme/shop-' || n % 1000, 1, 'running', true, 'shipped', 1, 'one-or-two-stars', 1, 1,
    due.at - interval '24 hours', due.at - interval '24 hours', due.at, false, 'published', 'told'
FROM generate_series(1, $3::int) AS n
CROSS JOIN LATERAL (SELECT $4::timestamptz + n % $5::int * interval '1 millisecond' AS at) AS due
"""
_TIMERS = """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at)
SELECT tenant_id, id, 1, 'breach', id, topic, partition, due_at, due_at FROM alerting.clocks
"""
_WARNINGS = """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at)
SELECT tenant_id, id, 1, 'warn:50', id, topic, partition, anchor_at + (due_at - anchor_at) / 2, due_at
FROM alerting.clocks
"""
_STARTED = """
INSERT INTO alerting.clock_events (tenant_id, clock_id, kind, happened_at, recorded_at, event)
SELECT tenant_id, id, 'started', started_at, started_at, jsonb_build_object('kind', 'started', 'at', started_at,
    'anchor_at', anchor_at, 'policy', jsonb_build_array(policy_id, policy_revision, policy_class),
    'reason', 'published')
FROM alerting.clocks
"""
_DELETED = """
DELETE FROM alerting.timers WHERE clock_id IN (SELECT clock_id FROM alerting.timers ORDER BY clock_id LIMIT 100)
"""
FAR = """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at)
SELECT $1, id, 1, 'breach', id, 'reviews.v1', n % $2, at, at
FROM (SELECT gen_random_uuid() AS id, n, now() + interval '1 day' + n * interval '1 millisecond' AS at
    FROM generate_series(1, $3::int) AS n) AS far
"""
READ = """
INSERT INTO alerting.positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence)
SELECT 'alerting', 'reviews.v1', n, gen_random_uuid(), 1, 1, 1 FROM generate_series(0, $1::int - 1) AS n
"""


def run_timers(report: Report, options: Options) -> None:
    """Fire timers that are due at once, and then such as come due evenly, among many that are pending."""
    due, pending = options.scaled(DUE), options.scaled(PENDING)
    with servers.running(with_kafka=False) as backing:
        uvloop.run(backing.prepare("alerting"))
        describe(report, backing)
        report.heading("timers")
        report.text(f"{due:,} breaches due at once, then {due // 10:,} a second apart, {pending:,} others pending")
        with cores.on(cores.tested()):
            uvloop.run(_timers(report, backing, due, pending))


def run_audit(report: Report, options: Options) -> None:
    """Compare many running clocks with their timers; then once more, where some timers are missing."""
    clocks = options.scaled(PENDING)
    with servers.running(with_kafka=False) as backing:
        uvloop.run(backing.prepare("alerting"))
        describe(report, backing)
        report.heading("audit")
        report.text(f"{clocks:,} running clocks; a round of the auditor")
        with cores.on(cores.tested()):
            uvloop.run(_audit(report, backing, clocks))


async def _audit(report: Report, backing: Servers, clocks: int) -> None:
    settings = settings_of(backing)
    later = await now_of(backing) + timedelta(hours=20)
    await execute(backing, (_CLOCKS, TENANT, PARTITIONS, clocks, later, 3_600_000), (_WARNINGS,))
    await execute(backing, (_STARTED,), ("VACUUM ANALYZE",))
    resources = Resources(settings, SERVICE.name)
    connector = Connector(settings)
    try:
        auditor = Auditor(resources, connector)
        for what, statement in (("all well", ""), ("a hundred timers missing", _DELETED), ("again", "")):
            if statement:
                await execute(backing, (statement,))
            began, used = time.perf_counter(), time.process_time()
            await auditor.turn()
            seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
            report.line(what, f"{seconds:.1f} s, of which the process itself {cpu_seconds:.2f} s of processor")
    finally:
        await connector.close()
        await resources.close()
    timers = await count(backing, "SELECT count(*) FROM alerting.timers")
    report.check("timers afterwards", timers, clocks)


async def _timers(report: Report, backing: Servers, due: int, pending: int) -> None:
    settings = settings_of(backing)
    await execute(backing, (FAR, TENANT, PARTITIONS, pending), (READ, PARTITIONS))
    now = await now_of(backing)
    await execute(backing, (_CLOCKS, TENANT, PARTITIONS, due, now, 1), (_TIMERS,), ("VACUUM ANALYZE alerting.timers",))
    resources = Resources(settings, SERVICE.name)
    try:
        timers = TimerJob(resources, followers(settings), end_offset)
        spent = Spent(backing)
        fired = 0
        while fired < due:
            fired += await timers.turn()
        report.line("due at once", f"{fired / spent.seconds:,.0f}/s, each with its breach, alert, mail and two events")
        spent.tell(report, fired, "a timer")
        report.check(
            "breaches", await count(backing, "SELECT count(*) FROM alerting.clocks WHERE state = 'breached'"), due
        )
        await _idle(report, backing, timers, due)
        await _lateness(report, backing, timers, due // 10)
    finally:
        await resources.close()


async def _idle(report: Report, backing: Servers, timers: TimerJob, due: int) -> None:
    """Fire timers that write nothing: of clocks that are breached already, then of an earlier generation."""
    for what, done, generation in (
        ("due, and decided before", "looked up, locked, claimed, loaded and decided", 1),
        ("due, and no longer of use", "looked up, locked and claimed; no clock is loaded", 2),
    ):
        change = "UPDATE alerting.clocks SET generation = $1"
        await execute(backing, (change, generation), (_TIMERS,), ("VACUUM ANALYZE",))
        spent = Spent(backing)
        fired = 0
        while fired < due:
            fired += await timers.turn()
        report.line(what, f"{fired / spent.seconds:,.0f}/s {done}")
        spent.tell(report, fired, "a timer")


async def _lateness(report: Report, backing: Servers, timers: TimerJob, due: int) -> None:
    """Fire timers that come due evenly over some seconds; tell how late."""
    await execute(backing, ("DELETE FROM alerting.clocks",))
    begin = await now_of(backing) + timedelta(seconds=2)
    await execute(backing, (_CLOCKS, TENANT, PARTITIONS, due, begin, 10_000))
    await execute(backing, (_TIMERS,))
    before = await count(backing, "SELECT count(*) FROM alerting.clock_events")
    fired = 0
    while fired < due:
        fired += await timers.turn()
        await asyncio.sleep(0.05)
    rows = await fetch(
        backing,
        "SELECT 1000 * extract(epoch FROM recorded_at - happened_at)::float8 AS ms FROM alerting.clock_events "
        "ORDER BY id OFFSET $1",
        before,
    )
    report.line("lateness of those that come due evenly", latencies(sorted(row["ms"] for row in rows)))


class Spent:
    """Time on the wall and of the processor since it was made."""

    def __init__(self, backing: Servers) -> None:
        self._postgres = backing.readers()["PostgreSQL"]
        self._began = time.perf_counter(), time.process_time(), self._postgres()

    @property
    def seconds(self) -> float:
        """On the wall."""
        return time.perf_counter() - self._began[0]

    def tell(self, report: Report, count: int, each: str) -> None:
        """Write what each of so many took of the processor."""
        ours, postgres = time.process_time() - self._began[1], self._postgres() - self._began[2]
        text = f"the process {1e6 * ours / count:,.0f} µs, PostgreSQL {1e6 * postgres / count:,.0f} µs {each}"
        report.line("processor", text)


def settings_of(backing: Servers) -> AlertingSettings:
    tune_memory()  # as in every process of the product
    told = {"database_url": backing.database_url, "partitions": PARTITIONS, "owner_email": "owner@acme.example"}
    return AlertingSettings.model_validate({**told, "vault_keys": VAULT_KEYS})


async def end_offset(_topic: str, _partition: int) -> int:
    return 1


async def execute(backing: Servers, *statements: tuple[object, ...]) -> None:
    connection = await asyncpg.connect(backing.database_url)
    try:
        for sql, *arguments in statements:
            await connection.execute(str(sql), *arguments, timeout=600)
    finally:
        await connection.close()


async def fetch(backing: Servers, sql: str, *arguments: object) -> Sequence[asyncpg.Record]:
    connection = await asyncpg.connect(backing.database_url)
    try:
        rows: Sequence[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return rows
    finally:
        await connection.close()


async def count(backing: Servers, sql: str) -> int:
    return int((await fetch(backing, sql))[0][0])


async def now_of(backing: Servers) -> datetime:
    now: datetime = (await fetch(backing, "SELECT now()"))[0][0]
    return now
