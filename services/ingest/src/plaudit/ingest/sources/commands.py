"""What changes sources."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.common import idempotency
from plaudit.common.db import SqlTx, Tx, lock
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.standard_webhooks import new_secret
from plaudit.common.vault import Vault
from plaudit.ingest.sources import store
from plaudit.ingest.sources.domain import (
    DEFAULT_OVERLAP,
    Proof,
    ProofByMapping,
    Source,
    UnknownPlatformError,
    UnknownSourceError,
    UnopenedSecretError,
    UnsignedPlatformError,
    check_revision,
    checked_networks,
    checked_time_zone,
    edited,
    rotated,
    with_secrets,
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
    proofs: Mapping[str, ProofByMapping],
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
    proof, signing = proof_and_secret(platform, mapping, secret, proofs)
    source = Source(
        tenant_id=tenant_id,
        id=str(work.ids()),
        name=name,
        platform=platform,
        subject=subject,
        secret=signing,
        path_token=new_path_token() if proof.in_address else None,
        allowed_addresses=checked_networks(tuple(allowed_addresses)),
        time_zone=checked_time_zone(time_zone),
        mapping=mapping,
        created_at=work.tx.now,
    )
    await store.add(work.tx, source, vault)
    return source


def proof_and_secret(
    platform: str, mapping: str | None, secret: str | None, proofs: Mapping[str, ProofByMapping]
) -> tuple[Proof, str]:
    """Return what proves the deliveries of a new source, and its secret: the platform's, or a new one of ours.

    Raises:
        UnknownPlatformError: there is no adapter for the platform.
        UnsignedPlatformError: a secret for a platform that signs nothing.
        InvalidSecretError: the secret is none that the platform signs with.
        InvalidMappingError: the mapping is none, or not for this platform.
    """
    if platform not in proofs:
        raise UnknownPlatformError(f"No adapter for {platform!r}; there are {', '.join(proofs)}.")
    proof = proofs[platform](mapping)
    if secret is not None and proof.in_address:
        raise _unsigned(platform)
    signing = secret or new_secret()
    proof.key(signing)
    return proof, signing


async def edit(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    changes: dict[str, Any],
    vault: Vault,
    *,
    expected: Collection[int] | None = None,
) -> Source:
    """Give a source other settings. What has come from it stays as it is.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        changes: field → value, see `domain.edited`.
        vault: encrypts its secrets.
        expected: of these revisions the source must be one; None for any.

    Raises:
        UnknownSourceError: there is no such source.
        ChangedInBetweenError: it has another revision.
        InvalidSourceError: there is no such zone or network.
    """
    source = await _locked(work, tenant_id, source_id, vault, expected)
    return await _saved(work, source, edited(source, changes, work.tx.now), vault)


async def rotate(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    *,
    proofs: Mapping[str, ProofByMapping],
    vault: Vault,
    secret: str | None = None,
    overlap: timedelta = DEFAULT_OVERLAP,
    expected: Collection[int] | None = None,
) -> Source:
    """Give a source another secret, or another token in its address, and let the present one count for a while too.

    Older ones that cannot be decrypted end at once.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts it.
        secret: that the platform issued; a new one of ours without.
        overlap: how long the present one counts too; with none, all older ones end at once.
        expected: of these revisions the source must be one; None for any.

    Raises:
        UnknownSourceError: there is no such source.
        ChangedInBetweenError: it has another revision.
        UnsignedPlatformError: a secret for a platform that signs nothing.
        InvalidSecretError: the secret is none that the platform signs with.
        TooManySecretsError: the older ones leave no place for another.
    """
    source = await _locked(work, tenant_id, source_id, vault, expected)
    proof = proofs[source.platform](source.mapping)
    if secret is not None and proof.in_address:
        raise _unsigned(source.platform)
    new = new_path_token() if proof.in_address else secret or new_secret()
    proof.key(new)
    if not source.is_unopened:
        changed = rotated(source, new, overlap, work.tx.now)
    elif proof.in_address:
        changed = with_secrets(source, new_secret(), new)
    else:
        changed = with_secrets(source, new)
    return await _saved(work, source, changed, vault)


async def set_secrets(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    written: Sequence[str],
    proofs: Mapping[str, ProofByMapping],
    vault: Vault,
) -> Source:
    """Let these secrets count for a source, and no others.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        written: at least one; the first is shown as the source's secret.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts them.

    Raises:
        UnknownSourceError: there is no such source.
        UnsignedPlatformError: its platform signs nothing.
        InvalidSecretError: one is no secret that the platform signs with.
    """
    source = await _locked(work, tenant_id, source_id, vault, None)
    proof = proofs[source.platform](source.mapping)
    if proof.in_address:
        raise _unsigned(source.platform)
    for secret in written:
        proof.key(secret)
    return await _saved(work, source, with_secrets(source, written[0], more=tuple(written[1:])), vault)


async def set_mapping(
    work: SqlUnitOfWork,
    tenant_id: str,
    source_id: UUID,
    mapping: str,
    proofs: Mapping[str, ProofByMapping],
    vault: Vault,
    *,
    expected: Collection[int] | None = None,
) -> Source:
    """Replace the mapping of a custom source.

    Where the new one proves deliveries by the address, and the one before did not, the address gets a secret token;
    the other way round it loses it. Further secrets are of the proof before, and end then.

    Args:
        work: the open unit of work.
        tenant_id: whose source it is.
        source_id: the source.
        mapping: as JSON.
        proofs: how each platform that has an adapter proves its deliveries.
        vault: encrypts what proves deliveries.
        expected: of these revisions the source must be one; None for any.

    Raises:
        UnknownSourceError: there is no such source.
        ChangedInBetweenError: it has another revision.
        InvalidMappingError: the mapping is none, or the source is not custom.
        InvalidSecretError: a secret of the source is none that the new proof signs with.
        UnopenedSecretError: its secrets cannot be decrypted, so that nobody knows.
    """
    source = await _locked(work, tenant_id, source_id, vault, expected)
    if source.is_unopened:
        raise UnopenedSecretError
    proof = proofs[source.platform](mapping)
    changed = replace(source, mapping=mapping, revision=source.revision + 1)
    if proof.in_address is (source.path_token is None):
        token = new_path_token() if proof.in_address else None
        changed = replace(changed, path_token=token, more_secrets=(), more_secrets_until=())
    for secret in changed.proving:
        proof.key(secret)
    return await _saved(work, source, changed, vault)


async def delete(
    work: SqlUnitOfWork, tenant_id: str, source_id: UUID, vault: Vault, *, expected: Collection[int] | None = None
) -> None:
    """Delete a source: its address is none any more. Its reviews and deliveries stay.

    Raises:
        UnknownSourceError: there is no such source.
        ChangedInBetweenError: it has another revision than one of those expected.
    """
    await _locked(work, tenant_id, source_id, vault, expected)
    await store.remove(work.tx, tenant_id, source_id)


async def find_made(tx: SqlTx, tenant_id: str, key: IdempotencyKey, vault: Vault) -> Source | None:
    """Lock a key; return the source that was made under it, as it is now, or None when the key is new.

    It is the transaction's first statement that waits or writes.

    Raises:
        KeyReusedError: the key came with another request before.
        UnknownSourceError: the source was deleted since.
    """
    await lock(tx, [idempotency.order_key(tenant_id, key.key)])
    answer = await idempotency.find(tx, tenant_id, key)
    if answer is None:
        return None
    source = await store.get(tx, tenant_id, msgspec.json.decode(answer, type=UUID), vault)
    if source is None:
        raise UnknownSourceError
    return source


async def keep_made(tx: Tx, tenant_id: str, key: IdempotencyKey, source: Source) -> None:
    """Keep which source was made under a key, for a repeat: its id alone, for its secrets stand in one place."""
    await idempotency.keep(tx, tenant_id, key, msgspec.json.encode(source.id).decode())


def new_path_token() -> str:
    """Return a new secret for an address."""
    return secrets.token_urlsafe(PATH_TOKEN_BYTES)


def _unsigned(platform: str) -> UnsignedPlatformError:
    return UnsignedPlatformError(f"{platform} signs nothing: the address of the source is its secret.")


async def _locked(
    work: SqlUnitOfWork, tenant_id: str, source_id: UUID, vault: Vault, expected: Collection[int] | None
) -> Source:
    source = await store.lock(work.tx, tenant_id, source_id, vault)
    if source is None:
        raise UnknownSourceError
    check_revision(source, expected)
    return source


async def _saved(work: SqlUnitOfWork, before: Source, after: Source, vault: Vault) -> Source:
    if after != before:
        await store.save(work.tx, after, vault)
    return after
