"""Imports: a file of many rows, from the parts that are stored of it to the last row that is committed.

The job runs in this process, alone; a process that it starts decides about the rows. Nobody publishes: the relay's
cursor is moved as if somebody did, since an import gives way while events wait.
"""

import asyncio
import os
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from benchmarks import cpu, servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report
from benchmarks.reviews import SEED, TENANT, text
from benchmarks.servers import Servers
from plaudit.common.db import Database, Role
from plaudit.common.memory import tune_memory
from plaudit.common.outbox import SqlUnitOfWork
from plaudit.common.process import Resources
from plaudit.common.tenants import commands as tenants
from plaudit.common.vault import vault_of
from plaudit.ingest.imports import store
from plaudit.ingest.imports.api.receiving import CHUNK_BYTES
from plaudit.ingest.imports.domain import Import, Stage, Wanted
from plaudit.ingest.imports.jobs.import_job import ImportJob
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sorting.domain import language
from plaudit.ingest.sources import commands as sources
from plaudit_testing.vault import VAULT_KEYS

ROWS: Final = 200_000
TEXT_WORDS: Final = 20
PUBLISHED_EVERY_SECONDS: Final = 0.5
WANTED: Final = Wanted(map=("id=id", "rating=stars", "published_at=date", "text=text"))
_PUBLISHED: Final = """
UPDATE ingest.relay_cursor SET xid = last.xid, id = last.id
FROM (SELECT xid, id FROM ingest.outbox ORDER BY xid DESC, id DESC LIMIT 1) AS last
"""


def run(report: Report, options: Options) -> None:
    """Store a file, import it, and tell how long that took."""
    rows = options.scaled(ROWS)
    with servers.running(with_kafka=False, pinned=False) as backing:
        asyncio.run(backing.prepare("ingest"))
        describe(report, backing)
        asyncio.run(_run(report, backing, rows))


async def _run(report: Report, backing: Servers, rows: int) -> None:
    report.heading(f"import of {rows:,} rows of {TEXT_WORDS} words")
    settings = IngestSettings.model_validate({"database_url": backing.database_url, "vault_keys": VAULT_KEYS})
    resources = Resources(settings, "ingest")
    import_id = await _stored(resources, rows)
    connection = await asyncpg.connect(backing.database_url)
    worker, hook = resources.database(Role.WORKER), resources.database(Role.HOOK)
    job = ImportJob(worker, hook, resources.outbox, resources.ids, vault_of(settings))
    publishing = asyncio.create_task(_publish(backing.database_url))
    language.load()
    tune_memory()
    server = backing.readers()["PostgreSQL"]
    server_at = server()
    began_at, read_after, most_bytes = time.monotonic(), 0.0, 0
    spent_at, deciding_at = time.process_time(), _of_ended_children()
    while await job.has_work():
        await job.turn()
        running = job.running
        if not read_after and running is not None and running.stage is Stage.WRITING:
            read_after = time.monotonic() - began_at
            most_bytes = max(most_bytes, cpu.memory_bytes(os.getpid()))
    took, spent = time.monotonic() - began_at, time.process_time() - spent_at
    deciding = _of_ended_children() - deciding_at
    server_spent = server() - server_at
    most_bytes = max(most_bytes, cpu.memory_bytes(os.getpid()))
    publishing.cancel()
    row = await connection.fetchrow("SELECT stage, accepted FROM ingest.imports WHERE id = $1", import_id)
    assert row is not None, "the import is stored"
    report.check("stage and rows", (row["stage"], row["accepted"]), ("done", rows))
    report.line("reading", f"{read_after:.1f} s, {rows / read_after:,.0f} rows/s")
    report.line("writing", f"{took - read_after:.1f} s, {rows / (took - read_after):,.0f} rows/s")
    report.line("in all", f"{took:.1f} s, {rows / took:,.0f} rows/s")
    report.line("processor time of the job", f"{spent / rows * 1e6:.1f} µs a row")
    report.line("processor time of the process that decides", f"{deciding / rows * 1e6:.1f} µs a row")
    report.line("processor time of PostgreSQL", f"{server_spent / rows * 1e6:.1f} µs a row")
    report.line("memory of the job", f"{most_bytes / 2**20:.0f} MiB")
    await connection.close()
    await resources.close()


def _of_ended_children() -> float:
    """Return the processor time of the processes that this one has started and that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _stored(resources: Resources[IngestSettings], rows: int) -> UUID:
    owner = Database(resources.settings, "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tenants.create(tx, TENANT, TENANT)
    await owner.close()
    database = resources.database(Role.API)
    async with database.transaction(TENANT) as tx:
        source = await sources.create(
            SqlUnitOfWork(tx, resources.outbox, resources.ids),
            TENANT,
            name="imported",
            platform="native",
            subject="acme",
            secret=None,
            allowed_addresses=(),
            time_zone=None,
            proofs={name: adapter.proof_of for name, adapter in ADAPTERS.items()},
            vault=vault_of(resources.settings),
        )
        new = Import(
            tenant_id=TENANT,
            id=resources.ids(),
            source_id=UUID(source.id),
            stage=Stage.UPLOADING,
            wanted=WANTED,
            understood=None,
            dry_run=False,
            backfill=False,
            requested_by="benchmark",
            requested_at=tx.now,
        )
        await store.add(tx, new)
    size_bytes = 0
    for number, part in enumerate(_parts(rows)):
        size_bytes += len(part)
        async with database.driver_transaction(TENANT) as written:
            await store.add_chunk(written, TENANT, new.id, number, part)
    async with database.driver_transaction(TENANT) as written:
        await store.set_uploaded(written, TENANT, new.id, size_bytes)
    return new.id


def _parts(rows: int) -> Iterator[bytes]:
    draw, first = random.Random(SEED), datetime(2024, 1, 1, tzinfo=UTC)
    held = bytearray(b"id,stars,date,text\r\n")
    for number in range(rows):
        at = first + timedelta(seconds=draw.randrange(50_000_000))
        words = text(draw, TEXT_WORDS).replace('"', "'")
        held += f'r-{number},{draw.randint(1, 5)},{at.isoformat()},"{words}"\r\n'.encode()
        if len(held) >= CHUNK_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


async def _publish(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    while True:
        await connection.execute(_PUBLISHED)
        await asyncio.sleep(PUBLISHED_EVERY_SECONDS)
