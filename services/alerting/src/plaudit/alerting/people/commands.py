"""Every way to change what a tenant says of its people: each document is a revision, which never changes."""

from collections.abc import Collection
from typing import Final

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, revised
from plaudit.alerting.people import store
from plaudit.alerting.people.domain.document import compiled
from plaudit.alerting.people.domain.stored import (
    MAX_REVISIONS,
    OwnersChangedError,
    OwnersRevision,
    TooManyRevisionsError,
)
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Tx, lock
from plaudit.common.delivery.endpoints import store as endpoints

NAME: Final = "owners"
"""The one document of a tenant, in the audit trail."""


async def save(
    tx: Tx, tenant_id: str, document: str, written: Format, actor: str, *, expected: Collection[int] | None = None
) -> OwnersRevision:
    """Put a document in force, as the next revision; the same as the one in force makes none.

    Alerts and mails from now on go by it. Escalations that run keep their steps, and tell the people of this document.

    Args:
        tx: the open transaction; it has read and written nothing.
        tenant_id: whose.
        document: what was written.
        written: how.
        actor: who saves it.
        expected: only if one of these revisions is in force; 0 is none.

    Raises:
        WrongOwnersError: it contradicts itself; its errors say all that is wrong.
        OwnersChangedError: another revision is in force.
        TooManyRevisionsError: there are as many as there may be.
    """
    await lock(tx, [order_key(tenant_id)])
    newest = await store.newest(tx, tenant_id)
    number = 0 if newest is None else newest.owners.number
    if expected is not None and number not in expected:
        raise OwnersChangedError(number)
    if newest is not None and (newest.document, newest.format) == (document, written):
        return newest
    known = {each.id for each in await endpoints.all_of(tx, tenant_id)}
    owners = compiled(document, written, endpoints=known, number=number + 1)
    if owners.number > MAX_REVISIONS:
        raise TooManyRevisionsError(f"there may be {MAX_REVISIONS:,} revisions")
    saved = OwnersRevision(owners=owners, format=written, document=document, saved_at=tx.now, saved_by=actor)
    await store.add(tx, tenant_id, saved)
    await record(tx, revised(tenant_id, actor, "owners.saved", (About.OWNERS, NAME), number, owners.number))
    return saved


def order_key(tenant_id: str) -> str:
    """Return what serialises changes of what a tenant says of its people."""
    return f"{tenant_id}/owners"
