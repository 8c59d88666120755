"""Running clocks that move to the hours of another calendar, alone and while timers fire beside them."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import asyncpg
import uvloop

from benchmarks import clocks, cores, servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report, latencies
from benchmarks.servers import PARTITIONS, Servers
from plaudit.alerting.calendars import commands as calendars
from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME, CalendarRef
from plaudit.alerting.calendars.domain.definition import CalendarRevision, Definition
from plaudit.alerting.calendars.domain.writing import intervals_of
from plaudit.alerting.clocks.commands import order_move
from plaudit.alerting.clocks.domain.clock import review_root
from plaudit.alerting.clocks.jobs import MoveJob
from plaudit.alerting.main import SERVICE, followers
from plaudit.alerting.policies import commands as policies
from plaudit.alerting.policies.domain.default import shipped_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.alerting.policies.domain.stored import RevisionKey
from plaudit.alerting.timers.jobs.timer_job import TimerJob
from plaudit.common.db import Role
from plaudit.common.outbox import UnitOfWork
from plaudit.common.process import Resources

MOVED = 200_000
BESIDE_SECOND = 500
"""Timers that come due in each second of a move."""
BESIDE_SECONDS = 30
TENANT = clocks.TENANT
OFFICE = "office"
OF_REVIEW = {
    "first_answer": "one-or-two-stars",
    "resolution_first": "first-resolution",
    "resolution_total": "total-resolution",
}
"""Metric → class, of the clocks that a review of one or two stars has in the shipped policy."""
BY_OFFICE = ("one-or-two-stars", "three-stars", "four-or-five-stars", "first-resolution", "total-resolution")

_ROOTS_TABLE = "CREATE TABLE public.roots (n int, id text, root uuid)"
_ROOTS = """
INSERT INTO public.roots SELECT n, 'review-' || n, root FROM unnest($1::uuid[]) WITH ORDINALITY AS r (root, n)
"""
_CLOCKS = """
INSERT INTO alerting.clocks (tenant_id, id, metric, topic, partition, review_revision, about_kind, about_id, source_id,
    source_name, external_id, subject, stars, severity, state, waiting, policy_id, policy_revision, policy_class,
    calendar, calendar_revision, run, generation, anchor_at, started_at, due_at, provisional, reason, answers)
SELECT $1, gen_random_uuid(), m.metric, 'reviews.v1', abs(hashtext(r.id)) % $2, 1, 'review', r.id, 's', 'Shop', r.id,
    'acme/shop-' || abs(hashtext(r.id)) % 1000, 1, 'negative', 'running', true, $3, $4, m.class, $5, $6, 1, 1,
    d.at - interval '24 hours', d.at - interval '24 hours', d.at, false, 'published', 'told'
FROM public.roots AS r
CROSS JOIN unnest($7::text[], $8::text[]) AS m (metric, class)
CROSS JOIN LATERAL (SELECT $9::timestamptz + r.n % $10::int * interval '1 millisecond' AS at) AS d
WHERE r.n <= $11
"""
_TIMERS = """
INSERT INTO alerting.timers (tenant_id, clock_id, generation, kind, root, topic, partition, due_at, breach_at)
SELECT c.tenant_id, c.id, 1, t.kind, r.root, c.topic, c.partition, c.due_at - t.before, c.due_at
FROM alerting.clocks AS c JOIN public.roots AS r ON r.id = c.about_id
JOIN (VALUES ('warn:80', interval '4 hours'), ('breach', interval '0')) AS t (kind, before)
    ON (t.kind = 'breach') = (c.calendar IS NULL)
WHERE (c.calendar IS NULL) = $1
"""
_LATE = """
SELECT 1000 * extract(epoch FROM recorded_at - happened_at)::float8 AS ms FROM alerting.clock_events
WHERE kind = 'breached' AND recorded_at <= (SELECT finished_at FROM alerting.moves)
"""


def run(report: Report, options: Options) -> None:
    """Move running clocks to the hours of another calendar; then again while timers of the same reviews fire."""
    moved = options.scaled(MOVED)
    for beside in (False, True):
        with servers.running(with_kafka=False) as backing:
            uvloop.run(backing.prepare("alerting"))
            if not beside:
                describe(report, backing)
                report.heading("calendar-move")
            what = f"{BESIDE_SECOND} timers a second of the same reviews fire meanwhile" if beside else "nothing fires"
            report.text(f"{moved:,} clocks, three a review, move to other opening hours; {what}")
            with cores.on(cores.tested()):
                uvloop.run(_run(report, backing, moved, options.scaled(clocks.PENDING) if beside else None))


async def _run(report: Report, backing: Servers, moved: int, pending: int | None) -> None:
    resources = Resources(clocks.settings_of(backing), SERVICE.name)
    try:
        await _prepare(resources, backing, moved, pending)
        timers = TimerJob(resources, followers(resources.settings), clocks.end_offset)
        firing = None if pending is None else asyncio.create_task(_fire(timers))
        spent = clocks.Spent(backing)
        job = MoveJob(resources, followers(resources.settings))
        waited = await _move(job)
        report.line("moved", f"{moved:,} in {spent.seconds:.1f} s, {moved / spent.seconds:,.0f}/s")
        report.line("turns taken again", f"{waited:,}, which had waited too long for clocks that fire")
        if firing is None:
            spent.tell(report, moved, "a clock")
        else:
            firing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await firing
            rows = await clocks.fetch(backing, _LATE)
            report.line("breaches meanwhile", f"{len(rows):,}")
            report.line("lateness of these", latencies(sorted(row["ms"] for row in rows)))
    finally:
        await resources.close()
    applied = "SELECT count(*) FROM alerting.clock_events WHERE kind = 'policy_applied'"
    report.check("clocks that moved", await clocks.count(backing, applied), moved)


async def _prepare(resources: Resources[Any], backing: Servers, moved: int, pending: int | None) -> None:
    """Have clocks that count by a calendar, change its hours, and order that they move."""
    api = resources.database(Role.API)
    office = await _open_from(resources, "08:00")
    known = {ALWAYS_NAME: ALWAYS, OFFICE: office.calendar}
    async with api.driver_transaction(TENANT) as tx:
        saved = await policies.save_draft(tx, TENANT, _document(), Format.YAML, "benchmark", known)
    key = RevisionKey(saved.policy.id, saved.policy.number)
    async with api.driver_transaction(TENANT) as tx:
        await policies.activate(tx, TENANT, key, "benchmark", known)
    await _seed(backing, key, office.calendar.ref, moved, pending)
    await _open_from(resources, "07:00")
    async with api.driver_transaction(TENANT) as tx:
        await order_move(UnitOfWork(tx, resources.outbox, resources.ids), TENANT, "other hours", "benchmark")


async def _open_from(resources: Resources[Any], begin: str) -> CalendarRevision:
    week = (*(intervals_of(f"{begin}-18:00"),) * 5, (), ())
    async with resources.database(Role.API).driver_transaction(TENANT) as tx:
        definition = Definition(zone="Europe/Berlin", week=week)
        return await calendars.set_calendar(tx, TENANT, OFFICE, definition, "benchmark")


def _document() -> str:
    """Return the shipped policy, with the classes of these clocks counting by the calendar."""
    head, *classes = shipped_text().split("  - name: ")
    found = [
        each.replace("calendar: always", f"calendar: {OFFICE}").replace("7 days", "168 h").replace("14 days", "336 h")
        if each.partition("\n")[0] in BY_OFFICE
        else each
        for each in classes
    ]
    return "  - name: ".join([head, *found])


async def _seed(backing: Servers, key: RevisionKey, office: CalendarRef, moved: int, pending: int | None) -> None:
    reviews = -(-moved // len(OF_REVIEW))
    roots = [review_root(TENANT, f"review-{number}") for number in range(1, reviews + 1)]
    now = await clocks.now_of(backing)
    pinned = (TENANT, PARTITIONS, *key)
    far = (list(OF_REVIEW), list(OF_REVIEW.values()), now + timedelta(hours=20), 3_600_000, reviews)
    await clocks.execute(
        backing,
        *((_ROOTS_TABLE,), (_ROOTS, roots), (_CLOCKS, *pinned, *office, *far)),
        ("DELETE FROM alerting.clocks WHERE id IN (SELECT id FROM alerting.clocks OFFSET $1)", moved),
        *((_TIMERS, False), (clocks.FAR, TENANT, PARTITIONS, pending or 0), (clocks.READ, PARTITIONS)),
        ("VACUUM ANALYZE",),
    )
    if pending is not None:
        due = min(reviews, BESIDE_SECOND * BESIDE_SECONDS)
        begin = await clocks.now_of(backing) + timedelta(seconds=2)
        soon = (["next_answer"], ["next-answer"], begin, due * 1000 // BESIDE_SECOND, due)
        await clocks.execute(backing, (_CLOCKS, *pinned, None, None, *soon), (_TIMERS, True))


async def _move(job: MoveJob) -> int:
    """Move all; return how many turns were taken again, as the job does. It waits no longer for a lock than 2 s."""
    waited = 0
    while True:
        try:
            if not await job.turn():
                return waited
        except asyncpg.LockNotAvailableError:
            waited += 1


async def _fire(timers: TimerJob) -> None:
    while True:
        await timers.turn()
        await asyncio.sleep(0.05)
