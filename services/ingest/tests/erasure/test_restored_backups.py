"""A backup is restored as docs/erasure.md says: what was erased before it stays so, what was erased later is again."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.erasure.jobs import ErasureJob
from plaudit_testing.running_ingest import Ingest, created, running_ingest
from plaudit_testing.servers import PostgresServer

pytestmark = pytest.mark.postgres

ADA, BOB, CLARA = "ada.lovelace@example.com", "bob.noyce@example.com", "clara.shih@example.com"
WORDS = {ADA: "quibblefrotz", BOB: "zwickelfroh", CLARA: "murmelgrau"}


def by(email: str, external_id: str) -> dict[str, object]:
    return created(external_id, 2, text=WORDS[email], author={"email": email})


async def erase(ingest: Ingest, **wanted: str) -> dict[str, str]:
    """Ask for an erasure, and carry it out; the receipt."""
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    asked = await ingest.client.post("/v1/erasures", json=wanted, headers=headers)
    assert asked.status_code == 202, asked.text
    resources = ingest.resources
    vault = vault_of(resources.settings)
    # The job waits for what was being written when it was asked; a test does not.
    job = ErasureJob(resources.database(Role.WORKER), resources.outbox, resources.ids, vault, settling_seconds=0)
    while await job.has_work():
        await job.turn()
    receipt: dict[str, str] = (await ingest.get(f"/v1/erasures/{asked.json()['id']}")).json()
    assert receipt["stage"] == "done"
    return receipt


async def held(ingest: Ingest) -> set[str]:
    """Whose words are in a delivery, a review, a search index or an event."""
    found = await ingest.rows("SELECT body FROM ingest.deliveries UNION ALL SELECT envelope FROM ingest.outbox")
    found += await ingest.rows("SELECT state FROM ingest.revisions WHERE state IS NOT NULL")
    found += await ingest.rows("SELECT words::text::bytea FROM ingest.review_texts")
    return {email for email, word in WORDS.items() if any(word.encode() in row[0] for row in found)}


async def test_what_was_erased_before_a_backup_stays_so_and_the_receipts_lead_to_what_was_erased_later(
    ingest_url: str, postgres_server: PostgresServer, tmp_path: Path
):
    async with running_ingest(ingest_url) as ingest:
        source = await ingest.source()
        reviews = [by(ADA, "review-of-ada"), by(BOB, "review-of-bob"), by(CLARA, "review-of-clara")]
        for review in reviews:
            await ingest.post(source, review, f"first-{review['data']['id']}")
        await erase(ingest, email=ADA)
    restored = postgres_server.create_database(urlsplit(ingest_url).path[1:], name=f"restored_{tmp_path.name}")
    try:
        async with running_ingest(ingest_url) as ingest:
            [clara] = await ingest.items("/v1/reviews", external_id="review-of-clara")
            later = [await erase(ingest, email=BOB), await erase(ingest, review_id=clara["id"])]
            assert await held(ingest) == set()
        async with running_ingest(restored) as ingest:
            assert await held(ingest) == {BOB, CLARA}
            for receipt in later:
                await erase(ingest, **{name: receipt[name] for name in ("person", "review_id") if receipt[name]})
            assert await held(ingest) == set()
            for review in reviews:
                await ingest.post(source, review, f"first-{review['data']['id']}")
                await ingest.post(source, review, f"again-{review['data']['id']}")
            assert await held(ingest) == set()
            assert await ingest.items("/v1/reviews") == []
    finally:
        postgres_server.drop_database(restored)
