"""A process that is killed while it sorts reviews again leaves the rest to the next one, and nothing is done twice."""

import json
from pathlib import Path

import pytest

from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.publishing import publishing
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until
from plaudit_testing.stack import eventually, stack

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

REVIEWS = 900
AT_ONCE = 100
PATH = "/v1/sorting-rules"
WINDOWS = (
    "sorted_before_commit=kill@1",
    "sorted_after_commit=kill@1",
    "sorted_before_commit=kill@2",
    "sorted_after_commit=kill@1",
)


async def test_a_run_goes_on_where_its_process_was_killed(
    ingest: Ingest, source: Source, ingest_url: str, tmp_path: Path
):
    for first in range(0, REVIEWS, AT_ONCE):
        numbers = range(first, first + AT_ONCE)
        await ingest.post(source, [created(f"r-{number}", 1, text="The zebra bit me.") for number in numbers])
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    rules = {"more_drastic": {"safety": "zebra <1> me"}}
    assert (await ingest.client.put(PATH, json=rules, headers=headers)).is_success
    run = (await ingest.client.post(f"{PATH}/apply", headers=headers)).json()
    path = f"{PATH}/runs/{run['id']}"
    # The job waits until nobody sorts by the rules of before; the test does not.
    await ingest.rows("UPDATE ingest.sorting_runs SET requested_at = requested_at - interval '1 hour'")
    async with publishing(ingest_url):
        with stack(ingest_url, NO_KAFKA, tmp_path) as made:
            process = made.process("ingest", "jobs")
            for at in WINDOWS:
                process.start(at)
                await eventually(lambda: not process.running, f"the process dies at {at}")
                done = (await ingest.get(path)).json()
                assert done["finished_at"] is None
                assert (await ingest.counts())["revisions"] == REVIEWS + done["changed"], "effect and progress are one"
            process.start()

            async def finished() -> bool:
                return (await ingest.get(path)).json()["finished_at"] is not None

            await until(finished, "the run comes to its end")
            process.stop()
    done = (await ingest.get(path)).json()
    assert (done["read"], done["changed"]) == (REVIEWS, REVIEWS)
    rows = await ingest.rows("SELECT envelope FROM ingest.outbox")
    told = [event["data"] for row in rows if (event := json.loads(row["envelope"]))["type"] == "review.sorted"]
    assert len({each["review_id"] for each in told}) == len(told) == REVIEWS
    assert {(each["revision"], each["after"]["severity"]) for each in told} == {(2, "drastic")}
