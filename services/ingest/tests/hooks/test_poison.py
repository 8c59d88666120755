"""One delivery that the database refuses fails alone, whoever shares its group, and its bytes are kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client import REGISTRY

from plaudit.common.group_commit import GroupCommit
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

POISON = "poison"
GOOD = [f"good-{number}" for number in range(11)]
REFUSE = """
CREATE FUNCTION ingest.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.{column}::text LIKE '%{poison}%' THEN RAISE EXCEPTION 'refused by the test'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON ingest.{table} FOR EACH ROW EXECUTE FUNCTION ingest.refuse();
"""
REVIEWS = REFUSE.format(table="reviews", column="external_id", poison=POISON)
IDS = REFUSE.format(table="deliveries", column="sent_id", poison=POISON)


def splits() -> float:
    return REGISTRY.get_sample_value("plaudit_group_commit_splits_total") or 0.0


@asynccontextmanager
async def one_group(ingest: Ingest, source: Source, others: int) -> AsyncIterator[None]:
    """Hold the database back until so many deliveries wait, so that they are written as one group."""
    [flush] = [job for job in ingest.parts.jobs if isinstance(job, GroupCommit)]
    async with ingest.superuser.transaction():
        await ingest.superuser.execute("LOCK TABLE ingest.deliveries IN ACCESS EXCLUSIVE MODE")
        first = []
        for number in range(flush._flushers):
            first.append(asyncio.create_task(ingest.post(source, created(f"first-{number}"))))
            await until(lambda: ingest.writing() == len(first), "each flusher waits for the table")
        yield
        await until(lambda: len(flush._waiting) == others, "the others wait for a flusher")
    assert {(await each).status_code for each in first} == {202}


async def post_as_one_group(ingest: Ingest, source: Source, names: Sequence[str]) -> dict[str, httpx.Response]:
    await ingest.post(source, created("warms the cache"))
    async with one_group(ingest, source, len(names)):
        tasks = {name: asyncio.create_task(ingest.post(source, created(name), f"msg_{name}")) for name in names}
    return {name: await task for name, task in tasks.items()}


async def test_a_poisoned_row_fails_alone_and_its_bytes_are_kept(ingest: Ingest, source: Source):
    await ingest.superuser.execute(REVIEWS)
    before = splits()
    answers = await post_as_one_group(ingest, source, [*GOOD[:5], POISON, *GOOD[5:]])
    assert splits() > before, "they were not one group"

    refused = answers.pop(POISON)
    assert {answer.status_code for answer in answers.values()} == {202}
    assert all(answer.json()["accepted"] == 1 for answer in answers.values())
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems#nothing-taken")
    stored = {review["external_id"] for review in await ingest.items("/v1/reviews")}
    assert set(GOOD) <= stored
    assert POISON not in stored

    [kept] = await ingest.items("/v1/deliveries", quarantined=True)
    assert (kept["quarantine_reason"], kept["sent_id"], kept["accepted"]) == ("not_stored", f"msg_{POISON}", 0)
    assert (await ingest.get(f"/v1/deliveries/{kept['id']}")).json()["body"] == json.dumps(created(POISON))
    published = [row["envelope"].decode() for row in await ingest.rows("SELECT envelope FROM ingest.outbox")]
    assert not any(POISON in envelope for envelope in published)

    again = await ingest.post(source, created(POISON), f"msg_{POISON}")
    assert {**again.json(), "instance": ""} == {**refused.json(), "instance": ""}


async def test_several_poisoned_rows_fail_alone_each(ingest: Ingest, source: Source):
    await ingest.superuser.execute(REVIEWS)
    names = [f"{POISON}-a", *GOOD[:3], f"{POISON}-b", f"{POISON}-c", *GOOD[3:]]
    answers = await post_as_one_group(ingest, source, names)
    assert {name for name, answer in answers.items() if answer.status_code != 202} == {
        name for name in names if name.startswith(POISON)
    }
    assert len(await ingest.items("/v1/deliveries", quarantined=True)) == 3


async def test_what_the_database_does_not_even_take_as_bytes_is_a_500_and_disturbs_nobody(
    ingest: Ingest, source: Source
):
    await ingest.superuser.execute(IDS)
    answers = await post_as_one_group(ingest, source, [*GOOD, POISON])
    assert answers.pop(POISON).status_code == 500
    assert {answer.status_code for answer in answers.values()} == {202}
    assert await ingest.items("/v1/deliveries", quarantined=True) == []
    assert (await ingest.post(source, created("after"))).status_code == 202


async def test_a_schema_that_changes_under_a_running_process_refuses_nothing_for_good(ingest: Ingest, source: Source):
    await ingest.post(source, created("r-1"))
    await ingest.superuser.execute("ALTER TABLE ingest.deliveries ALTER COLUMN accepted TYPE bigint")
    answer = await ingest.post(source, created("r-2"), "msg_2")
    for _ in range(5):
        if answer.status_code != 503:
            break
        answer = await ingest.post(source, created("r-2"), "msg_2")
    assert (answer.status_code, answer.json().get("accepted")) == (202, 1)
