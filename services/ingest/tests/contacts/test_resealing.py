"""After a rotation of the vault's keys, all that is stored comes under the new one."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from plaudit.common.db import Role
from plaudit.common.vault import KeyRing, Place, Vault, vault_of
from plaudit.common.vault.key_ring import new_key
from plaudit.ingest.contacts import jobs
from plaudit.ingest.contacts.jobs import ResealJob
from plaudit.ingest.sources.store import answering_credentials
from plaudit_testing.platform_keys import TRUSTPILOT_KEYS
from plaudit_testing.running_ingest import Ingest, Source, running_ingest
from plaudit_testing.vault import VAULT_KEYS, lost

pytestmark = pytest.mark.postgres


async def test_after_a_rotation_the_old_key_can_be_taken_away(ingest: Ingest, source: Source, ingest_url: str):
    token = await ingest.source(platform="trustpilot")
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    contact = (await ingest.client.put("/v1/contacts", json={"email": "ada@example.com"}, headers=headers)).json()
    path = f"/v1/sources/{token.id}/answering-credentials"
    stored = await ingest.client.put(path, json={"credentials": TRUSTPILOT_KEYS}, headers=headers)
    assert stored.status_code == 200, stored.text
    new = new_key("new")
    job = ResealJob(ingest.resources.database(Role.WORKER), Vault(KeyRing.parse(f"{new} {VAULT_KEYS}")))
    assert [await job.turn(), await job.turn()] == [4, 0]
    async with running_ingest(ingest_url, vault_keys=new) as rotated:
        assert (await rotated.post(source, {"type": "review.removed", "data": {"id": "r-1"}})).status_code == 202
        shown = await rotated.client.get(f"/v1/sources/{token.id}/secret", headers=headers)
        assert shown.json()["hook"] == token.hook
        read = await rotated.client.get(f"/v1/contacts/{contact['person']}", headers=headers)
        assert read.json()["address"] == "ada@example.com"
        opened = vault_of(rotated.resources.settings)
        async with rotated.resources.database(Role.WORKER).transaction() as tx:
            kept = await answering_credentials(tx, "default", UUID(token.id), opened)
        assert kept == TRUSTPILOT_KEYS


async def test_what_cannot_be_opened_stays_and_costs_no_other(ingest: Ingest, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "MAX_ROWS", 2)
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    stored = {}
    for name in ("ada", "bob", "cyd"):
        answer = await ingest.client.put("/v1/contacts", json={"email": f"{name}@example.com"}, headers=headers)
        stored[name] = answer.json()["person"]
    for name in ("ada", "bob"):
        place = Place("default", "contacts", stored[name], "address")
        await ingest.superuser.execute(
            "UPDATE ingest.contacts SET address = $1 WHERE person = $2", lost(name, place), stored[name]
        )
    new = new_key("new")
    job = ResealJob(ingest.resources.database(Role.WORKER), Vault(KeyRing.parse(f"{new} {VAULT_KEYS}")))
    with capture_logs() as logged:
        assert [await job.turn(), await job.turn()] == [1, 0]
    assert [line["failures"] for line in logged if line["event"] == "values_not_opened"] == [1, 2]
    rows = await ingest.rows("SELECT person, split_part(address, ':', 2) AS key_id FROM ingest.contacts")
    assert {row["person"]: row["key_id"] for row in rows} == {
        stored["ada"]: "lost",
        stored["bob"]: "lost",
        stored["cyd"]: "new",
    }
