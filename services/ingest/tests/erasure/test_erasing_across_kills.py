"""A process that is killed in the middle of an erasure leaves the rest to the next one, and all is told once."""

import json
from collections import Counter
from pathlib import Path

import pytest

from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until
from plaudit_testing.stack import eventually, stack

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

ADA = "ada.lovelace@example.com"
WORDS = "quibblefrotz"
REVIEWS = 50
OTHERS = 5
WINDOWS = (
    "erased_before_commit=kill@1",
    "erased_after_commit=kill@1",
    "erased_before_commit=kill@2",
    "erased_after_commit=kill@2",
    "erased_before_commit=kill@1",
    "erased_after_commit=kill@1",
    "erased_before_commit=kill@2",
)


async def test_an_erasure_goes_on_where_its_process_was_killed(
    ingest: Ingest, source: Source, ingest_url: str, tmp_path: Path
):
    by_ada = [created(f"r-{number}", 2, text=WORDS, author={"email": ADA}) for number in range(REVIEWS)]
    others = [created(f"o-{number}", 5, text="stays") for number in range(OTHERS)]
    await ingest.post(source, by_ada)
    await ingest.post(source, others)
    await ingest.post(source, by_ada[:10], "sent-again")
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    asked = await ingest.client.post("/v1/erasures", json={"email": ADA}, headers=headers)
    path = f"/v1/erasures/{asked.json()['id']}"
    with stack(ingest_url, NO_KAFKA, tmp_path) as made:
        process = made.process("ingest", "jobs")
        for at in WINDOWS:
            process.start(at)
            await eventually(lambda: not process.running, f"the process dies at {at}")
            receipt = (await ingest.get(path)).json()
            assert receipt["finished_at"] is None
            [[erased]] = await ingest.rows("SELECT count(*) FROM ingest.reviews WHERE erased_at IS NOT NULL")
            assert erased == receipt["counts"].get("reviews", 0), "effect and receipt are one"
        process.start()

        async def is_done() -> bool:
            return (await ingest.get(path)).json()["stage"] == "done"

        await until(is_done, "the erasure comes to its end")
        process.stop()
    receipt = (await ingest.get(path)).json()
    assert receipt["counts"]["reviews"] == REVIEWS
    assert len(await ingest.items("/v1/reviews", limit=200)) == OTHERS
    told = [row["envelope"] for row in await ingest.rows("SELECT envelope FROM ingest.outbox")]
    types = Counter(json.loads(each)["type"] for each in told)
    assert types == {"review.created": REVIEWS + OTHERS, "review.erased": REVIEWS, "customer.erased": 1}
    bodies = [row["body"] for row in await ingest.rows("SELECT body FROM ingest.deliveries")]
    assert [each for each in (*told, *bodies) if WORDS.encode() in each] == []
    assert b"stays" in b"".join(bodies)
