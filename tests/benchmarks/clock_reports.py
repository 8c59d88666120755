"""Reports about clocks: how long each takes of a hundred thousand, read by the role of the API."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from benchmarks import servers
from benchmarks.clocks import execute, now_of, settings_of
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.servers import Servers
from plaudit.alerting.calendars import commands as calendars
from plaudit.alerting.calendars.domain.definition import Definition
from plaudit.alerting.calendars.domain.writing import intervals_of
from plaudit.alerting.clocks.domain.filters import Ownership
from plaudit.alerting.main import SERVICE
from plaudit.alerting.reports.domain.asked import Asked, Dimension, TimeKind, Window
from plaudit.alerting.reports.store.clocks import compliance_of, times_of_clocks
from plaudit.alerting.reports.store.effects import effects_of_answers
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Role, Tx
from plaudit.common.process import Resources

CLOCKS: Final = 100_000
TENANT: Final = "default"
OWNER: Final = Ownership("owner@acme.example", ())
ROUNDS: Final = 15

_DAY: Final = intervals_of("09:00-12:00, 13:00-17:00")
_OFFICE: Final = Definition(zone="Europe/Berlin", week=(*(_DAY,) * 5, (), ()))

# Of ten clocks seven are in time, one is late, one is open, and one is cancelled or unknown; half count open hours.
_CLOCKS: Final = """
INSERT INTO alerting.clocks (tenant_id, id, metric, partition, review_revision, about_id, source_id, source_name,
    external_id, subject, stars, state, waiting, policy_id, policy_revision, policy_class, calendar, calendar_revision,
    run, generation, anchor_at, started_at, due_at, breached_at, fulfilled_at, cancelled_at, unknown_at, provisional,
    reason, answers, pauses)
SELECT $1, gen_random_uuid(), 'first_answer', n % 8, 1, 'review-' || n, 's-' || n % 5, 'Shop ' || n % 5,
    'r-' || n, 'acme/shop-' || n % 1000, 1,
    (ARRAY['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'breached',
        'breached', CASE WHEN n % 20 = 9 THEN 'unknown' ELSE 'cancelled' END])[n % 10 + 1],
    n % 10 = 8 OR n % 20 = 9, 'shipped', 1, 'one-or-two-stars',
    CASE WHEN n % 2 = 0 THEN 'office' END, CASE WHEN n % 2 = 0 THEN 1 END, 1, 1,
    at, at + interval '1 minute', at + interval '24 hours',
    CASE WHEN n % 10 IN (7, 8) THEN at + interval '24 hours' END,
    CASE WHEN n % 10 < 7 THEN at + (n * 7919 % 86400) * interval '1 second'
        WHEN n % 10 = 7 THEN at + interval '30 hours' + (n * 7919 % 86400) * interval '1 second' END,
    CASE WHEN n % 20 = 19 THEN at + interval '5 hours' END,
    CASE WHEN n % 20 = 9 THEN at + interval '24 hours' END, false, 'published',
    CASE WHEN n % 20 = 9 THEN 'untold' ELSE 'told' END,
    CASE WHEN n % 100 = 0 THEN format('[{"from_at":"%s","to_at":"%s","reason":"waits"}]',
        to_char(at + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SSOF'),
        to_char(at + interval '2 hours', 'YYYY-MM-DD"T"HH24:MI:SSOF')) ELSE '[]' END
FROM (SELECT n, $3::timestamptz - (n % 85 + 2) * interval '1 day' - n * 31 % 86400 * interval '1 second' AS at
    FROM generate_series(1, $2::int) AS n) AS told
"""
_REVIEWS: Final = """
INSERT INTO alerting.reviews (tenant_id, id, revision, subject, source_id, source_name, source_created_at, platform,
    kind, rating, severity, personas, topics, verified, origin, published_at, rated_at, received_at, answered_at,
    is_backfill, answers, ratings, rated_ats, first_answered_at, base_rating, base_rated_at)
SELECT $1, 'review-' || n, 1, 'acme/shop-' || n % 1000, 's-' || n % 5, 'Shop ' || n % 5, at, 'native', 'stars',
    1 + n % 3, 'negative', '{}', '{}', true, 'organic', at, at, at, answered_at, false, 'told', ARRAY[1.0], ARRAY[at],
    answered_at, 1, at
FROM (SELECT n, at, CASE WHEN n % 10 < 8 THEN at + (n * 7919 % 864000) * interval '1 second' END AS answered_at
    FROM (SELECT n, $3::timestamptz - (n % 85 + 2) * interval '1 day' AS at FROM generate_series(1, $2::int) AS n) AS t
) AS told
"""


def run(report: Report, options: Options) -> None:
    """Ask for each report, all together and by groups."""
    clocks = options.scaled(CLOCKS)
    with servers.running(with_kafka=False) as backing:
        asyncio.run(backing.prepare("alerting"))
        describe(report, backing)
        report.heading("clock-reports")
        report.text(f"{clocks:,} clocks and reviews of 87 days; half count open hours, 1 in 100 has a pause")
        asyncio.run(_reports(report, backing, clocks))


async def _reports(report: Report, backing: Servers, clocks: int) -> None:
    resources = Resources(settings_of(backing), SERVICE.name)
    now = await now_of(backing)
    of = Asked(window=Window(now - timedelta(days=90), now))
    try:
        api = resources.database(Role.API)
        async with api.driver_transaction(TENANT) as tx:
            await calendars.set_calendar(tx, TENANT, "office", _OFFICE, "benchmark")
        await execute(backing, (_CLOCKS, TENANT, clocks, now), (_REVIEWS, TENANT, clocks, now), ("VACUUM ANALYZE",))
        asked = {
            "compliance": lambda tx: compliance_of(tx, TENANT, of, OWNER),
            "compliance, as if every hour counted": lambda tx: compliance_of(
                tx, TENANT, replace(of, time=TimeKind.CALENDAR), OWNER
            ),
            "compliance by week": lambda tx: compliance_of(tx, TENANT, replace(of, by=(Dimension.WEEK,)), OWNER),
            "compliance by severity": lambda tx: compliance_of(
                tx, TENANT, replace(of, by=(Dimension.SEVERITY,)), OWNER
            ),
            "response times": lambda tx: times_of_clocks(tx, TENANT, of, OWNER),
            "response times, every hour": lambda tx: times_of_clocks(
                tx, TENANT, replace(of, time=TimeKind.CALENDAR), OWNER
            ),
            "response times by source": lambda tx: times_of_clocks(
                tx, TENANT, replace(of, by=(Dimension.SOURCE,)), OWNER
            ),
            "effects": lambda tx: effects_of_answers(tx, TENANT, of),
        }
        for name, ask in asked.items():
            await _line(report, resources, name, ask)
        async with api.driver_snapshot(TENANT) as tx:
            found = await compliance_of(tx, TENANT, of, OWNER)
        report.check("clocks that were counted", found.all.all, clocks)
    finally:
        await resources.close()


async def _line(
    report: Report, resources: Resources[AlertingSettings], name: str, ask: Callable[[Tx], Awaitable[object]]
) -> None:
    spent = []
    for _ in range(ROUNDS):
        async with resources.database(Role.API).driver_snapshot(TENANT) as tx:
            begun = time.perf_counter()
            await ask(tx)
            spent.append(1000 * (time.perf_counter() - begun))
    report.line(name, f"{latencies(spent)}; least {min(spent):.0f} ms")
