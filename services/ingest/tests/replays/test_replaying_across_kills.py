"""A process that is killed in the middle of a replay leaves the rest to the next one, and nothing is done twice."""

from pathlib import Path

import pytest

from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.publishing import publishing
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until
from plaudit_testing.stack import eventually, stack

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

DELIVERIES = 120
WINDOWS = ("replayed_before_commit=kill@1", "replayed_after_commit=kill@1", "replayed_before_commit=kill@2")


async def test_a_replay_goes_on_where_its_process_was_killed(
    ingest: Ingest, source: Source, ingest_url: str, tmp_path: Path
):
    for number in range(DELIVERIES):
        await ingest.post(source, created(f"r-{number}", subject="globex"), f"msg_{number}")
    await ingest.superuser.execute("UPDATE ingest.sources SET subject = 'globex' WHERE id = $1", source.id)
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    asked = await ingest.client.post("/v1/replays", json={"source_id": source.id}, headers=headers)
    path = f"/v1/replays/{asked.json()['id']}"
    async with publishing(ingest_url):
        with stack(ingest_url, NO_KAFKA, tmp_path) as made:
            process = made.process("ingest", "jobs")
            for at in WINDOWS:
                process.start(at)
                await eventually(lambda: not process.running, f"the process dies at {at}")
                done = (await ingest.get(path)).json()
                assert done["finished_at"] is None
                counts = await ingest.counts()
                assert counts["revisions"] == done["counts"]["taken"], "effect and progress are one"
                assert counts["revisions"] < DELIVERIES
            process.start()

            async def finished() -> bool:
                return (await ingest.get(path)).json()["finished_at"] is not None

            await until(finished, "the replay comes to its end")
            process.stop()
    done = (await ingest.get(path)).json()
    assert (done["counts"]["deliveries"], done["counts"]["taken"]) == (DELIVERIES, DELIVERIES)
    counts = await ingest.counts()
    assert (counts["reviews"], counts["revisions"], counts["outbox"]) == (DELIVERIES,) * 3
