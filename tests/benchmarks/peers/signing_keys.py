"""What senders sign with, read as the product stores it: encrypted by the vault."""

from uuid import UUID

import asyncpg

from plaudit.common.db import Database, Role
from plaudit.common.standard_webhooks import decode_secret
from plaudit.common.vault import vault_of
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sources import store


async def signing_keys(settings: IngestSettings) -> dict[UUID, bytes]:
    """Return the key of each source, by its id; the database's user must be a superuser."""
    raw = await asyncpg.connect(settings.database_url.get_secret_value())
    rows = await raw.fetch("SELECT id FROM ingest.sources")
    await raw.close()
    database, vault = Database(settings, "ingest", Role.HOOK, pool_size=1), vault_of(settings)
    keys: dict[UUID, bytes] = {}
    try:
        async with database.transaction() as tx:
            for row in rows:
                source = await store.find(tx, row["id"], vault)
                assert source is not None, "a source was deleted meanwhile"
                assert source.secret is not None, "the vault has the key of each secret"
                keys[row["id"]] = decode_secret(source.secret)
    finally:
        await database.close()
    return keys
