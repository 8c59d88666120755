"""What people do about touchpoints."""

from uuid import UUID

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.cadences.commands.persons import replan
from plaudit.alerting.cadences.commands.rules import order_key
from plaudit.alerting.cadences.domain.touchpoint import (
    Channel,
    State,
    Touchpoint,
    TouchpointClosedError,
    UnknownTouchpointError,
)
from plaudit.alerting.cadences.store import persons, revisions, touchpoints
from plaudit.common.db import Tx, lock


async def done(tx: Tx, tenant_id: str, touchpoint_id: UUID, channel: Channel, note: str, by: str) -> Touchpoint:
    """Record that the customer was contacted, which begins intervals since the last contact anew.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        touchpoint_id: which.
        channel: by which way.
        note: what was said; may be empty.
        by: the public id of a key, or the person, as `person:<id>`.

    Raises:
        UnknownTouchpointError: there is none.
        TouchpointClosedError: it is not open.
    """
    key = await _key(tx, tenant_id, touchpoint_id)
    touchpoint = await _closed(tx, tenant_id, touchpoint_id, State.DONE, by, channel=channel.value, note=note or None)
    known = await persons.load(tx, [key])
    in_force = await revisions.newest(tx, [tenant_id])
    if known and in_force:
        await persons.note_contact(tx, key)
        known = await persons.load(tx, [key])
        await replan(tx, known, in_force, {key: tx.now})
    return touchpoint


async def skip(tx: Tx, tenant_id: str, touchpoint_id: UUID, why: str, by: str) -> Touchpoint:
    """Record that the customer is not contacted this time, and why; what comes next stays.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        touchpoint_id: which.
        why: the reason, in words.
        by: as for `done`.

    Raises:
        UnknownTouchpointError: there is none.
        TouchpointClosedError: it is not open.
    """
    await _key(tx, tenant_id, touchpoint_id)
    return await _closed(tx, tenant_id, touchpoint_id, State.SKIPPED, by, why=why)


async def _key(tx: Tx, tenant_id: str, touchpoint_id: UUID) -> tuple[str, str]:
    """Return whom a touchpoint is about, with that order key locked. Its person never changes."""
    touchpoint = await touchpoints.read(tx, tenant_id, touchpoint_id)
    if touchpoint is None:
        raise UnknownTouchpointError
    await lock(tx, [order_key(tenant_id, touchpoint.person)])
    return tenant_id, touchpoint.person


async def _closed(
    tx: Tx,
    tenant_id: str,
    touchpoint_id: UUID,
    state: State,
    by: str,
    *,
    why: str | None = None,
    channel: str | None = None,
    note: str | None = None,
) -> Touchpoint:
    touchpoint = await touchpoints.read(tx, tenant_id, touchpoint_id)
    if touchpoint is None:  # the person was erased meanwhile
        raise UnknownTouchpointError
    closed = await touchpoints.close(tx, touchpoint, state, by, why=why, channel=channel, note=note)
    if closed is None:
        raise TouchpointClosedError
    await record(
        tx,
        Entry(
            tenant_id=tenant_id,
            actor=by,
            kind=f"touchpoint.{state}",
            about_kind=About.TOUCHPOINT,
            about_id=str(touchpoint_id),
            before={"state": touchpoint.state},
            after={"state": state},
        ),
    )
    return closed
