"""Every way to change a policy: a draft is saved as a revision, which never changes, and put into force."""

from collections.abc import Collection, Mapping

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry, revised
from plaudit.alerting.calendars.domain import Calendar, InvalidCalendarError
from plaudit.alerting.policies import store
from plaudit.alerting.policies.domain.compile import compiled, mistakes_with_calendars
from plaudit.alerting.policies.domain.document import Format, WrongPolicyError
from plaudit.alerting.policies.domain.stored import (
    MAX_REVISIONS,
    OWN_ID,
    Activation,
    PolicyChangedError,
    RevisionKey,
    StoredRevision,
    TooManyRevisionsError,
    UnknownRevisionError,
    fingerprint_of,
)
from plaudit.common.db import Tx, lock


async def save_draft(
    tx: Tx, tenant_id: str, document: str, written: Format, actor: str, calendars: Mapping[str, Calendar]
) -> StoredRevision:
    """Save a document as the next revision; the same as the newest one makes none. It is not put into force.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        document: what was written.
        written: how.
        actor: who saves it.
        calendars: name → calendar in force, of those that the tenant has.

    Raises:
        WrongPolicyError: it is no policy; its errors say all that is wrong.
        TooManyRevisionsError: there are as many as there may be.
    """
    await lock(tx, [order_key(tenant_id)])
    newest = await store.newest(tx, tenant_id, OWN_ID)
    if newest is not None and (newest.document, newest.format) == (document, written):
        return newest
    number = 1 if newest is None else newest.policy.number + 1
    policy = compiled(document, written, policy_id=OWN_ID, number=number, calendars=calendars, now=tx.now)
    if number > MAX_REVISIONS:
        raise TooManyRevisionsError(f"a policy may have {MAX_REVISIONS:,} revisions")
    saved = StoredRevision(policy=policy, format=written, document=document, saved_at=tx.now, saved_by=actor)
    await store.add(tx, tenant_id, saved)
    await record(tx, revised(tenant_id, actor, "policy.saved", (About.POLICY, saved.key.name), number - 1, number))
    return saved


async def activate(
    tx: Tx,
    tenant_id: str,
    key: RevisionKey,
    actor: str,
    calendars: Mapping[str, Calendar],
    *,
    expected: Collection[int] | None = None,
    previewed: str | None = None,
) -> Activation:
    """Put a revision into force: clocks that start from now on are pinned to it. Those that run stay as they are.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        key: which revision.
        actor: who does it.
        calendars: name → calendar in force; they may have changed since the revision was saved.
        expected: the activation that is in force must be one of these, if given.
        previewed: the fingerprint of the preview that was looked at; none where whoever asks does without.

    Raises:
        UnknownRevisionError: there is none.
        PolicyChangedError: another activation is in force, or the preview would be another one now.
        WrongPolicyError: by the calendars of now, its classes do not fit together any more.
    """
    await lock(tx, [order_key(tenant_id)])
    current = await store.in_force(tx, tenant_id)
    if expected is not None and current.id not in expected:
        raise PolicyChangedError("Another revision was put into force since you read it. Read it and decide again.")
    found = await store.find(tx, tenant_id, key)
    if found is None:
        raise UnknownRevisionError("there is no such revision")
    if current.key == key:
        return current
    if previewed is not None and previewed != fingerprint_of(found, current, calendars):
        raise PolicyChangedError(
            "This is not the preview of how it stands now: what is in force, or a calendar, may have changed since. "
            "Preview the revision again and decide."
        )
    errors = mistakes_with_calendars(found.policy, calendars, tx.now)
    if errors:
        raise WrongPolicyError(errors)
    activated = await store.activate(tx, tenant_id, key, actor)
    await record(
        tx,
        Entry(
            tenant_id=tenant_id,
            actor=actor,
            kind="policy.activated",
            about_kind=About.POLICY,
            about_id=key.name,
            before={"in_force": current.key.name},
            after={"in_force": key.name, "preview": "skipped" if previewed is None else "looked at"},
        ),
    )
    return activated


async def check_calendar(tx: Tx, tenant_id: str, calendar: Calendar) -> None:
    """Refuse a calendar with which the policy in force would no longer hold.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        calendar: as it is to be.

    Raises:
        InvalidCalendarError: by it, a severer class could be due later than a milder one.
    """
    policy = (await store.revision_in_force(tx, tenant_id)).policy
    if all(each.calendar != calendar.name for each in policy.classes):
        return
    calendars = {**await store.calendars_of(tx, tenant_id), calendar.name: calendar}
    errors = mistakes_with_calendars(policy, calendars, tx.now)
    if errors:
        told = errors[0].detail.rstrip(".")
        raise InvalidCalendarError("/week", f"the policy in force counts by it and would no longer hold: {told}")


def order_key(tenant_id: str) -> str:
    """Return what serialises changes of a tenant's policy."""
    return f"{tenant_id}/policies"
