"""The database has no room, or was made read-only, while reviews come in: 503, not ready, and back by itself."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from plaudit_local.servers.postgres import DATABASE, Postgres, run_sql
from plaudit_testing import pipeline
from plaudit_testing.databases import NO_KAFKA, migrated
from plaudit_testing.servers import temporary_folder
from plaudit_testing.stack import AS_SHIPPED, ServiceProcess, Stack, eventually, stack
from plaudit_testing.webhooks import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

DISK_BYTES = 96 * 1024 * 1024
SPARE_BYTES = 64 * 1024
"""That other files of the disk leave: less than what a table grows by at once."""
TAKEN = 20
REFUSED = 6
GETS = ("/v1/reviews", "/v1/sources")


@dataclass
class SmallDisk:
    """A file system of its own, which a file of others fills."""

    folder: Path

    @property
    def others(self) -> Path:
        """The file of others."""
        return self.folder / "others"

    def fill(self) -> None:
        """Take all the room that is left, but for some pages; the database takes of it at the same time."""
        with self.others.open("wb") as file:
            while (room := shutil.disk_usage(self.folder).free) > SPARE_BYTES:
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), room - SPARE_BYTES)

    def free(self) -> None:
        """Give it back."""
        self.others.unlink()


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    with temporary_folder("plaudit-test-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            pytest.skip("this account may mount no file system, so no disk can be full")
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def on_small_disk(server: Postgres, disk: SmallDisk) -> None:
    """Move the product's database onto the small disk; the log of transactions stays where it is."""
    place = disk.folder / "tables"
    place.mkdir()
    if server.account is not None:
        disk.folder.chmod(0o711)
        os.chown(place, server.account.uid, server.account.gid)
    run_sql(
        server.dsn_of("postgres"),
        f"CREATE TABLESPACE small LOCATION '{place}'",
        f"ALTER DATABASE {DATABASE} SET TABLESPACE small",
    )


async def go_through_it(
    server: Postgres, folder: Path, begin: Callable[[], None], end: Callable[[], None], *, is_told_at_rest: bool
) -> None:
    """Take reviews, then none while it lasts, then all of them; nothing is lost or doubled."""
    migrated(server.dsn, "ingest")
    with stack(server.dsn, NO_KAFKA, folder, **AS_SHIPPED) as running:
        running.key = running.new_key("default")
        ingest = running.process("ingest", "api").start()
        await asyncio.to_thread(ingest.wait_ready)
        source = await asyncio.to_thread(pipeline.create_source, running, ingest, "acme")
        platform = Platform(source["hook"], source["secret"])
        async with httpx.AsyncClient(timeout=60) as client, asyncio.TaskGroup() as group:
            enough = asyncio.Event()

            async def send(stream: int) -> None:
                number = 0
                while not enough.is_set():
                    number += 1
                    data = {"id": f"r-{stream}-{number}", "rating": 4, "published_at": "2026-02-14T10:15:30Z"}
                    text = f"{stream} {number} {os.urandom(4_000).hex()}"
                    await platform.post(client, [{"type": "review.created", "data": {**data, "text": text}}])

            for stream in range(3):
                group.create_task(send(stream))
            try:
                await goal(lambda: len(platform.acknowledged), TAKEN, "reviews are taken")
                await asyncio.to_thread(begin)
                await goal(lambda: len(platform.refusals), REFUSED, "reviews are turned away")
                await eventually(lambda: ingest.get("/readyz")[0] == 503, "the process is not ready")
                said = str((await asyncio.to_thread(ingest.get, "/readyz"))[1])
                assert is_told_at_rest or "stores nothing" in said or "DiskFull" in said, said
                assert (await asyncio.to_thread(ingest.get, "/livez"))[0] == 200
                await assert_reads_go_on(running, ingest)
                await asyncio.to_thread(end)
                await goal(lambda: len(platform.acknowledged), TAKEN, "reviews are taken again")
            finally:
                enough.set()
        assert ingest.running
        await asyncio.to_thread(ingest.wait_ready)
        assert len(platform.refusals) == platform.unavailable, "a connection was cut instead"
        deliveries = pipeline.rows(running, "SELECT sent_id FROM ingest.deliveries")
        assert platform.acknowledged.keys() == {row["sent_id"] for row in deliveries}
        assert len(deliveries) == len(platform.acknowledged)
        [counts] = pipeline.rows(
            running,
            "SELECT (SELECT count(*) FROM ingest.reviews) AS reviews, (SELECT count(*) FROM ingest.revisions) AS "
            "revisions, (SELECT count(*) FROM ingest.outbox) AS events",
        )
        assert dict(counts) == dict.fromkeys(("reviews", "revisions", "events"), len(deliveries))


async def goal(count: Callable[[], int], more: int, what: str) -> None:
    wanted = count() + more
    await eventually(lambda: count() >= wanted, what)


async def assert_reads_go_on(running: Stack, ingest: ServiceProcess) -> None:
    headers = {"authorization": f"Bearer {running.key}"}
    async with httpx.AsyncClient(base_url=ingest.base, timeout=60, headers=headers) as client:
        for path in GETS:
            assert (await client.get(path)).status_code == 200, path
        wanted = {"name": "x", "platform": "native", "subject": "acme"}
        answer = await client.post("/v1/sources", json=wanted)
        assert answer.status_code in {201, 503}, answer.text


async def test_while_the_disk_is_full_no_webhook_is_taken_and_none_is_lost(
    fresh_postgres: Postgres, small_disk: SmallDisk, tmp_path: Path
):
    on_small_disk(fresh_postgres, small_disk)
    try:
        await go_through_it(fresh_postgres, tmp_path, small_disk.fill, small_disk.free, is_told_at_rest=False)
    finally:
        fresh_postgres.stop()


async def test_while_the_database_is_read_only_no_webhook_is_taken_and_none_is_lost(
    fresh_postgres: Postgres, tmp_path: Path
):
    def set_read_only(value: str) -> None:
        run_sql(
            fresh_postgres.dsn_of("postgres"),
            f"ALTER SYSTEM SET default_transaction_read_only = {value}",
            "SELECT pg_reload_conf()",
        )

    await go_through_it(
        fresh_postgres, tmp_path, lambda: set_read_only("on"), lambda: set_read_only("off"), is_told_at_rest=True
    )
