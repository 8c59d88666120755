"""The weekly digest: composed when it is due, once for each local date, and what is kept for the next one."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from plaudit.alerting.cadences.commands.sending import send_digest
from plaudit.alerting.cadences.domain.digest import MAX_LINES, Digest, compose
from plaudit.alerting.cadences.domain.plan import A_WEEK, Occurrence, last_due, next_digest
from plaudit.alerting.cadences.domain.rules import Revision
from plaudit.alerting.cadences.store import digests, occurrences, touchpoints
from plaudit.alerting.calendars.domain.local_times import A_DAY, local_date
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner
from plaudit.alerting.reports.domain.asked import MAX_DAYS, Window
from plaudit.alerting.reports.store import look_up
from plaudit.common.db import Tx

KEPT_DAYS: Final = 60
"""Reviews of which nothing has happened for so long are in no digest any more."""
MAX_COUNTED: Final = 10_000


async def compose_due(
    tx: Tx, due: Sequence[Occurrence], revisions: Mapping[str, Revision], fallback: Owner, public_url: str
) -> int:
    """Compose the digests that are due, tell them, and plan the next ones; return how many were composed.

    Their order keys are held. Of weeks that were missed none is made up for: one digest, of the newest date that has
    passed, tells them all.
    """
    composed = 0
    named = await people.load(tx, {each.tenant_id for each in due})
    for claimed in due:
        revision = revisions[claimed.tenant_id]
        rule = revision.by_id.get(claimed.rule)
        if rule is None:
            continue
        each = last_due(rule, revision, claimed, tx.now)
        digest = await _composed(tx, each, revision)
        if await digests.add(tx, each.tenant_id, digest):
            composed += 1
            owner = revision.owner_of(rule, named[each.tenant_id], fallback)
            await send_digest(tx, each.tenant_id, digest, owner, public_url)
            await digests.tell_scores(tx, each.tenant_id)
        await digests.purge_reviews(tx, each.tenant_id, tx.now - timedelta(days=KEPT_DAYS))
        after = max(each.local_date, local_date(revision.zone, tx.now) - A_DAY)
        await occurrences.add(tx, [next_digest(rule, revision, after)])
    return composed


async def _composed(tx: Tx, due: Occurrence, revision: Revision) -> Digest:
    tenant_id, end = due.tenant_id, tx.now
    before = await digests.last(tx, tenant_id)
    start = before.end if before else end - timedelta(days=A_WEEK)
    requests, by_status = await digests.requests(tx, tenant_id, MAX_LINES)
    return compose(
        local_date=due.local_date,
        zone=revision.cadences.zone,
        start=start,
        end=end,
        clocks=await digests.clocks(tx, tenant_id, start, end, MAX_LINES),
        scores=await digests.scores(tx, tenant_id),
        reviews=await digests.reviews(tx, tenant_id, start),
        requests=requests,
        requests_by_status=by_status,
        touchpoints_open=await touchpoints.count_open(tx, tenant_id, MAX_COUNTED),
        to_look_up=await look_up.to_look_up(tx, tenant_id, Window(end - timedelta(days=MAX_DAYS), end)),
    )
