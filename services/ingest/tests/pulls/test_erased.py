"""What was erased does not come back by a pull, and a process that dies leaves its sources after a while."""

from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit_testing.running_ingest import Ingest

pytestmark = pytest.mark.postgres

WORDS = "quibblefrotz"


async def erase(ingest: Ingest, headers: dict[str, str], **wanted: Any) -> None:
    resources = ingest.resources
    vault = vault_of(resources.settings)
    job = ErasureJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault, settling_seconds=0)
    answer = await ingest.client.post("/v1/erasures", json=wanted, headers=headers)
    assert answer.status_code == 202, answer.text
    while await job.has_work():
        await job.turn()


@pytest.mark.parametrize("platform", ["trustpilot", "google-business", "app-store", "google-play"])
async def test_an_erased_review_stays_so_whatever_pages_list(
    puller, platforms, ingest: Ingest, platform: str, monkeypatch: pytest.MonkeyPatch
):
    says = platforms.says(platform)
    says.review("r-1")
    says.review("r-2")
    source = await puller.source(platform)
    await puller.pull(source)
    [first] = [each for each in await ingest.items("/v1/reviews") if each["external_id"].endswith("r-1")]
    await erase(ingest, await puller.headers(), review_id=first["id"])
    bodies = await ingest.rows("SELECT body FROM ingest.deliveries")
    assert all(b"r-1" not in row["body"] for row in bodies)
    says.review("r-3")
    for _ in range(2):
        await puller.complete(source)
    shown = {each["external_id"].rpartition("/")[2] for each in await ingest.items("/v1/reviews")}
    assert shown == {"r-2", "r-3"}
    marks = await ingest.rows("SELECT external_id, fingerprint FROM ingest.pulled_reviews")
    assert [row["fingerprint"] for row in marks if row["external_id"].endswith("r-1")] == [b""]
    bodies = await ingest.rows("SELECT body FROM ingest.deliveries")
    assert all(b"r-1" not in row["body"] for row in bodies), "a page that tells of it is stored without its bytes"


async def test_an_erased_person_does_not_come_back_either(
    puller, platforms, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    email = "ada.lovelace@example.com"
    platforms.trustpilot.review("r-1", referralEmail=email, text=WORDS)
    source = await puller.source("trustpilot")
    await puller.pull(source)
    await erase(ingest, await puller.headers(), email=email)
    assert await ingest.items("/v1/reviews") == []
    platforms.trustpilot.review("r-2", referralEmail=email, text=WORDS)
    for _ in range(2):
        await puller.complete(source)
    assert await ingest.items("/v1/reviews") == []
    rows = await ingest.rows("SELECT body FROM ingest.deliveries")
    assert all(WORDS.encode() not in row["body"] for row in rows)


async def test_a_source_whose_process_has_died_is_asked_again_when_its_claim_ends(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    await ingest.superuser.execute("UPDATE ingest.pulls SET running_until = now() + interval '1 hour'")
    other = await puller.source("app-store")
    platforms.apple.review("r-1")
    async with puller.pulling():
        await puller.until(other, lambda state: state["cursor"] is not None)
        assert platforms.servers["trustpilot"].asked == []
        await ingest.superuser.execute("UPDATE ingest.pulls SET running_until = now() - interval '1 second'")
        await puller.until(source, lambda state: state["cursor"] is not None)


async def test_two_processes_ask_each_source_once(puller, platforms, ingest: Ingest):
    for number in range(150):
        platforms.trustpilot.review(f"r-{number}")
    sources = [await puller.source("trustpilot", subject=f"acme/{number}") for number in range(4)]
    async with puller.pulling(), puller.pulling():
        for source in sources:
            await puller.until(source, lambda state: state["cursor"] is not None)
    pages = [asked.params["page"] for asked in platforms.servers["trustpilot"].asked if asked.method == "GET"]
    assert sorted(pages) == ["1"] * 4 + ["2"] * 4 + ["3"] * 4
    assert (await ingest.counts())["revisions"] == 600
