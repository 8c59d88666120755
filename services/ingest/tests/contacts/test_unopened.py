"""While the address of one contact cannot be decrypted, its consent counts, and it can be given again."""

from typing import Any

import httpx
import pytest

from plaudit.common.vault import Place
from plaudit_testing.running_ingest import Ingest
from plaudit_testing.vault import damaged, lost

pytestmark = pytest.mark.postgres

ADA = "ada@example.com"
AT, LATER = "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"


async def ask(ingest: Ingest, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    return await ingest.client.request(method, path, json=body, headers=headers)


@pytest.fixture(params=["the key is gone", "the value is damaged"])
async def person(ingest: Ingest, request: pytest.FixtureRequest) -> str:
    """A contact that has consented, and whose address cannot be decrypted; its person key."""
    said = {"email": ADA, "consent": "granted", "consent_at": AT}
    found: str = (await ask(ingest, "PUT", "/v1/contacts", said)).json()["person"]
    [(sealed,)] = await ingest.rows("SELECT address FROM ingest.contacts")
    place = Place("default", "contacts", found, "address")
    bad = lost(ADA, place) if request.param == "the key is gone" else damaged(sealed)
    await ingest.superuser.execute("UPDATE ingest.contacts SET address = $1", bad)
    return found


async def consent(ingest: Ingest) -> tuple[str, str]:
    [row] = await ingest.rows("SELECT address, consent FROM ingest.contacts")
    return row["address"], row["consent"]


async def test_reading_it_says_what_to_do_and_the_address_is_given_again(ingest: Ingest, person: str):
    read = await ask(ingest, "GET", f"/v1/contacts/{person}")
    assert (read.status_code, read.json()["type"]) == (409, "/problems#address-unreadable")
    assert "give the address again" in read.json()["detail"]
    given = await ask(ingest, "PUT", "/v1/contacts", {"email": ADA})
    assert (given.status_code, given.json()["consent"]) == (200, "granted")
    assert (await ask(ingest, "GET", f"/v1/contacts/{person}")).json()["address"] == ADA


async def test_who_opts_out_is_not_invited_and_what_is_sealed_stays(ingest: Ingest, person: str):
    sealed, _ = await consent(ingest)
    event = {"id": "e-1", "type": "opted_out", "subject": "acme", "happened_at": LATER, "person": person}
    told = await ask(ingest, "POST", "/v1/customers/events", {"events": [event]})
    assert (told.status_code, told.json()["accepted"]) == (200, 1), told.text
    assert await consent(ingest) == (sealed, "denied")
    wanted = {"name": "After it", "subject": "acme", "kind": "stars", "template": "shop", "language": "en"}
    survey = (await ask(ingest, "POST", "/v1/surveys", wanted)).json()
    invited = await ask(
        ingest, "POST", f"/v1/surveys/{survey['id']}/invitations", {"invitations": [{"person": person}]}
    )
    assert invited.status_code == 200, invited.text
    assert invited.json()["invitations"] == []
    assert len(invited.json()["left_out"]) == 1


async def test_a_person_is_erased_by_the_address_and_not_in_part_by_the_key(ingest: Ingest, person: str):
    refused = await ask(ingest, "POST", "/v1/erasures", {"person": person})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems#address-unreadable")
    assert await ingest.items("/v1/erasures") == []
    assert (await ask(ingest, "POST", "/v1/erasures", {"email": ADA})).status_code == 202
