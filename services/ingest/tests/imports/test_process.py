"""Imports run in a process of their own: killed in mid-file it is followed by another one, and no row counts twice."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator

import asyncpg
import pytest

from plaudit.common.db import Role
from plaudit.ingest.imports.jobs import import_process
from plaudit.ingest.imports.jobs.import_process import ImportProcess
from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.runtime import until
from plaudit_testing.vault import VAULT_KEYS

pytestmark = pytest.mark.postgres

REVIEWS = 3_000
VERSIONS = 4
MAP = ("id=id", "rating=stars", "published_at=date", "edited_at=edited", "text=text")
PUBLISHED = """
UPDATE ingest.relay_cursor SET xid = last.xid, id = last.id
FROM (SELECT xid, id FROM ingest.outbox ORDER BY xid DESC, id DESC LIMIT 1) AS last
"""


def file() -> bytes:
    """Four versions of each review, the last one first; two rows cannot be taken."""
    lines = [b"id,stars,date,edited,text"]
    for version in reversed(range(1, VERSIONS + 1)):
        edited = b"2026-01-0%dT00:00:00Z" % version
        lines += [b"r-%d,%d,2026-01-01T00:00:00Z,%b,Fine." % (n, version, edited) for n in range(REVIEWS)]
    lines += [b"x-1,none,2026-01-01T00:00:00Z,,x", b"x-2,9,2026-01-01T00:00:00Z,,x"]
    return b"\r\n".join(lines)


@pytest.fixture
async def connection(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Connection]:
    """The database, where everything is published at once; new processes are told of it."""
    url = ingest.resources.settings.database_url
    url = url if isinstance(url, str) else url.get_secret_value()
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", url)
    monkeypatch.setenv("PLAUDIT_VAULT_KEYS", VAULT_KEYS)
    monkeypatch.setattr(import_process, "FIRST_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(import_process, "PAUSE_SECONDS", 0.1)
    opened = await asyncpg.connect(url)
    publisher = await asyncpg.connect(url)

    async def publish() -> None:
        while True:
            await publisher.execute(PUBLISHED)
            await asyncio.sleep(0.2)

    publishing = asyncio.create_task(publish())
    yield opened
    publishing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await publishing
    await publisher.close()
    await opened.close()


async def sent(ingest: Ingest, source: Source) -> str:
    headers = {"authorization": f"Bearer {await ingest.key()}", "content-type": "text/csv"}
    params = {"source_id": source.id, "map": MAP}
    answer = await ingest.client.post("/v1/imports", params=params, content=file(), headers=headers)
    assert answer.status_code == 202, answer.text
    made: str = answer.json()["id"]
    return made


async def written(connection: asyncpg.Connection, at_least: int) -> int:
    """How many rows are written, once there are so many."""
    count = 0

    async def are_there() -> bool:
        nonlocal count
        count = await connection.fetchval("SELECT count(*) FROM ingest.revisions")
        return count >= at_least

    await until(are_there, f"{at_least} rows", 300)
    return count


async def test_a_process_that_is_killed_in_mid_file_is_followed_by_another_and_each_row_is_there_once(
    ingest: Ingest, source: Source, connection: asyncpg.Connection
):
    process = ImportProcess(ingest.resources.database(Role.WORKER))
    stop = asyncio.Event()
    running = asyncio.create_task(process.run(stop))
    import_id = await sent(ingest, source)
    killed: list[int] = []
    for at_least in (1_000, 5_000, 9_000):
        assert await written(connection, at_least) < REVIEWS * VERSIONS
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        killed.append(process.pid)
        await until(lambda: process.pid != killed[-1], "the end is noted")
        # What it had claimed nobody else takes before its lease ends; here it ends at once.
        await connection.execute("UPDATE ingest.imports SET claimed_until = '-infinity'")

    async def is_done() -> bool:
        return bool(await connection.fetchval("SELECT stage = 'done' FROM ingest.imports"))

    await until(is_done, "the import is done", 300)
    stop.set()
    await running
    assert (len({*killed}), process.pid) == (3, None)
    found = (await ingest.get(f"/v1/imports/{import_id}")).json()
    taken = REVIEWS * VERSIONS
    assert (found["accepted"], found["unchanged"], found["rejected"]) == (taken, 0, 2)
    rows = await ingest.rows("SELECT rating, revision FROM ingest.reviews")
    assert [tuple(row) for row in rows] == [(VERSIONS, VERSIONS)] * REVIEWS
    counts = await ingest.counts()
    assert (counts["reviews"], counts["revisions"], counts["outbox"]) == (REVIEWS, taken, taken)


async def test_a_process_ends_with_whoever_started_it_and_leaves_its_import_to_others(
    ingest: Ingest, source: Source, connection: asyncpg.Connection
):
    await sent(ingest, source)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", import_process.__name__, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    await written(connection, 1)
    process.stdin.close()
    assert await process.wait() == 0
    row = await connection.fetchrow("SELECT stage, claimed_by, position FROM ingest.imports")
    assert row is not None
    assert (row["stage"], row["claimed_by"]) == ("writing", None)
    assert 0 < row["position"] < REVIEWS * VERSIONS
