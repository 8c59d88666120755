"""What changes sources."""

import secrets
from collections.abc import Mapping

from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.standard_webhooks import new_secret
from plaudit.common.vault import Vault
from plaudit.ingest.sources import store
from plaudit.ingest.sources.domain import Proof, Source, UnknownPlatformError

PATH_TOKEN_BYTES = 32


async def create(
    work: SqlUnitOfWork,
    tenant_id: str,
    *,
    name: str,
    platform: str,
    subject: str,
    proofs: Mapping[str, Proof],
    vault: Vault,
) -> Source:
    """Create a source with secrets of its own.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        name: for people.
        platform: one that has an adapter.
        subject: what its reviews are about.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts its secrets.

    Raises:
        UnknownPlatformError: there is no adapter for the platform.
    """
    if platform not in proofs:
        raise UnknownPlatformError(f"No adapter for {platform!r}; there are {', '.join(proofs)}.")
    signs = proofs[platform] == "standard_webhooks"
    source = Source(
        tenant_id=tenant_id,
        id=str(work.ids()),
        name=name,
        platform=platform,
        subject=subject,
        secret=new_secret(),
        path_token=None if signs else secrets.token_urlsafe(PATH_TOKEN_BYTES),
        created_at=work.tx.now,
    )
    await store.add(work.tx, source, vault)
    return source
