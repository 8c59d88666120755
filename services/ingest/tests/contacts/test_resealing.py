"""After a rotation of the vault's keys, all that is stored comes under the new one."""

from uuid import UUID

import pytest

from plaudit.common.db import Role
from plaudit.common.vault import KeyRing, Vault, vault_of
from plaudit.common.vault.key_ring import new_key
from plaudit.ingest.contacts.jobs import ResealJob
from plaudit.ingest.sources.store import answering_credentials
from plaudit_testing.platform_keys import TRUSTPILOT_KEYS
from plaudit_testing.running_ingest import Ingest, Source, running_ingest
from plaudit_testing.vault import VAULT_KEYS

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
