"""What changes the pulls of a source: credentials, asking now, and what a run has brought."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.vault import Vault
from plaudit.ingest.platforms import Interface
from plaudit.ingest.pulls import store
from plaudit.ingest.pulls.domain import NoInterfaceError, NothingHeldError, Pull
from plaudit.ingest.pulls.store import Claimed
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import Source


async def set_credentials(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    written: Mapping[str, Any],
    interfaces: Mapping[str, Interface],
    vault: Vault,
) -> tuple[Source, Pull] | None:
    """Let a source be asked with these credentials, from now on; None if there is no such source.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        written: the credentials, by the names that the platform's interface gives them.
        interfaces: by platform.
        vault: encrypts them.

    Raises:
        NoInterfaceError: the platform is not asked.
        InvalidCredentialsError: they are not what the interface needs.
    """
    source = await sources.get(work.tx, tenant_id, source_id, vault)
    if source is None:
        return None
    interface = interfaces.get(source.platform)
    if interface is None:
        raise NoInterfaceError(source.platform, interfaces)
    credentials = msgspec.json.encode(interface.read_credentials(written)).decode()
    await store.set_credentials(work.tx, tenant_id, source.id, source.platform, credentials, vault)
    pull = await store.get(work.tx, tenant_id, source_id)
    assert pull is not None, "it was stored just now"
    return source, pull


async def ask_now(work: SqlUnitOfWork, tenant_id: str, source_id: UUID) -> Pull | None:
    """Make a source due at once, or when its platform allows; None while it has no credentials."""
    await store.ask_now(work.tx, tenant_id, source_id)
    return await store.get(work.tx, tenant_id, source_id)


async def allow_removals(work: SqlUnitOfWork, tenant_id: str, source_id: UUID, allowed_by: str) -> Pull | None:
    """Let what is held be removed with the next run, which is due at once; None while there are no credentials.

    Raises:
        NothingHeldError: nothing is held.
    """
    await store.allow_removals(work.tx, tenant_id, source_id, allowed_by)
    pull = await store.get(work.tx, tenant_id, source_id)
    if pull is not None and pull.held_removals is None:
        raise NothingHeldError
    return pull


async def note_page(
    tx: Tx,
    claimed: Claimed,
    pull: Pull,
    fingerprints: Mapping[str, bytes],
    delivery_id: str | None,
    asked_at: datetime,
) -> bool:
    """Store what a page has listed, and how far the source is after it; False where the claim is lost.

    Args:
        tx: the open transaction, under a worker.
        claimed: the claim.
        pull: the state after the page.
        fingerprints: of what the page tells, by the reviews' ids.
        delivery_id: what was written of the page; None where it said nothing new.
        asked_at: when it was asked for.
    """
    if not await store.save(tx, claimed, pull):
        return False
    if fingerprints:
        await store.note_listed(tx, pull, fingerprints, delivery_id, asked_at)
    return True
