"""A file is received: part by part, each in a transaction of its own."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from fastapi import Request

from plaudit.common.db import Database, Role
from plaudit.common.http import Principal, not_found
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.vault import Vault
from plaudit.ingest.imports import commands, store
from plaudit.ingest.imports.api.looking import HEAD_BYTES
from plaudit.ingest.imports.domain import Import, PausedSourceError, Stage, Wanted
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.domain import Source

CHUNK_BYTES: Final = 1024 * 1024


async def head_of(parts: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """Return the beginning of a file, and whether it may go on behind it."""
    head = bytearray()
    async for part in parts:
        head += part
        if len(head) >= HEAD_BYTES:
            return bytes(head), True
    return bytes(head), False


async def received(
    request: Request,
    principal: Principal,
    vault: Vault,
    head: bytes,
    parts: AsyncIterator[bytes],
    *,
    source_id: UUID,
    reading: Wanted,
    dry_run: bool,
    backfill: bool,
    key: str | None,
) -> tuple[Import, bool]:
    """Store a file, and let it wait for the job.

    Returns:
        Its import, and whether it is that of the first request under this key.

    Raises:
        PausedSourceError: nothing is taken for the source.
        Problem: 404, there is no such source.
    """
    database: Database = request.app.state.resources.database(Role.API)
    new = await begun(
        request, principal, vault, source_id=source_id, reading=reading, dry_run=dry_run, backfill=backfill
    )
    try:
        digest, size_bytes = await stored_parts(database, new, head, parts)
        stated = None if key is None else _idempotency_key(key, new, digest)
        async with database.transaction(new.tenant_id) as tx:
            import_id, is_replayed = await commands.receive(tx, new, size_bytes, stated)
            found = await store.get(tx, new.tenant_id, import_id)
    except BaseException:
        await given_up(database, new)
        raise
    if found is None:
        raise not_found("import")
    return found, is_replayed


async def begun(
    request: Request,
    principal: Principal,
    vault: Vault,
    *,
    source_id: UUID,
    reading: Wanted,
    dry_run: bool = False,
    backfill: bool = False,
) -> Import:
    """Return the import of a file that is about to be received.

    Raises:
        PausedSourceError: nothing is taken for the source.
        Problem: 404, there is no such source.
    """
    resources = request.app.state.resources
    database: Database = resources.database(Role.API)
    async with database.transaction(principal.tenant_id) as tx:
        _check_source(await sources.get(tx, principal.tenant_id, source_id, vault))
        new = Import(
            tenant_id=principal.tenant_id,
            id=resources.ids(),
            source_id=source_id,
            stage=Stage.UPLOADING,
            wanted=reading,
            understood=None,
            dry_run=dry_run,
            backfill=backfill,
            requested_by=principal.actor,
            requested_at=tx.now,
        )
        await store.add(tx, new)
    return new


async def given_up(database: Database, new: Import) -> None:
    """Delete what was received of a file that did not come whole."""
    async with database.transaction(new.tenant_id) as tx:
        await store.remove(tx, new.tenant_id, new.id)


def _check_source(source: Source | None) -> None:
    if source is None:
        raise not_found("source")
    if source.paused_at is not None:
        raise PausedSourceError("This source is paused, so nothing is taken for it.")


async def stored_parts(database: Database, new: Import, head: bytes, parts: AsyncIterator[bytes]) -> tuple[bytes, int]:
    """Store a file part by part, each in a transaction of its own; return its SHA-256 and its size in bytes."""
    digest = sha256(head)
    size_bytes, number = len(head), 0
    held = bytearray(head)
    async for part in parts:
        digest.update(part)
        size_bytes += len(part)
        held += part
        if len(held) >= CHUNK_BYTES:
            await _store_part(database, new, number, bytes(held))
            held.clear()
            number += 1
    if held:
        await _store_part(database, new, number, bytes(held))
    return digest.digest(), size_bytes


async def _store_part(database: Database, new: Import, number: int, part: bytes) -> None:
    async with database.driver_transaction(new.tenant_id) as tx:
        await store.add_chunk(tx, new.tenant_id, new.id, number, part)


def _idempotency_key(text: str, new: Import, digest: bytes) -> IdempotencyKey:
    wanted_of_it = msgspec.json.encode((str(new.source_id), new.wanted, new.dry_run, new.backfill))
    return IdempotencyKey(f"api:{text}", sha256(b"POST /v1/imports\n" + wanted_of_it + digest).digest())
