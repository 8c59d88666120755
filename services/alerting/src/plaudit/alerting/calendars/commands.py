"""What sets and renews calendars, and what computes them anew when the data of time zones has changed."""

from collections.abc import Collection
from typing import Final

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, revised
from plaudit.alerting.calendars import store
from plaudit.alerting.calendars.domain import ALWAYS_NAME, CalendarRef
from plaudit.alerting.calendars.domain.definition import (
    MAX_CALENDARS,
    RENEWAL,
    CalendarChangedError,
    CalendarRevision,
    Definition,
    NoCalendarError,
    TooManyCalendarsError,
    needs_renewal,
    next_revision,
    order_key,
)
from plaudit.alerting.calendars.domain.fingerprints import fingerprint
from plaudit.alerting.calendars.domain.zones import tz_version
from plaudit.common.db import Tx
from plaudit.common.db.order_locks import lock
from plaudit.common.names import nearest

MAX_COMPUTED: Final = 50
"""Revisions in one transaction; each takes some milliseconds."""


async def set_calendar(
    tx: Tx,
    tenant_id: str,
    name: str,
    definition: Definition,
    actor: str,
    *,
    expected_revisions: Collection[int] | None = None,
) -> CalendarRevision:
    """Set a calendar of a tenant's own; the same again, with the same list of holidays, makes no revision.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        name: of the calendar.
        definition: what it is to be.
        actor: who wants it.
        expected_revisions: the present revision must be one of these, if given; 0 where there is none.

    Raises:
        BuiltInCalendarError: every tenant has a calendar of this name.
        TooManyCalendarsError: the tenant may have no more.
        CalendarChangedError: the present revision is another one.
        InvalidCalendarError: a part breaks a rule, or nothing is open.
    """
    await lock(tx, [order_key(tenant_id)])
    latest = await store.latest(tx, tenant_id, name)
    if expected_revisions is not None and (0 if latest is None else latest.revision) not in expected_revisions:
        raise CalendarChangedError
    changed = next_revision(definition, name, latest, actor, tx.now)
    if changed is None:
        assert latest is not None
        return latest
    if latest is None and len(await store.present(tx, tenant_id)) >= MAX_CALENDARS:
        raise TooManyCalendarsError
    await _add(tx, tenant_id, changed)
    before = 0 if latest is None else latest.revision
    await record(tx, revised(tenant_id, actor, "calendar.set", (About.CALENDAR, name), before, changed.revision))
    return changed


async def find(tx: Tx, tenant_id: str, name: str) -> CalendarRevision:
    """Return the latest revision of a calendar of a tenant's own.

    Raises:
        NoCalendarError: there is none of this name.
    """
    latest = await store.latest(tx, tenant_id, name)
    if latest is None:
        known = [ALWAYS_NAME, *(each.name for each in await store.present(tx, tenant_id))]
        raise NoCalendarError(name, nearest(name, known))
    return latest


async def renew(tx: Tx, tenant_id: str, name: str) -> CalendarRevision | None:
    """Make the list of holidays of a calendar anew where that is needed; return the new revision, if there is one.

    Clocks that run keep the revision that they are pinned to.
    """
    await lock(tx, [order_key(tenant_id)])
    latest = await store.latest(tx, tenant_id, name)
    if latest is None or not needs_renewal(latest, tx.now):
        return None
    changed = next_revision(latest.definition, name, latest, RENEWAL, tx.now)
    if changed is not None:
        await _add(tx, tenant_id, changed)
    return changed


async def compute_anew(tx: Tx, most: int = MAX_COMPUTED) -> tuple[int, list[tuple[str, CalendarRef]]]:
    """Compute revisions that have not been computed by the present data of time zones.

    Returns:
        How many there were; and those whose open time has moved, with whose they are.
    """
    found = await store.without_zone_data(tx, tz_version(), most)
    moved = []
    for tenant_id, revision, before in found:
        now = fingerprint(revision.calendar, revision.changed_at.year)
        has_moved = before is not None and before != now
        ref = revision.calendar.ref
        is_new = await store.note_zone_data(tx, tenant_id, ref, tz_version(), now, has_moved=has_moved)
        if has_moved and is_new:
            moved.append((tenant_id, ref))
    return len(found), moved


async def _add(tx: Tx, tenant_id: str, revision: CalendarRevision) -> None:
    await store.add(tx, tenant_id, revision)
    computed = fingerprint(revision.calendar, revision.changed_at.year)
    tzdata = revision.calendar.tzdata
    await store.note_zone_data(tx, tenant_id, revision.calendar.ref, tzdata, computed, has_moved=False)
