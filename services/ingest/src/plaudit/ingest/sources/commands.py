"""What changes sources."""

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.standard_webhooks import new_secret
from plaudit.common.vault import Vault
from plaudit.ingest.sources import store
from plaudit.ingest.sources.domain import (
    ProofOf,
    Source,
    UnknownPlatformError,
    UnsignedPlatformError,
    checked_networks,
    checked_time_zone,
)

PATH_TOKEN_BYTES = 32


async def create(
    work: SqlUnitOfWork,
    tenant_id: str,
    *,
    name: str,
    platform: str,
    subject: str,
    secret: str | None = None,
    allowed_addresses: Sequence[str] = (),
    time_zone: str | None = None,
    mapping: str | None = None,
    proofs: Mapping[str, ProofOf],
    vault: Vault,
) -> Source:
    """Create a source with secrets of its own.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        name: for people.
        platform: one that has an adapter.
        subject: what its reviews are about.
        secret: that the platform issued; a new one of ours without.
        allowed_addresses: networks that deliveries may come from; any without.
        time_zone: of times that the platform sends without a zone.
        mapping: of a custom source, as JSON.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts its secrets.

    Raises:
        UnknownPlatformError: there is no adapter for the platform.
        UnsignedPlatformError: a secret for a platform that signs nothing.
        InvalidSecretError: the secret is none that the platform signs with.
        InvalidSourceError: there is no such zone or network.
        InvalidMappingError: the mapping is none, or not for this platform.
    """
    if platform not in proofs:
        raise UnknownPlatformError(f"No adapter for {platform!r}; there are {', '.join(proofs)}.")
    proof = proofs[platform](mapping)
    if secret is not None and proof.in_address:
        raise _unsigned(platform)
    signing = secret or new_secret()
    proof.key(signing)
    source = Source(
        tenant_id=tenant_id,
        id=str(work.ids()),
        name=name,
        platform=platform,
        subject=subject,
        secret=signing,
        path_token=_path_token() if proof.in_address else None,
        allowed_addresses=checked_networks(tuple(allowed_addresses)),
        time_zone=checked_time_zone(time_zone),
        mapping=mapping,
        created_at=work.tx.now,
    )
    await store.add(work.tx, source, vault)
    return source


async def set_secrets(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    written: Sequence[str],
    proofs: Mapping[str, ProofOf],
    vault: Vault,
) -> Source | None:
    """Let these secrets count for a source, and no others; None if there is no such source.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        written: at least one; the first is shown as the source's secret.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts them.

    Raises:
        UnsignedPlatformError: its platform signs nothing.
        InvalidSecretError: one is no secret that the platform signs with.
    """
    source = await store.get(work.tx, tenant_id, source_id, vault)
    if source is None:
        return None
    proof = proofs[source.platform](source.mapping)
    if proof.in_address:
        raise _unsigned(source.platform)
    for secret in written:
        proof.key(secret)
    changed = replace(source, secret=written[0], more_secrets=tuple(written[1:]))
    await store.set_secrets(work.tx, changed, vault)
    return changed


async def set_mapping(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    mapping: str,
    proofs: Mapping[str, ProofOf],
    vault: Vault,
) -> Source | None:
    """Replace the mapping of a custom source; None if there is no such source.

    Where the new one proves deliveries by the address, and the one before did not, the address gets a secret token;
    the other way round it loses it.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        mapping: as JSON.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts what proves deliveries.

    Raises:
        InvalidMappingError: the mapping is none, or the source is not custom.
        InvalidSecretError: a secret of the source is none that the new proof signs with.
    """
    source = await store.get(work.tx, tenant_id, source_id, vault)
    if source is None:
        return None
    proof = proofs[source.platform](mapping)
    token = (source.path_token or _path_token()) if proof.in_address else None
    for secret in () if proof.in_address else (source.secret, *source.more_secrets):
        proof.key(secret)
    changed = replace(source, mapping=mapping, path_token=token)
    await store.set_mapping(work.tx, changed, vault)
    return changed


def _path_token() -> str:
    return secrets.token_urlsafe(PATH_TOKEN_BYTES)


def _unsigned(platform: str) -> UnsignedPlatformError:
    return UnsignedPlatformError(f"{platform} signs nothing: the address of the source is its secret.")
